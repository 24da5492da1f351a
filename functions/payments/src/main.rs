//! Wires the reading of payments.

use anyhow::Context as _;
use aws::secrets::Secrets;
use aws::{config, queues::Queue, sdk, table::Table, telemetry, tokens, xero_setup::Xero};
use lambda_runtime::{LambdaEvent, service_fn};
use payments::App;
use rules::tokens::Memory;

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
        queue: Queue::new(&sdk, config::required("PAYMENT_QUEUE_URL")?),
        upkeep_queue: Queue::new(&sdk, config::required("UPKEEP_QUEUE_URL")?),
        notifications: Queue::new(&sdk, config::required("NOTIFICATION_QUEUE_URL")?),
    };
    let handler = service_fn(|event: LambdaEvent<_>| app.handle(event.payload));
    lambda_runtime::run(handler).await.map_err(|error| anyhow::anyhow!(error))
}
