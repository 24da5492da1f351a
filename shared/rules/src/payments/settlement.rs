//! What Xero shows of a document's settlement, and what of it is news: paid, partly paid, settled by credit, and back.
//! The status counts before the amounts: a voided invoice still shows an amount due, and credit can settle one without
//! any payment. Amounts that an answer leaves out follow from those that it has.

use crate::calendar;
use crate::notification::{Details, PAYMENT_NOTE};
use crate::record::{Kind, Record, ShownPayment, Standing};
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use xero::models::{Invoice, InvoiceStatus, PaymentStatus};

/// The note when credit and not a payment settled an invoice.
const CREDIT_NOTE: &str = "Settled by credit in Xero";
/// The note when both did.
const MIXED_NOTE: &str = "Payment detected in Xero, the rest settled by credit";
/// The note when an invoice over nothing counts as settled.
const NOTHING_DUE_NOTE: &str = "Nothing was due in Xero";
/// The note when a payment was taken back.
const REVERSED_NOTE: &str = "A payment was removed in Xero";
/// The note when credit was taken back.
const CREDIT_REVERSED_NOTE: &str = "Credit was taken back in Xero";
/// Most payments that are kept singly.
const MAX_PAYMENTS: usize = 200;

/// How far a document is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Settlement {
    stands: Standing,
    total: Decimal,
    paid: Decimal,
    credited: Decimal,
    due: Decimal,
    /// The day since when nothing is due; none while something is.
    settled_on: Option<Date>,
    payments: Vec<ShownPayment>,
}

/// Brings the record up to how far Xero shows its document settled, with a notification for each thing that is news of
/// an invoice. True when the record has changed.
pub fn follow_settlement(record: &mut Record, invoice: &Invoice, now: Timestamp) -> bool {
    let before = Settlement::known(record);
    let today = calendar::day_in(record.timezone.as_deref(), now);
    let Some(after) = Settlement::shown(&before, invoice, today) else { return false };
    let amounts = record.amounts.clone();
    after.write(record, invoice);
    if after == before {
        return record.amounts != amounts;
    }
    for (details, message) in news(record, &before, &after) {
        record.note(message, now);
        if record.key.kind == Kind::Invoice {
            record.tell(details, now);
        }
    }
    true
}

/// What has happened between two looks, in the order in which it has to be told.
fn news(record: &Record, before: &Settlement, after: &Settlement) -> Vec<(Details, String)> {
    let invoice_id = || record.key.id.clone();
    let mut news = Vec::new();
    let less_paid = after.paid < before.paid;
    let reversed = less_paid || after.settled() < before.settled();
    if reversed {
        let note = if less_paid { REVERSED_NOTE } else { CREDIT_REVERSED_NOTE };
        let message = format!("{note}: {} is due now", after.due);
        news.push((Details::InvoicePaymentReversed { invoice_id: invoice_id(), note: note.to_owned() }, message));
    }
    let moved = (after.stands, after.paid, after.credited) != (before.stands, before.paid, before.credited);
    match after.stands {
        Standing::Paid if moved || after.settled_on != before.settled_on => {
            let (note, on) = (after.note(), after.settled_on.unwrap_or_default());
            let over = after.settled() - after.total;
            let over = if over > Decimal::ZERO { format!(", {over} more than its total") } else { String::new() };
            let note_text = note.to_owned();
            news.push(if after.paid > Decimal::ZERO {
                let details = Details::InvoicePaid { invoice_id: invoice_id(), paid_on: on, note: note_text };
                (details, format!("{note}: paid in full on {}{over}", calendar::spelled(on)))
            } else {
                let details =
                    Details::InvoiceSettledByCredit { invoice_id: invoice_id(), settled_on: on, note: note_text };
                (details, format!("{note}: nothing is due since {}{over}", calendar::spelled(on)))
            });
        }
        Standing::PartPaid if moved && !reversed => {
            let note = match after.note() {
                CREDIT_NOTE => "Credit applied in Xero",
                MIXED_NOTE => "Payment and credit detected in Xero",
                note => note,
            };
            let paid_on = after.payments.iter().filter_map(|payment| payment.date).max();
            let details = Details::InvoicePartPaid { invoice_id: invoice_id(), paid_on, note: note.to_owned() };
            news.push((details, format!("{note}: {} so far, {} still due", after.settled(), after.due)));
        }
        _ => {}
    }
    news
}

impl Settlement {
    /// What the record knows.
    fn known(record: &Record) -> Self {
        let amounts = &record.amounts;
        Self {
            stands: record.stands,
            total: amounts.xero_total.unwrap_or_default(),
            paid: amounts.paid.unwrap_or_default(),
            credited: amounts.credited.unwrap_or_default(),
            due: amounts.due.unwrap_or_default(),
            settled_on: record.paid_on,
            payments: record.payments.clone(),
        }
    }

    /// What Xero shows; none of a status that is newer than this code.
    fn shown(before: &Self, invoice: &Invoice, today: Date) -> Option<Self> {
        let total = invoice.total.unwrap_or(before.total);
        let (paid, credited) = settled_parts(before, invoice, total);
        let settled = paid + credited;
        let stands = match invoice.status {
            InvoiceStatus::Paid => Standing::Paid,
            InvoiceStatus::Authorised if settled > Decimal::ZERO => Standing::PartPaid,
            InvoiceStatus::Authorised | InvoiceStatus::Draft | InvoiceStatus::Submitted => Standing::Synced,
            // Xero voids nothing that has a payment, so it was removed before; and nothing is due any more.
            InvoiceStatus::Voided => return Some(Self::gone(Standing::Voided, total)),
            InvoiceStatus::Deleted => return Some(Self::gone(Standing::Deleted, total)),
            InvoiceStatus::Other(_) => return None,
        };
        let payments = payments(before, invoice, paid);
        let due = invoice.amount_due.unwrap_or(total - settled);
        let settled_on = (stands == Standing::Paid).then(|| settled_on(before, invoice, &payments, today));
        Some(Self { stands, total, paid, credited, due, settled_on, payments })
    }

    fn gone(stands: Standing, total: Decimal) -> Self {
        let zero = Decimal::ZERO;
        Self { stands, total, paid: zero, credited: zero, due: zero, settled_on: None, payments: Vec::new() }
    }

    fn settled(&self) -> Decimal {
        self.paid + self.credited
    }

    /// What settled it, or a part of it, so far.
    fn note(&self) -> &'static str {
        match (self.paid > Decimal::ZERO, self.credited > Decimal::ZERO) {
            (true, true) => MIXED_NOTE,
            (false, true) => CREDIT_NOTE,
            (true, false) => PAYMENT_NOTE,
            (false, false) => NOTHING_DUE_NOTE,
        }
    }

    fn write(&self, record: &mut Record, invoice: &Invoice) {
        record.stands = self.stands;
        record.paid_on = self.settled_on;
        record.payments.clone_from(&self.payments);
        let amounts = &mut record.amounts;
        amounts.xero_total = invoice.total.or(amounts.xero_total);
        amounts.due = Some(self.due);
        // The answer to a write leaves out what is still nothing: that is no news.
        amounts.paid = Some(self.paid).filter(|paid| !paid.is_zero() || amounts.paid.is_some());
        amounts.credited = Some(self.credited).filter(|credited| !credited.is_zero() || amounts.credited.is_some());
    }
}

/// What payments and what credit settled. Xero leaves out one or the other in some answers.
fn settled_parts(before: &Settlement, invoice: &Invoice, total: Decimal) -> (Decimal, Decimal) {
    let due = match invoice.status {
        InvoiceStatus::Paid => Some(invoice.amount_due.unwrap_or_default()),
        _ => invoice.amount_due,
    };
    let rest = |part: Decimal| due.map(|due| (total - due - part).max(Decimal::ZERO));
    match (invoice.amount_paid, invoice.amount_credited) {
        (Some(paid), Some(credited)) => (paid, credited),
        (Some(paid), None) => (paid, rest(paid).unwrap_or(before.credited)),
        (None, Some(credited)) => (rest(credited).unwrap_or(before.paid), credited),
        (None, None) => (rest(before.credited).unwrap_or(before.paid), before.credited),
    }
}

/// The payments that stand. A missing list is not an empty one: what was known stays where it still adds up.
fn payments(before: &Settlement, invoice: &Invoice, paid: Decimal) -> Vec<ShownPayment> {
    let standing = invoice.payments.iter().filter(|payment| payment.status != PaymentStatus::Deleted);
    let mut shown: Vec<ShownPayment> = standing
        .map(|payment| ShownPayment {
            id: payment.payment_id,
            date: payment.date,
            amount: payment.amount.unwrap_or_default(),
        })
        .collect();
    if shown.is_empty() && before.payments.iter().map(|payment| payment.amount).sum::<Decimal>() == paid {
        return before.payments.clone();
    }
    shown.sort_by_key(|payment| (payment.date, payment.id));
    shown.truncate(MAX_PAYMENTS);
    shown
}

/// The date is Xero's, as a date; only where it gives none, the last payment's, and then that of the first look.
fn settled_on(before: &Settlement, invoice: &Invoice, payments: &[ShownPayment], today: Date) -> Date {
    let last_payment = payments.iter().filter_map(|payment| payment.date).max();
    let given = invoice.fully_paid_on_date.or(last_payment).or(before.settled_on);
    given.unwrap_or(today)
}

#[cfg(test)]
mod tests;
