//! What waits, for its user, for Xero's limits or for a token, goes on by itself: through the deployed functions,
//! which pass it on to one another.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use local::journey::Journey;
use local::narrator::Silence;
use local::xero_side::Owner;
use serde_json::{Value, json};
use uuid::Uuid;
use xero_stand_in::control::{Client, Fault, FaultKind, Role};

use crate::stage::{Stage, new_name};

/// Long enough for what is left alone for more than a minute, and is looked at once a minute.
const PATIENCE: Duration = Duration::from_secs(240);
/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Somebody with invoices.
struct User<'a> {
    stage: &'a Stage,
    journey: Journey<'a>,
    xero: Client,
}

impl<'a> User<'a> {
    async fn connected(stage: &'a Stage, silence: &'a mut Silence) -> anyhow::Result<Self> {
        let name = new_name();
        let owner = Owner::new(&stage.stack, &name).await?;
        let mut journey = Journey::prepare(&stage.stack, &name, owner, silence).await?;
        journey.connect().await?;
        Ok(Self { stage, journey, xero: Client::new(&stage.stack.xero_control)? })
    }

    /// Makes one more invoice and gives its id.
    async fn invoice(&mut self, number: u32) -> anyhow::Result<String> {
        let mut event = self.journey.invoice_created();
        let id = format!("{}-{number}", self.journey.invoice_id());
        for (place, value) in [
            ("/id", format!("evt_{id}")),
            ("/invoice/id", id.clone()),
            ("/invoice/number", format!("{}-{number}", self.journey.number())),
        ] {
            *event.pointer_mut(place).context("the event has it")? = json!(value);
        }
        let answer = self.journey.sessional.call("POST", "/events", Some(&json!({ "events": [event] }))).await?;
        ensure!(answer.status == 202, "{}", answer.text);
        Ok(id)
    }

    /// Waits until an invoice is where it shall be.
    async fn becomes(&mut self, id: &str, state: &str) -> anyhow::Result<Value> {
        let (began, path) = (Instant::now(), format!("/records/invoice/{id}"));
        loop {
            let record = self.journey.sessional.call_until_answered("GET", &path, None).await?.json();
            if record.pointer("/state").is_some_and(|found| found == state) {
                return Ok(record);
            }
            ensure!(began.elapsed() < PATIENCE, "{id} did not become {state}: {record}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Has upkeep look at the connection now.
    async fn looked_after(&self) -> anyhow::Result<()> {
        let body = json!({ "version": 1, "account_id": self.journey.sessional.account, "task": "check_connection" });
        let queue = self.stage.stack.deployment.resource("UpkeepQueue")?;
        let message = json!({ "QueueUrl": queue, "MessageBody": body.to_string() });
        self.stage.stack.aws()?.call("AmazonSQS.SendMessage", &message).await?;
        Ok(())
    }

    /// Waits until upkeep has said how long work of this organisation is held.
    async fn is_measured(&self) -> anyhow::Result<()> {
        let (began, tenant) = (Instant::now(), json!(self.journey.owner.tenant));
        let says_it = |line: Value| line.get("held.oldest").is_some() && line.get("xero.tenant_id") == Some(&tenant);
        loop {
            let log = fs::read_to_string(self.stage.stack.logs.join("upkeep.log")).unwrap_or_default();
            if log.lines().filter_map(|line| serde_json::from_str(line).ok()).any(says_it) {
                return Ok(());
            }
            ensure!(began.elapsed() < PATIENCE, "upkeep does not say how long work is held");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Xero limits the next call for this organisation.
    async fn limited(&self) -> anyhow::Result<()> {
        let limit = FaultKind::TooManyRequests { problem: "minute".to_owned(), retry_after: Some(1) };
        self.xero.fault(&Fault::once("*", limit).only(self.journey.owner.tenant)).await?;
        Ok(())
    }

    /// Waits until the limit was met.
    async fn limit_was_met(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        let mine = Some(self.journey.owner.tenant);
        while self.xero.faults().await?.iter().any(|fault| fault.tenant == mine) {
            ensure!(began.elapsed() < PATIENCE, "nobody has met the limit");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }
}

fn document(record: &Value) -> anyhow::Result<Uuid> {
    let id = record.pointer("/xero/id").and_then(Value::as_str).context("the record has no reference")?;
    Ok(id.parse()?)
}

#[tokio::test]
async fn what_waits_for_its_user_goes_on_when_the_user_has_acted() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut user = User::connected(&stage, &mut silence).await?;
    let (client_id, tenant) = (stage.stack.app.client_id.clone(), user.journey.owner.tenant);

    let unmapped = user.invoice(1).await?;
    user.becomes(&unmapped, "held").await?;
    user.looked_after().await?;
    user.is_measured().await?;
    user.journey.map_accounts().await?;
    user.becomes(&unmapped, "synced").await?;

    // Xero lets the user in no more, and then again: upkeep notices.
    user.xero.change_role(tenant, user.journey.owner.user, None).await?;
    let shut_out = user.invoice(2).await?;
    user.becomes(&shut_out, "held").await?;
    user.journey.wait_for_notification("connection.error").await?;
    user.xero.change_role(tenant, user.journey.owner.user, Some(Role::Standard)).await?;
    user.looked_after().await?;
    user.becomes(&shut_out, "synced").await?;

    // The user removes the app in Xero and authorises it again.
    user.xero.disconnect_app(tenant, &client_id).await?;
    let lost = user.invoice(3).await?;
    user.becomes(&lost, "held").await?;
    user.journey.connect().await?;
    user.becomes(&lost, "synced").await?;
    Ok(())
}

#[tokio::test]
async fn whoever_asks_for_the_accounts_of_a_lost_organisation_is_told_and_so_is_sessional() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    // Without an invoice no webhook leads anybody else to Xero: it is this call that finds out.
    let mut user = User::connected(&stage, &mut silence).await?;
    user.journey.map_accounts().await?;
    user.xero.disconnect_app(user.journey.owner.tenant, &stage.stack.app.client_id).await?;
    let answer = user.journey.sessional.call("GET", "/accounts?refresh=true", None).await?;
    ensure!(answer.status == 409, "{} {}", answer.status, answer.text);
    user.journey.wait_for_notification("connection.error").await?;
    Ok(())
}

#[tokio::test]
async fn an_organisation_at_its_limit_is_left_alone_for_as_long_as_xero_asks() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut user = User::connected(&stage, &mut silence).await?;
    user.journey.map_accounts().await?;

    user.limited().await?;
    let invoice = user.invoice(1).await?;
    user.limit_was_met().await?;
    let record = user.becomes(&invoice, "synced").await?;

    user.limited().await?;
    user.journey.owner.pay(document(&record)?).await?;
    user.limit_was_met().await?;
    user.becomes(&invoice, "paid").await?;

    user.limited().await?;
    user.looked_after().await?;
    user.limit_was_met().await?;
    let last = user.invoice(2).await?;
    user.becomes(&last, "synced").await?;
    Ok(())
}

#[tokio::test]
async fn a_token_endpoint_that_does_not_answer_costs_time_and_nothing_else() -> anyhow::Result<()> {
    let stage = Stage::alone()?;
    let mut silence = Silence;
    let mut user = User::connected(&stage, &mut silence).await?;
    user.journey.map_accounts().await?;
    // The sync has no token of this user in its memory yet.
    user.xero.fault(&Fault::once("token.refresh_token", FaultKind::Offline)).await?;
    let invoice = user.invoice(1).await?;
    user.becomes(&invoice, "synced").await?;
    Ok(())
}
