//! One message on its way through a run: what it asks for, and what its record says is left to do.

use super::Outcome;
use super::document::Document;
use super::party::Party;
use crate::account::AccountId;
use crate::event::{Body, Event, Expense, Invoice};
use crate::record::{Kind, Record, State};
use xero::ContactId;

/// What is left to do for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Bring the document into Xero.
    Create,
    /// Bring the document in Xero up to date, and mark it as sent.
    Update,
    /// Void or delete the document in Xero.
    Remove,
    /// Note that nothing is ever to be sent.
    Bury,
    /// Nothing.
    Nothing,
}

/// One message on its way through a run.
pub struct Job {
    event: Option<Event>,
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
    /// Whether its contact was followed to the one that it was merged into.
    pub(super) followed_merge: bool,
}

impl Job {
    /// A job for an event.
    #[must_use]
    pub fn new(event: Event, raw: String) -> Self {
        Self { event: Some(event), raw, ..Self::empty() }
    }

    /// A message that is no event.
    #[must_use]
    pub fn parked(reason: &str) -> Self {
        Self { outcome: Some(Outcome::Park(reason.to_owned())), ..Self::empty() }
    }

    fn empty() -> Self {
        Self {
            event: None,
            raw: String::new(),
            outcome: None,
            record: None,
            contact: None,
            document: None,
            maybe_sent: false,
            followed_merge: false,
        }
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.outcome.is_some()
    }

    /// Whose it is.
    #[must_use]
    pub fn account(&self) -> Option<&AccountId> {
        self.event.as_ref().map(|event| &event.account)
    }

    /// The invoice that should be in Xero.
    #[must_use]
    pub fn invoice(&self) -> Option<&Invoice> {
        match &self.event.as_ref()?.body {
            Body::InvoiceCreated(invoice) | Body::InvoiceUpdated(invoice) | Body::InvoiceSent(invoice) => Some(invoice),
            Body::InvoiceVoided(_) | Body::ExpenseLogged(_) | Body::ExpenseUpdated(_) | Body::ExpenseDeleted(_) => None,
        }
    }

    /// The expense that should be in Xero.
    #[must_use]
    pub fn expense(&self) -> Option<&Expense> {
        match &self.event.as_ref()?.body {
            Body::ExpenseLogged(expense) | Body::ExpenseUpdated(expense) => Some(expense),
            Body::InvoiceCreated(_)
            | Body::InvoiceUpdated(_)
            | Body::InvoiceSent(_)
            | Body::InvoiceVoided(_)
            | Body::ExpenseDeleted(_) => None,
        }
    }

    /// Whom the document is for or from.
    pub(super) fn party(&self) -> Option<Party> {
        self.invoice().map(Party::of_invoice).or_else(|| self.expense().map(Party::of_expense))
    }

    /// Whether the customer has the invoice already.
    pub(super) fn is_sent(&self) -> bool {
        self.event.as_ref().is_some_and(|event| matches!(event.body, Body::InvoiceSent(_)))
    }

    /// The kind and id of the record, and the number on the document.
    pub(super) fn subject(&self) -> Option<(Kind, String, String)> {
        let event = self.event.as_ref()?;
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

    /// What is left to do, by what the record says. What is in Xero is told by the reference; an intent means
    /// that it may be, which has been looked up before this is asked.
    pub(super) fn step(&self) -> Step {
        let (Some(event), Some(record)) = (&self.event, &self.record) else { return Step::Nothing };
        if matches!(record.state, State::Voided | State::Tombstone) {
            return Step::Nothing;
        }
        match (&event.body, record.reference.is_some()) {
            (Body::InvoiceCreated(_) | Body::ExpenseLogged(_) | Body::ExpenseUpdated(_), true) => Step::Nothing,
            (Body::InvoiceUpdated(_) | Body::InvoiceSent(_), true) => Step::Update,
            (
                Body::InvoiceCreated(_)
                | Body::InvoiceUpdated(_)
                | Body::InvoiceSent(_)
                | Body::ExpenseLogged(_)
                | Body::ExpenseUpdated(_),
                false,
            ) => Step::Create,
            (Body::InvoiceVoided(_) | Body::ExpenseDeleted(_), true) => Step::Remove,
            (Body::InvoiceVoided(_) | Body::ExpenseDeleted(_), false) => Step::Bury,
        }
    }

    /// Says in one line what became of the event.
    pub(super) fn report(&self) {
        let outcome = match (&self.outcome, &self.record) {
            (Some(Outcome::Done), Some(record)) => record.state.word(),
            (Some(Outcome::Done), None) => "done",
            (Some(Outcome::Park(_)), _) => "parked",
            (Some(Outcome::Again(_)) | None, _) => "again",
        };
        let about = self.event.as_ref().map(|event| (event.id.to_string(), event.body.type_name()));
        let (id, of_type) = about.unwrap_or_default();
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
}
