//! What people do in Xero itself during a journey, through the stand-in's controls.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::stand_in::Control;

/// Makes an organisation, unless there is one of that name.
pub async fn ensure_organisation(xero: &Control, name: &str) -> anyhow::Result<()> {
    let known = xero.get("/organisations").await?;
    let exists = known.as_array().is_some_and(|all| all.iter().any(|one| one.get("name").is_some_and(|n| n == name)));
    if !exists {
        xero.post("/organisations", &json!({ "name": name })).await?;
    }
    Ok(())
}

/// Somebody pays an invoice in full.
pub async fn pay(xero: &Control, organisation: &str, number: &str) -> anyhow::Result<String> {
    let payment = json!({ "organisation": organisation, "invoice_number": number });
    let paid = xero.post("/payments", &payment).await?;
    let amount = paid.get("amount").and_then(Value::as_str).context("the stand-in did not say what was paid")?;
    Ok(format!("{amount} paid"))
}
