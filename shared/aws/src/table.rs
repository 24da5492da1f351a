//! The one table: `pk` and `sk`, an index on Xero's ids and one on what changed last.
//!
//! An item is the stored thing as JSON in `body` (a text; for an organisation's facts its bytes), beside the
//! attributes that keys, indexes and conditions need. Every write of something with a revision is conditional on the
//! revision that was read.

mod ahead;
mod connections;
mod consents;
mod grants;
mod leases;
mod organisations;
mod ownership;
mod records;
mod runs;
mod sequences;
mod sweeps;
mod tokens;
mod transaction;
mod wakes;

pub(crate) use tokens::{SealedCopy, SealedToken};

use crate::trouble::{because, unavailable};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use rules::AccountId;
use rules::ports::{Answer, Written};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;

/// The index on Xero's ids.
pub const BY_XERO_ID: &str = "by-xero-id";
/// The index on documents that sweeps look at: of which something is due, by the year those that are paid, and those that
/// Xero does not list as this app's.
pub const BY_OPEN: &str = "by-open";
/// The index on records that wait, in the order in which they were first written; only they are in it.
pub const BY_WAITING: &str = "by-waiting";
/// The index on when accounts are due that have waiting work; only they are in it.
pub const BY_DUE: &str = "by-due";
/// The index on what changed last.
pub const BY_CHANGE: &str = "by-change";

type Item = HashMap<String, AttributeValue>;

/// The table.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
    /// What a run has read ahead; none where nothing is.
    ahead: Option<ahead::Shelf>,
    /// What the process knows of organisations.
    parsed: organisations::Parsed,
}

/// The key of an item.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    pk: String,
    sk: String,
}

/// A thing with a revision and a version.
trait Stored: Serialize + DeserializeOwned {
    /// What the item is, in its `kind` attribute and in errors.
    const KIND: &'static str;
    /// The version that this code writes. What is only added, with a default, needs no other version; any other
    /// change raises it and has its step in [`Stored::upgrade`].
    const VERSION: u32;
    /// One step of a migration: the body of the version after this one. Items are brought up to date as they are
    /// read, and stored so with their next change; none where that version was never written.
    fn upgrade(_version: u32, _body: Value) -> Option<Value> {
        None
    }
    /// Its key.
    fn key(&self) -> Key;
    /// Its revision.
    fn revision(&mut self) -> &mut u64;
    /// Further attributes, for indexes.
    fn attributes(&self, _item: &mut Item) {}
}

impl Table {
    /// The table of this name.
    #[must_use]
    pub fn new(config: &aws_types::SdkConfig, name: String) -> Self {
        Self { client: Client::new(config), name, ahead: None, parsed: organisations::Parsed::default() }
    }

    async fn get<T: Stored>(&self, key: Key) -> Answer<Option<T>> {
        match self.get_item(key, "read an item").await? {
            Some(item) => parse(&item).map(Some),
            None => Ok(None),
        }
    }

    async fn get_item(&self, key: Key, what: &'static str) -> Answer<Option<Item>> {
        if let Some(item) = self.ahead.as_ref().and_then(|ahead| ahead.take(&key)) {
            return Ok(item);
        }
        let get = self.client.get_item().table_name(&self.name).set_key(Some(key.into())).consistent_read(true);
        let output = get.send().await.map_err(|error| unavailable(what, &error))?;
        Ok(output.item)
    }

    /// Compare-and-set: raises the revision when the stored one is what was read.
    async fn put<T: Stored>(&self, stored: &mut T) -> Answer<Written> {
        let read = *stored.revision();
        *stored.revision() = read + 1;
        let written = self.put_if(stored, read).await;
        if !matches!(written, Ok(Written::Done)) {
            *stored.revision() = read;
        }
        written
    }

    async fn put_if<T: Stored>(&self, stored: &T, read: u64) -> Answer<Written> {
        let item = self.item_of(stored, read)?;
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let put = match read {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            read => put.condition_expression("revision = :read").expression_attribute_values(":read", number(read)),
        };
        written("write an item", put.send().await.map(|_| ()))
    }

    /// The item of a stored thing that was read at this revision, as it is written.
    fn item_of<T: Stored>(&self, stored: &T, read: u64) -> Answer<Item> {
        let key = stored.key();
        // What is known from before is not so any more.
        self.ahead.as_ref().and_then(|ahead| ahead.take(&key));
        let mut item: Item = key.into();
        item.insert("kind".to_owned(), text(T::KIND));
        item.insert("version".to_owned(), number(T::VERSION));
        item.insert("revision".to_owned(), number(read + 1));
        item.insert("body".to_owned(), text(body(stored)?));
        stored.attributes(&mut item);
        Ok(item)
    }
}

impl From<Key> for Item {
    fn from(key: Key) -> Self {
        Self::from([("pk".to_owned(), text(key.pk)), ("sk".to_owned(), text(key.sk))])
    }
}

impl Key {
    /// Something that belongs to an account.
    fn of_account(account: &AccountId, sk: impl Into<String>) -> Self {
        Self { pk: account_partition(account), sk: sk.into() }
    }

    /// Something that belongs to a Xero user, whichever accounts connected through them.
    fn of_user(user: xero::XeroUserId, sk: &str) -> Self {
        Self { pk: format!("XERO-USER#{user}"), sk: sk.to_owned() }
    }

    /// Something that belongs to a tenant, whoever is connected to it.
    fn of_tenant(tenant: xero::TenantId, sk: &str) -> Self {
        Self { pk: format!("TENANT#{tenant}"), sk: sk.to_owned() }
    }
}

fn account_partition(account: &AccountId) -> String {
    format!("ACCOUNT#{account}")
}

fn body<T: Serialize>(value: &T) -> Answer<String> {
    serde_json::to_string(value).map_err(|error| because("serialise an item", error))
}

/// Reads an item; an unknown version is an error with a name, never a guess.
fn parse<T: Stored>(item: &Item) -> Answer<T> {
    let version = item.get("version").and_then(|version| version.as_n().ok());
    let found = version.and_then(|version| version.parse().ok());
    if found == Some(T::VERSION) {
        return parse_body(item, T::KIND);
    }
    let unknown = || because("read an item", format!("version {} of a {} is not known", named(version), T::KIND));
    let mut body: Value = parse_body(item, T::KIND)?;
    for version in found.filter(|version| *version < T::VERSION).ok_or_else(unknown)?..T::VERSION {
        body = T::upgrade(version, body).ok_or_else(unknown)?;
    }
    // Read as text like every other item: to read from a `Value` as well would be each type's code a second time.
    // As in `parse_body`, serde's sentence may quote a value.
    serde_json::from_str(&body.to_string())
        .map_err(|_| because("read an item", format!("an upgraded {} is malformed", T::KIND)))
}

fn named(version: Option<&String>) -> &str {
    version.map_or("none", String::as_str)
}

fn parse_body<T: DeserializeOwned>(item: &Item, kind: &'static str) -> Answer<T> {
    let body = item.get("body").and_then(|body| body.as_s().ok());
    let body = body.ok_or_else(|| because("read an item", format!("a {kind} has no body")))?;
    from_json(body, kind)
}

fn from_json<T: DeserializeOwned>(body: &str, kind: &'static str) -> Answer<T> {
    // serde's sentence may quote a value; only the place is told.
    serde_json::from_str(body).map_err(|error| {
        because("read an item", format!("a {kind} is malformed at line {} column {}", error.line(), error.column()))
    })
}

fn written(what: &'static str, result: Result<(), SdkError<PutItemError>>) -> Answer<Written> {
    match result {
        Ok(()) => Ok(Written::Done),
        Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
            Ok(Written::Conflict)
        }
        Err(error) => Err(unavailable(what, &error)),
    }
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

#[cfg(test)]
mod tests;
