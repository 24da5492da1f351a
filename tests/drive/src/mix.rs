//! Genuine and forged deliveries, mixed, through the gateway of a running local stack. What was enqueued is
//! read from the queue itself, while nobody else takes from it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures::StreamExt as _;
use local::aws::Aws;
use local::stack::StackInfo;
use reqwest::Client;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::deliveries;

/// What was in the queue before is worked off by then.
const LONGEST_WORK: Duration = Duration::from_secs(60);
/// Deliveries on their way at once: what the emulator's processes take without queueing.
const AT_ONCE: usize = 4;

/// One delivery.
#[derive(Clone, Debug)]
struct Delivery {
    invoice: Uuid,
    body: String,
    signature: Option<String>,
    is_genuine: bool,
}

/// What became of a mix.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Genuine deliveries sent.
    pub genuine: usize,
    /// Forged ones.
    pub forged: usize,
    /// Genuine ones that were not answered 200, forged ones that were not answered 401, with their answers.
    pub wrong_answers: Vec<(bool, u16)>,
    /// Answers with a body or a cookie.
    pub flawed_answers: usize,
    /// Genuine ones that are not in the queue.
    pub lost: usize,
    /// Genuine ones that are in it more than once.
    pub doubled: usize,
    /// Forged ones that are in it.
    pub slipped_through: usize,
    /// Messages that were in it.
    pub messages: usize,
    /// How long the deliveries took.
    pub took: Duration,
}

impl Report {
    /// Every genuine one enqueued once, every forged one refused.
    ///
    /// # Errors
    /// What was otherwise.
    pub fn judge(&self) -> anyhow::Result<()> {
        ensure!(self.wrong_answers.is_empty() && self.flawed_answers == 0, "some were answered wrongly: {self:?}");
        ensure!(self.lost + self.doubled + self.slipped_through == 0, "the queue holds something else: {self:?}");
        ensure!(self.messages == self.genuine, "the queue holds what nobody sent: {self:?}");
        Ok(())
    }
}

/// Sends so many deliveries, every second one forged in one of many ways. Nobody else may use the stack's
/// webhook meanwhile.
///
/// # Errors
/// When the stack cannot be reached.
pub async fn run(stack: &StackInfo, count: usize) -> anyhow::Result<Report> {
    let aws = stack.aws()?;
    let queue = stack.deployment.resource("PaymentQueue")?;
    let mapping = stack.deployment.resource("PaymentsFunctionWork")?;
    let began = Instant::now();
    while aws.depth(queue).await? > 0 {
        ensure!(began.elapsed() < LONGEST_WORK, "the payment queue is never empty");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    aws.set_mapping(mapping, false).await?;
    let report = send_and_count(stack, &aws, queue, count).await;
    aws.set_mapping(mapping, true).await?;
    report
}

async fn send_and_count(stack: &StackInfo, aws: &Aws, queue: &str, count: usize) -> anyhow::Result<Report> {
    let all: Vec<Delivery> = (0..count).map(|number| delivery(number, &stack.app.webhook_key)).collect();
    let (url, client) = (format!("{}/webhooks/accounting", stack.front), local::http::client()?);
    let began = Instant::now();
    let sending = all.iter().map(|delivery| post(&client, &url, delivery));
    let answers: Vec<anyhow::Result<(u16, bool)>> = futures::stream::iter(sending).buffered(AT_ONCE).collect().await;
    let mut report = Report { took: began.elapsed(), ..Report::default() };
    let found = drain(aws, queue, &mut report.messages).await?;
    for (delivery, answer) in all.iter().zip(answers) {
        let (status, is_bare) = answer?;
        let times = found.get(&delivery.invoice).copied().unwrap_or_default();
        report.flawed_answers += usize::from(!is_bare);
        let expected = if delivery.is_genuine { 200 } else { 401 };
        if status != expected {
            report.wrong_answers.push((delivery.is_genuine, status));
        }
        match delivery.is_genuine {
            true => report.genuine += 1,
            false => report.forged += 1,
        }
        match (delivery.is_genuine, times) {
            (true, 0) => report.lost += 1,
            (true, 1) | (false, 0) => {}
            (true, _) => report.doubled += 1,
            (false, _) => report.slipped_through += 1,
        }
    }
    Ok(report)
}

fn delivery(number: usize, key: &str) -> Delivery {
    let invoice = Uuid::new_v4();
    let sequence = i64::try_from(number).unwrap_or_default() + 1;
    let body = deliveries::body(&[deliveries::event(Uuid::new_v4(), invoice)], sequence);
    let signature = deliveries::sign(key, body.as_bytes());
    if number.is_multiple_of(2) {
        return Delivery { invoice, body, signature: Some(signature), is_genuine: true };
    }
    let (body, signature) = forged(number / 2, key, body, signature);
    Delivery { invoice, body, signature, is_genuine: false }
}

/// In turn every way in which somebody without the key might try.
fn forged(way: usize, key: &str, body: String, right: String) -> (String, Option<String>) {
    let place = way % right.len();
    let near: String = right.char_indices().map(|(at, c)| if at == place { other(c) } else { c }).collect();
    let signature = match way % 9 {
        0 => None,
        1 => Some(String::new()),
        2 => Some(near),
        3 => Some(deliveries::sign("another key", body.as_bytes())),
        4 => Some(deliveries::sign(key, b"another body")),
        5 => Some(right.trim_end_matches('=').to_owned()),
        6 => Some(format!("{right},{right}")),
        // The signature is right, and the body is not the one that was signed any more.
        7 => return (body.replacen("UPDATE", "CREATE", 1), Some(right)),
        _ => return (format!("{body} "), Some(right)),
    };
    (body, signature)
}

fn other(c: char) -> char {
    if c == 'A' { 'E' } else { 'A' }
}

/// The status, and whether the answer has nothing else.
async fn post(client: &Client, url: &str, delivery: &Delivery) -> anyhow::Result<(u16, bool)> {
    let mut request = client.post(url).header("content-type", "application/json; charset=utf-8");
    if let Some(signature) = &delivery.signature {
        request = request.header("x-xero-signature", signature);
    }
    let answer = request.body(delivery.body.clone()).send().await.context("the gateway did not answer")?;
    let (status, has_cookie) = (answer.status().as_u16(), answer.headers().contains_key("set-cookie"));
    let body = answer.bytes().await.context("an answer was not read to its end")?;
    Ok((status, body.is_empty() && !has_cookie))
}

/// Empties the queue, and says how often it named each id.
async fn drain(aws: &Aws, queue: &str, messages: &mut usize) -> anyhow::Result<HashMap<Uuid, usize>> {
    let mut found = HashMap::new();
    loop {
        let asked = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10 });
        let answer = aws.call("AmazonSQS.ReceiveMessage", &asked).await?;
        let taken = answer.get("Messages").and_then(Value::as_array).cloned().unwrap_or_default();
        if taken.is_empty() && aws.depth(queue).await? == 0 {
            return Ok(found);
        }
        let text =
            |message: &Value, name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        for message in &taken {
            *messages += 1;
            for id in ids(&text(message, "Body")) {
                *found.entry(id).or_default() += 1;
            }
        }
        let entry = |(number, message): (usize, &Value)| json!({ "Id": number.to_string(), "ReceiptHandle": text(message, "ReceiptHandle") });
        let entries: Vec<Value> = taken.iter().enumerate().map(entry).collect();
        if !entries.is_empty() {
            aws.call("AmazonSQS.DeleteMessageBatch", &json!({ "QueueUrl": queue, "Entries": entries })).await?;
        }
    }
}

/// Everything in a text that looks like an id, whatever the text is.
fn ids(text: &str) -> impl Iterator<Item = Uuid> {
    text.split(|c: char| !(c.is_ascii_hexdigit() || c == '-')).filter_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_delivery_is_forged_and_no_forgery_is_right_by_chance() {
        for number in 0..400 {
            let delivery = delivery(number, "the key");
            let right = deliveries::sign("the key", delivery.body.as_bytes());
            assert_eq!(delivery.is_genuine, number.is_multiple_of(2));
            assert_eq!(delivery.signature == Some(right), delivery.is_genuine, "delivery {number}");
        }
    }

    #[test]
    fn ids_are_found_in_whatever_text() {
        let (one, two) = (Uuid::new_v4(), Uuid::new_v4());
        let text = format!(r#"{{"a":"{one}","b":["{two}","{one}0"],"version":1}}"#);
        assert_eq!(ids(&text).collect::<Vec<_>>(), [one, two]);
    }
}
