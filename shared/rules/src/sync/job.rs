//! One message on its way through a run.

use super::Outcome;
use crate::account::AccountId;
use crate::event::{Body, Event, Invoice};
use crate::record::Record;
use xero::ContactId;
use xero::models::NewInvoice;

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
    pub(super) document: Option<NewInvoice>,
    /// Whether an earlier run may have sent it.
    pub(super) maybe_sent: bool,
}

impl Job {
    /// A job for an event.
    #[must_use]
    pub fn new(event: Event, raw: String) -> Self {
        Self { event: Some(event), raw, outcome: None, record: None, contact: None, document: None, maybe_sent: false }
    }

    /// A message that is no event.
    #[must_use]
    pub fn parked(reason: &str) -> Self {
        Self {
            event: None,
            raw: String::new(),
            outcome: Some(Outcome::Park(reason.to_owned())),
            record: None,
            contact: None,
            document: None,
            maybe_sent: false,
        }
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.outcome.is_some()
    }

    /// The invoice of the event.
    #[must_use]
    pub fn invoice(&self) -> Option<&Invoice> {
        self.event.as_ref().map(|event| match &event.body {
            Body::InvoiceCreated(invoice) => invoice.as_ref(),
        })
    }

    /// Whose it is.
    #[must_use]
    pub fn account(&self) -> Option<&AccountId> {
        self.event.as_ref().map(|event| &event.account)
    }

    pub(super) fn done(&mut self) {
        self.outcome = Some(Outcome::Done);
    }
}
