//! Wires the callback: the table, and the app's page that every answer leads to.

use anyhow::ensure;
use aws::{config, sdk, table::Table, telemetry};
use callback::App;

#[tokio::main(flavor = "local")]
async fn main() -> anyhow::Result<()> {
    aws::task::run(serve()).await
}

async fn serve() -> anyhow::Result<()> {
    telemetry::start();
    let sdk = sdk::configuration()?;
    let return_url = config::url("APP_RETURN_URL")?;
    ensure!(return_url.fragment().is_none(), "APP_RETURN_URL has a fragment, which is where the confirmation goes");
    let app = App { table: Table::new(&sdk, config::required("TABLE_NAME")?), return_url };
    let handler = lambda_http::service_fn(|request| app.handle(request));
    lambda_http::run(handler).await.map_err(|error| anyhow::anyhow!(error))
}
