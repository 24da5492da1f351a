//! What answers for AWS while functions are measured: DynamoDB's items, SQS and Secrets Manager as maps in memory.
//!
//! The emulator of the local stack takes milliseconds of Python for a call, on the same two cores, and would drown
//! what a function does in microseconds. Recorded answers would not do either: every event has a number of its own,
//! and a token that was rotated has to be there for the next start. So this keeps what it is given and gives it back.
//! It judges no condition, because one process at a time writes here, and nothing here is a test of correctness: the
//! stories run against the emulator.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The partitions of the table's indexes.
const PARTITIONS: [&str; 4] = ["xero_tenant", "log", "open", "waiting"];

type Key = (String, String);
type Item = Map<String, Value>;

/// A running stand-in for AWS; it stops when it is dropped.
#[derive(Debug)]
pub struct Cloud {
    url: String,
    shared: Shared,
    server: JoinHandle<()>,
}

#[derive(Clone, Debug, Default)]
struct Shared(Arc<Mutex<World>>);

#[derive(Debug, Default)]
struct World {
    items: BTreeMap<Key, Item>,
    indexes: BTreeMap<(&'static str, String), BTreeSet<Key>>,
    secrets: BTreeMap<String, String>,
    calls: u64,
}

impl Cloud {
    /// Listens on a free port of this machine.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("failed to listen")?;
        let url = format!("http://{}", listener.local_addr().context("failed to read the address")?);
        let shared = Shared::default();
        let router = Router::new().fallback(post(answer)).with_state(shared.clone());
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("what answers for AWS has stopped: {error}");
            }
        });
        Ok(Self { url, shared, server })
    }

    /// What a function gets as `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many calls came so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.shared.with(|world| world.calls)
    }

    /// Gives a secret a value.
    pub fn set_secret(&self, id: &str, value: &str) {
        self.shared.with(|world| world.secrets.insert(id.to_owned(), value.to_owned()));
    }

    /// The value of the first secret whose name begins so.
    #[must_use]
    pub fn secret(&self, prefix: &str) -> Option<String> {
        let begins = |(id, value): (&String, &String)| id.starts_with(prefix).then(|| value.clone());
        self.shared.with(|world| world.secrets.iter().find_map(begins))
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn with<T>(&self, what: impl FnOnce(&mut World) -> T) -> T {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn answer(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let content_type = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
    match shared.with(|world| world.answer(target, &asked)) {
        Some(answer) => (StatusCode::OK, content_type, answer.to_string()).into_response(),
        None => (StatusCode::BAD_REQUEST, content_type, r#"{"__type":"AccessDeniedException"}"#).into_response(),
    }
}

impl World {
    /// The answer; none to what is not played here, or is not there.
    fn answer(&mut self, target: &str, asked: &Value) -> Option<Value> {
        self.calls += 1;
        let (_, operation) = target.split_once('.')?;
        match operation {
            "GetItem" => {
                let item = self.items.get(&key_of(asked.get("Key")?)?);
                Some(item.map_or_else(|| json!({}), |item| json!({ "Item": item })))
            }
            "BatchGetItem" => {
                let tables = asked.get("RequestItems")?.as_object()?;
                let found = tables.iter().map(|(table, asked)| {
                    let keys = asked.get("Keys").and_then(Value::as_array).into_iter().flatten();
                    let items: Vec<&Item> = keys.filter_map(|key| self.items.get(&key_of(key)?)).collect();
                    (table.clone(), json!(items))
                });
                Some(json!({ "Responses": found.collect::<Map<_, _>>(), "UnprocessedKeys": {} }))
            }
            "PutItem" => {
                let item = asked.get("Item")?;
                self.put(key_of(item)?, item.as_object()?.clone());
                Some(json!({}))
            }
            "DeleteItem" => {
                let old = self.remove(&key_of(asked.get("Key")?)?);
                let wanted = asked.get("ReturnValues").is_some_and(|wanted| wanted == "ALL_OLD");
                Some(old.filter(|_| wanted).map_or_else(|| json!({}), |old| json!({ "Attributes": old })))
            }
            "Query" => self.query(asked),
            "GetSecretValue" => {
                let id = text(asked, "SecretId")?;
                let value = self.secrets.get(id)?;
                Some(json!({ "ARN": id, "Name": id, "VersionId": "1", "SecretString": value }))
            }
            "CreateSecret" | "PutSecretValue" => {
                let id = text(asked, "SecretId").or_else(|| text(asked, "Name"))?;
                self.secrets.insert(id.to_owned(), text(asked, "SecretString")?.to_owned());
                Some(json!({ "ARN": id, "Name": id, "VersionId": "1" }))
            }
            "SendMessageBatch" | "ChangeMessageVisibilityBatch" => {
                let entries = asked.get("Entries")?.as_array()?.iter();
                let taken = entries.map(
                    |entry| json!({ "Id": entry.get("Id"), "MessageId": "taken", "MD5OfMessageBody": "not computed" }),
                );
                Some(json!({ "Successful": taken.collect::<Vec<_>>(), "Failed": [] }))
            }
            _ => None,
        }
    }

    fn put(&mut self, key: Key, item: Item) {
        self.remove(&key);
        for place in places(&item) {
            self.indexes.entry(place).or_default().insert(key.clone());
        }
        self.items.insert(key, item);
    }

    fn remove(&mut self, key: &Key) -> Option<Item> {
        let old = self.items.remove(key)?;
        for place in places(&old) {
            if let Some(keys) = self.indexes.get_mut(&place) {
                keys.remove(key);
            }
        }
        Some(old)
    }

    /// One partition of an index, and of it what the other conditions let through.
    fn query(&self, asked: &Value) -> Option<Value> {
        let conditions = text(asked, "KeyConditionExpression")?.split(" AND ");
        let conditions: Vec<_> = conditions.map(|condition| Condition::of(condition, asked)).collect::<Option<_>>()?;
        let (first, rest) = conditions.split_first()?;
        let partition = PARTITIONS.into_iter().find(|name| *name == first.attribute)?;
        let keys = self.indexes.get(&(partition, first.value.to_owned())).into_iter().flatten();
        let items = keys.filter_map(|key| self.items.get(key));
        let items: Vec<&Item> = items.filter(|item| rest.iter().all(|condition| condition.holds(item))).collect();
        Some(json!({ "Items": items, "Count": items.len(), "ScannedCount": items.len() }))
    }
}

/// Where the indexes list an item.
fn places(item: &Item) -> impl Iterator<Item = (&'static str, String)> {
    PARTITIONS.into_iter().filter_map(|name| Some((name, item.get(name)?.get("S")?.as_str()?.to_owned())))
}

/// `#log = :log`, `changed_at > :from`.
struct Condition<'a> {
    attribute: &'a str,
    operator: &'a str,
    value: &'a str,
}

impl<'a> Condition<'a> {
    fn of(text: &'a str, asked: &'a Value) -> Option<Self> {
        let mut words = text.split(' ');
        let (name, operator, value) = (words.next()?, words.next()?, words.next()?);
        let named = asked.get("ExpressionAttributeNames").and_then(|names| names.get(name)).and_then(Value::as_str);
        let value = asked.get("ExpressionAttributeValues")?.get(value)?.get("S")?.as_str()?;
        Some(Self { attribute: named.unwrap_or(name), operator, value })
    }

    fn holds(&self, item: &Item) -> bool {
        let value = item.get(self.attribute).and_then(|value| value.get("S")).and_then(Value::as_str);
        value.is_some_and(|value| match self.operator {
            "=" => value == self.value,
            "<" => value < self.value,
            _ => value > self.value,
        })
    }
}

fn key_of(item: &Value) -> Option<Key> {
    let part = |name: &str| Some(item.get(name)?.get("S")?.as_str()?.to_owned());
    Some((part("pk")?, part("sk")?))
}

fn text<'a>(asked: &'a Value, name: &str) -> Option<&'a str> {
    asked.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_found_by_its_key_and_by_its_indexes_until_it_is_removed() {
        let mut world = World::default();
        let mut ask = |operation: &str, asked: Value| world.answer(&format!("x.{operation}"), &asked).unwrap();
        let item = json!({ "pk": { "S": "A" }, "sk": { "S": "1" }, "log": { "S": "L" }, "changed_at": { "S": "5" } });
        let key = json!({ "pk": { "S": "A" }, "sk": { "S": "1" } });
        let query = |operator: &str| {
            json!({ "KeyConditionExpression": format!("#l = :l AND changed_at {operator} :at"),
                    "ExpressionAttributeNames": { "#l": "log" },
                    "ExpressionAttributeValues": { ":l": { "S": "L" }, ":at": { "S": "6" } } })
        };
        assert_eq!(ask("GetItem", json!({ "Key": key })), json!({}));
        ask("PutItem", json!({ "Item": item }));
        assert_eq!(ask("GetItem", json!({ "Key": key })), json!({ "Item": item }));
        assert_eq!(ask("Query", query("<"))["Items"], json!([item]));
        assert_eq!(ask("Query", query(">"))["Count"], 0);
        assert_eq!(ask("DeleteItem", json!({ "Key": key, "ReturnValues": "ALL_OLD" })), json!({ "Attributes": item }));
        assert_eq!(ask("Query", query("<"))["Count"], 0);
    }

    #[test]
    fn a_secret_is_what_was_put_there_last() {
        let mut world = World::default();
        let asked = json!({ "SecretId": "s" });
        assert_eq!(world.answer("secretsmanager.GetSecretValue", &asked), None);
        world.answer("secretsmanager.CreateSecret", &json!({ "Name": "s", "SecretString": "1" }));
        world.answer("secretsmanager.PutSecretValue", &json!({ "SecretId": "s", "SecretString": "2" }));
        let answer = world.answer("secretsmanager.GetSecretValue", &asked).unwrap();
        assert_eq!(answer["SecretString"], "2");
        assert_eq!(world.calls, 4);
    }
}
