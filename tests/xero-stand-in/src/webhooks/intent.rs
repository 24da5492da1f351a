//! The intent-to-receive series: some calls signed rightly, some wrong by a single character.

use std::time::Duration;

use super::courier::post;
use super::{entropy, sign};
use crate::control::types::{Delivery, IntentToReceive};
use crate::server::Shared;

/// Which calls of the series carry a good signature.
const SERIES: [bool; 4] = [false, true, false, true];

/// Sends the series to an app's webhook and judges the answers; a pass enables the webhook.
pub(crate) async fn run(shared: &Shared, client_id: &str) -> Option<IntentToReceive> {
    let (webhook, timeout) = shared.with(|world| {
        let webhook = world.apps.get(client_id)?.webhook.clone()?;
        Some((webhook, world.switches.webhook_timeout_ms))
    })?;
    let mut result = IntentToReceive { passed: true, answers: Vec::new(), problems: Vec::new() };
    for (place, good) in SERIES.into_iter().enumerate() {
        let body = format!(
            "{{\"events\":[],\"firstEventSequence\": 0,\"lastEventSequence\": 0, \"entropy\": \"{}\"}}",
            entropy()
        );
        let right = sign(&webhook.key, body.as_bytes());
        let signature = if good { right } else { off_by_one(&right, place) };
        let delivery = Delivery {
            id: crate::ids::fresh(),
            client_id: client_id.to_owned(),
            body,
            signature,
            tries: Vec::new(),
            statuses: Vec::new(),
            due: None,
            delivered: false,
            flaws: Vec::new(),
        };
        let (status, flaws) = post(shared, &webhook.url, &delivery, Duration::from_millis(timeout)).await;
        let expected = if good { 200 } else { 401 };
        if status != expected {
            result.problems.push(format!("call {}: expected {expected}, got {status}", place + 1));
        }
        result.problems.extend(flaws);
        result.answers.push((good, status));
    }
    result.passed = result.problems.is_empty();
    shared.with(|world| {
        let now = world.clock.now();
        if let Some(app) = world.apps.get_mut(client_id) {
            app.webhook_disabled = !result.passed;
        }
        if result.passed {
            world.outbox.resume(client_id, now);
        }
    });
    shared.wake.notify_one();
    Some(result)
}

/// The signature with one character changed: near its start, or the very last before the padding.
fn off_by_one(signature: &str, place: usize) -> String {
    let at = if place == 0 { 0 } else { signature.len().saturating_sub(2) };
    let changed = |(index, c): (usize, char)| match c {
        'A' if index == at => 'E',
        _ if index == at => 'A',
        _ => c,
    };
    signature.chars().enumerate().map(changed).collect()
}

#[cfg(test)]
mod tests {
    use super::off_by_one;

    #[test]
    fn a_near_miss_differs_in_one_character_alone() {
        let signature = "Q7DO+ZJl+eNMEOqdNQGSbSezn1fG1nRWHYuiNueoGfs=";
        for place in [0, 2] {
            let wrong = off_by_one(signature, place);
            let differences = wrong.chars().zip(signature.chars()).filter(|(left, right)| left != right).count();
            assert_eq!(differences, 1);
        }
    }
}
