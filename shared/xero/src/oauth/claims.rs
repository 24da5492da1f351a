//! What an access token says about its user.
//!
//! The signature is not checked: a token is read only where it came straight from Xero's token
//! endpoint over TLS, and nothing else is trusted because of it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::ids::{AuthenticationEventId, XeroUserId};

/// The claims this service uses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// The stable id of the Xero user.
    pub xero_userid: XeroUserId,
    /// The consent; `GET /connections` takes it as a filter.
    #[serde(default)]
    pub authentication_event_id: Option<AuthenticationEventId>,
    /// What was granted in total.
    #[serde(default, deserialize_with = "scopes")]
    pub scope: Vec<String>,
}

impl Claims {
    /// Reads the payload of a JWT. Nothing if it is not one or names no user.
    pub(super) fn of(token: &str) -> Option<Self> {
        let mut parts = token.split('.').skip(1);
        let payload = parts.next()?.trim_end_matches('=');
        parts.next()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }
}

/// Xero writes an array; the standard's form is one text with spaces.
fn scopes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Many(Vec<String>),
        One(String),
    }
    Ok(match Option::<Form>::deserialize(deserializer)? {
        Some(Form::Many(scopes)) => scopes,
        Some(Form::One(scopes)) => scopes.split_whitespace().map(str::to_owned).collect(),
        None => Vec::new(),
    })
}
