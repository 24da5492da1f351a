//! Messages that cannot be worked, and messages that have to wait.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::inside::Inside;
use crate::stage::{Stage, new_name};

/// Long enough for a batch that waits behind others.
const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::test]
async fn a_message_that_is_no_event_is_parked_with_its_reason() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let aws = stage.stack.aws()?;
    let (queue, parking) =
        (stage.stack.deployment.resource("SyncQueue")?, stage.stack.deployment.resource("SyncDeadLetterQueue")?);
    let count = json!({ "QueueUrl": parking, "AttributeNames": ["ApproximateNumberOfMessages"] });
    let parked = async || -> anyhow::Result<u64> {
        let shown = aws.call("AmazonSQS.GetQueueAttributes", &count).await?;
        let count = shown.pointer("/Attributes/ApproximateNumberOfMessages").and_then(Value::as_str);
        Ok(count.context("the queue does not count")?.parse()?)
    };
    let before = parked().await?;
    let name = new_name();
    let message = json!({ "QueueUrl": queue, "MessageBody": "{}", "MessageGroupId": format!("acc_{name}"),
                          "MessageDeduplicationId": name });
    aws.call("AmazonSQS.SendMessage", &message).await?;
    let began = Instant::now();
    while parked().await? == before {
        ensure!(began.elapsed() < PATIENCE, "it was not parked");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_to_its_queue_is_hidden_for_as_long_as_was_asked() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let aws = inside.aws()?;
    let url = &inside.sync_queue_url;
    let message =
        json!({ "QueueUrl": url, "MessageBody": "{}", "MessageGroupId": "acc_1", "MessageDeduplicationId": "1" });
    aws.call("AmazonSQS.SendMessage", &message).await?;
    let receive = async || -> anyhow::Result<Option<String>> {
        let received =
            aws.call("AmazonSQS.ReceiveMessage", &json!({ "QueueUrl": url, "VisibilityTimeout": 60 })).await?;
        Ok(received.pointer("/Messages/0/ReceiptHandle").and_then(Value::as_str).map(str::to_owned))
    };
    let receipt = receive().await?.context("it is there")?;
    inside.sync_queue.hide(&[(receipt, Duration::from_secs(3))]).await?;
    assert_eq!(receive().await?, None);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(receive().await?.is_some());
    Ok(())
}
