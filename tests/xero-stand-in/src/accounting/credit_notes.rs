//! Credit notes, as far as they settle invoices: written, approved, allocated, voided.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::envelope::{self, Element, Names, Refusal};
use super::invoices::{document, view};
use super::listing::{self, Listing, Row};
use super::{Ctx, fields, plans};
use crate::http::Reply;
use crate::json::Json;
use crate::time::{instant_string, wrapped_date};
use crate::world::ledger::{Category, Happened};
use crate::world::records::{Allocation, Document, Kind};

const FIELDS: &[&str] = &[
    "CreditNoteID",
    "CreditNoteNumber",
    "Type",
    "Status",
    "Date",
    "DueDate",
    "Contact",
    "Reference",
    "Total",
    "RemainingCredit",
    "CurrencyCode",
    "UpdatedDateUTC",
];
const NAMES: Names = Names { collection: "CreditNotes", id: "CreditNoteID", has_errors: "HasErrors" };
const ALLOCATIONS: Names = Names { collection: "Allocations", id: "AllocationID", has_errors: "HasValidationErrors" };
const BAD_STATUS: &str = "Credit note not of valid status for modification";
const NOT_FOUND: &str = "The document with the supplied id was not found for this endpoint.";

/// `GET /CreditNotes`
pub(crate) fn list(ctx: &mut Ctx<'_>) -> Reply {
    let rows = ctx.ledger.credit_notes.values();
    let rows = rows.map(|item| Row { item, id: item.id, updated: item.updated }).collect();
    let reduced = |ctx: &Ctx<'_>, document: &Document| {
        let mut view = shown(ctx, document);
        view.set("LineItems", Json::List(Vec::new()));
        view
    };
    let listing = Listing {
        collection: "CreditNotes",
        fields: FIELDS,
        paged: true,
        full: &shown,
        page: &shown,
        reduced: &reduced,
    };
    listing::answer(ctx, &listing, rows)
}

/// `GET /CreditNotes/{CreditNoteID or CreditNoteNumber}`
pub(crate) fn get(ctx: &mut Ctx<'_>) -> Reply {
    match named(ctx, ctx.param(0)).and_then(|id| ctx.ledger.credit_notes.get(&id)) {
        Some(document) => envelope::ok(ctx, "CreditNotes", None, vec![shown(ctx, document)]),
        None => Reply::not_found(),
    }
}

/// `PUT /CreditNotes`
pub(crate) fn create(ctx: &mut Ctx<'_>) -> Reply {
    write(ctx, |_, _| Ok(None))
}

/// `POST /CreditNotes`
pub(crate) fn upsert(ctx: &mut Ctx<'_>) -> Reply {
    write(ctx, |_, element| fields::id(element, "CreditNoteID").map_err(Refusal::because))
}

/// `POST /CreditNotes/{CreditNoteID}`
pub(crate) fn update(ctx: &mut Ctx<'_>) -> Reply {
    let target = named(ctx, ctx.param(0));
    write(ctx, |_, _| target.map(Some).ok_or_else(|| Refusal::because(NOT_FOUND)))
}

/// `PUT /CreditNotes/{CreditNoteID}/Allocations`
pub(crate) fn allocate(ctx: &mut Ctx<'_>) -> Reply {
    let Some(note) = named(ctx, ctx.param(0)) else { return Reply::not_found() };
    allocated(ctx, note)
}

/// Allocates a credit over the API.
pub(crate) fn allocated(ctx: &mut Ctx<'_>, note: Uuid) -> Reply {
    let elements = match envelope::elements(ctx, "Allocations") {
        Ok(elements) => elements,
        Err(refusal) => return refusal,
    };
    let mut done = Vec::new();
    for element in elements {
        done.push(match read_allocation(ctx, note, &element).and_then(|it| apply(ctx, it)) {
            Ok(allocation) => Element::Saved(allocation_view(&allocation)),
            Err(refusal) => Element::Refused(element, refusal),
        });
    }
    envelope::written(ctx, &ALLOCATIONS, done)
}

/// `DELETE /CreditNotes/{CreditNoteID}/Allocations/{AllocationID}`
pub(crate) fn remove_allocation(ctx: &mut Ctx<'_>) -> Reply {
    let (Some(note), Ok(id)) = (named(ctx, ctx.param(0)), ctx.param(1).parse::<Uuid>()) else {
        return Reply::not_found();
    };
    taken_back(ctx, note, id)
}

/// Takes an allocation of a credit back, over the API.
pub(crate) fn taken_back(ctx: &mut Ctx<'_>, credit: Uuid, id: Uuid) -> Reply {
    if !ctx.ledger.allocations.iter().any(|it| it.id == id && it.credit_note == credit) {
        return Reply::not_found();
    }
    match take_back(ctx, id) {
        Ok(allocation) => {
            // The specification's own shape: the allocation by itself, without a collection around it.
            Reply::indented(200, &allocation_view(&allocation).with("IsDeleted", true))
        }
        Err(refusal) => envelope::exception(&refusal.messages.join(" ")),
    }
}

/// Takes an allocation back: the credit is free again, and its invoice waits for money.
pub(crate) fn take_back(ctx: &mut Ctx<'_>, id: Uuid) -> Result<Allocation, Refusal> {
    let known = ctx.ledger.allocations.iter().find(|it| it.id == id).cloned();
    let allocation = known.ok_or_else(|| Refusal::because("Allocation could not be found"))?;
    if let Some(sentence) = ctx.locked(allocation.date) {
        return Err(Refusal::because(sentence));
    }
    ctx.ledger.allocations.retain(|it| it.id != id);
    ctx.ledger.settle(allocation.invoice, ctx.now);
    settle(ctx, allocation.credit_note);
    Ok(allocation)
}

/// Settles an invoice by a credit note.
pub(crate) fn apply(ctx: &mut Ctx<'_>, allocation: Allocation) -> Result<Allocation, Refusal> {
    let refuse = |sentence: &str| Err(Refusal::because(sentence));
    let (Some(note), Some(invoice)) =
        (ctx.ledger.credit(allocation.credit_note), ctx.ledger.invoices.get(&allocation.invoice))
    else {
        return refuse(NOT_FOUND);
    };
    if note.status != "AUTHORISED" || invoice.status != "AUTHORISED" {
        return refuse("Credit can only be allocated between Authorised documents");
    }
    if note.contact != invoice.contact || note.kind.is_income() != invoice.kind.is_income() {
        return refuse("Credit can only be allocated to a document of the same contact and side");
    }
    if allocation.amount > note.total - ctx.ledger.applied(note.id) {
        return refuse("The amount exceeds the remaining credit");
    }
    if allocation.amount > ctx.ledger.outstanding(invoice) {
        return refuse("The amount exceeds the amount outstanding on this document");
    }
    if let Some(sentence) = ctx.locked(allocation.date) {
        return refuse(&sentence);
    }
    ctx.ledger.allocations.push(allocation.clone());
    ctx.ledger.settle(allocation.invoice, ctx.now);
    settle(ctx, allocation.credit_note);
    Ok(allocation)
}

/// Re-reads whether a credit is used up; other documents are left alone.
pub(crate) fn settle(ctx: &mut Ctx<'_>, id: Uuid) {
    let applied = ctx.ledger.applied(id);
    let now = ctx.now;
    let ledger = &mut *ctx.ledger;
    let Some(note) = ledger.credit_notes.get_mut(&id).or_else(|| ledger.prepaid.get_mut(&id)) else { return };
    if note.status == "AUTHORISED" && applied >= note.total {
        note.status = "PAID".to_owned();
    } else if note.status == "PAID" && applied < note.total {
        note.status = "AUTHORISED".to_owned();
    }
    note.updated = now;
    tell(ctx, id, false);
}

/// Puts a credit note into the books.
pub(crate) fn commit(ctx: &mut Ctx<'_>, mut note: Document, created: bool) -> Document {
    note.updated = ctx.now;
    ctx.ledger.credit_notes.insert(note.id, note.clone());
    tell(ctx, note.id, created);
    note
}

fn tell(ctx: &mut Ctx<'_>, id: Uuid, created: bool) {
    let Some(note) = ctx.ledger.credit_notes.get(&id) else { return };
    let data = Some((note.kind.name().to_owned(), note.status.clone()));
    let event = Happened { category: Category::CreditNote, id, created, at: ctx.now, data, by_payment: false };
    ctx.ledger.happened.push(event);
}

fn named(ctx: &Ctx<'_>, key: &str) -> Option<Uuid> {
    let by_id = key.parse::<Uuid>().ok();
    let mut known = ctx.ledger.credit_notes.values();
    known.find(|note| Some(note.id) == by_id || note.number.as_deref() == Some(key)).map(|note| note.id)
}

fn write(ctx: &mut Ctx<'_>, target: impl Fn(&Ctx<'_>, &Json) -> Result<Option<Uuid>, Refusal>) -> Reply {
    let elements = match envelope::elements(ctx, "CreditNotes") {
        Ok(elements) => elements,
        Err(refusal) => return refusal,
    };
    let mut done = Vec::new();
    for element in elements {
        let saved = target(ctx, &element).and_then(|target| save(ctx, target, &element));
        done.push(match saved {
            Ok(document) => Element::Saved(shown(ctx, &document)),
            Err(refusal) => Element::Refused(element, refusal),
        });
    }
    envelope::written(ctx, &NAMES, done)
}

fn save(ctx: &mut Ctx<'_>, target: Option<Uuid>, element: &Json) -> Result<Document, Refusal> {
    let before = match target {
        None => None,
        Some(id) => {
            let known = ctx.ledger.credit_notes.get(&id).cloned();
            Some(known.ok_or_else(|| Refusal::because(NOT_FOUND))?)
        }
    };
    let side = if element.text("Type") == Some("ACCPAYCREDIT") { Kind::AccpayCredit } else { Kind::AccrecCredit };
    plans::check(ctx, side, "", "DRAFT")?;
    let from = before.as_ref().map_or("DRAFT", |before| before.status.as_str()).to_owned();
    let status = element.text("Status").unwrap_or(&from).to_owned();
    let fine = match (from.as_str(), status.as_str()) {
        ("DRAFT" | "SUBMITTED", "DRAFT" | "SUBMITTED" | "AUTHORISED") => true,
        ("DRAFT" | "SUBMITTED", "DELETED") => before.is_some(),
        ("AUTHORISED", "VOIDED") => target.is_none_or(|id| !ctx.ledger.is_settled_in_part(id)),
        ("AUTHORISED", "AUTHORISED") => target.is_none_or(|id| !ctx.ledger.is_settled_in_part(id)),
        _ => false,
    };
    if !fine {
        return Err(Refusal::because(BAD_STATUS));
    }
    if let Some(before) = before.clone().filter(|_| matches!(status.as_str(), "VOIDED" | "DELETED")) {
        return match ctx.locked(before.date) {
            Some(sentence) => Err(Refusal::because(sentence)),
            None => Ok(commit(ctx, Document { status, ..before }, false)),
        };
    }
    let named = element.text("Type").and_then(Kind::named).or(before.as_ref().map(|before| before.kind));
    let kind = named.filter(|kind| !kind.is_invoice() && !kind.is_bank());
    let kind = kind.ok_or_else(|| Refusal::because("The Type must be ACCRECCREDIT or ACCPAYCREDIT."))?;
    let is_new = before.is_none();
    let mut after = before.unwrap_or_else(|| document::blank(ctx, kind));
    let party = document::apply(ctx, element, &mut after, is_new)?;
    let number = fields::text(element, "CreditNoteNumber", 255).map_err(Refusal::because)?;
    after.number = number.filter(|number| !number.is_empty()).or(after.number);
    after.status = status;
    check(ctx, &after)?;
    if after.number.is_none() && kind == Kind::AccrecCredit {
        after.number = Some(next_number(ctx));
    }
    document::save_party(ctx, party, kind.is_income(), after.status == "AUTHORISED");
    Ok(commit(ctx, after, is_new))
}

fn check(ctx: &Ctx<'_>, note: &Document) -> Result<(), Refusal> {
    let mut messages: Vec<String> = ctx.locked(note.date).into_iter().collect();
    if note.status == "AUTHORISED" {
        messages.extend(document::approval_complaints(note));
    }
    if note.total < Decimal::ZERO {
        messages.push("The Total of a credit note must not be negative.".to_owned());
    }
    let taken = |other: &Document| other.id != note.id && other.kind == note.kind && other.number == note.number;
    if note.kind == Kind::AccrecCredit && note.number.is_some() && ctx.ledger.credit_notes.values().any(taken) {
        messages.push("Credit note # must be unique.".to_owned());
    }
    if messages.is_empty() { Ok(()) } else { Err(Refusal { messages, ..Refusal::default() }) }
}

pub(crate) fn next_number(ctx: &Ctx<'_>) -> String {
    format!("CN-{:04}", ctx.ledger.credit_notes.len() + 1)
}

fn read_allocation(ctx: &Ctx<'_>, credit_note: Uuid, element: &Json) -> Result<Allocation, Refusal> {
    let invoice = element.get("Invoice").map(|invoice| fields::id(invoice, "InvoiceID")).transpose();
    let invoice = invoice.map_err(Refusal::because)?.flatten();
    let invoice = invoice.ok_or_else(|| Refusal::because("The Invoice must be specified."))?;
    let amount = fields::number(ctx, element, "Amount").map_err(Refusal::because)?;
    let amount = amount.filter(|amount| *amount > Decimal::ZERO);
    let amount = amount.ok_or_else(|| Refusal::because("The Amount must be greater than zero."))?;
    let date = fields::date(element, "Date").map_err(Refusal::because)?.unwrap_or_else(|| ctx.today());
    Ok(Allocation { id: crate::ids::fresh(), credit_note, invoice, amount, date })
}

pub(crate) fn allocation_view(allocation: &Allocation) -> Json {
    Json::object()
        .with("AllocationID", allocation.id)
        .with("Amount", Json::money(allocation.amount))
        .with("Date", wrapped_date(allocation.date))
        .with("Invoice", Json::object().with("InvoiceID", allocation.invoice))
}

/// A credit note with what is left of it.
pub(crate) fn shown(ctx: &Ctx<'_>, note: &Document) -> Json {
    let allocations = ctx.ledger.allocations.iter().filter(|it| it.credit_note == note.id).map(allocation_view);
    let gone = matches!(note.status.as_str(), "VOIDED" | "DELETED");
    let left = if gone { Decimal::ZERO } else { note.total - ctx.ledger.applied(note.id) };
    let payments =
        if ctx.sees_payments { ctx.ledger.payments_of(note.id).map(view::payment).collect() } else { Vec::new() };
    view::with_lines(ctx, view::head(ctx, note), note)
        .with("RemainingCredit", Json::money(left))
        .with("Allocations", Json::List(allocations.collect()))
        .with("Payments", Json::List(payments))
        .with("UpdatedDateUTCString", instant_string(note.updated))
        .with("Contact", view::named_contact(ctx, note))
}
