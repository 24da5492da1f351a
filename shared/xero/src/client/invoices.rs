//! Sales invoices and bills: created with PUT, changed by id, read in groups.
//!
//! Creating never uses POST, because POST with a number that exists would overwrite that invoice.

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::json;

use super::envelope::Page;
use super::idempotency::IdempotencyKey;
use super::tenant::{EACH_ALONE, LARGEST_PAGE, PAGE_SIZE, PRECISE, Tenant};
use crate::element::Element;
use crate::error::Error;
use crate::ids::InvoiceId;
use crate::models::{Invoice, InvoicesBody};

const KEY: &str = "Invoices";

/// Numbers in one address. A number may be 255 characters long, and encoding may triple it.
const NUMBERS_AT_ONCE: usize = 20;

/// An invoice or bill in a list of which only the ids count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct ListedInvoice {
    /// Its id.
    #[serde(rename = "InvoiceID")]
    pub invoice_id: InvoiceId,
}

impl Tenant<'_> {
    /// Creates invoices or bills; one answer for each, in the order sent.
    pub async fn create_invoices(
        &self,
        body: &InvoicesBody,
        key: &IdempotencyKey,
    ) -> Result<Vec<Element<Invoice>>, Error> {
        let body = (body.as_str(), body.elements());
        self.write(Method::PUT, self.url(&[KEY], &[EACH_ALONE, PRECISE]), KEY, body, key).await
    }

    /// Changes, voids or deletes one invoice or bill.
    pub async fn update_invoice(
        &self,
        id: InvoiceId,
        body: &InvoicesBody,
        key: &IdempotencyKey,
    ) -> Result<Element<Invoice>, Error> {
        self.write_one(&[KEY, &id.to_string()], &[PRECISE], KEY, body.as_str(), key).await
    }

    /// An invoice by its id, voided and deleted ones included.
    pub async fn invoice(&self, id: InvoiceId) -> Result<Option<Invoice>, Error> {
        self.find(&[KEY, &id.to_string()], &[PRECISE], KEY).await
    }

    /// Invoices by their ids: one call for each hundred. Unknown ids are left out.
    pub async fn invoices_by_ids(&self, ids: &[InvoiceId]) -> Result<Vec<Invoice>, Error> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(PAGE_SIZE) {
            let list = joined(some.iter().map(ToString::to_string));
            let query = [("IDs", list.as_str()), PRECISE];
            found.extend(self.pages(KEY, &query).await?);
        }
        Ok(found)
    }

    /// Invoices and bills by their numbers, whatever their case. A bill's number may occur more than
    /// once.
    pub async fn invoices_by_numbers(&self, numbers: &[&str]) -> Result<Vec<Invoice>, Error> {
        let mut numbers = numbers.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        // A comma separates numbers in the list, so one with a comma is searched for by itself.
        let (single, listed): (Vec<&str>, Vec<&str>) = numbers.iter().partition(|number| number.contains(','));
        let mut found: Vec<Invoice> = Vec::new();
        for some in listed.chunks(NUMBERS_AT_ONCE) {
            let list = joined(some);
            let query = [("InvoiceNumbers", list.as_str()), PRECISE];
            found.extend(self.pages(KEY, &query).await?);
        }
        for number in single {
            let query = [("searchTerm", number), PRECISE];
            found.extend(self.pages(KEY, &query).await?);
        }
        found.retain(|invoice: &Invoice| {
            let number = invoice.invoice_number.as_deref().unwrap_or_default().trim();
            numbers.iter().any(|asked| asked.trim().eq_ignore_ascii_case(number))
        });
        Ok(found)
    }

    /// Invoices and bills of every status that this app created and that changed since then, oldest change first. A list
    /// without statuses may leave deleted ones out.
    /// Ask from some minutes before, and expect repeats.
    pub async fn invoices_modified_since(&self, since: Timestamp, page: u32) -> Result<Page<Invoice>, Error> {
        let query = [
            ("Statuses", "DRAFT,SUBMITTED,AUTHORISED,PAID,VOIDED,DELETED"),
            ("createdByMyApp", "true"),
            ("order", "UpdatedDateUTC ASC"),
            PRECISE,
        ];
        self.page(KEY, &query, page, Some(since)).await
    }

    /// The invoices and bills that this app created and that changed since then, drafts included and removed ones not,
    /// oldest change first. Ask from some minutes before, and expect repeats.
    pub async fn invoices_made_since(&self, since: Timestamp, page: u32) -> Result<Page<Invoice>, Error> {
        let query = [
            ("Statuses", "DRAFT,SUBMITTED,AUTHORISED,PAID"),
            ("createdByMyApp", "true"),
            ("order", "UpdatedDateUTC ASC"),
            PRECISE,
        ];
        self.page(KEY, &query, page, Some(since)).await
    }

    /// The ids of all invoices and bills of which something is due, whoever created them: a thousand on a page.
    pub async fn authorised_invoices(&self, page: u32) -> Result<Page<ListedInvoice>, Error> {
        let query = [("Statuses", "AUTHORISED"), ("order", "InvoiceID ASC"), ("summaryOnly", "true")];
        self.page_of(LARGEST_PAGE, KEY, &query, page, None).await
    }

    /// Adds a line to an invoice's history in Xero.
    pub async fn add_history(&self, id: InvoiceId, note: &str) -> Result<(), Error> {
        let url = self.url(&[KEY, &id.to_string(), "History"], &[]);
        let body = json!({"HistoryRecords": [{"Details": note}]});
        let request = self.request(Method::PUT, url).header(CONTENT_TYPE, "application/json").body(body.to_string());
        self.exchange(request).await?.success().map(|_| ())
    }
}

fn joined(items: impl IntoIterator<Item: AsRef<str>>) -> String {
    let mut list = String::new();
    for item in items {
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(item.as_ref());
    }
    list
}
