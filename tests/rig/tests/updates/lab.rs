//! One account with its organisation, events that say what a test wants, and looks at what came of them.

use rig::books::{Books, Document};
use rig::tenant::{Tenant, Wishes};
use rig::worker::{World, Xero};
use rules::mapping::{Choices, Target};
use rules::ports::{Mappings as _, Organisations as _, Records as _};
use rules::record::{Kind, Record, RecordKey, Standing};
use rules::sync::message;
use serde_json::{Value, json};
use std::time::Duration;
use xero_stand_in::control::{Act, Fault, FaultKind};

/// Time enough that Xero has forgotten every idempotency key.
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// The account, and everything around it.
pub(crate) struct Lab {
    pub(crate) xero: Xero,
    pub(crate) world: World,
    pub(crate) tenant: Tenant,
    sent: u32,
}

impl Lab {
    pub(crate) async fn open() -> anyhow::Result<Self> {
        Self::with(Wishes::default()).await
    }

    pub(crate) async fn with(wishes: Wishes) -> anyhow::Result<Self> {
        let xero = Xero::start().await?;
        let world = xero.world().await?;
        let tenant = world.connect(&xero, "lab", &wishes).await?;
        Ok(Self { xero, world, tenant, sent: 0 })
    }

    /// Sends an event, a second after the one before it, and works until nothing waits.
    pub(crate) async fn run(&mut self, event: Value) -> anyhow::Result<()> {
        self.send(event);
        self.drain().await
    }

    /// Sends an event, a second after the one before it.
    pub(crate) fn send(&mut self, mut event: Value) {
        self.sent += 1;
        event["id"] = json!(format!("evt_{}", self.sent));
        event["occurred_at"] = json!(format!("2026-11-20T10:{:02}:{:02}Z", self.sent / 60, self.sent % 60));
        let account = self.tenant.account.to_string();
        self.world.queue.send(&account, &format!("event-{}", self.sent), &event.to_string(), self.world.now());
    }

    /// Works until nothing waits.
    pub(crate) async fn drain(&mut self) -> anyhow::Result<()> {
        self.world.drain(&self.xero).await
    }

    /// Works one batch; what waits goes on waiting.
    pub(crate) async fn work(&mut self) -> anyhow::Result<()> {
        self.world.work(&self.xero, 10).await.map(|_| ())
    }

    pub(crate) async fn fault(&self, operation: &str, kind: FaultKind) -> anyhow::Result<()> {
        Ok(self.xero.side.control.fault(&Fault::once(operation, kind)).await?)
    }

    /// Presses "Retry" on a record.
    pub(crate) async fn retry(&mut self, kind: Kind, id: &str) -> anyhow::Result<()> {
        self.sent += 1;
        let record = self.record(kind, id);
        let queued = message::run_record("retry", &record.key, record.revision);
        let account = self.tenant.account.to_string();
        self.world.queue.send(&account, &format!("retry-{}", self.sent), &queued.event, self.world.now());
        self.world.drain(&self.xero).await
    }

    pub(crate) async fn pass(&mut self, time: Duration) -> anyhow::Result<()> {
        self.world.clock.advance(time);
        self.xero.side.control.set_clock(self.world.now()).await?;
        Ok(())
    }

    pub(crate) async fn act(&self, act: &Act) -> anyhow::Result<()> {
        self.xero.side.control.act(self.tenant.uuid(), act).await?;
        Ok(())
    }

    /// The books' documents.
    pub(crate) async fn documents(&self) -> anyhow::Result<Vec<Document>> {
        Ok(Books::of(&self.xero.side.control, self.tenant.uuid()).await?.documents)
    }

    /// The only document.
    pub(crate) async fn document(&self) -> anyhow::Result<Document> {
        let documents = self.documents().await?;
        anyhow::ensure!(documents.len() == 1, "not one document: {documents:?}");
        documents.into_iter().next().ok_or_else(|| anyhow::anyhow!("no document"))
    }

    /// The only document, field by field.
    pub(crate) async fn shown(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.document().await?.text)?)
    }

    pub(crate) fn record(&self, kind: Kind, id: &str) -> Record {
        let (account, tenant) = (self.tenant.account.clone(), self.tenant.id);
        self.world.shelf.peek(&RecordKey { account, tenant, kind, id: id.to_owned() }).expect("there is a record")
    }

    pub(crate) fn invoice(&self, id: &str) -> Record {
        self.record(Kind::Invoice, id)
    }

    pub(crate) fn expense(&self, id: &str) -> Record {
        self.record(Kind::Expense, id)
    }

    /// Changes the mapping, as the user does on its page.
    pub(crate) async fn map(&self, change: impl FnOnce(&mut Choices)) -> anyhow::Result<()> {
        let (shelf, account) = (&self.world.shelf, &self.tenant.account);
        let mut mapping = shelf.mapping(account, self.tenant.id).await?.expect("it is mapped");
        let mut choices = mapping.choices.clone();
        change(&mut choices);
        mapping.change(choices, self.world.now());
        assert_eq!(shelf.put_mapping(&mut mapping).await?, rules::ports::Written::Done);
        Ok(())
    }

    /// An account of the chart, as a choice; after the first run.
    pub(crate) async fn account(&self, code: &str) -> anyhow::Result<Target> {
        let facts = self.world.shelf.facts(&self.tenant.account, self.tenant.id).await?.expect("something ran");
        let found = facts.accounts.iter().find(|account| account.code.as_deref() == Some(code));
        Ok(Target { account_id: found.expect("the chart has it").account_id })
    }

    /// What a webhook would have told of a record.
    pub(crate) async fn hear(&self, kind: Kind, id: &str, stands: Standing) -> anyhow::Result<()> {
        let mut record = self.record(kind, id);
        record.stand(stands, "Heard of", self.world.now());
        assert_eq!(self.world.shelf.put_record(&mut record).await?, rules::ports::Written::Done);
        Ok(())
    }

    /// The document of a record, as the controls take it.
    pub(crate) fn id(&self, kind: Kind, id: &str) -> uuid::Uuid {
        *self.record(kind, id).reference.expect("it is in Xero").id.as_uuid()
    }
}

/// An event about an invoice over 120.00; `change` edits the invoice.
pub(crate) fn invoice(of_type: &str, id: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut invoice = json!({
        "id": id, "number": format!("SES-{id}"), "currency": "GBP", "issued_on": "2026-11-20", "due_on": "2026-12-20",
        "line_amounts": "exclusive", "total": "120.00", "url": format!("https://app.sessional.example/invoices/{id}"),
        "organisation": { "id": "org_1", "name": "Harbour Sound Ltd" },
        "lines": [{ "description": "Studio session", "quantity": "1", "unit_amount": "100.00", "tax_rate": "20" }],
    });
    change(&mut invoice);
    json!({ "version": 1, "type": of_type, "account_id": "acc_lab", "invoice": invoice })
}

/// An event about an expense of 60.00; `change` edits the expense.
pub(crate) fn expense(of_type: &str, id: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut expense = json!({
        "id": id, "category": "fuel", "description": "Petrol", "incurred_on": "2026-11-20", "currency": "GBP",
        "amount": "60.00", "tax_rate": "20", "url": format!("https://app.sessional.example/expenses/{id}"),
    });
    change(&mut expense);
    json!({ "version": 1, "type": of_type, "account_id": "acc_lab", "expense": expense })
}

/// The invoice over something else.
pub(crate) fn price(amount: &'static str, total: &'static str) -> impl FnOnce(&mut Value) {
    move |invoice| {
        invoice["lines"][0]["unit_amount"] = json!(amount);
        invoice["total"] = json!(total);
    }
}

/// Why a record waits for somebody, in words.
pub(crate) fn said(record: &Record) -> String {
    record.failure.as_ref().map(|failure| failure.message.clone()).unwrap_or_default()
}

/// No change.
pub(crate) fn same(_: &mut Value) {}
