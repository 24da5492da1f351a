//! Secrets Manager: the app's credentials, the webhook's key, and one secret for each Xero user's
//! refresh token, encrypted under the customer-managed key. A value is never logged and never in an error.

use crate::config::{self, ConfigError};
use crate::trouble::{because, unavailable};
use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::delete_secret::DeleteSecretError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use jiff::Timestamp;
use rules::grant::{StoredToken, TokenPointer};
use rules::ports::{Answer, TokenVault};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xero::{AppCredentials, RefreshToken, Secret, XeroUserId};

/// Secrets by their ARN.
#[derive(Clone, Debug)]
pub struct Secrets {
    client: Client,
}

impl Secrets {
    /// The secrets of this account and region.
    #[must_use]
    pub fn new(config: &aws_types::SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    /// The newest value of a secret; none when there is no such secret.
    ///
    /// # Errors
    /// When Secrets Manager does not answer.
    pub async fn value(&self, arn: &str, what: &'static str) -> Answer<Option<Secret>> {
        match self.client.get_secret_value().secret_id(arn).send().await {
            Ok(output) => Ok(output.secret_string.map(Secret::from)),
            Err(error) => match error.as_service_error() {
                // A secret that is scheduled for deletion is refused as an invalid request: it is gone too.
                Some(
                    GetSecretValueError::ResourceNotFoundException(_) | GetSecretValueError::InvalidRequestException(_),
                ) => Ok(None),
                _ => Err(unavailable(what, &error)),
            },
        }
    }

    /// The app's client id and secret at Xero.
    ///
    /// # Errors
    /// When the secret cannot be read, or is not `{"client_id":…,"client_secret":…}`.
    pub async fn app_credentials(&self, arn: &str) -> Answer<AppCredentials> {
        const WHAT: &str = "read the app's credentials";
        #[derive(Deserialize)]
        struct Stored {
            client_id: String,
            client_secret: String,
        }
        let value = self.value(arn, WHAT).await?.ok_or_else(|| because(WHAT, "the secret has no value"))?;
        let stored: Stored = serde_json::from_str(value.expose())
            .map_err(|_| because(WHAT, "the secret is not JSON with client_id and client_secret"))?;
        Ok(AppCredentials { client_id: stored.client_id, client_secret: Secret::from(stored.client_secret) })
    }
}

/// Refresh tokens, one secret for each Xero user, under the customer-managed key.
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

/// The version of the stored token.
const TOKEN_VERSION: u32 = 2;

impl TokenSecrets {
    /// Tokens in secrets whose names begin with `prefix`, encrypted under the key.
    #[must_use]
    pub fn new(secrets: Secrets, prefix: String, key_id: String) -> Self {
        Self { secrets, prefix, key_id }
    }

    /// Reads `TOKEN_SECRET_PREFIX` and `TOKEN_KEY_ID`.
    ///
    /// # Errors
    /// When one of them is missing.
    pub fn from_environment(secrets: Secrets) -> Result<Self, ConfigError> {
        Ok(Self::new(secrets, config::required("TOKEN_SECRET_PREFIX")?, config::required("TOKEN_KEY_ID")?))
    }
}

#[async_trait]
impl TokenVault for TokenSecrets {
    async fn stored(&self, pointer: &TokenPointer) -> Answer<Option<StoredToken>> {
        const WHAT: &str = "read a refresh token";
        let Some(value) = self.secrets.value(&pointer.0, WHAT).await? else { return Ok(None) };
        let stored: StoredValue =
            serde_json::from_str(value.expose()).map_err(|_| because(WHAT, "the secret is malformed"))?;
        if stored.version != TOKEN_VERSION {
            return Err(because(WHAT, format!("version {} of a token is not known", stored.version)));
        }
        Ok(Some(StoredToken {
            token: RefreshToken::new(stored.refresh_token),
            rotations: stored.rotations,
            stored_at: stored.stored_at,
        }))
    }

    fn place(&self, user: XeroUserId) -> TokenPointer {
        TokenPointer(format!("{}{user}/{}", self.prefix, Uuid::new_v4().simple()))
    }

    async fn keep(&self, pointer: &TokenPointer, token: &StoredToken) -> Answer<()> {
        const WHAT: &str = "store a new refresh token";
        let value = text(token, WHAT)?;
        let create = self.secrets.client.create_secret().name(&pointer.0).kms_key_id(&self.key_id).secret_string(value);
        create.send().await.map(|_| ()).map_err(|error| unavailable(WHAT, &error))
    }

    async fn replace(&self, pointer: &TokenPointer, token: &StoredToken) -> Answer<()> {
        const WHAT: &str = "store a rotated refresh token";
        let put = self.secrets.client.put_secret_value().secret_id(&pointer.0).secret_string(text(token, WHAT)?);
        put.send().await.map(|_| ()).map_err(|error| unavailable(WHAT, &error))
    }

    async fn destroy(&self, pointer: &TokenPointer) -> Answer<()> {
        let delete = self.secrets.client.delete_secret().secret_id(&pointer.0).force_delete_without_recovery(true);
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(DeleteSecretError::ResourceNotFoundException(_)) => Ok(()),
                _ => Err(unavailable("delete a refresh token", &error)),
            },
        }
    }
}

fn text(token: &StoredToken, what: &'static str) -> Answer<String> {
    let value = StoredValue {
        version: TOKEN_VERSION,
        refresh_token: token.token.expose().to_owned(),
        rotations: token.rotations,
        stored_at: token.stored_at,
    };
    serde_json::to_string(&value).map_err(|_| because(what, "the token cannot be serialised"))
}
