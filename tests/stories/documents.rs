//! Every kind of event ends in the right document, or in a record that says why not.

use anyhow::Context as _;
use local::narrator::Silence;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::stage::Stage;

#[tokio::test]
async fn a_voided_invoice_is_voided_in_xero_and_stays_single() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    desk.journey.create_invoice().await?;
    desk.journey.wait_until_synced().await?;
    let id = desk.journey.invoice["id"].as_str().context("an invoice has an id")?.to_owned();
    let voided = desk.event("invoice.voided", "invoice", &json!({ "id": id }));
    desk.send(&[voided]).await?;
    desk.record("invoice", &id, "voided").await?;
    let documents = desk.documents().await?;
    let statuses: Vec<&Value> = documents["Invoices"].as_array().into_iter().flatten().map(|i| &i["Status"]).collect();
    assert_eq!(statuses, ["VOIDED"]);
    Ok(())
}

#[tokio::test]
async fn a_void_that_arrives_before_its_create_leaves_nothing_behind() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let invoice = desk.journey.invoice.clone();
    let id = invoice["id"].as_str().context("an invoice has an id")?.to_owned();
    let created = desk.event("invoice.created", "invoice", &invoice);
    let voided = desk.event("invoice.voided", "invoice", &json!({ "id": id, "number": invoice["number"] }));
    desk.send(&[voided, created]).await?;
    let record = desk.record("invoice", &id, "tombstone").await?;
    assert!(record["xero"].is_null(), "{record}");
    assert_eq!(desk.documents().await?["Invoices"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_sent_invoice_that_changed_is_updated_once_and_marked_as_sent() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    desk.journey.create_invoice().await?;
    desk.journey.wait_until_synced().await?;
    let mut invoice = desk.journey.invoice.clone();
    let id = invoice["id"].as_str().context("an invoice has an id")?.to_owned();
    invoice["lines"][0]["quantity"] = json!("4");
    invoice["total"] = json!("720.00");
    let sent = desk.event("invoice.sent", "invoice", &invoice);
    desk.send(&[sent]).await?;
    let record = desk.record_that("invoice", &id, |record| record["amounts"]["xero_total"] == "720.00").await?;
    assert_eq!(record["state"], "synced", "{record}");
    let documents = desk.documents().await?;
    let invoices = documents["Invoices"].as_array().context("a snapshot has invoices")?;
    assert_eq!(invoices.len(), 1, "{documents}");
    assert_eq!(invoices[0]["SentToContact"], true, "{documents}");
    assert_eq!(invoices[0]["LineItems"].as_array().map(Vec::len), Some(1), "{documents}");
    Ok(())
}

#[tokio::test]
async fn an_expense_becomes_a_bill_and_its_deletion_voids_it() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let expense = desk.expense("fuel");
    let id = expense["id"].as_str().context("an expense has an id")?.to_owned();
    let logged = desk.event("expense.logged", "expense", &expense);
    desk.send(&[logged]).await?;
    let record = desk.record("expense", &id, "synced").await?;
    assert_eq!(record["amounts"]["xero_total"], "36.00", "{record}");
    let documents = desk.documents().await?;
    assert_eq!(documents["Invoices"][0]["Type"], "ACCPAY", "{documents}");
    assert_eq!(documents["Invoices"][0]["InvoiceNumber"], id.as_str(), "{documents}");
    let deleted = desk.event("expense.deleted", "expense", &json!({ "id": id }));
    desk.send(&[deleted]).await?;
    desk.record("expense", &id, "voided").await?;
    let documents = desk.documents().await?;
    assert_eq!(documents["Invoices"][0]["Status"], "VOIDED", "{documents}");
    Ok(())
}

#[tokio::test]
async fn an_expense_without_an_account_is_skipped_and_the_log_says_so() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let expense = desk.expense("insurance");
    let id = expense["id"].as_str().context("an expense has an id")?.to_owned();
    let logged = desk.event("expense.logged", "expense", &expense);
    desk.send(&[logged]).await?;
    let record = desk.record("expense", &id, "skipped").await?;
    assert!(record["message"].as_str().is_some_and(|message| message.contains("insurance")), "{record}");
    assert_eq!(desk.documents().await?["Invoices"], json!([]));
    Ok(())
}

#[tokio::test]
async fn spend_money_is_chosen_once_xero_was_asked_for_its_permission() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let chart = desk.journey.sessional.call("GET", "/accounts", None).await?.json();
    let accounts = chart["accounts"].as_array().cloned().unwrap_or_default();
    let choosable = |what: &str| {
        let fits =
            |account: &&Value| account["choosable_for"].as_array().is_some_and(|list| list.contains(&json!(what)));
        accounts.iter().find(fits).map(|account| account["account_id"].clone()).context("no such account")
    };
    let mapping = json!({ "sales": { "account_id": choosable("sales")? },
        "expenses": { "fuel": { "account_id": choosable("expense")? } },
        "expense_documents": { "post_as": "spend_money", "bank_account_id": choosable("bank")? } });
    let mapped = desk.journey.sessional.call("PUT", "/account-mapping", Some(&mapping)).await?;
    assert_eq!(mapped.status, 409, "{}", mapped.text);
    let problem = mapped.json();
    assert_eq!(problem["type"], "/problems/permission-needed", "{problem}");
    let kept = desk.journey.sessional.call("GET", "/account-mapping", None).await?.json();
    assert_eq!(kept["expense_documents"]["post_as"], "bill", "{kept}");

    let needed = json!({ "needed": [problem["needed"]] });
    let started = desk.journey.sessional.call("POST", "/connection", Some(&needed)).await?;
    let back = desk.journey.owner.allow(&started.text_at("/authorise_url")?).await?;
    let confirmation = desk.journey.sessional.come_back(&back).await?.confirmation.context("it was not allowed")?;
    let confirmed = desk.journey.sessional.confirm(&confirmation, &started.text_at("/browser_key")?).await?;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    let mapped = desk.journey.sessional.call("PUT", "/account-mapping", Some(&mapping)).await?;
    assert_eq!(mapped.status, 200, "{}", mapped.text);
    let unknown =
        desk.journey.sessional.call("POST", "/connection", Some(&json!({ "needed": ["everything"] }))).await?;
    assert_eq!((unknown.status, unknown.text_at("/field")?.as_str()), (400, "needed"), "{}", unknown.text);
    Ok(())
}
