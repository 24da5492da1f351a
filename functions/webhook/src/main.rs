//! Wires the webhook: reads the key and opens the queue before the first delivery, then receives.

use anyhow::Context as _;
use aws::{config, queues::Queue, sdk, secrets::Secrets, telemetry};
use webhook::{App, Keys};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    telemetry::start();
    let sdk = sdk::configuration()?;
    let keys = Keys::read(Secrets::new(&sdk), config::required("WEBHOOK_KEY_SECRET")?);
    let keys = keys.await.context("failed to read the webhook's key")?;
    let app = App::new(keys, Queue::new(&sdk, config::required("PAYMENT_QUEUE_URL")?));
    let handler = lambda_http::service_fn(|request| app.handle(request));
    lambda_http::run(handler).await.map_err(|error| anyhow::anyhow!(error))
}
