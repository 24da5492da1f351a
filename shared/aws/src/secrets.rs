//! Secrets Manager: the app's credentials, the webhook's key, and one secret for each connection's refresh
//! token, encrypted under the customer-managed key. A value is never logged and never in an error.

use crate::trouble::{because, unavailable};
use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::delete_secret::DeleteSecretError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use rules::AccountId;
use rules::connection::TokenPointer;
use rules::ports::{Answer, RefreshTokens, TokenVault};
use rules::random;
use serde::Deserialize;
use uuid::Uuid;
use xero::{AppCredentials, RefreshToken, Secret};

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

/// Refresh tokens, one secret each.
#[derive(Clone, Debug)]
pub struct TokenSecrets {
    secrets: Secrets,
    /// Where new secrets are made; none in a function that may not make them.
    place: Option<Place>,
}

/// Where new token secrets are made.
#[derive(Clone, Debug)]
pub struct Place {
    /// Prefix of their names.
    pub prefix: String,
    /// The customer-managed key.
    pub key_id: String,
}

impl TokenSecrets {
    /// Tokens that are read and rotated.
    #[must_use]
    pub fn existing(secrets: Secrets) -> Self {
        Self { secrets, place: None }
    }

    /// Tokens that are made, too.
    #[must_use]
    pub fn in_place(secrets: Secrets, place: Place) -> Self {
        Self { secrets, place: Some(place) }
    }
}

#[async_trait]
impl RefreshTokens for TokenSecrets {
    async fn refresh_token(&self, pointer: &TokenPointer) -> Answer<Option<RefreshToken>> {
        let value = self.secrets.value(&pointer.0, "read a refresh token").await?;
        Ok(value.map(|value| RefreshToken::new(value.expose().to_owned())))
    }

    async fn replace(&self, pointer: &TokenPointer, token: &RefreshToken) -> Answer<()> {
        let put = self.secrets.client.put_secret_value().secret_id(&pointer.0).secret_string(token.expose());
        put.send().await.map(|_| ()).map_err(|error| unavailable("store a rotated refresh token", &error))
    }
}

#[async_trait]
impl TokenVault for TokenSecrets {
    async fn keep(&self, account: &AccountId, token: &RefreshToken) -> Answer<TokenPointer> {
        const WHAT: &str = "store a new refresh token";
        let place = self.place.as_ref().ok_or_else(|| because(WHAT, "this function may not make secrets"))?;
        // The account by its hash: its own characters are not all allowed in a secret's name.
        let digest = random::digest(account.as_str());
        let owner = digest.get(..16).unwrap_or(&digest);
        let name = format!("{}{owner}/{}", place.prefix, Uuid::new_v4().simple());
        let create =
            self.secrets.client.create_secret().name(name).kms_key_id(&place.key_id).secret_string(token.expose());
        let output = create.send().await.map_err(|error| unavailable(WHAT, &error))?;
        let arn = output.arn.ok_or_else(|| because(WHAT, "the new secret has no ARN"))?;
        Ok(TokenPointer(arn))
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
