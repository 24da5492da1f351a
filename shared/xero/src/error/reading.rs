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

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    fn answer(status: u16, body: &str) -> Error {
        read(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
    }

    fn reason(body: &str) -> UnauthorizedReason {
        match answer(401, body) {
            Error::Unauthorized { reason, .. } => reason,
            other => panic!("{other:?}"),
        }
    }

    fn sentences(error: &Error) -> Vec<Vec<String>> {
        match error {
            Error::Validation { elements, .. } => elements.iter().map(|e| e.to_vec()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_401_is_told_apart_by_its_detail_in_either_case_of_keys() {
        for (detail, expected) in [
            ("TokenExpired: token expired at 11/20/2026 10:02:11", UnauthorizedReason::TokenExpired),
            ("AuthenticationUnsuccessful", UnauthorizedReason::TokenRejected),
            ("TokenInvalidSignature", UnauthorizedReason::TokenRejected),
            ("AuthorizationUnsuccessful", UnauthorizedReason::ScopeMissing),
        ] {
            let upper = format!(
                r#"{{"Type":null,"Title":"Unauthorized","Status":401,"Detail":"{detail}","Instance":"3f0f7d2a-0000-4000-8000-000000000004","Extensions":{{}}}}"#
            );
            let lower = format!(r#"{{"title":"Unauthorized","status":401,"detail":"{detail}"}}"#);
            assert_eq!((reason(&upper), reason(&lower)), (expected, expected), "{detail}");
        }
        assert_eq!(reason(""), UnauthorizedReason::TokenRejected);
        let challenge = headers(&[("www-authenticate", "Bearer error=insufficient_scope")]);
        assert!(matches!(
            read(StatusCode::UNAUTHORIZED, &challenge, b""),
            Error::Unauthorized { reason: UnauthorizedReason::ScopeMissing, .. }
        ));
    }

    #[test]
    fn a_429_has_no_body_and_says_everything_in_its_headers() {
        let recorded = headers(&[
            ("x-daylimit-remaining", "344"),
            ("x-minlimit-remaining", "0"),
            ("retry-after", "26"),
            ("x-rate-limit-problem", "minute"),
            ("xero-correlation-id", "0f0c2b7e-0000-4000-8000-000000000002"),
        ]);
        assert_eq!(
            read(StatusCode::TOO_MANY_REQUESTS, &recorded, b""),
            Error::RateLimited {
                problem: LimitProblem::Minute,
                retry_after: Some(Duration::from_secs(26)),
                correlation_id: Some("0f0c2b7e-0000-4000-8000-000000000002".to_owned()),
            }
        );
    }

    #[test]
    fn a_limit_may_be_unnamed_new_or_without_a_wait() {
        for (name, expected) in [
            ("Concurrent", LimitProblem::Concurrent),
            ("DAY", LimitProblem::Day),
            ("appMinute", LimitProblem::AppMinute),
            ("hour", LimitProblem::Unknown),
        ] {
            assert_eq!(problem(Some(name)), expected);
        }
        assert_eq!(problem(None), LimitProblem::Unknown);
        for (value, wait) in [("soon", None), ("-1", None), ("999999999", Some(MAX_RETRY_AFTER))] {
            assert_eq!(retry_after(&headers(&[("retry-after", value)])), wait, "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn an_exception_names_each_refused_element_and_everything_inside_it() {
        let error = answer(
            400,
            r#"{"ErrorNumber":10,"Type":"ValidationException","Message":"A validation exception occurred",
               "Elements":[{"InvoiceID":"00000000-0000-0000-0000-000000000000",
                 "LineItems":[{"ValidationErrors":[{"Description":"Account code 'X' is not a valid code for this document."}]}],
                 "Contact":{"ValidationErrors":[{"Message":"The status 'ARCHIVED' is not valid for contacts"}]},
                 "ValidationErrors":[{"Message":"Invoice # must be unique."},{"Message":"Invoice # must be unique."}]},
                {"InvoiceID":"1d0f0000-0000-4000-8000-000000000020","ValidationErrors":[]}]}"#,
        );
        let found = sentences(&error);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].len(), 3);
        assert!(error.may_have_happened());
    }

    #[test]
    fn an_exception_without_elements_is_its_message() {
        let error = answer(
            400,
            r#"{"errorNumber":10,"type":"ValidationException","message":"Organisation is not subscribed to currency EUR"}"#,
        );
        assert_eq!(sentences(&error), [["Organisation is not subscribed to currency EUR"]]);
    }

    #[test]
    fn a_used_key_is_a_conflict_wherever_it_is_said() {
        let said = "Idempotency Key: k is used with a different request.";
        for body in [
            format!(r#"{{"Message":"{said}"}}"#),
            format!(r#"{{"Type":"ValidationException","Elements":[{{"ValidationErrors":[{{"Message":"{said}"}}]}}]}}"#),
            said.to_owned(),
        ] {
            assert!(matches!(answer(400, &body), Error::IdempotencyConflict { .. }), "{body}");
        }
    }

    #[test]
    fn an_echoed_line_about_idempotency_keys_is_no_conflict() {
        let body = r#"{"Type":"ValidationException","Elements":[{"LineItems":[{"Description":"Idempotency Key workshop"}],"ValidationErrors":[{"Message":"Account must be valid."}]}]}"#;
        assert_eq!(sentences(&answer(400, body)), [["Account must be valid."]]);
    }

    #[test]
    fn other_bad_requests_keep_number_and_kind_and_nothing_else() {
        assert_eq!(
            answer(400, r#"{"ErrorNumber":16,"Type":"QueryParseException","Message":"Expression expected"}"#),
            Error::BadRequest {
                status: 400,
                error_number: Some(16),
                kind: Some("QueryParseException".to_owned()),
                correlation_id: None,
            }
        );
        for body in [
            "Supplied parameter 'Ids' cannot be parsed - must be of type UUID.",
            "",
            "<html><body>Bad</body></html>",
            "[1]",
            "null",
            "{",
            r#"{"Type":"a sentence with jane@example.test in it"}"#,
        ] {
            assert_eq!(
                answer(400, body),
                Error::BadRequest { status: 400, error_number: None, kind: None, correlation_id: None },
                "{body}"
            );
        }
    }

    #[test]
    fn the_status_decides_whatever_the_body_is() {
        for body in ["", "<html>", "The resource you're looking for cannot be found", "{}"] {
            assert!(matches!(answer(404, body), Error::NotFound { .. }));
            assert!(matches!(answer(403, body), Error::Forbidden { .. }));
            assert!(matches!(answer(500, body), Error::Server { status: 500, .. }));
            assert!(matches!(answer(503, body), Error::Server { status: 503, .. }));
            assert!(matches!(answer(415, body), Error::BadRequest { status: 415, .. }));
            assert!(matches!(answer(302, body), Error::Malformed { .. }));
        }
        assert!(matches!(answer(503, "The Organisation is offline"), Error::Offline { .. }));
    }

    #[test]
    fn a_correlation_id_that_is_not_one_is_left_out() {
        let header = headers(&[("xero-correlation-id", "jane@example.test")]);
        let error = read(StatusCode::INTERNAL_SERVER_ERROR, &header, b"");
        assert_eq!(error.correlation_id(), None);
    }
}
