//! Reading invoices and bills.

use uuid::Uuid;

use super::view;
use crate::accounting::listing::{self, Listing, Row};
use crate::accounting::{Ctx, envelope};
use crate::http::Reply;
use crate::json::Json;
use crate::world::records::{Document, Kind};

const FIELDS: &[&str] = &[
    "Type",
    "InvoiceID",
    "InvoiceNumber",
    "Reference",
    "Contact",
    "Date",
    "DueDate",
    "Status",
    "LineAmountTypes",
    "SubTotal",
    "TotalTax",
    "Total",
    "AmountDue",
    "AmountPaid",
    "AmountCredited",
    "CurrencyCode",
    "FullyPaidOnDate",
    "SentToContact",
    "UpdatedDateUTC",
    "Url",
    "HasAttachments",
];

/// `GET /Invoices`
pub(crate) fn list(ctx: &mut Ctx<'_>) -> Reply {
    listed(ctx).unwrap_or_else(|refusal| refusal)
}

/// `GET /Invoices/{InvoiceID or InvoiceNumber}`
pub(crate) fn get(ctx: &mut Ctx<'_>) -> Reply {
    match named(ctx, ctx.param(0)) {
        Some(document) => envelope::ok(ctx, "Invoices", None, vec![view::full(ctx, document)]),
        None => Reply::not_found(),
    }
}

/// An invoice by id, or a sales invoice by number.
pub(crate) fn named<'c>(ctx: &'c Ctx<'_>, key: &str) -> Option<&'c Document> {
    match key.parse::<Uuid>() {
        Ok(id) => ctx.ledger.invoices.get(&id),
        Err(_) => {
            let mut numbered = ctx.ledger.invoices.values().filter(|document| document.number.as_deref() == Some(key));
            numbered.find(|document| document.kind == Kind::Accrec)
        }
    }
}

fn listed(ctx: &Ctx<'_>) -> Result<Reply, Reply> {
    let ids = listing::ids(ctx, "IDs", "Ids")?;
    let contacts = listing::ids(ctx, "ContactIDs", "ContactIds")?;
    let numbers = listing::words(ctx, "InvoiceNumbers");
    let statuses = listing::words(ctx, "Statuses");
    let mine = ctx.call.flag("createdByMyApp").unwrap_or(false);
    let archived = ctx.call.flag("includeArchived").unwrap_or(true);
    let term = ctx.call.param("searchTerm").map(str::to_lowercase);
    let wanted = |document: &&Document| {
        ids.as_ref().is_none_or(|ids| ids.contains(&document.id))
            && contacts.as_ref().is_none_or(|ids| document.contact.is_some_and(|id| ids.contains(&id)))
            && numbers.as_ref().is_none_or(|numbers| numbers.iter().any(|n| document.number.as_deref() == Some(*n)))
            && statuses.as_ref().is_none_or(|s| s.iter().any(|status| status.eq_ignore_ascii_case(&document.status)))
            && (!mine || document.made_by.as_ref() == Some(&ctx.app.client_id))
            && (archived || !has_archived_contact(ctx, document))
            && term.as_ref().is_none_or(|term| mentions(document, term))
    };
    let rows = ctx.ledger.invoices.values().filter(wanted);
    let rows = rows.map(|item| Row { item, id: item.id, updated: item.updated }).collect();
    let summary = ctx.call.flag("summaryOnly").unwrap_or(false);
    let full = |ctx: &Ctx<'_>, document: &Document| -> Json {
        if summary { view::summary(ctx, document) } else { view::full(ctx, document) }
    };
    let page = |ctx: &Ctx<'_>, document: &Document| -> Json {
        if summary { view::summary(ctx, document) } else { view::on_page(ctx, document) }
    };
    let reduced = |ctx: &Ctx<'_>, document: &Document| -> Json {
        if summary { view::summary(ctx, document) } else { view::reduced(ctx, document) }
    };
    let listing =
        Listing { collection: "Invoices", fields: FIELDS, paged: true, full: &full, page: &page, reduced: &reduced };
    Ok(listing::answer(ctx, &listing, rows))
}

fn has_archived_contact(ctx: &Ctx<'_>, document: &Document) -> bool {
    document.contact.and_then(|id| ctx.ledger.contacts.get(&id)).is_some_and(|contact| contact.archived)
}

fn mentions(document: &Document, term: &str) -> bool {
    let texts = [document.number.as_deref(), document.reference.as_deref()];
    texts.into_iter().flatten().any(|text| text.to_lowercase().contains(term))
}
