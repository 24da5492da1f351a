//! Reading an answer that is not a success: by status first, then as JSON, then as text.
//!
//! Xero has at least five forms (problem JSON, exception JSON, elements with errors, plain text,
//! nothing at all) and writes keys in either case.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::Value;

use super::{Error, LimitProblem, UnauthorizedReason};
use crate::element::{Sentences, complaints, field};
use crate::refusal::Refusal;

/// The longest wait that is believed; a day limit ends within a day.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The error that an answer stands for.
pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let correlation_id = correlation_id(headers);
    match status {
        StatusCode::TOO_MANY_REQUESTS => Error::RateLimited {
            problem: problem(text(headers, "x-rate-limit-problem")),
            retry_after: retry_after(headers),
            correlation_id,
        },
        StatusCode::UNAUTHORIZED => Error::Unauthorized { reason: unauthorized(headers, body), correlation_id },
        StatusCode::FORBIDDEN => Error::Forbidden { correlation_id },
        StatusCode::NOT_FOUND => Error::NotFound { correlation_id },
        StatusCode::SERVICE_UNAVAILABLE if contains(body, "offline") => Error::Offline { correlation_id },
        status if status.is_client_error() => bad_request(status, body, correlation_id),
        status if status.is_server_error() => Error::Server { status: status.as_u16(), correlation_id },
        _ => Error::Malformed { what: "a success or an error", correlation_id },
    }
}

/// What Xero's support asks for.
pub(crate) fn correlation_id(headers: &HeaderMap) -> Option<String> {
    short(text(headers, "xero-correlation-id"))
}

/// `Retry-After` in seconds.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

/// A header's text.
fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// Only what looks like an identifier, so that nothing else can get into an error.
fn short(text: Option<&str>) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    text.filter(|text| (1..=64).contains(&text.len()) && text.bytes().all(plain)).map(str::to_owned)
}

fn problem(header: Option<&str>) -> LimitProblem {
    match header.map(str::to_ascii_lowercase).as_deref() {
        Some("minute") => LimitProblem::Minute,
        Some("day") => LimitProblem::Day,
        Some("concurrent") => LimitProblem::Concurrent,
        Some("appminute") => LimitProblem::AppMinute,
        _ => LimitProblem::Unknown,
    }
}

fn unauthorized(headers: &HeaderMap, body: &[u8]) -> UnauthorizedReason {
    let challenge = headers.get(WWW_AUTHENTICATE);
    let scope = challenge.is_some_and(|value| contains(value.as_bytes(), "insufficient_scope"));
    if scope || contains(body, "AuthorizationUnsuccessful") {
        UnauthorizedReason::ScopeMissing
    } else if contains(body, "TokenExpired") {
        UnauthorizedReason::TokenExpired
    } else {
        UnauthorizedReason::TokenRejected
    }
}

fn contains(body: &[u8], fragment: &str) -> bool {
    body.windows(fragment.len()).any(|window| window.eq_ignore_ascii_case(fragment.as_bytes()))
}

fn bad_request(status: StatusCode, body: &[u8], correlation_id: Option<String>) -> Error {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let kind = short(field(&json, "Type").and_then(Value::as_str));
    let message = field(&json, "Message").and_then(Value::as_str);
    let elements = refused(&json, message, kind.as_deref());
    if is_key_conflict(message, &elements, &json, body) {
        return Error::IdempotencyConflict { correlation_id };
    }
    if !elements.is_empty() {
        return Error::Validation { elements, correlation_id };
    }
    Error::BadRequest {
        status: status.as_u16(),
        error_number: field(&json, "ErrorNumber").and_then(Value::as_i64),
        kind,
        correlation_id,
    }
}

/// Looks at what Xero says and never at what it echoes: a line may be about idempotency keys.
fn is_key_conflict(message: Option<&str>, elements: &[Sentences], json: &Value, body: &[u8]) -> bool {
    let about_key = |sentence: &str| Refusal::of(sentence) == Refusal::IdempotencyKey;
    message.is_some_and(about_key)
        || elements.iter().flat_map(|e| e.iter()).any(|sentence| about_key(sentence))
        || (json.is_null() && contains(body, "idempotency key"))
}

/// The reasons by element; where Xero names no element, its message is the reason.
fn refused(json: &Value, message: Option<&str>, kind: Option<&str>) -> Vec<Sentences> {
    let elements = field(json, "Elements").and_then(Value::as_array);
    let reasons: Vec<Sentences> = elements
        .into_iter()
        .flatten()
        .map(|element| complaints(element, "ValidationErrors"))
        .filter(|sentences| !sentences.is_empty())
        .map(Sentences::from)
        .collect();
    if !reasons.is_empty() || kind != Some("ValidationException") {
        return reasons;
    }
    message.map(|message| Sentences::from(vec![message.to_owned()])).into_iter().collect()
}
