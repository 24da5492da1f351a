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

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "5b8f2f0e-0000-4000-8000-000000000001";
    const CONSENT: &str = "0f0c2b7e-0000-4000-8000-000000000002";

    fn token(payload: &str) -> String {
        format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn a_users_token_names_user_consent_and_scopes() {
        let claims = Claims::of(&token(&format!(
            r#"{{"nbf":1,"exp":2,"iss":"https://identity.xero.com","sub":"0a","xero_userid":"{USER}","authentication_event_id":"{CONSENT}","scope":["openid","accounting.invoices"],"amr":["pwd"]}}"#
        )))
        .unwrap();
        assert_eq!(claims.xero_userid, USER.parse().unwrap());
        assert_eq!(claims.authentication_event_id, Some(CONSENT.parse().unwrap()));
        assert_eq!(claims.scope, ["openid", "accounting.invoices"]);
    }

    #[test]
    fn scopes_may_also_be_one_text_or_missing() {
        let one = token(&format!(r#"{{"xero_userid":"{USER}","scope":"openid email"}}"#));
        assert_eq!(Claims::of(&one).unwrap().scope, ["openid", "email"]);
        let none = token(&format!(r#"{{"xero_userid":"{USER}"}}"#));
        assert_eq!(Claims::of(&none).unwrap().scope, [""; 0]);
    }

    #[test]
    fn padding_is_tolerated() {
        let payload = base64::engine::general_purpose::URL_SAFE.encode(format!(r#"{{"xero_userid":"{USER}" }}"#));
        assert!(Claims::of(&format!("e30.{payload}.c2ln")).is_some());
    }

    #[test]
    fn the_apps_own_token_and_what_is_no_token_say_nothing() {
        let app = token(r#"{"client_id":"0a","scope":["app.connections"]}"#);
        for text in [app.as_str(), "", "opaque", "a.b", "a.!.c", "..", "e30.e30.e30"] {
            assert_eq!(Claims::of(text), None, "{text}");
        }
    }
}
