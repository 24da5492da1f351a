//! The envelope around collections: `{"Id": …, "Invoices": […], "pagination": {…}}`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// One page of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Its number, from 1.
    pub page: u32,
    /// Whether there is another. Items move between pages while one reads: deduplicate.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// A page with nothing on it and none behind it.
    pub(super) fn empty(page: u32) -> Self {
        Self { items: Vec::new(), page, has_more: false }
    }
}

/// What Xero says about pages.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    page_count: u32,
}

type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// The elements under `key`, unread.
pub(super) fn elements<'a>(body: &'a [u8], key: &str) -> Option<Vec<&'a RawValue>> {
    let fields: Fields<'a> = serde_json::from_slice(body).ok()?;
    serde_json::from_str(find(&fields, key)?.get()).ok()
}

/// The elements under `key`, read.
pub(super) fn list<T: DeserializeOwned>(body: &[u8], key: &str) -> Option<Vec<T>> {
    let fields: Fields<'_> = serde_json::from_slice(body).ok()?;
    serde_json::from_str(find(&fields, key)?.get()).ok()
}

/// The page under `key`. An empty or a last page has none behind it, whatever its count says.
pub(super) fn page<T: DeserializeOwned>(body: &[u8], key: &str, page: u32, size: usize) -> Option<Page<T>> {
    let fields: Fields<'_> = serde_json::from_slice(body).ok()?;
    let items: Vec<T> = serde_json::from_str(find(&fields, key)?.get()).ok()?;
    let pagination: Option<Pagination> =
        find(&fields, "pagination").and_then(|raw| serde_json::from_str(raw.get()).ok());
    let more_pages = match pagination {
        Some(pagination) => page < pagination.page_count,
        None => items.len() >= size,
    };
    Some(Page { has_more: more_pages && !items.is_empty(), items, page })
}

fn find<'a>(fields: &Fields<'a>, key: &str) -> Option<&'a RawValue> {
    fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, raw)| *raw)
}
