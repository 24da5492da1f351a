//! Two functions that write one record at the same moment: whoever comes later has read what is not so any more, and
//! works it once more.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail the test that uses them")]

mod desk;

use std::time::Duration;

use desk::{ACCOUNT, Desk, TENANT};
use harness::with_service;
use rules::AccountId;
use rules::event::Event;
use rules::ports::{Contacts as _, Records as _, Written};
use rules::record::{Kind, Record, RecordKey, Standing};
use serde_json::{Value, json};
use xero::TenantId;

/// What a function reads first, and not yet what Xero takes for an answer.
const READING: Duration = Duration::from_millis(100);
/// What an answer and the writing of it take.
const AT_ONCE: Duration = Duration::from_secs(2);
/// Longer than a lost answer is left alone for.
const LATER: Duration = Duration::from_secs(600);

fn account() -> AccountId {
    AccountId::parse(ACCOUNT).unwrap()
}

fn key() -> RecordKey {
    RecordKey { account: account(), tenant: TenantId::from_uuid(TENANT), kind: Kind::Invoice, id: "a".to_owned() }
}

fn client() -> Value {
    json!({ "id": "org_1", "name": "Ines Falk" })
}

impl Desk {
    async fn stored(&self) -> Option<Record> {
        self.0.table().record(&key()).await.unwrap()
    }

    async fn write(&self, mut record: Record) {
        assert_eq!(self.0.table().put_record(&mut record).await.unwrap(), Written::Done, "it is too late");
    }

    /// Writes the record as it is, once a function has received a message from this queue and has read it.
    async fn write_while_working(&self, queue: &str) {
        let record = self.stored().await.unwrap();
        while self.0.cloud.messages(queue).0.iter().all(|message| message.receives == 0) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(READING).await;
        self.write(record).await;
    }

    async fn invoices(&self) -> Vec<Value> {
        let books = serde_json::to_value(self.0.control.snapshot(TENANT).await.unwrap()).unwrap();
        books["Invoices"].as_array().unwrap().clone()
    }
}

#[test]
fn an_invoice_that_somebody_else_has_written_meanwhile_is_not_sent() {
    with_service(31, async |service| {
        let desk = Desk::open(service).await;
        desk.send("a", client()).await;
        // The record was looked for, and the contact is on its way to Xero.
        while desk.0.table().contact(&account(), TenantId::from_uuid(TENANT), "org_1").await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let now = desk.0.calendar.now();
        let voided = json!({ "version": 1, "id": "evt_void", "type": "invoice.voided", "account_id": ACCOUNT,
            "occurred_at": now, "invoice": { "id": "a" } })
        .to_string();
        let mut record = Record::new(key(), "SES-a", now);
        record.accept(&Event::parse(&voided).unwrap(), &voided, now);
        record.take_back(now);
        desk.write(record).await;

        tokio::time::sleep(LATER).await;
        assert_eq!(desk.invoices().await, [] as [Value; 0]);
        assert_eq!(desk.stored().await.map(|record| record.stands), Some(Standing::TakenBack));
    })
    .unwrap();
}

#[test]
fn an_invoice_whose_making_could_not_be_noted_is_found_again() {
    with_service(32, async |service| {
        let desk = Desk::open(service).await;
        desk.send("a", client()).await;
        // The intent is stored, and the invoice is on its way to Xero.
        let intended = loop {
            match desk.stored().await.filter(|record| record.intent.is_some()) {
                Some(record) => break record,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        desk.write(intended).await;

        tokio::time::sleep(LATER).await;
        assert_eq!(desk.invoices().await.len(), 1);
        assert_eq!(desk.stored().await.map(|record| record.stands), Some(Standing::Synced));
    })
    .unwrap();
}

#[test]
fn a_change_that_could_not_be_noted_is_noted_the_next_time() {
    with_service(33, async |service| {
        let desk = Desk::open(service).await;
        desk.send("a", client()).await;
        desk.record("a", "synced").await;
        desk.tell("invoice.sent", "a", "SES-a", client()).await;
        desk.write_while_working("SyncQueue").await;

        tokio::time::sleep(LATER).await;
        assert_eq!(desk.stored().await.map(|record| record.sent), Some(true));
    })
    .unwrap();
}

#[test]
fn a_payment_that_could_not_be_noted_is_noted_all_the_same() {
    with_service(34, async |service| {
        let desk = Desk::open(service).await;
        desk.send("a", client()).await;
        desk.record("a", "synced").await;
        let record = desk.stored().await.unwrap();
        let invoice = desk.invoices().await[0]["InvoiceID"].as_str().unwrap().parse().unwrap();
        desk.0.control.pay(TENANT, invoice).await.unwrap();
        // It has read the record and has its token, and asks for the invoice.
        while !desk.0.xero.asked().iter().any(|asked| asked.function == "payments") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        desk.write(record).await;

        // At once: by no sweep, and by no second delivery.
        tokio::time::sleep(AT_ONCE).await;
        assert_eq!(desk.stored().await.map(|record| record.stands), Some(Standing::Paid));
    })
    .unwrap();
}
