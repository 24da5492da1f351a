//! Several items in one transaction: all of them are written, or none is.

use super::{Item, Key, Stored, Table, number};
use crate::trouble::{because, unavailable};
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{ConditionCheck, Put, TransactWriteItem};
use rules::ports::{Answer, Written};

/// What DynamoDB says of an item whose condition did not hold, or that another transaction has at this moment.
const LOST: [&str; 2] = ["ConditionalCheckFailed", "TransactionConflict"];

impl Table {
    /// A stored thing as part of a transaction, on the revision that it has.
    pub(super) fn put_part<T: Stored>(&self, stored: &mut T) -> Answer<TransactWriteItem> {
        let read = *stored.revision();
        *stored.revision() = read + 1;
        let item = self.item_of(stored, read);
        *stored.revision() = read;
        let put = self.put_of(item?);
        let put = match read {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            read => put.condition_expression("revision = :read").expression_attribute_values(":read", number(read)),
        };
        part(put)
    }

    /// That a stored thing still has the revision that was read, or still is not there.
    pub(super) fn check_part(&self, key: Key, read: u64) -> Answer<TransactWriteItem> {
        let check = ConditionCheck::builder().table_name(&self.name).set_key(Some(key.into()));
        let check = match read {
            0 => check.condition_expression("attribute_not_exists(pk)"),
            read => check.condition_expression("revision = :read").expression_attribute_values(":read", number(read)),
        };
        let check = check.build().map_err(malformed)?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// An item that is put, without its condition.
    pub(super) fn put_of(&self, item: Item) -> PutBuilder {
        Put::builder().table_name(&self.name).set_item(Some(item))
    }

    /// Writes all of it or nothing.
    pub(super) async fn write_together(&self, what: &'static str, parts: Vec<TransactWriteItem>) -> Answer<Written> {
        let error = match self.client.transact_write_items().set_transact_items(Some(parts)).send().await {
            Ok(_) => return Ok(Written::Done),
            Err(error) => error,
        };
        let cancelled = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
            _ => return Err(unavailable(what, &error)),
        };
        let mut codes = cancelled.iter().filter_map(|reason| reason.code()).filter(|code| *code != "None");
        match codes.find(|code| !LOST.contains(code)) {
            Some(code) => Err(because(what, code)),
            None => Ok(Written::Conflict),
        }
    }
}

/// A put as part of a transaction.
pub(super) fn part(put: PutBuilder) -> Answer<TransactWriteItem> {
    Ok(TransactWriteItem::builder().put(put.build().map_err(malformed)?).build())
}

fn malformed(error: BuildError) -> rules::ports::Unavailable {
    because("put a transaction together", error)
}
