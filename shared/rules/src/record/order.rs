//! Which of two events about a document is newer, and what a record remembers of those that it accepted.
//!
//! Three registers, each with the order of the newest event that was accepted for it (not applied: an older one must
//! not pass a newer one that waits). There is no other memory of events, and none expires.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// How far ahead of our clock an event's own time may be: more is a clock that is wrong, and would win for ever.
const MAX_AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Where an event stands among those about the same document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventOrder {
    /// Sessional's count of edits, where it sends one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// When it happened, at most five minutes after it was received.
    pub at: Timestamp,
}

impl EventOrder {
    /// The order of an event that is received now.
    #[must_use]
    pub fn new(revision: Option<u64>, occurred_at: Timestamp, received: Timestamp) -> Self {
        Self { revision, at: occurred_at.min(received.saturating_add(MAX_AHEAD).unwrap_or(received)) }
    }

    /// Whether this one is newer, older, or neither: the revision alone where both have one, otherwise the time.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self.revision, other.revision) {
            (Some(ours), Some(theirs)) => ours.cmp(&theirs),
            (Some(_), None) | (None, Some(_)) | (None, None) => self.at.cmp(&other.at),
        }
    }

    /// Whether it is strictly newer.
    #[must_use]
    pub fn is_after(&self, other: Option<&Self>) -> bool {
        other.is_none_or(|other| self.compare(other) == Ordering::Greater)
    }

    /// Whether it is strictly older.
    #[must_use]
    pub fn is_before(&self, other: Option<&Self>) -> bool {
        other.is_some_and(|other| self.compare(other) == Ordering::Less)
    }
}

/// What the newest accepted content is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentRegister {
    /// Its order.
    pub order: EventOrder,
    /// Hash of the document as Sessional told it: the same again asks for nothing.
    pub digest: String,
}

/// What a record remembers of the events that it accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registers {
    /// What the document should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<ContentRegister>,
    /// The newest event that asks for the document to be made: only one that is newer than a removal makes it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<EventOrder>,
    /// That it was sent to the customer; stays once it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<EventOrder>,
    /// That it was voided or deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<EventOrder>,
}

impl Registers {
    /// Whether the document should be gone: of two of the same order the removal counts.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.removed.is_some_and(|removed| !self.made.is_some_and(|made| made.is_after(Some(&removed))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn order(revision: Option<u64>, second: i64) -> EventOrder {
        EventOrder::new(revision, at(second), at(1_000_000))
    }

    #[test]
    fn a_revision_alone_decides_where_both_have_one() {
        assert_eq!(order(Some(2), 10).compare(&order(Some(1), 99)), Ordering::Greater);
        assert_eq!(order(Some(2), 10).compare(&order(None, 99)), Ordering::Less);
        assert_eq!(order(None, 10).compare(&order(None, 10)), Ordering::Equal);
    }

    #[test]
    fn a_clock_that_is_ahead_wins_for_five_minutes_and_not_for_ever() {
        let wrong = EventOrder::new(None, at(9_000_000), at(1_000));
        assert_eq!(wrong.at, at(1_300));
        assert!(EventOrder::new(None, at(1_301), at(1_301)).is_after(Some(&wrong)));
    }

    #[test]
    fn only_a_making_that_is_strictly_newer_undoes_a_removal() {
        let removed = |made: Option<i64>| Registers {
            removed: Some(order(None, 20)),
            made: made.map(|made| order(None, made)),
            ..Registers::default()
        };
        assert!(removed(None).is_removed() && removed(Some(10)).is_removed() && removed(Some(20)).is_removed());
        assert!(!removed(Some(21)).is_removed() && !Registers::default().is_removed());
    }
}
