//! The key that lets Xero recognise an immediate repeat of a write.
//!
//! Xero remembers it for about six minutes, errors included. It protects the HTTP retry and nothing
//! else; what keeps documents single is a number of our own and a look before writing again.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest key Xero takes.
const MAX_LENGTH: usize = 128;

/// An idempotency key: 1 to 128 visible ASCII characters. The namespace is the whole app, so put
/// the organisation and the operation into it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct IdempotencyKey(String);

/// The text cannot be an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to 128 visible ASCII characters")]
pub struct InvalidKey;

impl IdempotencyKey {
    /// Checks a key.
    pub fn new(key: impl Into<String>) -> Result<Self, InvalidKey> {
        let key = key.into();
        let fits = (1..=MAX_LENGTH).contains(&key.len());
        if fits && key.bytes().all(|b| b.is_ascii_graphic()) { Ok(Self(key)) } else { Err(InvalidKey) }
    }

    /// The key as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = InvalidKey;

    fn try_from(key: String) -> Result<Self, InvalidKey> {
        Self::new(key)
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
