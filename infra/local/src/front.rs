//! The service's address on this machine: passes everything on to the emulator's API Gateway, unchanged.
//!
//! Xero's stand-in, like Xero, accepts `http://localhost` and no other plain address as a redirect URI, and
//! the emulator wants a host name of its own; this stands between. As deployed, nothing but the API is here: the app's
//! pages are on another site (`site`).

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse as _;
use tokio::net::TcpListener;

use crate::forward::{Forwarder, Place};

/// The address; it answers 503 until it knows the gateway.
#[derive(Clone, Debug, Default)]
pub struct Front {
    gateway: Arc<OnceLock<Place>>,
    forwarder: Forwarder,
}

impl Front {
    /// Opens the way to the deployed API. The first call counts.
    pub fn open(&self, aws_port: u16, api_id: &str) -> anyhow::Result<()> {
        let gateway = Place::new(aws_port, &format!("{api_id}.execute-api.localhost"))?;
        self.gateway.get_or_init(|| gateway);
        Ok(())
    }

    /// Serves until the task is dropped.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        axum::serve(listener, Router::new().fallback(pass_on).with_state(self)).await
    }
}

async fn pass_on(State(front): State<Front>, request: Request<Body>) -> Response<Body> {
    match front.gateway.get() {
        Some(gateway) => front.forwarder.forward(request, gateway, "").await,
        None => (StatusCode::SERVICE_UNAVAILABLE, "the local stack is still starting").into_response(),
    }
}
