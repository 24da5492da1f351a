//! Notices deliveries that never came. Xero numbers its events; a number that is still missing when Xero has
//! given up repeating its delivery is an event that nobody told us. A gap that stands makes one round of sweeps, and a day
//! of silence makes them hourly; a failure to count holds no payment up.
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
/// How long a gap stands before it makes a round: most are closed by the repeat of a delivery.
pub const GAP_AGE: SignedDuration = SignedDuration::from_mins(20);
/// Over how long a round is spread.
pub const ROUND_TIME: SignedDuration = SignedDuration::from_hours(1);
/// From the beginning of one round to that of the next.
pub const ROUND_PAUSE: SignedDuration = SignedDuration::from_hours(6);
/// How long without any delivery before nothing is expected of the webhook.
pub const SILENCE: SignedDuration = SignedDuration::from_hours(24);
/// How exactly it is noted when something was heard: a repeat within this time costs no write.
const NOTED_LATELY: SignedDuration = SignedDuration::from_hours(1);
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
    /// When something new was heard last, to the hour.
    #[serde(default)]
    pub heard_at: Option<Timestamp>,
    /// When the last round began that a gap caused.
    #[serde(default)]
    pub round_began: Option<Timestamp>,
}

/// How often accounts are swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepPace {
    /// Every account once an hour: nobody tells us anything.
    Hourly,
    /// Every account in this hour, because a number is missing.
    Round,
    /// As [`SweepPace::Round`], and the round begins now.
    BeginRound,
    /// Every account once in six hours.
    SixHourly,
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
    let noted_lately = next.heard_at.is_some_and(|at| now.duration_since(at) < NOTED_LATELY);
    if stored.as_ref() == Some(&next) && noted_lately {
        return Ok(Some(0));
    }
    next.heard_at = Some(now);
    Ok(match sequences.put_heard(&mut next).await? {
        Written::Done => Some(missing),
        Written::Conflict => None,
    })
}

impl Heard {
    /// What came before the lowest of these is nobody's business.
    fn beginning_with(heard: &[Sequence]) -> Option<Self> {
        let lowest = heard.iter().map(|sequence| sequence.first).min()?;
        let to = lowest.saturating_sub(1);
        Some(Self { version: VERSION, revision: 0, to, beyond: Vec::new(), heard_at: None, round_began: None })
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

impl Heard {
    /// How often accounts have to be swept at this moment.
    #[must_use]
    pub fn pace(&self, at: Timestamp) -> SweepPace {
        let since = |began: Timestamp| at.duration_since(began);
        if self.heard_at.is_none_or(|heard| since(heard) >= SILENCE) {
            return SweepPace::Hourly;
        }
        match self.round_began {
            Some(began) if since(began) < ROUND_TIME => SweepPace::Round,
            Some(began) if since(began) < ROUND_PAUSE => SweepPace::SixHourly,
            _ if self.has_new_gap(at) => SweepPace::BeginRound,
            _ => SweepPace::SixHourly,
        }
    }

    /// Whether a gap has stood for its time that was not there yet when the last round began.
    fn has_new_gap(&self, at: Timestamp) -> bool {
        let is_new = |gap: Timestamp| self.round_began.is_none_or(|began| gap > began);
        self.beyond.iter().any(|run| is_new(run.since) && at.duration_since(run.since) >= GAP_AGE)
    }
}

/// How often accounts have to be swept at this moment; a round that a gap causes is noted, so that it is one.
///
/// # Errors
/// When the table cannot be reached.
pub async fn pace(sequences: &dyn Sequences, at: Timestamp) -> Answer<SweepPace> {
    for _ in 0..TRIES {
        let Some(mut heard) = sequences.heard().await? else { return Ok(SweepPace::Hourly) };
        let pace = heard.pace(at);
        if pace != SweepPace::BeginRound {
            return Ok(pace);
        }
        heard.round_began = Some(at);
        match sequences.put_heard(&mut heard).await? {
            Written::Done => {
                tracing::warn!(sweep.rounds = 1, "a number of Xero's events is missing: every account is swept");
                return Ok(pace);
            }
            Written::Conflict => {}
        }
    }
    Ok(SweepPace::Round)
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
