//! Wires the intake of events over HTTP.

use anyhow::Context as _;
use aws::{config, queues::Queue, sdk, table::Table, telemetry};
use ingest::App;
use rules::sync::AppLinks;

#[tokio::main(flavor = "local")]
async fn main() -> anyhow::Result<()> {
    aws::task::run(serve()).await
}

async fn serve() -> anyhow::Result<()> {
    telemetry::start();
    let sdk = sdk::configuration()?;
    let app = App {
        table: Table::new(&sdk, config::required("TABLE_NAME")?),
        queue: Queue::new(&sdk, config::required("SYNC_QUEUE_URL")?),
        account_claim: config::account_claim()?,
        links: AppLinks::new(&config::url("APP_LINK_URL")?).context("APP_LINK_URL does not do")?,
    };
    let handler = lambda_http::service_fn(|request| app.handle(request));
    lambda_http::run(handler).await.map_err(|error| anyhow::anyhow!(error))
}
