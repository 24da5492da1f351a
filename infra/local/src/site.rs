//! The app's own site: the console that stands in for the Sessional app, on a host name that browsers hold for another
//! site than the API's and Xero's, as deployed.
//!
//! Below `/_local` is what Sessional has and this service has not: the token issuer, what Sessional's backend has been
//! told, and the stand-in's controls (so that the console calls the API and its own origin alone).

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{Request, Response, StatusCode};
use axum::response::{IntoResponse, Json};
use axum::routing::{any, get};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::backend::Inbox;
use crate::forward::{Forwarder, Place};
use crate::issuer::{Issuer, Wish};
use crate::pages;

/// The app's host name. Browsers take every name below `localhost` for this machine, and each for a site of its own.
/// Programs that do not can reach the same at 127.0.0.1.
pub const APP_HOST: &str = "app.localhost";

/// The host of the stand-in's pages, so that they are a third site.
pub const XERO_PAGES_HOST: &str = "127.0.0.1";

/// The page that the callback goes back to.
pub const RETURN_PATH: &str = "/return";

/// Where the issuer's documents are.
pub const ISSUER_PATH: &str = "/_local/issuer";

/// The stand-in's controls.
const CONTROLS_PATH: &str = "/_local/xero";

/// Everything a request may need.
#[derive(Clone)]
pub struct AppSite(Arc<Parts>);

struct Parts {
    issuer: Issuer,
    inbox: Inbox,
    forwarder: Forwarder,
    around: OnceLock<Around>,
}

struct Around {
    controls: Place,
    surroundings: Surroundings,
}

/// What the console has to know of the stack.
#[derive(Clone, Debug, Serialize)]
pub struct Surroundings {
    /// The public API.
    pub api: String,
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

impl AppSite {
    /// A site that issues tokens, and answers 503 to the rest until it knows what is around it.
    pub fn new(issuer: Issuer, inbox: Inbox) -> Self {
        let forwarder = Forwarder::default();
        Self(Arc::new(Parts { issuer, inbox, forwarder, around: OnceLock::new() }))
    }

    /// Tells it what is around. The first call counts.
    pub fn open(&self, control_port: u16, surroundings: Surroundings) -> anyhow::Result<()> {
        let controls = Place::new(control_port, "localhost")?;
        self.0.around.get_or_init(|| Around { controls, surroundings });
        Ok(())
    }

    /// The public API, once it is known.
    pub(crate) fn api(&self) -> &str {
        self.0.around.get().map_or("", |around| around.surroundings.api.as_str())
    }

    /// Serves until the task is dropped.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        let site = Router::new()
            .route("/", get(pages::console))
            .route("/sign-in", get(pages::sign_in))
            .route(RETURN_PATH, get(pages::after_consent))
            .route("/app/{file}", get(pages::file))
            .route("/_local/stack", get(surroundings))
            .route("/_local/token", get(token))
            .route("/_local/notifications", get(notifications))
            .route("/_local/xero/{*control}", any(control))
            .route("/_local/issuer/.well-known/openid-configuration", get(discovery))
            .route("/_local/issuer/keys", get(keys));
        axum::serve(listener, site.with_state(self)).await
    }
}

async fn surroundings(State(site): State<AppSite>) -> Response<Body> {
    match site.0.around.get() {
        Some(around) => Json(&around.surroundings).into_response(),
        None => still_starting(),
    }
}

async fn token(State(site): State<AppSite>, Query(wish): Query<Wish>) -> Response<Body> {
    match site.0.issuer.token(&wish) {
        Ok(token) => token.into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error:#}")).into_response(),
    }
}

async fn notifications(State(site): State<AppSite>, Query(whose): Query<Whose>) -> impl IntoResponse {
    Json(site.0.inbox.of(&whose.account))
}

async fn discovery(State(site): State<AppSite>) -> impl IntoResponse {
    Json(site.0.issuer.discovery())
}

async fn keys(State(site): State<AppSite>) -> impl IntoResponse {
    Json(site.0.issuer.keys().clone())
}

async fn control(State(site): State<AppSite>, request: Request<Body>) -> Response<Body> {
    match site.0.around.get() {
        Some(around) => site.0.forwarder.forward(request, &around.controls, CONTROLS_PATH).await,
        None => still_starting(),
    }
}

fn still_starting() -> Response<Body> {
    (StatusCode::SERVICE_UNAVAILABLE, "the local stack is still starting").into_response()
}
