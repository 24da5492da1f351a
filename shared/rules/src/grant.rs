//! What a Xero user granted: one token set for each user, whichever accounts connected through it. Xero
//! gives tokens to a user and not to an organisation, so two accounts of the same user share them, and one
//! that disconnects must not take them from the other.

use crate::account::AccountId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use xero::{RefreshToken, TenantId, XeroUserId};

/// The version of the stored grant.
pub const VERSION: u32 = 1;
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

impl Grant {
    /// For whom the grant's next token is encrypted: every account that uses it, the one that brings the token as it is
    /// connected now, the others as they were known with the last one.
    #[must_use]
    pub fn contexts(&self, own: &TokenContext, known: &[TokenContext]) -> Vec<TokenContext> {
        let context = |account: &AccountId| {
            let context = [own].into_iter().chain(known).find(|context| context.account == *account).cloned();
            context.unwrap_or_else(|| TokenContext { account: account.clone(), tenant: None })
        };
        self.accounts.iter().map(context).collect()
    }
}

/// For whom a copy of a token is encrypted, where the store has a copy for each: KMS's encryption context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenContext {
    /// The account; it alone can read this copy.
    pub account: AccountId,
    /// The organisation to which it was connected when the token was stored; none before one was chosen.
    #[serde(default)]
    pub tenant: Option<TenantId>,
}

/// What a place says about its tokens without giving one away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHistory {
    /// How many tokens the place has taken.
    pub rotations: u32,
    /// For whom the newest is encrypted; empty where the store has one copy for all.
    pub contexts: Vec<TokenContext>,
}

impl TokenHistory {
    /// A place that takes its first token.
    #[must_use]
    pub fn first(contexts: Vec<TokenContext>) -> Self {
        Self { rotations: 1, contexts }
    }

    /// The same place with one more token.
    #[must_use]
    pub fn next(&self, contexts: Vec<TokenContext>) -> Self {
        Self { rotations: self.rotations.saturating_add(1), contexts }
    }
}

/// A refresh token as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// The token.
    pub token: RefreshToken,
    /// When it was stored.
    pub stored_at: Timestamp,
    /// Its place, this token counted.
    pub history: TokenHistory,
}

impl StoredToken {
    /// Whether it was unused for so long that it should be renewed.
    #[must_use]
    pub fn idle(&self, now: Timestamp) -> bool {
        now.duration_since(self.stored_at) >= KEEP_ALIVE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str) -> AccountId {
        AccountId::parse(name).unwrap()
    }

    fn context(name: &str, tenant: Option<u128>) -> TokenContext {
        let tenant = tenant.map(|number| TenantId::from_uuid(uuid::Uuid::from_u128(number)));
        TokenContext { account: account(name), tenant }
    }

    #[test]
    fn a_token_is_encrypted_for_every_account_that_uses_it_and_for_no_other() {
        let grant = Grant {
            version: VERSION,
            user: XeroUserId::from_uuid(uuid::Uuid::from_u128(1)),
            revision: 1,
            token: TokenPointer("t".to_owned()),
            spare: None,
            accounts: ["acc_own", "acc_known", "acc_new"].map(account).to_vec(),
        };
        let known = [context("acc_left", Some(3)), context("acc_known", Some(2)), context("acc_own", None)];
        let contexts = grant.contexts(&context("acc_own", Some(1)), &known);
        assert_eq!(contexts, [context("acc_own", Some(1)), context("acc_known", Some(2)), context("acc_new", None)]);
    }

    #[test]
    fn a_token_is_idle_after_a_week() {
        let token = RefreshToken::new("t".to_owned());
        let history = TokenHistory::first(Vec::new());
        let stored = StoredToken { token, stored_at: Timestamp::UNIX_EPOCH, history };
        assert!(!stored.idle(Timestamp::UNIX_EPOCH + KEEP_ALIVE - SignedDuration::from_secs(1)));
        assert!(stored.idle(Timestamp::UNIX_EPOCH + KEEP_ALIVE));
    }
}
