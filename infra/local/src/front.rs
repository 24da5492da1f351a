//! The service's address on this machine: passes everything on to the emulator's API Gateway, unchanged.
//!
//! Xero's stand-in, like Xero, accepts `http://localhost` and no other plain address as a redirect URI, and
//! the emulator wants a host name of its own; this stands between. What the local stack adds for itself is
//! below `/_local`: the token issuer, the page that stands in for the Sessional app, and what Sessional's
//! backend has been told.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Json, Redirect};
use axum::routing::get;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::backend::Inbox;
use crate::issuer::{Issuer, Wish};

/// Where the issuer's documents are, below the front's address.
pub const ISSUER_PATH: &str = "/_local/issuer";

/// The page that stands in for the app: where the callback sends the browser.
pub const APP_PATH: &str = "/_local/app";

/// Everything a request may need.
#[derive(Clone)]
pub struct Front(Arc<Parts>);

struct Parts {
    issuer: Issuer,
    inbox: Inbox,
    gateway: OnceLock<Gateway>,
    client: Client<HttpConnector, Body>,
}

/// Where API Gateway is: the emulator's address, and the host name by which it knows the API.
#[derive(Clone, Debug)]
struct Gateway {
    authority: Authority,
    host: HeaderValue,
}

#[derive(Deserialize)]
struct Whose {
    account: String,
}

impl Front {
    /// A front that answers 503 until it knows the gateway.
    pub fn new(issuer: Issuer, inbox: Inbox) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self(Arc::new(Parts { issuer, inbox, gateway: OnceLock::new(), client }))
    }

    /// Opens the way to the deployed API. The first call counts.
    pub fn open(&self, aws_port: u16, api_id: &str) -> anyhow::Result<()> {
        let authority = format!("127.0.0.1:{aws_port}").parse()?;
        let host = format!("{api_id}.execute-api.localhost:{aws_port}").parse()?;
        self.0.gateway.get_or_init(|| Gateway { authority, host });
        Ok(())
    }

    /// Serves until the task is dropped.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        let local = Router::new()
            .route("/_local", get(async || Redirect::to(APP_PATH)))
            .route(APP_PATH, get(async || Html(include_str!("../pages/app.html"))))
            .route("/_local/token", get(token))
            .route("/_local/notifications", get(notifications))
            .route("/_local/issuer/.well-known/openid-configuration", get(discovery))
            .route("/_local/issuer/keys", get(keys));
        axum::serve(listener, local.fallback(pass_on).with_state(self)).await
    }
}

async fn token(State(front): State<Front>, Query(wish): Query<Wish>) -> Response<Body> {
    match front.0.issuer.token(&wish) {
        Ok(token) => token.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

async fn notifications(State(front): State<Front>, Query(whose): Query<Whose>) -> impl IntoResponse {
    Json(front.0.inbox.of(&whose.account))
}

async fn discovery(State(front): State<Front>) -> impl IntoResponse {
    Json(front.0.issuer.discovery())
}

async fn keys(State(front): State<Front>) -> impl IntoResponse {
    Json(front.0.issuer.keys().clone())
}

async fn pass_on(State(front): State<Front>, request: Request<Body>) -> Response<Body> {
    let Some(gateway) = front.0.gateway.get() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the local stack is still starting").into_response();
    };
    let Some(request) = addressed(request, gateway) else {
        return (StatusCode::BAD_REQUEST, "a path is needed").into_response();
    };
    match front.0.client.request(request).await {
        Ok(answer) => answer.map(Body::new),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("the emulator did not answer: {error}")).into_response(),
    }
}

/// The same request to the gateway: method, path, query, headers and body stay as they are, byte by byte.
fn addressed(mut request: Request<Body>, gateway: &Gateway) -> Option<Request<Body>> {
    let mut uri = std::mem::take(request.uri_mut()).into_parts();
    uri.path_and_query.get_or_insert_with(|| PathAndQuery::from_static("/"));
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(gateway.authority.clone());
    *request.uri_mut() = Uri::from_parts(uri).ok()?;
    request.headers_mut().insert(header::HOST, gateway.host.clone());
    // Belongs to the connection to us, not to the one onwards.
    request.headers_mut().remove(header::CONNECTION);
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_passed_on_with_its_path_and_query_untouched() {
        let gateway =
            Gateway { authority: "127.0.0.1:1".parse().unwrap(), host: "abc.execute-api.localhost:1".parse().unwrap() };
        let uri = "/records/invoice/a%2Fb?cursor=x%20y+z";
        let request = Request::builder().uri(uri).header("host", "localhost:2").body(Body::empty()).unwrap();
        let passed = addressed(request, &gateway).unwrap();
        assert_eq!(passed.uri(), format!("http://127.0.0.1:1{uri}").as_str());
        assert_eq!(passed.headers()["host"], "abc.execute-api.localhost:1");
    }
}
