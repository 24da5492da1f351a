//! What waits is shown by its cause, and tried again when the user asks: one record, or all of a cause.

use anyhow::Context as _;
use local::client::Sessional;
use local::narrator::Silence;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::stage::Stage;

/// The group of a cause, once it has so many records.
async fn group(desk: &mut Desk<'_>, cause: &str, count: u64) -> anyhow::Result<Value> {
    let found = |causes: &Value| {
        let groups = causes["causes"].as_array().into_iter().flatten();
        groups.into_iter().find(|group| group["cause"] == cause && group["count"] == count).cloned()
    };
    let all = desk.ask_until("/records/causes", |causes| found(causes).is_some()).await?;
    found(&all).context("the group is gone again")
}

#[tokio::test]
async fn what_was_skipped_for_one_category_is_one_group_and_goes_with_one_retry() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let mut ids = Vec::new();
    for number in 0..2 {
        let mut expense = desk.expense("training");
        let id = format!("exp_{}_{number}", desk.name);
        expense["id"] = json!(id);
        let logged = desk.event("expense.logged", "expense", &expense);
        desk.send(&[logged]).await?;
        ids.push(id);
    }
    for id in &ids {
        desk.record("expense", id, "skipped").await?;
    }
    let group = group(&mut desk, "category_not_mapped:training", 2).await?;
    assert_eq!((&group["action"], &group["retry"]), (&json!("map_accounts"), &json!(true)), "{group}");
    assert_eq!(
        group["message"],
        "2 items wait for a Xero account: none is chosen for the category \u{201c}training\u{201d}."
    );
    assert_eq!(group["records"].as_array().map(Vec::len), Some(2));

    desk.map_as_fuel("training").await?;
    // A changed mapping sends nothing by itself: the user asks for it.
    assert_eq!(desk.documents().await?["Invoices"], json!([]));
    let asked = json!({ "cause": group["cause"] });
    let answer = desk.journey.sessional.call("POST", "/records/retry", Some(&asked)).await?;
    assert_eq!((answer.status, answer.json()), (202, json!({ "retried": 2, "more": false })), "{}", answer.text);
    for id in &ids {
        desk.record("expense", id, "synced").await?;
    }
    assert_eq!(desk.documents().await?["Invoices"].as_array().map(Vec::len), Some(2));
    desk.ask_until("/records/causes", |causes| causes["causes"] == json!([])).await?;
    Ok(())
}

#[tokio::test]
async fn one_record_is_tried_again_and_a_second_click_makes_no_second_document() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let expense = desk.expense("training");
    let path = format!("/records/expense/{}/retry", expense["id"].as_str().unwrap());
    let unknown = desk.journey.sessional.call("POST", &path, None).await?;
    assert_eq!((unknown.status, &unknown.json()["type"]), (404, &json!("/problems/not-found")), "{}", unknown.text);

    let logged = desk.event("expense.logged", "expense", &expense);
    desk.send(&[logged]).await?;
    let id = expense["id"].as_str().unwrap();
    desk.record("expense", id, "skipped").await?;
    desk.map_as_fuel("training").await?;
    let first = desk.journey.sessional.call("POST", &path, None).await?;
    assert_eq!((first.status, first.json()), (202, json!({ "retried": 1, "more": false })), "{}", first.text);
    // The second click may come before or after the document is there.
    let second = desk.journey.sessional.call("POST", &path, None).await?;
    assert!([202, 409].contains(&second.status), "{}", second.text);
    desk.record("expense", id, "synced").await?;
    assert_eq!(desk.documents().await?["Invoices"].as_array().map(Vec::len), Some(1));
    let over = desk.journey.sessional.call("POST", &path, None).await?;
    assert_eq!((over.status, &over.json()["type"]), (409, &json!("/problems/nothing-to-retry")), "{}", over.text);
    Ok(())
}

#[tokio::test]
async fn nobody_retries_for_somebody_else() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let expense = desk.expense("training");
    let id = expense["id"].as_str().unwrap();
    let logged = desk.event("expense.logged", "expense", &expense);
    desk.send(&[logged]).await?;
    let skipped = desk.record("expense", id, "skipped").await?;
    let mut stranger = Sessional::sign_in(&stage.stack, &format!("acc_stranger_{}", desk.name)).await?;
    let one = stranger.call("POST", &format!("/records/expense/{id}/retry"), None).await?;
    assert_eq!(one.status, 404, "{}", one.text);
    let all = json!({ "cause": "category_not_mapped:training" });
    let all = stranger.call("POST", "/records/retry", Some(&all)).await?;
    assert_eq!((all.status, &all.json()["type"]), (409, &json!("/problems/not-connected")), "{}", all.text);
    assert_eq!(stranger.call("GET", "/records/causes", None).await?.json(), json!({ "causes": [] }));
    assert_eq!(desk.record("expense", id, "skipped").await?["history"], skipped["history"]);
    Ok(())
}
