//! An account with an organisation, and all that payments need.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::date;
use rig::clock::FakeClock;
use rig::shelf::Shelf;
use rig::tenant::{Stores, Tenant, Wishes};
use rig::worker::Xero;
use rules::AccountId;
use rules::notification::{Details, RecordSnapshot};
use rules::payments::sweep::{self, Sweep, Swept};
use rules::payments::{NamedInvoice, Outcome, Payments};
use rules::ports::{Answer, Claims, Clock as _, Connections as _, Records as _, Sweeps, UpkeepQueue, Written};
use rules::record::{Kind, Record, RecordKey, Reference, Standing};
use rules::tokens::{Memory, Tokens};
use rules::upkeep;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use xero::models::{
    BankTransactionType, BankTransactionsBody, Invoice, InvoiceStatus, InvoiceType, InvoicesBody, LineAmountTypes,
    NewBankTransaction, NewContact, NewInvoice, NewLineItem,
};
use xero::{ContactId, IdempotencyKey, InvoiceId, TenantId};
use xero_stand_in::control::{Client, Fault, FaultKind, JournalQuery};

/// Until a change is called somebody else's.
pub(crate) const MOMENT: Duration = Duration::from_secs(15);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const CHANGED: Outcome = Outcome::Done { ours: 1, changed: 1 };
pub(crate) const UNCHANGED: Outcome = Outcome::Done { ours: 1, changed: 0 };

/// Who holds the one tenant, and how far its sweep is.
pub(crate) struct Desk {
    pub(crate) holder: Option<AccountId>,
    pub(crate) standing: Mutex<Option<sweep::Standing>>,
    /// What was planned, and after which time.
    pub(crate) planned: Mutex<Vec<Duration>>,
}

#[async_trait]
impl UpkeepQueue for Desk {
    async fn plan(&self, messages: &[(upkeep::Message, Duration)]) -> Answer<()> {
        self.planned.lock().unwrap().extend(messages.iter().map(|(_, delay)| *delay));
        Ok(())
    }
}

#[async_trait]
impl Claims for Desk {
    async fn holder(&self, _tenant: TenantId) -> Answer<Option<AccountId>> {
        Ok(self.holder.clone())
    }

    async fn claim(&self, _tenant: TenantId, _account: &AccountId, _from: Option<&AccountId>) -> Answer<Written> {
        Ok(Written::Conflict)
    }

    async fn release(&self, _tenant: TenantId, _account: &AccountId) -> Answer<()> {
        Ok(())
    }
}

#[async_trait]
impl Sweeps for Desk {
    async fn sweep(&self, _account: &AccountId, _tenant: TenantId) -> Answer<Option<sweep::Standing>> {
        Ok(self.standing.lock().unwrap().clone())
    }

    async fn put_sweep(&self, standing: &mut sweep::Standing) -> Answer<Written> {
        standing.revision += 1;
        *self.standing.lock().unwrap() = Some(standing.clone());
        Ok(Written::Done)
    }
}

/// An account with an organisation, and what payments need.
pub(crate) struct Office {
    pub(crate) xero: Xero,
    pub(crate) shelf: Shelf,
    pub(crate) clock: FakeClock,
    memory: Memory,
    pub(crate) desk: Desk,
    pub(crate) tenant: Tenant,
}

impl Office {
    pub(crate) async fn open() -> anyhow::Result<Self> {
        let xero = Xero::start().await?;
        let clock = FakeClock::at(xero.side.control.clock().await?.now);
        let shelf = Shelf::default();
        let stores = Stores { connections: &shelf, grants: &shelf, vault: &shelf, mappings: &shelf };
        let tenant = xero.side.connect("one", &stores, &Wishes::default(), clock.now()).await?;
        let desk = Desk { holder: Some(tenant.account.clone()), standing: Mutex::default(), planned: Mutex::default() };
        Ok(Self { xero, shelf, clock, memory: Memory::default(), desk, tenant })
    }

    pub(crate) async fn pass(&self, time: Duration) -> anyhow::Result<()> {
        self.clock.advance(time);
        self.xero.side.control.advance_clock(i64::try_from(time.as_secs())?).await?;
        Ok(())
    }

    fn tokens(&self) -> Tokens<'_> {
        let shelf = &self.shelf;
        let identity = &self.xero.side.identity;
        Tokens { identity, vault: shelf, grants: shelf, leases: shelf, clock: &self.clock, memory: &self.memory }
    }

    async fn with<T>(&self, work: impl AsyncFnOnce(&Payments<'_>) -> T) -> T {
        let (tokens, shelf) = (self.tokens(), &self.shelf);
        let payments = Payments {
            client: &self.xero.side.client,
            tokens: &tokens,
            connections: shelf,
            claims: &self.desk,
            records: shelf,
            cooldowns: shelf,
            upkeep_queue: &self.desk,
            notifications: shelf,
            clock: &self.clock,
        };
        work(&payments).await
    }

    pub(crate) async fn hint(&self, ids: &[InvoiceId]) -> Outcome {
        self.with(async |payments| payments.run(self.tenant.id, ids).await).await
    }

    /// A hint that says when the document changed.
    pub(crate) async fn hint_of(&self, id: InvoiceId, changed_at: Timestamp) -> Outcome {
        let named = [NamedInvoice { id, changed_at: Some(changed_at) }];
        self.with(async |payments| payments.run_named(self.tenant.id, &named).await).await
    }

    pub(crate) async fn sweep(&self) -> Swept {
        let account = self.tenant.account.clone();
        self.with(async |payments| Sweep { payments, sweeps: &self.desk }.run(&account).await).await
    }

    /// An invoice over 540 pounds that is in Xero, with its record.
    pub(crate) async fn invoice(&self, id: &str) -> anyhow::Result<InvoiceId> {
        self.document(id, Kind::Invoice, InvoiceStatus::Authorised, 150.into()).await
    }

    /// An invoice or a bill over three times this price, and tax, that is in Xero, with its record.
    pub(crate) async fn document(
        &self,
        id: &str,
        kind: Kind,
        status: InvoiceStatus,
        price: Decimal,
    ) -> anyhow::Result<InvoiceId> {
        let contact = self.contact(&format!("Customer of {id}")).await?;
        self.made(id, kind, paper(id, kind, status, price, contact)).await
    }

    /// An invoice over 540 of this currency that is in Xero, with its record.
    pub(crate) async fn invoice_in(&self, id: &str, currency: &str) -> anyhow::Result<InvoiceId> {
        let contact = self.contact(&format!("Customer of {id}")).await?;
        let pounds = paper(id, Kind::Invoice, InvoiceStatus::Authorised, 150.into(), contact);
        self.made(id, Kind::Invoice, NewInvoice { currency_code: currency.to_owned(), ..pounds }).await
    }

    /// Spend money that is in Xero, with its record.
    pub(crate) async fn spend_money(&self, id: &str) -> anyhow::Result<InvoiceId> {
        let contact = self.contact(&format!("Supplier of {id}")).await?;
        let connection = self.shelf.connection(&self.tenant.account).await?.unwrap();
        let token = self.tokens().access(&connection).await?;
        let bill = paper(id, Kind::Expense, InvoiceStatus::Authorised, 10.into(), contact);
        let spend = NewBankTransaction {
            transaction_type: BankTransactionType::Spend,
            contact,
            bank_account: self.tenant.bank,
            date: bill.date,
            reference: Some(id.to_owned()),
            line_amount_types: LineAmountTypes::Exclusive,
            currency_code: None,
            url: None,
            line_items: bill.line_items,
        };
        let key = IdempotencyKey::new(format!("spend-{id}"))?;
        let tenant = self.xero.side.client.tenant(&token, self.tenant.id);
        let made = tenant.create_bank_transactions(&BankTransactionsBody::of(&[spend]), &key).await?;
        let spend = made.into_iter().next().unwrap().into_result().unwrap();
        let mut record = Record::new(self.key(Kind::Expense, id), id, self.clock.now());
        record.reference = Some(Reference::spent(&spend));
        record.amounts.xero_total = spend.total;
        record.stand(Standing::Synced, "Created in Xero", self.clock.now());
        assert_eq!(self.shelf.put_record(&mut record).await?, Written::Done);
        Ok(InvoiceId::from_uuid(*spend.bank_transaction_id.as_uuid()))
    }

    async fn made(&self, id: &str, kind: Kind, paper: NewInvoice) -> anyhow::Result<InvoiceId> {
        let made = self.create(&[paper], id).await?;
        let invoice = made.into_iter().next().unwrap();
        self.note(id, kind, &invoice).await?;
        Ok(invoice.invoice_id)
    }

    /// So many invoices of one contact; none of them has a record.
    pub(crate) async fn many(&self, count: usize) -> anyhow::Result<Vec<Invoice>> {
        let contact = self.contact("Customer of many").await?;
        let mut made = Vec::new();
        while made.len() < count {
            let numbers = made.len()..count.min(made.len() + 50);
            let key = format!("many-{}", made.len());
            let paper = |number| {
                let id = format!("many-{number}");
                paper(&id, Kind::Invoice, InvoiceStatus::Authorised, 150.into(), contact)
            };
            let papers: Vec<NewInvoice> = numbers.map(paper).collect();
            made.extend(self.create(&papers, &key).await?);
        }
        Ok(made)
    }

    /// The record of a document that was written.
    pub(crate) async fn note(&self, id: &str, kind: Kind, invoice: &Invoice) -> anyhow::Result<()> {
        let mut record = Record::new(self.key(kind, id), &format!("SES-{id}"), self.clock.now());
        record.reference = Some(Reference::written(invoice));
        record.amounts.xero_total = invoice.total;
        record.amounts.due = invoice.amount_due;
        record.stand(Standing::Synced, "Created in Xero", self.clock.now());
        assert_eq!(self.shelf.put_record(&mut record).await?, Written::Done);
        Ok(())
    }

    async fn contact(&self, name: &str) -> anyhow::Result<ContactId> {
        let connection = self.shelf.connection(&self.tenant.account).await?.unwrap();
        let token = self.tokens().access(&connection).await?;
        let contact = NewContact { name: name.to_owned(), ..NewContact::default() };
        let key = IdempotencyKey::new(format!("contact-{}", name.replace(' ', "-")))?;
        let made = self.xero.side.client.tenant(&token, self.tenant.id).create_contacts(&[contact], &key).await?;
        Ok(made.into_iter().next().unwrap().into_result().unwrap().contact_id)
    }

    async fn create(&self, papers: &[NewInvoice], key: &str) -> anyhow::Result<Vec<Invoice>> {
        let connection = self.shelf.connection(&self.tenant.account).await?.unwrap();
        let token = self.tokens().access(&connection).await?;
        let key = IdempotencyKey::new(format!("invoices-{key}"))?;
        let tenant = self.xero.side.client.tenant(&token, self.tenant.id);
        let made = tenant.create_invoices(&InvoicesBody::of(papers), &key).await?;
        Ok(made.into_iter().map(|invoice| invoice.into_result().unwrap()).collect())
    }

    pub(crate) fn control(&self) -> &Client {
        &self.xero.side.control
    }

    /// An invoice as Xero would show it now.
    pub(crate) async fn shown(&self, id: InvoiceId) -> anyhow::Result<Value> {
        let all = self.control().snapshot(self.tenant.uuid()).await?;
        let found = all
            .get("Invoices")
            .and_then(Value::as_array)
            .unwrap()
            .iter()
            .find(|invoice| invoice["InvoiceID"] == id.to_string());
        Ok(found.unwrap().clone())
    }

    /// The next reading of invoices shows this and nothing else.
    pub(crate) async fn show(&self, invoice: &Value) -> anyhow::Result<()> {
        let pagination = json!({ "page": 1, "pageSize": 100, "pageCount": 1, "itemCount": 1 });
        let body = json!({ "Invoices": [invoice], "pagination": pagination }).to_string();
        let answer = FaultKind::Answer { status: 200, content_type: "application/json".to_owned(), body };
        Ok(self.control().fault(&Fault::once("getInvoices", answer)).await?)
    }

    fn key(&self, kind: Kind, id: &str) -> RecordKey {
        let account = self.tenant.account.clone();
        RecordKey { account, tenant: self.tenant.id, kind, id: id.to_owned() }
    }

    pub(crate) fn record(&self, id: &str) -> Record {
        self.shelf.peek(&self.key(Kind::Invoice, id)).unwrap()
    }

    pub(crate) fn expense(&self, id: &str) -> Record {
        self.shelf.peek(&self.key(Kind::Expense, id)).unwrap()
    }

    pub(crate) fn told(&self) -> Vec<Details> {
        self.shelf.notifications().into_iter().map(|told| told.details).collect()
    }

    /// Where records stood when they were told of.
    pub(crate) fn snapshots(&self) -> Vec<RecordSnapshot> {
        self.shelf.notifications().into_iter().filter_map(|told| told.record).collect()
    }

    /// Calls to the Accounting API for invoices so far.
    pub(crate) async fn reads(&self) -> anyhow::Result<usize> {
        let asked = JournalQuery { tenant: Some(self.tenant.uuid()), ..JournalQuery::default() };
        let journal = self.xero.side.control.journal(&asked).await?;
        Ok(journal.iter().filter(|entry| entry.method == "GET" && entry.path.contains("/Invoices")).count())
    }
}

/// What is sent to Xero for an invoice, or for a bill.
fn paper(id: &str, kind: Kind, status: InvoiceStatus, price: Decimal, contact: ContactId) -> NewInvoice {
    let (invoice_type, account, tax) = match kind {
        Kind::Invoice => (InvoiceType::Accrec, "200", "OUTPUT2"),
        Kind::Expense => (InvoiceType::Accpay, "429", "INPUT2"),
    };
    let line = NewLineItem {
        description: "Studio session".to_owned(),
        quantity: Some(3.into()),
        unit_amount: Some(price),
        account_code: Some(account.to_owned()),
        tax_type: Some(tax.to_owned()),
        ..NewLineItem::default()
    };
    NewInvoice {
        invoice_type,
        status,
        invoice_number: Some(format!("SES-{id}")),
        reference: None,
        contact,
        date: date(2026, 11, 22),
        due_date: Some(date(2026, 12, 22)),
        line_amount_types: LineAmountTypes::Exclusive,
        currency_code: "GBP".to_owned(),
        url: None,
        sent_to_contact: None,
        line_items: vec![line],
    }
}
