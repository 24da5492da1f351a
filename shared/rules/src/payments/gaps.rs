//! Notices deliveries that never came. Xero numbers its events; a number that is still missing when Xero has
//! given up repeating its delivery is an event that nobody told us. The sweep finds what it was about, so here
//! it is only counted: nothing waits for it, and a failure to count holds no payment up.
//!
//! Numbers are taken to count for the whole app. Those that begin anew are taken for repeats until they pass
//! the highest that was heard.

use super::hint::Sequence;
use crate::ports::{Answer, Clock, Sequences, Written};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The version of the stored form.
pub const VERSION: u32 = 1;
/// How long a gap may stay open: Xero repeats a delivery for 24 hours.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(25);
/// Most gaps that are kept open. Deliveries that are repeated leave few, because what follows them is one run.
const MAX_GAPS: usize = 100;
/// Tries to store what was heard, when others store at the same time.
const TRIES: u32 = 8;
/// Pause before the next try.
const PAUSE: Duration = Duration::from_millis(30);

/// Which numbers were heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Version of the stored form.
    pub version: u32,
    /// Counts every write; a write must name the one it read.
    pub revision: u64,
    /// Everything up to here is heard, or counted as missing.
    pub to: u64,
    /// What was heard beyond gaps, lowest first; no two of them touch.
    pub beyond: Vec<Run>,
}

/// Numbers that follow each other, heard before what precedes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The first number.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// Since when the gap before them is known.
    pub since: Timestamp,
}

/// Notes the numbers of deliveries, and counts those that never came.
pub async fn note(sequences: &dyn Sequences, clock: &dyn Clock, heard: &[Sequence]) {
    if heard.is_empty() {
        return;
    }
    let mut trouble = None;
    for _ in 0..TRIES {
        match try_note(sequences, heard, clock.now()).await {
            Ok(Some(0)) => return,
            Ok(Some(missing)) => {
                tracing::warn!(webhook.events_missing = missing, "events of Xero's never came");
                return;
            }
            Ok(None) => {}
            Err(error) => trouble = Some(error),
        }
        clock.sleep(PAUSE).await;
    }
    match trouble {
        Some(error) => tracing::warn!(error = %error, reason = %error.source, "numbers of events were not noted"),
        None => tracing::warn!("numbers of events were not noted: others were always faster"),
    }
}

/// How many are missing; none when somebody else stored at the same time.
async fn try_note(sequences: &dyn Sequences, heard: &[Sequence], now: Timestamp) -> Answer<Option<u64>> {
    let stored = sequences.heard().await?;
    let Some(mut next) = stored.clone().or_else(|| Heard::beginning_with(heard)) else { return Ok(Some(0)) };
    for sequence in heard {
        next.hear(*sequence, now);
    }
    let missing = next.give_up(now);
    if stored.as_ref() == Some(&next) {
        return Ok(Some(0));
    }
    Ok(match sequences.put_heard(&mut next).await? {
        Written::Done => Some(missing),
        Written::Conflict => None,
    })
}

impl Heard {
    /// What came before the lowest of these is nobody's business.
    fn beginning_with(heard: &[Sequence]) -> Option<Self> {
        let lowest = heard.iter().map(|sequence| sequence.first).min()?;
        Some(Self { version: VERSION, revision: 0, to: lowest.saturating_sub(1), beyond: Vec::new() })
    }

    fn hear(&mut self, heard: Sequence, now: Timestamp) {
        if heard.last <= self.to {
            return;
        }
        let mut whole = Run { first: heard.first, last: heard.last, since: now };
        self.beyond.retain(|known| !whole.joins(known));
        if whole.first <= self.to.saturating_add(1) {
            self.to = whole.last;
        } else {
            let place = self.beyond.partition_point(|known| known.first < whole.first);
            self.beyond.insert(place, whole);
        }
    }

    /// Closes gaps that stay, and says how many numbers they miss.
    fn give_up(&mut self, now: Timestamp) -> u64 {
        let mut missing = 0_u64;
        while let Some(next) = self.beyond.first().copied()
            && (now.duration_since(next.since) >= PATIENCE || self.beyond.len() > MAX_GAPS)
        {
            missing = missing.saturating_add(next.first.saturating_sub(self.to).saturating_sub(1));
            self.to = next.last;
            self.beyond.remove(0);
        }
        missing
    }
}

impl Run {
    /// Takes in a run that it touches; the gap before both is known since the earlier of them.
    fn joins(&mut self, other: &Self) -> bool {
        let touches = self.first <= other.last.saturating_add(1) && other.first <= self.last.saturating_add(1);
        if touches {
            self.first = self.first.min(other.first);
            self.last = self.last.max(other.last);
            self.since = self.since.min(other.since);
        }
        touches
    }
}

#[cfg(test)]
mod tests;
