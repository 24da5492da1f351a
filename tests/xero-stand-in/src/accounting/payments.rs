//! Payments: made against approved documents, never edited, removed by a status.

use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::envelope::{self, Element, Names, Refusal};
use super::listing::{self, Listing, Row};
use super::{Ctx, fields};
use crate::http::Reply;
use crate::json::Json;
use crate::time::{instant_string, wrapped, wrapped_date};
use crate::world::records::{Account, Document, Kind, Payment};

const FIELDS: &[&str] = &[
    "PaymentID",
    "PaymentType",
    "Status",
    "Date",
    "Amount",
    "Reference",
    "Invoice",
    "Account",
    "UpdatedDateUTC",
    "IsReconciled",
];
const NAMES: Names = Names { collection: "Payments", id: "PaymentID", has_errors: "HasValidationErrors" };

/// `GET /Payments`
pub(crate) fn list(ctx: &mut Ctx<'_>) -> Reply {
    let rows = ctx.ledger.payments.values().map(|item| Row { item, id: item.id, updated: item.updated }).collect();
    let listing =
        Listing { collection: "Payments", fields: FIELDS, paged: true, full: &view, page: &view, reduced: &view };
    listing::answer(ctx, &listing, rows)
}

/// `GET /Payments/{PaymentID}`
pub(crate) fn get(ctx: &mut Ctx<'_>) -> Reply {
    let id: Option<Uuid> = ctx.param(0).parse().ok();
    match id.and_then(|id| ctx.ledger.payments.get(&id)) {
        Some(payment) => envelope::ok(ctx, "Payments", None, vec![view(ctx, payment)]),
        None => Reply::not_found(),
    }
}

/// `PUT /Payments`, and POST of a new one.
pub(crate) fn create(ctx: &mut Ctx<'_>) -> Reply {
    let elements = match envelope::elements(ctx, "Payments") {
        Ok(elements) => elements,
        Err(refusal) => return refusal,
    };
    let mut done = Vec::new();
    for element in elements {
        done.push(match read(ctx, &element).and_then(|payment| pay(ctx, payment)) {
            Ok(payment) => Element::Saved(made(ctx, &payment)),
            Err(refusal) => Element::Refused(element, refusal),
        });
    }
    envelope::written(ctx, &NAMES, done)
}

/// The answer to a new payment: one that is dated before its document is taken, with a warning (facts 10.1).
fn made(ctx: &Ctx<'_>, payment: &Payment) -> Json {
    let view = view(ctx, payment);
    let document = ctx.ledger.invoices.get(&payment.document).or_else(|| ctx.ledger.credit(payment.document));
    if document.is_none_or(|document| document.date <= payment.date) {
        return view;
    }
    let warning = Json::object().with("Message", "The payment date is before the date of the document.");
    view.with("Warnings", Json::List(vec![warning]))
}

/// `POST /Payments/{PaymentID}` with `{"Status":"DELETED"}`.
pub(crate) fn delete(ctx: &mut Ctx<'_>) -> Reply {
    let elements = match envelope::elements(ctx, "Payments") {
        Ok(elements) => elements,
        Err(refusal) => return refusal,
    };
    let id: Option<Uuid> = ctx.param(0).parse().ok();
    let Some(id) = id.filter(|id| ctx.ledger.payments.contains_key(id)) else { return Reply::not_found() };
    let mut done = Vec::new();
    for element in elements {
        let removed = match element.text("Status") {
            Some("DELETED") => remove(ctx, id),
            _ => Err(Refusal::because("Payments cannot be edited, only deleted.")),
        };
        done.push(match removed {
            Ok(payment) => Element::Saved(view(ctx, &payment)),
            Err(refusal) => Element::Refused(element, refusal),
        });
    }
    envelope::written(ctx, &NAMES, done)
}

/// Records a payment, whoever makes it.
pub(crate) fn pay(ctx: &mut Ctx<'_>, payment: Payment) -> Result<Payment, Refusal> {
    if let Some(sentence) = ctx.locked(payment.date) {
        return Err(Refusal::because(sentence));
    }
    let document = ctx.ledger.invoices.get(&payment.document).or_else(|| ctx.ledger.credit(payment.document));
    let document = document.ok_or_else(|| Refusal::because("Invoice could not be found"))?;
    if document.status != "AUTHORISED" {
        return Err(Refusal::because("Payments can only be made against Authorised documents"));
    }
    let account = ctx.ledger.account(payment.account).and_then(|account| account.currency.as_deref());
    let base = ctx.ledger.organisation.base_currency.as_str();
    if account.is_some_and(|currency| currency != document.currency && currency != base) {
        return Err(Refusal::because(
            "The currency of the account is neither that of the document nor the base currency",
        ));
    }
    let outstanding = if document.kind.is_invoice() {
        ctx.ledger.outstanding(document)
    } else {
        document.total - ctx.ledger.applied(document.id)
    };
    if payment.amount > outstanding {
        return Err(Refusal::because("Payment amount exceeds the amount outstanding on this document"));
    }
    ctx.ledger.payments.insert(payment.id, payment.clone());
    ctx.ledger.settle(payment.document, ctx.now);
    super::credit_notes::settle(ctx, payment.document);
    Ok(payment)
}

/// Removes a payment; its invoice waits for money again.
pub(crate) fn remove(ctx: &mut Ctx<'_>, id: Uuid) -> Result<Payment, Refusal> {
    let known = ctx.ledger.payments.get(&id).cloned().ok_or_else(|| Refusal::because("Payment could not be found"))?;
    if known.deleted {
        return Err(Refusal::because("This payment has already been deleted"));
    }
    if known.reconciled && !ctx.switches.reconciled_may_be_deleted {
        return Err(Refusal::because("This payment has been reconciled and cannot be deleted"));
    }
    if known.batch.is_some() {
        return Err(Refusal::because("Payments within a batch cannot be deleted."));
    }
    if let Some(sentence) = ctx.locked(known.date) {
        return Err(Refusal::because(sentence));
    }
    let payment = Payment { deleted: true, updated: ctx.now, ..known };
    ctx.ledger.payments.insert(id, payment.clone());
    ctx.ledger.settle(payment.document, ctx.now);
    super::credit_notes::settle(ctx, payment.document);
    Ok(payment)
}

fn read(ctx: &Ctx<'_>, element: &Json) -> Result<Payment, Refusal> {
    let document = target(ctx, element)?;
    let is_base = document.currency == ctx.ledger.organisation.base_currency;
    let sent = fields::number(ctx, element, "CurrencyRate").map_err(Refusal::because)?;
    if sent.is_some_and(|rate| rate <= Decimal::ZERO || rate.normalize().scale() > 6) {
        return Err(Refusal::because("The CurrencyRate is not valid."));
    }
    let (document_id, rate) = (document.id, sent.filter(|_| !is_base).unwrap_or(document.currency_rate));
    let account = account(ctx, element)?;
    let amount = fields::number(ctx, element, "Amount").map_err(Refusal::because)?;
    let amount = amount.filter(|amount| *amount > Decimal::ZERO && amount.normalize().scale() <= 2);
    let amount = amount.ok_or_else(|| Refusal::because("Payment amount must be greater than zero"))?;
    let date: Option<Date> = fields::date(element, "Date").map_err(Refusal::because)?;
    Ok(Payment {
        id: crate::ids::fresh(),
        document: document_id,
        account,
        date: date.unwrap_or_else(|| ctx.today()),
        amount,
        currency_rate: rate,
        reference: fields::text(element, "Reference", 255).map_err(Refusal::because)?,
        reconciled: false,
        batch: None,
        deleted: false,
        updated: ctx.now,
    })
}

fn target<'c>(ctx: &'c Ctx<'_>, element: &Json) -> Result<&'c Document, Refusal> {
    let unknown = || Refusal::because("The payment must reference an existing invoice or credit note.");
    if let Some(invoice) = element.get("Invoice") {
        let by_id = fields::id(invoice, "InvoiceID").map_err(Refusal::because)?;
        let found = match (by_id, invoice.text("InvoiceNumber")) {
            (Some(id), _) => ctx.ledger.invoices.get(&id),
            (None, Some(number)) => super::invoices::read::named(ctx, number),
            (None, None) => None,
        };
        return found.ok_or_else(unknown);
    }
    let note = element.get("CreditNote").ok_or_else(unknown)?;
    let id = fields::id(note, "CreditNoteID").map_err(Refusal::because)?.ok_or_else(unknown)?;
    ctx.ledger.credit(id).ok_or_else(unknown)
}

fn account(ctx: &Ctx<'_>, element: &Json) -> Result<Uuid, Refusal> {
    let invalid = || Refusal::because("Account could not be found or cannot be used for payments");
    let sent = element.get("Account").ok_or_else(invalid)?;
    let found: Option<&Account> = match (fields::id(sent, "AccountID").map_err(Refusal::because)?, sent.text("Code")) {
        (Some(id), _) => ctx.ledger.account(id),
        (None, Some(code)) => ctx.ledger.account_by_code(code),
        (None, None) => None,
    };
    let usable = found.filter(|account| !account.archived && (account.is_bank() || account.enable_payments));
    usable.map(|account| account.id).ok_or_else(invalid)
}

/// A payment with what it pays.
pub(crate) fn view(ctx: &Ctx<'_>, payment: &Payment) -> Json {
    let account = ctx.ledger.account(payment.account);
    let account_view =
        Json::object().with("AccountID", payment.account).with_some("Code", account.and_then(|a| a.code.as_deref()));
    let document = ctx.ledger.invoices.get(&payment.document).or_else(|| ctx.ledger.credit(payment.document));
    let kind = document.map_or(Kind::Accrec, |document| document.kind);
    let paid = document.map(|document| {
        let contact = document.contact.and_then(|id| ctx.ledger.contacts.get(&id));
        let contact = contact.map(|c| Json::object().with("ContactID", c.id).with("Name", c.name.as_str()));
        let (id, number) =
            if kind.is_invoice() { ("InvoiceID", "InvoiceNumber") } else { ("CreditNoteID", "CreditNoteNumber") };
        Json::object()
            .with("Type", kind.name())
            .with(id, document.id)
            .with_some(number, document.number.as_deref())
            .with_some("Contact", contact)
            .with("HasErrors", false)
    });
    Json::object()
        .with("PaymentID", payment.id)
        .with_some("BatchPaymentID", payment.batch)
        .with("Date", wrapped_date(payment.date))
        .with("BankAmount", Json::money(bank_amount(ctx, payment, document)))
        .with("Amount", Json::money(payment.amount))
        .with_some("Reference", payment.reference.as_deref())
        .with("CurrencyRate", Json::decimals(payment.currency_rate, 10))
        .with("PaymentType", payment_type(kind))
        .with("Status", if payment.deleted { "DELETED" } else { "AUTHORISED" })
        .with("UpdatedDateUTC", wrapped(payment.updated))
        .with("UpdatedDateUTCString", instant_string(payment.updated))
        .with("HasAccount", true)
        .with("IsReconciled", payment.reconciled)
        .with("Account", account_view)
        .with_some(if kind.is_invoice() { "Invoice" } else { "CreditNote" }, paid)
}

/// What moved in the account: in its own currency, by the payment's rate.
fn bank_amount(ctx: &Ctx<'_>, payment: &Payment, document: Option<&Document>) -> Decimal {
    let account = ctx.ledger.account(payment.account).and_then(|account| account.currency.as_deref());
    let account = account.unwrap_or(&ctx.ledger.organisation.base_currency);
    let is_other = document.is_some_and(|document| document.currency != account);
    if is_other && !payment.currency_rate.is_zero() {
        ctx.round(payment.amount / payment.currency_rate, 2)
    } else {
        payment.amount
    }
}

fn payment_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Accrec => "ACCRECPAYMENT",
        Kind::Accpay => "ACCPAYPAYMENT",
        Kind::AccrecCredit => "ARCREDITPAYMENT",
        Kind::AccpayCredit => "APCREDITPAYMENT",
        Kind::ReceiveOverpayment => "AROVERPAYMENTPAYMENT",
        Kind::SpendOverpayment => "APOVERPAYMENTPAYMENT",
        Kind::ReceivePrepayment => "ARPREPAYMENTPAYMENT",
        Kind::SpendPrepayment => "APPREPAYMENTPAYMENT",
        Kind::Spend | Kind::Receive => "",
    }
}
