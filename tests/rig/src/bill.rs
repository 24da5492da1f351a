//! What AWS bills for the calls on a wire, in the units of its price list, and what Xero counts.
//!
//! The units of the table come from AWS's documented rules and not from the emulator, which does not charge
//! for indexes: see [`capacity`]. A secret under a customer-managed key costs calls of KMS that Secrets Manager makes.

pub mod capacity;

use std::collections::HashMap;
use std::ops::AddAssign;

use serde_json::Value;

use crate::wire::Exchange;
use capacity::{Half, Index, Item, Key};

/// A request to a queue is billed once for every 64 KiB.
const QUEUE_CHUNK: usize = 64 * 1024;

/// What was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    /// Calls to Xero.
    pub xero_calls: u64,
    /// Bytes that Xero answered.
    pub xero_bytes: u64,
    /// Calls to AWS.
    pub aws_calls: u64,
    /// Halves of read request units: an eventually consistent read of 4 KB is one.
    pub half_reads: u64,
    /// Write request units, indexes included.
    pub writes: u64,
    /// Requests to queues.
    pub queue_requests: u64,
    /// Calls to Secrets Manager.
    pub secret_calls: u64,
    /// Calls to KMS, those of Secrets Manager included.
    pub key_calls: u64,
}

impl AddAssign for Units {
    fn add_assign(&mut self, other: Self) {
        self.xero_calls += other.xero_calls;
        self.xero_bytes += other.xero_bytes;
        self.aws_calls += other.aws_calls;
        self.half_reads += other.half_reads;
        self.writes += other.writes;
        self.queue_requests += other.queue_requests;
        self.secret_calls += other.secret_calls;
        self.key_calls += other.key_calls;
    }
}

/// The table as it is, because a write costs by what it replaces.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    indexes: Vec<Index>,
    items: HashMap<Key, Item>,
}

impl Ledger {
    /// A table with these indexes, as the template declares them, and these items.
    #[must_use]
    pub fn new(table: &Value, items: Vec<Value>) -> Self {
        let indexes = table.pointer("/Properties/GlobalSecondaryIndexes").and_then(Value::as_array);
        let indexes = indexes.into_iter().flatten().filter_map(Index::declared).collect();
        let items = items.into_iter().filter_map(Item::of).filter_map(|item| Some((item.key()?, item))).collect();
        Self { indexes, items }
    }

    /// What these exchanges cost, in their order.
    pub fn charge(&mut self, exchanges: &[Exchange]) -> Units {
        let mut sum = Units::default();
        for exchange in exchanges {
            sum += self.charge_one(exchange);
        }
        sum
    }

    fn charge_one(&mut self, exchange: &Exchange) -> Units {
        let Some(target) = &exchange.target else {
            return Units { xero_calls: 1, xero_bytes: length(exchange.answer.len()), ..Units::default() };
        };
        let (service, operation) = target.split_once('.').unwrap_or((target, ""));
        let units = match service {
            "DynamoDB_20120810" => self.charge_table(operation, exchange),
            "AmazonSQS" => {
                let chunks = length(exchange.request.len().div_ceil(QUEUE_CHUNK).max(1));
                Units { queue_requests: chunks, ..Units::default() }
            }
            "secretsmanager" => Units { secret_calls: 1, key_calls: keys_behind(operation), ..Units::default() },
            "TrentService" => Units { key_calls: 1, ..Units::default() },
            _ => Units::default(),
        };
        Units { aws_calls: 1, ..units }
    }

    fn charge_table(&mut self, operation: &str, exchange: &Exchange) -> Units {
        let request: Value = serde_json::from_slice(&exchange.request).unwrap_or_default();
        let answer: Value = serde_json::from_slice(&exchange.answer).unwrap_or_default();
        match operation {
            "GetItem" | "BatchGetItem" | "Query" => {
                let Half(halves) = capacity::read(operation, &request, &answer);
                Units { half_reads: halves, ..Units::default() }
            }
            "PutItem" => self.write(request.get("Item").cloned().and_then(Item::of), None, exchange.granted),
            "DeleteItem" => self.write(None, request.get("Key").cloned().and_then(Item::of), exchange.granted),
            _ => Units::default(),
        }
    }

    /// A write that was refused by its condition costs what the table would have, and no index.
    fn write(&mut self, new: Option<Item>, deleted: Option<Item>, granted: bool) -> Units {
        let Some(key) = new.as_ref().or(deleted.as_ref()).and_then(Item::key) else { return Units::default() };
        let old = self.items.get(&key);
        let mut writes = capacity::table_write(old, new.as_ref());
        if granted {
            writes += self.indexes.iter().map(|index| index.write(old, new.as_ref())).sum::<u64>();
            match new {
                Some(new) => self.items.insert(key, new),
                None => self.items.remove(&key),
            };
        }
        Units { writes, ..Units::default() }
    }
}

/// Calls of KMS behind one of Secrets Manager, for a secret under a key of one's own: a value is decrypted or a data key
/// made for it; a new secret tries the key out as well.
fn keys_behind(operation: &str) -> u64 {
    match operation {
        "GetSecretValue" | "PutSecretValue" => 1,
        "CreateSecret" => 3,
        _ => 0,
    }
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn exchange(target: &str, request: &Value, answer: &Value) -> Exchange {
        let bytes = |value: &Value| value.to_string().into_bytes().into();
        Exchange { target: Some(target.to_owned()), request: bytes(request), granted: true, answer: bytes(answer) }
    }

    fn ledger() -> Ledger {
        let index = json!({ "IndexName": "by-change", "Projection": { "ProjectionType": "ALL" },
            "KeySchema": [{ "AttributeName": "log", "KeyType": "HASH" }, { "AttributeName": "changed_at", "KeyType": "RANGE" }] });
        Ledger::new(&json!({ "Properties": { "GlobalSecondaryIndexes": [index] } }), Vec::new())
    }

    #[test]
    fn a_record_that_changes_is_written_once_in_the_table_and_twice_in_the_index_of_changes() {
        let mut ledger = ledger();
        let put = |at: &str| {
            let item =
                json!({ "pk": { "S": "A" }, "sk": { "S": "R" }, "log": { "S": "l" }, "changed_at": { "S": at } });
            exchange("DynamoDB_20120810.PutItem", &json!({ "Item": item }), &json!({}))
        };
        assert_eq!(ledger.charge(&[put("1")]).writes, 2, "the table and a new entry of the index");
        assert_eq!(ledger.charge(&[put("2")]).writes, 3, "an entry of the index moves: one goes, one comes");
        let refused = Exchange { granted: false, ..put("3") };
        assert_eq!(ledger.charge(&[refused]).writes, 1, "a refused condition is billed, and moves nothing");
        assert_eq!(ledger.charge(&[put("2")]).writes, 1, "nothing that the index shows is new");
    }

    #[test]
    fn secrets_cost_the_key_behind_them_and_queues_their_chunks() {
        let mut ledger = ledger();
        let get = exchange("secretsmanager.GetSecretValue", &json!({}), &json!({}));
        let send = exchange("AmazonSQS.SendMessage", &json!({ "MessageBody": "x".repeat(70_000) }), &json!({}));
        let xero = Exchange { target: None, answer: vec![0; 700].into(), ..Exchange::default() };
        let units = ledger.charge(&[get, send, xero]);
        let expected = Units {
            xero_calls: 1,
            xero_bytes: 700,
            aws_calls: 2,
            queue_requests: 2,
            secret_calls: 1,
            key_calls: 1,
            ..Units::default()
        };
        assert_eq!(units, expected);
    }
}
