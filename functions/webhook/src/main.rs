//! Wires the webhook: reads the key and opens the queue before the first delivery, then receives.

use aws::{config, queues::Queue, sdk, secrets::Secrets, telemetry};
use std::time::Instant;
use webhook::{App, Keys, StoredKey};

#[tokio::main(flavor = "local")]
async fn main() -> anyhow::Result<()> {
    aws::task::run(serve()).await
}

async fn serve() -> anyhow::Result<()> {
    telemetry::start();
    let sdk = sdk::configuration()?;
    let queue = Queue::new(&sdk, config::required("PAYMENT_QUEUE_URL")?);
    let key = StoredKey::new(Secrets::new(&sdk), config::required("WEBHOOK_KEY_SECRET")?);
    let app = App::new(Keys::read(key, Instant::now).await, queue);
    let handler = lambda_http::service_fn(|request| app.handle(request));
    lambda_http::run(handler).await.map_err(|error| anyhow::anyhow!(error))
}
