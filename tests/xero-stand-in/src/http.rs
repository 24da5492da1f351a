//! A request and an answer as plain values: what the sockets hand in and carry out.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use crate::gateway::limits::Flight;
use crate::json::Json;

/// A request, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) raw_query: String,
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn new(method: &str, path: &str, raw_query: &str, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            raw_query: raw_query.to_owned(),
            segments: path.split('/').filter(|part| !part.is_empty()).map(percent_decoded).collect(),
            query: form_pairs(raw_query.as_bytes()),
            headers,
            body,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The first value of a query parameter, its name in any case.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.param(name).and_then(|value| value.to_ascii_lowercase().parse().ok())
    }

    pub(crate) fn is_write(&self) -> bool {
        self.method != "GET"
    }

    pub(crate) fn form(&self) -> Vec<(String, String)> {
        form_pairs(&self.body)
    }

    pub(crate) fn content_type_is(&self, expected: &str) -> bool {
        self.header("content-type").is_some_and(|value| value.to_ascii_lowercase().starts_with(expected))
    }
}

/// Reads `a=b&c=d`.
pub(crate) fn form_pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().collect()
}

/// Undoes percent-encoding of one path segment; a plus stays a plus.
pub(crate) fn percent_decoded(part: &str) -> String {
    let guarded = part.replace('+', "%2B");
    let decoded = form_pairs(format!("x={}", guarded.replace('&', "%26").replace('=', "%3D")).as_bytes());
    decoded.into_iter().next().map(|(_, value)| value).unwrap_or_default()
}

/// An answer, with what the socket has to do besides writing it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    pub(crate) delay: Option<Duration>,
    /// The connection is closed instead of answering.
    pub(crate) dropped: bool,
    /// The connection is closed in the middle of the answer.
    pub(crate) cut_short: bool,
    /// What still counts as running until the answer is out.
    pub(crate) running: Option<Box<Running>>,
}

/// What ends when an answer is out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Running {
    /// The call among those in flight.
    pub(crate) flight: Option<Flight>,
    /// The name under which the answer waits for a repeat.
    pub(crate) stored_as: Option<String>,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(crate) fn json(status: u16, body: &Json) -> Self {
        Self::text(status, "application/json; charset=utf-8", body.to_string())
    }

    /// JSON as the Accounting API writes it.
    pub(crate) fn indented(status: u16, body: &Json) -> Self {
        Self::text(status, "application/json; charset=utf-8", body.indented())
    }

    pub(crate) fn html(status: u16, page: String) -> Self {
        Self::text(status, "text/html; charset=utf-8", page)
    }

    pub(crate) fn plain(status: u16, sentence: &str) -> Self {
        Self::text(status, "text/plain; charset=utf-8", sentence.to_owned())
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self::empty(302).header("location", to.to_owned())
    }

    /// The recorded 404: HTML by its type, and nothing in it.
    pub(crate) fn not_found() -> Self {
        Self::html(404, String::new())
    }

    pub(crate) fn text(status: u16, content_type: &str, body: String) -> Self {
        Self { status, content_type: Some(content_type.to_owned()), body: Bytes::from(body), ..Self::default() }
    }

    /// What ends with this answer.
    pub(crate) fn running(&mut self) -> &mut Running {
        self.running.get_or_insert_default()
    }

    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::percent_decoded;

    #[test]
    fn a_path_segment_is_decoded_and_its_plus_is_kept() {
        assert_eq!(percent_decoded("SES%20000+1%2F2&x=1"), "SES 000+1/2&x=1");
    }
}
