//! Stands between the functions and the emulator, and notes who calls what: one line for each new `function
//! action resource`, in IAM's words. The emulator enforces no permissions; a story holds these lines against
//! the roles of the template.
//!
//! Each function gets an address of its own, told apart by the first part of the path.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, Response, StatusCode, Uri, header};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Headers that belong to one connection, and the length, which the client writes itself.
const NOT_PASSED_ON: [HeaderName; 4] =
    [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH, header::HOST];

#[derive(Clone)]
struct Notes {
    target: String,
    client: reqwest::Client,
    seen: Arc<Mutex<(BTreeSet<String>, File)>>,
}

/// A place for a recorder: its address is known before what it stands in front of is there.
#[derive(Debug)]
pub struct Recorder {
    listener: TcpListener,
    url: String,
}

impl Recorder {
    /// Takes a free port of this machine.
    pub async fn bind() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("failed to listen")?;
        let url = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
        Ok(Self { listener, url })
    }

    /// Where it is; with a caller's name behind it, that caller's AWS.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Begins to pass on to the emulator and to note into a file.
    pub fn start(self, target: String, notes: &Path) -> anyhow::Result<JoinHandle<()>> {
        let file = File::create(notes).with_context(|| format!("failed to create {}", notes.display()))?;
        let seen = Arc::new(Mutex::new((BTreeSet::new(), file)));
        let router =
            axum::Router::new().fallback(pass).with_state(Notes { target, client: crate::http::client()?, seen });
        Ok(tokio::spawn(async move {
            if let Err(error) = axum::serve(self.listener, router).await {
                eprintln!("the recorder has ended: {error}");
            }
        }))
    }
}

impl Notes {
    fn note(&self, line: String) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (lines, file) = &mut *seen;
        if !lines.contains(&line) {
            if let Err(error) = writeln!(file, "{line}") {
                eprintln!("a call was not noted: {error}");
            }
            lines.insert(line);
        }
    }
}

async fn pass(State(notes): State<Notes>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let caller = uri.path().trim_start_matches('/').split('/').next().unwrap_or_default();
    for call in calls(&headers, &body) {
        notes.note(format!("{caller} {call}"));
    }
    let path = uri.path().strip_prefix(&format!("/{caller}")).filter(|path| !path.is_empty()).unwrap_or("/");
    forward(&notes, method, path, headers, body).await.unwrap_or_else(|error| {
        let mut response = Response::new(Body::from(format!("{error:#}")));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    })
}

async fn forward(
    notes: &Notes,
    method: Method,
    path: &str,
    mut headers: HeaderMap,
    body: Bytes,
) -> anyhow::Result<Response<Body>> {
    for name in NOT_PASSED_ON {
        headers.remove(name);
    }
    let request = notes.client.request(method, format!("{}{path}", notes.target)).headers(headers).body(body);
    let answer = request.send().await.context("the emulator did not answer")?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    for name in NOT_PASSED_ON {
        response.headers_mut().remove(name);
    }
    *response.body_mut() = Body::from(answer.bytes().await.context("the emulator broke off its answer")?);
    Ok(response)
}

/// The parts of a transaction, in IAM's words.
const TRANSACTION: [(&str, &str); 4] = [
    ("Put", "dynamodb:PutItem"),
    ("Update", "dynamodb:UpdateItem"),
    ("Delete", "dynamodb:DeleteItem"),
    ("ConditionCheck", "dynamodb:ConditionCheckItem"),
];

/// What a request asks permission for: a transaction asks for each of its parts.
fn calls(headers: &HeaderMap, body: &[u8]) -> Vec<String> {
    let whole: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(parts) = whole.get("TransactItems").and_then(Value::as_array) else { return vec![call(headers, body)] };
    let named = parts.iter().flat_map(|part| {
        TRANSACTION
            .iter()
            .filter_map(move |(kind, action)| Some((*action, part.get(*kind)?.get("TableName")?.as_str()?)))
    });
    named.map(|(action, table)| format!("{action} {table}")).collect()
}

/// The action in IAM's words, and the physical name of what it is about.
fn call(headers: &HeaderMap, body: &[u8]) -> String {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or("unknown");
    let (service, operation) = target.split_once('.').unwrap_or(("unknown", target));
    let service = match service {
        "AmazonSQS" => "sqs",
        name if name.starts_with("DynamoDB_") => "dynamodb",
        "TrentService" => "kms",
        name => name,
    };
    // To SQS a batch is the same permission as one.
    let operation = if service == "sqs" { operation.trim_end_matches("Batch") } else { operation };
    format!("{service}:{operation} {}", resource(body))
}

fn resource(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    let table = text("TableName").map(|table| match text("IndexName") {
        Some(index) => format!("{table}/index/{index}"),
        None => table,
    });
    // A batch names its table as a key.
    let batch = || body.get("RequestItems")?.as_object()?.keys().next().cloned();
    let named = table.or_else(batch).or_else(|| text("QueueUrl")).or_else(|| text("SecretId")).or_else(|| text("Name"));
    let named = named.or_else(|| text("KeyId"));
    named.unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(target: &str, body: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-target", target.parse().unwrap());
        call(&headers, body.as_bytes())
    }

    #[test]
    fn a_transaction_is_noted_as_its_parts() {
        let body = r#"{"TransactItems":[{"Put":{"TableName":"t","Item":{}}},{"ConditionCheck":{"TableName":"t"}}]}"#;
        let noted = calls(&HeaderMap::new(), body.as_bytes());
        assert_eq!(noted, ["dynamodb:PutItem t", "dynamodb:ConditionCheckItem t"]);
    }

    #[test]
    fn a_call_is_noted_in_the_words_of_iam() {
        let query = line("DynamoDB_20120810.Query", r#"{"TableName":"t","IndexName":"by-open"}"#);
        assert_eq!(query, "dynamodb:Query t/index/by-open");
        assert_eq!(line("AmazonSQS.SendMessageBatch", r#"{"QueueUrl":"http://q"}"#), "sqs:SendMessage http://q");
        let batch = line("DynamoDB_20120810.BatchGetItem", r#"{"RequestItems":{"t":{"Keys":[]}}}"#);
        assert_eq!(batch, "dynamodb:BatchGetItem t");
        assert_eq!(line("TrentService.Encrypt", r#"{"KeyId":"k","Plaintext":""}"#), "kms:Encrypt k");
        assert_eq!(line("secretsmanager.CreateSecret", r#"{"Name":"s"}"#), "secretsmanager:CreateSecret s");
    }
}
