//! Bank transactions: spend and receive money, inclusive by default, fixed once reconciled.

use uuid::Uuid;

use rust_decimal::Decimal;

use super::envelope::{self, Element, Names, Refusal};
use super::invoices::{document, view};
use super::listing::{self, Listing, Row};
use super::{Ctx, fields};
use crate::http::Reply;
use crate::json::Json;
use crate::world::records::{Document, Kind};

const FIELDS: &[&str] = &[
    "BankTransactionID",
    "Type",
    "Status",
    "Date",
    "Contact",
    "Reference",
    "Total",
    "SubTotal",
    "TotalTax",
    "CurrencyCode",
    "IsReconciled",
    "BankAccount",
    "UpdatedDateUTC",
    "Url",
];
const NAMES: Names = Names { collection: "BankTransactions", id: "BankTransactionID", has_errors: "HasErrors" };
const NOT_FOUND: &str = "The document with the supplied id was not found for this endpoint.";
const RECONCILED: &str = "This Bank Transaction cannot be edited as it has been reconciled with a Bank Statement.";

/// `GET /BankTransactions`
pub(crate) fn list(ctx: &mut Ctx<'_>) -> Reply {
    let rows = ctx.ledger.bank_transactions.values();
    let rows = rows.map(|item| Row { item, id: item.id, updated: item.updated }).collect();
    let reduced = |ctx: &Ctx<'_>, document: &Document| {
        let mut view = shown(ctx, document);
        view.set("LineItems", Json::List(Vec::new()));
        view
    };
    let listing = Listing {
        collection: "BankTransactions",
        fields: FIELDS,
        paged: true,
        full: &shown,
        page: &shown,
        reduced: &reduced,
    };
    listing::answer(ctx, &listing, rows)
}

/// `GET /BankTransactions/{BankTransactionID}`
pub(crate) fn get(ctx: &mut Ctx<'_>) -> Reply {
    let id: Option<Uuid> = ctx.param(0).parse().ok();
    match id.and_then(|id| ctx.ledger.bank_transactions.get(&id)) {
        Some(document) => envelope::ok(ctx, "BankTransactions", None, vec![shown(ctx, document)]),
        None => Reply::not_found(),
    }
}

/// `PUT /BankTransactions`
pub(crate) fn create(ctx: &mut Ctx<'_>) -> Reply {
    write(ctx, |_, _| Ok(None))
}

/// `POST /BankTransactions`
pub(crate) fn upsert(ctx: &mut Ctx<'_>) -> Reply {
    write(ctx, |_, element| fields::id(element, "BankTransactionID").map_err(Refusal::because))
}

/// `POST /BankTransactions/{BankTransactionID}`
pub(crate) fn update(ctx: &mut Ctx<'_>) -> Reply {
    let target: Option<Uuid> = ctx.param(0).parse().ok();
    write(ctx, |_, _| target.map(Some).ok_or_else(|| Refusal::because(NOT_FOUND)))
}

/// Changes one by hand.
pub(crate) fn change(ctx: &mut Ctx<'_>, id: Uuid, element: &Json) -> Result<Document, Refusal> {
    save(ctx, Some(id), element)
}

fn write(ctx: &mut Ctx<'_>, target: impl Fn(&Ctx<'_>, &Json) -> Result<Option<Uuid>, Refusal>) -> Reply {
    let elements = match envelope::elements(ctx, "BankTransactions") {
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
            let known = ctx.ledger.bank_transactions.get(&id).cloned();
            Some(known.ok_or_else(|| Refusal::because(NOT_FOUND))?)
        }
    };
    let status = element.text("Status").unwrap_or("AUTHORISED");
    if let Some(before) = &before {
        let deleting = status == "DELETED" && ctx.switches.reconciled_may_be_deleted;
        if before.reconciled && !deleting {
            return Err(Refusal::because(RECONCILED));
        }
        if before.status == "DELETED" || !["AUTHORISED", "DELETED"].contains(&status) {
            return Err(Refusal::because("This Bank Transaction is not of valid status for modification"));
        }
        if let Some(sentence) = ctx.locked(before.date) {
            return Err(Refusal::because(sentence));
        }
    }
    if let Some(before) = before.clone().filter(|_| status == "DELETED") {
        return Ok(commit(ctx, Document { status: "DELETED".to_owned(), ..before }));
    }
    if before.is_none() && status != "AUTHORISED" {
        return Err(Refusal::because("The Status of a new bank transaction must be AUTHORISED."));
    }
    let kind = element.text("Type").and_then(Kind::named).filter(|kind| kind.is_bank());
    let kind = kind.or(before.as_ref().map(|before| before.kind));
    let kind = kind.ok_or_else(|| Refusal::because("The Type must be SPEND or RECEIVE."))?;
    let is_new = before.is_none();
    let mut after = before.unwrap_or_else(|| document::blank(ctx, kind));
    let party = document::apply(ctx, element, &mut after, is_new)?;
    check(ctx, &after)?;
    document::save_party(ctx, party, kind.is_income(), true);
    Ok(commit(ctx, after))
}

fn check(ctx: &Ctx<'_>, document: &Document) -> Result<(), Refusal> {
    let mut messages = document::approval_complaints(document);
    messages.extend(ctx.locked(document.date));
    for line in document.lines.iter().filter(|line| line.line_amount.is_some()) {
        if line.quantity.is_none_or(|quantity| quantity <= Decimal::ZERO) {
            messages.push("The Quantity of a line item must be greater than zero.".to_owned());
        }
        if line.unit_amount.is_none_or(|unit| unit.is_zero()) {
            messages.push("The UnitAmount of a line item must not be zero.".to_owned());
        }
    }
    if document.total <= Decimal::ZERO {
        messages.push("The Total of a bank transaction must be greater than zero.".to_owned());
    }
    if messages.is_empty() { Ok(()) } else { Err(Refusal { messages, ..Refusal::default() }) }
}

fn commit(ctx: &mut Ctx<'_>, mut document: Document) -> Document {
    document.updated = ctx.now;
    ctx.ledger.bank_transactions.insert(document.id, document.clone());
    document
}

/// A bank transaction; its contact and account by name.
pub(crate) fn shown(ctx: &Ctx<'_>, document: &Document) -> Json {
    let account = document.bank_account.and_then(|id| ctx.ledger.account(id));
    let account = account.map(|account| {
        Json::object()
            .with("AccountID", account.id)
            .with_some("Code", account.code.as_deref())
            .with("Name", account.name.as_str())
    });
    view::with_lines(ctx, view::head(ctx, document), document)
        .with("IsReconciled", document.reconciled)
        .with_some("BankAccount", account)
        .with("Contact", view::named_contact(ctx, document))
}
