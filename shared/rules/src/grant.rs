//! What a Xero user granted: one token set for each user, whichever accounts connected through it. Xero
//! gives tokens to a user and not to an organisation, so two accounts of the same user share them, and one
//! that disconnects must not take them from the other.

use crate::account::AccountId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use xero::{RefreshToken, XeroUserId};

/// The version of the stored grant.
pub const VERSION: u32 = 1;
/// Secrets Manager keeps about 100 versions of a secret and removes none that is younger than a day; a new
/// secret is begun well before.
pub const ROLL_OVER_AT: u32 = 80;
/// The time over which versions are counted.
const COUNTED_OVER: SignedDuration = SignedDuration::from_hours(24);

/// The place of a refresh token in the token store: never the token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenPointer(pub String);

/// What a user granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Version of the stored form.
    pub version: u32,
    /// Who granted it.
    pub user: XeroUserId,
    /// Counts every write.
    pub revision: u64,
    /// Where its refresh token is.
    pub token: TokenPointer,
    /// The accounts that use it.
    pub accounts: Vec<AccountId>,
}

/// A refresh token with the count of its rotations.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// The token.
    pub token: RefreshToken,
    /// How often it was stored in this place since `counted_from`.
    pub rotations: u32,
    /// Since when.
    pub counted_from: Timestamp,
}

impl StoredToken {
    /// The first token of a place.
    #[must_use]
    pub fn first(token: RefreshToken, now: Timestamp) -> Self {
        Self { token, rotations: 1, counted_from: now }
    }

    /// The token that takes this one's place.
    #[must_use]
    pub fn next(&self, token: RefreshToken, now: Timestamp) -> Self {
        if now.duration_since(self.counted_from) >= COUNTED_OVER {
            return Self::first(token, now);
        }
        Self { token, rotations: self.rotations + 1, counted_from: self.counted_from }
    }

    /// Whether the place has taken so many tokens that the next one goes to a new place.
    #[must_use]
    pub fn full(&self) -> bool {
        self.rotations >= ROLL_OVER_AT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_full_before_the_store_is_and_starts_again_after_a_day() {
        let start: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        let token = || RefreshToken::new("t".to_owned());
        let mut stored = StoredToken::first(token(), start);
        for minutes in 1..i64::from(ROLL_OVER_AT) {
            stored = stored.next(token(), start + SignedDuration::from_mins(minutes));
        }
        assert!(stored.full());
        assert!(!stored.next(token(), start + SignedDuration::from_hours(24)).full());
    }
}
