//! The mapping: judged category by category, kept with what was chosen before, and looked at again on reconnect.

use anyhow::Context as _;
use local::narrator::Silence;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::stage::Stage;

async fn mapping(desk: &mut Desk<'_>) -> anyhow::Result<Value> {
    Ok(desk.journey.sessional.call("GET", "/account-mapping", None).await?.json())
}

/// The id of an account of the chart, by its code.
async fn account(desk: &mut Desk<'_>, code: &str) -> anyhow::Result<Value> {
    let chart = desk.journey.sessional.call("GET", "/accounts", None).await?.json();
    let accounts = chart.get("accounts").and_then(Value::as_array).cloned().unwrap_or_default();
    let found = accounts.into_iter().find(|account| account.get("code").is_some_and(|found| found == code));
    found.and_then(|account| account.get("account_id").cloned()).with_context(|| format!("there is no account {code}"))
}

#[tokio::test]
async fn every_category_that_cannot_be_posted_to_is_named_with_its_reason() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let before = mapping(&mut desk).await?;
    let fuel = account(&mut desk, "449").await?;
    let wrong = json!({
        "sales": { "account_id": fuel },
        "expenses": { "fuel": { "account_id": fuel },
                      "training": { "account_id": "00000000-0000-4000-8000-00000000dead" } },
    });
    let answer = desk.journey.sessional.call("PUT", "/account-mapping", Some(&wrong)).await?;
    assert_eq!((answer.status, &answer.json()["type"]), (400, &json!("/problems/invalid-request")), "{}", answer.text);
    let errors = json!([
        { "field": "sales.account_id", "detail": "Sales are posted to a revenue account" },
        { "field": "expenses.training.account_id",
          "detail": "This account is not in the organisation's chart of accounts" },
    ]);
    assert_eq!((&answer.json()["errors"], &answer.json()["field"]), (&errors, &json!("sales.account_id")));
    assert_eq!(mapping(&mut desk).await?, before, "nothing of it was stored");
    Ok(())
}

#[tokio::test]
async fn a_change_of_what_somebody_else_changed_is_refused_and_every_version_is_kept() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let first = mapping(&mut desk).await?;
    assert_eq!((&first["version"], &first["earlier"]), (&json!(1), &json!([])));
    desk.map_as_fuel("training").await?;

    let late = json!({ "sales": first["sales"], "version": first["version"] });
    let answer = desk.journey.sessional.call("PUT", "/account-mapping", Some(&late)).await?;
    assert_eq!((answer.status, &answer.json()["type"]), (409, &json!("/problems/conflict")), "{}", answer.text);
    let second = mapping(&mut desk).await?;
    assert_eq!((&second["version"], &second["earlier"][0]["version"]), (&json!(2), &json!(1)));
    assert_eq!(second["earlier"][0]["expenses"], first["expenses"]);

    // The same again is no change.
    desk.map_as_fuel("training").await?;
    assert_eq!(mapping(&mut desk).await?, second);
    Ok(())
}

#[tokio::test]
async fn an_account_that_was_archived_while_disconnected_shows_after_the_reconnect() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let tenant = desk.journey.owner.tenant;
    desk.journey.sessional.call("DELETE", "/connection", None).await?;
    let sales = mapping(&mut desk).await?["sales"]["account_id"].clone();
    let chart = desk.documents().await?["Accounts"].clone();
    let used = chart.as_array().into_iter().flatten().find(|account| account["AccountID"] == sales);
    let code = used.and_then(|account| account["Code"].as_str()).unwrap_or("200").to_owned();
    desk.control.archive_account(tenant, &code).await?;
    desk.journey.connect().await?;

    let shown = desk.journey.sessional.call("GET", "/connection", None).await?.json();
    let broken = &shown["setup"]["broken"][0];
    assert_eq!(
        (&broken["category"], &broken["reason"]),
        (&json!("sales"), &json!("It is archived in Xero")),
        "{shown}"
    );
    // What cannot be sent for it is counted with it.
    let created = desk.journey.invoice_created();
    desk.send(&[created]).await?;
    desk.record("invoice", &format!("inv_{}", desk.name), "failed").await?;
    desk.ask_until("/connection", |shown| shown["setup"]["broken"][0]["waiting"] == 1).await?;
    Ok(())
}
