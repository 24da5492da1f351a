//! Passing a request on to another place on this machine, unchanged but for where it goes.

use axum::body::Body;
use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use axum::response::IntoResponse as _;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Passes requests on.
#[derive(Clone, Debug)]
pub struct Forwarder(Client<HttpConnector, Body>);

/// An address, and the host name that is asked for there.
#[derive(Clone, Debug)]
pub struct Place {
    authority: Authority,
    host: HeaderValue,
}

impl Place {
    /// A port of this machine, under a host name.
    pub fn new(port: u16, host: &str) -> anyhow::Result<Self> {
        Ok(Self { authority: format!("127.0.0.1:{port}").parse()?, host: format!("{host}:{port}").parse()? })
    }
}

impl Default for Forwarder {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

impl Forwarder {
    /// The answer from there. `below` is what its path is below here.
    pub async fn forward(&self, request: Request<Body>, place: &Place, below: &str) -> Response<Body> {
        let Some(request) = addressed(request, place, below) else {
            return (StatusCode::BAD_REQUEST, "a path is needed").into_response();
        };
        match self.0.request(request).await {
            Ok(answer) => answer.map(Body::new),
            Err(error) => (StatusCode::BAD_GATEWAY, format!("nothing answered there: {error}")).into_response(),
        }
    }
}

/// The same request to another place: method, path (without what it is below), query, headers and body stay as
/// they are, byte by byte.
fn addressed(mut request: Request<Body>, place: &Place, below: &str) -> Option<Request<Body>> {
    let mut uri = std::mem::take(request.uri_mut()).into_parts();
    let path = uri.path_and_query.as_ref().map_or("/", PathAndQuery::as_str);
    uri.path_and_query = Some(path.strip_prefix(below)?.parse().ok()?);
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(place.authority.clone());
    *request.uri_mut() = Uri::from_parts(uri).ok()?;
    request.headers_mut().insert(header::HOST, place.host.clone());
    // Belongs to the connection to us, not to the one onwards.
    request.headers_mut().remove(header::CONNECTION);
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(uri: &str, below: &str) -> Option<Request<Body>> {
        let place = Place::new(1, "abc.execute-api.localhost").unwrap();
        let request = Request::builder().uri(uri).header("host", "localhost:2").body(Body::empty()).unwrap();
        addressed(request, &place, below)
    }

    #[test]
    fn a_request_is_passed_on_with_its_path_and_query_untouched() {
        let uri = "/records/invoice/a%2Fb?cursor=x%20y+z";
        let passed = passed(uri, "").unwrap();
        assert_eq!(passed.uri(), format!("http://127.0.0.1:1{uri}").as_str());
        assert_eq!(passed.headers()["host"], "abc.execute-api.localhost:1");
    }

    #[test]
    fn a_control_is_called_without_the_path_that_it_is_below() {
        let passed = passed("/_local/xero/faults?tenant=1", "/_local/xero").unwrap();
        assert_eq!(passed.uri(), "http://127.0.0.1:1/faults?tenant=1");
    }
}
