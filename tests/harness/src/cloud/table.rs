//! DynamoDB in memory: one table, its indexes from the template, every write judged by its condition. An index may be
//! behind, and what has expired may stay.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Refused;
use super::expression::{Expressions, Item, Outcome, compare};
use crate::template::Index;

/// Most bytes in one answer of a query.
const PAGE_BYTES: usize = 1024 * 1024;
/// Largest item.
const ITEM_BYTES: usize = 400 * 1024;
/// How many changes an index can be behind.
const REMEMBERED: usize = 4_000;

type Key = (String, String);
type Answered = Result<Value, Refused>;

/// The table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    items: BTreeMap<Key, Item>,
    indexes: Vec<Index>,
    /// What was there before a change, the newest last.
    before: VecDeque<(Timestamp, Key, Option<Item>)>,
    /// How far indexes are behind.
    pub(crate) lag: Duration,
    /// How many items the next read of several leaves unread.
    pub(crate) unread: usize,
}

impl Table {
    pub(crate) fn new(indexes: Vec<Index>) -> Self {
        Self { indexes, ..Self::default() }
    }

    /// Every item, for those who look from outside.
    pub(crate) fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    /// Whether any item is due by this moment.
    pub(crate) fn has_due(&self, by: Timestamp) -> bool {
        let by = by.as_millisecond();
        let due = |item: &Item| item.get("due_at")?.get("S")?.as_str()?.parse::<i64>().ok();
        self.items.values().any(|item| due(item).is_some_and(|due| due <= by))
    }

    /// Takes away what has expired.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        let gone = |item: &Item| number(item.get("expires_at")).is_some_and(|at| at < now.as_second());
        let keys: Vec<Key> = self.items.iter().filter(|(_, item)| gone(item)).map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.set(key, None, now);
        }
    }

    pub(crate) fn answer(&mut self, operation: &str, request: &Value, now: Timestamp) -> Answered {
        match operation {
            "GetItem" => {
                let item = self.items.get(&key_of(request.get("Key"))?);
                Ok(item.map_or_else(|| json!({}), |item| json!({ "Item": item })))
            }
            "PutItem" => {
                let item = object(request.get("Item"))?;
                self.write(key_of(request.get("Item"))?, request, now, |_, _| Ok(Some(item.clone())))
            }
            "DeleteItem" => self.write(key_of(request.get("Key"))?, request, now, |_, _| Ok(None)),
            "UpdateItem" => {
                let key = object(request.get("Key"))?.clone();
                self.write(key_of(request.get("Key"))?, request, now, |old, with| {
                    let old = old.cloned().unwrap_or(key);
                    let text = request.get("UpdateExpression").and_then(Value::as_str).unwrap_or_default();
                    with.update(text, &old).map(Some)
                })
            }
            "Query" => self.query(request, now),
            "BatchGetItem" => self.batch_get(request),
            "BatchWriteItem" => self.batch_write(request, now),
            "TransactWriteItems" => self.transact(request, now),
            "TransactGetItems" => {
                let asked = array(request.get("TransactItems"))?;
                let read = |one: &Value| {
                    let item = self.items.get(&key_of(one.pointer("/Get/Key"))?);
                    Ok(item.map_or_else(|| json!({}), |item| json!({ "Item": item })))
                };
                let read = asked.iter().map(read).collect::<Result<Vec<Value>, Refused>>()?;
                Ok(json!({ "Responses": read }))
            }
            unknown => Err(invalid(&format!("{unknown} is not simulated"))),
        }
    }

    fn write(
        &mut self,
        key: Key,
        request: &Value,
        now: Timestamp,
        change: impl FnOnce(Option<&Item>, &Expressions<'_>) -> Outcome<Option<Item>>,
    ) -> Answered {
        let (old, new) = self.judge(&key, request, change)?;
        let shown = match request.get("ReturnValues").and_then(Value::as_str) {
            None | Some("NONE") => None,
            Some("ALL_OLD") => old,
            Some("ALL_NEW") => new.clone(),
            Some(unknown) => return Err(invalid(&format!("ReturnValues {unknown} is not simulated"))),
        };
        self.set(key, new, now);
        Ok(shown.map_or_else(|| json!({}), |shown| json!({ "Attributes": shown })))
    }

    /// What was there, and what a write would leave, if its condition holds.
    fn judge(
        &self,
        key: &Key,
        request: &Value,
        change: impl FnOnce(Option<&Item>, &Expressions<'_>) -> Outcome<Option<Item>>,
    ) -> Result<(Option<Item>, Option<Item>), Refused> {
        let with = Expressions::of(request);
        let old = self.items.get(key);
        let nothing = Map::new();
        if let Some(condition) = request.get("ConditionExpression").and_then(Value::as_str) {
            let holds = with.holds(condition, old.unwrap_or(&nothing)).map_err(|wrong| invalid(&wrong))?;
            if !holds {
                return Err(Refused::new("ConditionalCheckFailedException", "The conditional request failed"));
            }
        }
        let new = change(old, &with).map_err(|wrong| invalid(&wrong))?;
        if new.as_ref().is_some_and(|item| Value::Object(item.clone()).to_string().len() > ITEM_BYTES) {
            return Err(invalid("Item size has exceeded the maximum allowed size"));
        }
        Ok((old.cloned(), new))
    }

    fn set(&mut self, key: Key, new: Option<Item>, now: Timestamp) {
        let old = match new {
            Some(item) => self.items.insert(key.clone(), item),
            None => self.items.remove(&key),
        };
        if self.before.len() >= REMEMBERED {
            self.before.pop_front();
        }
        self.before.push_back((now, key, old));
    }

    fn query(&self, request: &Value, now: Timestamp) -> Answered {
        let index = match request.get("IndexName").and_then(Value::as_str) {
            None => None,
            Some(name) => Some(self.indexes.iter().find(|it| it.name == name).ok_or_else(|| invalid("no such index"))?),
        };
        if index.is_some() && request.get("ConsistentRead").and_then(Value::as_bool) == Some(true) {
            return Err(invalid("Consistent reads are not supported on global secondary indexes"));
        }
        let with = Expressions::of(request);
        let condition = request.get("KeyConditionExpression").and_then(Value::as_str).unwrap_or_default();
        let late = index.map(|_| self.late(now)).unwrap_or_default();
        let current = self.items.iter().filter(|(key, _)| !late.contains_key(*key));
        let shown = current.chain(late.iter().filter_map(|(key, item)| Some((*key, item.as_ref()?))));
        // Most of the table is in other partitions: that is seen without reading the whole condition for each item.
        let partition = with.partition(condition);
        let shown = shown.filter(|(_, item)| {
            partition.as_ref().is_none_or(|(attribute, value)| item.get(attribute) == Some(*value))
        });
        let mut found: Vec<(&Key, &Item)> = Vec::new();
        for (key, item) in shown {
            let listed = index.is_none_or(|index| {
                item.contains_key(&index.hash) && index.range.as_ref().is_none_or(|range| item.contains_key(range))
            });
            if listed && with.holds(condition, item).map_err(|wrong| invalid(&wrong))? {
                found.push((key, item));
            }
        }
        let range = index.and_then(|index| index.range.as_deref()).unwrap_or("sk");
        found.sort_by(|(one, left), (other, right)| {
            compare(left.get(range), right.get(range)).unwrap_or(std::cmp::Ordering::Equal).then_with(|| one.cmp(other))
        });
        let forward = request.get("ScanIndexForward").and_then(Value::as_bool).unwrap_or(true);
        if !forward {
            found.reverse();
        }
        self.page(request, &with, index, found)
    }

    fn page(
        &self,
        request: &Value,
        with: &Expressions<'_>,
        index: Option<&Index>,
        found: Vec<(&Key, &Item)>,
    ) -> Answered {
        let start = request.get("ExclusiveStartKey").filter(|start| !start.is_null());
        let start = start.map(|start| key_of(Some(start))).transpose()?;
        let limit = request.get("Limit").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let from = start.and_then(|start| found.iter().position(|(key, _)| **key == start)).map_or(0, |at| at + 1);
        let (mut items, mut bytes, mut last) = (Vec::new(), 0, None);
        let rest = found.get(from..).unwrap_or_default();
        for (seen, (key, item)) in rest.iter().enumerate() {
            if limit.is_some_and(|limit| seen >= limit) || bytes > PAGE_BYTES {
                break;
            }
            bytes += Value::Object((*item).clone()).to_string().len();
            last = (seen + 1 < rest.len()).then_some((*key, *item));
            let filter = request.get("FilterExpression").and_then(Value::as_str);
            let passes = filter.map_or(Ok(true), |filter| with.holds(filter, item)).map_err(|wrong| invalid(&wrong))?;
            if passes {
                items.push(match index {
                    Some(index) if index.keys_only => Value::Object(keys_of(item, Some(index))),
                    _ => Value::Object((*item).clone()),
                });
            }
        }
        let mut answer = json!({ "Items": items, "Count": items.len() });
        if let (Some((_, item)), Some(answer)) = (last, answer.as_object_mut()) {
            answer.insert("LastEvaluatedKey".to_owned(), Value::Object(keys_of(item, index)));
        }
        Ok(answer)
    }

    /// What an index that is behind still shows of what has changed since.
    fn late(&self, now: Timestamp) -> BTreeMap<&Key, &Option<Item>> {
        let newer = |at: Timestamp| now.duration_since(at).unsigned_abs() < self.lag;
        self.before.iter().rev().take_while(|(at, ..)| newer(*at)).map(|(_, key, before)| (key, before)).collect()
    }

    fn batch_get(&mut self, request: &Value) -> Answered {
        let (mut answers, mut unread) = (Map::new(), Map::new());
        let tables = object(request.get("RequestItems"))?;
        for (table, asked) in tables {
            let keys = array(asked.get("Keys"))?.iter().map(|key| key_of(Some(key))).collect::<Result<Vec<_>, _>>()?;
            let mut unique = keys.clone();
            unique.sort();
            unique.dedup();
            if unique.len() != keys.len() || keys.len() > 100 {
                return Err(invalid("Provided list of item keys contains duplicates, or more than 100"));
            }
            let (read, left) = keys.split_at(keys.len() - self.unread.min(keys.len()));
            let items: Vec<&Item> = read.iter().filter_map(|key| self.items.get(key)).collect();
            answers.insert(table.clone(), json!(items));
            if !left.is_empty() {
                let left: Vec<&Value> = array(asked.get("Keys"))?.iter().skip(read.len()).collect();
                unread.insert(table.clone(), json!({ "Keys": left }));
            }
        }
        self.unread = 0;
        Ok(json!({ "Responses": answers, "UnprocessedKeys": unread }))
    }

    fn batch_write(&mut self, request: &Value, now: Timestamp) -> Answered {
        let tables = object(request.get("RequestItems"))?.clone();
        for write in tables.values().filter_map(Value::as_array).flatten() {
            match write.pointer("/PutRequest/Item") {
                Some(item) => self.set(key_of(Some(item))?, item.as_object().cloned(), now),
                None => self.set(key_of(write.pointer("/DeleteRequest/Key"))?, None, now),
            }
        }
        Ok(json!({ "UnprocessedItems": {} }))
    }

    /// All or nothing.
    fn transact(&mut self, request: &Value, now: Timestamp) -> Answered {
        let mut changes = Vec::new();
        let (mut reasons, mut failed) = (Vec::new(), false);
        for one in array(request.get("TransactItems"))? {
            let (kind, part) = object(Some(one))?.iter().next().ok_or_else(|| invalid("an empty transaction"))?;
            let key = key_of(if kind == "Put" { part.get("Item") } else { part.get("Key") })?;
            if changes.iter().any(|(known, _): &(Key, Option<Option<Item>>)| *known == key) {
                return Err(invalid("Transaction request cannot include multiple operations on one item"));
            }
            let judged = self.judge(&key, part, |old, with| match kind.as_str() {
                "Put" => Ok(part.get("Item").and_then(Value::as_object).cloned()),
                "Delete" => Ok(None),
                "Update" => {
                    let old = old.cloned().or_else(|| part.get("Key").and_then(Value::as_object).cloned());
                    let text = part.get("UpdateExpression").and_then(Value::as_str).unwrap_or_default();
                    with.update(text, &old.unwrap_or_default()).map(Some)
                }
                _ => Ok(old.cloned()),
            });
            match judged {
                Ok((_, new)) => {
                    changes.push((key, (kind != "ConditionCheck").then_some(new)));
                    reasons.push(json!({ "Code": "None" }));
                }
                Err(refused) if refused.code == "ConditionalCheckFailedException" => {
                    failed = true;
                    reasons.push(json!({ "Code": "ConditionalCheckFailed" }));
                }
                Err(refused) => return Err(refused),
            }
        }
        if failed {
            let refused = Refused::new("TransactionCanceledException", "Transaction cancelled");
            return Err(refused.with("CancellationReasons", json!(reasons)));
        }
        for (key, new) in changes {
            if let Some(new) = new {
                self.set(key, new, now);
            }
        }
        Ok(json!({}))
    }
}

fn keys_of(item: &Item, index: Option<&Index>) -> Item {
    let of_index = index.into_iter().flat_map(|index| [Some(index.hash.as_str()), index.range.as_deref()]);
    let names = ["pk", "sk"].into_iter().chain(of_index.flatten());
    names.filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect()
}

fn key_of(value: Option<&Value>) -> Result<Key, Refused> {
    let part = |name: &str| value?.get(name)?.get("S")?.as_str().map(str::to_owned);
    part("pk").zip(part("sk")).ok_or_else(|| invalid("the key is incomplete"))
}

fn object(value: Option<&Value>) -> Result<&Item, Refused> {
    value.and_then(Value::as_object).ok_or_else(|| invalid("a part of the request is missing"))
}

fn array(value: Option<&Value>) -> Result<&Vec<Value>, Refused> {
    value.and_then(Value::as_array).ok_or_else(|| invalid("a part of the request is missing"))
}

fn number(value: Option<&Value>) -> Option<i64> {
    value?.get("N")?.as_str()?.parse().ok()
}

fn invalid(why: &str) -> Refused {
    Refused::new("ValidationException", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-01T09:00:00Z".parse().unwrap()
    }

    fn table() -> Table {
        let (hash, range) = ("log".to_owned(), Some("at".to_owned()));
        Table::new(vec![Index { name: "by".to_owned(), hash, range, keys_only: false }])
    }

    fn put(table: &mut Table, sk: &str, condition: &str, at: Timestamp) -> Answered {
        let item = json!({"pk": {"S": "a"}, "sk": {"S": sk}, "log": {"S": "l"}, "at": {"S": sk}});
        let mut request = json!({ "Item": item });
        if !condition.is_empty() {
            request["ConditionExpression"] = json!(condition);
        }
        table.answer("PutItem", &request, at)
    }

    fn listed(table: &mut Table, limit: u64, start: Option<&Value>, at: Timestamp) -> Value {
        let request = json!({ "IndexName": "by", "KeyConditionExpression": "log = :l", "Limit": limit,
            "ExpressionAttributeValues": {":l": {"S": "l"}}, "ExclusiveStartKey": start });
        table.answer("Query", &request, at).unwrap()
    }

    #[test]
    fn a_condition_that_does_not_hold_leaves_the_item_as_it_is() {
        let mut table = table();
        put(&mut table, "1", "attribute_not_exists(pk)", now()).unwrap();
        let refused = put(&mut table, "1", "attribute_not_exists(pk)", now()).unwrap_err();
        assert_eq!(refused.code, "ConditionalCheckFailedException");
    }

    #[test]
    fn a_listing_goes_on_where_its_page_ended_and_an_index_may_be_behind() {
        let mut table = table();
        for sk in ["1", "2", "3"] {
            put(&mut table, sk, "", now()).unwrap();
        }
        let first = listed(&mut table, 2, None, now());
        let rest = listed(&mut table, 2, first.get("LastEvaluatedKey"), now());
        assert_eq!((first["Count"].as_u64(), rest["Count"].as_u64()), (Some(2), Some(1)));
        assert!(rest.get("LastEvaluatedKey").is_none());
        table.lag = Duration::from_secs(60);
        assert_eq!(listed(&mut table, 9, None, now())["Count"], 0);
        assert_eq!(listed(&mut table, 9, None, now() + Duration::from_secs(61))["Count"], 3);
    }

    #[test]
    fn a_transaction_does_all_or_nothing() {
        let mut table = table();
        put(&mut table, "1", "", now()).unwrap();
        let item = |sk: &str| json!({"pk": {"S": "a"}, "sk": {"S": sk}});
        let request = json!({"TransactItems": [
            {"Put": {"Item": item("2")}},
            {"Put": {"Item": item("1"), "ConditionExpression": "attribute_not_exists(pk)"}},
        ]});
        let refused = table.answer("TransactWriteItems", &request, now()).unwrap_err();
        assert_eq!((refused.code, table.items().count()), ("TransactionCanceledException", 1));
    }
}
