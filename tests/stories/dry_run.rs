//! A dry run shows exactly what is sent afterwards, and neither sends nor stores anything itself.

use local::narrator::Silence;
use serde_json::{Value, json};
use xero_stand_in::control::JournalQuery;

use crate::desk::Desk;
use crate::stage::Stage;

async fn tried(desk: &mut Desk<'_>, events: &[Value]) -> anyhow::Result<Vec<Value>> {
    let body = json!({ "events": events });
    let answer = desk.journey.sessional.call("POST", "/events?dry_run=true", Some(&body)).await?;
    assert_eq!(answer.status, 200, "{}", answer.text);
    Ok(answer.json().pointer("/results").and_then(Value::as_array).cloned().unwrap_or_default())
}

#[tokio::test]
async fn what_is_sent_is_what_was_shown_and_showing_it_sends_nothing() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let query = JournalQuery { tenant: Some(desk.journey.owner.tenant), bodies: true, ..JournalQuery::default() };
    let before = desk.control.journal(&query).await?.len();
    let stored = stage.written_about(&desk.name).await?.len();

    let created = desk.journey.invoice_created();
    let shown = tried(&mut desk, std::slice::from_ref(&created)).await?;
    assert_eq!((&shown[0]["index"], &shown[0]["outcome"]), (&json!(0), &json!("would_create")), "{shown:?}");
    assert_eq!(desk.control.journal(&query).await?.len(), before, "a dry run asks Xero nothing");
    assert_eq!(stage.written_about(&desk.name).await?.len(), stored, "a dry run stores nothing");

    desk.send(&[created]).await?;
    desk.journey.wait_until_synced().await?;
    let calls = desk.control.journal(&query).await?;
    let sent: Vec<(String, String, Value)> = calls
        .iter()
        .skip(before)
        .filter(|call| call.method == "PUT")
        .map(|call| {
            let body = serde_json::from_str(&call.request_body).unwrap_or_default();
            (call.method.clone(), call.path.replace("/api.xro/2.0", ""), body)
        })
        .collect();
    let requests = shown[0]["requests"].as_array().cloned().unwrap_or_default();
    assert_eq!(sent.len(), requests.len(), "{sent:?}");
    for ((method, path, body), request) in sent.into_iter().zip(requests) {
        let mut promised = request["body"].clone();
        if let Some(contact) = promised.pointer_mut("/Invoices/0/Contact/ContactID") {
            assert_eq!(contact, "(ContactID of the new contact)");
            *contact = body.pointer("/Invoices/0/Contact/ContactID").cloned().unwrap_or_default();
        }
        assert_eq!((json!(method), json!(path), body), (request["method"].clone(), request["path"].clone(), promised));
    }
    Ok(())
}

#[tokio::test]
async fn each_event_is_told_what_would_stop_it() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let invoice = desk.journey.invoice_created()["invoice"].clone();
    let created = desk.event("invoice.created", "invoice", &invoice);
    let sent = desk.event("invoice.sent", "invoice", &invoice);
    let voided = desk.event("invoice.voided", "invoice", &json!({ "id": invoice["id"] }));
    let skipped = desk.event("expense.logged", "expense", &desk.expense("training"));
    let deleted = desk.event("expense.deleted", "expense", &json!({ "id": "exp_never_logged" }));
    let mut foreign = created.clone();
    foreign["account_id"] = json!("acc_somebody_else");
    let mut dollars = invoice.clone();
    dollars["id"] = json!(format!("inv_usd_{}", desk.name));
    dollars["number"] = json!(format!("USD-{}", desk.name));
    dollars["currency"] = json!("USD");
    let dollars = desk.event("invoice.created", "invoice", &dollars);

    let shown = tried(&mut desk, &[created, sent, voided, skipped, deleted, foreign, dollars]).await?;
    let outcomes: Vec<&str> = shown.iter().filter_map(|one| one["outcome"].as_str()).collect();
    let expected =
        ["would_create", "would_mark_sent", "would_void", "would_skip", "nothing_to_do", "refused", "would_fail"];
    assert_eq!(outcomes, expected, "{shown:?}");
    assert_eq!(shown[2]["requests"][0]["path"], "/Invoices/(id of the new document)");
    assert_eq!((&shown[3]["cause"], &shown[3]["action"]), (&json!("category_not_mapped"), &json!("map_accounts")));
    assert_eq!(shown[5]["problem"]["type"], "/problems/foreign-account");
    assert_eq!(shown[6]["cause"], "currency_missing");
    assert_eq!(desk.documents().await?["Invoices"], json!([]));
    Ok(())
}
