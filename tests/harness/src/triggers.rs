//! What starts functions without anybody asking: queues, schedules, Xero's deliveries; and Sessional's backend, which
//! reads what it is told.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::spawn_local;
use xero_stand_in::control::Delivery;

use crate::service::{Bell, Post, Service, Told};
use crate::template::{Consumer, Schedule};

/// How long Xero takes until it delivers.
const DELIVERY: Duration = Duration::from_secs(2);
/// By how much a late delivery is late at most.
const LATEST: u64 = 6 * 60 * 60;
/// The schedule that looks for due work.
const EVERY_MINUTE: &str = "rate(1 minute)";
const HOUR: i64 = 60 * 60;
/// How far a function's clock is ahead at most.
const LARGEST_SKEW: SignedDuration = SignedDuration::from_mins(10);
/// How often a schedule tries again, and how long it waits between.
const TRIES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(60), Duration::from_secs(120)];
/// The queue that the backend reads.
const NOTIFICATIONS: &str = "NotificationQueue";

/// Starts all of it.
pub(crate) fn start(service: &Rc<Service>) {
    for consumer in service.template.consumers.clone() {
        spawn_local(consume(service.clone(), consumer));
    }
    for schedule in service.template.schedules.clone() {
        spawn_local(ring(service.clone(), schedule));
    }
    spawn_local(deliver(service.clone()));
    spawn_local(read(service.clone()));
}

/// Waits until a queue may have something.
async fn something(service: &Service, queue: &str) {
    let sent = service.cloud.sent.notified();
    tokio::pin!(sent);
    sent.as_mut().enable();
    match service.cloud.next_at(queue) {
        Some(next) if next <= service.calendar.now() => {}
        Some(next) => {
            tokio::select! { biased; () = &mut sent => {}, () = service.calendar.until(next) => {} }
        }
        None => sent.await,
    }
}

async fn consume(service: Rc<Service>, consumer: Consumer) {
    let room = Arc::new(Semaphore::new(consumer.concurrency));
    loop {
        something(&service, &consumer.queue).await;
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let batch = service.cloud.receive(&consumer.queue, consumer.batch, &mut |below| service.draw(below));
        if batch.is_empty() {
            drop(place);
            // What was there a moment ago is held by somebody else.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        }
        let (service, consumer) = (service.clone(), consumer.clone());
        spawn_local(async move {
            let records: Vec<Value> = batch.iter().map(|message| message.record(&consumer.queue)).collect();
            let again = service.batch(&consumer.function, &json!({ "Records": records })).await;
            if let Some(again) = again {
                let done = batch.iter().filter(|message| !again.contains(&message.id.to_string()));
                let done: Vec<u64> = done.map(|message| message.id).collect();
                service.cloud.delete(&consumer.queue, &done);
            }
            drop(place);
        });
    }
}

async fn ring(service: Rc<Service>, schedule: Schedule) {
    loop {
        let Some(next) = next_firing(&schedule.expression, service.calendar.now()) else { return };
        service.calendar.until(next).await;
        let times = match service.bell.get() {
            Bell::Rings => 1,
            Bell::Silent => 0,
            Bell::Twice => 2,
        };
        // A look of every minute that finds nothing is what a month would be spent on: one in an hour is enough.
        if is_idle_look(&service, &schedule, next) {
            continue;
        }
        let input =
            schedule.input.replace("<aws.scheduler.scheduled-time>", &next.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        let Ok(input) = serde_json::from_str::<Value>(&input) else { return };
        for _ in 0..times {
            let (service, schedule, input) = (service.clone(), schedule.clone(), input.clone());
            spawn_local(async move {
                for wait in TRIES {
                    tokio::time::sleep(wait).await;
                    if service.ring(&schedule.function, &input).await {
                        return;
                    }
                }
            });
        }
    }
}

/// Whether a firing looks for due work where none is.
fn is_idle_look(service: &Service, schedule: &Schedule, at: Timestamp) -> bool {
    let is_look = schedule.expression == EVERY_MINUTE && at.as_second() % HOUR != 0;
    // Clocks of functions may be ahead of the true time.
    is_look && !service.cloud.has_due(at.saturating_add(LARGEST_SKEW).unwrap_or(at))
}

/// The first firing after a moment: `rate(10 minutes)`, or `cron(0/15 * * * ? *)` with minutes and hours.
fn next_firing(expression: &str, after: Timestamp) -> Option<Timestamp> {
    let inner = expression.split_once('(')?.1.trim_end_matches(')');
    let mut parts = inner.split_whitespace();
    let minute = 60;
    if expression.starts_with("rate") {
        let count: i64 = parts.next()?.parse().ok()?;
        let unit = match parts.next()?.trim_end_matches('s') {
            "minute" => minute,
            "hour" => 60 * minute,
            "day" => 24 * 60 * minute,
            _ => return None,
        };
        return Timestamp::from_second((after.as_second() / (count * unit) + 1) * count * unit).ok();
    }
    let (minutes, hours) = (parts.next()?, parts.next()?);
    let mut at = Timestamp::from_second((after.as_second() / minute + 1) * minute).ok()?;
    for _ in 0..2 * 24 * 60 {
        let civil = at.to_zoned(TimeZone::UTC);
        if fits(minutes, civil.minute()) && fits(hours, civil.hour()) {
            return Some(at);
        }
        at = at.checked_add(SignedDuration::from_secs(minute)).ok()?;
    }
    None
}

fn fits(field: &str, value: i8) -> bool {
    field.split(',').any(|part| match part.split_once('/') {
        Some((from, step)) => {
            let (from, step) = (from.parse().unwrap_or(0), step.parse::<i8>().unwrap_or(1).max(1));
            value >= from && (value - from) % step == 0
        }
        None => part == "*" || part.parse() == Ok(value),
    })
}

/// Xero delivers what happened there.
async fn deliver(service: Rc<Service>) {
    loop {
        let happened = service.xero.happened.notified();
        tokio::pin!(happened);
        happened.as_mut().enable();
        service.xero.inside.set_time(service.calendar.now());
        service.xero.inside.deliver(async |_, delivery| hand_over(&service, delivery).await).await;
        match service.xero.inside.next_delivery_at() {
            Some(next) => {
                tokio::select! { biased; () = &mut happened => {}, () = service.calendar.until(next) => {} }
            }
            None => happened.await,
        }
    }
}

async fn hand_over(service: &Rc<Service>, delivery: &Delivery) -> u16 {
    let (body, signature) = (delivery.body.clone(), delivery.signature.clone());
    let status = match service.post.get() {
        Post::Lost => 200,
        Post::Late => {
            let (service, wait) = (service.clone(), service.draw_seconds(LATEST));
            spawn_local(async move {
                tokio::time::sleep(wait).await;
                post(&service, &body, &signature).await;
            });
            200
        }
        how => {
            tokio::time::sleep(DELIVERY).await;
            if how == Post::Twice {
                post(service, &body, &signature).await;
            }
            post(service, &body, &signature).await
        }
    };
    service.xero.inside.set_time(service.calendar.now());
    status
}

async fn post(service: &Service, body: &str, signature: &str) -> u16 {
    let headers = [("x-xero-signature", signature)];
    let answer = service.request("POST", "/webhooks/accounting", None, Some(&json!(body)), &headers).await;
    answer.map_or(0, |answer| answer.status)
}

/// The backend reads what it is told, and acknowledges it once it has it.
async fn read(service: Rc<Service>) {
    loop {
        something(&service, NOTIFICATIONS).await;
        if !service.backend_reads.get() {
            tokio::time::sleep(Duration::from_secs(60)).await;
            continue;
        }
        let batch = service.cloud.receive(NOTIFICATIONS, 10, &mut |below| service.draw(below));
        if batch.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let at = service.calendar.now();
        for message in &batch {
            let notification = serde_json::from_str(&message.body).unwrap_or(Value::Null);
            service.told.borrow_mut().push(Told { at, notification });
        }
        let ids: Vec<u64> = batch.iter().map(|message| message.id).collect();
        if !ids.is_empty() {
            service.cloud.delete(NOTIFICATIONS, &ids);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_fire_when_their_expressions_say() {
        let after: Timestamp = "2026-11-20T09:07:10Z".parse().unwrap();
        let next = |expression| next_firing(expression, after).unwrap().to_string();
        assert_eq!(next("rate(10 minutes)"), "2026-11-20T09:10:00Z");
        assert_eq!(next("rate(1 minute)"), "2026-11-20T09:08:00Z");
        assert_eq!(next("cron(0/15 * * * ? *)"), "2026-11-20T09:15:00Z");
        assert_eq!(next("cron(5 3 * * ? *)"), "2026-11-21T03:05:00Z");
        assert!(next_firing("never", after).is_none());
    }
}
