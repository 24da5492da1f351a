//! Wires the sync: clients and tokens are built once, before the first batch.

use anyhow::Context as _;
use aws::secrets::Secrets;
use aws::{config, queues::Queue, sdk, table::Table, telemetry, tokens, xero_setup::Xero};
use jiff::Timestamp;
use lambda_runtime::{LambdaEvent, service_fn};
use rules::sync::{AppLinks, Usual};
use rules::tokens::Memory;
use sync::App;

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
        usual: Usual::default(),
        queue: Queue::new(&sdk, config::required("SYNC_QUEUE_URL")?),
        parking: Queue::new(&sdk, config::required("SYNC_DEAD_LETTER_QUEUE_URL")?),
        notifications: Queue::new(&sdk, config::required("NOTIFICATION_QUEUE_URL")?),
        links: AppLinks::new(&config::url("APP_LINK_URL")?).context("APP_LINK_URL does not do")?,
        history_notes: config::switch("HISTORY_NOTES")?,
    };
    let handler = service_fn(|event: LambdaEvent<_>| {
        let deadline = i64::try_from(event.context.deadline).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        app.handle(event.payload, deadline)
    });
    lambda_runtime::run(handler).await.map_err(|error| anyhow::anyhow!(error))
}
