//! The tokens, as types that do not print.

use std::fmt;

use jiff::Timestamp;

use super::claims::Claims;

/// Half an hour of access, in memory only.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    value: String,
    expires_at: Timestamp,
    claims: Option<Claims>,
}

/// What a new pair of tokens is bought with. Opaque; good for 60 days without use.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(String);

/// What the token endpoint gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSet {
    /// For calls.
    pub access: AccessToken,
    /// For the next refresh; absent without `offline_access`. Store it before anything else.
    pub refresh: Option<RefreshToken>,
    /// What was granted.
    pub scopes: Vec<String>,
}

impl AccessToken {
    /// A token that ends at this moment.
    pub fn new(value: String, expires_at: Timestamp) -> Self {
        let claims = Claims::of(&value);
        Self { value, expires_at, claims }
    }

    /// The value itself, for the `Authorization` header.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// When it ends, reckoned from before it was asked for.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// What it says about its user; nothing for the app's own token.
    pub fn claims(&self) -> Option<&Claims> {
        self.claims.as_ref()
    }
}

impl RefreshToken {
    /// A token that was kept.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself, for the store and the token endpoint.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessToken(redacted, expires at {})", self.expires_at)
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(redacted)")
    }
}
