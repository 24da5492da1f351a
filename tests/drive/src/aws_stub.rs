//! The AWS calls that the webhook makes: `GetSecretValue` and `SendMessageBatch`, counted and remembered.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running stub; it stops when it is dropped.
#[derive(Debug)]
pub struct AwsStub {
    url: String,
    seen: Shared,
    server: JoinHandle<()>,
}

/// What the stub has seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Calls by their target, such as `AmazonSQS.SendMessageBatch`.
    pub calls: BTreeMap<String, u64>,
    /// The bodies of all messages that were taken.
    pub messages: Vec<String>,
}

#[derive(Clone, Debug)]
struct Shared(Arc<Mutex<World>>);

#[derive(Debug)]
struct World {
    seen: Seen,
    key: Option<String>,
    queue_is_there: bool,
}

impl AwsStub {
    /// Listens on a free port of this machine; the secret has this value.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(key: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("failed to listen")?;
        let url = format!("http://{}", listener.local_addr().context("failed to read the address")?);
        let world = World { seen: Seen::default(), key: Some(key.to_owned()), queue_is_there: true };
        let seen = Shared(Arc::new(Mutex::new(world)));
        let router = Router::new().fallback(post(answer)).with_state(seen.clone());
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the AWS stub has stopped: {error}");
            }
        });
        Ok(Self { url, seen, server })
    }

    /// What a function gets as `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What came so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.seen.with(|world| world.seen.clone())
    }

    /// Another value for the secret; without one Secrets Manager fails.
    pub fn set_key(&self, key: Option<&str>) {
        self.seen.with(|world| world.key = key.map(str::to_owned));
    }

    /// Whether the queue takes messages.
    pub fn set_queue(&self, is_there: bool) {
        self.seen.with(|world| world.queue_is_there = is_there);
    }
}

impl Seen {
    /// How many calls of a target came.
    #[must_use]
    pub fn calls_of(&self, target: &str) -> u64 {
        self.calls.get(target).copied().unwrap_or_default()
    }
}

impl Drop for AwsStub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn with<T>(&self, what: impl FnOnce(&mut World) -> T) -> T {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn answer(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default().to_owned();
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let answer = shared.with(|world| {
        *world.seen.calls.entry(target.clone()).or_default() += 1;
        match target.as_str() {
            "secretsmanager.GetSecretValue" => world.key.as_ref().map(
                |key| json!({ "ARN": asked.get("SecretId"), "Name": "webhook-key", "VersionId": "1", "SecretString": key }),
            ),
            "AmazonSQS.SendMessageBatch" if world.queue_is_there => Some(world.take(&asked)),
            _ => None,
        }
    });
    let content_type = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
    match answer {
        Some(answer) => (StatusCode::OK, content_type, answer.to_string()).into_response(),
        None => (StatusCode::BAD_REQUEST, content_type, r#"{"__type":"AccessDeniedException"}"#).into_response(),
    }
}

impl World {
    fn take(&mut self, asked: &Value) -> Value {
        let entries = asked.get("Entries").and_then(Value::as_array).cloned().unwrap_or_default();
        let taken = entries.iter().map(|entry| {
            let body = entry.get("MessageBody").and_then(Value::as_str).unwrap_or_default();
            self.seen.messages.push(body.to_owned());
            json!({ "Id": entry.get("Id"), "MessageId": uuid::Uuid::new_v4(), "MD5OfMessageBody": "not-checked" })
        });
        json!({ "Successful": taken.collect::<Vec<_>>(), "Failed": [] })
    }
}
