//! Secrets Manager: the app's credentials, the webhook's key, and where the configuration says so the refresh
//! tokens. A value is never logged and never in an error.

use crate::trouble::{because, unavailable};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use rules::ports::Answer;
use serde::Deserialize;
use xero::{AppCredentials, Secret};

/// Secrets by their ARN.
#[derive(Clone, Debug)]
pub struct Secrets {
    pub(crate) client: Client,
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
        // Nothing but an operator mends it, and work waits meanwhile: an outage of Secrets Manager ends by itself.
        let unusable = |reason: &'static str| {
            tracing::error!(reason, alarm = "operator", "the app's credentials cannot be used");
            because(WHAT, reason)
        };
        let value = self.value(arn, WHAT).await?.ok_or_else(|| unusable("the secret has no value"))?;
        let stored: Stored = serde_json::from_str(value.expose())
            .map_err(|_| unusable("the secret is not JSON with client_id and client_secret"))?;
        Ok(AppCredentials { client_id: stored.client_id, client_secret: Secret::from(stored.client_secret) })
    }
}
