//! OAuth 2.0 with Xero: the consent address, the token endpoint, revocation, the app's own token.
//!
//! A confidential web app: HTTP Basic with the client secret, a one-time `state`, and PKCE where the
//! caller wants it (Xero documents that for another kind of app). Tokens are types that do not print. Who refreshes, when,
//! and where tokens are kept is decided elsewhere.

mod claims;
mod error;
mod exchange;
mod identity;
mod tokens;

pub use claims::Claims;
pub use error::{TokenError, TokenErrorClass};
pub use identity::{AppCredentials, Identity, authorize_url};
pub use tokens::{AccessToken, RefreshToken, TokenSet};

/// The scope of an app token that lists and removes connections.
pub const APP_CONNECTIONS: &str = "app.connections";

#[cfg(test)]
mod tests;
