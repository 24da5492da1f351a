//! The queues out of a function: events to sync, hints of payments, notifications, and parked messages.

use crate::trouble::{because, unavailable};
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, MessageAttributeValue, SendMessageBatchRequestEntry,
};
use rules::notification::Notification;
use rules::payments::Entry;
use rules::ports::{Answer, Notifications, Queued, SyncQueue, UpkeepQueue};
use rules::upkeep;
use std::collections::HashSet;
use std::time::Duration;

/// Most messages in one call (SQS).
const BATCH: usize = 10;
/// Most bytes in one call: SQS's quota of 256 KiB, less room for attributes.
const BATCH_BYTES: usize = 240 * 1024;
/// Longest time that a message can be hidden (SQS: 12 hours).
const MAX_HIDDEN: Duration = Duration::from_secs(12 * 60 * 60);
/// Longest time that a message can be held back when it is sent (SQS: 15 minutes).
const MAX_DELAY: Duration = Duration::from_secs(15 * 60);
/// Longest reason that goes with a parked message.
const MAX_REASON: usize = 500;

/// One queue.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

/// A message to send.
struct Outgoing {
    body: String,
    group: Option<String>,
    deduplication: Option<String>,
    delay: Duration,
}

impl Queue {
    /// The queue at this URL.
    #[must_use]
    pub fn new(config: &aws_types::SdkConfig, url: String) -> Self {
        Self { client: Client::new(config), url }
    }

    /// Sends messages in order, ten to a call; per message, whether it is in. In a FIFO queue nothing is sent
    /// after a failure, so that order is kept.
    async fn send(&self, messages: &[Outgoing], what: &'static str) -> Answer<Vec<bool>> {
        let mut taken = Vec::with_capacity(messages.len());
        for batch in batches(messages) {
            if taken.contains(&false) {
                taken.extend(batch.iter().map(|_| false));
                continue;
            }
            taken.extend(self.send_batch(batch, what).await?);
        }
        Ok(taken)
    }

    async fn send_batch(&self, batch: &[Outgoing], what: &'static str) -> Answer<Vec<bool>> {
        let entries = batch.iter().enumerate().map(|(index, message)| {
            SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(&message.body)
                .set_message_group_id(message.group.clone())
                .set_message_deduplication_id(message.deduplication.clone())
                .set_delay_seconds(delay_seconds(message.delay))
                .build()
                .map_err(|error| because(what, error))
        });
        let entries = entries.collect::<Answer<Vec<_>>>()?;
        let send = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let output = send.send().await.map_err(|error| unavailable(what, &error))?;
        for failed in output.failed() {
            tracing::warn!(error.code = failed.code(), queue.operation = what, "a message was not taken by its queue");
        }
        let sent: HashSet<&str> = output.successful().iter().map(|entry| entry.id()).collect();
        Ok((0..batch.len()).map(|index| sent.contains(index.to_string().as_str())).collect())
    }

    /// Hides received messages for some time more, each for its own.
    ///
    /// # Errors
    /// When the queue does not answer; then they come back after the queue's own time.
    pub async fn hide(&self, receipts: &[(String, Duration)]) -> Answer<()> {
        const WHAT: &str = "hide messages that have to wait";
        for batch in receipts.chunks(BATCH) {
            let entries = batch.iter().enumerate().map(|(index, (receipt, time))| {
                let seconds = time.min(&MAX_HIDDEN).as_secs().max(1);
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(receipt)
                    .visibility_timeout(i32::try_from(seconds).unwrap_or(i32::MAX))
                    .build()
                    .map_err(|error| because(WHAT, error))
            });
            let entries = entries.collect::<Answer<Vec<_>>>()?;
            let change = self.client.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries));
            let output = change.send().await.map_err(|error| unavailable(WHAT, &error))?;
            if let Some(first) = output.failed().first() {
                let (refused, reason) = (output.failed().len(), first.code());
                tracing::warn!(
                    queue.refused = refused,
                    reason,
                    "messages that wait come again sooner: they could not be hidden"
                );
            }
        }
        Ok(())
    }

    /// Puts a message that cannot be worked into this dead-letter queue, with the reason.
    ///
    /// # Errors
    /// When the queue does not take it; then it must not be acknowledged.
    pub async fn park(&self, body: &str, group: Option<&str>, deduplication: &str, reason: &str) -> Answer<()> {
        const WHAT: &str = "park a message";
        let reason: String = reason.chars().take(MAX_REASON).collect();
        let attribute = MessageAttributeValue::builder().data_type("String").string_value(reason).build();
        let attribute = attribute.map_err(|error| because(WHAT, error))?;
        let send = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .message_attributes("reason", attribute)
            .set_message_group_id(group.map(str::to_owned))
            .set_message_deduplication_id(group.map(|_| deduplication.to_owned()));
        send.send().await.map(|_| ()).map_err(|error| unavailable(WHAT, &error))
    }

    /// Sends the webhook's entries.
    ///
    /// # Errors
    /// When not every one of them is in the queue.
    pub async fn hint(&self, entries: &[Entry]) -> Answer<()> {
        const WHAT: &str = "send hints of payments";
        let messages = entries.iter().map(|entry| plain(entry, WHAT)).collect::<Answer<Vec<_>>>()?;
        all(self.send(&messages, WHAT).await?, WHAT)
    }
}

#[async_trait]
impl SyncQueue for Queue {
    async fn enqueue(&self, events: &[Queued]) -> Answer<Vec<bool>> {
        let messages: Vec<Outgoing> = events
            .iter()
            .map(|event| Outgoing {
                body: event.event.clone(),
                group: Some(event.account.to_string()),
                deduplication: Some(event.deduplication.clone()),
                delay: Duration::ZERO,
            })
            .collect();
        self.send(&messages, "send events to be synced").await
    }
}

#[async_trait]
impl UpkeepQueue for Queue {
    async fn plan(&self, messages: &[(upkeep::Message, Duration)]) -> Answer<()> {
        const WHAT: &str = "plan upkeep";
        let outgoing = messages.iter().map(|(message, delay)| Ok(Outgoing { delay: *delay, ..plain(message, WHAT)? }));
        all(self.send(&outgoing.collect::<Answer<Vec<_>>>()?, WHAT).await?, WHAT)
    }
}

#[async_trait]
impl Notifications for Queue {
    async fn notify(&self, notifications: &[Notification]) -> Answer<()> {
        const WHAT: &str = "send notifications";
        let messages =
            notifications.iter().map(|notification| plain(notification, WHAT)).collect::<Answer<Vec<_>>>()?;
        all(self.send(&messages, WHAT).await?, WHAT)
    }
}

fn plain<T: serde::Serialize>(value: &T, what: &'static str) -> Answer<Outgoing> {
    let body = serde_json::to_string(value).map_err(|error| because(what, error))?;
    Ok(Outgoing { body, group: None, deduplication: None, delay: Duration::ZERO })
}

/// None where there is none: a FIFO queue takes no delay of a single message.
fn delay_seconds(delay: Duration) -> Option<i32> {
    (!delay.is_zero()).then(|| i32::try_from(delay.min(MAX_DELAY).as_secs()).unwrap_or_default())
}

fn all(taken: Vec<bool>, what: &'static str) -> Answer<()> {
    if taken.into_iter().all(|taken| taken) {
        return Ok(());
    }
    Err(because(what, "the queue did not take every message"))
}

/// Cuts messages into batches of at most ten and at most the quota of bytes.
fn batches(messages: &[Outgoing]) -> Vec<&[Outgoing]> {
    let mut batches = Vec::new();
    let mut rest = messages;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take(BATCH).take_while(|message| {
            bytes += message.body.len();
            bytes <= BATCH_BYTES
        });
        let length = fits.count().max(1);
        let (batch, tail) = rest.split_at(length);
        batches.push(batch);
        rest = tail;
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: usize) -> Outgoing {
        Outgoing { body: "x".repeat(bytes), group: None, deduplication: None, delay: Duration::ZERO }
    }

    #[test]
    fn a_batch_has_at_most_ten_messages_and_fits_the_quota() {
        let many: Vec<Outgoing> = (0..23).map(|_| message(10)).collect();
        assert_eq!(batches(&many).iter().map(|batch| batch.len()).collect::<Vec<_>>(), [10, 10, 3]);
        let large: Vec<Outgoing> = (0..3).map(|_| message(100 * 1024)).collect();
        assert_eq!(batches(&large).iter().map(|batch| batch.len()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(batches(&[message(BATCH_BYTES + 1)]).len(), 1);
    }
}
