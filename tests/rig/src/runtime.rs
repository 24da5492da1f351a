//! Lambda's Runtime API for one function process: hands it events, takes its answers.
//!
//! Only what a custom runtime calls is here: the next invocation, its response or error, and a failed start.
//! An event that nobody took when the process died is gone, as it is with Lambda; the queue is elsewhere.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The time a function is told that it has: more than any test waits.
const DEADLINE: Duration = Duration::from_secs(60);

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// The function's answer.
    Answered(Value),
    /// The function's error.
    Failed(Value),
}

impl Ended {
    /// The answer.
    ///
    /// # Errors
    /// When it was an error.
    pub fn answer(self) -> anyhow::Result<Value> {
        match self {
            Self::Answered(value) => Ok(value),
            Self::Failed(value) => anyhow::bail!("the function failed: {value}"),
        }
    }
}

type Waiting = oneshot::Sender<Ended>;

#[derive(Clone)]
struct Shared(Arc<Inner>);

struct Inner {
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<(String, Vec<u8>, Waiting)>>,
    running: Mutex<HashMap<String, Waiting>>,
    /// Told once, when the process asks for its first event: its start is over.
    ready: Mutex<Option<oneshot::Sender<Result<(), Value>>>>,
}

/// The server of one process; it ends when this is dropped.
pub struct Runtime {
    address: String,
    events: mpsc::UnboundedSender<(String, Vec<u8>, Waiting)>,
    ready: Option<oneshot::Receiver<Result<(), Value>>>,
    task: JoinHandle<()>,
}

impl Runtime {
    /// Listens on a free port of this machine.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("failed to listen")?;
        let address = listener.local_addr()?.to_string();
        let (events, receiver) = mpsc::unbounded_channel();
        let (ready, told) = oneshot::channel();
        let inner = Inner {
            events: tokio::sync::Mutex::new(receiver),
            running: Mutex::default(),
            ready: Mutex::new(Some(ready)),
        };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(Shared(Arc::new(inner)));
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("a runtime ended: {error}");
            }
        });
        Ok(Self { address, events, ready: Some(told), task })
    }

    /// For `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until the process has started and asks for its first event.
    ///
    /// # Errors
    /// When its start failed, with what it said.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        let Some(ready) = self.ready.take() else { return Ok(()) };
        match ready.await.context("the runtime ended before the function was ready")? {
            Ok(()) => Ok(()),
            Err(said) => anyhow::bail!("the function did not start: {said}"),
        }
    }

    /// Hands over an event; the result comes when the process answers, and never when it dies.
    ///
    /// # Errors
    /// When the server has ended.
    pub fn invoke(&self, event: &Value) -> anyhow::Result<oneshot::Receiver<Ended>> {
        let (sender, receiver) = oneshot::channel();
        let id = uuid::Uuid::new_v4().to_string();
        self.events.send((id, serde_json::to_vec(event)?, sender)).context("the runtime has ended")?;
        Ok(receiver)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn next(State(Shared(inner)): State<Shared>) -> Result<(HeaderMap, Vec<u8>), StatusCode> {
    if let Some(ready) = inner.ready.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // Nobody may be waiting for it.
        drop(ready.send(Ok(())));
    }
    let (id, event, waiting) = inner.events.lock().await.recv().await.ok_or(StatusCode::GONE)?;
    let headers = headers(&id).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    inner.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id, waiting);
    Ok((headers, event))
}

fn headers(id: &str) -> anyhow::Result<HeaderMap> {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH)? + DEADLINE;
    let pairs = [
        ("lambda-runtime-aws-request-id", id.to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-2:000000000000:function:rig".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000;Sampled=0".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    pairs.into_iter().map(|(name, value)| Ok((HeaderName::from_static(name), HeaderValue::from_str(&value)?))).collect()
}

async fn response(State(shared): State<Shared>, Path(id): Path<String>, body: bytes::Bytes) -> StatusCode {
    end(&shared, &id, Ended::Answered(json(&body)))
}

async fn error(State(shared): State<Shared>, Path(id): Path<String>, body: bytes::Bytes) -> StatusCode {
    end(&shared, &id, Ended::Failed(json(&body)))
}

async fn init_error(State(Shared(inner)): State<Shared>, body: bytes::Bytes) -> StatusCode {
    if let Some(ready) = inner.ready.lock().unwrap_or_else(PoisonError::into_inner).take() {
        drop(ready.send(Err(json(&body))));
    }
    StatusCode::ACCEPTED
}

fn end(Shared(inner): &Shared, id: &str, ended: Ended) -> StatusCode {
    match inner.running.lock().unwrap_or_else(PoisonError::into_inner).remove(id) {
        Some(waiting) => {
            // The test may have stopped waiting.
            drop(waiting.send(ended));
            StatusCode::ACCEPTED
        }
        None => StatusCode::BAD_REQUEST,
    }
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}
