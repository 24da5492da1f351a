//! How documents look from outside: just written, whole, or in a list without page.

use rust_decimal::Decimal;

use crate::accounting::{Ctx, contacts};
use crate::json::Json;
use crate::time::{date_string, instant_string, wrapped, wrapped_date};
use crate::world::records::{Document, Kind, Line, Payment};

/// The answer to a write: without payments and credits, and a void still owes its total.
pub(crate) fn written(ctx: &Ctx<'_>, document: &Document) -> Json {
    let gone = matches!(document.status.as_str(), "VOIDED" | "DELETED");
    let due = if gone { document.total } else { ctx.ledger.outstanding(document) };
    let contact = document.contact.and_then(|id| ctx.ledger.contacts.get(&id));
    let contact = contact.map(|contact| contacts::view(ctx, contact));
    settled(ctx, with_lines(ctx, head(ctx, document), document), document, due).with_some("Contact", contact)
}

/// The invoice by itself.
pub(crate) fn full(ctx: &Ctx<'_>, document: &Document) -> Json {
    let view = with_lines(ctx, head(ctx, document), document);
    credits(ctx, settled(ctx, view, document, due(ctx, document)), document)
        .with("Contact", named_contact(ctx, document))
}

/// The invoice on a page.
pub(crate) fn on_page(ctx: &Ctx<'_>, document: &Document) -> Json {
    without_nothing(ctx, full(ctx, document), document)
}

/// The invoice in a list without page: no line items.
pub(crate) fn reduced(ctx: &Ctx<'_>, document: &Document) -> Json {
    let view = head(ctx, document).with("LineItems", Json::List(Vec::new()));
    let view = credits(ctx, settled(ctx, view, document, due(ctx, document)), document)
        .with("Contact", named_contact(ctx, document));
    without_nothing(ctx, view, document)
}

/// Xero's lists leave out at times what an unpaid invoice has nothing of (facts 10.1); here they always do.
fn without_nothing(ctx: &Ctx<'_>, mut view: Json, document: &Document) -> Json {
    if !ctx.ledger.is_settled_in_part(document.id) {
        for field in ["Payments", "AmountCredited", "CurrencyRate"] {
            view.remove(field);
        }
    }
    view
}

/// The invoice with `summaryOnly`.
pub(crate) fn summary(ctx: &Ctx<'_>, document: &Document) -> Json {
    settled(ctx, head(ctx, document), document, due(ctx, document)).with("Contact", named_contact(ctx, document))
}

/// What every document shows.
pub(crate) fn head(ctx: &Ctx<'_>, document: &Document) -> Json {
    let (id, number) = match document.kind {
        Kind::Accrec | Kind::Accpay => ("InvoiceID", "InvoiceNumber"),
        Kind::AccrecCredit | Kind::AccpayCredit => ("CreditNoteID", "CreditNoteNumber"),
        Kind::ReceiveOverpayment | Kind::SpendOverpayment => ("OverpaymentID", "OverpaymentNumber"),
        Kind::ReceivePrepayment | Kind::SpendPrepayment => ("PrepaymentID", "PrepaymentNumber"),
        Kind::Spend | Kind::Receive => ("BankTransactionID", "BankTransactionNumber"),
    };
    let has_files = ctx.ledger.attachments.get(&document.id).is_some_and(|files| !files.is_empty());
    Json::object()
        .with("Type", document.kind.name())
        .with(id, document.id)
        .with_some(number, document.number.as_deref())
        .with_some("Reference", document.reference.as_deref())
        .with("Status", document.status.as_str())
        .with("LineAmountTypes", document.line_amounts.as_str())
        .with("Date", wrapped_date(document.date))
        .with("DateString", date_string(document.date))
        .with_some("DueDate", document.due_date.map(wrapped_date))
        .with_some("DueDateString", document.due_date.map(date_string))
        .with("CurrencyCode", document.currency.as_str())
        .with("CurrencyRate", Json::decimals(document.currency_rate, 10))
        .with("SubTotal", Json::money(document.sub_total))
        .with("TotalTax", Json::money(document.total_tax))
        .with("Total", Json::money(document.total))
        .with_some("Url", document.url.as_deref())
        .with("HasAttachments", has_files)
        .with("UpdatedDateUTC", wrapped(document.updated))
}

/// Adds the line items.
pub(crate) fn with_lines(ctx: &Ctx<'_>, view: Json, document: &Document) -> Json {
    view.with("LineItems", Json::List(document.lines.iter().map(|line| line_view(ctx, line)).collect()))
}

/// A contact as lists show it: id and name.
pub(crate) fn named_contact(ctx: &Ctx<'_>, document: &Document) -> Json {
    let Some(contact) = document.contact.and_then(|id| ctx.ledger.contacts.get(&id)) else { return Json::Null };
    let empty = || Json::List(Vec::new());
    Json::object()
        .with("ContactID", contact.id)
        .with("Name", contact.name.as_str())
        .with("Addresses", empty())
        .with("Phones", empty())
        .with("ContactGroups", empty())
        .with("ContactPersons", empty())
        .with("HasValidationErrors", false)
}

/// A payment inside the document that it settles.
pub(crate) fn payment(payment: &Payment) -> Json {
    Json::object()
        .with("PaymentID", payment.id)
        .with("Date", wrapped_date(payment.date))
        .with("Amount", Json::money(payment.amount))
        .with_some("Reference", payment.reference.as_deref())
        .with("CurrencyRate", Json::decimals(payment.currency_rate, 10))
        .with("HasAccount", true)
        .with("HasValidationErrors", false)
}

/// What is still due; nothing on a document that is gone.
fn due(ctx: &Ctx<'_>, document: &Document) -> Decimal {
    match document.status.as_str() {
        "VOIDED" | "DELETED" => Decimal::ZERO,
        _ => ctx.ledger.outstanding(document),
    }
}

/// Amounts and flags of an invoice.
fn settled(ctx: &Ctx<'_>, view: Json, document: &Document, due: Decimal) -> Json {
    let discounted = document.lines.iter().any(|l| l.discount_rate.is_some() || l.discount_amount.is_some());
    view.with("AmountDue", Json::money(due))
        .with("AmountPaid", Json::money(ctx.ledger.paid(document.id)))
        .with_some("FullyPaidOnDate", document.fully_paid_on.map(wrapped_date))
        .with_some("PlannedPaymentDate", document.planned_date.map(wrapped_date))
        .with_some("ExpectedPaymentDate", document.expected_date.map(wrapped_date))
        .with_some("SentToContact", (document.kind == Kind::Accrec).then_some(document.sent))
        .with("IsDiscounted", discounted)
        .with("Prepayments", applied(ctx, document, "PrepaymentID", Kind::is_prepayment))
        .with("Overpayments", applied(ctx, document, "OverpaymentID", Kind::is_overpayment))
        .with("UpdatedDateUTCString", instant_string(document.updated))
}

/// Overpayments or prepayments against an invoice.
fn applied(ctx: &Ctx<'_>, document: &Document, id: &str, is: fn(Kind) -> bool) -> Json {
    let allocations = ctx.ledger.allocations.iter().filter(|allocation| allocation.invoice == document.id);
    let shown = allocations.filter_map(|allocation| {
        let credit = ctx.ledger.prepaid.get(&allocation.credit_note).filter(|credit| is(credit.kind))?;
        let view = Json::object()
            .with(id, credit.id)
            .with("Date", wrapped_date(credit.date))
            .with("AppliedAmount", Json::money(allocation.amount))
            .with("Total", Json::money(credit.total));
        Some(view)
    });
    Json::List(shown.collect())
}

/// Payments and credit notes against an invoice.
fn credits(ctx: &Ctx<'_>, view: Json, document: &Document) -> Json {
    let payments = match ctx.sees_payments {
        true => ctx.ledger.payments_of(document.id).map(payment).collect(),
        false => Vec::new(),
    };
    let notes = ctx.ledger.allocations.iter().filter(|allocation| allocation.invoice == document.id);
    let notes = notes.filter_map(|allocation| {
        let note = ctx.ledger.credit_notes.get(&allocation.credit_note)?;
        let view = Json::object()
            .with("CreditNoteID", note.id)
            .with_some("CreditNoteNumber", note.number.as_deref())
            .with("AppliedAmount", Json::money(allocation.amount))
            .with("Date", wrapped_date(allocation.date))
            .with("Total", Json::money(allocation.amount))
            .with("HasErrors", false);
        Some(view)
    });
    view.with("Payments", Json::List(payments))
        .with("CreditNotes", Json::List(notes.collect()))
        .with("AmountCredited", Json::money(ctx.ledger.credited(document.id)))
        .with("HasErrors", false)
}

fn line_view(ctx: &Ctx<'_>, line: &Line) -> Json {
    let places = if ctx.unit_places() == 4 { 4 } else { 2 };
    let unit = line.unit_amount.map(|unit| Json::decimals(ctx.round(unit, ctx.unit_places()), places));
    let account = line.account.and_then(|id| ctx.ledger.account(id));
    Json::object()
        .with("LineItemID", line.id)
        .with_some("Description", line.description.as_deref())
        .with_some("Quantity", line.quantity.map(|quantity| Json::decimals(quantity, 4)))
        .with_some("UnitAmount", unit)
        .with("LineAmount", Json::money(line.line_amount.unwrap_or_default()))
        .with_some("TaxType", line.tax_type.as_deref())
        .with("TaxAmount", Json::money(line.tax_amount))
        .with_some("AccountCode", account.and_then(|account| account.code.as_deref()))
        .with_some("AccountID", line.account)
        .with_some("DiscountRate", line.discount_rate.map(Json::money))
        .with_some("DiscountAmount", line.discount_amount.map(Json::money))
        .with("Tracking", Json::List(line.tracking.clone()))
        .with("ValidationErrors", Json::List(Vec::new()))
}
