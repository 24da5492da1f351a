//! What a document in Xero says about its record: how far it is settled, and whether it was changed there. Only where
//! the document stands counts: a record that waits, is held or has failed hears of it all the same.

use super::settlement::follow_settlement;
use crate::calendar;
use crate::divergence::{self, ChangedField, Divergence, changed_fields, with_contact_of};
use crate::notification::Details;
use crate::record::{Record, Reference, Standing, UnderWay};
use jiff::{SignedDuration, Timestamp};
use xero::models::{BankTransaction, BankTransactionStatus, Invoice, InvoiceStatus};
use xero::{ContactId, InvoiceId};

/// How long a change in Xero is left alone before it is called somebody else's: a write of our own is answered and
/// noted by then.
pub const OWN_WRITE_TIME: SignedDuration = SignedDuration::from_secs(15);

/// What a reading brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Whether the record has changed and must be stored.
    pub changed: bool,
    /// Whether it has to be read again in a while: nobody can say yet whose change it was.
    pub again: bool,
}

/// A document as Xero shows it.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'a> {
    /// An invoice or a bill.
    Invoice(&'a Invoice),
    /// Spend money.
    SpendMoney(&'a BankTransaction),
}

impl Shown<'_> {
    /// Xero's id, as the record's reference has it.
    #[must_use]
    pub fn id(self) -> InvoiceId {
        match self {
            Self::Invoice(invoice) => invoice.invoice_id,
            Self::SpendMoney(spend) => InvoiceId::from_uuid(*spend.bank_transaction_id.as_uuid()),
        }
    }

    /// When it changed last.
    #[must_use]
    pub fn updated(self) -> Option<Timestamp> {
        match self {
            Self::Invoice(invoice) => invoice.updated,
            Self::SpendMoney(spend) => spend.updated,
        }
    }

    fn contact(self) -> Option<ContactId> {
        let contact = match self {
            Self::Invoice(invoice) => invoice.contact.as_ref(),
            Self::SpendMoney(spend) => spend.contact.as_ref(),
        };
        contact.map(|contact| contact.contact_id)
    }

    fn fingerprint(self) -> Option<String> {
        match self {
            Self::Invoice(invoice) => divergence::fingerprint(invoice),
            Self::SpendMoney(spend) => divergence::fingerprint_of_spend_money(spend),
        }
    }

    /// How it was taken out of the books, if it was.
    fn removal(self) -> Option<divergence::Change> {
        match self {
            Self::Invoice(invoice) => match invoice.status {
                InvoiceStatus::Voided => Some(divergence::Change::Voided),
                InvoiceStatus::Deleted => Some(divergence::Change::Deleted),
                _ => None,
            },
            Self::SpendMoney(spend) => match &spend.status {
                BankTransactionStatus::Deleted => Some(divergence::Change::Deleted),
                BankTransactionStatus::Voided => Some(divergence::Change::Voided),
                BankTransactionStatus::Authorised | BankTransactionStatus::Other(_) => None,
            },
        }
    }

    /// Brings the record up to how far it is settled.
    fn settle(self, record: &mut Record, now: Timestamp) -> bool {
        match self {
            Self::Invoice(invoice) => follow_settlement(record, invoice, now),
            Self::SpendMoney(_) if self.removal().is_some() => {
                record.stands = Standing::Deleted;
                true
            }
            Self::SpendMoney(spend) => {
                let known = std::mem::replace(&mut record.amounts.xero_total, spend.total);
                record.amounts.xero_total = spend.total.or(known);
                record.amounts.xero_total != known
            }
        }
    }
}

/// Which contact a document is for instead of the one that it was written for.
#[must_use]
pub(super) fn other_contact(record: &Record, document: Shown<'_>) -> Option<(ContactId, ContactId)> {
    let written = record.reference.as_ref()?.contact?;
    let shown = document.contact()?;
    (written != shown).then_some((written, shown))
}

/// Brings the record up to what Xero says; what is news puts notifications into its outbox. `merged` says that Xero
/// merged the contact that it was written for into the one that is shown.
pub fn read_shown(record: &mut Record, document: Shown<'_>, merged: bool, now: Timestamp) -> Reading {
    let known = record.reference.as_ref().and_then(|reference| reference.updated_at);
    let stale = known.zip(document.updated()).is_some_and(|(known, read)| read < known);
    if stale || !record.is_synced() {
        return Reading::default();
    }
    let fresh = document.updated().is_some_and(|updated| now.duration_since(updated) < OWN_WRITE_TIME);
    if let Some(change) = document.removal() {
        // A removal of our own, whose answer is not noted yet, is no divergence.
        if fresh || writes(record) && record.registers.is_removed() {
            return Reading { changed: false, again: fresh };
        }
        return Reading { changed: note_gone(record, document, change, now), again: false };
    }
    let settled = document.settle(record, now);
    let mut read = see(record, document, merged, fresh, now);
    read.changed |= settled;
    read
}

/// Whether a call of our own may change the document at this moment.
fn writes(record: &Record) -> bool {
    match record.under_way {
        UnderWay::Intent | UnderWay::Waiting => true,
        UnderWay::Nothing | UnderWay::Held | UnderWay::Failed | UnderWay::Skipped => record.intent.is_some(),
    }
}

/// It was voided or deleted in Xero: that is where it stands now, whatever Sessional still wanted of it.
fn note_gone(record: &mut Record, document: Shown<'_>, change: divergence::Change, now: Timestamp) -> bool {
    let unsent = record.event.is_some() && !record.registers.is_removed();
    record.clear();
    document.settle(record, now);
    note_update(record, document);
    if unsent {
        record.note("What was still to be changed in Xero cannot be changed there any more", now);
    }
    if record.registers.is_removed() {
        record.divergence = None;
        record.note("Voided or deleted in Xero, as it was in Sessional", now);
    } else {
        diverge(record, change, Vec::new(), document, now);
    }
    true
}

/// Notes what Xero shows, and how it differs from what was written.
fn see(record: &mut Record, document: Shown<'_>, merged: bool, fresh: bool, now: Timestamp) -> Reading {
    // While a write of our own is under way, its echo may come before its answer: nothing is judged by it.
    let shown = document.fingerprint().filter(|_| !writes(record));
    let Some(reference) = record.reference.as_mut() else { return Reading::default() };
    let Some(shown) = shown else { return Reading { changed: note_update(record, document), again: false } };
    if let Some(written) = reference.written.as_mut().filter(|_| merged) {
        *written = with_contact_of(written, &shown);
        reference.contact = document.contact();
    }
    let compared = reference.written.as_deref().map(|written| changed_fields(written, &shown));
    // A record from before contents were noted, or were noted part by part: what is seen first counts as written.
    let Some(fields) = compared.flatten() else {
        reference.written = Some(shown.clone());
        reference.seen = Some(shown);
        note_update(record, document);
        return Reading { changed: true, again: false };
    };
    let is_news = reference.seen.as_ref() != Some(&shown);
    if !fields.is_empty() && is_news && fresh {
        return Reading { changed: merged, again: true };
    }
    reference.seen = Some(shown);
    let mut changed = note_update(record, document) || merged || is_news;
    if fields.is_empty() {
        if record.divergence.take().is_some() {
            const AGREES: &str = "In Xero it is again as it was sent";
            record.note(AGREES, now);
            record.tell(Details::RecordSynced { message: AGREES.to_owned() }, now);
            changed = true;
        }
    } else if is_news || record.divergence.is_none() {
        diverge(record, divergence::Change::Edited, fields, document, now);
        changed = true;
    }
    Reading { changed, again: false }
}

/// Takes the time of the last change; true when it is news.
fn note_update(record: &mut Record, document: Shown<'_>) -> bool {
    let Some(reference) = record.reference.as_mut() else { return false };
    let newer = document.updated().is_some() && document.updated() != reference.updated_at;
    if newer {
        reference.updated_at = document.updated();
    }
    newer
}

/// Tells of a change, once.
fn diverge(
    record: &mut Record,
    change: divergence::Change,
    fields: Vec<ChangedField>,
    document: Shown<'_>,
    now: Timestamp,
) {
    let changed_on = calendar::day_in(record.timezone.as_deref(), document.updated().unwrap_or(now));
    let followed = record.reference.as_ref().is_some_and(Reference::is_followed);
    let divergence = Divergence::new(change, fields.clone(), changed_on, followed);
    let (message, action) = (divergence.message.clone(), divergence.action);
    record.divergence = Some(divergence);
    record.note(message.clone(), now);
    record.tell(Details::RecordDiverged { change, fields, changed_on, message, action }, now);
}
