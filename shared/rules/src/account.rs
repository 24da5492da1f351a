//! The Sessional account that everything belongs to. It comes from the authorizer's claim or from an
//! event that Sessional's backend put into the queue, and from nowhere else.

use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// Longest accepted account id: an SQS message group id has at most 128 characters, and it is one.
pub const MAX_LENGTH: usize = 128;

/// A Sessional account id: 1–128 characters, letters, digits and `_ - . : |`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, pattern = "^[A-Za-z0-9_.:|-]{1,128}$")]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

/// The text is not an account id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an account id has 1 to 128 characters: letters, digits and _ - . : |")]
pub struct InvalidAccountId;

impl AccountId {
    /// Parses an account id.
    ///
    /// # Errors
    /// When it is empty, too long, or holds a character that a key or a message group could not.
    pub fn parse(text: &str) -> Result<Self, InvalidAccountId> {
        // `#` separates the parts of a table key and must never come from outside.
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.:|".contains(c);
        if text.is_empty() || text.len() > MAX_LENGTH || !text.chars().all(allowed) {
            return Err(InvalidAccountId);
        }
        Ok(Self(text.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AccountId {
    type Error = InvalidAccountId;
    fn try_from(text: String) -> Result<Self, InvalidAccountId> {
        Self::parse(&text)
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_cannot_reach_into_another_key() {
        for bad in ["", "acc#1", "acc 1", "acc/1", "ac\u{e9}", &"a".repeat(129)] {
            assert_eq!(AccountId::parse(bad), Err(InvalidAccountId), "{bad}");
        }
        for good in ["acc_1", "auth0|5f7c", "org:1.2-3", &"a".repeat(128)] {
            assert!(AccountId::parse(good).is_ok(), "{good}");
        }
    }
}
