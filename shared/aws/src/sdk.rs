//! The AWS SDK configured by hand: in Lambda region and credentials are in the environment, so no chain of
//! providers is searched, TLS is rustls with ring, and only Amazon's own roots are trusted. This is what
//! makes a cold start a few milliseconds.

mod connector;

use crate::config::{self, ConfigError};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{BehaviorVersion, StalledStreamProtectionConfig};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use connector::Connector;
use std::time::Duration;

/// Time to connect: within AWS a connection takes milliseconds. The handshake of TLS ends with the time of one try.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Time for one try: DynamoDB, SQS and Secrets Manager answer in milliseconds, so a slow one is lost.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// Time for one operation with all its tries: below the five seconds that Xero gives a webhook.
const OPERATION_TIMEOUT: Duration = Duration::from_millis(4_500);
/// Tries of one operation, with the SDK's backoff.
const ATTEMPTS: u32 = 3;

/// The keys of a role.
pub struct Keys {
    /// Which keys.
    pub id: String,
    /// Their secret half.
    pub secret: String,
    /// The session of a role that was assumed, as in Lambda.
    pub session: Option<String>,
}

/// The SDK's configuration from Lambda's environment.
///
/// # Errors
/// When region or credentials are missing, or the trust roots cannot be read.
pub fn configuration() -> Result<SdkConfig, ConfigError> {
    let keys = Keys {
        id: config::required("AWS_ACCESS_KEY_ID")?,
        secret: config::required("AWS_SECRET_ACCESS_KEY")?,
        session: config::optional("AWS_SESSION_TOKEN"),
    };
    configured(config::required("AWS_REGION")?, keys, config::optional("AWS_ENDPOINT_URL"))
}

/// The SDK's configuration for a region; an endpoint of its own is an emulator.
///
/// # Errors
/// When the trust roots cannot be read.
pub fn configured(region: String, keys: Keys, endpoint: Option<String>) -> Result<SdkConfig, ConfigError> {
    let credentials = Credentials::new(keys.id, keys.secret, keys.session, None, "lambda environment");
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts)
        // It would wait longer than a try may take, and measures every body for that.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(Connector::new()?);
    builder.set_endpoint_url(endpoint);
    Ok(builder.build())
}
