//! Payments come back, however Xero's webhook behaves: each is seen, and told to Sessional once.

#![expect(clippy::indexing_slicing, reason = "what is missing fails the story")]

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use jiff::SignedDuration;
use local::journey::Journey;
use local::narrator::Silence;
use local::stack::StackInfo;
use local::xero_side::Owner;
use rules::AccountId;
use rules::ports::{Sequences as _, Sweeps as _, Written};
use rules::upkeep;
use serde_json::{Value, json};
use uuid::Uuid;
use xero::TenantId;
use xero_stand_in::control::{Client, JournalQuery, Release};

use crate::door::{Door, Mood};
use crate::stage::{Stage, new_name};

/// Long enough for a batch that waits behind others.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
const QUARTER_HOUR: i64 = 15 * 60;
const DAY: i64 = 24 * 60 * 60;

/// A connected account whose invoices are in Xero.
struct Shop<'a> {
    journey: Journey<'a>,
    xero: Client,
    /// Sessional's ids with Xero's.
    invoices: Vec<(String, Uuid)>,
}

impl<'a> Shop<'a> {
    async fn open(stack: &StackInfo, name: &str, count: usize, silence: &'a mut Silence) -> anyhow::Result<Self> {
        let owner = Owner::new(stack, name).await?;
        let mut journey = Journey::prepare(stack, name, owner, silence).await?;
        journey.connect().await?;
        journey.map_accounts().await?;
        let xero = Client::new(&stack.xero_control)?;
        let mut shop = Self { journey, xero, invoices: Vec::new() };
        shop.invoice(count).await?;
        Ok(shop)
    }

    /// Makes so many more invoices and waits until they are in Xero.
    async fn invoice(&mut self, count: usize) -> anyhow::Result<()> {
        let have = self.invoices.len();
        let mut events = Vec::new();
        for number in have..have + count {
            let (mut event, id) = (self.journey.invoice_created(), format!("{}-{number}", self.journey.invoice_id()));
            event["id"] = json!(format!("evt_{id}"));
            event["invoice"]["number"] = json!(format!("{}-{number}", self.journey.number()));
            event["invoice"]["id"] = json!(id);
            events.push(event);
        }
        let answer = self.journey.sessional.call("POST", "/events", Some(&json!({ "events": events }))).await?;
        ensure!(answer.status == 202, "{}", answer.text);
        for event in &events {
            let id = event["invoice"]["id"].as_str().context("an invoice has an id")?.to_owned();
            let record = self.record(&id, "synced").await?;
            let document = record.pointer("/xero/id").and_then(Value::as_str).context("the record has no reference")?;
            self.invoices.push((id, document.parse()?));
        }
        Ok(())
    }

    async fn record(&mut self, id: &str, wanted: &str) -> anyhow::Result<Value> {
        let began = Instant::now();
        loop {
            let record = self.look(id).await?;
            if record["state"] == wanted {
                return Ok(record);
            }
            ensure!(began.elapsed() < PATIENCE, "{id} did not become {wanted}: {record}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn look(&mut self, id: &str) -> anyhow::Result<Value> {
        let path = format!("/records/invoice/{id}");
        Ok(self.journey.sessional.call_until_answered("GET", &path, None).await?.json())
    }

    async fn pay(&self, place: usize) -> anyhow::Result<()> {
        let (_, document) = self.invoices.get(place).context("there are not so many invoices")?;
        self.journey.owner.pay(*document).await.map(drop)
    }

    /// Everything is paid, and Sessional was told so once for each invoice.
    async fn is_paid_once(&mut self, stack: &StackInfo) -> anyhow::Result<()> {
        for (id, _) in self.invoices.clone() {
            self.record(&id, "paid").await?;
        }
        // Whatever comes twice has been worked by then.
        hints_are_worked(stack).await?;
        let began = Instant::now();
        while self.told("invoice.paid").await?.len() < self.invoices.len() {
            ensure!(began.elapsed() < PATIENCE, "the payments are not told");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        for (id, _) in self.invoices.clone() {
            // The backend drops repeats by their id, so what is left are different notifications.
            let told = self.told("invoice.paid").await?;
            let ours = told.iter().filter(|told| told["invoice_id"] == id.as_str()).count();
            ensure!(ours == 1, "{id} was told {ours} times: {told:?}");
            let record = self.look(&id).await?;
            let entries = record["history"].as_array().into_iter().flatten();
            let paid = entries.filter(|entry| entry["state"] == "paid").count();
            ensure!(paid == 1, "{id} became paid {paid} times: {record}");
        }
        ensure!(self.told("invoice.payment_reversed").await?.is_empty(), "no payment was taken back");
        Ok(())
    }

    async fn told(&self, kind: &str) -> anyhow::Result<Vec<Value>> {
        let told = self.journey.sessional.notifications().await?;
        Ok(told.into_iter().filter(|told| told["type"] == kind).collect())
    }
}

async fn hints_are_worked(stack: &StackInfo) -> anyhow::Result<()> {
    let (aws, queue) = (stack.aws()?, stack.deployment.resource("PaymentQueue")?);
    let began = Instant::now();
    while aws.depth(queue).await? > 0 {
        ensure!(began.elapsed() < PATIENCE, "the payment queue is never empty");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

#[tokio::test]
async fn duplicates_disorder_and_several_tenants_in_one_delivery_show_every_payment_once() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let (mut one, mut two) = (Silence, Silence);
    let mut one = Shop::open(&stage.stack, &new_name(), 3, &mut one).await?;
    let mut two = Shop::open(&stage.stack, &new_name(), 3, &mut two).await?;
    let xero = one.xero.clone();
    let forms = [
        Release { one_by_one: true, reversed: true, copies: 2 },
        Release { copies: 1, ..Release::default() },
        Release { reversed: true, ..Release::default() },
    ];
    for (place, form) in forms.iter().enumerate() {
        xero.hold_webhooks().await?;
        let paid = async { one.pay(place).await.and(two.pay(place).await) }.await;
        xero.release_webhooks(form).await?;
        paid?;
    }
    // And all of it once more, as Xero may.
    let tenant = one.journey.owner.tenant.to_string();
    let ours = |body: &str| body.contains(&tenant);
    let deliveries = xero.deliveries().await?;
    ensure!(
        deliveries.iter().any(|known| ours(&known.body) && known.body.contains(&two.journey.owner.tenant.to_string())),
        "no delivery was about both tenants"
    );
    for known in deliveries.iter().filter(|known| ours(&known.body)) {
        xero.redeliver(known.id).await?;
    }
    xero.settle_webhooks().await?;
    one.is_paid_once(&stage.stack).await?;
    two.is_paid_once(&stage.stack).await?;
    // All their numbers are noted, in whatever order they came; those of other stories may still be on their way.
    let numbers: Vec<u64> =
        deliveries.iter().filter(|known| ours(&known.body)).flat_map(|known| numbers(&known.body)).collect();
    let (table, began) = (stage.table()?, Instant::now());
    loop {
        let heard = table.heard().await?.context("nothing was noted")?;
        let is_noted = |number: &u64| {
            *number <= heard.to || heard.beyond.iter().any(|run| (run.first..=run.last).contains(number))
        };
        if numbers.iter().all(is_noted) {
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "not all of {numbers:?} were noted: {heard:?}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn numbers(body: &str) -> std::ops::RangeInclusive<u64> {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let number = |name: &str| body[name].as_u64().unwrap_or_default();
    number("firstEventSequence")..=number("lastEventSequence")
}

#[tokio::test]
async fn failing_answers_and_a_days_outage_delay_payments_and_lose_none() -> anyhow::Result<()> {
    let stage = Stage::alone()?;
    let mut silence = Silence;
    let mut shop = Shop::open(&stage.stack, &new_name(), 4, &mut silence).await?;
    let xero = shop.xero.clone();
    let door = Door::before(&stage.stack).await?;
    door.register(&stage.stack, Some(&door.url)).await?;
    let outcome = outage(&mut shop, &door, &stage.stack).await;
    // The others find the webhook and the time as they were, whatever came out.
    door.register(&stage.stack, Some(&stage.stack.front)).await?;
    xero.advance_clock(-QUARTER_HOUR - DAY).await?;
    outcome
}

async fn outage(shop: &mut Shop<'_>, door: &Door, stack: &StackInfo) -> anyhow::Result<()> {
    let xero = shop.xero.clone();
    let statuses = async |document: Uuid| {
        let all = xero.deliveries().await?;
        let known = all.into_iter().rfind(|known| known.body.contains(&document.to_string()));
        anyhow::Ok(known.context("nothing was delivered")?.statuses)
    };
    let documents: Vec<Uuid> = shop.invoices.iter().map(|(_, document)| *document).collect();

    // The hint arrives, and Xero does not learn it: it comes three times.
    door.set(Mood::FailsAfter);
    shop.pay(0).await?;
    xero.settle_webhooks().await?;
    door.set(Mood::Open);
    xero.advance_clock(QUARTER_HOUR).await?;
    xero.settle_webhooks().await?;
    ensure!(statuses(documents[0]).await? == [500, 500, 200], "{:?}", statuses(documents[0]).await?);

    // For a day nothing gets through; then Xero gives up, and what happens meanwhile waits as well.
    door.set(Mood::FailsBefore);
    shop.pay(1).await?;
    xero.settle_webhooks().await?;
    xero.advance_clock(DAY).await?;
    shop.pay(2).await?;
    xero.settle_webhooks().await?;
    shop.pay(3).await?;
    xero.settle_webhooks().await?;
    let first = shop.invoices[1].0.clone();
    ensure!(shop.look(&first).await?["state"] == "synced", "nobody has told of this payment yet");
    ensure!(statuses(documents[1]).await?.iter().all(|status| *status == 500), "the door was open");
    door.set(Mood::Open);
    xero.settle_webhooks().await?;
    ensure!(shop.look(&first).await?["state"] == "synced", "Xero has not given up");
    xero.enable_webhook(&stack.app.client_id).await?;
    xero.settle_webhooks().await?;
    shop.is_paid_once(stack).await
}

#[tokio::test]
async fn with_all_webhooks_lost_the_deployed_sweep_alone_finds_every_payment() -> anyhow::Result<()> {
    let stage = Stage::alone()?;
    let mut silence = Silence;
    // Messages of a round are spread over a quarter of an hour; this account's come at once.
    let at_once =
        |name: &String| AccountId::parse(&format!("acc_{name}")).is_ok_and(|account| upkeep::delay(&account).is_zero());
    let name = std::iter::repeat_with(new_name).find(at_once).context("names do not end")?;
    let mut shop = Shop::open(&stage.stack, &name, 2, &mut silence).await?;
    // What the webhook told of the new invoices is no help any more when they are paid.
    shop.xero.settle_webhooks().await?;
    hints_are_worked(&stage.stack).await?;
    let door = Door::before(&stage.stack).await?;
    door.register(&stage.stack, None).await?;
    let outcome = swept(&mut shop, &stage).await;
    door.register(&stage.stack, Some(&stage.stack.front)).await?;
    outcome
}

async fn swept(shop: &mut Shop<'_>, stage: &Stage) -> anyhow::Result<()> {
    let (stack, aws) = (&stage.stack, stage.stack.aws()?);
    let upkeep = stack.deployment.functions.get("upkeep").context("upkeep is not deployed")?;
    let round = json!({ "round": "whole" });

    // The first sweep of an account asks for every open document by its id.
    shop.pay(0).await?;
    aws.invoke(upkeep, &round).await?;
    let first = shop.invoices[0].0.clone();
    shop.record(&first, "paid").await?;

    // Two hours later it asks for what has changed.
    let table = stage.table()?;
    let (account, tenant) = (AccountId::parse(&shop.journey.sessional.account)?, shop.journey.owner.tenant);
    let began = Instant::now();
    let mut standing = loop {
        if let Some(standing) = table.sweep(&account, TenantId::from_uuid(tenant)).await? {
            break standing;
        }
        ensure!(began.elapsed() < PATIENCE, "the sweep does not say how far it is");
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    standing.swept_to -= SignedDuration::from_hours(2);
    standing.checked_at -= SignedDuration::from_hours(2);
    ensure!(table.put_sweep(&mut standing).await? == Written::Done, "another sweep came in between");
    shop.pay(1).await?;
    aws.invoke(upkeep, &round).await?;
    shop.is_paid_once(stack).await?;

    let asked = JournalQuery { tenant: Some(tenant), ..JournalQuery::default() };
    let journal = shop.xero.journal(&asked).await?;
    ensure!(journal.iter().any(|call| call.if_modified_since.is_some()), "nothing was asked for by its date");
    let deliveries = shop.xero.deliveries().await?;
    for (_, document) in &shop.invoices {
        let paid = deliveries.iter().filter(|known| known.body.contains(&document.to_string()));
        ensure!(paid.count() <= 1, "a webhook has told of a payment after all");
    }
    Ok(())
}
