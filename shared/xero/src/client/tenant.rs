//! One organisation: the requests that all its resources share.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, IF_MODIFIED_SINCE};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

use super::Client;
use super::answer::{self, Answer};
use super::envelope::{self, Page};
use super::idempotency::IdempotencyKey;
use super::limits::Limits;
use crate::dates;
use crate::element::{self, Element, Saved};
use crate::error::Error;
use crate::ids::TenantId;
use crate::oauth::AccessToken;

/// Elements on a page. A hundred invoices are about half a megabyte; a thousand would not fit the
/// functions' memory.
pub(super) const PAGE_SIZE: usize = 100;

/// Elements on a page of which little more than the ids is asked for: Xero's most.
pub(super) const LARGEST_PAGE: usize = 1_000;

/// What reads of documents ask for: prices to four decimals.
pub(super) const PRECISE: (&str, &str) = ("unitdp", "4");

/// What writes ask for: every element judged alone.
pub(super) const EACH_ALONE: (&str, &str) = ("summarizeErrors", "false");

/// One organisation, reached with one token.
#[derive(Debug)]
pub struct Tenant<'a> {
    client: &'a Client,
    token: &'a AccessToken,
    id: TenantId,
    limits: Mutex<Limits>,
}

impl<'a> Tenant<'a> {
    pub(super) fn new(client: &'a Client, token: &'a AccessToken, id: TenantId) -> Self {
        Self { client, token, id, limits: Mutex::default() }
    }

    /// The organisation's id.
    pub fn id(&self) -> TenantId {
        self.id
    }

    /// What the answers so far said about the limits.
    pub fn last_limits(&self) -> Limits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The whole collection at a path, which Xero does not page.
    pub(super) async fn list<T: DeserializeOwned>(&self, path: &[&str], key: &'static str) -> Result<Vec<T>, Error> {
        let answer = self.get(self.url(path, &[])).await?;
        envelope::list(answer.body(), key).ok_or_else(|| answer.malformed(key))
    }

    /// The one element at a path, or nothing if Xero does not know it.
    pub(super) async fn find<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        key: &'static str,
    ) -> Result<Option<T>, Error> {
        let answer = match self.get(self.url(path, query)).await {
            Ok(answer) => answer,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let found = envelope::list(answer.body(), key).ok_or_else(|| answer.malformed(key))?;
        Ok(found.into_iter().next())
    }

    /// One page of a collection.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        key: &'static str,
        query: &[(&str, &str)],
        page: u32,
        since: Option<Timestamp>,
    ) -> Result<Page<T>, Error> {
        self.page_of(PAGE_SIZE, key, query, page, since).await
    }

    /// One page of so many elements.
    pub(super) async fn page_of<T: DeserializeOwned>(
        &self,
        size: usize,
        key: &'static str,
        query: &[(&str, &str)],
        page: u32,
        since: Option<Timestamp>,
    ) -> Result<Page<T>, Error> {
        let mut url = self.url(&[key], query);
        url.query_pairs_mut().append_pair("page", &page.to_string()).append_pair("pageSize", &size.to_string());
        let mut request = self.request(Method::GET, url);
        if let Some(since) = since {
            request = request.header(IF_MODIFIED_SINCE, dates::if_modified_since(since));
        }
        let answer = self.exchange(request).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(Page::empty(page));
        }
        let answer = answer.success()?;
        envelope::page(answer.body(), key, page, size).ok_or_else(|| answer.malformed(key))
    }

    /// Every page of a collection.
    pub(super) async fn pages<T: DeserializeOwned>(
        &self,
        key: &'static str,
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        let mut number = 1;
        loop {
            let page = self.page(key, query, number, None).await?;
            all.extend(page.items);
            if !page.has_more {
                return Ok(all);
            }
            number += 1;
        }
    }

    /// A write, whose answer has one element for each that was sent.
    pub(super) async fn write<T: Saved>(
        &self,
        method: Method,
        url: Url,
        key: &'static str,
        body: (&str, usize),
        idempotency: &IdempotencyKey,
    ) -> Result<Vec<Element<T>>, Error> {
        let (json, expected) = body;
        let request = self
            .request(method, url)
            .header("Idempotency-Key", idempotency.as_str())
            .header(CONTENT_TYPE, "application/json")
            .body(json.to_owned());
        let answer = self.exchange(request).await?.success()?;
        judged(&answer, key).filter(|elements| elements.len() == expected).ok_or_else(|| answer.malformed(key))
    }

    /// A write of one element.
    pub(super) async fn write_one<T: Saved>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        key: &'static str,
        json: &str,
        idempotency: &IdempotencyKey,
    ) -> Result<Element<T>, Error> {
        // A write to an id knows no summarizeErrors: what is refused comes as an error of the whole.
        match self.write(Method::POST, self.url(path, query), key, (json, 1), idempotency).await {
            Ok(written) => written.into_iter().next().ok_or(Error::Malformed { what: key, correlation_id: None }),
            Err(Error::Validation { elements, .. }) if elements.len() == 1 => {
                let errors = elements.into_iter().next().unwrap_or_default();
                Ok(Element::Refused { errors, entity: None })
            }
            Err(error) => Err(error),
        }
    }

    /// An exchange that must succeed.
    pub(super) async fn get(&self, url: Url) -> Result<Answer, Error> {
        self.exchange(self.request(Method::GET, url)).await?.success()
    }

    /// An exchange. Every answer updates the limits.
    pub(super) async fn exchange(&self, request: RequestBuilder) -> Result<Answer, Error> {
        let answer = answer::of(&self.client.transport, request).await?;
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).update(&answer.headers);
        Ok(answer)
    }

    /// A request to this organisation.
    pub(super) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url, self.token).header("xero-tenant-id", self.id.to_string())
    }

    /// An address of the Accounting API.
    pub(super) fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.client.endpoints.accounting(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

fn judged<T: Saved>(answer: &Answer, key: &str) -> Option<Vec<Element<T>>> {
    envelope::elements(answer.body(), key)?.into_iter().map(|raw| element::judge(raw.get())).collect()
}
