//! Writing invoices and bills: create with PUT, upsert with POST, the status machine of section 4.6.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::{NAMES, document, read, view};
use crate::accounting::envelope::{self, Element, Refusal};
use crate::accounting::{Ctx, fields, plans};
use crate::http::Reply;
use crate::json::Json;
use crate::world::ledger::Category;
use crate::world::records::{Document, Kind};

const BAD_STATUS: &str = "Invoice not of valid status for modification";
const NOT_FOUND: &str = "An existing Invoice with the specified InvoiceID could not be found";
const HAS_PAYMENT: &str = "This document cannot be edited as it has a payment or credit note allocated to it.";
const NOT_UNIQUE: &str = "Invoice # must be unique.";

/// `PUT /Invoices`: every element is new.
pub(crate) fn create(ctx: &mut Ctx<'_>) -> Reply {
    write(ctx, |_, _| Ok(None))
}

/// `POST /Invoices`: by id, else by number; an existing number overwrites.
pub(crate) fn upsert(ctx: &mut Ctx<'_>) -> Reply {
    write(ctx, |ctx, element| {
        if let Some(id) = fields::id(element, "InvoiceID").map_err(Refusal::because)? {
            return ctx.ledger.invoices.get(&id).map(|found| Some(found.id)).ok_or_else(|| Refusal::because(NOT_FOUND));
        }
        Ok(same_number(ctx, element))
    })
}

/// `POST /Invoices/{InvoiceID or InvoiceNumber}`
pub(crate) fn update(ctx: &mut Ctx<'_>) -> Reply {
    let target = read::named(ctx, ctx.param(0)).map(|document| document.id);
    write(ctx, |_, element| {
        let target = target.ok_or_else(|| Refusal::because(NOT_FOUND))?;
        let sent = fields::id(element, "InvoiceID").map_err(Refusal::because)?;
        if sent.is_some_and(|sent| sent != target) {
            return Err(Refusal::because("The InvoiceID does not match the address of the request."));
        }
        Ok(Some(target))
    })
}

fn write(ctx: &mut Ctx<'_>, target: impl Fn(&Ctx<'_>, &Json) -> Result<Option<Uuid>, Refusal>) -> Reply {
    let elements = match envelope::elements(ctx, "Invoices") {
        Ok(elements) => elements,
        Err(refusal) => return refusal,
    };
    let mut done = Vec::new();
    for element in elements {
        let saved = target(ctx, &element).and_then(|target| match target {
            Some(id) => change(ctx, id, &element),
            None => add(ctx, &element),
        });
        done.push(match saved {
            Ok(document) => Element::Saved(view::written(ctx, &document)),
            Err(refusal) => Element::Refused(echo(ctx, element), refusal),
        });
    }
    envelope::written(ctx, &NAMES, done)
}

/// Makes a new invoice or bill.
pub(crate) fn add(ctx: &mut Ctx<'_>, element: &Json) -> Result<Document, Refusal> {
    let kind = element.text("Type").and_then(Kind::named).filter(|kind| kind.is_invoice());
    let kind = kind.ok_or_else(|| Refusal::because("The Type must be ACCREC or ACCPAY."))?;
    let status = element.text("Status").unwrap_or("DRAFT").to_owned();
    plans::check(ctx, kind, "", &status)?;
    let mut draft = document::blank(ctx, kind);
    let party = document::apply(ctx, element, &mut draft, true)?;
    draft.number = fields::text(element, "InvoiceNumber", 255).map_err(Refusal::because)?.filter(|n| !n.is_empty());
    if !["DRAFT", "SUBMITTED", "AUTHORISED"].contains(&status.as_str()) {
        return Err(Refusal::because(BAD_STATUS));
    }
    let has_date = element.has("Date") || element.has("DateString");
    draft.status = status;
    check(ctx, &draft, None, has_date)?;
    if draft.kind == Kind::Accrec && draft.number.is_none() {
        draft.number = Some(next_number(ctx));
    }
    mark_sent(element, &mut draft);
    document::save_party(ctx, party, kind.is_income(), draft.status == "AUTHORISED");
    Ok(commit(ctx, draft, true))
}

/// Changes an invoice or bill.
pub(crate) fn change(ctx: &mut Ctx<'_>, id: Uuid, element: &Json) -> Result<Document, Refusal> {
    let before = ctx.ledger.invoices.get(&id).cloned().ok_or_else(|| Refusal::because(NOT_FOUND))?;
    let status = element.text("Status").unwrap_or(&before.status).to_owned();
    let settled = ctx.ledger.is_settled_in_part(id);
    allowed(ctx, &before, &status, settled)?;
    plans::check(ctx, before.kind, &before.status, &status)?;
    if is_approved(&before) && document::other_basis(element, &before) {
        // Facts 2.10: such a request dies, today and for ever.
        return Err(Refusal { crash: true, ..Refusal::default() });
    }
    if matches!(status.as_str(), "VOIDED" | "DELETED") {
        if let Some(sentence) = ctx.locked(before.date) {
            return Err(Refusal::because(sentence));
        }
        return Ok(commit(ctx, Document { status, ..before }, false));
    }
    if element.text("Type").is_some_and(|kind| kind != before.kind.name()) {
        return Err(Refusal::because("The Type of an invoice cannot be changed."));
    }
    let mut after = before.clone();
    let party = document::apply(ctx, element, &mut after, false)?;
    let number = fields::text(element, "InvoiceNumber", 255).map_err(Refusal::because)?;
    after.number = number.filter(|number| !number.is_empty()).or(after.number);
    if (settled || before.status == "PAID") && !may_change_settled(&before, &after) {
        return Err(Refusal::because(if settled { HAS_PAYMENT } else { BAD_STATUS }));
    }
    after.status = status;
    check(ctx, &after, Some(&before), true)?;
    mark_sent(element, &mut after);
    document::save_party(ctx, party, before.kind.is_income(), after.status == "AUTHORISED");
    if settled && before.kind == Kind::Accrec {
        // Due date and sent mark of a part-paid document do not raise UpdatedDateUTC.
        ctx.ledger.invoices.insert(id, after.clone());
        return Ok(after);
    }
    Ok(commit(ctx, after, false))
}

/// The status machine.
fn allowed(ctx: &Ctx<'_>, before: &Document, to: &str, settled: bool) -> Result<(), Refusal> {
    let from = before.status.as_str();
    if to != from && settled && from != "VOIDED" && from != "DELETED" {
        return Err(Refusal::because(format!(
            "The status {to} cannot be applied to the invoice because it has payments or credit notes allocated to it."
        )));
    }
    let fine = match (from, to) {
        ("DRAFT", "DRAFT" | "SUBMITTED" | "AUTHORISED" | "DELETED") => true,
        ("SUBMITTED", "DRAFT") => ctx.switches.submitted_back_to_draft,
        ("SUBMITTED", "SUBMITTED" | "AUTHORISED" | "DELETED") => true,
        ("AUTHORISED", "AUTHORISED" | "VOIDED") => true,
        // A bill that is paid takes some fields still, a sales invoice nothing at all (facts 2.6 and 4.6).
        ("PAID", "PAID") if before.kind == Kind::Accrec && settled => return Err(Refusal::because(HAS_PAYMENT)),
        ("PAID", "PAID") => before.kind == Kind::Accpay,
        _ => false,
    };
    if fine { Ok(()) } else { Err(Refusal::because(BAD_STATUS)) }
}

/// Whether the document has left the drafts.
fn is_approved(document: &Document) -> bool {
    matches!(document.status.as_str(), "AUTHORISED" | "PAID")
}

/// What may change on a document that has a payment or credit.
fn may_change_settled(before: &Document, after: &Document) -> bool {
    let mut same = after.clone();
    same.due_date = before.due_date;
    same.planned_date = before.planned_date;
    same.expected_date = before.expected_date;
    same.sent = before.sent;
    if before.kind == Kind::Accpay {
        same.number.clone_from(&before.number);
        same.reference.clone_from(&before.reference);
        same.url.clone_from(&before.url);
        same.contact = before.contact;
        for (line, known) in same.lines.iter_mut().zip(&before.lines) {
            line.description.clone_from(&known.description);
            line.account = known.account;
            line.tracking.clone_from(&known.tracking);
        }
    }
    same == *before
}

/// Everything that does not come from a single field.
fn check(ctx: &Ctx<'_>, after: &Document, before: Option<&Document>, has_date: bool) -> Result<(), Refusal> {
    let mut messages = Vec::new();
    let locked = before.and_then(|before| ctx.locked(before.date)).or_else(|| ctx.locked(after.date));
    messages.extend(locked);
    if number_is_taken(ctx, after) {
        messages.push(NOT_UNIQUE.to_owned());
    }
    if after.total < Decimal::ZERO {
        messages.push("The Total of an invoice must not be negative.".to_owned());
    }
    if matches!(after.status.as_str(), "AUTHORISED" | "SUBMITTED") {
        messages.extend(document::approval_complaints(after));
    }
    if after.status == "AUTHORISED" {
        if !has_date {
            messages.push("The Date field must be specified.".to_owned());
        }
        if after.due_date.is_none() {
            messages.push("The document DueDate field must be specified.".to_owned());
        }
        let approves = before.is_none_or(|before| before.status != "AUTHORISED");
        if approves && ctx.ledger.organisation.approvals_left == Some(0) {
            messages.push("You have reached the limit of invoices you can approve".to_owned());
        }
    }
    if messages.is_empty() { Ok(()) } else { Err(Refusal { messages, ..Refusal::default() }) }
}

fn number_is_taken(ctx: &Ctx<'_>, document: &Document) -> bool {
    let Some(number) = document.number.as_ref().filter(|_| document.kind == Kind::Accrec) else { return false };
    ctx.ledger.invoices.values().any(|other| {
        let gone = matches!(other.status.as_str(), "VOIDED" | "DELETED") && ctx.switches.numbers_come_back;
        other.id != document.id && other.kind == Kind::Accrec && !gone && other.number.as_ref() == Some(number)
    })
}

/// The invoice that a POST would overwrite because of its number.
fn same_number(ctx: &Ctx<'_>, element: &Json) -> Option<Uuid> {
    let number = element.text("InvoiceNumber").filter(|number| !number.is_empty())?;
    let kind = element.text("Type").and_then(Kind::named).unwrap_or(Kind::Accrec);
    if kind == Kind::Accpay && ctx.switches.bills_never_match_by_number {
        return None;
    }
    let mut known = ctx.ledger.invoices.values();
    known.find(|other| other.kind == kind && other.number.as_deref() == Some(number)).map(|other| other.id)
}

fn next_number(ctx: &mut Ctx<'_>) -> String {
    loop {
        let number = format!("INV-{:04}", ctx.ledger.organisation.next_number);
        ctx.ledger.organisation.next_number += 1;
        if !ctx.ledger.invoices.values().any(|other| other.number.as_ref() == Some(&number)) {
            return number;
        }
    }
}

/// Only an approved sales invoice can be marked as sent.
fn mark_sent(element: &Json, document: &mut Document) {
    let markable = document.kind == Kind::Accrec && is_approved(document);
    if let Some(sent) = element.flag("SentToContact").filter(|_| markable) {
        document.sent |= sent;
    }
}

fn commit(ctx: &mut Ctx<'_>, mut document: Document, created: bool) -> Document {
    let was = ctx.ledger.invoices.get(&document.id).map_or("", |known| known.status.as_str()).to_owned();
    let was_approved = was == "AUTHORISED";
    plans::note(ctx, document.kind, &was, &document.status);
    if document.status == "AUTHORISED" && !was_approved {
        let left = &mut ctx.ledger.organisation.approvals_left;
        *left = left.map(|left| left.saturating_sub(1));
    }
    document.updated = ctx.now;
    let id = document.id;
    ctx.ledger.invoices.insert(id, document.clone());
    ctx.ledger.happened(Category::Invoice, id, created, ctx.now);
    if document.status == "AUTHORISED" && document.total.is_zero() && !document.lines.is_empty() {
        // Nothing is due, so nothing waits for a payment.
        ctx.ledger.settle(id, ctx.now);
        ctx.ledger.happened.pop();
    }
    ctx.ledger.invoices.get(&id).cloned().unwrap_or(document)
}

/// A refused element: the input, and for a known document its id and status.
fn echo(ctx: &Ctx<'_>, mut element: Json) -> Json {
    if element.text("InvoiceID").is_none()
        && let Some(target) = read::named(ctx, ctx.param(0))
    {
        element.set("InvoiceID", target.id);
    }
    if !element.has("LineItems") {
        element.set("LineItems", Json::List(Vec::new()));
    }
    element
}
