//! `cargo run --release -p drive --example webhook_load -- [per second] [seconds] [sandboxes]`: drives a release
//! build of `webhook` straight through the Runtime API, with a stub in place of AWS. Deliveries come at their
//! own pace, whether earlier ones are answered or not; the time of each is counted from when it was due.

#![expect(clippy::print_stdout, reason = "a tool's result goes to standard output")]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use drive::aws_stub::AwsStub;
use drive::deliveries;
use drive::runtime_api::RuntimeApi;
use drive::sandbox::{Sandbox, release_binary};
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

const KEY: &str = "the-key-of-the-load-test";
const SEND: &str = "AmazonSQS.SendMessageBatch";

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u32>().context("arguments are numbers"));
    let rate = numbers.next().unwrap_or(Ok(1_000))?;
    let seconds = numbers.next().unwrap_or(Ok(30))?;
    let sandboxes = numbers.next().unwrap_or(Ok(4))?;

    println!("building webhook for release");
    let binary = release_binary("webhook")?;
    let (api, aws) = (Arc::new(RuntimeApi::start().await?), AwsStub::start(KEY).await?);
    let variables =
        [("WEBHOOK_KEY_SECRET", "key"), ("PAYMENT_QUEUE_URL", "http://localhost/queue"), ("LOG_LEVEL", "warn")];
    let processes: Vec<Sandbox> = (0..sandboxes)
        .map(|_| Sandbox::start(&binary, &api.address(), aws.url(), &variables))
        .collect::<anyhow::Result<_>>()?;
    // Each is warm before the clock starts, as after the first deliveries of a day.
    for _ in 0..sandboxes * 4 {
        deliver(&api, prepared().1).await?;
    }
    let before = aws.seen();

    let total = rate * seconds;
    println!("{total} signed deliveries at {rate} a second, {sandboxes} sandboxes");
    let ready: Vec<(Uuid, Vec<u8>)> = (0..total).map(|_| prepared()).collect();
    let expected: HashSet<Uuid> = ready.iter().map(|(invoice, _)| *invoice).collect();
    let began = Instant::now();
    let mut running = Vec::new();
    for (number, (_, event)) in (0..).zip(ready) {
        let due = began + Duration::from_secs(1) * number / rate;
        tokio::time::sleep_until(due).await;
        let api = Arc::clone(&api);
        running.push(tokio::spawn(async move { deliver(&api, event).await.map(|status| (status, due.elapsed())) }));
        if number % (rate * 5) == 0 {
            println!("{:>4} s  {number} sent", began.elapsed().as_secs());
        }
    }
    let mut times = Vec::new();
    for answer in running {
        let (status, time) = answer.await??;
        ensure!(status == 200, "a genuine delivery was answered {status}");
        times.push(time);
    }
    let took = began.elapsed();
    times.sort_unstable();
    let seen = aws.seen();
    let queued: HashSet<Uuid> = seen.messages.iter().filter_map(|message| invoice_of(message)).collect();
    let lost = expected.difference(&queued).count();
    let sends = seen.calls_of(SEND) - before.calls_of(SEND);
    let others: u64 = seen.calls.values().sum::<u64>() - before.calls.values().sum::<u64>() - sends;
    println!(
        "answered {} in {:.1} s ({:.0} a second), lost {lost}",
        times.len(),
        took.as_secs_f32(),
        per_second(total, took)
    );
    println!("p50 {:?}  p95 {:?}  p99 {:?}  max {:?}", at(&times, 50), at(&times, 95), at(&times, 99), at(&times, 100));
    println!("AWS calls: {sends} to the queue, {others} others");
    for process in &processes {
        println!("peak memory of a sandbox: {}", process.id().and_then(peak).unwrap_or_else(|| "not known".to_owned()));
    }
    ensure!(lost == 0 && others == 0, "something was lost, or more than the queue was called");
    Ok(())
}

fn prepared() -> (Uuid, Vec<u8>) {
    let invoice = Uuid::new_v4();
    let body = deliveries::body(&[deliveries::event(Uuid::new_v4(), invoice)], 1);
    let event = deliveries::gateway_event(&body, &deliveries::sign(KEY, body.as_bytes()), false);
    (invoice, event.to_string().into_bytes())
}

async fn deliver(api: &RuntimeApi, event: Vec<u8>) -> anyhow::Result<u64> {
    let answer =
        api.invoke(event).await?.map_err(|error| anyhow::anyhow!("failed: {}", String::from_utf8_lossy(&error)))?;
    let answer: Value = serde_json::from_slice(&answer).context("the answer is not JSON")?;
    answer.get("statusCode").and_then(Value::as_u64).context("the answer has no status")
}

fn invoice_of(message: &str) -> Option<Uuid> {
    let message: Value = serde_json::from_str(message).ok()?;
    message.pointer("/invoice_ids/0")?.as_str()?.parse().ok()
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

#[expect(clippy::float_arithmetic, reason = "a figure for people, not money")]
fn per_second(count: u32, time: Duration) -> f64 {
    f64::from(count) / time.as_secs_f64()
}

/// Linux's own word on the most memory that a process had.
fn peak(process: u32) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.trim_start_matches("VmHWM:").trim().to_owned())
}
