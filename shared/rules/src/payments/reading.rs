//! What an invoice in Xero says about its record: whether it is paid, and whether it was changed there. The
//! status counts before the amounts: a voided invoice still shows an amount due, and credit can settle one
//! without any payment.

use crate::calendar;
use crate::divergence::{self, Divergence, fingerprint};
use crate::notification::{Details, Notification, PAYMENT_NOTE};
use crate::record::{Kind, Record, Standing};
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use xero::models::{Invoice, InvoiceStatus, PaymentStatus};

/// The note when credit and not a payment settled an invoice.
const CREDIT_NOTE: &str = "Settled by credit in Xero";
/// The note when both did.
const MIXED_NOTE: &str = "Payment detected in Xero, the rest settled by credit";
/// The note when an invoice over nothing counts as paid.
const NOTHING_DUE_NOTE: &str = "Nothing was due in Xero";
/// The note when a payment was taken back.
const REVERSED_NOTE: &str = "A payment was removed in Xero";

/// Whether a reading changed the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It says what the record says already, or is older.
    None,
    /// The record has changed and must be stored.
    Some,
}

/// What Xero says about an invoice's payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Unpaid,
    PartPaid,
    Paid,
    /// Voided or deleted in Xero, which needs that no payment stands.
    Gone,
    /// A status newer than this code.
    Unknown,
}

/// Brings the record up to what Xero says; a changed payment puts a notification into its outbox.
pub fn read_invoice(record: &mut Record, invoice: &Invoice, now: Timestamp) -> Change {
    let known = record.reference.as_ref().and_then(|reference| reference.updated_at);
    let stale = known.zip(invoice.updated).is_some_and(|(known, read)| read < known);
    if stale || !record.is_synced() {
        return Change::None;
    }
    let seen = see(record, invoice, now);
    let followed = record.key.kind == Kind::Invoice && follow_payment(record, invoice, now);
    if seen || followed { Change::Some } else { Change::None }
}

/// Notes what Xero shows, and how it differs from what was written.
fn see(record: &mut Record, invoice: &Invoice, now: Timestamp) -> bool {
    let writing = record.intent.is_some();
    let Some(reference) = record.reference.as_mut() else { return false };
    let newer = invoice.updated.is_some() && invoice.updated != reference.updated_at;
    // While a write of our own is under way, its echo may come before its answer: nothing is judged by it.
    let shown = fingerprint(invoice).filter(|_| !writing);
    let other = shown.is_some() && shown != reference.seen;
    if newer {
        reference.updated_at = invoice.updated;
    }
    if other {
        reference.seen = shown;
        // A record from before contents were noted: what is seen first counts as written.
        if reference.written.is_none() {
            reference.written.clone_from(&reference.seen);
        }
    }
    let edited = other && reference.seen != reference.written;
    let mended = other && !edited;
    let on = calendar::day_in(record.timezone.as_deref(), invoice.updated.unwrap_or(now));
    let diverged = match invoice.status {
        InvoiceStatus::Voided => diverge(record, divergence::Change::Voided, on, now),
        InvoiceStatus::Deleted => diverge(record, divergence::Change::Deleted, on, now),
        _ if edited => diverge(record, divergence::Change::Edited, on, now),
        _ if mended && record.divergence.is_some() => {
            record.divergence = None;
            record.note("In Xero it is again as it was sent", now);
            true
        }
        _ => false,
    };
    newer || other || diverged
}

fn diverge(record: &mut Record, change: divergence::Change, on: Date, now: Timestamp) -> bool {
    let divergence = Divergence::new(change, on);
    let known = record.divergence.as_ref().is_some_and(|known| known.change == change && change.is_final());
    if known || record.divergence.as_ref() == Some(&divergence) {
        return false;
    }
    record.note(divergence.message.clone(), now);
    record.divergence = Some(divergence);
    true
}

/// Moves the record's state of payment.
fn follow_payment(record: &mut Record, invoice: &Invoice, now: Timestamp) -> bool {
    let same = same_payment(record, invoice);
    let moved = match (reading(invoice), record.stands) {
        (Reading::Unknown, _) | (Reading::Gone, Standing::Synced) => return false,
        (Reading::Paid, Standing::Paid) | (Reading::PartPaid, Standing::PartPaid) if same => return false,
        (Reading::Unpaid, Standing::Synced) => return take_amounts(record, invoice),
        (Reading::Paid, _) => paid_in_full(record, invoice, now),
        (Reading::PartPaid, _) => part_paid(record, invoice),
        (Reading::Unpaid, _) => reversed(record, invoice.amount_due.unwrap_or_default()),
        // Xero voids nothing that has a payment, so it was removed before; and nothing is due any more.
        (Reading::Gone, _) => reversed(record, Decimal::ZERO),
    };
    let (state, details, message) = moved;
    record.paid_on = if let Details::InvoicePaid { paid_on, .. } = &details { Some(*paid_on) } else { None };
    take_amounts(record, invoice);
    record.outbox.push(Notification::new(&record.key.account, record.revision, now, details));
    record.stand(state, message, now);
    true
}

fn same_payment(record: &Record, invoice: &Invoice) -> bool {
    let same_day = invoice.fully_paid_on_date.is_none_or(|day| record.paid_on == Some(day));
    let amounts = &record.amounts;
    same_day
        && amounts.paid.unwrap_or_default() == invoice.amount_paid.unwrap_or_default()
        && amounts.credited.unwrap_or_default() == invoice.amount_credited.unwrap_or_default()
}

/// Takes Xero's amounts; true when they are news.
fn take_amounts(record: &mut Record, invoice: &Invoice) -> bool {
    let amounts = &mut record.amounts;
    let before = amounts.clone();
    amounts.xero_total = invoice.total.or(amounts.xero_total);
    amounts.due = invoice.amount_due.or(amounts.due);
    // The answer to a write leaves out what is still nothing: that is no news.
    amounts.paid = invoice.amount_paid.filter(|paid| !paid.is_zero() || amounts.paid.is_some()).or(amounts.paid);
    let credited = invoice.amount_credited.filter(|credited| !credited.is_zero() || amounts.credited.is_some());
    amounts.credited = credited.or(amounts.credited);
    *amounts != before
}

fn reading(invoice: &Invoice) -> Reading {
    match invoice.status {
        InvoiceStatus::Paid => Reading::Paid,
        InvoiceStatus::Authorised if settled(invoice) > Decimal::ZERO => Reading::PartPaid,
        InvoiceStatus::Authorised | InvoiceStatus::Draft | InvoiceStatus::Submitted => Reading::Unpaid,
        InvoiceStatus::Voided | InvoiceStatus::Deleted => Reading::Gone,
        InvoiceStatus::Other(_) => Reading::Unknown,
    }
}

fn settled(invoice: &Invoice) -> Decimal {
    invoice.amount_paid.unwrap_or_default() + invoice.amount_credited.unwrap_or_default()
}

/// What settled it, or a part of it, so far.
fn note(invoice: &Invoice) -> &'static str {
    let paid = invoice.amount_paid.unwrap_or_default() > Decimal::ZERO;
    let credited = invoice.amount_credited.unwrap_or_default() > Decimal::ZERO;
    match (paid, credited) {
        (true, true) => MIXED_NOTE,
        (false, true) => CREDIT_NOTE,
        (true, false) => PAYMENT_NOTE,
        (false, false) if invoice.total.is_some_and(|total| total.is_zero()) => NOTHING_DUE_NOTE,
        // Some answers leave the amounts of a payment out.
        (false, false) => PAYMENT_NOTE,
    }
}

fn paid_in_full(record: &Record, invoice: &Invoice, now: Timestamp) -> (Standing, Details, String) {
    let amount = invoice.amount_paid.unwrap_or_default();
    let note = note(invoice);
    let paid_on = paid_on(record, invoice, now);
    let over = invoice.total.map(|total| settled(invoice) - total).filter(|over| *over > Decimal::ZERO);
    let over = over.map(|over| format!(", {over} more than its total")).unwrap_or_default();
    let details = Details::InvoicePaid { invoice_id: record.key.id.clone(), paid_on, amount, note: note.to_owned() };
    (Standing::Paid, details, format!("{note}: paid in full on {}{over}", calendar::spelled(paid_on)))
}

/// The date is Xero's, as a date; only where it gives none, the last payment's, and then today's.
fn paid_on(record: &Record, invoice: &Invoice, now: Timestamp) -> Date {
    let standing = invoice.payments.iter().filter(|payment| payment.status != PaymentStatus::Deleted);
    let last_payment = standing.filter_map(|payment| payment.date).max();
    invoice.fully_paid_on_date.or(last_payment).unwrap_or_else(|| calendar::day_in(record.timezone.as_deref(), now))
}

fn part_paid(record: &Record, invoice: &Invoice) -> (Standing, Details, String) {
    let settled = settled(invoice);
    let due = invoice.amount_due.unwrap_or_default();
    let note = match note(invoice) {
        CREDIT_NOTE => "Credit applied in Xero",
        MIXED_NOTE => "Payment and credit detected in Xero",
        note => note,
    };
    let details = Details::InvoicePartPaid {
        invoice_id: record.key.id.clone(),
        amount: settled,
        amount_due: due,
        note: note.to_owned(),
    };
    (Standing::PartPaid, details, format!("{note}: {settled} so far, {due} still due"))
}

fn reversed(record: &Record, amount_due: Decimal) -> (Standing, Details, String) {
    let details = Details::InvoicePaymentReversed {
        invoice_id: record.key.id.clone(),
        amount_due,
        note: REVERSED_NOTE.to_owned(),
    };
    (Standing::Synced, details, format!("{REVERSED_NOTE}: {amount_due} is due again"))
}
