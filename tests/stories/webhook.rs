//! The webhook's door: what is signed is queued, what is not is refused with an empty 401.

use std::time::{Duration, Instant};

use anyhow::ensure;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use local::aws::Aws;
use local::stack::StackInfo;
use serde_json::json;
use sha2::Sha256;

use crate::stage::{Stage, new_name};

/// A hint that comes again after a wait is settled by then.
const LONGEST_WORK: Duration = Duration::from_secs(60);

fn sign(key: &str, body: &str) -> anyhow::Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())?;
    mac.update(body.as_bytes());
    Ok(STANDARD.encode(mac.finalize().into_bytes()))
}

fn delivery() -> String {
    let id = uuid::Uuid::new_v4();
    let event = json!({
        "resourceUrl": format!("https://api.xero.com/api.xro/2.0/Invoices/{id}"),
        "resourceId": id.to_string(),
        "tenantId": uuid::Uuid::new_v4().to_string(),
        "tenantType": "ORGANISATION",
        "eventCategory": "INVOICE",
        "eventType": "UPDATE",
        "eventDateUtc": "2026-11-20T09:30:00.000",
    });
    json!({ "events": [event], "firstEventSequence": 1, "lastEventSequence": 1, "entropy": new_name() }).to_string()
}

/// Delivers and gives the status; the body has to be empty, or Xero would count the answer as a failure.
async fn deliver(stack: &StackInfo, body: &str, signature: Option<&str>) -> anyhow::Result<u16> {
    let url = format!("{}/webhooks/accounting", stack.front);
    let mut request = local::http::client()?.post(url).header("content-type", "application/json; charset=utf-8");
    if let Some(signature) = signature {
        request = request.header("x-xero-signature", signature);
    }
    let answer = request.body(body.to_owned()).send().await?;
    let status = answer.status().as_u16();
    assert!(answer.headers().get("set-cookie").is_none());
    assert_eq!(answer.text().await?, "");
    Ok(status)
}

#[tokio::test]
async fn a_wrong_signature_gets_an_empty_401_and_nothing_is_queued() -> anyhow::Result<()> {
    let stage = Stage::alone()?;
    let stack = &stage.stack;
    let queue = stack.deployment.resource("PaymentQueue")?.to_owned();
    let mapping = stack.deployment.resource("PaymentsFunctionWork")?.to_owned();
    let aws = stack.aws()?;
    // While nobody takes from the queue, it shows what the webhook has put into it.
    wait_until_empty(&aws, &queue).await?;
    aws.set_mapping(&mapping, false).await?;

    let body = delivery();
    let good = sign(&stack.app.webhook_key, &body)?;
    let of_another_body = sign(&stack.app.webhook_key, &delivery())?;
    let of_another_key = sign("another key", &body)?;
    for wrong in [None, Some(""), Some("not base64!"), Some(&*of_another_body), Some(&*of_another_key)] {
        assert_eq!(deliver(stack, &body, wrong).await?, 401, "{wrong:?}");
    }
    let after_wrong = aws.depth(&queue).await?;
    let answered = deliver(stack, &body, Some(&good)).await?;
    let after_good = aws.depth(&queue).await?;
    aws.set_mapping(&mapping, true).await?;

    assert_eq!(after_wrong, 0);
    assert_eq!((answered, after_good), (200, 1));
    Ok(())
}

/// What earlier stories have left in the queue is worked off.
async fn wait_until_empty(aws: &Aws, queue: &str) -> anyhow::Result<()> {
    let began = Instant::now();
    while aws.depth(queue).await? > 0 {
        ensure!(began.elapsed() < LONGEST_WORK, "the payment queue is never empty");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

#[tokio::test]
async fn genuine_and_forged_deliveries_mixed_through_the_gateway_are_told_apart() -> anyhow::Result<()> {
    let stage = Stage::alone()?;
    drive::mix::run(&stage.stack, 300).await?.judge()
}
