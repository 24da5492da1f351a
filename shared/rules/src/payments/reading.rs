//! What an invoice in Xero says about being paid. The status counts before the amounts: a voided invoice
//! still shows an amount due, and credit can settle one without any payment.

use crate::notification::{Details, Notification, PAYMENT_NOTE};
use crate::record::{Record, State};
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use xero::models::{Invoice, InvoiceStatus};

/// The note when credit and not a payment settled an invoice.
const CREDIT_NOTE: &str = "Settled by credit in Xero";
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
    /// Voided or deleted in Xero: nothing is said about payment.
    Gone,
}

/// Brings the record up to what Xero says, with a notification in its outbox when it changes.
pub fn read_payment(record: &mut Record, invoice: &Invoice, now: Timestamp) -> Change {
    let known = record.reference.as_ref().and_then(|reference| reference.updated_at);
    let stale = known.zip(invoice.updated).is_some_and(|(known, read)| read < known);
    if stale || !record.is_synced() {
        return Change::None;
    }
    let paid = invoice.amount_paid.unwrap_or_default();
    let same_amounts = record.amounts.paid.unwrap_or_default() == paid && record.amounts.due == invoice.amount_due;
    let (state, details, message) = match (reading(invoice), record.state) {
        (Reading::Gone, _) => return Change::None,
        (Reading::Unpaid, State::Synced) | (Reading::Paid, State::Paid) => return Change::None,
        (Reading::PartPaid, State::PartPaid) if same_amounts => return Change::None,
        (Reading::Paid, _) => paid_in_full(record, invoice, now),
        (Reading::PartPaid, _) => part_paid(record, invoice),
        (Reading::Unpaid, _) => reversed(record, invoice),
    };
    if let Some(reference) = record.reference.as_mut() {
        reference.updated_at = invoice.updated.or(reference.updated_at);
    }
    record.paid_on = if let Details::InvoicePaid { paid_on, .. } = &details { Some(*paid_on) } else { None };
    record.amounts.paid = Some(paid);
    record.amounts.due = invoice.amount_due;
    record.amounts.credited = invoice.amount_credited;
    record.outbox.push(Notification::new(&record.key.account, record.revision, now, details));
    record.enter(state, message, now);
    Change::Some
}

fn reading(invoice: &Invoice) -> Reading {
    let settled = invoice.amount_paid.unwrap_or_default() + invoice.amount_credited.unwrap_or_default();
    match invoice.status {
        InvoiceStatus::Paid => Reading::Paid,
        InvoiceStatus::Authorised if settled > Decimal::ZERO => Reading::PartPaid,
        InvoiceStatus::Authorised | InvoiceStatus::Draft | InvoiceStatus::Submitted => Reading::Unpaid,
        InvoiceStatus::Voided | InvoiceStatus::Deleted | InvoiceStatus::Other(_) => Reading::Gone,
    }
}

fn paid_in_full(record: &Record, invoice: &Invoice, now: Timestamp) -> (State, Details, String) {
    let amount = invoice.amount_paid.unwrap_or_default();
    let note = if amount.is_zero() { CREDIT_NOTE } else { PAYMENT_NOTE };
    let paid_on = paid_on(invoice, now);
    let details = Details::InvoicePaid { invoice_id: record.key.id.clone(), paid_on, amount, note: note.to_owned() };
    (State::Paid, details, format!("{note}: paid in full on {paid_on}"))
}

/// The date is Xero's, as a date; only where it gives none, the last payment's, and then today's.
fn paid_on(invoice: &Invoice, now: Timestamp) -> Date {
    let last_payment = invoice.payments.iter().filter_map(|payment| payment.date).max();
    invoice.fully_paid_on_date.or(last_payment).unwrap_or_else(|| now.to_zoned(jiff::tz::TimeZone::UTC).date())
}

fn part_paid(record: &Record, invoice: &Invoice) -> (State, Details, String) {
    let settled = invoice.amount_paid.unwrap_or_default() + invoice.amount_credited.unwrap_or_default();
    let due = invoice.amount_due.unwrap_or_default();
    let details = Details::InvoicePartPaid {
        invoice_id: record.key.id.clone(),
        amount: settled,
        amount_due: due,
        note: PAYMENT_NOTE.to_owned(),
    };
    (State::PartPaid, details, format!("{PAYMENT_NOTE}: {settled} so far, {due} still due"))
}

fn reversed(record: &Record, invoice: &Invoice) -> (State, Details, String) {
    let amount_due = invoice.amount_due.unwrap_or_default();
    let details = Details::InvoicePaymentReversed {
        invoice_id: record.key.id.clone(),
        amount_due,
        note: REVERSED_NOTE.to_owned(),
    };
    (State::Synced, details, format!("{REVERSED_NOTE}: {amount_due} is due again"))
}
