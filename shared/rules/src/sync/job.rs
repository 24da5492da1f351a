//! One message on its way through a run: what it asks for, and what its record says is left to do.

use super::Outcome;
use super::document::Document;
use super::message::{RunRecord, Work};
use super::party::Party;
use crate::account::AccountId;
use crate::choice::TOTAL_OF_XERO;
use crate::event::{Body, Event, Expense, Invoice};
use crate::organisation::Facts;
use crate::record::{Acceptance, Kind, Record, ToldContent, Want};
use jiff::Timestamp;
use rust_decimal::Decimal;
use std::time::Duration;
use xero::ContactId;

/// One message on its way through a run.
pub struct Job {
    account: Option<AccountId>,
    /// What came: an event, or a record to go on with.
    source: Source,
    /// The newest content that the record wants in Xero, once it is read: of this event or of an earlier one.
    content: Option<Event>,
    /// The event as it came, for a record that has to keep it.
    pub(super) raw: String,
    /// What becomes of the message; none while it is under way.
    pub outcome: Option<Outcome>,
    /// The record, once read.
    pub(super) record: Option<Record>,
    /// The contact, once found or made.
    pub(super) contact: Option<ContactId>,
    /// The document, once its contact is known.
    pub(super) document: Option<Document>,
    /// Whether an earlier run may have sent it.
    pub(super) maybe_sent: bool,
    /// What the user should know of its contact.
    pub(super) remarks: Vec<String>,
    /// Whether its contact was followed to the one that it was merged into.
    pub(super) followed_merge: bool,
    /// Whether its event says what the record knows already.
    pub(super) is_repeat: bool,
    /// When its record was read.
    pub(super) read_at: Option<Timestamp>,
    /// How often its message was given out.
    pub(super) receives: u32,
}

/// What a job is about.
enum Source {
    Event(Box<Event>),
    Run(RunRecord),
    /// Everything of the account that waits.
    Drain,
    Unreadable,
}

impl Job {
    /// A job for an event.
    #[must_use]
    pub fn new(event: Event, raw: String) -> Self {
        Self { account: Some(event.account.clone()), raw, ..Self::about(Source::Event(Box::new(event))) }
    }

    /// A job for what a message asks of an account.
    pub(super) fn for_work(account: &AccountId, work: Work, raw: String) -> Self {
        match work {
            Work::Event(event) => Self::new(*event, raw),
            Work::Run(run) => Self::go_on(account, run),
            Work::Drain => Self { account: Some(account.clone()), ..Self::about(Source::Drain) },
        }
    }

    /// A job for a record that goes on with what it wants.
    pub(super) fn go_on(account: &AccountId, run: RunRecord) -> Self {
        Self { account: Some(account.clone()), ..Self::about(Source::Run(run)) }
    }

    /// A message that is no event.
    #[must_use]
    pub fn parked(reason: &str) -> Self {
        Self { outcome: Some(Outcome::Park(reason.to_owned())), ..Self::about(Source::Unreadable) }
    }

    /// A message that comes again before it was judged.
    pub(super) fn again(wait: Duration) -> Self {
        Self { outcome: Some(Outcome::Again(wait)), ..Self::about(Source::Unreadable) }
    }

    fn about(source: Source) -> Self {
        Self {
            account: None,
            source,
            content: None,
            raw: String::new(),
            outcome: None,
            record: None,
            contact: None,
            document: None,
            maybe_sent: false,
            remarks: Vec::new(),
            followed_merge: false,
            is_repeat: false,
            read_at: None,
            receives: 1,
        }
    }

    /// The same job, of a message that was given out so often.
    #[must_use]
    pub(super) fn received(mut self, receives: u32) -> Self {
        self.receives = receives;
        self
    }

    /// Whether what it is about stands in its record alone.
    pub(super) fn is_run(&self) -> bool {
        matches!(self.source, Source::Run(_))
    }

    /// Whether it is about everything of the account that waits.
    pub(super) fn is_drain(&self) -> bool {
        matches!(self.source, Source::Drain)
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.outcome.is_some()
    }

    /// Whose it is.
    #[must_use]
    pub fn account(&self) -> Option<&AccountId> {
        self.account.as_ref()
    }

    /// The invoice that should be in Xero.
    #[must_use]
    pub fn invoice(&self) -> Option<&Invoice> {
        match &self.content()?.body {
            Body::InvoiceCreated(invoice) | Body::InvoiceUpdated(invoice) | Body::InvoiceSent(invoice) => Some(invoice),
            Body::InvoiceVoided(_) | Body::ExpenseLogged(_) | Body::ExpenseUpdated(_) | Body::ExpenseDeleted(_) => None,
        }
    }

    /// The expense that should be in Xero.
    #[must_use]
    pub fn expense(&self) -> Option<&Expense> {
        match &self.content()?.body {
            Body::ExpenseLogged(expense) | Body::ExpenseUpdated(expense) => Some(expense),
            Body::InvoiceCreated(_)
            | Body::InvoiceUpdated(_)
            | Body::InvoiceSent(_)
            | Body::InvoiceVoided(_)
            | Body::ExpenseDeleted(_) => None,
        }
    }

    /// The total that Sessional shows the user.
    pub(super) fn shown_total(&self) -> Option<Decimal> {
        let invoice = self.invoice().map(|invoice| invoice.total);
        invoice.or_else(|| self.expense().map(|expense| expense.amount))
    }

    /// What the event says and Xero would not take, one sentence each.
    pub(super) fn left_out(&self) -> Vec<&'static str> {
        let invoice = self.invoice().map(Invoice::left_out);
        invoice.or_else(|| self.expense().map(Expense::left_out)).unwrap_or_default().to_vec()
    }

    /// What it says of the document, part by part.
    pub(super) fn told(&self) -> Option<ToldContent> {
        let invoice = self.invoice().map(ToldContent::of_invoice);
        invoice.or_else(|| self.expense().map(ToldContent::of_expense))
    }

    /// Whether the user wants this content sent with the total that Xero computes.
    pub(super) fn accepts_total(&self) -> bool {
        let Some(record) = &self.record else { return false };
        let digest = record.registers.content.as_ref().map(|content| content.digest.as_str());
        let accepted = record.accepted_total.as_deref();
        accepted.is_some() && (accepted == digest || accepted == Some(TOTAL_OF_XERO))
    }

    /// Whether the invoice is overdue at this moment, by the organisation's own date.
    pub(super) fn is_overdue(&self, facts: &Facts) -> bool {
        let due = self.invoice().map(|invoice| invoice.due_on);
        due.zip(self.read_at).is_some_and(|(due, now)| due < facts.today(now))
    }

    /// Whom the document is for or from.
    pub(super) fn party(&self) -> Option<Party> {
        self.invoice().map(Party::of_invoice).or_else(|| self.expense().map(Party::of_expense))
    }

    /// Whether the customer has the invoice already.
    pub(super) fn is_sent(&self) -> bool {
        match &self.record {
            Some(record) => record.registers.sent.is_some(),
            None => self.event().is_some_and(|event| matches!(event.body, Body::InvoiceSent(_))),
        }
    }

    /// The kind and id of the record, and the number on the document where the message says it.
    pub(super) fn subject(&self) -> Option<(Kind, String, String)> {
        let event = match &self.source {
            Source::Event(event) => event,
            Source::Run(run) => return Some((run.kind, run.id.clone(), run.id.clone())),
            Source::Drain | Source::Unreadable => return None,
        };
        let id = event.subject().to_string();
        Some(match &event.body {
            Body::InvoiceCreated(invoice) | Body::InvoiceUpdated(invoice) | Body::InvoiceSent(invoice) => {
                (Kind::Invoice, id, invoice.number.to_string())
            }
            Body::InvoiceVoided(removed) => {
                let number = removed.number.as_ref().map_or_else(|| id.clone(), ToString::to_string);
                (Kind::Invoice, id, number)
            }
            Body::ExpenseLogged(_) | Body::ExpenseUpdated(_) | Body::ExpenseDeleted(_) => {
                (Kind::Expense, id.clone(), id)
            }
        })
    }

    /// Takes the record on board, with what the event changes in it; none of it is stored yet.
    pub(super) fn take_record(&mut self, mut record: Record, now: Timestamp) -> Option<Acceptance> {
        let accepted = match &self.source {
            Source::Event(event) => Some(record.accept(event, &self.raw, now)),
            Source::Run(_) | Source::Drain | Source::Unreadable => None,
        };
        let is_newest = record.event.as_deref() == Some(self.raw.as_str());
        self.content = match &self.source {
            Source::Event(_) if is_newest => None,
            // What cannot be read any more was written by another version of the contract.
            _ => record.event.as_deref().and_then(|event| Event::parse(event).ok()),
        };
        self.maybe_sent = record.may_be_in_xero();
        self.is_repeat = accepted == Some(Acceptance::Repeated);
        self.read_at = Some(now);
        self.record = Some(record);
        self.show_content();
        accepted
    }

    /// What waits, is held or failed shows its number and amounts like anything else. What is in Xero has the currency
    /// and the number that it has there.
    fn show_content(&mut self) {
        let number = self.invoice().map(|invoice| invoice.number.to_string());
        let currency = self.invoice().map(|invoice| invoice.currency.to_string());
        let currency = currency.or_else(|| self.expense().map(|expense| expense.currency.to_string()));
        let total = self.shown_total();
        let Some(record) = self.record.as_mut().filter(|record| record.event.is_some()) else { return };
        record.amounts.sessional_total = total.or(record.amounts.sessional_total);
        if record.reference.is_some() {
            return;
        }
        record.number = number.unwrap_or_else(|| record.number.clone());
        record.amounts.currency = currency.unwrap_or_else(|| record.amounts.currency.clone());
    }

    /// What is left to do, by what the record says. What is in Xero is told by the reference; an intent means
    /// that it may be, which has been looked up before this is asked.
    pub(super) fn step(&self) -> Want {
        self.record.as_ref().map_or(Want::Nothing, Record::wants)
    }

    /// Says in one line what became of the message.
    pub(super) fn report(&self) {
        let outcome = match (&self.outcome, &self.record) {
            (Some(Outcome::Done), Some(record)) => record.state().word(),
            (Some(Outcome::Done), None) => "done",
            (Some(Outcome::Park(_)), _) => "parked",
            (Some(Outcome::Again(_)) | None, _) => "again",
        };
        let (id, of_type) = match &self.source {
            Source::Event(event) => (event.id.to_string(), event.body.type_name()),
            Source::Run(run) => (run.id.clone(), "run"),
            Source::Drain => (String::new(), "drain"),
            Source::Unreadable => (String::new(), "unreadable"),
        };
        tracing::info!(
            events.worked = 1,
            event.outcome = outcome,
            event.id = id,
            event.of_type = of_type,
            "an event was worked"
        );
    }

    pub(super) fn done(&mut self) {
        self.outcome = Some(Outcome::Done);
    }

    /// The content that counts: what the record wants, or before it is read what the event says.
    fn content(&self) -> Option<&Event> {
        self.content.as_ref().or_else(|| self.event())
    }

    fn event(&self) -> Option<&Event> {
        match &self.source {
            Source::Event(event) => Some(event),
            Source::Run(_) | Source::Drain | Source::Unreadable => None,
        }
    }
}
