//! Plain calls to the emulator, for what the tool and the stories look at from outside: queues, the table,
//! secrets.
//!
//! The AWS SDK would cost a fresh clone minutes of compiling; the emulator wants no more than a target and a
//! JSON body.

use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Where the stack pretends to be.
pub const REGION: &str = "eu-west-2";

/// The emulator, as seen by an owner of the account.
#[derive(Clone, Debug)]
pub struct Aws {
    endpoint: String,
    client: reqwest::Client,
}

/// Longer than any function runs here, or a queue is waited for.
const LONGEST_CALL: Duration = Duration::from_secs(70);

/// A message as a queue gives it out.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Message {
    /// The body, as sent.
    pub body: String,
    receipt: String,
}

impl Aws {
    /// Talks to the emulator at this address.
    pub fn new(endpoint: &str) -> anyhow::Result<Self> {
        Ok(Self { endpoint: endpoint.to_owned(), client: crate::http::client()? })
    }

    /// Any call of a service that speaks JSON, by its target (`AmazonSQS.SendMessage`).
    pub async fn call(&self, target: &str, body: &Value) -> anyhow::Result<Value> {
        let service = match target.split_once('.').map_or(target, |(service, _)| service) {
            "AmazonSQS" => "sqs",
            "secretsmanager" => "secretsmanager",
            "DynamoDB_20120810" => "dynamodb",
            "TrentService" => "kms",
            other => bail!("no service is known by the target {other}"),
        };
        let scope = format!("test/20260101/{REGION}/{service}/aws4_request");
        let answer = self
            .client
            .post(&self.endpoint)
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=local"),
            )
            .body(serde_json::to_vec(body)?)
            .timeout(Duration::from_secs(40))
            .send()
            .await
            .with_context(|| format!("failed to call {target}"))?;
        let status = answer.status();
        let text = answer.text().await.with_context(|| format!("failed to read the answer of {target}"))?;
        if !status.is_success() {
            bail!("{target} answered {status}: {text}");
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).with_context(|| format!("{target} answered something else than JSON"))
    }

    /// Invokes a function and gives its answer; a failure of the function is an error.
    pub async fn invoke(&self, function: &str, event: &Value) -> anyhow::Result<Value> {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.endpoint);
        let request = self.signed(self.client.post(url), "lambda").body(serde_json::to_vec(event)?);
        let answer = request.send().await.context("failed to invoke a function")?;
        let failed = !answer.status().is_success() || answer.headers().contains_key("x-amz-function-error");
        let text = answer.text().await.context("failed to read a function's answer")?;
        if failed {
            bail!("{function} failed: {text}");
        }
        serde_json::from_str(&text).context("a function answered something else than JSON")
    }

    /// Switches an event source on or off.
    pub async fn set_mapping(&self, id: &str, enabled: bool) -> anyhow::Result<()> {
        let url = format!("{}/2015-03-31/event-source-mappings/{id}", self.endpoint);
        let request = self.signed(self.client.put(url), "lambda").body(json!({ "Enabled": enabled }).to_string());
        let answer = request.send().await.context("failed to switch an event source")?;
        answer.error_for_status().context("failed to switch an event source")?;
        Ok(())
    }

    fn signed(&self, request: reqwest::RequestBuilder, service: &str) -> reqwest::RequestBuilder {
        let scope = format!("test/20260101/{REGION}/{service}/aws4_request");
        request
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=local"),
            )
            .timeout(LONGEST_CALL)
    }

    /// Sends to a queue as Sessional's backend does: the account is the group, the event's id the
    /// deduplication id.
    pub async fn send_event(&self, queue: &str, account: &str, id: &str, body: &str) -> anyhow::Result<()> {
        let message = json!({
            "QueueUrl": queue, "MessageBody": body, "MessageGroupId": account, "MessageDeduplicationId": id,
        });
        self.call("AmazonSQS.SendMessage", &message).await?;
        Ok(())
    }

    /// Takes messages from a queue, waiting for the first up to `wait` seconds.
    pub async fn receive(&self, queue: &str, wait: u32) -> anyhow::Result<Vec<Message>> {
        let asked = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": wait });
        let answer = self.call("AmazonSQS.ReceiveMessage", &asked).await?;
        let text = |message: &Value, key: &str| message.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let messages = answer.get("Messages").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(messages
            .iter()
            .map(|message| Message { body: text(message, "Body"), receipt: text(message, "ReceiptHandle") })
            .collect())
    }

    /// Acknowledges a message.
    pub async fn delete(&self, queue: &str, message: &Message) -> anyhow::Result<()> {
        let asked = json!({ "QueueUrl": queue, "ReceiptHandle": message.receipt });
        self.call("AmazonSQS.DeleteMessage", &asked).await?;
        Ok(())
    }

    /// How many messages a queue holds, waiting or in flight.
    pub async fn depth(&self, queue: &str) -> anyhow::Result<u64> {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let asked = json!({ "QueueUrl": queue, "AttributeNames": names });
        let answer = self.call("AmazonSQS.GetQueueAttributes", &asked).await?;
        let count = |name: &str| {
            let found = answer.pointer(&format!("/Attributes/{name}")).and_then(Value::as_str);
            found.and_then(|text| text.parse::<u64>().ok()).with_context(|| format!("the queue did not say {name}"))
        };
        let [waiting, in_flight] = names;
        Ok(count(waiting)? + count(in_flight)?)
    }

    /// Every item of a table, as DynamoDB writes them.
    pub async fn scan(&self, table: &str) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut from = None;
        loop {
            let asked = match from {
                Some(key) => json!({ "TableName": table, "ExclusiveStartKey": key }),
                None => json!({ "TableName": table }),
            };
            let mut page = self.call("DynamoDB_20120810.Scan", &asked).await?;
            if let Some(found) = page.get_mut("Items").and_then(Value::as_array_mut) {
                items.append(found);
            }
            from = page.get("LastEvaluatedKey").filter(|key| !key.is_null()).cloned();
            if from.is_none() {
                return Ok(items);
            }
        }
    }

    /// The names of all secrets.
    pub async fn secrets(&self) -> anyhow::Result<Vec<String>> {
        let mut names = Vec::new();
        let mut asked = json!({ "MaxResults": 100 });
        loop {
            let answer = self.call("secretsmanager.ListSecrets", &asked).await?;
            let page = answer.get("SecretList").and_then(Value::as_array).cloned().unwrap_or_default();
            names.extend(page.iter().filter_map(|secret| Some(secret.get("Name")?.as_str()?.to_owned())));
            match answer.get("NextToken") {
                Some(next) if !next.is_null() => asked = json!({ "MaxResults": 100, "NextToken": next }),
                Some(_) | None => return Ok(names),
            }
        }
    }
}
