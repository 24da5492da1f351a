//! A door in front of the webhook that fails on order, as Xero sees it.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use local::stack::StackInfo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use xero_stand_in::control::{AppRegistration, Client, Tier, WebhookSettings};

/// How the door behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Passes everything on, and the answer back.
    Open,
    /// 500, and nothing is passed on.
    FailsBefore,
    /// 500 although everything was passed on.
    FailsAfter,
}

/// The door; it closes when it is dropped.
pub(crate) struct Door {
    pub(crate) url: String,
    way: Way,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Way {
    to: String,
    mood: Arc<Mutex<Mood>>,
    http: reqwest::Client,
}

impl Door {
    /// An open door.
    pub(crate) async fn before(stack: &StackInfo) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("failed to listen")?;
        let url = format!("http://{}", listener.local_addr().context("failed to read the address")?);
        let to = format!("{}/webhooks/accounting", stack.front);
        let way = Way { to, mood: Arc::new(Mutex::new(Mood::Open)), http: local::http::client()? };
        let router = Router::new().fallback(pass).with_state(way.clone());
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the door has closed: {error}");
            }
        });
        Ok(Self { url, way, server })
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.way.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }

    /// Tells Xero where the app's webhook is, or that there is none.
    pub(crate) async fn register(&self, stack: &StackInfo, webhook: Option<&str>) -> anyhow::Result<()> {
        let scopes = stack.deployment.variable("connect", "OAUTH_SCOPES")?;
        let settings = |url: &str| WebhookSettings::new(format!("{url}/webhooks/accounting"), &stack.app.webhook_key);
        let registration = AppRegistration {
            client_id: stack.app.client_id.clone(),
            client_secret: stack.app.client_secret.clone(),
            name: "Sessional".to_owned(),
            redirect_uris: vec![format!("{}/oauth/callback", stack.front)],
            scopes: local::stand_in::registered_scopes(scopes),
            tier: Tier::Plus,
            certified: true,
            webhook: webhook.map(settings),
        };
        let xero = Client::new(&stack.xero_control)?;
        xero.register_app(&registration).await.context("failed to register the app anew")
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(State(way): State<Way>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mood = *way.mood.lock().unwrap_or_else(PoisonError::into_inner);
    if mood == Mood::FailsBefore {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    let mut request = way.http.post(&way.to).body(body);
    for name in ["content-type", "x-xero-signature"] {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    match request.send().await {
        Ok(answer) if mood == Mood::Open => answer.status(),
        Ok(_) => StatusCode::INTERNAL_SERVER_ERROR,
        Err(_) => StatusCode::BAD_GATEWAY,
    }
}
