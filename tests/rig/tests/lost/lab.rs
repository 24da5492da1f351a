//! One account with its organisation, and events whose content a test chooses.

use std::time::Duration;

use rig::books::{Books, Document};
use rig::tenant::{Tenant, Wishes};
use rig::worker::{World, Xero};
use rules::record::{Kind, Record, RecordKey};
use serde_json::{Value, json};
use xero_stand_in::control::{Act, Fault, FaultKind, JournalEntry, JournalQuery};

pub(crate) struct Lab {
    pub(crate) xero: Xero,
    pub(crate) world: World,
    pub(crate) tenant: Tenant,
    sent: u32,
}

impl Lab {
    pub(crate) async fn open() -> anyhow::Result<Self> {
        Self::with(&Wishes::default()).await
    }

    pub(crate) async fn with(wishes: &Wishes) -> anyhow::Result<Self> {
        let xero = Xero::start().await?;
        let mut world = xero.world().await?;
        let tenant = world.connect(&xero, "lab", wishes).await?;
        // What is known of the organisation is read once, and is not what these tests count.
        let first = invoice("invoice.created", "first", |_| {});
        world.queue.send(tenant.account.as_str(), "first", &first.to_string(), world.now());
        world.drain(&xero).await?;
        Ok(Self { xero, world, tenant, sent: 0 })
    }

    /// Sends an event under a deduplication id of its own.
    pub(crate) fn send(&mut self, event: &Value) {
        self.sent += 1;
        let now = self.world.now();
        self.world.queue.send(self.tenant.account.as_str(), &format!("own-{}", self.sent), &event.to_string(), now);
    }

    /// Sends it, and lets everything come to its end.
    pub(crate) async fn run(&mut self, event: &Value) -> anyhow::Result<()> {
        self.send(event);
        self.drain().await
    }

    pub(crate) async fn drain(&mut self) -> anyhow::Result<()> {
        self.world.drain(&self.xero).await
    }

    /// Works one batch.
    pub(crate) async fn work(&mut self) -> anyhow::Result<()> {
        self.world.work(&self.xero, 10).await.map(|_| ())
    }

    pub(crate) async fn fault(&self, operation: &str, kind: FaultKind, times: u32) -> anyhow::Result<()> {
        Ok(self.xero.side.control.fault(&Fault::once(operation, kind).times(times)).await?)
    }

    pub(crate) async fn act(&self, act: &Act) -> anyhow::Result<Option<uuid::Uuid>> {
        Ok(self.xero.side.control.act(self.tenant.uuid(), act).await?.id)
    }

    pub(crate) async fn pass(&mut self, seconds: u64) -> anyhow::Result<()> {
        self.world.clock.advance(Duration::from_secs(seconds));
        Ok(self.xero.side.control.set_clock(self.world.now()).await.map(|_| ())?)
    }

    pub(crate) async fn books(&self) -> anyhow::Result<Books> {
        Books::of(&self.xero.side.control, self.tenant.uuid()).await
    }

    /// The documents but the first.
    pub(crate) async fn documents(&self) -> anyhow::Result<Vec<Document>> {
        let all = self.books().await?.documents;
        Ok(all.into_iter().filter(|document| document.number.as_deref() != Some("SES-first")).collect())
    }

    pub(crate) async fn calls(&self) -> anyhow::Result<Vec<JournalEntry>> {
        let query = JournalQuery { tenant: Some(self.tenant.uuid()), ..JournalQuery::default() };
        Ok(self.xero.side.control.journal(&query).await?)
    }

    pub(crate) fn record(&self, kind: Kind, id: &str) -> Record {
        let key = RecordKey { account: self.tenant.account.clone(), tenant: self.tenant.id, kind, id: id.to_owned() };
        self.world.shelf.peek(&key).expect("there is a record")
    }

    pub(crate) fn invoice(&self, id: &str) -> Record {
        self.record(Kind::Invoice, id)
    }

    pub(crate) fn expense(&self, id: &str) -> Record {
        self.record(Kind::Expense, id)
    }
}

/// An invoice event; `change` edits the invoice. Later words happen later.
pub(crate) fn invoice(of_type: &str, id: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut invoice = json!({
        "id": id, "number": format!("SES-{id}"), "currency": "GBP", "issued_on": "2026-11-20", "due_on": "2026-12-20",
        "line_amounts": "exclusive", "total": "120.00",
        "organisation": { "id": "org_1", "name": "Harbour Sound Ltd" },
        "lines": [{ "description": format!("Studio session {id}"), "quantity": "1", "unit_amount": "100.00", "tax_rate": "20" }],
    });
    change(&mut invoice);
    let hour = if of_type == "invoice.created" { 9 } else { 10 };
    json!({ "version": 1, "id": format!("evt_{id}_{of_type}"), "type": of_type, "account_id": "acc_lab",
        "occurred_at": format!("2026-11-20T{hour:02}:00:00Z"), "invoice": invoice })
}

/// An expense event; `change` edits the expense.
pub(crate) fn expense(of_type: &str, id: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut expense = json!({ "id": id, "category": "fuel", "description": format!("Petrol {id}"),
        "incurred_on": "2026-11-20", "currency": "GBP", "amount": "60.00", "tax_rate": "20" });
    change(&mut expense);
    let hour = if of_type == "expense.logged" { 9 } else { 10 };
    json!({ "version": 1, "id": format!("evt_{id}_{of_type}"), "type": of_type, "account_id": "acc_lab",
        "occurred_at": format!("2026-11-20T{hour:02}:00:00Z"), "expense": expense })
}
