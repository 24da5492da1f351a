//! A model of the FIFO queue with its dead-letter queue, on a clock that is given: groups in order, nothing of
//! a group while some of it is in flight, repeats dropped for five minutes, receives counted.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

/// How long a deduplication id is remembered (SQS).
pub const DEDUPLICATION: Duration = Duration::from_secs(5 * 60);
/// How long a received message stays hidden: the template's default.
pub const VISIBILITY: Duration = Duration::from_secs(30);
/// After so many receives the queue gives a message up: the template's `maxReceiveCount`.
pub const MAX_RECEIVES: u32 = 1000;

/// A message.
#[derive(Clone, Debug)]
pub struct Queued {
    /// Names it.
    pub id: u64,
    /// Its group: the account.
    pub group: String,
    /// Its body: the event.
    pub body: String,
    /// How often it was received.
    pub receives: u32,
    hidden_until: Option<Timestamp>,
}

/// The queue.
#[derive(Debug, Default)]
pub struct Fifo {
    waiting: Vec<Queued>,
    dead: Vec<Queued>,
    seen: HashMap<(String, String), Timestamp>,
    sent: u64,
}

impl Fifo {
    /// Sends; a repeat within five minutes is taken and dropped.
    pub fn send(&mut self, group: &str, deduplication: &str, body: &str, now: Timestamp) {
        let key = (group.to_owned(), deduplication.to_owned());
        if self.seen.get(&key).is_some_and(|sent| *sent + DEDUPLICATION > now) {
            return;
        }
        self.seen.insert(key, now);
        let (group, body) = (group.to_owned(), body.to_owned());
        self.waiting.push(Queued { id: self.sent, group, body, receives: 0, hidden_until: None });
        self.sent += 1;
    }

    /// Receives up to `most` messages: those of the oldest free group first, then of the next.
    pub fn receive(&mut self, most: usize, now: Timestamp) -> Vec<Queued> {
        self.bury();
        let mut groups: Vec<String> = Vec::new();
        for message in &self.waiting {
            if !groups.contains(&message.group) {
                groups.push(message.group.clone());
            }
        }
        groups.retain(|group| !self.of(group).any(|message| message.hidden_until.is_some_and(|until| until > now)));
        let mut received = Vec::new();
        for group in groups {
            let left = most - received.len();
            for message in self.waiting.iter_mut().filter(|message| message.group == group).take(left) {
                message.receives += 1;
                message.hidden_until = Some(now + VISIBILITY);
                received.push(message.clone());
            }
        }
        received
    }

    /// Acknowledges.
    pub fn delete(&mut self, id: u64) {
        self.waiting.retain(|message| message.id != id);
    }

    /// Shows a message again after this time.
    pub fn hide(&mut self, id: u64, until: Timestamp) {
        if let Some(message) = self.waiting.iter_mut().find(|message| message.id == id) {
            message.hidden_until = Some(until);
        }
    }

    /// Puts a message into the dead-letter queue by hand and acknowledges it.
    pub fn park(&mut self, id: u64) {
        if let Some(at) = self.waiting.iter().position(|message| message.id == id) {
            let message = self.waiting.remove(at);
            self.dead.push(message);
        }
    }

    /// Sends everything from the dead-letter queue once more, behind what waits; how many there were.
    pub fn redrive(&mut self) -> usize {
        let count = self.dead.len();
        for message in std::mem::take(&mut self.dead) {
            self.waiting.push(Queued { receives: 0, hidden_until: None, ..message });
        }
        count
    }

    /// When the next message can be received; none when nothing waits.
    #[must_use]
    pub fn next_at(&self, now: Timestamp) -> Option<Timestamp> {
        let group_free = |group: &str| self.of(group).filter_map(|message| message.hidden_until).max().unwrap_or(now);
        self.waiting.iter().map(|message| group_free(&message.group)).min()
    }

    /// The reasons are elsewhere; these are the messages that were given up.
    #[must_use]
    pub fn dead(&self) -> &[Queued] {
        &self.dead
    }

    fn of(&self, group: &str) -> impl Iterator<Item = &Queued> {
        self.waiting.iter().filter(move |message| message.group == group)
    }

    fn bury(&mut self) {
        let (dead, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(|it| it.receives >= MAX_RECEIVES);
        self.waiting = waiting;
        self.dead.extend::<Vec<Queued>>(dead);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(received: &[Queued]) -> Vec<&str> {
        received.iter().map(|message| message.body.as_str()).collect()
    }

    #[test]
    fn a_group_with_something_in_flight_waits_and_others_do_not() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let mut queue = Fifo::default();
        for (group, body) in [("a", "a1"), ("b", "b1"), ("a", "a2")] {
            queue.send(group, body, body, now);
        }
        let first = queue.receive(1, now);
        assert_eq!(bodies(&first), ["a1"]);
        assert_eq!(bodies(&queue.receive(10, now)), ["b1"]);
        queue.hide(first[0].id, now + Duration::from_secs(5));
        assert!(queue.receive(10, now).is_empty());
        assert_eq!(bodies(&queue.receive(10, now + Duration::from_secs(5))), ["a1", "a2"]);
    }

    #[test]
    fn repeats_are_dropped_for_five_minutes_and_crashes_end_in_the_dead_letter_queue() {
        let mut now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let mut queue = Fifo::default();
        queue.send("a", "1", "first", now);
        queue.send("a", "1", "repeat", now);
        for _ in 0..MAX_RECEIVES {
            assert_eq!(bodies(&queue.receive(10, now)), ["first"]);
            now += VISIBILITY;
        }
        assert!(queue.receive(10, now).is_empty());
        assert_eq!(queue.redrive(), 1);
        assert_eq!(bodies(&queue.receive(10, now)), ["first"]);
    }
}
