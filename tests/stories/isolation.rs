//! No account reaches into another: each call of the API's document is tried with somebody else's token, on the
//! first account's things.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Context as _;
use local::client::Sessional;
use local::layout::Layout;
use local::narrator::Silence;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::stage::Stage;

/// Every call that needs a token, with the paths and bodies that name the first account's things.
fn calls(desk: &Desk<'_>, invoice: &str) -> anyhow::Result<Vec<(String, String, Option<Value>)>> {
    let text = fs::read_to_string(Layout::of_this_repository().root().join("infra/openapi.json"))?;
    let document: Value = serde_json::from_str(&text)?;
    let mut calls = Vec::new();
    for (path, item) in document.get("paths").and_then(Value::as_object).context("the document has no paths")? {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if operation["security"].as_array().is_none_or(Vec::is_empty) {
                continue;
            }
            let path = path.replace("{kind}", "invoice").replace("{id}", invoice);
            let path = path.replace("{organisation_id}", &format!("org_{}", desk.name));
            calls.push((
                method.to_uppercase(),
                path,
                body(desk, operation["operationId"].as_str().unwrap_or_default()),
            ));
        }
    }
    Ok(calls)
}

fn body(desk: &Desk<'_>, operation: &str) -> Option<Value> {
    match operation {
        "chooseOrganisation" => Some(json!({ "tenant_id": desk.journey.owner.tenant })),
        "confirmConnection" => Some(json!({ "confirmation": "b".repeat(43), "browser_key": "b".repeat(43) })),
        "linkContact" => Some(json!({ "contact_id": desk.journey.owner.tenant })),
        "putMapping" => Some(json!({})),
        "retryCause" => Some(json!({ "cause": "category_not_mapped:training" })),
        // The events name the first account; the token does not.
        "sendEvents" => Some(json!({ "events": [desk.event("invoice.voided", "invoice", &json!({ "id": "inv_1" }))] })),
        _ => None,
    }
}

#[tokio::test]
async fn no_call_with_another_accounts_token_reads_or_changes_this_accounts_things() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let invoice = format!("inv_{}", desk.name);
    let created = desk.journey.invoice_created();
    let logged = desk.event("expense.logged", "expense", &desk.expense("training"));
    desk.send(&[created, logged]).await?;
    desk.record("invoice", &invoice, "synced").await?;
    desk.record("expense", &format!("exp_{}", desk.name), "skipped").await?;

    let account = desk.journey.sessional.account.clone();
    let before = (stage.written_about(&account).await?, desk.documents().await?);
    let mut stranger = Sessional::sign_in(&stage.stack, &format!("stranger_{}", desk.name)).await?;
    let all = calls(&desk, &invoice)?;
    let tried: BTreeSet<String> = all.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    assert!(tried.len() >= 14, "{tried:?}");
    for (method, path, body) in all {
        for query in ["", "?account_id=", "?account="] {
            let path = if query.is_empty() { path.clone() } else { format!("{path}{query}{account}") };
            let answer = stranger.call(&method, &path, body.as_ref()).await?;
            for secret in [&account, &invoice, &desk.name] {
                // What the stranger sent may be repeated to them, and nothing else of the first account.
                let said = answer.text.replace(&format!("evt_{}", desk.name), "");
                let sent = body.as_ref().is_some_and(|body| body.to_string().contains(secret.as_str()));
                assert!(sent || !said.contains(secret.as_str()), "{method} {path}: {}", answer.text);
            }
            assert!(answer.status < 500, "{method} {path}: {}", answer.text);
        }
    }
    assert_eq!(stage.written_about(&account).await?, before.0, "something of the account was changed");
    assert_eq!(desk.documents().await?, before.1, "something in Xero was changed");
    Ok(())
}

#[tokio::test]
async fn a_header_that_names_an_account_is_not_believed() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let account = desk.journey.sessional.account.clone();
    let mut stranger = Sessional::sign_in(&stage.stack, &format!("stranger_{}", desk.name)).await?;
    for header in ["x-account-id", "x-amzn-request-context", "x-forwarded-user", "sub"] {
        let forged = json!({ "authorizer": { "jwt": { "claims": { "sub": account } } } }).to_string();
        for value in [account.clone(), forged] {
            let answer = stranger.call_with("GET", "/connection", None, &[(header, &value)]).await?;
            assert_eq!(answer.json()["status"], "disconnected", "{header}: {}", answer.text);
        }
    }
    assert_eq!(desk.journey.sessional.call("GET", "/connection", None).await?.json()["status"], "connected");
    Ok(())
}
