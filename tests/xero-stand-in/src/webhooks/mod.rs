//! Webhooks: what happened becomes events, events become signed deliveries.

pub(crate) mod courier;
pub(crate) mod intent;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use crate::control::types::{Delivery, Release};
use crate::json::Json;
use crate::switches::Switches;
use crate::time::{later, milliseconds};
use crate::world::App;
use crate::world::ledger::Happened;

/// Events and deliveries of all apps.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outbox {
    held: bool,
    events: Vec<Event>,
    pub(crate) deliveries: Vec<Delivery>,
    /// The last sequence number by app, or by app and tenant.
    sequences: BTreeMap<String, i64>,
    /// When an app's endpoint began to fail.
    failing_since: BTreeMap<String, Timestamp>,
}

/// An event that waits for its delivery.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Event {
    client_id: String,
    /// Events of one group may share a delivery.
    group: String,
    sequence: i64,
    json: Json,
}

impl Outbox {
    /// Notes an event for an app that listens to its category.
    pub(crate) fn queue(&mut self, app: &App, tenant: Uuid, happened: &Happened, switches: &Switches) {
        let Some(webhook) = &app.webhook else { return };
        let category = happened.category.name();
        let wanted = webhook.categories.iter().any(|known| known == category);
        if !wanted || (happened.by_payment && switches.payments_raise_no_event) {
            return;
        }
        let group =
            if switches.sequence_per_tenant { format!("{} {tenant}", app.client_id) } else { app.client_id.clone() };
        let sequence = self.sequences.entry(group.clone()).or_default();
        *sequence += 1;
        let data = happened
            .data
            .as_ref()
            .map(|(kind, status)| Json::object().with("Type", kind.as_str()).with("Status", status.as_str()));
        let resource = happened.category.resource();
        let json = Json::object()
            .with("resourceUrl", format!("https://api.xero.com/api.xro/2.0/{resource}/{}", happened.id))
            .with("resourceId", happened.id)
            .with("tenantId", tenant)
            .with("tenantType", "ORGANISATION")
            .with("eventCategory", category)
            .with("eventType", if happened.created { "CREATE" } else { "UPDATE" })
            .with("eventDateUtc", milliseconds(happened.at))
            .with_some("data", data);
        self.events.push(Event { client_id: app.client_id.clone(), group, sequence: *sequence, json });
    }

    /// Keeps events back, so that they can be let go in a chosen form.
    pub(crate) fn hold(&mut self) {
        self.held = true;
    }

    /// Lets held events go.
    pub(crate) fn release(&mut self, apps: &BTreeMap<String, App>, form: &Release, now: Timestamp) {
        self.held = false;
        let mut events = std::mem::take(&mut self.events);
        if form.reversed {
            events.reverse();
        }
        let mut batches: Vec<Vec<Event>> = Vec::new();
        for event in events {
            let fits = |batch: &&mut Vec<Event>| {
                !form.one_by_one && batch.first().is_some_and(|first| first.group == event.group)
            };
            match batches.iter_mut().find(fits) {
                Some(batch) => batch.push(event),
                None => batches.push(vec![event]),
            }
        }
        for batch in batches {
            let Some(delivery) = packed(apps, &batch, now) else { continue };
            for _ in 0..form.copies {
                self.deliveries.push(Delivery { id: crate::ids::fresh(), ..delivery.clone() });
            }
            self.deliveries.push(delivery);
        }
    }

    /// The next delivery that is due, with events packed first unless they are held.
    pub(crate) fn next_due(&mut self, apps: &BTreeMap<String, App>, now: Timestamp) -> Option<Delivery> {
        if !self.held && !self.events.is_empty() {
            self.release(apps, &Release::default(), now);
        }
        let open = |delivery: &&Delivery| {
            delivery.due.is_some_and(|due| due <= now)
                && apps.get(&delivery.client_id).is_some_and(|app| app.webhook.is_some() && !app.webhook_disabled)
        };
        self.deliveries.iter().find(open).cloned()
    }

    /// When the next delivery is due.
    pub(crate) fn next_time(&self, apps: &BTreeMap<String, App>) -> Option<Timestamp> {
        let enabled = |delivery: &&Delivery| apps.get(&delivery.client_id).is_some_and(|app| !app.webhook_disabled);
        self.deliveries.iter().filter(enabled).filter_map(|delivery| delivery.due).min()
    }

    /// Notes the outcome of a try; true when the webhook has now failed for too long.
    pub(crate) fn tried(
        &mut self,
        id: Uuid,
        status: u16,
        flaws: Vec<String>,
        at: Timestamp,
        switches: &Switches,
    ) -> bool {
        let Some(delivery) = self.deliveries.iter_mut().find(|delivery| delivery.id == id) else { return false };
        delivery.tries.push(at);
        delivery.statuses.push(status);
        delivery.flaws = flaws;
        delivery.delivered = (200..300).contains(&status);
        if delivery.delivered {
            delivery.due = None;
            self.failing_since.remove(&delivery.client_id);
            return false;
        }
        let wait = if delivery.tries.len() == 1 { 0 } else { switches.webhook_retry_seconds };
        delivery.due = Some(later(at, wait));
        let since = *self.failing_since.entry(delivery.client_id.clone()).or_insert(at);
        at >= later(since, switches.webhook_give_up_seconds)
    }

    /// After the owner enabled the webhook again: what waits is due now, in order.
    pub(crate) fn resume(&mut self, client_id: &str, now: Timestamp) {
        self.failing_since.remove(client_id);
        for delivery in self.deliveries.iter_mut().filter(|d| d.client_id == client_id && d.due.is_some()) {
            delivery.due = Some(now);
        }
    }

    /// Sends a delivery again, as at-least-once may.
    pub(crate) fn redeliver(&mut self, id: Uuid, now: Timestamp) -> Option<Uuid> {
        let known = self.deliveries.iter().find(|delivery| delivery.id == id)?.clone();
        Some(self.push(&known.client_id, known.body, known.signature, now))
    }

    /// Queues a body as it is.
    pub(crate) fn push(&mut self, client_id: &str, body: String, signature: String, now: Timestamp) -> Uuid {
        let delivery = Delivery {
            id: crate::ids::fresh(),
            client_id: client_id.to_owned(),
            body,
            signature,
            tries: Vec::new(),
            statuses: Vec::new(),
            due: Some(now),
            delivered: false,
            flaws: Vec::new(),
        };
        let id = delivery.id;
        self.deliveries.push(delivery);
        id
    }
}

fn packed(apps: &BTreeMap<String, App>, events: &[Event], now: Timestamp) -> Option<Delivery> {
    let first = events.first()?;
    let key = &apps.get(&first.client_id)?.webhook.as_ref()?.key;
    let body = Json::object()
        .with("events", Json::List(events.iter().map(|event| event.json.clone()).collect()))
        .with("firstEventSequence", events.iter().map(|event| event.sequence).min().unwrap_or_default())
        .with("lastEventSequence", events.iter().map(|event| event.sequence).max().unwrap_or_default())
        .with("entropy", entropy())
        .to_string();
    Some(Delivery {
        id: crate::ids::fresh(),
        client_id: first.client_id.clone(),
        signature: sign(key, body.as_bytes()),
        body,
        tries: Vec::new(),
        statuses: Vec::new(),
        due: Some(now),
        delivered: false,
        flaws: Vec::new(),
    })
}

/// The signature header: base64 of HMAC-SHA256, keyed with the literal characters of the key.
pub(crate) fn sign(key: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Twenty capital letters.
pub(crate) fn entropy() -> String {
    let (one, two) = (crate::ids::fresh(), crate::ids::fresh());
    let bytes = one.as_bytes().iter().chain(two.as_bytes());
    bytes.take(20).map(|byte| char::from(b'A' + byte % 26)).collect()
}

#[cfg(test)]
mod tests {
    use super::sign;

    #[test]
    fn the_key_is_signed_with_as_it_is_written_and_never_decoded() {
        // HMAC-SHA256("dGVzdA==", "{}"), keyed with the eight characters.
        let literal = sign("dGVzdA==", b"{}");
        assert_ne!(literal, sign("test", b"{}"));
        assert_eq!(literal.len(), 44);
    }
}
