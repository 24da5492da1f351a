//! Refresh tokens in Secrets Manager, one secret for each Xero user.

use super::{elsewhere, in_table};
use crate::secrets::Secrets;
use crate::trouble::{because, unavailable};
use async_trait::async_trait;
use aws_sdk_secretsmanager::operation::delete_secret::DeleteSecretError;
use jiff::Timestamp;
use rules::grant::{StoredToken, TokenHistory, TokenPointer};
use rules::ports::{Answer, TokenVault, Written};
use rules::{AccountId, random};
use serde::{Deserialize, Serialize};
use xero::{RefreshToken, Secret, XeroUserId};

/// Secrets Manager keeps about 100 versions of a secret and removes none that is younger than a day; a new
/// secret is begun well before, however fast the versions came. What is left are the tries that this may take.
const ROLL_OVER_AT: u32 = 80;
/// The version of the stored token.
const TOKEN_VERSION: u32 = 2;

/// Refresh tokens, one secret for each Xero user, under the customer-managed key. Whoever may read the secret reads
/// the token: it is not encrypted for one account alone.
#[derive(Clone, Debug)]
pub struct TokenSecrets {
    secrets: Secrets,
    prefix: String,
    key_id: String,
}

/// A token as it is stored, beside the count that keeps its secret below the quota of versions.
#[derive(Serialize, Deserialize)]
struct StoredValue {
    version: u32,
    refresh_token: String,
    rotations: u32,
    stored_at: Timestamp,
}

impl TokenSecrets {
    /// Tokens in secrets whose names begin with `prefix`, encrypted under the key.
    #[must_use]
    pub fn new(secrets: Secrets, prefix: String, key_id: String) -> Self {
        Self { secrets, prefix, key_id }
    }

    async fn value(&self, pointer: &TokenPointer) -> Answer<Option<StoredValue>> {
        const WHAT: &str = "read a refresh token";
        let Some(value) = self.secrets.value(name(pointer, WHAT)?, WHAT).await? else { return Ok(None) };
        let stored: StoredValue =
            serde_json::from_str(value.expose()).map_err(|_| because(WHAT, "the secret is malformed"))?;
        match stored.version {
            TOKEN_VERSION => Ok(Some(stored)),
            unknown => Err(because(WHAT, format!("version {unknown} of a token is not known"))),
        }
    }
}

#[async_trait]
impl TokenVault for TokenSecrets {
    async fn stored(&self, pointer: &TokenPointer, _: &AccountId) -> Answer<Option<StoredToken>> {
        let Some(value) = self.value(pointer).await? else { return Ok(None) };
        Ok(Some(StoredToken {
            token: RefreshToken::new(value.refresh_token),
            stored_at: value.stored_at,
            history: TokenHistory { rotations: value.rotations, contexts: Vec::new() },
        }))
    }

    async fn history(&self, pointer: &TokenPointer) -> Answer<Option<TokenHistory>> {
        let value = self.value(pointer).await?;
        Ok(value.map(|value| TokenHistory { rotations: value.rotations, contexts: Vec::new() }))
    }

    fn place(&self, user: XeroUserId) -> TokenPointer {
        TokenPointer(format!("{}{user}/{}", self.prefix, random::uuid().simple()))
    }

    fn is_full(&self, history: &TokenHistory) -> bool {
        history.rotations >= ROLL_OVER_AT
    }

    async fn keep(&self, pointer: &TokenPointer, token: &StoredToken) -> Answer<()> {
        const WHAT: &str = "store a new refresh token";
        let create = self.secrets.client.create_secret().name(name(pointer, WHAT)?).kms_key_id(&self.key_id);
        let create = create.secret_string(text(token, WHAT)?.expose());
        create.send().await.map(|_| ()).map_err(|error| unavailable(WHAT, &error))
    }

    async fn replace(&self, pointer: &TokenPointer, token: &StoredToken) -> Answer<Written> {
        const WHAT: &str = "store a rotated refresh token";
        let put = self.secrets.client.put_secret_value().secret_id(name(pointer, WHAT)?);
        let put = put.secret_string(text(token, WHAT)?.expose());
        put.send().await.map(|_| Written::Done).map_err(|error| unavailable(WHAT, &error))
    }

    async fn forget(&self, _: &TokenPointer, _: &AccountId) -> Answer<()> {
        Ok(())
    }

    async fn destroy(&self, pointer: &TokenPointer) -> Answer<()> {
        const WHAT: &str = "delete a refresh token";
        let delete = self.secrets.client.delete_secret().secret_id(name(pointer, WHAT)?);
        match delete.force_delete_without_recovery(true).send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(DeleteSecretError::ResourceNotFoundException(_)) => Ok(()),
                _ => Err(unavailable(WHAT, &error)),
            },
        }
    }
}

/// The secret's name.
fn name<'a>(pointer: &'a TokenPointer, what: &'static str) -> Answer<&'a str> {
    if in_table(pointer) { Err(elsewhere(what)) } else { Ok(&pointer.0) }
}

fn text(token: &StoredToken, what: &'static str) -> Answer<Secret> {
    let value = StoredValue {
        version: TOKEN_VERSION,
        refresh_token: token.token.expose().to_owned(),
        rotations: token.history.rotations,
        stored_at: token.stored_at,
    };
    serde_json::to_string(&value).map(Secret::from).map_err(|_| because(what, "the token cannot be serialised"))
}
