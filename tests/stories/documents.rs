//! Every kind of event ends in the right document, or in a record that says why not.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use local::journey::Journey;
use local::narrator::Silence;
use local::xero_side::Owner;
use serde_json::{Value, json};
use xero_stand_in::control::Client;

use crate::stage::{Stage, new_name};

/// Long enough for a batch that waits behind another.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connected account with mapped sales and fuel.
struct Desk<'a> {
    journey: Journey<'a>,
    control: Client,
    name: String,
}

impl<'a> Desk<'a> {
    async fn open(stage: &Stage, silence: &'a mut Silence) -> anyhow::Result<Self> {
        let name = new_name();
        let owner = Owner::new(&stage.stack, &name).await?;
        let mut journey = Journey::prepare(&stage.stack, &name, owner, silence).await?;
        journey.connect().await?;
        journey.map_accounts().await?;
        Ok(Self { journey, control: Client::new(&stage.stack.xero_control)?, name })
    }

    fn event(&self, kind: &str, subject: &str, body: &Value) -> Value {
        let id = format!("evt_{}_{}", new_name(), self.name);
        let account = &self.journey.sessional.account;
        json!({ "version": 1, "id": id, "type": kind, "account_id": account,
                "occurred_at": "2026-11-20T09:30:00Z", subject: body })
    }

    async fn send(&mut self, events: &[Value]) -> anyhow::Result<()> {
        let answer = self.journey.sessional.call("POST", "/events", Some(&json!({ "events": events }))).await?;
        let answered = answer.json();
        let results = answered.pointer("/results").and_then(Value::as_array);
        let refused = results.is_none_or(|results| results.iter().any(|result| result["status"] != "accepted"));
        ensure!(answer.status == 202 && !refused, "{}", answer.text);
        Ok(())
    }

    async fn record(&mut self, kind: &str, id: &str, wanted: &str) -> anyhow::Result<Value> {
        self.record_that(kind, id, |record| record["state"] == wanted).await
    }

    async fn record_that(&mut self, kind: &str, id: &str, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let started = Instant::now();
        loop {
            let answer = self.journey.sessional.call("GET", &format!("/records/{kind}/{id}"), None).await?;
            let record = answer.json();
            if wanted(&record) {
                return Ok(record);
            }
            ensure!(started.elapsed() < PATIENCE, "the record did not get there: {}", answer.text);
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }

    async fn documents(&self) -> anyhow::Result<Value> {
        Ok(serde_json::to_value(self.control.snapshot(self.journey.owner.tenant).await?)?)
    }

    fn expense(&self, category: &str) -> Value {
        json!({ "id": format!("exp_{}", self.name), "category": category, "description": "Petrol to the studio",
                "incurred_on": "2026-11-18", "currency": "GBP", "amount": "36.00", "tax_rate": "20",
                "supplier": { "id": format!("sup_{}", self.name), "name": format!("Fuel stop {}", self.name) } })
    }
}

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
    let voided = desk.event("invoice.voided", "invoice", &json!({ "id": id, "number": invoice["number"] }));
    let created = desk.event("invoice.created", "invoice", &invoice);
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
async fn spend_money_cannot_be_chosen_without_its_permission() -> anyhow::Result<()> {
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
    assert_eq!(mapped.status, 400, "{}", mapped.text);
    assert_eq!(mapped.json()["field"], "expense_documents.post_as", "{}", mapped.text);
    let kept = desk.journey.sessional.call("GET", "/account-mapping", None).await?.json();
    assert_eq!(kept["expense_documents"]["post_as"], "bill", "{kept}");
    Ok(())
}
