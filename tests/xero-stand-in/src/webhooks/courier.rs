//! Takes deliveries to their receivers: at once, again at once, then at intervals of the stand-in's clock.

use std::time::Duration;

use crate::control::types::Delivery;
use crate::gateway::late;
use crate::server::Shared;

/// Delivers whatever is due by the stand-in's clock, one after the other, and returns when nothing is.
pub(crate) async fn settle(shared: &Shared) {
    let _turn = shared.courier.lock().await;
    while let Some((delivery, url, patience)) = next(shared) {
        let (status, flaws) = post(shared, &url, &delivery, patience).await;
        note(shared, &delivery, status, flaws);
    }
}

/// What is due next, where to, and how long the receiver has.
pub(crate) fn next(shared: &Shared) -> Option<(Delivery, String, Duration)> {
    shared.with(|world| {
        let now = world.clock.now();
        let delivery = world.outbox.next_due(&world.apps, now)?;
        let url = world.apps.get(&delivery.client_id)?.webhook.as_ref()?.url.clone();
        Some((delivery, url, Duration::from_millis(world.switches.webhook_timeout_ms)))
    })
}

/// Notes what became of a try.
pub(crate) fn note(shared: &Shared, delivery: &Delivery, status: u16, flaws: Vec<String>) {
    shared.with(|world| {
        let now = world.clock.now();
        let gives_up = world.outbox.tried(delivery.id, status, flaws, now, &world.switches);
        if let Some(app) = world.apps.get_mut(&delivery.client_id).filter(|_| gives_up) {
            tracing::warn!(client_id = app.client_id, "the webhook failed for too long and is disabled");
            app.webhook_disabled = true;
        }
    });
}

/// Runs for as long as the stand-in does.
pub(crate) async fn run(shared: Shared) {
    loop {
        settle(&shared).await;
        let wait = shared.with(|world| {
            let next = [world.outbox.next_time(&world.apps), late::next(world)].into_iter().flatten().min();
            let next = next.filter(|_| !world.clock.is_frozen())?;
            Duration::try_from(next.duration_since(world.clock.now())).ok()
        });
        match wait {
            Some(wait) => {
                tokio::select! {
                    () = shared.wake.notified() => {}
                    () = tokio::time::sleep(wait.max(Duration::from_millis(5))) => {}
                }
            }
            None => shared.wake.notified().await,
        }
    }
}

/// Posts one delivery: the status, or 0 when none came in time, and what the answer should not have had.
pub(crate) async fn post(shared: &Shared, url: &str, delivery: &Delivery, timeout: Duration) -> (u16, Vec<String>) {
    let request = shared
        .http
        .post(url)
        .timeout(timeout)
        .header("content-type", "application/json; charset=utf-8")
        .header("x-xero-signature", &delivery.signature)
        .body(delivery.body.clone());
    let Ok(response) = request.send().await else { return (0, Vec::new()) };
    let status = response.status().as_u16();
    let mut flaws = Vec::new();
    if response.headers().contains_key("set-cookie") {
        flaws.push("the answer sets a cookie".to_owned());
    }
    match response.bytes().await {
        Ok(body) if body.is_empty() => {}
        Ok(_) => flaws.push("the answer has a body".to_owned()),
        Err(_) => return (0, flaws),
    }
    (status, flaws)
}
