//! The local token issuer: stands for Sessional's sign-in, so that the API's JWT authorizer has something to
//! check.
//!
//! A token names the account and the person apart, because an account may have several people, and says how and when
//! the person signed in (`amr`, `auth_time`), which a second factor is judged by.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, bail};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::layout::{Layout, StackFolder};
use crate::python::Python;

/// What the tokens of this stack are for.
pub const AUDIENCE: &str = "sessional-xero";

/// The claim that names the account: the template's `AccountClaim`.
pub const ACCOUNT_CLAIM: &str = "account";

/// What `amr` contains after a sign-in with a second factor.
pub const SECOND_FACTOR: &str = "mfa";

/// How long a token lives unless something else is asked for.
pub const LIFETIME_SECONDS: i64 = 12 * 60 * 60;

/// Signs tokens and publishes the key to check them with.
#[derive(Clone)]
pub struct Issuer {
    url: String,
    key: EncodingKey,
    kid: String,
    keys: Value,
}

/// A wish for a token; the defaults make one that works.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Wish {
    /// The Sessional account.
    pub account: String,
    /// The person who signs in, of those that the account has; by default the one who is called as the account is.
    pub user: Option<String>,
    /// The audience.
    pub audience: Option<String>,
    /// Seconds until it expires; negative for one that has.
    pub expires_in: Option<i64>,
    /// Further claims, a JSON object: it wins over what is here by default, and `null` leaves a claim out.
    pub claims: Option<String>,
}

impl Issuer {
    /// The issuer at this address, with the stack's own key, made on the first start.
    pub fn open(layout: &Layout, python: &Python, folder: &StackFolder, url: String) -> anyhow::Result<Self> {
        let (private, public) = (folder.file("issuer.pem"), folder.file("issuer.json"));
        if !private.exists() || !public.exists() {
            let mut command = Command::new(python.interpreter());
            command.arg(layout.emulator("issuer_key.py")).arg(&private).arg(&public);
            let output = command.output().context("failed to make the issuer's key")?;
            if !output.status.success() {
                bail!("failed to make the issuer's key: {}", String::from_utf8_lossy(&output.stderr));
            }
        }
        let pem = fs::read(&private).context("failed to read the issuer's key")?;
        let keys: Value = serde_json::from_slice(&fs::read(&public).context("failed to read the issuer's key set")?)?;
        let kid = keys.pointer("/keys/0/kid").and_then(Value::as_str).context("the issuer's key has no id")?.to_owned();
        let key = EncodingKey::from_rsa_pem(&pem).context("the issuer's key is not a key")?;
        Ok(Self { url, key, kid, keys })
    }

    /// A token.
    pub fn token(&self, wish: &Wish) -> anyhow::Result<String> {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::RS256) };
        let claims = claims(&self.url, jiff::Timestamp::now().as_second(), wish)?;
        jsonwebtoken::encode(&header, &claims, &self.key).context("failed to sign a token")
    }

    /// The issuer's address, as its tokens name it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The discovery document.
    pub fn discovery(&self) -> Value {
        json!({
            "issuer": self.url,
            "jwks_uri": format!("{}/keys", self.url),
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }

    /// The key set.
    pub fn keys(&self) -> &Value {
        &self.keys
    }
}

/// What a token says: somebody who has just signed in with a password and a second factor.
fn claims(issuer: &str, now: i64, wish: &Wish) -> anyhow::Result<Map<String, Value>> {
    let mut claims = Map::from_iter([
        ("iss".to_owned(), json!(issuer)),
        ("aud".to_owned(), json!(wish.audience.as_deref().unwrap_or(AUDIENCE))),
        ("sub".to_owned(), json!(wish.user.as_ref().unwrap_or(&wish.account))),
        (ACCOUNT_CLAIM.to_owned(), json!(wish.account)),
        ("amr".to_owned(), json!(["pwd", SECOND_FACTOR])),
        ("auth_time".to_owned(), json!(now)),
        ("iat".to_owned(), json!(now)),
        ("exp".to_owned(), json!(now + wish.expires_in.unwrap_or(LIFETIME_SECONDS))),
    ]);
    let further: Map<String, Value> =
        wish.claims.as_deref().map_or_else(|| Ok(Map::new()), serde_json::from_str).context("claims are an object")?;
    claims.extend(further);
    claims.retain(|_, value| !value.is_null());
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_several_people_and_each_signs_in_as_they_did() {
        let wish = Wish {
            account: "acc_a".into(),
            user: Some("usr_colleague".into()),
            claims: Some(r#"{"amr":["pwd"],"acr":["urn:one","urn:two"],"auth_time":null}"#.into()),
            ..Wish::default()
        };
        let claims = claims("http://issuer", 1_000, &wish).unwrap();
        assert_eq!((&claims["account"], &claims["sub"]), (&json!("acc_a"), &json!("usr_colleague")));
        assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["pwd"]), &json!(["urn:one", "urn:two"])));
        assert_eq!((claims.get("auth_time"), &claims["iat"]), (None, &json!(1_000)));
    }
}
