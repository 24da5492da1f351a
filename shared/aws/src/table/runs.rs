//! Runs of messages that came suspiciously often: begun and ended, so that one which crashes the function is told from
//! one that only waited long.

use super::{Key, Table, number, text};
use crate::trouble::unavailable;
use aws_sdk_dynamodb::types::ReturnValue;
use jiff::{SignedDuration, Timestamp};
use rules::ports::Answer;

/// How long the runs of a message are remembered: longer than a queue keeps it.
const AGE: SignedDuration = SignedDuration::from_hours(15 * 24);

fn key(message: &str) -> Key {
    Key { pk: format!("RUN#{message}"), sk: "RUN".to_owned() }
}

impl Table {
    /// Notes that a message is run, and says how many of its runs have begun and never ended, this one included.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn begin_run(&self, message: &str, now: Timestamp) -> Answer<u32> {
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(message).into()))
            .update_expression("SET kind = :kind, version = :one, expires_at = :expires ADD runs :one")
            .expression_attribute_values(":kind", text("run"))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":expires", number((now + AGE).as_second()))
            .return_values(ReturnValue::AllNew);
        let output = update.send().await.map_err(|error| unavailable("note a run", &error))?;
        let runs = output.attributes().and_then(|item| item.get("runs")).and_then(|runs| runs.as_n().ok());
        Ok(runs.and_then(|runs| runs.parse().ok()).unwrap_or(1))
    }

    /// Notes that a run has ended.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn end_run(&self, message: &str) -> Answer<()> {
        let delete = self.client.delete_item().table_name(&self.name).set_key(Some(key(message).into()));
        delete.send().await.map(|_| ()).map_err(|error| unavailable("note the end of a run", &error))
    }
}
