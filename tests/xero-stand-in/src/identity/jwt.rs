//! Signed tokens: RS256 with a key that is embedded for tests, and the documents to verify them with.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::grants::{ACCESS_LIFETIME, Consent};
use crate::world::User;

/// A key for tests alone: it is public, and signs nothing that anybody trusts.
const TEST_SIGNING_KEY: &[u8] = include_bytes!("test-signing-key.pem");
/// The modulus of that key.
const MODULUS: &str = "hj5CTntL7ZSYrvaEycj4ls6s5FOx0ygETsL_qbFRRlbKnAmrY3wzkhREpNU9FyLG8oujTm2ZujUHajRy-0KcS-nTOs_kXaE6RGfdtzCTg8JXP8Kr_sPnAUVFViLuyz-3aU2nUhzjW6vTMrfPwyGoQSetrTCy8nR4TsXdILPvBe1ne7oK6wIz21hhg6BSp6eUsyfSLLG-ZqBCDnhqbp5OquFZZnibsPxUgDiZ0BnIsufCjBtHaTo7KYeS5hB2pQprKkDcVfEDx3TK0NdNmVMzogGwPJAmqn6IJ6yZhcyAMeydc5FYd-ZKHzUZ7wfQ4wb8NBk46vDQI4JbBRU8Qv53gQ";
const KEY_ID: &str = "1CAF8E66772D6DC028D6726FD0261581570EFC19";
/// The issuer, which stays Xero's whatever address the stand-in has.
pub(crate) const ISSUER: &str = "https://identity.xero.com";
const ID_TOKEN_LIFETIME: i64 = 5 * 60;

static KEY: LazyLock<Option<EncodingKey>> = LazyLock::new(|| EncodingKey::from_rsa_pem(TEST_SIGNING_KEY).ok());

/// The access token of a user's consent.
pub(crate) fn access_token(consent: &Consent, user: &User, scopes: &[String], now: Timestamp) -> String {
    let mut claims = json!({
        "nbf": now.as_second(), "exp": now.as_second() + ACCESS_LIFETIME, "iat": now.as_second(),
        "iss": ISSUER, "aud": format!("{ISSUER}/resources"), "client_id": consent.client_id,
        "jti": crate::ids::fresh().simple().to_string().to_uppercase(),
        "authentication_event_id": consent.auth_event, "scope": scopes,
    });
    merge(&mut claims, session_claims(consent, user));
    sign(&claims)
}

/// The access token of an app that speaks for itself.
pub(crate) fn app_token(client_id: &str, scopes: &[String], now: Timestamp) -> String {
    sign(&json!({
        "nbf": now.as_second(), "exp": now.as_second() + ACCESS_LIFETIME, "iat": now.as_second(),
        "iss": ISSUER, "aud": format!("{ISSUER}/resources"), "client_id": client_id,
        "jti": crate::ids::fresh().simple().to_string().to_uppercase(), "scope": scopes,
    }))
}

/// The id token that goes with an access token.
pub(crate) fn id_token(
    consent: &Consent,
    user: &User,
    scopes: &[String],
    access_token: &str,
    now: Timestamp,
) -> String {
    let digest = Sha256::digest(access_token.as_bytes());
    let half = digest.get(..16).unwrap_or_default();
    let mut claims = json!({
        "iss": ISSUER, "aud": consent.client_id, "iat": now.as_second(), "nbf": now.as_second(),
        "exp": now.as_second() + ID_TOKEN_LIFETIME, "at_hash": URL_SAFE_NO_PAD.encode(half),
    });
    merge(&mut claims, session_claims(consent, user));
    if scopes.iter().any(|scope| scope == "email") {
        merge(&mut claims, json!({"email": user.email}));
    }
    if scopes.iter().any(|scope| scope == "profile") {
        let names = json!({"preferred_username": user.email, "given_name": user.given_name,
            "family_name": user.family_name});
        merge(&mut claims, names);
    }
    sign(&claims)
}

/// The key set in which the signing key is published.
pub(crate) fn key_set() -> Value {
    json!({"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "x5t": thumbprint(),
        "n": MODULUS, "e": "AQAB"}]})
}

fn session_claims(consent: &Consent, user: &User) -> Value {
    json!({
        "sub": user.subject(), "auth_time": consent.auth_time.as_second(), "xero_userid": user.id,
        "global_session_id": consent.session.simple().to_string(), "sid": consent.session.simple().to_string(),
        "idp": "local", "amr": ["pwd", "mfa"],
    })
}

fn merge(claims: &mut Value, more: Value) {
    if let (Value::Object(claims), Value::Object(more)) = (claims, more) {
        claims.extend(more);
    }
}

fn thumbprint() -> String {
    URL_SAFE_NO_PAD.encode(KEY_ID.as_bytes())
}

fn sign(claims: &Value) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(KEY_ID.to_owned());
    header.x5t = Some(thumbprint());
    let signed = KEY.as_ref().map(|key| jsonwebtoken::encode(&header, claims, key));
    match signed {
        Some(Ok(token)) => token,
        Some(Err(error)) => {
            tracing::error!(%error, "failed to sign a token with the test key");
            String::new()
        }
        None => {
            tracing::error!("the embedded test key cannot be read");
            String::new()
        }
    }
}
