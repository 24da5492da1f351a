//! One exchange: a request goes out, a status, headers and a body come back.

use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;

use crate::error::{self, Error};
use crate::http::Failure;

/// A whole answer, of whatever status.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Vec<u8>,
}

/// Sends a request and reads its answer to the end.
pub(super) async fn of(request: RequestBuilder) -> Result<Answer, Error> {
    let response = request.send().await.map_err(no_answer)?;
    Ok(Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: response.bytes().await.map_err(no_answer)?.into(),
    })
}

fn no_answer(error: reqwest::Error) -> Error {
    let failure = Failure::from(error);
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
