//! Runs of messages that came suspiciously often: begun and ended, so that one which crashes the function is told from
//! one that only waited long. A crash comes again within a minute; a beginning that was noted while its answer was lost
//! lies far from the next.

use super::{Key, Table, number, text};
use crate::trouble::unavailable;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use jiff::{SignedDuration, Timestamp};
use rules::ports::Answer;

/// How long the runs of a message are remembered: longer than a queue keeps it.
const AGE: SignedDuration = SignedDuration::from_hours(15 * 24);
/// Runs that began longer ago say nothing of this one: longer than a killed one takes to come again, and shorter than a
/// message is left to its queue when its run could not be noted.
const TOGETHER: SignedDuration = SignedDuration::from_mins(10);

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
            .update_expression("SET kind = :kind, version = :one, expires_at = :expires, begun_at = :now ADD runs :one")
            .condition_expression("attribute_not_exists(pk) OR begun_at > :stale")
            .expression_attribute_values(":kind", text("run"))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", number(now.as_second()))
            .expression_attribute_values(":stale", number((now - TOGETHER).as_second()))
            .expression_attribute_values(":expires", number((now + AGE).as_second()))
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(output) => {
                let runs = output.attributes().and_then(|item| item.get("runs")).and_then(|runs| runs.as_n().ok());
                Ok(runs.and_then(|runs| runs.parse().ok()).unwrap_or(1))
            }
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                self.end_run(message).await?;
                // What is forgotten is noted anew the next time: one run more before it is parked.
                Ok(1)
            }
            Err(error) => Err(unavailable("note a run", &error)),
        }
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
