//! What the service refuses, with which answer; and that nothing is written then.

use local::client::{Answer, Sessional, token};
use local::journey::Journey;
use local::narrator::Silence;
use local::xero_side::Owner;
use serde_json::{Value, json};

use crate::stage::{Stage, new_name};

fn assert_problem(answer: &Answer, status: u16, kind: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.text_at("/type").unwrap_or_default(), kind, "{}", answer.text);
}

#[tokio::test]
async fn a_call_without_a_good_token_is_refused_and_nothing_is_written() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let account = format!("acc_{}", new_name());
    let good = token(&stage.stack, &account, "").await?;
    let bad = [
        None,
        Some(token(&stage.stack, &account, "&expires_in=-60").await?),
        Some(token(&stage.stack, &account, "&audience=somebody-else").await?),
        Some(with_another_signature(&good)),
    ];
    for token in bad {
        let mut caller = Sessional::with_token(&stage.stack, &account, token)?;
        for (method, path) in [("POST", "/connection"), ("GET", "/accounts"), ("POST", "/events")] {
            let answer = caller.call(method, path, Some(&json!({ "events": [] }))).await?;
            assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text);
        }
    }
    assert!(stage.written_about(&account).await?.is_empty());
    Ok(())
}

fn with_another_signature(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    format!("{signed}.{}", signature.chars().rev().collect::<String>())
}

#[tokio::test]
async fn an_account_that_nobody_knows_is_not_connected_and_nothing_is_written() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let account = format!("acc_{}", new_name());
    let mut stranger = Sessional::sign_in(&stage.stack, &account).await?;
    let shown = stranger.call("GET", "/connection", None).await?;
    assert_eq!((shown.status, shown.json()["status"].as_str()), (200, Some("disconnected")), "{}", shown.text);
    assert_problem(&stranger.call("GET", "/accounts", None).await?, 409, "/problems/not-connected");
    let events = json!({ "events": [{ "version": 1, "id": "evt_1", "type": "invoice.created" }] });
    assert_problem(&stranger.call("POST", "/events", Some(&events)).await?, 409, "/problems/not-connected");
    let record = stranger.call("GET", "/records/invoice/inv_1", None).await?;
    assert_problem(&record, 404, "/problems/not-found");
    assert!(stage.written_about(&account).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_event_with_a_missing_field_is_refused_by_itself_and_nothing_is_written() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let name = new_name();
    let mut silence = Silence;
    let owner = Owner::new(&stage.stack, &name).await?;
    let mut journey = Journey::prepare(&stage.stack, &name, owner, &mut silence).await?;
    journey.connect().await?;
    let before = stage.written_about(&name).await?.len();

    let mut without_price = journey.invoice_created();
    if let Some(lines) = without_price.pointer_mut("/invoice/lines/0").and_then(Value::as_object_mut) {
        lines.remove("unit_amount");
    }
    let mut of_another = journey.invoice_created();
    of_another["id"] = "evt_of_another".into();
    of_another["account_id"] = "acc_somebody_else".into();
    let mut booking = journey.invoice_created();
    booking["id"] = "evt_booking".into();
    booking["type"] = "booking.created".into();
    let events = json!({ "events": [without_price, of_another, booking] });
    let answer = journey.sessional.call("POST", "/events", Some(&events)).await?;

    assert_eq!(answer.status, 202, "{}", answer.text);
    let results = answer.json()["results"].clone();
    let about = |index: usize| (results[index]["status"].clone(), results[index]["problem"]["type"].clone());
    assert_eq!(about(0), ("refused".into(), "/problems/invalid-event".into()), "{results}");
    let named = &results[0]["problem"];
    assert!(named["field"].as_str().is_some_and(|field| field.starts_with("invoice.lines[0]")), "{named}");
    assert!(named.to_string().contains("unit_amount"), "{named}");
    assert_eq!(about(1), ("refused".into(), "/problems/foreign-account".into()), "{results}");
    assert_eq!(about(2), ("refused".into(), "/problems/event-not-synced".into()), "{results}");
    assert_eq!(stage.written_about(&name).await?.len(), before);
    let record = journey.sessional.call("GET", &format!("/records/invoice/inv_{name}"), None).await?;
    assert_problem(&record, 404, "/problems/not-found");
    Ok(())
}

#[tokio::test]
async fn a_callback_that_nobody_asked_for_connects_nothing() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let browser = Sessional::with_token(&stage.stack, "acc_nobody", None)?;
    let answer = browser.open(&format!("{}/oauth/callback?code=a&state=b", stage.stack.front)).await?;
    assert_eq!(answer.status, 302, "{}", answer.text);
    let back = answer.header("location").unwrap_or_default();
    assert!(back.contains("connection=error"), "{back}");
    Ok(())
}
