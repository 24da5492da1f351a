//! The local token issuer: stands for Sessional's sign-in, so that the API's JWT authorizer has something to
//! check.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, bail};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::layout::{Layout, StackFolder};
use crate::python::Python;

/// What the tokens of this stack are for.
pub const AUDIENCE: &str = "sessional-xero";

/// How long a token lives unless something else is asked for.
const LIFETIME_SECONDS: i64 = 12 * 60 * 60;

/// Signs tokens and publishes the key to check them with.
#[derive(Clone)]
pub struct Issuer {
    url: String,
    key: EncodingKey,
    kid: String,
    keys: Value,
}

/// A wish for a token; the defaults make one that works.
#[derive(Clone, Debug, Deserialize)]
pub struct Wish {
    /// The Sessional account.
    pub account: String,
    /// The audience.
    pub audience: Option<String>,
    /// Seconds until it expires; negative for one that has.
    pub expires_in: Option<i64>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
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
        let now = jiff::Timestamp::now().as_second();
        let claims = Claims {
            iss: &self.url,
            aud: wish.audience.as_deref().unwrap_or(AUDIENCE),
            sub: &wish.account,
            iat: now,
            exp: now + wish.expires_in.unwrap_or(LIFETIME_SECONDS),
        };
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::RS256) };
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
