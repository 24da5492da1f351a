//! One exchange: a request goes out, a status, headers and a body come back, and a line says so: what was
//! asked and answered is in nobody's log, only how it went and how many bytes Xero charges for.

use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;

use crate::error::{self, Error};
use crate::http::{Failure, Transport};

/// A whole answer, of whatever status.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Vec<u8>,
}

/// Sends a request and reads its answer to the end.
pub(super) async fn of(transport: &Transport, request: RequestBuilder) -> Result<Answer, Error> {
    let answer = whole(transport, request).await;
    let outcome = answer.as_ref().map_or("unanswered", |answer| outcome(answer.status));
    let bytes = answer.as_ref().map_or(0, |answer| answer.body.len());
    tracing::info!(xero.calls = 1, xero.outcome = outcome, xero.egress = bytes, "Xero was called");
    answer
}

async fn whole(transport: &Transport, request: RequestBuilder) -> Result<Answer, Error> {
    let response = transport.send(request).await.map_err(no_answer)?;
    Ok(Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: response.bytes().await.map_err(Failure::from).map_err(no_answer)?.into(),
    })
}

/// How an exchange went, in one word.
fn outcome(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200..=399 => "answered",
        401 | 403 => "denied",
        429 => "limited",
        400..=499 => "refused",
        _ => "failed",
    }
}

fn no_answer(failure: Failure) -> Error {
    if failure.timed_out {
        Error::Timeout { sent: failure.sent }
    } else {
        Error::Transport { sent: failure.sent, cause: failure.cause }
    }
}

impl Answer {
    /// The answer if it is a success, or what it stands for.
    pub(super) fn success(self) -> Result<Self, Error> {
        if self.status.is_success() { Ok(self) } else { Err(error::read(self.status, &self.headers, &self.body)) }
    }

    /// The body.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as JSON.
    pub(super) fn json<'a, T: Deserialize<'a>>(&'a self, what: &'static str) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|_| self.malformed(what))
    }

    /// The error for a success that is not what it should be.
    pub(super) fn malformed(&self, what: &'static str) -> Error {
        Error::Malformed { what, correlation_id: error::correlation_id(&self.headers) }
    }
}
