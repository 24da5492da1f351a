//! How often an account has tried to connect: at most so many consents are open at once, and at most so many
//! confirmations are tried in an hour, by conditional writes, so that two at once do not pass as one.

use super::{Connect, ConnectError, RACES};
use crate::account::AccountId;
use crate::ports::Written;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The version of the stored attempts.
pub const VERSION: u32 = 1;
/// Most consents of an account that wait for their answer.
pub const MAX_OPEN_CONSENTS: usize = 5;
/// Most confirmations that an account may try in [`CONFIRMATION_WINDOW`]; whoever guesses guesses so often.
pub const MAX_CONFIRMATIONS: usize = 10;
/// Over how long confirmations are counted.
pub const CONFIRMATION_WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// What an account has tried lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectAttempts {
    /// Version of the stored form.
    pub version: u32,
    /// Whose they are.
    pub account: AccountId,
    /// Counts every write.
    pub revision: u64,
    /// Consents that may still come back.
    pub open: Vec<OpenConsent>,
    /// When confirmations were tried.
    pub confirmed_at: Vec<Timestamp>,
    /// When nothing of it matters any more.
    pub expires_at: Timestamp,
}

/// A consent that may still come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenConsent {
    /// Hash of its state.
    pub state_hash: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl ConnectAttempts {
    /// An account that has tried nothing.
    #[must_use]
    pub fn none(account: AccountId, now: Timestamp) -> Self {
        Self { version: VERSION, account, revision: 0, open: Vec::new(), confirmed_at: Vec::new(), expires_at: now }
    }

    /// Forgets what is over.
    pub fn forget_old(&mut self, now: Timestamp) {
        self.open.retain(|open| open.expires_at > now);
        self.confirmed_at.retain(|at| now.duration_since(*at) < CONFIRMATION_WINDOW);
    }

    /// Whether one more consent may be open.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.open.len() < MAX_OPEN_CONSENTS
    }

    /// When the first of the open consents ends.
    #[must_use]
    pub fn first_end(&self) -> Option<Timestamp> {
        self.open.iter().map(|open| open.expires_at).min()
    }

    /// Notes a consent.
    pub fn open(&mut self, open: OpenConsent, now: Timestamp) {
        self.expires_at = open.expires_at.max(now + CONFIRMATION_WINDOW);
        self.open.push(open);
    }

    /// Notes a confirmation; an error says from when on another may be tried.
    fn confirm(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        if self.confirmed_at.len() >= MAX_CONFIRMATIONS {
            let first = self.confirmed_at.iter().min().copied().unwrap_or(now);
            return Err(first + CONFIRMATION_WINDOW);
        }
        self.confirmed_at.push(now);
        self.expires_at = self.expires_at.max(now + CONFIRMATION_WINDOW);
        Ok(())
    }
}

impl Connect<'_> {
    /// Counts a confirmation before anything is read of it.
    pub(super) async fn count_confirmation(&self, account: &AccountId) -> Result<(), ConnectError> {
        for _ in 0..RACES {
            let now = self.clock.now();
            let stored = self.starts.attempts(account).await?;
            let mut attempts = stored.unwrap_or_else(|| ConnectAttempts::none(account.clone(), now));
            attempts.forget_old(now);
            attempts.confirm(now).map_err(|until| ConnectError::TooManyConfirmations { until })?;
            if self.starts.put_attempts(&mut attempts).await? == Written::Done {
                return Ok(());
            }
        }
        Err(ConnectError::TryAgain("several confirmations were tried at the same moment".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn attempts() -> ConnectAttempts {
        ConnectAttempts::none(AccountId::parse("acc").unwrap(), NOW)
    }

    #[test]
    fn the_eleventh_confirmation_of_an_hour_waits_for_the_first_to_be_an_hour_old() {
        let mut attempts = attempts();
        for minute in 0..10 {
            assert_eq!(attempts.confirm(NOW + SignedDuration::from_mins(minute)), Ok(()));
        }
        assert_eq!(attempts.confirm(NOW + SignedDuration::from_mins(30)), Err(NOW + CONFIRMATION_WINDOW));
        attempts.forget_old(NOW + CONFIRMATION_WINDOW);
        assert_eq!(attempts.confirm(NOW + CONFIRMATION_WINDOW), Ok(()));
    }

    #[test]
    fn five_consents_may_be_open_and_one_that_ended_makes_room() {
        let mut attempts = attempts();
        for hour in 1..=5 {
            assert!(attempts.has_room());
            let expires_at = NOW + SignedDuration::from_hours(hour);
            attempts.open(OpenConsent { state_hash: hour.to_string(), expires_at }, NOW);
        }
        assert!(!attempts.has_room());
        assert_eq!(attempts.first_end(), Some(NOW + SignedDuration::from_hours(1)));
        attempts.forget_old(NOW + SignedDuration::from_hours(1));
        assert!(attempts.has_room());
    }
}
