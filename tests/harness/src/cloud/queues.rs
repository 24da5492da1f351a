//! SQS in memory, by the rules of the template: visibility, receive count, retention from the first sending, groups in
//! order, five minutes of deduplication, redrive by the queue and by an operator.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Refused;
use crate::template::QueueRules;

/// How long a deduplication id is remembered.
const DEDUPLICATION: Duration = Duration::from_secs(5 * 60);
/// Longest time that a message can be hidden, counted from when it was received.
const MAX_HIDDEN: Duration = Duration::from_secs(12 * 60 * 60);

/// A message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Names it, wherever it goes.
    pub id: u64,
    /// Its group, in a FIFO queue.
    pub group: Option<String>,
    /// Its body.
    pub body: String,
    /// When it was first sent.
    pub sent_at: Timestamp,
    /// How often it was received.
    pub receives: u32,
    /// Why it was parked, where somebody wrote it down.
    pub reason: Option<String>,
    deduplication: Option<String>,
    visible_at: Timestamp,
    received_at: Option<Timestamp>,
    receipt: u64,
}

/// One queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    rules: QueueRules,
    messages: Vec<Message>,
    seen: HashMap<(String, String), Timestamp>,
    /// Messages that nobody took in time.
    pub(crate) lost: Vec<Message>,
}

/// All queues, by their names in the template.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queues {
    queues: BTreeMap<String, Queue>,
    count: u64,
    /// The next entries of a batch that a queue refuses.
    pub(crate) refuse: u32,
}

impl Queues {
    pub(crate) fn new(rules: &BTreeMap<String, QueueRules>) -> Self {
        let queue = |rules: &QueueRules| Queue { rules: rules.clone(), ..Queue::default() };
        let queues = rules.iter().map(|(name, rules)| (name.clone(), queue(rules))).collect();
        Self { queues, count: 0, refuse: 0 }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Queue> {
        self.queues.get(name)
    }

    pub(crate) fn answer(&mut self, operation: &str, request: &Value, now: Timestamp) -> Result<Value, Refused> {
        let url = request.get("QueueUrl").and_then(Value::as_str).unwrap_or_default();
        let name = url.rsplit('/').next().unwrap_or_default().to_owned();
        if !self.queues.contains_key(&name) {
            return Err(Refused::new("QueueDoesNotExist", "no such queue"));
        }
        let entries = request.get("Entries").and_then(Value::as_array).cloned().unwrap_or_default();
        match operation {
            "SendMessage" => {
                let id = self.send(&name, request, now)?;
                Ok(json!({ "MessageId": id.to_string(), "MD5OfMessageBody": "" }))
            }
            "SendMessageBatch" => {
                let (mut taken, mut refused) = (Vec::new(), Vec::new());
                if entries.is_empty() || entries.len() > 10 {
                    return Err(Refused::new("TooManyEntriesInBatchRequest", "1 to 10 entries"));
                }
                for entry in &entries {
                    let id = entry.get("Id").cloned().unwrap_or_default();
                    if self.refuse > 0 {
                        self.refuse -= 1;
                        refused.push(json!({ "Id": id, "Code": "InternalError", "SenderFault": false }));
                        continue;
                    }
                    let message = self.send(&name, entry, now)?.to_string();
                    taken.push(json!({ "Id": id, "MessageId": message, "MD5OfMessageBody": "" }));
                }
                Ok(json!({ "Successful": taken, "Failed": refused }))
            }
            "ChangeMessageVisibility" => {
                self.hide(&name, request, now)?;
                Ok(json!({}))
            }
            "ChangeMessageVisibilityBatch" | "DeleteMessageBatch" => {
                let (mut done, mut failed) = (Vec::new(), Vec::new());
                for entry in &entries {
                    let id = entry.get("Id").cloned().unwrap_or_default();
                    let outcome = match operation {
                        "DeleteMessageBatch" => self.acknowledge(&name, entry),
                        _ => self.hide(&name, entry, now),
                    };
                    match outcome {
                        Ok(()) => done.push(json!({ "Id": id })),
                        Err(refused) => failed.push(json!({ "Id": id, "Code": refused.code, "SenderFault": true })),
                    }
                }
                Ok(json!({ "Successful": done, "Failed": failed }))
            }
            "DeleteMessage" => {
                self.acknowledge(&name, request)?;
                Ok(json!({}))
            }
            "GetQueueAttributes" => Ok(json!({ "Attributes": {} })),
            unknown => Err(Refused::new("UnsupportedOperation", unknown)),
        }
    }

    /// Sends a message; a repeat within five minutes is taken and dropped.
    pub(crate) fn send(&mut self, name: &str, entry: &Value, now: Timestamp) -> Result<u64, Refused> {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
        let body = text("MessageBody").unwrap_or_default();
        let (group, deduplication) = (text("MessageGroupId"), text("MessageDeduplicationId"));
        let delay = entry.get("DelaySeconds").and_then(Value::as_u64).unwrap_or_default();
        let reason = entry.pointer("/MessageAttributes/reason/StringValue").and_then(Value::as_str).map(str::to_owned);
        self.count += 1;
        let id = self.count;
        let queue = self.queues.get_mut(name).ok_or_else(|| Refused::new("QueueDoesNotExist", "no such queue"))?;
        if queue.rules.fifo {
            let (Some(group), Some(deduplication)) = (&group, &deduplication) else {
                return Err(Refused::new("MissingParameter", "a group and a deduplication id are needed"));
            };
            if delay > 0 {
                return Err(Refused::new("InvalidParameterValue", "a FIFO queue takes no delay of one message"));
            }
            let key = (group.clone(), deduplication.clone());
            if queue.seen.get(&key).is_some_and(|sent| *sent + DEDUPLICATION > now) {
                return Ok(id);
            }
            queue.seen.insert(key, now);
        }
        let visible_at = now + Duration::from_secs(delay.min(900));
        queue.messages.push(Message {
            id,
            group,
            body,
            sent_at: now,
            receives: 0,
            reason,
            deduplication,
            visible_at,
            received_at: None,
            receipt: 0,
        });
        Ok(id)
    }

    fn hide(&mut self, name: &str, entry: &Value, now: Timestamp) -> Result<(), Refused> {
        let seconds = entry.get("VisibilityTimeout").and_then(Value::as_u64).unwrap_or_default();
        let message = self.received(name, entry)?;
        let time = Duration::from_secs(seconds);
        let held = now.duration_since(message.received_at.unwrap_or(now)).unsigned_abs();
        if held + time > MAX_HIDDEN {
            return Err(Refused::new("InvalidParameterValue", "the total visibility is beyond 12 hours"));
        }
        message.visible_at = now + time;
        Ok(())
    }

    fn acknowledge(&mut self, name: &str, entry: &Value) -> Result<(), Refused> {
        let id = self.received(name, entry)?.id;
        self.delete(name, id);
        Ok(())
    }

    /// The message of a receipt, which is good until the message is received again.
    fn received(&mut self, name: &str, entry: &Value) -> Result<&mut Message, Refused> {
        let receipt = entry.get("ReceiptHandle").and_then(Value::as_str).unwrap_or_default();
        let queue = self.queues.get_mut(name);
        let found = queue.and_then(|queue| queue.messages.iter_mut().find(|message| message.handle() == receipt));
        found.ok_or_else(|| Refused::new("ReceiptHandleIsInvalid", "the message was received again, or is gone"))
    }

    /// Deletes a message, whoever holds it.
    pub(crate) fn delete(&mut self, name: &str, id: u64) {
        if let Some(queue) = self.queues.get_mut(name) {
            queue.messages.retain(|message| message.id != id);
        }
    }

    /// Receives at most `most` messages. A standard queue gives them in the order that `shuffle` draws.
    pub(crate) fn receive(
        &mut self,
        name: &str,
        most: usize,
        now: Timestamp,
        shuffle: &mut dyn FnMut(usize) -> usize,
    ) -> Vec<Message> {
        self.tidy(name, now);
        let Some(queue) = self.queues.get_mut(name) else { return Vec::new() };
        let mut free: Vec<usize> = queue.free(now);
        if !queue.rules.fifo {
            for at in (1..free.len()).rev() {
                free.swap(at, shuffle(at + 1));
            }
        }
        free.truncate(most);
        let mut received = Vec::new();
        for at in free {
            let Some(message) = queue.messages.get_mut(at) else { continue };
            message.receives += 1;
            message.visible_at = now + queue.rules.visibility;
            message.received_at = Some(now);
            self.count += 1;
            message.receipt = self.count;
            received.push(message.clone());
        }
        received
    }

    /// Moves what was received too often, and drops what is too old.
    fn tidy(&mut self, name: &str, now: Timestamp) {
        let Some(queue) = self.queues.get_mut(name) else { return };
        let retention = queue.rules.retention;
        let (old, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut queue.messages).into_iter().partition(|message| message.sent_at + retention <= now);
        queue.messages = kept;
        queue.lost.extend(old);
        let Some((target, most)) = queue.rules.redrive.clone() else { return };
        let gone = |message: &Message| message.receives >= most && message.visible_at <= now;
        let (dead, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut queue.messages).into_iter().partition(gone);
        queue.messages = kept;
        if let Some(target) = self.queues.get_mut(&target) {
            // A standard queue's message keeps its age; one of a FIFO queue begins anew.
            let fifo = target.rules.fifo;
            let moved = dead.into_iter().map(|message| Message {
                sent_at: if fifo { now } else { message.sent_at },
                visible_at: now,
                received_at: None,
                ..message
            });
            target.messages.extend(moved);
        }
    }

    /// An operator sends everything of a dead-letter queue back where it came from; how many there were.
    pub(crate) fn redrive(&mut self, dead: &str, now: Timestamp) -> usize {
        let source = self.queues.iter().find(|(_, queue)| queue.rules.redrive.as_ref().is_some_and(|it| it.0 == dead));
        let Some(source) = source.map(|(name, _)| name.clone()) else { return 0 };
        let moved = self.queues.get_mut(dead).map(|queue| std::mem::take(&mut queue.messages)).unwrap_or_default();
        let count = moved.len();
        if let Some(source) = self.queues.get_mut(&source) {
            // A message that is sent back is a new one, with its whole retention before it.
            let back =
                moved.into_iter().map(|message| Message { receives: 0, sent_at: now, visible_at: now, ..message });
            source.messages.extend(back);
        }
        count
    }

    /// When the next message of a queue can be received.
    pub(crate) fn next_at(&self, name: &str, now: Timestamp) -> Option<Timestamp> {
        let queue = self.queues.get(name)?;
        if !queue.free(now).is_empty() {
            return Some(now);
        }
        queue.messages.iter().map(|message| message.visible_at).filter(|at| *at > now).min()
    }
}

impl Queue {
    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Places of messages that can be received, groups in order: of a group nothing while some of it is held.
    fn free(&self, now: Timestamp) -> Vec<usize> {
        let held: BTreeSet<&String> = match self.rules.fifo {
            true => self.messages.iter().filter(|it| it.visible_at > now).filter_map(|it| it.group.as_ref()).collect(),
            false => BTreeSet::new(),
        };
        let free = |message: &Message| {
            message.visible_at <= now && message.group.as_ref().is_none_or(|group| !held.contains(group))
        };
        let mut places: Vec<usize> = (0..self.messages.len()).collect();
        places.retain(|at| self.messages.get(*at).is_some_and(free));
        if self.rules.fifo {
            // As many of the oldest group as there are, then of the next.
            let first = |at: &usize| {
                let group = self.messages.get(*at).map(|message| &message.group);
                self.messages.iter().position(|message| Some(&message.group) == group)
            };
            places.sort_by_key(|at| (first(at), *at));
        }
        places
    }
}

impl Message {
    /// What the receiver names it by.
    #[must_use]
    pub fn handle(&self) -> String {
        format!("{}/{}", self.id, self.receipt)
    }

    /// As a function gets it.
    #[must_use]
    pub fn record(&self, queue: &str) -> Value {
        let mut attributes = json!({
            "ApproximateReceiveCount": self.receives.to_string(),
            "SentTimestamp": self.sent_at.as_millisecond().to_string(),
        });
        if let (Some(group), Some(attributes)) = (&self.group, attributes.as_object_mut()) {
            attributes.insert("MessageGroupId".to_owned(), json!(group));
            attributes.insert("MessageDeduplicationId".to_owned(), json!(self.deduplication));
        }
        json!({
            "messageId": self.id.to_string(), "receiptHandle": self.handle(), "body": self.body,
            "attributes": attributes, "messageAttributes": {}, "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:eu-west-2:123456789012:{queue}"), "awsRegion": "eu-west-2",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queues() -> Queues {
        let minute = Duration::from_secs(60);
        let dead = QueueRules { fifo: true, retention: minute * 600, ..QueueRules::default() };
        let redrive = Some(("Dead".to_owned(), 2));
        let work = QueueRules { fifo: true, visibility: minute, retention: minute * 60, redrive };
        Queues::new(&[("Work".to_owned(), work), ("Dead".to_owned(), dead)].into())
    }

    fn send(queues: &mut Queues, group: &str, body: &str, now: Timestamp) {
        let entry = json!({ "MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": body });
        queues.send("Work", &entry, now).unwrap();
    }

    fn receive(queues: &mut Queues, most: usize, now: Timestamp) -> Vec<Message> {
        queues.receive("Work", most, now, &mut |_| 0)
    }

    fn bodies(messages: &[Message]) -> Vec<&str> {
        messages.iter().map(|message| message.body.as_str()).collect()
    }

    fn start() -> Timestamp {
        "2026-11-01T09:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_group_waits_behind_what_is_held_of_it_and_others_do_not() {
        let mut queues = queues();
        for (group, body) in [("a", "1"), ("b", "2"), ("a", "3")] {
            send(&mut queues, group, body, start());
        }
        let first = receive(&mut queues, 1, start());
        assert_eq!(bodies(&first), ["1"]);
        assert_eq!(bodies(&receive(&mut queues, 10, start())), ["2"]);
        assert_eq!(bodies(&receive(&mut queues, 10, start())), [""; 0]);
        queues.delete("Work", first[0].id);
        assert_eq!(bodies(&receive(&mut queues, 10, start())), ["3"]);
    }

    #[test]
    fn a_repeat_is_dropped_for_five_minutes_and_a_receipt_is_good_for_one_receive() {
        let mut queues = queues();
        send(&mut queues, "a", "1", start());
        send(&mut queues, "a", "1", start());
        let first = receive(&mut queues, 10, start());
        assert_eq!(first.len(), 1);
        let later = start() + Duration::from_secs(61);
        assert_eq!(receive(&mut queues, 10, later).len(), 1);
        let entry = json!({ "ReceiptHandle": first[0].handle() });
        assert!(queues.acknowledge("Work", &entry).is_err());
    }

    #[test]
    fn what_is_received_too_often_is_dead_and_what_is_too_old_is_lost() {
        let mut queues = queues();
        send(&mut queues, "a", "1", start());
        let mut now = start();
        for _ in 0..2 {
            assert_eq!(receive(&mut queues, 10, now).len(), 1);
            now += Duration::from_secs(61);
        }
        assert!(receive(&mut queues, 10, now).is_empty());
        assert_eq!(queues.get("Dead").unwrap().messages().len(), 1);
        assert_eq!(queues.redrive("Dead", now), 1);
        assert!(receive(&mut queues, 10, now + Duration::from_secs(3_601)).is_empty());
        assert_eq!(queues.get("Work").unwrap().lost.len(), 1);
    }
}
