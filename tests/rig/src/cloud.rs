//! The running stack's table and secrets, through the service's own adapters and past every wire.

use aws::secrets::Secrets;
use aws::table::Table;
use aws::tokens::TokenSecrets;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::BehaviorVersion;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_types::SdkConfig;
use aws_types::region::Region;
use local::stack::StackInfo;

use crate::tenant::Stores;

/// The function whose variables say where things are.
const FUNCTION: &str = "sync";

/// The stores of a running stack.
pub struct Cloud {
    /// The table.
    pub table: Table,
    /// Its name.
    pub table_name: String,
    /// Refresh tokens.
    pub tokens: TokenSecrets,
}

impl Cloud {
    /// Those that the stack's sync uses.
    ///
    /// # Errors
    /// When the stack has none.
    pub fn of(stack: &StackInfo) -> anyhow::Result<Self> {
        let sdk = configuration(&stack.aws)?;
        let variable = |name: &str| stack.deployment.variable(FUNCTION, name).map(str::to_owned);
        let table_name = variable("TABLE_NAME")?;
        let (prefix, key) = (variable("TOKEN_SECRET_PREFIX")?, variable("TOKEN_KEY_ID")?);
        let tokens = TokenSecrets::new(Secrets::new(&sdk), prefix, key);
        Ok(Self { table: Table::new(&sdk, table_name.clone()), table_name, tokens })
    }

    /// As a connection is spread over them.
    #[must_use]
    pub fn stores(&self) -> Stores<'_> {
        let table = &self.table;
        Stores { connections: table, grants: table, vault: &self.tokens, mappings: table }
    }
}

fn configuration(endpoint: &str) -> anyhow::Result<SdkConfig> {
    let tls = TlsContext::builder().with_trust_store(TrustStore::empty()).build()?;
    let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls).build_https();
    Ok(SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(local::aws::REGION))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "rig")))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .endpoint_url(endpoint)
        .http_client(client)
        .build())
}
