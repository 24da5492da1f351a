//! Payments and the sweep: their rules in this process over stores in memory, Xero over HTTP with a clock
//! that stands still. Calls are counted in the stand-in's own journal.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::civil::date;
use rig::clock::FakeClock;
use rig::shelf::{Shelf, Trouble};
use rig::tenant::{Stores, Tenant, Wishes};
use rig::worker::Xero;
use rules::AccountId;
use rules::action::Action;
use rules::divergence::Change;
use rules::notification::{Details, PAYMENT_NOTE};
use rules::payments::sweep::{Standing, Sweep, Swept};
use rules::payments::{Outcome, Payments};
use rules::ports::{Answer, Claims, Clock as _, Connections as _, Records as _, Sweeps, Written};
use rules::record::{Kind, Record, RecordKey, Reference, State};
use rules::tokens::{Memory, Tokens};
use serde_json::json;
use xero::models::{
    Invoice, InvoiceStatus, InvoiceType, InvoicesBody, LineAmountTypes, NewContact, NewInvoice, NewLineItem,
};
use xero::{IdempotencyKey, InvoiceId, TenantId};
use xero_stand_in::control::{Act, JournalQuery};

const HOUR: Duration = Duration::from_secs(3_600);

/// Who holds the one tenant, and how far its sweep is.
struct Desk {
    holder: Option<AccountId>,
    standing: Mutex<Option<Standing>>,
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
    async fn sweep(&self, _account: &AccountId, _tenant: TenantId) -> Answer<Option<Standing>> {
        Ok(self.standing.lock().unwrap().clone())
    }

    async fn put_sweep(&self, standing: &mut Standing) -> Answer<Written> {
        standing.revision += 1;
        *self.standing.lock().unwrap() = Some(standing.clone());
        Ok(Written::Done)
    }
}

/// An account with an organisation, and what payments need.
struct Office {
    xero: Xero,
    shelf: Shelf,
    clock: FakeClock,
    memory: Memory,
    desk: Desk,
    tenant: Tenant,
}

impl Office {
    async fn open() -> anyhow::Result<Self> {
        let xero = Xero::start().await?;
        let clock = FakeClock::at(xero.side.control.clock().await?.now);
        let shelf = Shelf::default();
        let stores = Stores { connections: &shelf, grants: &shelf, vault: &shelf, mappings: &shelf };
        let tenant = xero.side.connect("one", &stores, &Wishes::default(), clock.now()).await?;
        let desk = Desk { holder: Some(tenant.account.clone()), standing: Mutex::default() };
        Ok(Self { xero, shelf, clock, memory: Memory::default(), desk, tenant })
    }

    async fn pass(&self, time: Duration) -> anyhow::Result<()> {
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
            notifications: shelf,
            clock: &self.clock,
        };
        work(&payments).await
    }

    async fn hint(&self, ids: &[InvoiceId]) -> Outcome {
        self.with(async |payments| payments.run(self.tenant.id, ids).await).await
    }

    async fn sweep(&self) -> Swept {
        let account = self.tenant.account.clone();
        self.with(async |payments| Sweep { payments, sweeps: &self.desk }.run(&account).await).await
    }

    /// An invoice over 540 pounds that is in Xero, with its record.
    async fn invoice(&self, id: &str) -> anyhow::Result<InvoiceId> {
        let connection = self.shelf.connection(&self.tenant.account).await?.unwrap();
        let token = self.tokens().access(&connection).await?;
        let tenant = self.xero.side.client.tenant(&token, self.tenant.id);
        let contact = NewContact { name: format!("Customer of {id}"), ..NewContact::default() };
        let made = tenant.create_contacts(&[contact], &IdempotencyKey::new(format!("contact-{id}"))?).await?;
        let contact = made.into_iter().next().unwrap().into_result().unwrap().contact_id;
        let line = NewLineItem {
            description: "Studio session".to_owned(),
            quantity: Some(3.into()),
            unit_amount: Some(150.into()),
            account_code: Some("200".to_owned()),
            tax_type: Some("OUTPUT2".to_owned()),
            ..NewLineItem::default()
        };
        let new = NewInvoice {
            invoice_type: InvoiceType::Accrec,
            status: InvoiceStatus::Authorised,
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
        };
        let key = IdempotencyKey::new(format!("invoice-{id}"))?;
        let made = tenant.create_invoices(&InvoicesBody::of(&[new]), &key).await?;
        let invoice: Invoice = made.into_iter().next().unwrap().into_result().unwrap();
        let mut record = Record::new(self.key(id), &format!("SES-{id}"), self.clock.now());
        record.reference = Some(Reference::written(&invoice));
        record.amounts.xero_total = invoice.total;
        record.amounts.due = invoice.amount_due;
        record.enter(State::Synced, "Created in Xero", self.clock.now());
        assert_eq!(self.shelf.put_record(&mut record).await?, Written::Done);
        Ok(invoice.invoice_id)
    }

    fn key(&self, id: &str) -> RecordKey {
        let account = self.tenant.account.clone();
        RecordKey { account, tenant: self.tenant.id, kind: Kind::Invoice, id: id.to_owned() }
    }

    fn record(&self, id: &str) -> Record {
        self.shelf.peek(&self.key(id)).unwrap()
    }

    fn told(&self) -> Vec<Details> {
        self.shelf.notifications().into_iter().map(|told| told.details).collect()
    }

    /// Calls to the Accounting API for invoices so far.
    async fn reads(&self) -> anyhow::Result<usize> {
        let asked = JournalQuery { tenant: Some(self.tenant.uuid()), ..JournalQuery::default() };
        let journal = self.xero.side.control.journal(&asked).await?;
        Ok(journal.iter().filter(|entry| entry.method == "GET" && entry.path.contains("/Invoices")).count())
    }
}

const CHANGED: Outcome = Outcome::Done { ours: 1, changed: 1 };
const UNCHANGED: Outcome = Outcome::Done { ours: 1, changed: 0 };

#[tokio::test]
async fn a_payment_comes_in_parts_is_removed_and_comes_again() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let control = office.xero.side.control.clone();
    let (tenant, id) = (office.tenant.uuid(), office.invoice("a").await?);
    let document = *id.as_uuid();
    assert_eq!(office.hint(&[id]).await, UNCHANGED, "the echo of our own write");

    office.pass(Duration::from_secs(60)).await?;
    control.part_pay(tenant, document, 200.into()).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    assert_eq!(office.hint(&[id]).await, UNCHANGED, "a repeated event");
    assert_eq!(office.record("a").state, State::PartPaid);

    office.pass(Duration::from_secs(60)).await?;
    let rest = control.pay_on(tenant, document, date(2026, 11, 25)).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    assert_eq!((office.record("a").state, office.record("a").paid_on), (State::Paid, Some(date(2026, 11, 25))));

    office.pass(Duration::from_secs(60)).await?;
    control.remove_payment(tenant, rest).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    assert_eq!((office.record("a").state, office.record("a").paid_on), (State::PartPaid, None));

    office.pass(Duration::from_secs(60)).await?;
    control.credit(tenant, document).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    let told = office.told();
    assert!(
        matches!(&told[0], Details::InvoicePartPaid { amount, note, .. } if *amount == 200.into() && note == PAYMENT_NOTE)
    );
    assert!(matches!(&told[1], Details::InvoicePaid { amount, .. } if *amount == 540.into()), "{told:?}");
    assert!(matches!(&told[3], Details::InvoicePaid { note, .. } if note.contains("credit")), "{told:?}");
    assert_eq!(told.len(), 4);
    assert_eq!(office.record("a").divergence, None);
    Ok(())
}

#[tokio::test]
async fn what_is_not_ours_costs_no_call_and_the_rest_one_together() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let (one, two) = (office.invoice("a").await?, office.invoice("b").await?);
    let foreign = InvoiceId::from_uuid(uuid::Uuid::new_v4());
    let before = office.reads().await?;
    assert_eq!(office.hint(&[foreign]).await, Outcome::Done { ours: 0, changed: 0 });
    assert_eq!(office.reads().await?, before);
    assert_eq!(office.hint(&[one, foreign, two]).await, Outcome::Done { ours: 2, changed: 0 });
    assert_eq!(office.reads().await?, before + 1);
    Ok(())
}

#[tokio::test]
async fn after_a_disconnect_hints_are_dropped_and_what_is_paid_stays_paid() -> anyhow::Result<()> {
    let mut office = Office::open().await?;
    let id = office.invoice("a").await?;
    let payment = office.xero.side.control.pay(office.tenant.uuid(), *id.as_uuid()).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    office.desk.holder = None;
    office.xero.side.control.remove_payment(office.tenant.uuid(), payment).await?;
    let before = office.reads().await?;
    assert_eq!(office.hint(&[id]).await, Outcome::Dropped);
    assert_eq!((office.record("a").state, office.reads().await?), (State::Paid, before));
    Ok(())
}

#[tokio::test]
async fn an_edit_or_a_void_in_xero_shows_in_the_record_and_changes_nothing_else() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let (edited, voided) = (office.invoice("a").await?, office.invoice("b").await?);
    let (control, tenant) = (office.xero.side.control.clone(), office.tenant.uuid());
    office.pass(Duration::from_secs(60)).await?;
    let fields = json!({ "Reference": "changed by the bookkeeper" });
    control.act(tenant, &Act::EditInvoice { invoice: *edited.as_uuid(), fields }).await?;
    control.void(tenant, *voided.as_uuid()).await?;
    assert_eq!(office.hint(&[edited, voided]).await, Outcome::Done { ours: 2, changed: 2 });
    assert_eq!(office.hint(&[edited, voided]).await, Outcome::Done { ours: 2, changed: 0 });
    let shown = office.record("a").divergence.unwrap();
    assert_eq!((shown.change, shown.action), (Change::Edited, Action::OpenXero));
    assert!(shown.message.starts_with("Changed in Xero on 22 November 2026"), "{}", shown.message);
    let shown = office.record("b").divergence.unwrap();
    assert_eq!((shown.change, shown.action), (Change::Voided, Action::Void));
    assert!(office.record("a").is_open() && !office.record("b").is_open());
    assert_eq!((office.record("b").state, office.told().len()), (State::Synced, 0));
    Ok(())
}

#[tokio::test]
async fn wherever_a_store_fails_the_payment_is_told_with_one_id_and_after_the_record() -> anyhow::Result<()> {
    let office = Office::open().await?;
    for (number, trouble) in (0..8).flat_map(|at| [(at, Trouble::FailsBefore), (at, Trouble::FailsAfter)]) {
        let name = format!("{number}-{trouble:?}");
        let id = office.invoice(&name).await?;
        office.xero.side.control.pay(office.tenant.uuid(), *id.as_uuid()).await?;
        office.shelf.order(number, trouble);
        let first = office.hint(&[id]).await;
        office.shelf.calm();
        let about = |told: &rules::notification::Notification| matches!(&told.details, Details::InvoicePaid { invoice_id, .. } if *invoice_id == name);
        if office.shelf.notifications().iter().any(about) {
            assert_eq!(office.record(&name).state, State::Paid, "told before the record says so, after {first:?}");
        }
        office.hint(&[id]).await;
        assert_eq!(office.record(&name).state, State::Paid);
        let ids: BTreeSet<String> =
            office.shelf.notifications().into_iter().filter(about).map(|told| told.id).collect();
        assert_eq!(ids.len(), 1, "{name}: {first:?}");
        office.pass(Duration::from_secs(60)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn with_all_webhooks_lost_the_sweep_alone_finds_every_payment() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let (control, tenant) = (office.xero.side.control.clone(), office.tenant.uuid());
    assert_eq!((office.sweep().await, office.reads().await?), (Swept::Idle, 0), "nothing is open: no call");
    let (one, two) = (office.invoice("a").await?, office.invoice("b").await?);
    assert_eq!(office.sweep().await, Swept::Done { calls: 1, found: 0 });
    assert_eq!(office.sweep().await, Swept::NotDue);
    office.pass(HOUR).await?;
    control.pay(tenant, *one.as_uuid()).await?;
    assert_eq!(office.sweep().await, Swept::Done { calls: 1, found: 1 });
    assert_eq!(office.record("a").state, State::Paid);
    office.pass(HOUR * 24 * 8).await?;
    control.pay(tenant, *two.as_uuid()).await?;
    let Swept::Done { calls, found } = office.sweep().await else { panic!("the sweep is due") };
    assert_eq!(found, 1);
    assert!(calls <= 2, "{calls} calls");
    office.pass(HOUR).await?;
    assert_eq!(office.sweep().await, Swept::Idle);
    assert_eq!(office.told().len(), 2);
    let since = JournalQuery { tenant: Some(tenant), ..JournalQuery::default() };
    assert!(control.journal(&since).await?.iter().any(|entry| entry.if_modified_since.is_some()));
    Ok(())
}
