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
/// secret is begun well before, however fast the versions came. What is left are the tries that this may take.
pub const ROLL_OVER_AT: u32 = 80;
/// A token that was not used for so long is renewed: Xero ends it after 60 days without use.
pub const KEEP_ALIVE: SignedDuration = SignedDuration::from_hours(7 * 24);

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
    /// Another place that may hold a token: the one that was begun next, or the one before. It is named here
    /// before anything is stored in it, so that no token is ever where nobody looks for it.
    #[serde(default)]
    pub spare: Option<TokenPointer>,
    /// The accounts that use it.
    pub accounts: Vec<AccountId>,
}

/// A refresh token with the count of its rotations.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// The token.
    pub token: RefreshToken,
    /// How many tokens its place has taken.
    pub rotations: u32,
    /// When it was stored.
    pub stored_at: Timestamp,
}

impl StoredToken {
    /// The first token of a place.
    #[must_use]
    pub fn first(token: RefreshToken, now: Timestamp) -> Self {
        Self { token, rotations: 1, stored_at: now }
    }

    /// The token that takes this one's place.
    #[must_use]
    pub fn next(&self, token: RefreshToken, now: Timestamp) -> Self {
        Self { token, rotations: self.rotations.saturating_add(1), stored_at: now }
    }

    /// Whether the place has taken so many tokens that the next one goes to a new place.
    #[must_use]
    pub fn full(&self) -> bool {
        self.rotations >= ROLL_OVER_AT
    }

    /// Whether it was unused for so long that it should be renewed.
    #[must_use]
    pub fn idle(&self, now: Timestamp) -> bool {
        now.duration_since(self.stored_at) >= KEEP_ALIVE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_full_before_the_store_is_however_slowly_it_fills() {
        let token = || RefreshToken::new("t".to_owned());
        let mut now = Timestamp::UNIX_EPOCH;
        let mut stored = StoredToken::first(token(), now);
        for _ in 1..ROLL_OVER_AT {
            assert!(!stored.full());
            now += SignedDuration::from_hours(1);
            stored = stored.next(token(), now);
        }
        assert!(stored.full());
    }

    #[test]
    fn a_token_is_idle_after_a_week() {
        let stored = StoredToken::first(RefreshToken::new("t".to_owned()), Timestamp::UNIX_EPOCH);
        assert!(!stored.idle(Timestamp::UNIX_EPOCH + KEEP_ALIVE - SignedDuration::from_secs(1)));
        assert!(stored.idle(Timestamp::UNIX_EPOCH + KEEP_ALIVE));
    }
}
