//! The batch loop over SQS messages: each is acknowledged, hidden for a while, or parked, by its own id.
//! The answer names the failed ones, which only works with `ReportBatchItemFailures` on the mapping.

use crate::queues::Queue;
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsMessage};
use std::time::Duration;

/// What becomes of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Acknowledged.
    Done,
    /// Comes again after this time.
    Again(Duration),
    /// Goes to the dead-letter queue with its reason, and is acknowledged once it is there.
    Park(String),
}

/// The id of a message, its group and its text.
#[must_use]
pub fn group(message: &SqsMessage) -> Option<&str> {
    message.attributes.get("MessageGroupId").map(String::as_str)
}

/// How often the queue has given the message out, this time included.
#[must_use]
pub fn receives(message: &SqsMessage) -> u32 {
    let count = message.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// Carries out the verdicts and names the messages that come again. What cannot be worked goes to
/// `parking`; without one it is left to the queue's own redrive.
pub async fn settle(queue: &Queue, parking: Option<&Queue>, judged: Vec<(SqsMessage, Verdict)>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    let mut hidden = Vec::new();
    for (message, verdict) in judged {
        match verdict {
            Verdict::Done => {}
            Verdict::Again(time) => {
                hidden.extend(message.receipt_handle.clone().map(|receipt| (receipt, time)));
                fail(&mut response, &message);
            }
            Verdict::Park(reason) => {
                if !park(parking, &message, &reason).await {
                    fail(&mut response, &message);
                }
            }
        }
    }
    if let Err(error) = queue.hide(&hidden).await {
        // They come back after the queue's own time: later or sooner than asked, and nothing is lost.
        tracing::warn!(error = %error, reason = %error.source, "messages that wait could not be hidden");
    }
    response
}

async fn park(parking: Option<&Queue>, message: &SqsMessage, reason: &str) -> bool {
    let id = message.message_id.as_deref().unwrap_or_default();
    let Some(parking) = parking else {
        tracing::error!(message.id = id, reason, "a message cannot be worked; the queue parks it after its last try");
        return false;
    };
    let body = message.body.as_deref().unwrap_or_default();
    match parking.park(body, group(message), id, reason).await {
        Ok(()) => {
            tracing::error!(message.id = id, reason, alarm = "parked", "a message was parked");
            true
        }
        Err(error) => {
            tracing::warn!(error = %error, reason = %error.source, message.id = id, "a message could not be parked; it comes again");
            false
        }
    }
}

fn fail(response: &mut SqsBatchResponse, message: &SqsMessage) {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message.message_id.clone().unwrap_or_default();
    response.batch_item_failures.push(failure);
}
