//! A freelancer at work in a story: a connected account with mapped sales and fuel, its records, and what Xero has.

use std::time::{Duration, Instant};

use anyhow::ensure;
use local::journey::Journey;
use local::narrator::Silence;
use local::xero_side::Owner;
use serde_json::{Value, json};
use xero_stand_in::control::Client;

use crate::stage::{Stage, new_name};

/// Long enough for a batch that waits behind another.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connected account with mapped sales and fuel.
pub(crate) struct Desk<'a> {
    pub(crate) journey: Journey<'a>,
    pub(crate) control: Client,
    pub(crate) name: String,
}

impl<'a> Desk<'a> {
    pub(crate) async fn open(stage: &Stage, silence: &'a mut Silence) -> anyhow::Result<Self> {
        let name = new_name();
        let owner = Owner::new(&stage.stack, &name).await?;
        let mut journey = Journey::prepare(&stage.stack, &name, owner, silence).await?;
        journey.connect().await?;
        journey.map_accounts().await?;
        Ok(Self { journey, control: Client::new(&stage.stack.xero_control)?, name })
    }

    pub(crate) fn event(&self, kind: &str, subject: &str, body: &Value) -> Value {
        let id = format!("evt_{}_{}", new_name(), self.name);
        let account = &self.journey.sessional.account;
        json!({ "version": 1, "id": id, "type": kind, "account_id": account,
                "occurred_at": jiff::Timestamp::now().to_string(), subject: body })
    }

    pub(crate) async fn send(&mut self, events: &[Value]) -> anyhow::Result<()> {
        let answer = self.journey.sessional.call("POST", "/events", Some(&json!({ "events": events }))).await?;
        let answered = answer.json();
        let results = answered.pointer("/results").and_then(Value::as_array);
        let refused = results.is_none_or(|results| results.iter().any(|result| result["status"] != "accepted"));
        ensure!(answer.status == 202 && !refused, "{}", answer.text);
        Ok(())
    }

    pub(crate) async fn record(&mut self, kind: &str, id: &str, wanted: &str) -> anyhow::Result<Value> {
        self.record_that(kind, id, |record| record["state"] == wanted).await
    }

    pub(crate) async fn record_that(
        &mut self,
        kind: &str,
        id: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        self.ask_until(&format!("/records/{kind}/{id}"), wanted).await
    }

    /// Asks until the answer is the wanted one.
    pub(crate) async fn ask_until(&mut self, path: &str, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let started = Instant::now();
        loop {
            let answer = self.journey.sessional.call("GET", path, None).await?;
            let body = answer.json();
            if wanted(&body) {
                return Ok(body);
            }
            ensure!(started.elapsed() < PATIENCE, "{path} did not get there: {}", answer.text);
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }

    /// Maps one more category, onto the account of fuel.
    pub(crate) async fn map_as_fuel(&mut self, category: &str) -> anyhow::Result<()> {
        let shown = self.journey.sessional.call("GET", "/account-mapping", None).await?.json();
        let part = |pointer: &str| shown.pointer(pointer).cloned().unwrap_or_default();
        let expenses = json!({ "fuel": part("/expenses/fuel"), category: part("/expenses/fuel") });
        let choices = json!({ "sales": part("/sales"), "expenses": expenses,
                              "expense_documents": part("/expense_documents") });
        let answer = self.journey.sessional.call("PUT", "/account-mapping", Some(&choices)).await?;
        ensure!(answer.status == 200, "{}", answer.text);
        Ok(())
    }

    pub(crate) async fn documents(&self) -> anyhow::Result<Value> {
        Ok(serde_json::to_value(self.control.snapshot(self.journey.owner.tenant).await?)?)
    }

    pub(crate) fn expense(&self, category: &str) -> Value {
        json!({ "id": format!("exp_{}", self.name), "category": category, "description": "Petrol to the studio",
                "incurred_on": "2026-11-18", "currency": "GBP", "amount": "36.00", "tax_rate": "20",
                "supplier": { "id": format!("sup_{}", self.name), "name": format!("Fuel stop {}", self.name) } })
    }
}
