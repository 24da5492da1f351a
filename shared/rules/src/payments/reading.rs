//! What an invoice in Xero says about its record: how far it is settled, and whether it was changed there. Only where
//! the document stands counts: a record that waits, is held or has failed hears of it all the same.

use super::settlement::follow_settlement;
use crate::calendar;
use crate::divergence::{self, ChangedField, Divergence, changed_fields, fingerprint, with_contact_of};
use crate::notification::Details;
use crate::record::{Record, UnderWay};
use jiff::{SignedDuration, Timestamp};
use xero::ContactId;
use xero::models::{Invoice, InvoiceStatus};

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

/// Which contact a document is for instead of the one that it was written for.
#[must_use]
pub(super) fn other_contact(record: &Record, invoice: &Invoice) -> Option<(ContactId, ContactId)> {
    let written = record.reference.as_ref()?.contact?;
    let shown = invoice.contact.as_ref()?.contact_id;
    (written != shown).then_some((written, shown))
}

/// Brings the record up to what Xero says; what is news puts notifications into its outbox. `merged` says that Xero
/// merged the contact that it was written for into the one that is shown.
pub fn read_invoice(record: &mut Record, invoice: &Invoice, merged: bool, now: Timestamp) -> Reading {
    let known = record.reference.as_ref().and_then(|reference| reference.updated_at);
    let stale = known.zip(invoice.updated).is_some_and(|(known, read)| read < known);
    if stale || !record.is_synced() {
        return Reading::default();
    }
    let fresh = invoice.updated.is_some_and(|updated| now.duration_since(updated) < OWN_WRITE_TIME);
    if is_gone(invoice) {
        // A removal of our own, whose answer is not noted yet, is no divergence.
        if fresh || writes(record) && record.registers.is_removed() {
            return Reading { changed: false, again: fresh };
        }
        return Reading { changed: note_gone(record, invoice, now), again: false };
    }
    let settled = follow_settlement(record, invoice, now);
    let mut read = see(record, invoice, merged, fresh, now);
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

fn is_gone(invoice: &Invoice) -> bool {
    matches!(invoice.status, InvoiceStatus::Voided | InvoiceStatus::Deleted)
}

/// It was voided or deleted in Xero: that is where it stands now, whatever Sessional still wanted of it.
fn note_gone(record: &mut Record, invoice: &Invoice, now: Timestamp) -> bool {
    let change =
        if invoice.status == InvoiceStatus::Voided { divergence::Change::Voided } else { divergence::Change::Deleted };
    let unsent = record.event.is_some() && !record.registers.is_removed();
    record.clear();
    follow_settlement(record, invoice, now);
    note_update(record, invoice);
    if unsent {
        record.note("What was still to be changed in Xero cannot be changed there any more", now);
    }
    if record.registers.is_removed() {
        record.divergence = None;
        record.note("Voided or deleted in Xero, as it was in Sessional", now);
    } else {
        diverge(record, change, Vec::new(), invoice, now);
    }
    true
}

/// Notes what Xero shows, and how it differs from what was written.
fn see(record: &mut Record, invoice: &Invoice, merged: bool, fresh: bool, now: Timestamp) -> Reading {
    // While a write of our own is under way, its echo may come before its answer: nothing is judged by it.
    let shown = fingerprint(invoice).filter(|_| !writes(record));
    let Some(reference) = record.reference.as_mut() else { return Reading::default() };
    let Some(shown) = shown else { return Reading { changed: note_update(record, invoice), again: false } };
    if let Some(written) = reference.written.as_mut().filter(|_| merged) {
        *written = with_contact_of(written, &shown);
        reference.contact = invoice.contact.as_ref().map(|contact| contact.contact_id);
    }
    let compared = reference.written.as_deref().map(|written| changed_fields(written, &shown));
    // A record from before contents were noted, or were noted part by part: what is seen first counts as written.
    let Some(fields) = compared.flatten() else {
        reference.written = Some(shown.clone());
        reference.seen = Some(shown);
        note_update(record, invoice);
        return Reading { changed: true, again: false };
    };
    let is_news = reference.seen.as_ref() != Some(&shown);
    if !fields.is_empty() && is_news && fresh {
        return Reading { changed: merged, again: true };
    }
    reference.seen = Some(shown);
    let mut changed = note_update(record, invoice) || merged || is_news;
    if fields.is_empty() {
        if record.divergence.take().is_some() {
            const AGREES: &str = "In Xero it is again as it was sent";
            record.note(AGREES, now);
            record.tell(Details::RecordSynced { message: AGREES.to_owned() }, now);
            changed = true;
        }
    } else if is_news || record.divergence.is_none() {
        diverge(record, divergence::Change::Edited, fields, invoice, now);
        changed = true;
    }
    Reading { changed, again: false }
}

/// Takes the time of the last change; true when it is news.
fn note_update(record: &mut Record, invoice: &Invoice) -> bool {
    let Some(reference) = record.reference.as_mut() else { return false };
    let newer = invoice.updated.is_some() && invoice.updated != reference.updated_at;
    if newer {
        reference.updated_at = invoice.updated;
    }
    newer
}

/// Tells of a change, once.
fn diverge(
    record: &mut Record,
    change: divergence::Change,
    fields: Vec<ChangedField>,
    invoice: &Invoice,
    now: Timestamp,
) {
    let changed_on = calendar::day_in(record.timezone.as_deref(), invoice.updated.unwrap_or(now));
    let divergence = Divergence::new(change, fields.clone(), changed_on);
    let (message, action) = (divergence.message.clone(), divergence.action);
    record.divergence = Some(divergence);
    record.note(message.clone(), now);
    record.tell(Details::RecordDiverged { change, fields, changed_on, message, action }, now);
}
