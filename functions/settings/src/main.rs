//! Wires the settings.

use anyhow::Context as _;
use aws::secrets::Secrets;
use aws::{config, queues::Queue, sdk, table::Table, telemetry, tokens, xero_setup::Xero};
use rules::tokens::Memory;
use settings::App;

#[tokio::main(flavor = "local")]
async fn main() -> anyhow::Result<()> {
    aws::task::run(serve()).await
}

async fn serve() -> anyhow::Result<()> {
    telemetry::start();
    let sdk = sdk::configuration()?;
    let secrets = Secrets::new(&sdk);
    let table = Table::new(&sdk, config::required("TABLE_NAME")?);
    let app = App {
        xero: Xero::from_environment(&secrets).await.context("failed to set up the calls to Xero")?,
        tokens: tokens::from_environment(&sdk, secrets, &table)?,
        table,
        memory: Memory::default(),
        queue: Queue::new(&sdk, config::required("SYNC_QUEUE_URL")?),
        notifications: Queue::new(&sdk, config::required("NOTIFICATION_QUEUE_URL")?),
        account_claim: config::account_claim()?,
    };
    let handler = lambda_http::service_fn(|request| app.handle(request));
    lambda_http::run(handler).await.map_err(|error| anyhow::anyhow!(error))
}
