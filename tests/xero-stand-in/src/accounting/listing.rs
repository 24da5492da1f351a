//! Listings: `If-Modified-Since`, `where`, `order`, `page` and `pageSize`, alike for every resource.

use std::cmp::Ordering;

use jiff::Timestamp;
use uuid::Uuid;

use super::{Ctx, envelope, filter};
use crate::http::Reply;
use crate::json::Json;
use crate::time::read_modified_since;

const DEFAULT_PAGE_SIZE: usize = 100;
const LARGEST_PAGE: usize = 1000;

/// One candidate of a listing.
pub(crate) struct Row<'l, T> {
    pub(crate) item: &'l T,
    pub(crate) id: Uuid,
    pub(crate) updated: Timestamp,
}

/// How a resource is listed.
pub(crate) struct Listing<'f, T> {
    pub(crate) collection: &'static str,
    /// The names that expressions may use.
    pub(crate) fields: &'static [&'static str],
    /// Whether `page` means anything.
    pub(crate) paged: bool,
    /// The whole element, on which expressions are judged.
    pub(crate) full: &'f dyn Fn(&Ctx<'_>, &T) -> Json,
    /// The element on a page.
    pub(crate) page: &'f dyn Fn(&Ctx<'_>, &T) -> Json,
    /// The element without page: reduced.
    pub(crate) reduced: &'f dyn Fn(&Ctx<'_>, &T) -> Json,
}

/// A request's page.
#[derive(Clone, Copy)]
struct Page {
    number: usize,
    size: usize,
}

/// Answers a listing.
pub(crate) fn answer<T>(ctx: &Ctx<'_>, listing: &Listing<'_, T>, rows: Vec<Row<'_, T>>) -> Reply {
    listed(ctx, listing, rows).unwrap_or_else(|refusal| refusal)
}

fn listed<T>(ctx: &Ctx<'_>, listing: &Listing<'_, T>, mut rows: Vec<Row<'_, T>>) -> Result<Reply, Reply> {
    let page = if listing.paged { page(ctx)? } else { None };
    if modified_only(ctx, &mut rows)? && rows.is_empty() && ctx.switches.answer_304 {
        return Ok(Reply::empty(304));
    }
    rows.sort_by_key(|row| (row.updated, row.id));
    narrow(ctx, listing, &mut rows)?;
    arrange(ctx, listing, &mut rows)?;
    let Some(page) = page else {
        if rows.len() > ctx.switches.listing_limit {
            return Err(envelope::query_parse("Too many results. Use paging."));
        }
        let items = rows.iter().map(|row| (listing.reduced)(ctx, row.item)).collect();
        return Ok(envelope::ok(ctx, listing.collection, None, items));
    };
    let count = rows.len();
    let shown = rows.iter().skip((page.number - 1).saturating_mul(page.size)).take(page.size);
    let items = shown.map(|row| (listing.page)(ctx, row.item)).collect();
    let pagination = Json::object()
        .with("page", page.number)
        .with("pageSize", page.size)
        .with("pageCount", count.div_ceil(page.size))
        .with("itemCount", count);
    Ok(envelope::ok(ctx, listing.collection, Some(pagination), items))
}

/// Drops what has not changed; true when the header was there.
fn modified_only<T>(ctx: &Ctx<'_>, rows: &mut Vec<Row<'_, T>>) -> Result<bool, Reply> {
    let Some(text) = ctx.call.header("if-modified-since") else { return Ok(false) };
    let since =
        read_modified_since(text).ok_or_else(|| envelope::query_parse("If-Modified-Since is not a valid date"))?;
    let inclusive = ctx.switches.modified_since_inclusive;
    rows.retain(|row| row.updated > since || (inclusive && row.updated.as_second() == since.as_second()));
    Ok(true)
}

fn narrow<T>(ctx: &Ctx<'_>, listing: &Listing<'_, T>, rows: &mut Vec<Row<'_, T>>) -> Result<(), Reply> {
    let Some(expression) = ctx.call.param("where") else { return Ok(()) };
    let refuse = |message: String| envelope::query_parse(&message);
    let filter = filter::parse(expression, listing.fields).map_err(refuse)?;
    let mut kept = Vec::new();
    for row in std::mem::take(rows) {
        if filter.passes(&(listing.full)(ctx, row.item)).map_err(refuse)? {
            kept.push(row);
        }
    }
    *rows = kept;
    Ok(())
}

fn arrange<T>(ctx: &Ctx<'_>, listing: &Listing<'_, T>, rows: &mut Vec<Row<'_, T>>) -> Result<(), Reply> {
    let Some(order) = ctx.call.param("order").filter(|order| !order.trim().is_empty()) else { return Ok(()) };
    let mut keys = Vec::new();
    for part in order.split(',') {
        let mut words = part.split_whitespace();
        let field = words.next().unwrap_or_default();
        let descending = match words.next().map(str::to_ascii_uppercase).as_deref() {
            None | Some("ASC" | "ASCENDING") => false,
            Some("DESC" | "DESCENDING") => true,
            Some(_) => return Err(envelope::query_parse("Syntax error")),
        };
        let root = field.split('.').next().unwrap_or_default();
        if !listing.fields.iter().any(|known| known.eq_ignore_ascii_case(root)) {
            return Err(envelope::query_parse(&format!("No property or field '{root}' exists")));
        }
        keys.push((field.to_owned(), descending));
    }
    let mut shown: Vec<(Json, Row<'_, T>)> =
        std::mem::take(rows).into_iter().map(|row| ((listing.full)(ctx, row.item), row)).collect();
    shown.sort_by(|(left, _), (right, _)| {
        keys.iter().fold(Ordering::Equal, |so_far, (field, descending)| {
            let ordering = filter::by_field(left, right, field);
            so_far.then(if *descending { ordering.reverse() } else { ordering })
        })
    });
    *rows = shown.into_iter().map(|(_, row)| row).collect();
    Ok(())
}

fn page(ctx: &Ctx<'_>) -> Result<Option<Page>, Reply> {
    let read = |name: &str| match ctx.call.param(name) {
        None => Ok(None),
        Some(text) => match text.parse::<usize>() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err(envelope::query_parse(&format!("Parameter '{name}' must be a positive number"))),
        },
    };
    let (number, size) = (read("page")?, read("pageSize")?);
    if size.is_some_and(|size| size > LARGEST_PAGE) {
        return Err(envelope::query_parse(&format!("Parameter 'pageSize' must not exceed {LARGEST_PAGE}")));
    }
    Ok(number.map(|number| Page { number, size: size.unwrap_or(DEFAULT_PAGE_SIZE) }))
}

/// A comma list of ids; a bad one is refused in plain text.
pub(crate) fn ids(ctx: &Ctx<'_>, parameter: &str, spelled: &str) -> Result<Option<Vec<Uuid>>, Reply> {
    let Some(text) = ctx.call.param(parameter).filter(|text| !text.is_empty()) else { return Ok(None) };
    let sentence = format!("Supplied parameter '{spelled}' cannot be parsed - must be of type UUID.");
    let read: Result<Vec<Uuid>, _> = text.split(',').map(|id| id.trim().parse()).collect();
    read.map(Some).map_err(|_| Reply::plain(400, &sentence))
}

/// A comma list of words.
pub(crate) fn words<'c>(ctx: &'c Ctx<'_>, parameter: &str) -> Option<Vec<&'c str>> {
    let text = ctx.call.param(parameter).filter(|text| !text.is_empty())?;
    Some(text.split(',').map(str::trim).collect())
}
