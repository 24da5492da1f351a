//! DynamoDB's capacity rules (developer guide, "Read and write request units", "Item sizes and formats", "Provisioned
//! throughput considerations for global secondary indexes"): a strongly consistent read costs a unit for every 4 KB
//! and an eventually consistent one half of it, a write a unit for every KB of the larger of the old and the new item,
//! and each index that shows a change its own writes, two where its key changes.

use std::collections::BTreeMap;

use serde_json::Value;

const READ_CHUNK: u64 = 4 * 1024;
const WRITE_CHUNK: u64 = 1024;

/// A number of halves of a read request unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Half(pub u64);

/// `pk` and `sk`.
pub type Key = (String, String);

/// An item, attribute by attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item(BTreeMap<String, Value>);

impl Item {
    /// An item as DynamoDB's JSON writes it.
    #[must_use]
    pub fn of(item: Value) -> Option<Self> {
        match item {
            Value::Object(attributes) => Some(Self(attributes.into_iter().collect())),
            _ => None,
        }
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        let text = |name: &str| Some(self.0.get(name)?.get("S")?.as_str()?.to_owned());
        Some((text("pk")?, text("sk")?))
    }

    fn size(&self) -> u64 {
        self.0.iter().map(|(name, value)| bytes(name.len()) + size(value)).sum()
    }

    fn only(&self, names: &[String]) -> Self {
        Self(
            self.0
                .iter()
                .filter(|(name, _)| names.contains(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }
}

/// Text counts its bytes, a number about one for two digits.
fn size(value: &Value) -> u64 {
    let Some((kind, value)) = value.as_object().and_then(|object| object.iter().next()) else { return 0 };
    let text = value.as_str().unwrap_or_default();
    match kind.as_str() {
        "S" => bytes(text.len()),
        "N" => bytes(text.len().div_ceil(2)) + 1,
        "B" => bytes(text.len() / 4 * 3),
        _ => 1,
    }
}

/// What a read costs: a `GetItem` by its item, a `BatchGetItem` by each of its items, a `Query` by all together.
#[must_use]
pub fn read(operation: &str, request: &Value, answer: &Value) -> Half {
    if operation == "BatchGetItem" {
        return read_batch(request, answer);
    }
    let item = answer.get("Item").into_iter();
    let items = answer.get("Items").and_then(Value::as_array).into_iter().flatten();
    let read: u64 = item.chain(items).cloned().filter_map(Item::of).map(|item| item.size()).sum();
    let chunks = read.div_ceil(READ_CHUNK).max(1);
    let consistent = operation == "GetItem" && request.get("ConsistentRead") == Some(&Value::Bool(true));
    Half(if consistent { chunks * 2 } else { chunks })
}

/// An item that is not there is billed as the smallest one.
fn read_batch(request: &Value, answer: &Value) -> Half {
    let tables = request.get("RequestItems").and_then(Value::as_object).into_iter().flatten();
    let halves = tables.map(|(table, asked)| {
        let keys = bytes(asked.get("Keys").and_then(Value::as_array).map_or(0, Vec::len));
        let found = answer.get("Responses").and_then(|responses| responses.get(table)).and_then(Value::as_array);
        let found = found.into_iter().flatten().cloned().filter_map(Item::of);
        let above_one: u64 = found.map(|item| item.size().div_ceil(READ_CHUNK).max(1) - 1).sum();
        let consistent = asked.get("ConsistentRead") == Some(&Value::Bool(true));
        (keys + above_one) * if consistent { 2 } else { 1 }
    });
    Half(halves.sum())
}

/// What a write costs in the table itself.
#[must_use]
pub fn table_write(old: Option<&Item>, new: Option<&Item>) -> u64 {
    let larger = old.into_iter().chain(new).map(Item::size).max().unwrap_or_default();
    chunks(larger)
}

/// An index of the table.
#[derive(Clone, Debug)]
pub struct Index {
    keys: Vec<String>,
    keys_only: bool,
}

impl Index {
    /// As CloudFormation declares it.
    #[must_use]
    pub fn declared(index: &Value) -> Option<Self> {
        let schema = index.get("KeySchema")?.as_array()?.iter();
        let keys = schema.filter_map(|key| Some(key.get("AttributeName")?.as_str()?.to_owned())).collect();
        let keys_only = index.pointer("/Projection/ProjectionType")?.as_str()? == "KEYS_ONLY";
        Some(Self { keys, keys_only })
    }

    /// What a change of the table costs here: nothing when nothing that is shown changes, a write when an entry comes,
    /// goes or changes, and two when it moves.
    #[must_use]
    pub fn write(&self, old: Option<&Item>, new: Option<&Item>) -> u64 {
        match (self.entry(old), self.entry(new)) {
            (None, None) => 0,
            (Some(entry), None) | (None, Some(entry)) => chunks(entry.size()),
            (Some(old), Some(new)) if old == new => 0,
            (Some(old), Some(new)) if old.only(&self.keys) == new.only(&self.keys) => {
                chunks(old.size().max(new.size()))
            }
            (Some(old), Some(new)) => chunks(old.size()) + chunks(new.size()),
        }
    }

    /// What the index shows of an item; nothing of one without its keys.
    fn entry(&self, item: Option<&Item>) -> Option<Item> {
        let item = item.filter(|item| self.keys.iter().all(|key| item.0.contains_key(key)))?;
        if !self.keys_only {
            return Some(item.clone());
        }
        let names: Vec<String> = self.keys.iter().cloned().chain(["pk".to_owned(), "sk".to_owned()]).collect();
        Some(item.only(&names))
    }
}

fn chunks(size: u64) -> u64 {
    size.div_ceil(WRITE_CHUNK).max(1)
}

fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn item(extra: Value) -> Item {
        let mut item = json!({ "pk": { "S": "A" }, "sk": { "S": "B" } });
        item.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
        Item::of(item).unwrap()
    }

    #[test]
    fn a_read_costs_by_four_kilobytes_and_half_when_it_may_be_old() {
        let consistent = json!({ "ConsistentRead": true });
        let large = json!({ "Item": { "body": { "S": "x".repeat(5_000) } } });
        assert_eq!(read("GetItem", &consistent, &large), Half(4));
        assert_eq!(read("GetItem", &consistent, &json!({})), Half(2), "an item that is not there is billed too");
        let batch = json!({ "RequestItems": { "t": { "Keys": [{}, {}, {}], "ConsistentRead": true } } });
        let found = json!({ "Responses": { "t": [{ "pk": { "S": "A" } }, large["Item"]] } });
        assert_eq!(
            read("BatchGetItem", &batch, &found),
            Half(8),
            "each rounds by itself, one of the three is not there"
        );
        let both = json!({ "Items": [large["Item"], large["Item"]] });
        assert_eq!(read("Query", &json!({}), &both), Half(3), "a query adds up first and rounds then");
    }

    #[test]
    fn a_write_costs_by_the_larger_of_old_and_new() {
        let (small, large) = (item(json!({})), item(json!({ "body": { "S": "x".repeat(2_000) } })));
        assert_eq!(table_write(None, Some(&small)), 1);
        assert_eq!(table_write(Some(&large), Some(&small)), 2);
        assert_eq!(table_write(Some(&large), None), 2);
    }

    #[test]
    fn an_index_of_keys_only_does_not_care_for_bodies() {
        let index =
            Index::declared(&json!({ "KeySchema": [{ "AttributeName": "open" }, { "AttributeName": "xero_id" }],
            "Projection": { "ProjectionType": "KEYS_ONLY" } }));
        let index = index.unwrap();
        let open = |body: &str| item(json!({ "open": { "S": "l" }, "xero_id": { "S": "1" }, "body": { "S": body } }));
        let closed = item(json!({ "xero_id": { "S": "1" } }));
        assert_eq!(index.write(Some(&open("a")), Some(&open("b"))), 0);
        assert_eq!(index.write(Some(&closed), Some(&open("b"))), 1);
        assert_eq!(index.write(Some(&open("a")), Some(&closed)), 1);
        assert_eq!(index.write(Some(&closed), None), 0);
    }
}
