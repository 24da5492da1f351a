//! What a call that gave no result means, for every caller: how long what is out is left alone. The whole table, with what
//! is stored, who is told and how it ends, stands in `shared/ARCHITECTURE.md`, and a test goes through it.

use super::{Cause, Failure};
use crate::action::Action;
use crate::record::WaitReason;
use crate::session::Interruption;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// First wait where Xero does not answer at all.
const NO_ANSWER_WAIT: Duration = Duration::from_secs(60);
/// First wait while our own credentials are refused: an operator has to act.
const OPERATOR_WAIT: Duration = Duration::from_secs(300);
/// Longest wait where Xero names none, so that work goes on within fifteen minutes of a recovery.
pub const LONGEST_WAIT: Duration = Duration::from_secs(10 * 60);

/// First wait of a message whose work could not even be written down; doubled each time that it comes again.
const STORE_WAIT: Duration = Duration::from_secs(10);
/// Longest such wait: what was out is back within it.
const LONGEST_STORE_WAIT: Duration = Duration::from_secs(15 * 60);

/// How long a message is left to its queue while nothing can be stored: the longer, the more often it was given out.
#[must_use]
pub fn store_wait(receives: u32) -> Duration {
    let doubled = STORE_WAIT.saturating_mul(2_u32.saturating_pow(receives.saturating_sub(1).min(10)));
    doubled.min(LONGEST_STORE_WAIT)
}

/// How long something outside is left alone, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// What is out.
    pub reason: WaitReason,
    /// Why, for people and for lists.
    pub cause: Cause,
    /// How long Xero wants to be left alone, or the first wait of this class.
    pub time: Duration,
    /// Whether Xero itself named the time: then it binds.
    pub named: bool,
}

impl Pause {
    /// A pause that Xero asked for; its own time counts where it names one.
    #[must_use]
    pub fn asked(cause: Cause, named: Option<Duration>, otherwise: Duration) -> Self {
        let (time, named) = (named.unwrap_or(otherwise), named.is_some());
        Self { reason: WaitReason::Organisation, cause, time, named }
    }

    /// A pause because the token endpoint gives no token.
    #[must_use]
    pub fn sign_in(named: Option<Duration>) -> Self {
        let (time, named) = (named.unwrap_or(NO_ANSWER_WAIT), named.is_some());
        Self { reason: WaitReason::TokenEndpoint, cause: Cause::SignInUnavailable, time, named }
    }

    /// A pause because Xero does not answer.
    #[must_use]
    pub fn no_answer() -> Self {
        let cause = Cause::XeroUnavailable;
        Self { reason: WaitReason::Organisation, cause, time: NO_ANSWER_WAIT, named: false }
    }

    /// A pause until an operator has acted.
    #[must_use]
    pub fn operator() -> Self {
        let (reason, cause) = (WaitReason::Credentials, Cause::OurFault);
        Self { reason, cause, time: OPERATOR_WAIT, named: false }
    }

    /// Behind other work of the account.
    #[must_use]
    pub fn turn() -> Self {
        let (reason, cause) = (WaitReason::Turn, Cause::WaitsItsTurn);
        Self { reason, cause, time: Duration::ZERO, named: false }
    }

    /// The pause that this reason usually is.
    #[must_use]
    pub fn of(reason: WaitReason) -> Self {
        match reason {
            WaitReason::Credentials => Self::operator(),
            WaitReason::TokenEndpoint => Self::sign_in(None),
            WaitReason::Organisation => Self::no_answer(),
            WaitReason::Answer => Self { reason, ..Self::no_answer() },
            WaitReason::Turn => Self::turn(),
        }
    }

    /// Until when: Xero's own time as it is; otherwise the longer, the longer it has been out, with a spread by `seed`
    /// so that not all come back at once.
    #[must_use]
    pub fn until(&self, since: Option<Timestamp>, now: Timestamp, seed: u64) -> Timestamp {
        if self.named || self.reason == WaitReason::Turn {
            return now.saturating_add(signed(self.time)).unwrap_or(now);
        }
        let out = since.map_or(SignedDuration::ZERO, |since| now.duration_since(since));
        let out = Duration::try_from(out).unwrap_or_default();
        let wait = self.time.max(out / 2).min(LONGEST_WAIT.max(self.time));
        let spread = wait.checked_div(5).unwrap_or_default().as_millis().max(1);
        let jitter = Duration::from_millis(u64::try_from(u128::from(seed) % spread).unwrap_or_default());
        now.saturating_add(signed(wait + jitter)).unwrap_or(now)
    }

    /// What a record that waits for it shows.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let message = match self.cause {
            Cause::RequestLimit => "It waits because Xero limits how much may be sent. It goes on by itself.",
            Cause::OrganisationOffline => "It waits because the organisation is offline in Xero. It goes on by itself.",
            Cause::SignInUnavailable => "It waits because Xero's sign-in does not answer. It goes on by itself.",
            Cause::OurFault => {
                "It waits for something that Sessional has to put right; Sessional knows of it. It goes on by itself."
            }
            Cause::WaitsItsTurn => "It waits behind other work for Xero. It goes on by itself.",
            _ => "It waits because Xero does not answer. It goes on by itself.",
        };
        Failure::new(self.cause, message, Action::Wait)
    }
}

impl Interruption {
    /// How long to leave things alone; none where something else has to happen first.
    #[must_use]
    pub fn pause(&self) -> Option<Pause> {
        match self {
            Self::Wait(pause) => Some(pause.clone()),
            Self::NoAnswer(_) | Self::Refused(_) => Some(Pause::no_answer()),
            Self::Operator(_) => Some(Pause::operator()),
            Self::Lost(_) | Self::ScopeMissing | Self::NotConnected | Self::Unavailable(_) => None,
        }
    }
}

fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn waits(pause: &Pause, out: i64, seed: u64) -> i64 {
        let since = NOW - SignedDuration::from_secs(out);
        pause.until(Some(since), NOW, seed).duration_since(NOW).as_secs()
    }

    #[test]
    fn what_xero_names_binds_however_long_it_is() {
        let day = Pause::asked(Cause::RequestLimit, Some(Duration::from_secs(40_000)), Duration::ZERO);
        assert_eq!(waits(&day, 0, 7), 40_000);
    }

    #[test]
    fn the_longer_it_is_out_the_longer_it_is_left_alone_and_never_past_a_quarter_of_an_hour() {
        for seed in [0, 1, 999_983, u64::MAX] {
            let pause = Pause::no_answer();
            assert!((60..=72).contains(&waits(&pause, 0, seed)));
            assert!((150..=180).contains(&waits(&pause, 300, seed)));
            assert!((600..=720).contains(&waits(&pause, 3 * 24 * 3600, seed)), "within 15 minutes of the recovery");
        }
    }

    #[test]
    fn whoever_waits_does_not_all_come_back_at_once() {
        let pause = Pause::no_answer();
        let different: std::collections::BTreeSet<i64> =
            (0..1000).map(|seed| waits(&pause, 3600, seed * 7_919)).collect();
        assert!(different.len() > 60, "{different:?}");
    }
}
