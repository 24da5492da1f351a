//! What the bookkeeper changed in Xero is shown in the app with what can be done, and stays as it is in Xero.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use local::journey::Journey;
use local::narrator::Silence;
use local::stack::StackInfo;
use local::xero_side::Owner;
use serde_json::{Value, json};
use uuid::Uuid;
use xero_stand_in::control::{Act, Client};

use crate::stage::{Stage, new_name};

/// Long enough for a batch that waits behind others.
const PATIENCE: Duration = Duration::from_secs(60);

/// An invoice that is in Xero.
struct Paper<'a> {
    journey: Journey<'a>,
    xero: Client,
    document: Uuid,
}

impl<'a> Paper<'a> {
    async fn synced(stack: &StackInfo, silence: &'a mut Silence) -> anyhow::Result<Self> {
        let name = new_name();
        let owner = Owner::new(stack, &name).await?;
        let mut journey = Journey::prepare(stack, &name, owner, silence).await?;
        journey.connect().await?;
        journey.map_accounts().await?;
        journey.create_invoice().await?;
        let record = journey.wait_until_synced().await?;
        let document = record.pointer("/xero/id").and_then(Value::as_str).context("no reference")?.parse()?;
        Ok(Self { journey, xero: Client::new(&stack.xero_control)?, document })
    }

    /// The record, once it is as it should be.
    async fn record(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let (path, began) = (format!("/records/invoice/{}", self.journey.invoice_id()), Instant::now());
        loop {
            let record = self.journey.sessional.call_until_answered("GET", &path, None).await?.json();
            if wanted(&record) {
                return Ok(record);
            }
            ensure!(began.elapsed() < PATIENCE, "the record does not say {what}: {record}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn changed(&mut self, how: &str) -> anyhow::Result<Value> {
        self.record(how, |record| text(record, "/divergence/change") == how).await
    }

    async fn tell(&mut self, kind: &str) -> anyhow::Result<()> {
        let mut event = self.journey.invoice_created();
        if let Some(fields) = event.as_object_mut() {
            fields.insert("type".to_owned(), kind.into());
            fields.insert("id".to_owned(), format!("evt_{}", new_name()).into());
        }
        let answer = self.journey.sessional.call("POST", "/events", Some(&json!({ "events": [event] }))).await?;
        ensure!(answer.status == 202, "{}", answer.text);
        Ok(())
    }

    async fn edit(&self, fields: Value) -> anyhow::Result<()> {
        self.xero.act(self.journey.owner.tenant, &Act::EditInvoice { invoice: self.document, fields }).await?;
        Ok(())
    }

    async fn in_xero(&self) -> anyhow::Result<Value> {
        let all = self.xero.snapshot(self.journey.owner.tenant).await?;
        let invoice = all.pointer("/Invoices/0").cloned();
        invoice.context("there is no invoice")
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[tokio::test]
async fn an_edit_in_xero_is_shown_and_stays_there_when_the_invoice_is_sent() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut paper = Paper::synced(&stage.stack, &mut silence).await?;
    paper.edit(json!({ "Reference": "as the bookkeeper wants it" })).await?;
    let record = paper.changed("edited").await?;
    assert!(text(&record, "/divergence/message").starts_with("Changed in Xero on "), "{record}");
    assert_eq!((text(&record, "/divergence/action"), text(&record, "/state")), ("open_xero", "synced"));

    paper.tell("invoice.sent").await?;
    let record = paper.record("that it is sent", |record| text(record, "/message") == "Marked as sent in Xero").await?;
    assert_eq!(text(&record, "/divergence/change"), "edited", "{record}");
    let invoice = paper.in_xero().await?;
    assert_eq!(text(&invoice, "/Reference"), "as the bookkeeper wants it");
    assert_eq!(invoice.pointer("/SentToContact"), Some(&json!(true)));

    paper.edit(json!({ "Reference": "PO 77" })).await?;
    let record =
        paper.record("that it is as it was sent", |record| record.pointer("/divergence") == Some(&Value::Null));
    assert_eq!(text(&record.await?, "/state"), "synced");
    Ok(())
}

#[tokio::test]
async fn an_invoice_that_was_voided_in_xero_offers_to_void_it_here_until_that_is_done() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut paper = Paper::synced(&stage.stack, &mut silence).await?;
    paper.xero.void(paper.journey.owner.tenant, paper.document).await?;
    let record = paper.changed("voided").await?;
    assert!(text(&record, "/divergence/message").starts_with("Voided in Xero on "), "{record}");
    assert_eq!((text(&record, "/divergence/action"), text(&record, "/state")), ("void", "voided"));

    paper.tell("invoice.voided").await?;
    let record = paper.record("that it is void", |record| text(record, "/state") == "voided").await?;
    assert_eq!(record.pointer("/divergence"), Some(&Value::Null), "nothing is left to do: {record}");
    assert_eq!(text(&paper.in_xero().await?, "/Status"), "VOIDED");
    Ok(())
}
