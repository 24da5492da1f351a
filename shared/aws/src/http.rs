//! The HTTP edge: the account comes from the authorizer's claim and from nowhere else, and what goes wrong
//! is answered as problem details without a word about our insides.

use http::{Response, StatusCode, header};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt};
use rules::connect::Caller;
use rules::{AccountId, Problem};
use serde::Serialize;
use std::collections::HashMap;

/// The account that the caller's token names.
///
/// # Errors
/// When the authorizer passed no such claim, or its value is no account id.
pub fn account(request: &Request, claim: &str) -> Result<AccountId, Problem> {
    let value = claims(request).and_then(|claims| claims.get(claim).cloned()).ok_or_else(Problem::unauthorized)?;
    AccountId::parse(&value).map_err(|_| Problem::unauthorized())
}

/// The account and the person whom the caller's token names.
///
/// # Errors
/// As [`account`], and when the token has no `sub`.
pub fn caller(request: &Request, claim: &str) -> Result<Caller, Problem> {
    let account = account(request, claim)?;
    let subject = claims(request).and_then(|claims| claims.get("sub").cloned());
    let subject = subject.filter(|subject| !subject.is_empty()).ok_or_else(Problem::unauthorized)?;
    Ok(Caller { account, subject })
}

/// What the authorizer found in the caller's token; it alone is believed.
#[must_use]
pub fn claims(request: &Request) -> Option<HashMap<String, String>> {
    let RequestContext::ApiGatewayV2(context) = request.request_context() else { return None };
    context.authorizer.and_then(|authorizer| authorizer.jwt).map(|jwt| jwt.claims)
}

/// An answer with a JSON body, never cached: it is about somebody's books.
#[must_use]
pub fn json<T: Serialize>(status: StatusCode, value: &T) -> Response<Body> {
    answer(status, "application/json", value)
}

/// A problem.
#[must_use]
pub fn problem(problem: &Problem) -> Response<Body> {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer(status, "application/problem+json", problem)
}

/// An answer without a body.
#[must_use]
pub fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    response
}

fn answer<T: Serialize>(status: StatusCode, content_type: &'static str, value: &T) -> Response<Body> {
    let Ok(body) = serde_json::to_string(value) else { return empty(StatusCode::INTERNAL_SERVER_ERROR) };
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

/// The body as bytes, whatever way the gateway passed it.
#[must_use]
pub fn bytes(request: &Request) -> &[u8] {
    match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => &[],
    }
}
