//! The fields that all documents share, read from a request onto a document.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::accounting::contacts;
use crate::accounting::envelope::Refusal;
use crate::accounting::parties::{self, Party};
use crate::accounting::{Ctx, fields, lines};
use crate::json::Json;
use crate::world::records::{Account, Document, Kind};

/// The largest rounding that Xero lets a sender declare.
const MOST_ROUNDING: Decimal = Decimal::from_parts(10, 0, 0, false, 2);
/// The day rate of the stand-in's provider for every currency but the base.
const DAY_RATE: Decimal = Decimal::from_parts(1_171_800, 0, 0, false, 6);

/// A document before anything is known about it.
pub(crate) fn blank(ctx: &Ctx<'_>, kind: Kind) -> Document {
    Document {
        id: crate::ids::fresh(),
        kind,
        status: if kind.is_bank() { "AUTHORISED" } else { "DRAFT" }.to_owned(),
        number: None,
        reference: None,
        contact: None,
        date: ctx.today(),
        due_date: None,
        planned_date: None,
        expected_date: None,
        line_amounts: if kind.is_bank() { "Inclusive" } else { "Exclusive" }.to_owned(),
        lines: Vec::new(),
        currency: ctx.ledger.organisation.base_currency.clone(),
        currency_rate: Decimal::ONE,
        sub_total: Decimal::ZERO,
        total_tax: Decimal::ZERO,
        total: Decimal::ZERO,
        rounding: Decimal::ZERO,
        sent: false,
        url: None,
        bank_account: None,
        reconciled: false,
        fully_paid_on: None,
        made_by: Some(ctx.app.client_id.clone()).filter(|id| !id.is_empty()),
        updated: ctx.now,
    }
}

/// Reads everything but type, number and status; collects every complaint.
pub(crate) fn apply(
    ctx: &Ctx<'_>,
    element: &Json,
    document: &mut Document,
    is_new: bool,
) -> Result<Option<Party>, Refusal> {
    let mut refusal = Refusal::default();
    let mut note = |complaint: Result<(), String>| {
        if let Err(sentence) = complaint {
            refusal.messages.push(sentence);
        }
    };
    note(dates(element, document));
    note(header(element, document));
    if document.kind.is_bank() {
        note(bank_account(ctx, element, document));
    }
    let party = party(ctx, element, document, &mut refusal);
    if let Err(sentence) = currency(ctx, element, document, party.as_ref(), is_new) {
        refusal.messages.push(sentence);
    }
    if element.has("LineItems") {
        match lines::read(ctx, document, element.list("LineItems")) {
            Ok(lines) => document.lines = lines,
            Err(complaints) => refusal.messages.extend(complaints),
        }
    }
    if let Err(sentence) = rounding(ctx, element, document) {
        refusal.messages.push(sentence);
    }
    if refusal.is_empty() {
        if let Err(complaints) = lines::total(ctx, document) {
            refusal.messages.extend(complaints);
        } else if let Err(sentence) = claimed_totals(ctx, element, document) {
            refusal.messages.push(sentence);
        }
    }
    if refusal.is_empty() { Ok(party) } else { Err(refusal) }
}

/// Saves the document's contact, remembering that it became a customer or a supplier.
pub(crate) fn save_party(ctx: &mut Ctx<'_>, party: Option<Party>, income: bool, approved: bool) {
    let Some(mut party) = party else { return };
    if approved {
        party.contact.is_customer |= income;
        party.contact.is_supplier |= !income;
    }
    let id = party.contact.id;
    let (is_customer, is_supplier) = (party.contact.is_customer, party.contact.is_supplier);
    contacts::save(ctx, party);
    // The flags move without raising UpdatedDateUTC.
    if let Some(contact) = ctx.ledger.contacts.get_mut(&id) {
        (contact.is_customer, contact.is_supplier) = (is_customer, is_supplier);
    }
}

/// What an approved document must have on top of a draft.
pub(crate) fn approval_complaints(document: &Document) -> Vec<String> {
    let mut complaints = Vec::new();
    if document.lines.is_empty() {
        complaints.push("One or more line items must be specified.".to_owned());
    }
    for line in &document.lines {
        if line.description.is_none() {
            complaints.push("The Description of a line item must be specified.".to_owned());
        }
        if line.line_amount.is_some() && line.account.is_none() {
            complaints.push("Account code or ID must be specified.".to_owned());
        }
    }
    complaints
}

fn dates(element: &Json, document: &mut Document) -> Result<(), String> {
    let dated = |key: &str, string: &str| -> Result<Option<Date>, String> {
        let wanted = fields::date(element, key)?;
        Ok(wanted.or(fields::date(element, string)?))
    };
    if let Some(date) = dated("Date", "DateString")? {
        document.date = date;
    }
    document.due_date = dated("DueDate", "DueDateString")?.or(document.due_date);
    document.planned_date = fields::date(element, "PlannedPaymentDate")?.or(document.planned_date);
    document.expected_date = fields::date(element, "ExpectedPaymentDate")?.or(document.expected_date);
    Ok(())
}

fn header(element: &Json, document: &mut Document) -> Result<(), String> {
    if element.has("Reference") && document.kind != Kind::Accpay {
        document.reference = fields::text(element, "Reference", 255)?.filter(|text| !text.is_empty());
    }
    if element.has("Url") {
        document.url = fields::url(element)?;
    }
    if element.has("LineAmountTypes") && element.text("LineAmountTypes").is_some() {
        let kind = line_amount_types(element).ok_or("The LineAmountTypes is not valid.")?;
        kind.clone_into(&mut document.line_amounts);
    }
    Ok(())
}

/// The `LineAmountTypes` of a request, in any case.
fn line_amount_types(element: &Json) -> Option<&'static str> {
    let sent = element.text("LineAmountTypes")?;
    ["Exclusive", "Inclusive", "NoTax"].into_iter().find(|known| known.eq_ignore_ascii_case(sent))
}

/// Whether a request wants another tax basis than the document has.
pub(crate) fn other_basis(element: &Json, document: &Document) -> bool {
    line_amount_types(element).is_some_and(|kind| kind != document.line_amounts)
}

fn bank_account(ctx: &Ctx<'_>, element: &Json, document: &mut Document) -> Result<(), String> {
    let Some(sent) = element.get("BankAccount") else {
        return if document.bank_account.is_some() { Ok(()) } else { Err("BankAccount must be specified.".to_owned()) };
    };
    let found: Option<&Account> = match (fields::id(sent, "AccountID")?, sent.text("Code")) {
        (Some(id), _) => ctx.ledger.account(id),
        (None, Some(code)) => ctx.ledger.account_by_code(code),
        (None, None) => None,
    };
    let account = found.filter(|account| account.is_bank() && !account.archived);
    let account = account.ok_or("The BankAccount must reference a valid bank account.")?;
    document.bank_account = Some(account.id);
    Ok(())
}

fn party(ctx: &Ctx<'_>, element: &Json, document: &mut Document, refusal: &mut Refusal) -> Option<Party> {
    let Some(sent) = element.get("Contact") else {
        if document.contact.is_none() {
            refusal.messages.push("A Contact must be specified for this type of transaction".to_owned());
        }
        return None;
    };
    match parties::of_document(ctx, sent) {
        Ok(party) => {
            document.contact = Some(party.contact.id);
            Some(party)
        }
        Err(trouble) => {
            refusal.messages.extend(trouble.messages);
            refusal.contact.extend(trouble.contact);
            None
        }
    }
}

fn currency(
    ctx: &Ctx<'_>,
    element: &Json,
    document: &mut Document,
    party: Option<&Party>,
    is_new: bool,
) -> Result<(), String> {
    let base = ctx.ledger.organisation.base_currency.as_str();
    let of_bank = document.bank_account.and_then(|id| ctx.ledger.account(id)).and_then(|a| a.currency.clone());
    let of_contact = party.and_then(|party| party.contact.text("DefaultCurrency")).map(str::to_owned);
    let sent = element.text("CurrencyCode").map(str::to_owned);
    if let (Some(sent), Some(bank)) = (&sent, &of_bank)
        && sent != bank
    {
        return Err("The currency of a bank transaction is that of its bank account.".to_owned());
    }
    let wanted = sent.or(of_bank).or(of_contact.filter(|_| is_new));
    if let Some(code) = wanted {
        if !ctx.ledger.is_subscribed(&code) {
            return Err(format!("Organisation is not subscribed to currency {code}"));
        }
        document.currency_rate = if code == base { Decimal::ONE } else { DAY_RATE };
        document.currency = code;
    }
    match fields::number(ctx, element, "CurrencyRate")? {
        Some(rate) if rate <= Decimal::ZERO || rate.normalize().scale() > 6 => {
            Err("The CurrencyRate is not valid.".to_owned())
        }
        Some(rate) if document.currency != base => {
            document.currency_rate = rate;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn rounding(ctx: &Ctx<'_>, element: &Json, document: &mut Document) -> Result<(), String> {
    let Some(rounding) = fields::number(ctx, element, "RoundingAmount")? else { return Ok(()) };
    let totals = ["SubTotal", "TotalTax", "Total"].iter().all(|key| element.has(key));
    if rounding.abs() > MOST_ROUNDING || (!rounding.is_zero() && !totals) {
        return Err("The RoundingAmount is not valid.".to_owned());
    }
    document.rounding = rounding;
    Ok(())
}

/// Totals that the sender claims must be the computed ones.
fn claimed_totals(ctx: &Ctx<'_>, element: &Json, document: &Document) -> Result<(), String> {
    for (key, computed) in
        [("SubTotal", document.sub_total), ("TotalTax", document.total_tax), ("Total", document.total)]
    {
        if let Some(claimed) = fields::number(ctx, element, key)?.filter(|claimed| *claimed != computed) {
            return Err(format!("The document {key} ({claimed}) does not equal the sum of its lines ({computed})"));
        }
    }
    Ok(())
}
