//! Wires connecting.

use anyhow::Context as _;
use aws::secrets::Secrets;
use aws::{config, queues::Queue, sdk, table::Table, telemetry, tokens, xero_setup::Xero};
use connect::App;
use rules::connect::ConsentRequest;
use rules::tokens::Memory;

#[tokio::main(flavor = "local")]
async fn main() -> anyhow::Result<()> {
    aws::task::run(serve()).await
}

async fn serve() -> anyhow::Result<()> {
    telemetry::start();
    let sdk = sdk::configuration()?;
    let secrets = Secrets::new(&sdk);
    let xero = Xero::from_environment(&secrets).await.context("failed to set up the calls to Xero")?;
    let table = Table::new(&sdk, config::required("TABLE_NAME")?);
    let app = App {
        request: ConsentRequest {
            client_id: xero.identity.client_id().context("no consent can be asked for without the client id")?,
            redirect_uri: config::url("OAUTH_REDIRECT_URI")?,
            scopes: config::required("OAUTH_SCOPES")?.split_whitespace().map(str::to_owned).collect(),
            pkce: config::switch("PKCE")?,
        },
        xero,
        vault: tokens::from_environment(&sdk, secrets, &table)?,
        table,
        memory: Memory::default(),
        queue: Queue::new(&sdk, config::required("SYNC_QUEUE_URL")?),
        upkeep_queue: Queue::new(&sdk, config::required("UPKEEP_QUEUE_URL")?),
        notifications: Queue::new(&sdk, config::required("NOTIFICATION_QUEUE_URL")?),
        account_claim: config::account_claim()?,
        second_factor: config::second_factor()?,
    };
    let handler = lambda_http::service_fn(|request| app.handle(request));
    lambda_http::run(handler).await.map_err(|error| anyhow::anyhow!(error))
}
