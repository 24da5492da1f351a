//! The service's address on this machine: passes everything on to the emulator's API Gateway, unchanged.
//!
//! Xero's stand-in, like Xero, accepts `http://localhost` and no other plain address as a redirect URI, and
//! the emulator wants a host name of its own; this stands between. What the local stack adds for itself is
//! below `/_local`: the token issuer, the console that stands in for the Sessional app, what Sessional's
//! backend has been told, and the stand-in's controls (so that the console calls one origin alone).

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use axum::response::{IntoResponse, Json, Redirect};
use axum::routing::{any, get};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::backend::Inbox;
use crate::issuer::{Issuer, Wish};
use crate::pages;

/// Where the issuer's documents are, below the front's address.
pub const ISSUER_PATH: &str = "/_local/issuer";

/// The console, which stands in for the app: where the callback sends the browser.
pub const APP_PATH: &str = "/_local/app";

/// The stand-in's controls, below the front's address.
const XERO_PATH: &str = "/_local/xero";

/// Everything a request may need.
#[derive(Clone)]
pub struct Front(Arc<Parts>);

struct Parts {
    issuer: Issuer,
    inbox: Inbox,
    places: OnceLock<Places>,
    client: Client<HttpConnector, Body>,
}

/// What the front passes requests on to, once it is up.
#[derive(Clone, Debug)]
struct Places {
    gateway: Place,
    controls: Place,
    surroundings: Surroundings,
}

/// An address, and the host name that is asked for there.
#[derive(Clone, Debug)]
struct Place {
    authority: Authority,
    host: HeaderValue,
}

/// What the console has to know of the stack besides the public API.
#[derive(Clone, Debug, Serialize)]
pub struct Surroundings {
    /// The stand-in, as people open it.
    pub xero: String,
    /// The service as an app of Xero's, which a bookkeeper can disconnect there. Every stack has its own, so a
    /// browser can tell what belongs to an earlier one.
    pub client_id: String,
}

#[derive(Deserialize)]
struct Whose {
    account: String,
}

impl Front {
    /// A front that answers 503 until it knows the gateway.
    pub fn new(issuer: Issuer, inbox: Inbox) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self(Arc::new(Parts { issuer, inbox, places: OnceLock::new(), client }))
    }

    /// Opens the way to the deployed API and to the stand-in's controls. The first call counts.
    pub fn open(
        &self,
        aws_port: u16,
        api_id: &str,
        control_port: u16,
        surroundings: Surroundings,
    ) -> anyhow::Result<()> {
        let gateway = Place {
            authority: format!("127.0.0.1:{aws_port}").parse()?,
            host: format!("{api_id}.execute-api.localhost:{aws_port}").parse()?,
        };
        let controls = Place {
            authority: format!("127.0.0.1:{control_port}").parse()?,
            host: format!("localhost:{control_port}").parse()?,
        };
        self.0.places.get_or_init(|| Places { gateway, controls, surroundings });
        Ok(())
    }

    /// Serves until the task is dropped.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        let local = Router::new()
            .route("/_local", get(async || Redirect::to(APP_PATH)))
            .route(APP_PATH, get(pages::index))
            .route("/_local/app/{file}", get(pages::file))
            .route("/_local/stack", get(surroundings))
            .route("/_local/token", get(token))
            .route("/_local/notifications", get(notifications))
            .route("/_local/xero/{*control}", any(control))
            .route("/_local/issuer/.well-known/openid-configuration", get(discovery))
            .route("/_local/issuer/keys", get(keys));
        axum::serve(listener, local.fallback(pass_on).with_state(self)).await
    }

    async fn forward(&self, request: Request<Body>, place: fn(&Places) -> &Place, below: &str) -> Response<Body> {
        let Some(places) = self.0.places.get() else {
            return (StatusCode::SERVICE_UNAVAILABLE, "the local stack is still starting").into_response();
        };
        let Some(request) = addressed(request, place(places), below) else {
            return (StatusCode::BAD_REQUEST, "a path is needed").into_response();
        };
        match self.0.client.request(request).await {
            Ok(answer) => answer.map(Body::new),
            Err(error) => (StatusCode::BAD_GATEWAY, format!("nothing answered there: {error}")).into_response(),
        }
    }
}

async fn surroundings(State(front): State<Front>) -> Response<Body> {
    match front.0.places.get() {
        Some(places) => Json(&places.surroundings).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
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
    front.forward(request, |places| &places.gateway, "").await
}

async fn control(State(front): State<Front>, request: Request<Body>) -> Response<Body> {
    front.forward(request, |places| &places.controls, XERO_PATH).await
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
        let place =
            Place { authority: "127.0.0.1:1".parse().unwrap(), host: "abc.execute-api.localhost:1".parse().unwrap() };
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
        let passed = passed("/_local/xero/faults?tenant=1", XERO_PATH).unwrap();
        assert_eq!(passed.uri(), "http://127.0.0.1:1/faults?tenant=1");
    }
}
