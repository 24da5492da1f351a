//! Lambda's Runtime API, as far as a custom runtime meets it: `next`, `response`, `error`. Any number of
//! sandboxes may ask for events; each gets one at a time, as on Lambda.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How long a function has, in milliseconds.
const TIME_LIMIT: u128 = 5_000;

/// An answer of a function, or what it said of its failure.
pub type Answer = Result<Bytes, Bytes>;

/// A running Runtime API; it stops when it is dropped.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    events: mpsc::UnboundedSender<Invocation>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Invocation {
    event: Bytes,
    answer: oneshot::Sender<Answer>,
}

#[derive(Clone)]
struct Shared(Arc<Inner>);

struct Inner {
    waiting: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    running: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
}

impl RuntimeApi {
    /// Listens on a free port of this machine.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("failed to listen")?;
        let address = listener.local_addr().context("failed to read the address")?;
        let (events, waiting) = mpsc::unbounded_channel();
        let shared = Shared(Arc::new(Inner { waiting: tokio::sync::Mutex::new(waiting), running: Mutex::default() }));
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(async || StatusCode::ACCEPTED))
            .with_state(shared);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the Runtime API has stopped: {error}");
            }
        });
        Ok(Self { address, events, server })
    }

    /// What a function gets as `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Hands an event to the next free sandbox and waits for its answer.
    ///
    /// # Errors
    /// When the sandbox is gone without one.
    pub async fn invoke(&self, event: impl Into<Bytes>) -> anyhow::Result<Answer> {
        let (answer, answered) = oneshot::channel();
        self.events.send(Invocation { event: event.into(), answer }).ok().context("the Runtime API has stopped")?;
        answered.await.context("the event was never answered")
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(shared): State<Shared>) -> impl IntoResponse {
    let Some(invocation) = shared.0.waiting.lock().await.recv().await else {
        return (StatusCode::GONE, HeaderMap::new(), Bytes::new());
    };
    let id = Uuid::new_v4().to_string();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", id.clone()),
        ("lambda-runtime-deadline-ms", (now + TIME_LIMIT).to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-2:000000000000:function:drive".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    shared.0.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id, invocation.answer);
    (StatusCode::OK, headers, invocation.event)
}

async fn response(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    settle(&shared, &id, Ok(body))
}

async fn error(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    settle(&shared, &id, Err(body))
}

fn settle(shared: &Shared, id: &str, answer: Answer) -> StatusCode {
    match shared.0.running.lock().unwrap_or_else(PoisonError::into_inner).remove(id) {
        // Whoever asked may have gone; the function has done its part.
        Some(waiting) => waiting.send(answer).map_or(StatusCode::ACCEPTED, |()| StatusCode::ACCEPTED),
        None => StatusCode::NOT_FOUND,
    }
}
