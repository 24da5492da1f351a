//! Webhooks: signed, batched, doubled, disordered, retried, and given up.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use xero_stand_in::control::{AppRegistration, Choice, Release, WebhookSettings};
use xero_stand_in::{ALEX, HARBOUR_SOUND, QUAYSIDE_COACHING};

use crate::support::{CLIENT_ID, SCOPES, World, app};

/// Looks like base64 and is not decoded.
const KEY: &str = "c2Vzc2lvbmFsLXdlYmhvb2sta2V5LW9mLXRlc3Rz";

/// What the receiver answers, and what it got.
#[derive(Default)]
struct Inbox {
    answer: Option<u16>,
    with_body: bool,
    bodies: Vec<Value>,
    raw: Vec<String>,
}

struct Receiver {
    inbox: Arc<Mutex<Inbox>>,
    world: World,
}

impl Receiver {
    async fn listening() -> Self {
        let inbox = Arc::new(Mutex::new(Inbox::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
        let received = inbox.clone();
        let handler = move |headers: HeaderMap, body: Bytes| {
            let received = received.clone();
            async move { received.lock().unwrap().take(&headers, &body) }
        };
        let router = Router::new().route("/webhooks", axum::routing::post(handler));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let registered = AppRegistration { webhook: Some(WebhookSettings::new(url, KEY)), ..app() };
        let world = World::with(registered, SCOPES, &Choice::allow(ALEX, HARBOUR_SOUND)).await;
        Self { inbox, world }
    }

    fn answers(&self, status: u16) {
        self.inbox.lock().unwrap().answer = Some(status);
    }

    async fn settled(&self) -> Vec<Value> {
        self.world.control().settle_webhooks().await.unwrap();
        std::mem::take(&mut self.inbox.lock().unwrap().bodies)
    }
}

impl Inbox {
    fn take(&mut self, headers: &HeaderMap, body: &[u8]) -> (StatusCode, String) {
        let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
        mac.update(body);
        let expected = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
        if headers["x-xero-signature"] != expected.as_str() {
            return (StatusCode::UNAUTHORIZED, String::new());
        }
        let text = String::from_utf8(body.to_vec()).unwrap();
        self.bodies.push(serde_json::from_str(&text).unwrap());
        self.raw.push(text);
        let body = if self.with_body { "thanks" } else { "" };
        (StatusCode::from_u16(self.answer.unwrap_or(200)).unwrap(), body.to_owned())
    }
}

fn events(bodies: &[Value]) -> Vec<(String, String, Value)> {
    let all = bodies.iter().flat_map(|body| body["events"].as_array().unwrap().clone());
    let text = |event: &Value, key: &str| event[key].as_str().unwrap().to_owned();
    all.map(|event| (text(&event, "eventCategory"), text(&event, "eventType"), event["resourceId"].clone())).collect()
}

#[tokio::test]
async fn point_16_own_writes_and_payments_are_told_with_a_good_signature() {
    let receiver = Receiver::listening().await;
    let id = receiver.world.invoice("SES-1").await;
    let told = events(&receiver.settled().await);
    assert_eq!(told.last().unwrap(), &("INVOICE".to_owned(), "CREATE".to_owned(), json!(id)));
    assert_eq!(told[0].0, "CONTACT");
    receiver.world.control().pay(HARBOUR_SOUND, id).await.unwrap();
    let bodies = receiver.settled().await;
    assert_eq!(events(&bodies), [("INVOICE".to_owned(), "UPDATE".to_owned(), json!(id))]);
    let event = &bodies[0]["events"][0];
    assert_eq!(event["tenantId"], json!(HARBOUR_SOUND));
    assert_eq!(event["tenantType"], "ORGANISATION");
    assert_eq!(event["eventDateUtc"], "2026-11-20T09:42:11.000");
    assert_eq!(event["resourceUrl"], format!("https://api.xero.com/api.xro/2.0/Invoices/{id}"));
    assert_eq!(bodies[0]["firstEventSequence"], bodies[0]["lastEventSequence"]);
    assert_eq!(bodies[0]["entropy"].as_str().unwrap().len(), 20);
}

#[tokio::test]
async fn point_16_a_batch_spans_tenants_and_counts_for_the_app() {
    let mut receiver = Receiver::listening().await;
    receiver.world.consent(SCOPES, &Choice::allow(ALEX, QUAYSIDE_COACHING)).await;
    receiver.settled().await;
    receiver.world.control().hold_webhooks().await.unwrap();
    receiver.world.contact("One").await;
    receiver.world.tenant = QUAYSIDE_COACHING;
    receiver.world.contact("Two").await;
    assert!(receiver.settled().await.is_empty());
    receiver.world.control().release_webhooks(&Release::default()).await.unwrap();
    let bodies = receiver.settled().await;
    assert_eq!(bodies.len(), 1);
    let tenants: Vec<&Value> = bodies[0]["events"].as_array().unwrap().iter().map(|event| &event["tenantId"]).collect();
    assert_eq!(tenants, [&json!(HARBOUR_SOUND), &json!(QUAYSIDE_COACHING)]);
    assert_eq!((&bodies[0]["firstEventSequence"], &bodies[0]["lastEventSequence"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn point_16_deliveries_come_twice_and_out_of_order() {
    let receiver = Receiver::listening().await;
    receiver.world.control().hold_webhooks().await.unwrap();
    receiver.world.contact("One").await;
    receiver.world.contact("Two").await;
    let form = Release { one_by_one: true, reversed: true, copies: 1 };
    receiver.world.control().release_webhooks(&form).await.unwrap();
    let bodies = receiver.settled().await;
    let sequence: Vec<i64> = bodies.iter().map(|body| body["firstEventSequence"].as_i64().unwrap()).collect();
    assert_eq!(sequence, [2, 2, 1, 1]);
    let known = receiver.world.control().deliveries().await.unwrap();
    receiver.world.control().redeliver(known[0].id).await.unwrap();
    assert_eq!(receiver.settled().await, [bodies[0].clone()]);
}

#[tokio::test]
async fn point_16_a_failed_delivery_is_retried_at_once_then_every_quarter_hour() {
    let receiver = Receiver::listening().await;
    receiver.answers(500);
    receiver.world.contact("One").await;
    assert_eq!(receiver.settled().await.len(), 2, "at once, and once more at once");
    let control = receiver.world.control();
    control.advance_clock(14 * 60).await.unwrap();
    assert!(receiver.settled().await.is_empty());
    control.advance_clock(60).await.unwrap();
    assert_eq!(receiver.settled().await.len(), 1);
    receiver.answers(200);
    control.advance_clock(15 * 60).await.unwrap();
    assert_eq!(receiver.settled().await.len(), 1);
    let delivery = &control.deliveries().await.unwrap()[0];
    assert_eq!((delivery.statuses.as_slice(), delivery.delivered), ([500, 500, 500, 200].as_slice(), true));
}

#[tokio::test]
async fn point_16_after_a_day_of_failures_the_webhook_is_disabled_until_it_is_enabled() {
    let receiver = Receiver::listening().await;
    let control = receiver.world.control();
    receiver.answers(404);
    receiver.world.contact("One").await;
    receiver.settled().await;
    control.advance_clock(24 * 60 * 60).await.unwrap();
    assert_eq!(receiver.settled().await.len(), 1, "the last try");
    receiver.answers(200);
    control.advance_clock(24 * 60 * 60).await.unwrap();
    receiver.settled().await;
    assert!(receiver.settled().await.is_empty(), "disabled");
    control.enable_webhook(CLIENT_ID).await.unwrap();
    assert_eq!(receiver.settled().await.len(), 1, "what waited is delivered after all");
}

#[tokio::test]
async fn point_16_the_intent_to_receive_series_has_near_misses_and_sequence_zero() {
    let receiver = Receiver::listening().await;
    let result = receiver.world.control().intent_to_receive(CLIENT_ID).await.unwrap();
    assert!(result.passed, "{result:?}");
    assert_eq!(result.answers, [(false, 401), (true, 200), (false, 401), (true, 200)]);
    let raw = receiver.inbox.lock().unwrap().raw[0].clone();
    assert!(raw.starts_with(r#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": ""#));

    receiver.inbox.lock().unwrap().with_body = true;
    assert!(!receiver.world.control().intent_to_receive(CLIENT_ID).await.unwrap().passed, "a body in the answer");
    receiver.answers(401);
    assert!(!receiver.world.control().intent_to_receive(CLIENT_ID).await.unwrap().passed);
}

#[tokio::test]
async fn events_flow_for_connected_organisations_and_ticked_categories_alone() {
    let receiver = Receiver::listening().await;
    let id = receiver.world.invoice("SES-1").await;
    receiver.settled().await;
    let control = receiver.world.control();
    control.credit(HARBOUR_SOUND, id).await.unwrap();
    assert!(events(&receiver.settled().await).iter().all(|(category, ..)| category == "INVOICE"));
    control.set_switches(&json!({"payments_raise_no_event": true})).await.unwrap();
    let paid = receiver.world.invoice("SES-2").await;
    receiver.settled().await;
    control.pay(HARBOUR_SOUND, paid).await.unwrap();
    assert!(receiver.settled().await.is_empty());
    control.disconnect_app(HARBOUR_SOUND, CLIENT_ID).await.unwrap();
    control
        .archive_contact(
            HARBOUR_SOUND,
            control.snapshot(HARBOUR_SOUND).await.unwrap()["Contacts"][0]["ContactID"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap(),
        )
        .await
        .unwrap();
    assert!(receiver.settled().await.is_empty());
}

#[tokio::test]
async fn a_body_of_ones_own_is_sent_with_a_good_signature() {
    let receiver = Receiver::listening().await;
    let body = r#"{"events":[{"eventCategory":"PAYMENT","eventType":"Create"}],"firstEventSequence":9,"lastEventSequence":9,"entropy":"X"}"#;
    receiver.world.control().send_webhook(CLIENT_ID, body).await.unwrap();
    assert_eq!(receiver.settled().await[0]["events"][0]["eventCategory"], "PAYMENT");
}
