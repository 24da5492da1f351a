//! Deliveries as Xero makes them: a body, its signature, and the event in which API Gateway passes both on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

/// The signature of a body: the key's characters are the key.
///
/// # Panics
/// Never: HMAC takes a key of any length.
#[must_use]
#[expect(clippy::expect_used, reason = "see the message")]
pub fn sign(key: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// One event about an invoice.
#[must_use]
pub fn event(tenant: Uuid, invoice: Uuid) -> Value {
    json!({
        "resourceUrl": format!("https://api.xero.com/api.xro/2.0/Invoices/{invoice}"),
        "resourceId": invoice,
        "tenantId": tenant,
        "tenantType": "ORGANISATION",
        "eventCategory": "INVOICE",
        "eventType": "UPDATE",
        "eventDateUtc": "2026-11-20T09:42:11.902",
    })
}

/// The body of a delivery.
#[must_use]
pub fn body(events: &[Value], sequence: i64) -> String {
    let last = sequence + i64::try_from(events.len()).unwrap_or(1).max(1) - 1;
    json!({
        "events": events,
        "firstEventSequence": sequence,
        "lastEventSequence": last,
        "entropy": "QWERTYUIOPASDFGHJKLZ",
    })
    .to_string()
}

/// What API Gateway makes of a delivery.
#[must_use]
pub fn gateway_event(body: &str, signature: &str, base64: bool) -> Value {
    let body = if base64 { STANDARD.encode(body) } else { body.to_owned() };
    json!({
        "version": "2.0",
        "routeKey": "POST /webhooks/accounting",
        "rawPath": "/webhooks/accounting",
        "rawQueryString": "",
        "headers": { "content-type": "application/json; charset=utf-8", "host": "localhost", "x-xero-signature": signature },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "localhost",
            "domainPrefix": "local",
            "http": {
                "method": "POST",
                "path": "/webhooks/accounting",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "drive",
            },
            "requestId": "drive",
            "routeKey": "POST /webhooks/accounting",
            "stage": "$default",
            "time": "20/Nov/2026:09:30:00 +0000",
            "timeEpoch": 1_795_253_400_000_i64,
        },
        "body": body,
        "isBase64Encoded": base64,
    })
}
