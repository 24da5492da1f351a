//! The webhook's promises, through its own code and the AWS SDK, with the AWS calls counted by a stub.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests may panic as the tests do")]

use std::time::Instant;

use aws::queues::Queue;
use aws::secrets::Secrets;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use drive::aws_stub::AwsStub;
use drive::deliveries::{body, event, gateway_event, sign};
use lambda_http::{Body, Request};
use serde_json::{Value, json};
use uuid::Uuid;
use webhook::{App, Keys, MAX_BODY, StoredKey};

const KEY: &str = "the-key-of-these-tests==";
const SEND: &str = "AmazonSQS.SendMessageBatch";
const READ_KEY: &str = "secretsmanager.GetSecretValue";
const VECTORS: &str = include_str!("../../vectors/signatures.json");

async fn webhook(key: &str) -> anyhow::Result<(App, AwsStub)> {
    let stub = AwsStub::start(key).await?;
    let sdk = sdk_of(&stub)?;
    let keys = Keys::read(StoredKey::new(Secrets::new(&sdk), "webhook-key".to_owned()), Instant::now).await;
    Ok((App::new(keys, Queue::new(&sdk, format!("{}/queue", stub.url()))), stub))
}

fn sdk_of(stub: &AwsStub) -> anyhow::Result<aws_types::SdkConfig> {
    let keys = aws::sdk::Keys { id: "test".to_owned(), secret: "test".to_owned(), session: None };
    Ok(aws::sdk::configured("eu-west-2".to_owned(), keys, Some(stub.url().to_owned()))?)
}

fn request(event: &Value) -> Request {
    lambda_http::request::from_str(&event.to_string()).unwrap()
}

/// A delivery whose body need not be text: the gateway passes it on in base64.
fn raw(body: &[u8], signatures: &[&str]) -> Request {
    let mut event = gateway_event("", &signatures.join(","), false);
    event["body"] = STANDARD.encode(body).into();
    event["isBase64Encoded"] = true.into();
    if signatures.is_empty() {
        event["headers"].as_object_mut().unwrap().remove("x-xero-signature");
    }
    request(&event)
}

/// The status; whatever it is, body and headers are empty.
async fn answer(app: &App, request: Request) -> u16 {
    let Ok(answer) = app.handle(request).await;
    assert!(matches!(answer.body(), Body::Empty), "the answer has a body");
    assert!(answer.headers().is_empty(), "the answer has headers: {:?}", answer.headers());
    answer.status().as_u16()
}

fn deliveries_of(tenants: usize, invoices: usize) -> String {
    let tenants = (0..tenants).map(|_| Uuid::new_v4());
    let events: Vec<Value> =
        tenants.flat_map(|tenant| (0..invoices).map(move |_| event(tenant, Uuid::new_v4()))).collect();
    body(&events, 1)
}

#[tokio::test]
async fn what_another_implementation_signed_is_accepted_and_nothing_else() -> anyhow::Result<()> {
    let file: Value = serde_json::from_str(VECTORS)?;
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 32);
    for vector in vectors {
        let part = STANDARD.decode(vector["body_base64"].as_str().unwrap())?;
        let whole = part.repeat(usize::try_from(vector["times"].as_u64().unwrap())?);
        let (key, signature) = (vector["key"].as_str().unwrap(), vector["signature"].as_str().unwrap());
        let (app, stub) = webhook(key).await?;
        // Signed, and yet most of these are no payloads: they are acknowledged, and nothing is queued.
        assert_eq!(answer(&app, raw(&whole, &[signature])).await, 200, "{}", vector["name"]);
        let mut altered = whole.clone();
        match altered.last_mut() {
            Some(last) => *last ^= 1,
            None => altered.push(b' '),
        }
        assert_eq!(answer(&app, raw(&altered, &[signature])).await, 401, "{}", vector["name"]);
        assert_eq!(stub.seen().calls_of(SEND), 0);
    }
    Ok(())
}

#[tokio::test]
async fn a_signature_under_the_decoded_key_is_refused() -> anyhow::Result<()> {
    let file: Value = serde_json::from_str(VECTORS)?;
    let first = &file["vectors"][0];
    let (app, _stub) = webhook(first["key"].as_str().unwrap()).await?;
    let intent = STANDARD.decode(first["body_base64"].as_str().unwrap())?;
    let decoded = file["under_the_decoded_key"].as_str().unwrap();
    assert_eq!(answer(&app, raw(&intent, &[decoded])).await, 401);
    Ok(())
}

#[tokio::test]
async fn one_wrong_character_at_any_place_of_body_or_signature_is_refused() -> anyhow::Result<()> {
    let (app, stub) = webhook(KEY).await?;
    let body = deliveries_of(1, 1);
    let right = sign(KEY, body.as_bytes());
    for at in 0..right.len() {
        let mut near = right.clone().into_bytes();
        near[at] = if near[at] == b'A' { b'E' } else { b'A' };
        let near = String::from_utf8(near)?;
        assert_eq!(answer(&app, request(&gateway_event(&body, &near, false))).await, 401, "signature, place {at}");
    }
    for at in 0..body.len() {
        let mut altered = body.clone().into_bytes();
        altered[at] ^= 1;
        assert_eq!(answer(&app, raw(&altered, &[&right])).await, 401, "body, place {at}");
    }
    let seen = stub.seen();
    assert_eq!(seen.calls_of(SEND), 0, "nothing forged reached the queue");
    assert_eq!(seen.calls_of(READ_KEY), 2, "one reading at the start, one for all of them");
    assert_eq!(answer(&app, request(&gateway_event(&body, &right, false))).await, 200);
    Ok(())
}

#[tokio::test]
async fn missing_doubled_and_oversized_headers_are_refused() -> anyhow::Result<()> {
    let (app, stub) = webhook(KEY).await?;
    let body = deliveries_of(1, 1);
    let right = sign(KEY, body.as_bytes());
    let long = format!("{right}{}", "A".repeat(100_000));
    for wrong in [&[][..], &[""], &[" "], &[&right, &right], &[&right, ""], &["", &right], &[&long], &["\u{e9}"]] {
        assert_eq!(answer(&app, raw(body.as_bytes(), wrong)).await, 401, "{} headers", wrong.len());
    }
    // Two headers that no gateway has joined.
    let mut doubled = raw(body.as_bytes(), &[&right]);
    doubled.headers_mut().append("x-xero-signature", right.parse()?);
    assert_eq!(answer(&app, doubled).await, 401);
    assert_eq!(stub.seen().calls_of(SEND), 0);
    assert_eq!(answer(&app, raw(body.as_bytes(), &[&right])).await, 200);
    Ok(())
}

#[tokio::test]
async fn the_body_counts_as_it_was_sent_however_the_gateway_passes_it_on() -> anyhow::Result<()> {
    let (app, stub) = webhook(KEY).await?;
    let odd = deliveries_of(1, 1).replace("QWERTY", "caf\u{e9} \u{20ac} \u{1f980}").replace(',', " ,\r\n");
    let right = sign(KEY, odd.as_bytes());
    for base64 in [false, true] {
        assert_eq!(answer(&app, request(&gateway_event(&odd, &right, base64))).await, 200, "base64: {base64}");
    }
    assert_eq!(stub.seen().messages.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_even_when_it_is_signed() -> anyhow::Result<()> {
    let (app, stub) = webhook(KEY).await?;
    let mut body = deliveries_of(1, 1);
    body.push_str(&" ".repeat(MAX_BODY - body.len()));
    assert_eq!(answer(&app, raw(body.as_bytes(), &[&sign(KEY, body.as_bytes())])).await, 200);
    body.push(' ');
    assert_eq!(answer(&app, raw(body.as_bytes(), &[&sign(KEY, body.as_bytes())])).await, 401);
    assert_eq!(stub.seen().messages.len(), 1);
    Ok(())
}

#[tokio::test]
async fn the_intent_to_receive_is_answered_rightly_and_calls_nothing() -> anyhow::Result<()> {
    let (app, stub) = webhook(KEY).await?;
    let intent = r#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "S0M3R4ND0MENTR0PY"}"#;
    let right = sign(KEY, intent.as_bytes());
    let near = format!("{}{}", if right.starts_with('A') { 'E' } else { 'A' }, &right[1..]);
    for (signature, expected) in [(&near, 401), (&right, 200), (&near, 401), (&right, 200)] {
        assert_eq!(answer(&app, request(&gateway_event(intent, signature, false))).await, expected);
    }
    assert_eq!(stub.seen().calls_of(SEND), 0);
    Ok(())
}

#[tokio::test]
async fn one_call_to_aws_takes_ten_queue_entries_and_there_is_no_other() -> anyhow::Result<()> {
    for (tenants, invoices, entries) in [(1, 1, 1), (1, 100, 1), (1, 101, 2), (10, 3, 10), (11, 1, 11), (4, 250, 12)] {
        let (app, stub) = webhook(KEY).await?;
        let body = deliveries_of(tenants, invoices);
        let before = stub.seen();
        assert_eq!(answer(&app, request(&gateway_event(&body, &sign(KEY, body.as_bytes()), false))).await, 200);
        let seen = stub.seen();
        let calls = seen.calls.values().sum::<u64>() - before.calls.values().sum::<u64>();
        assert_eq!(seen.messages.len(), entries, "{tenants} tenants with {invoices} invoices");
        assert_eq!(seen.calls_of(SEND), u64::try_from(entries.div_ceil(10))?);
        assert_eq!(calls, seen.calls_of(SEND), "only the queue is called: {:?}", seen.calls);
        let hints = seen.messages.iter().map(|message| serde_json::from_str::<Value>(message));
        let named: usize = hints.map(|hint| hint.unwrap()["invoice_ids"].as_array().unwrap().len()).sum();
        assert_eq!(named, tenants * invoices);
    }
    Ok(())
}

#[tokio::test]
async fn names_are_read_without_regard_to_case_and_what_is_new_is_acknowledged() -> anyhow::Result<()> {
    let (app, stub) = webhook(KEY).await?;
    let (tenant, ours) = (Uuid::new_v4(), Uuid::new_v4());
    let with = |category: &str, kind: &str, id: Uuid| {
        let mut event = event(tenant, id);
        event["eventCategory"] = category.into();
        event["eventType"] = kind.into();
        event
    };
    let other = Uuid::new_v4();
    let events = [
        with("invoice", "Update", ours),
        with("INVOICE", "CREATE", ours),
        with("PAYMENT", "CREATE", other),
        with("BUDGET", "UPDATE", other),
        json!({}),
    ];
    let body = body(&events, 1);
    assert_eq!(answer(&app, request(&gateway_event(&body, &sign(KEY, body.as_bytes()), false))).await, 200);
    let messages = stub.seen().messages;
    assert_eq!(messages.len(), 1);
    assert_eq!(serde_json::from_str::<Value>(&messages[0])?["invoice_ids"], json!([ours]));
    Ok(())
}

#[tokio::test]
async fn while_the_queue_is_out_of_reach_xero_is_asked_to_come_again() -> anyhow::Result<()> {
    let (app, stub) = webhook(KEY).await?;
    let body = deliveries_of(1, 1);
    let event = gateway_event(&body, &sign(KEY, body.as_bytes()), false);
    stub.set_queue(false);
    assert_eq!(answer(&app, request(&event)).await, 500);
    stub.set_queue(true);
    assert_eq!(answer(&app, request(&event)).await, 200);
    assert_eq!(stub.seen().messages.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_rotated_key_counts_without_a_deploy_and_forgeries_cost_one_reading() -> anyhow::Result<()> {
    let (app, stub) = webhook(KEY).await?;
    stub.set_key(Some("the key after the rotation"));
    let body = deliveries_of(1, 1);
    let signed = |key: &str| gateway_event(&body, &sign(key, body.as_bytes()), false);
    assert_eq!(answer(&app, request(&signed("the key after the rotation"))).await, 200);
    assert_eq!(answer(&app, request(&signed(KEY))).await, 401, "the old key opens nothing any more");
    for _ in 0..300 {
        assert_eq!(answer(&app, request(&signed("forged"))).await, 401);
    }
    assert_eq!(stub.seen().calls_of(READ_KEY), 2);
    Ok(())
}

#[tokio::test]
async fn without_a_key_from_the_start_nothing_is_taken_and_xero_comes_again() -> anyhow::Result<()> {
    let stub = AwsStub::start(KEY).await?;
    stub.set_key(None);
    let sdk = sdk_of(&stub)?;
    let keys = Keys::read(StoredKey::new(Secrets::new(&sdk), "webhook-key".to_owned()), Instant::now).await;
    let app = App::new(keys, Queue::new(&sdk, format!("{}/queue", stub.url())));
    let body = deliveries_of(1, 1);
    for signature in [sign(KEY, body.as_bytes()), "forged".to_owned()] {
        assert_eq!(answer(&app, request(&gateway_event(&body, &signature, false))).await, 500);
    }
    assert_eq!(stub.seen().calls_of(SEND), 0);
    assert_eq!(stub.seen().calls_of(READ_KEY), 1);
    Ok(())
}
