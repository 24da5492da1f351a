//! What an event changes in what a record should be, and what is left to do for it. An event that changes nothing says
//! why; nothing older ever comes over something newer.

use super::{ContentRegister, EventOrder, Record, Standing, State, UnderWay};
use crate::event::{Body, Event, Revision};
use crate::random;
use jiff::Timestamp;
use serde_json::Value;

/// What became of an event in the registers of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// The record wants something else now.
    Taken,
    /// It says what the record knows already.
    Repeated,
    /// It changes nothing, for this reason.
    Ignored(&'static str),
    /// An edit of something that was never sent to Xero: it goes there when the user sends it.
    NotSentYet,
}

/// What is left to do for a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Bring it into Xero.
    Create,
    /// Bring the document in Xero up to date.
    Update,
    /// Void or delete it in Xero.
    Remove,
    /// Note that nothing is ever to be sent.
    TakeBack,
    /// Nothing.
    Nothing,
}

const OLDER: &str = "An older version of it came late and was left aside: what came after it counts";
const TAKEN_BACK: &str = "A change came for something that was voided or deleted in Sessional: nothing was done";
const REMOVAL_OLDER: &str = "An older void or deletion came late and was left aside: it was made again after it";
const GONE_ALREADY: &str = "It is voided or deleted in Xero already: nothing was left to be done";
const UNLINKED: &str = "A change came, and the document is not linked to Xero any more: nothing was done";

impl Record {
    /// Takes what an event says into the registers. What was accepted stays wanted until it is done, or something newer
    /// takes its place.
    pub fn accept(&mut self, event: &Event, raw: &str, received: Timestamp) -> Acceptance {
        let order = EventOrder::new(event.revision.map(Revision::get), event.occurred_at, received);
        if self.stands == Standing::Unlinked {
            return Acceptance::Ignored(UNLINKED);
        }
        match &event.body {
            Body::InvoiceVoided(_) | Body::ExpenseDeleted(_) => self.accept_removal(order),
            Body::InvoiceCreated(_) | Body::ExpenseLogged(_) => self.accept_content(event, raw, order, true),
            Body::InvoiceUpdated(_) | Body::ExpenseUpdated(_) => self.accept_content(event, raw, order, false),
            Body::InvoiceSent(_) => {
                let was_sent = self.registers.sent.is_some();
                if order.is_after(self.registers.sent.as_ref()) {
                    self.registers.sent = Some(order);
                }
                match self.accept_content(event, raw, order, false) {
                    // However old it is, that it was sent stays true.
                    Acceptance::Repeated | Acceptance::Ignored(_)
                        if !was_sent && !self.registers.is_removed() && self.is_synced() =>
                    {
                        self.event.get_or_insert_with(|| raw.to_owned());
                        Acceptance::Taken
                    }
                    other => other,
                }
            }
        }
    }

    /// What is left to do.
    #[must_use]
    pub fn wants(&self) -> Want {
        if self.stands == Standing::Unlinked {
            return Want::Nothing;
        }
        let in_xero = self.reference.is_some() && self.is_synced();
        if self.registers.is_removed() {
            return match self.stands {
                _ if in_xero => Want::Remove,
                Standing::NotInXero => Want::TakeBack,
                // Voided or deleted in Xero by somebody: what was said about that is over.
                Standing::Voided | Standing::Deleted
                    if self.under_way != UnderWay::Nothing || self.divergence.is_some() =>
                {
                    Want::Remove
                }
                _ => Want::Nothing,
            };
        }
        match self.event {
            None => Want::Nothing,
            // What somebody voided or deleted in Xero is not made again: the update says that it is gone.
            Some(_) if in_xero || self.reference.is_some() => Want::Update,
            Some(_) => Want::Create,
        }
    }

    fn accept_removal(&mut self, order: EventOrder) -> Acceptance {
        if !order.is_after(self.registers.removed.as_ref()) {
            return Acceptance::Repeated;
        }
        self.registers.removed = Some(order);
        if !self.registers.is_removed() {
            return Acceptance::Ignored(REMOVAL_OLDER);
        }
        // What was told of it, or waits for it, is over: that is still to be said.
        if self.is_gone() && self.under_way == UnderWay::Nothing {
            self.divergence = None;
            return Acceptance::Ignored(GONE_ALREADY);
        }
        Acceptance::Taken
    }

    fn accept_content(&mut self, event: &Event, raw: &str, order: EventOrder, makes: bool) -> Acceptance {
        let was_removed = self.registers.is_removed();
        if makes && order.is_after(self.registers.made.as_ref()) {
            self.registers.made = Some(order);
        }
        if self.registers.is_removed() {
            return Acceptance::Ignored(TAKEN_BACK);
        }
        if order.is_before(self.registers.content.as_ref().map(|content| &content.order)) {
            return Acceptance::Ignored(OLDER);
        }
        let digest = content_digest(raw);
        if was_removed {
            self.begin_again();
        }
        let known = self.registers.content.as_ref().is_some_and(|content| content.digest == digest);
        if !known || was_removed {
            // What was chosen was about what it said before.
            self.to_adopt = None;
        }
        self.registers.content = Some(ContentRegister { order, digest });
        let never_sent = matches!(self.state(), State::Intent | State::Skipped) && self.event.is_none();
        let edit = matches!(event.body, Body::InvoiceUpdated(_) | Body::ExpenseUpdated(_));
        if edit && never_sent && !self.may_be_in_xero() {
            return Acceptance::NotSentYet;
        }
        if known && !was_removed && self.event.is_none() && self.is_synced() {
            return Acceptance::Repeated;
        }
        self.event = Some(raw.to_owned());
        Acceptance::Taken
    }

    /// Whether the document was in Xero and is voided or deleted there.
    fn is_gone(&self) -> bool {
        matches!(self.stands, Standing::Voided | Standing::Deleted)
    }

    /// It was removed and is made again: the next generation, which has nothing in Xero yet.
    fn begin_again(&mut self) {
        // What was not removed yet, or may still be under way, has to go first: the removal is not forgotten.
        if self.is_synced() || self.may_be_in_xero() {
            return;
        }
        self.generation += 1;
        self.earlier.extend(self.reference.take());
        self.stands = Standing::NotInXero;
        self.under_way = UnderWay::Nothing;
        self.registers.sent = None;
        self.content_hash = None;
        self.told = None;
        self.accepted_total = None;
        self.sent = false;
        self.mark_withheld = false;
        self.paid_on = None;
        self.payments.clear();
        self.divergence = None;
        self.amounts.due = None;
        self.amounts.paid = None;
        self.amounts.credited = None;
        self.amounts.xero_total = None;
    }
}

/// Hash of the document as Sessional told it; how its JSON is laid out plays no part.
fn content_digest(raw: &str) -> String {
    let event: Value = serde_json::from_str(raw).unwrap_or_default();
    let content = event.get("invoice").or_else(|| event.get("expense"));
    random::digest(&content.unwrap_or(&Value::Null).to_string())
}
