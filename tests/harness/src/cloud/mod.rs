//! AWS in memory: the table, the queues, the secrets and the key, behind the SDK's own HTTP connector, so that the
//! adapters and the SDK are those that are deployed. What is out of order is asked of the weather at every call.

mod expression;
mod queues;
mod secrets;
mod table;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use tokio::sync::Notify;

pub use queues::Message;

use crate::calendar::Calendar;
use crate::process::{self, Run};
use crate::template::Template;
use crate::weather::{Fault, Moment, Place, Weather};
use queues::Queues;
use secrets::Secrets;
use table::Table;

/// How long AWS takes for a call.
const LATENCY: Duration = Duration::from_millis(4);
/// Longer than any try of the SDK waits.
const SILENCE: Duration = Duration::from_secs(3_600);

/// What AWS answers when it does not do what it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) code: &'static str,
    message: String,
    more: Option<(&'static str, Value)>,
}

impl Refused {
    fn new(code: &'static str, message: &str) -> Self {
        Self { code, message: message.to_owned(), more: None }
    }

    fn with(self, name: &'static str, value: Value) -> Self {
        Self { more: Some((name, value)), ..self }
    }

    fn body(&self) -> Value {
        let mut body = json!({ "__type": self.code, "message": self.message });
        if let (Some((name, value)), Some(body)) = (&self.more, body.as_object_mut()) {
            body.insert((*name).to_owned(), value.clone());
        }
        body
    }
}

#[derive(Default)]
struct State {
    table: Table,
    queues: Queues,
    secrets: Secrets,
    /// The table as it was before.
    restorable: Option<Table>,
}

/// AWS. Clones are the same.
#[derive(Clone)]
pub struct Cloud {
    state: Arc<Mutex<State>>,
    calendar: Calendar,
    weather: Weather,
    /// Wakes whoever waits for messages.
    pub sent: Arc<Notify>,
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cloud")
    }
}

impl Cloud {
    /// An empty AWS, deployed as the template says.
    #[must_use]
    pub fn new(template: &Template, calendar: Calendar, weather: Weather) -> Self {
        let table = Table::new(template.indexes.clone());
        let state = State { table, queues: Queues::new(&template.queues), ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), calendar, weather, sent: Arc::new(Notify::new()) }
    }

    /// Puts a secret by hand, as an operator does.
    pub fn put_secret(&self, name: &str, value: &str) {
        self.state().secrets.put(name, value);
    }

    /// Sends to a queue, as Sessional's backend does.
    pub fn send(&self, queue: &str, group: &str, deduplication: &str, body: &str) {
        let entry = json!({ "MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": deduplication });
        let now = self.calendar.now();
        // A queue that the template does not have is a mistake of the test, which its end shows.
        if self.state().queues.send(queue, &entry, now).is_ok() {
            self.sent.notify_waiters();
        }
    }

    /// Receives from a queue.
    pub fn receive(&self, queue: &str, most: usize, shuffle: &mut dyn FnMut(usize) -> usize) -> Vec<Message> {
        let now = self.calendar.now();
        self.state().queues.receive(queue, most, now, shuffle)
    }

    /// Acknowledges messages.
    pub fn delete(&self, queue: &str, ids: &[u64]) {
        let mut state = self.state();
        ids.iter().for_each(|id| state.queues.delete(queue, *id));
        self.sent.notify_waiters();
    }

    /// When a queue's next message can be received.
    #[must_use]
    pub fn next_at(&self, queue: &str) -> Option<jiff::Timestamp> {
        self.state().queues.next_at(queue, self.calendar.now())
    }

    /// What is in a queue, and what it lost because nobody took it in time.
    #[must_use]
    pub fn messages(&self, queue: &str) -> (Vec<Message>, Vec<Message>) {
        let state = self.state();
        let found = state.queues.get(queue);
        found.map(|queue| (queue.messages().to_vec(), queue.lost.clone())).unwrap_or_default()
    }

    /// An operator sends a dead-letter queue's messages back; how many there were.
    pub fn redrive(&self, dead: &str) -> usize {
        let now = self.calendar.now();
        let count = self.state().queues.redrive(dead, now);
        self.sent.notify_waiters();
        count
    }

    /// The next entries of batches are refused by their queue.
    pub fn refuse_entries(&self, count: u32) {
        self.state().queues.refuse = count;
    }

    /// The next read of several items at once leaves so many of them unread.
    pub fn leave_unread(&self, count: usize) {
        self.state().table.unread = count;
    }

    /// Indexes are this much behind from now on.
    pub fn lag(&self, by: Duration) {
        self.state().table.lag = by;
    }

    /// What has expired goes.
    pub fn expire(&self) {
        let now = self.calendar.now();
        self.state().table.expire(now);
    }

    /// Whether any item is due by then.
    #[must_use]
    pub fn has_due(&self, by: jiff::Timestamp) -> bool {
        self.state().table.has_due(by)
    }

    /// Keeps the table as it is, to be restored.
    pub fn keep_table(&self) {
        let mut state = self.state();
        state.restorable = Some(state.table.clone());
    }

    /// An operator restores the table that was kept.
    pub fn restore_table(&self) {
        let mut state = self.state();
        if let Some(table) = state.restorable.take() {
            state.table = table;
        }
    }

    /// Every item of the table as text, for those who look for what should not be there.
    #[must_use]
    pub fn items(&self) -> Vec<Value> {
        self.state().table.items().map(|item| Value::Object(item.clone())).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn exchange(self, run: Option<Arc<Run>>, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let (service, operation) = target.rsplit_once('.').unwrap_or_default();
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        let place = place(service, &body);
        let call = call(operation, &body);
        let fault = self.weather.at(run.as_deref(), &place, &call);
        tokio::time::sleep(LATENCY).await;
        let (before, after) = sides(fault.as_ref());
        if let Some(before) = before {
            return self.fail(run, before, &place).await;
        }
        let answer = self.answer(service, operation, &body);
        if let Some(after) = after {
            return self.fail(run, after, &place).await;
        }
        match answer {
            Ok(answer) => response(200, &answer),
            Err(refused) => response(400, &refused.body()),
        }
    }

    fn answer(&self, service: &str, operation: &str, body: &Value) -> Result<Value, Refused> {
        let now = self.calendar.now();
        let mut state = self.state();
        match service {
            "DynamoDB_20120810" => state.table.answer(operation, body, now),
            "AmazonSQS" => {
                let answer = state.queues.answer(operation, body, now);
                self.sent.notify_waiters();
                answer
            }
            "secretsmanager" | "TrentService" => state.secrets.answer(operation, body),
            unknown => Err(Refused::new("UnknownService", unknown)),
        }
    }

    async fn fail(&self, run: Option<Arc<Run>>, fault: &Fault, place: &Place) -> Result<HttpResponse, ConnectorError> {
        match (fault, run) {
            (Fault::Killed(_), Some(run)) => match run.die().await {},
            (Fault::Silence(_) | Fault::Killed(_), _) => {
                tokio::time::sleep(SILENCE).await;
                Err(ConnectorError::timeout("no answer".into()))
            }
            (Fault::TooMany(..), _) => response(400, &json!({ "__type": "ThrottlingException" })),
            _ if matches!(place, Place::Partition(_)) => {
                response(400, &json!({ "__type": "ProvisionedThroughputExceededException" }))
            }
            _ => response(500, &json!({ "__type": "InternalServerError" })),
        }
    }
}

/// What of a fault comes before the call is carried out, and what after.
fn sides(fault: Option<&Fault>) -> (Option<&Fault>, Option<&Fault>) {
    match fault {
        None => (None, None),
        Some(
            it @ (Fault::Error(moment) | Fault::Silence(moment) | Fault::Killed(moment) | Fault::Whole(_, moment)),
        ) => {
            if *moment == Moment::Before {
                (Some(it), None)
            } else {
                (None, Some(it))
            }
        }
        Some(it @ (Fault::Gateway(_) | Fault::Cut)) => (None, Some(it)),
        Some(it @ Fault::TooMany(..)) => (Some(it), None),
    }
}

fn response(status: u16, body: &Value) -> Result<HttpResponse, ConnectorError> {
    let response = http::Response::builder().status(status).header("content-type", "application/x-amz-json-1.0");
    let response = response.body(SdkBody::from(body.to_string()));
    let response = response.map_err(|error| ConnectorError::other(error.into(), None))?;
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}

fn place(service: &str, body: &Value) -> Place {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    match service {
        "DynamoDB_20120810" => {
            let key = text("/Key/pk/S").or_else(|| text("/Item/pk/S"));
            Place::Partition(key.unwrap_or_default().to_owned())
        }
        "AmazonSQS" => {
            let url = text("/QueueUrl").unwrap_or_default();
            Place::Queue(url.rsplit('/').next().unwrap_or_default().to_owned())
        }
        "secretsmanager" => Place::Secrets,
        _ => Place::Keys,
    }
}

/// The name of a call: its operation and what it is about, and nothing that differs from run to run.
fn call(operation: &str, body: &Value) -> String {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let subject = if let Some(sk) = text("/Key/sk/S").or_else(|| text("/Item/sk/S")) {
        let parts: Vec<&str> = sk.split('#').collect();
        match parts.as_slice() {
            ["RECORD", _, kind, ..] => format!("RECORD {kind}"),
            [what, ..] => (*what).to_owned(),
            [] => String::new(),
        }
    } else if let Some(index) = text("/IndexName") {
        index.to_owned()
    } else if let Some(secret) = text("/SecretId").or_else(|| text("/Name")) {
        if secret.contains("/tokens/") { "token" } else { "credentials" }.to_owned()
    } else {
        text("/QueueUrl").and_then(|url| url.rsplit('/').next()).unwrap_or_default().to_owned()
    };
    format!("{operation} {subject}").trim_end().to_owned()
}

impl HttpConnector for Cloud {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (cloud, run) = (self.clone(), process::current());
        HttpConnectorFuture::new(cloud.exchange(run, request))
    }
}

impl HttpClient for Cloud {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
