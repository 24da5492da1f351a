//! What people do with money at the desk: pay, in batches too, prepay, credit, allocate, write off, and undo it.

use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::acts::sentence;
use crate::accounting::invoices::document;
use crate::accounting::{Ctx, credit_notes, payments};
use crate::ids::fresh;
use crate::world::records::{Account, Allocation, Document, Kind, Line, Payment};

/// A payment as somebody wants it; what is left open has a usual value.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) amount: Option<Decimal>,
    pub(super) date: Option<Date>,
    pub(super) account: Option<String>,
    pub(super) rate: Option<Decimal>,
    pub(super) reference: Option<String>,
    pub(super) reconciled: bool,
    pub(super) batch: Option<Uuid>,
}

/// Records a payment; all that is due, today, into a bank account of its currency.
pub(super) fn pay(ctx: &mut Ctx<'_>, id: Uuid, wanted: Wanted) -> Result<Payment, String> {
    let invoice = ctx.ledger.invoices.get(&id).map(|document| (document, ctx.ledger.outstanding(document)));
    let credit = ctx.ledger.credit(id).map(|note| (note, note.total - ctx.ledger.applied(id)));
    let (document, due) = invoice.or(credit).ok_or("the document is unknown")?;
    let account = match &wanted.account {
        Some(code) => ctx.ledger.account_by_code(code).filter(|account| account.is_bank() || account.enable_payments),
        None => bank_account(ctx, &document.currency),
    };
    let payment = Payment {
        id: fresh(),
        document: id,
        account: account.ok_or("there is no such account for payments")?.id,
        date: wanted.date.unwrap_or_else(|| ctx.today()),
        amount: wanted.amount.unwrap_or(due),
        currency_rate: wanted.rate.unwrap_or(document.currency_rate),
        reference: wanted.reference,
        reconciled: wanted.reconciled,
        batch: wanted.batch,
        deleted: false,
        updated: ctx.now,
    };
    payments::pay(ctx, payment).map_err(sentence)
}

/// A bank account of a currency, or any.
fn bank_account<'c>(ctx: &'c Ctx<'_>, currency: &str) -> Option<&'c Account> {
    let banks = || ctx.ledger.accounts.iter().filter(|account| account.is_bank() && !account.archived);
    banks().find(|account| account.currency.as_deref() == Some(currency)).or_else(|| banks().next())
}

/// Removes a payment and makes another like it; the new one's id.
pub(super) fn edit_payment(
    ctx: &mut Ctx<'_>,
    id: Uuid,
    amount: Option<Decimal>,
    date: Option<Date>,
) -> Result<Uuid, String> {
    let before = payments::remove(ctx, id).map_err(sentence)?;
    let (amount, date) = (amount.unwrap_or(before.amount), date.unwrap_or(before.date));
    let after = Payment { id: fresh(), amount, date, deleted: false, updated: ctx.now, ..before.clone() };
    let made = payments::pay(ctx, after);
    if made.is_err() {
        // What cannot be made leaves the old one as it was.
        ctx.ledger.payments.insert(before.id, Payment { deleted: false, ..before.clone() });
        ctx.ledger.settle(before.document, ctx.now);
    }
    made.map(|payment| payment.id).map_err(sentence)
}

/// Pays several documents at once; none is paid when one cannot be.
pub(super) fn pay_batch(ctx: &mut Ctx<'_>, documents: &[Uuid], date: Option<Date>) -> Result<Uuid, String> {
    let batch = fresh();
    for id in documents {
        let paid = pay(ctx, *id, Wanted { date, batch: Some(batch), ..Wanted::default() });
        if let Err(sentence) = paid {
            remove_batch(ctx, batch)?;
            return Err(sentence);
        }
    }
    Ok(batch)
}

/// Removes every payment of a batch.
pub(super) fn remove_batch(ctx: &mut Ctx<'_>, batch: Uuid) -> Result<(), String> {
    let alive = |payment: &&Payment| payment.batch == Some(batch) && !payment.deleted;
    let of_batch: Vec<Uuid> = ctx.ledger.payments.values().filter(alive).map(|payment| payment.id).collect();
    for id in of_batch {
        if let Some(payment) = ctx.ledger.payments.get_mut(&id) {
            payment.batch = None;
        }
        let removed = payments::remove(ctx, id).map_err(sentence);
        if let Some(payment) = ctx.ledger.payments.get_mut(&id) {
            payment.batch = Some(batch);
        }
        removed?;
    }
    Ok(())
}

/// Money of a contact that waits for an invoice.
pub(super) fn prepay(ctx: &mut Ctx<'_>, kind: Kind, contact: Uuid, amount: Decimal) -> Result<Uuid, String> {
    if !ctx.ledger.contacts.contains_key(&contact) || amount <= Decimal::ZERO {
        return Err("the contact is unknown, or the amount nothing".to_owned());
    }
    let mut document = document::blank(ctx, kind);
    document.status = "AUTHORISED".to_owned();
    document.contact = Some(contact);
    document.line_amounts = "NoTax".to_owned();
    document.lines = vec![line("Money in advance", amount, None)];
    (document.sub_total, document.total) = (amount, amount);
    let id = document.id;
    ctx.ledger.prepaid.insert(id, document);
    Ok(id)
}

/// Allocates a credit to an invoice, as much as fits unless told; the allocation's id.
pub(super) fn allocate(
    ctx: &mut Ctx<'_>,
    credit: Uuid,
    invoice: Uuid,
    amount: Option<Decimal>,
) -> Result<Uuid, String> {
    let left =
        ctx.ledger.credit(credit).map(|it| it.total - ctx.ledger.applied(credit)).ok_or("the credit is unknown")?;
    let due = ctx.ledger.invoices.get(&invoice).map(|it| ctx.ledger.outstanding(it)).ok_or("the invoice is unknown")?;
    let amount = amount.unwrap_or(left.min(due));
    if amount <= Decimal::ZERO {
        return Err("there is nothing to allocate".to_owned());
    }
    let allocation = Allocation { id: fresh(), credit_note: credit, invoice, amount, date: ctx.today() };
    credit_notes::apply(ctx, allocation).map(|allocation| allocation.id).map_err(sentence)
}

/// Takes what a credit settled of an invoice back.
pub(super) fn take_back(ctx: &mut Ctx<'_>, credit: Uuid, invoice: Uuid) -> Result<(), String> {
    let of_both = |it: &&Allocation| it.credit_note == credit && it.invoice == invoice;
    let ids: Vec<Uuid> = ctx.ledger.allocations.iter().filter(of_both).map(|it| it.id).collect();
    if ids.is_empty() {
        return Err("nothing of the credit is allocated to the invoice".to_owned());
    }
    ids.into_iter().try_for_each(|id| credit_notes::take_back(ctx, id).map(drop).map_err(sentence))
}

/// Settles what is due with a credit note on the account that bears the loss.
pub(super) fn write_off(ctx: &mut Ctx<'_>, invoice: Uuid, account: &str) -> Result<Uuid, String> {
    let account = ctx.ledger.account_by_code(account).ok_or("the account is unknown")?.id;
    credit(ctx, invoice, None, Some(account))
}

/// Settles an invoice with a new credit note, all that is due unless told; the note's id.
pub(super) fn credit(
    ctx: &mut Ctx<'_>,
    id: Uuid,
    amount: Option<Decimal>,
    account: Option<Uuid>,
) -> Result<Uuid, String> {
    let invoice = ctx.ledger.invoices.get(&id).ok_or("the invoice is unknown")?.clone();
    let amount = amount.unwrap_or_else(|| ctx.ledger.outstanding(&invoice));
    let income = invoice.kind.is_income();
    let mut note = document::blank(ctx, if income { Kind::AccrecCredit } else { Kind::AccpayCredit });
    note.status = "AUTHORISED".to_owned();
    note.number = income.then(|| credit_notes::next_number(ctx));
    note.contact = invoice.contact;
    note.currency.clone_from(&invoice.currency);
    note.currency_rate = invoice.currency_rate;
    (note.sub_total, note.total) = (amount, amount);
    note.line_amounts = "NoTax".to_owned();
    let words = if account.is_some() { "Write-off" } else { "Credit" };
    note.lines = vec![line(words, amount, account.or(invoice.lines.first().and_then(|line| line.account)))];
    let date = note.date;
    let Document { id: credit_note, .. } = credit_notes::commit(ctx, note, true);
    let applied = credit_notes::apply(ctx, Allocation { id: fresh(), credit_note, invoice: id, amount, date });
    if applied.is_err() {
        ctx.ledger.credit_notes.remove(&credit_note);
    }
    applied.map(|_| credit_note).map_err(sentence)
}

/// One line over an amount without tax.
fn line(description: &str, amount: Decimal, account: Option<Uuid>) -> Line {
    Line {
        id: fresh(),
        description: Some(description.to_owned()),
        quantity: Some(Decimal::ONE),
        unit_amount: Some(amount),
        line_amount: Some(amount),
        account,
        tax_type: Some("NONE".to_owned()),
        tax_amount: Decimal::ZERO,
        sent_tax: None,
        discount_rate: None,
        discount_amount: None,
        tracking: Vec::new(),
    }
}
