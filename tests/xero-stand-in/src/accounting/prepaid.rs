//! Overpayments and prepayments: money of a contact that waits for an invoice, allocated and taken back.
//!
//! They arise when money is recorded at the desk; the API reads and allocates them.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::Ctx;
use super::credit_notes::{allocated, allocation_view, taken_back};
use super::envelope;
use super::invoices::view;
use super::listing::{self, Listing, Row};
use crate::http::Reply;
use crate::json::Json;
use crate::time::{date_string, instant_string, wrapped, wrapped_date};
use crate::world::records::{Document, Kind};

const OVERPAYMENTS: &[&str] =
    &["OverpaymentID", "Type", "Status", "Date", "Contact", "Total", "RemainingCredit", "UpdatedDateUTC"];
const PREPAYMENTS: &[&str] =
    &["PrepaymentID", "Type", "Status", "Date", "Contact", "Total", "RemainingCredit", "UpdatedDateUTC"];

/// `GET /Overpayments`
pub(crate) fn overpayments(ctx: &mut Ctx<'_>) -> Reply {
    list(ctx, "Overpayments", OVERPAYMENTS, Kind::is_overpayment)
}

/// `GET /Prepayments`
pub(crate) fn prepayments(ctx: &mut Ctx<'_>) -> Reply {
    list(ctx, "Prepayments", PREPAYMENTS, Kind::is_prepayment)
}

/// `GET /Overpayments/{OverpaymentID}`
pub(crate) fn overpayment(ctx: &mut Ctx<'_>) -> Reply {
    one(ctx, "Overpayments", Kind::is_overpayment)
}

/// `GET /Prepayments/{PrepaymentID}`
pub(crate) fn prepayment(ctx: &mut Ctx<'_>) -> Reply {
    one(ctx, "Prepayments", Kind::is_prepayment)
}

/// `PUT …/{id}/Allocations`
pub(crate) fn allocate(ctx: &mut Ctx<'_>) -> Reply {
    match named(ctx) {
        Some(id) => allocated(ctx, id),
        None => Reply::not_found(),
    }
}

/// `DELETE …/{id}/Allocations/{AllocationID}`
pub(crate) fn remove_allocation(ctx: &mut Ctx<'_>) -> Reply {
    match (named(ctx), ctx.param(1).parse()) {
        (Some(credit), Ok(id)) => taken_back(ctx, credit, id),
        _ => Reply::not_found(),
    }
}

/// The one that the path names, of the kind that the path names.
fn named(ctx: &Ctx<'_>) -> Option<Uuid> {
    let id: Uuid = ctx.param(0).parse().ok()?;
    let kind = ctx.ledger.prepaid.get(&id)?.kind;
    let of_path = match ctx.call.segments.get(2).map(String::as_str) {
        Some("Overpayments") => kind.is_overpayment(),
        _ => kind.is_prepayment(),
    };
    of_path.then_some(id)
}

fn list(ctx: &Ctx<'_>, collection: &'static str, fields: &'static [&'static str], is: fn(Kind) -> bool) -> Reply {
    let rows = ctx.ledger.prepaid.values().filter(|document| is(document.kind));
    let rows = rows.map(|item| Row { item, id: item.id, updated: item.updated }).collect();
    let listing = Listing { collection, fields, paged: true, full: &shown, page: &shown, reduced: &shown };
    listing::answer(ctx, &listing, rows)
}

fn one(ctx: &Ctx<'_>, collection: &str, is: fn(Kind) -> bool) -> Reply {
    let id: Option<Uuid> = ctx.param(0).parse().ok();
    match id.and_then(|id| ctx.ledger.prepaid.get(&id)).filter(|document| is(document.kind)) {
        Some(document) => envelope::ok(ctx, collection, None, vec![shown(ctx, document)]),
        None => Reply::not_found(),
    }
}

/// An overpayment or prepayment with what is left of it.
pub(crate) fn shown(ctx: &Ctx<'_>, document: &Document) -> Json {
    let allocations = ctx.ledger.allocations.iter().filter(|it| it.credit_note == document.id).map(allocation_view);
    let gone = document.status == "VOIDED";
    let left = if gone { Decimal::ZERO } else { document.total - ctx.ledger.applied(document.id) };
    let id = if document.kind.is_overpayment() { "OverpaymentID" } else { "PrepaymentID" };
    let view = Json::object()
        .with(id, document.id)
        .with("Type", document.kind.name())
        .with_some("Reference", document.reference.as_deref())
        .with("Status", document.status.as_str())
        .with("LineAmountTypes", document.line_amounts.as_str())
        .with("Date", wrapped_date(document.date))
        .with("DateString", date_string(document.date))
        .with("CurrencyCode", document.currency.as_str())
        .with("CurrencyRate", Json::decimals(document.currency_rate, 10))
        .with("SubTotal", Json::money(document.sub_total))
        .with("TotalTax", Json::money(document.total_tax))
        .with("Total", Json::money(document.total))
        .with("RemainingCredit", Json::money(left))
        .with("Allocations", Json::List(allocations.collect()))
        .with("Payments", Json::List(ctx.ledger.payments_of(document.id).map(view::payment).collect()))
        .with("HasAttachments", false)
        .with("UpdatedDateUTC", wrapped(document.updated))
        .with("UpdatedDateUTCString", instant_string(document.updated));
    view::with_lines(ctx, view, document).with("Contact", view::named_contact(ctx, document))
}
