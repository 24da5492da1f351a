//! What happens around a crash: what came before, which events are worked when the process dies, and what has
//! to be there in the end.

use anyhow::{Context as _, ensure};
use rig::books::Books;
use rig::events::{Happening, Subject};
use rig::process::World;
use rig::tenant::{Tenant, Wishes};
use rules::mapping::ExpenseCategory;
use serde_json::{Value, json};
use xero_stand_in::control::Act;

/// One scenario.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) wishes: Wishes,
    /// What was worked before, by subject.
    before: Vec<(usize, Happening)>,
    /// What is worked when the process dies.
    events: Vec<(usize, Happening)>,
    /// The first invoice's number is a foreign one's already.
    is_taken: bool,
    /// The state in which the records wait, when nothing can be sent.
    waits: Option<&'static str>,
}

/// A scenario in the books of one account.
pub(crate) struct Stage<'a> {
    pub(crate) events: Vec<Value>,
    scenario: &'a Scenario,
    name: String,
    foreign: Option<String>,
}

impl Scenario {
    fn new(name: &'static str, before: &[(usize, Happening)], events: &[(usize, Happening)]) -> Self {
        let (before, events) = (before.to_vec(), events.to_vec());
        Self { name, wishes: Wishes::default(), before, events, is_taken: false, waits: None }
    }

    fn spend_money(self) -> Self {
        Self { wishes: Wishes { spend_money: true, ..self.wishes }, ..self }
    }

    pub(crate) fn created_with_new_contact() -> Self {
        Self::new("created_with_new_contact", &[], &[(0, Happening::Created)])
    }

    pub(crate) fn created_with_known_contact() -> Self {
        // Every third subject has the same other side.
        Self::new("created_with_known_contact", &[(3, Happening::Created)], &[(0, Happening::Created)])
    }

    pub(crate) fn two_created_in_one_batch() -> Self {
        Self::new("two_created_in_one_batch", &[], &[(0, Happening::Created), (3, Happening::Created)])
    }

    pub(crate) fn created_with_a_number_that_is_taken() -> Self {
        let new = Self::new("created_with_a_number_that_is_taken", &[], &[(0, Happening::Created)]);
        Self { is_taken: true, ..new }
    }

    pub(crate) fn sent_without_created() -> Self {
        Self::new("sent_without_created", &[], &[(0, Happening::Sent)])
    }

    pub(crate) fn sent_after_created() -> Self {
        Self::new("sent_after_created", &[(0, Happening::Created)], &[(0, Happening::Sent)])
    }

    pub(crate) fn voided_after_created() -> Self {
        Self::new("voided_after_created", &[(0, Happening::Created)], &[(0, Happening::Voided)])
    }

    pub(crate) fn voided_before_created() -> Self {
        Self::new("voided_before_created", &[], &[(0, Happening::Voided), (0, Happening::Created)])
    }

    pub(crate) fn logged_as_bill() -> Self {
        Self::new("logged_as_bill", &[], &[(0, Happening::Logged)])
    }

    pub(crate) fn logged_as_spend_money() -> Self {
        Self::new("logged_as_spend_money", &[], &[(0, Happening::Logged)]).spend_money()
    }

    pub(crate) fn deleted_bill() -> Self {
        Self::new("deleted_bill", &[(0, Happening::Logged)], &[(0, Happening::Deleted)])
    }

    pub(crate) fn deleted_spend_money() -> Self {
        Self::new("deleted_spend_money", &[(0, Happening::Logged)], &[(0, Happening::Deleted)]).spend_money()
    }

    pub(crate) fn held_for_an_account_of_sales() -> Self {
        let new = Self::new("held_for_an_account_of_sales", &[], &[(0, Happening::Created)]);
        Self { wishes: Wishes { sales_unmapped: true, ..Wishes::default() }, waits: Some("held"), ..new }
    }

    pub(crate) fn skipped_for_its_category() -> Self {
        let new = Self::new("skipped_for_its_category", &[], &[(0, Happening::Logged)]);
        let unmapped = ExpenseCategory::ALL.to_vec();
        Self { wishes: Wishes { unmapped, ..Wishes::default() }, waits: Some("skipped"), ..new }
    }

    pub(crate) fn is_accepted(&self) -> bool {
        self.before.iter().chain(&self.events).all(|(_, happening)| happening.is_accepted())
    }

    /// Works what came before.
    pub(crate) async fn prepare(&self, world: &World, tenant: &Tenant) -> anyhow::Result<Stage<'_>> {
        let name = tenant.account.as_str().trim_start_matches("acc_").to_owned();
        let event = |(index, happening): &(usize, Happening)| {
            Subject::new(&name, *index).event(tenant.account.as_str(), *happening)
        };
        if !self.before.is_empty() {
            let before: Vec<Value> = self.before.iter().map(event).collect();
            world.redeliver(tenant, &before).await.context("before the crash")?;
        }
        let mut stage = Stage { events: self.events.iter().map(event).collect(), scenario: self, name, foreign: None };
        if self.is_taken {
            plant(world, tenant, &stage.subject(0)).await?;
            let books = Books::of(&world.xero.control, tenant.uuid()).await?;
            stage.foreign = books.documents.first().map(|document| document.text.clone());
        }
        Ok(stage)
    }
}

/// Somebody makes an invoice by hand, under the number that ours has.
async fn plant(world: &World, tenant: &Tenant, subject: &Subject) -> anyhow::Result<()> {
    let control = &world.xero.control;
    let contact = Act::CreateContact { fields: json!({ "Name": "Somebody else" }) };
    let contact = control.act(tenant.uuid(), &contact).await?.id.context("no contact")?;
    let fields = json!({
        "Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": subject.number, "Contact": { "ContactID": contact },
        "Date": "2026-11-01", "DueDate": "2026-12-01", "LineAmountTypes": "Exclusive", "CurrencyCode": "GBP",
        "LineItems": [{ "Description": "Made by hand", "Quantity": 1, "UnitAmount": 10, "AccountCode": "200",
            "TaxType": "OUTPUT2" }],
    });
    control.act(tenant.uuid(), &Act::CreateInvoice { fields }).await?;
    Ok(())
}

impl Stage<'_> {
    fn subject(&self, index: usize) -> Subject {
        Subject::new(&self.name, index)
    }

    fn happened(&self, index: usize) -> Vec<Happening> {
        let all = self.scenario.before.iter().chain(&self.scenario.events);
        all.filter(|(subject, _)| *subject == index).map(|(_, happening)| *happening).collect()
    }

    /// One right document, one right contact, and the record agrees.
    pub(crate) async fn check(&self, world: &World, tenant: &Tenant) -> anyhow::Result<()> {
        let books = Books::of(&world.xero.control, tenant.uuid()).await?;
        let mut subjects: Vec<usize> =
            self.scenario.before.iter().chain(&self.scenario.events).map(|(index, _)| *index).collect();
        subjects.sort_unstable();
        subjects.dedup();
        for index in subjects.iter().copied() {
            self.check_subject(world, tenant, &books, index).await?;
        }
        if let Some(foreign) = &self.foreign {
            let untouched = books.documents.iter().any(|document| document.text == *foreign);
            ensure!(untouched, "the foreign invoice was changed: {:?}", books.documents);
        }
        let ours = subjects.iter().map(|index| books.about(&self.subject(*index).id).count()).sum::<usize>();
        let foreign = usize::from(self.foreign.is_some());
        ensure!(books.documents.len() == ours + foreign, "there is more than was asked for: {:?}", books.documents);
        Ok(())
    }

    async fn check_subject(&self, world: &World, tenant: &Tenant, books: &Books, index: usize) -> anyhow::Result<()> {
        let (subject, happened) = (self.subject(index), self.happened(index));
        let last = happened.iter().max().copied().context("nothing happened")?;
        let kind = last.kind();
        let record = world.record(tenant, kind, &subject.id).await?.context("there is no record")?;
        let state = serde_json::to_value(record.state())?;
        let all: Vec<_> = books.about(&subject.id).collect();
        ensure!(all.len() <= 1, "{} documents of {}: {all:?}", all.len(), subject.id);
        let removed = matches!(last, Happening::Voided | Happening::Deleted);
        let never_made = removed && happened.first() == Some(&last);
        let expected = match (self.scenario.waits, self.foreign.is_some(), removed, never_made) {
            (Some(waits), ..) => waits,
            (_, true, ..) => "failed",
            (_, _, _, true) => "tombstone",
            (_, _, true, _) => "voided",
            _ => "synced",
        };
        ensure!(state == expected, "the record says {state}, not {expected}: {record:?}");
        if self.scenario.waits.is_some() {
            ensure!(record.is_waiting(), "it could not be tried again: {record:?}");
            ensure!(all.is_empty() && books.contacts.is_empty(), "something was sent: {all:?}");
            return Ok(());
        }
        let Some(document) = all.first() else {
            ensure!(never_made || self.foreign.is_some(), "the document of {} is lost", subject.id);
            return Ok(());
        };
        ensure!(document.is_alive() != removed, "{last:?}, and the document is {}", document.status);
        ensure!(removed || document.total == subject.total(last), "it comes to {}", document.total);
        ensure!(document.sent == (last == Happening::Sent) || removed, "sent: {}", document.sent);
        ensure!(
            record.reference.as_ref().map(|it| it.id.to_string()) == Some(document.id.to_string()),
            "the record names another document: {record:?}"
        );
        let contacts: Vec<_> = books.named(&subject.party_name).collect();
        let [contact] = contacts.as_slice() else { anyhow::bail!("not one contact: {contacts:?}") };
        ensure!(contact.id == document.contact, "the document is for another contact");
        ensure!(contact.number.as_deref() == Some(&subject.party), "the contact has another number: {contact:?}");
        Ok(())
    }
}
