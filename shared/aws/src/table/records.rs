//! The records of documents, with their indexes.

use super::{BY_CHANGE, BY_OPEN, BY_WAITING, BY_XERO_ID, Item, Key, Stored, Table, number, parse, text};
use crate::trouble::{because, unavailable};
use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rules::AccountId;
use rules::ports::{Answer, Page, Records, Waiting, Written};
use rules::record::{self, Kind, Record, RecordKey, Watch};
use serde_json::Value;
use std::collections::HashMap;
use xero::{InvoiceId, TenantId};

/// How long a claim of a document stands: longer than any index is behind.
const CLAIM: SignedDuration = SignedDuration::from_hours(1);
/// Records in one page.
const PAGE: i32 = 50;

fn sort_key(key: &RecordKey) -> String {
    format!("RECORD#{}#{}#{}", key.tenant, key.kind.word(), key.id)
}

pub(super) fn key(key: &RecordKey) -> Key {
    Key::of_account(&key.account, sort_key(key))
}

/// A moment that sorts as text: milliseconds of fixed width. The id keeps two of the same moment apart.
fn moment(at: Timestamp, id: &str) -> String {
    format!("{:014}#{id}", at.as_millisecond())
}

/// The partition of the indexes: one organisation of one account.
fn log(account: &AccountId, tenant: TenantId) -> String {
    format!("{account}#{tenant}")
}

/// The partition of the index of what sweeps look at. Open documents have the organisation's own.
fn watched(account: &AccountId, tenant: TenantId, watch: Watch) -> String {
    let log = log(account, tenant);
    match watch {
        Watch::Open => log,
        Watch::Paid { year } => format!("{log}#PAID#{year}"),
        Watch::Foreign => format!("{log}#FOREIGN"),
        Watch::SpendMoney => format!("{log}#SPEND"),
    }
}

impl Stored for Record {
    const KIND: &'static str = "record";
    const VERSION: u32 = record::VERSION;

    fn upgrade(version: u32, body: Value) -> Option<Value> {
        if version == 1 { record::upgrade::from_version_1(body) } else { None }
    }

    fn key(&self) -> Key {
        key(&self.key)
    }

    fn revision(&mut self) -> &mut u64 {
        &mut self.revision
    }

    fn attributes(&self, item: &mut Item) {
        item.insert("log".to_owned(), text(log(&self.key.account, self.key.tenant)));
        item.insert("changed_at".to_owned(), text(moment(self.changed_at, &self.key.id)));
        if self.is_waiting() {
            item.insert("waiting".to_owned(), text(log(&self.key.account, self.key.tenant)));
            item.insert("created_at".to_owned(), text(moment(self.created_at, &self.key.id)));
        }
        if let Some(reference) = &self.reference {
            item.insert("xero_tenant".to_owned(), text(self.key.tenant.to_string()));
            item.insert("xero_id".to_owned(), text(reference.id.to_string()));
            if let Some(watch) = self.watch() {
                item.insert("open".to_owned(), text(watched(&self.key.account, self.key.tenant, watch)));
            }
        }
    }
}

#[async_trait]
impl Records for Table {
    async fn record(&self, record: &RecordKey) -> Answer<Option<Record>> {
        self.get(key(record)).await
    }

    async fn put_record(&self, record: &mut Record) -> Answer<Written> {
        self.point_to(record).await?;
        self.put(record).await
    }

    async fn record_of(&self, account: &AccountId, tenant: TenantId, id: InvoiceId) -> Answer<Option<Record>> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(BY_XERO_ID)
            .key_condition_expression("xero_tenant = :tenant AND xero_id = :id")
            .expression_attribute_values(":tenant", text(tenant.to_string()))
            .expression_attribute_values(":id", text(id.to_string()));
        let output = query.send().await.map_err(|error| unavailable("find a record by its document", &error))?;
        let records = output.items().iter().map(parse::<Record>).collect::<Answer<Vec<_>>>()?;
        // Another account may have sent to this organisation before: its records stay with it.
        Ok(records.into_iter().find(|record| record.key.account == *account))
    }

    async fn claim_document(&self, record: &RecordKey, id: InvoiceId, now: Timestamp) -> Answer<Written> {
        let ours = text(format!("{}#{}", record.kind.word(), record.id));
        let mut item: Item = Key::of_account(&record.account, format!("DOCUMENT#{}#{id}", record.tenant)).into();
        item.insert("kind".to_owned(), text("document claim"));
        item.insert("version".to_owned(), number(1));
        item.insert("record".to_owned(), ours.clone());
        item.insert("expires_at".to_owned(), number((now + CLAIM).as_second()));
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR #record = :ours OR expires_at < :now")
            .expression_attribute_names("#record", "record")
            .expression_attribute_values(":ours", ours)
            .expression_attribute_values(":now", number(now.as_second()));
        super::written("claim a document", put.send().await.map(|_| ()))
    }

    async fn watched(
        &self,
        account: &AccountId,
        tenant: TenantId,
        watch: Watch,
        limit: usize,
    ) -> Answer<Vec<InvoiceId>> {
        const WHAT: &str = "list the documents of a sweep";
        let mut found = Vec::new();
        let mut start = None;
        while found.len() < limit {
            let rest = i32::try_from(limit - found.len()).unwrap_or(i32::MAX);
            let query = self
                .client
                .query()
                .table_name(&self.name)
                .index_name(BY_OPEN)
                .key_condition_expression("#open = :watched")
                .expression_attribute_names("#open", "open")
                .expression_attribute_values(":watched", text(watched(account, tenant, watch)))
                .set_exclusive_start_key(start)
                .limit(rest);
            let output = query.send().await.map_err(|error| unavailable(WHAT, &error))?;
            for item in output.items() {
                let id = item.get("xero_id").and_then(|id| id.as_s().ok()).and_then(|id| id.parse().ok());
                found.push(id.ok_or_else(|| because(WHAT, "a document has no id of Xero's"))?);
            }
            start = output.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(found)
    }

    async fn records(
        &self,
        account: &AccountId,
        tenant: TenantId,
        kind: Option<Kind>,
        cursor: Option<&str>,
    ) -> Answer<Page> {
        let newest_first = Listing { index: BY_CHANGE, partition: "log", sort: "changed_at", forward: false };
        let mut page = self.list(newest_first, account, tenant, cursor).await?;
        page.records.retain(|record| kind.is_none_or(|kind| record.key.kind == kind));
        Ok(page)
    }
}

#[async_trait]
impl Waiting for Table {
    async fn waiting(&self, account: &AccountId, tenant: TenantId, cursor: Option<&str>) -> Answer<Page> {
        let oldest_first = Listing { index: BY_WAITING, partition: "waiting", sort: "created_at", forward: true };
        self.list(oldest_first, account, tenant, cursor).await
    }

    async fn waits(&self, account: &AccountId) -> Answer<Vec<Record>> {
        self.pointed_to(account).await
    }
}

/// How records of one organisation are listed: an index by its names.
#[derive(Clone, Copy)]
struct Listing {
    index: &'static str,
    partition: &'static str,
    sort: &'static str,
    forward: bool,
}

impl Table {
    async fn list(
        &self,
        listing: Listing,
        account: &AccountId,
        tenant: TenantId,
        cursor: Option<&str>,
    ) -> Answer<Page> {
        let start = cursor.map(|cursor| start_key(cursor, listing, account, tenant)).transpose()?;
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(listing.index)
            .key_condition_expression("#partition = :log")
            .expression_attribute_names("#partition", listing.partition)
            .expression_attribute_values(":log", text(log(account, tenant)))
            .scan_index_forward(listing.forward)
            .set_exclusive_start_key(start)
            .limit(PAGE);
        let output = query.send().await.map_err(|error| unavailable("list records", &error))?;
        let records = output.items().iter().map(parse::<Record>).collect::<Answer<Vec<_>>>()?;
        let next = output.last_evaluated_key().map(|key| cursor_of(key, listing)).transpose()?;
        Ok(Page { records, next })
    }
}

/// The cursor carries only what does not name the account: that comes from the caller, so that a cursor of
/// somebody else reads nothing of theirs.
fn cursor_of(key: &HashMap<String, AttributeValue>, listing: Listing) -> Answer<String> {
    let part = |name: &str| key.get(name).and_then(|value| value.as_s().ok()).map(String::as_str);
    let (Some(sk), Some(moment)) = (part("sk"), part(listing.sort)) else {
        return Err(because("list records", "the key of the last record is incomplete"));
    };
    Ok(URL_SAFE_NO_PAD.encode(format!("{sk}\n{moment}")))
}

fn start_key(cursor: &str, listing: Listing, account: &AccountId, tenant: TenantId) -> Answer<Item> {
    let malformed = || because("list records", "the cursor is malformed");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| malformed())?;
    let decoded = String::from_utf8(bytes).map_err(|_| malformed())?;
    let (sk, moment) = decoded.split_once('\n').ok_or_else(malformed)?;
    let mut key: Item = Key::of_account(account, sk).into();
    key.insert(listing.partition.to_owned(), text(log(account, tenant)));
    key.insert(listing.sort.to_owned(), text(moment));
    Ok(key)
}
