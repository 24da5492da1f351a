//! The contract: journal entries and webhook deliveries judged by Xero's published OpenAPI files.
//!
//! Names and types must be those of the specification; unknown names are refused. Where the
//! specification is known to be wrong, [`EXCEPTIONS`] says so with its reason, and nothing else passes.

mod exceptions;
mod schema;

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::Value;

pub use exceptions::{EXCEPTIONS, Exception};

use self::schema::{Schemas, Side};
use crate::control::types::{Delivery, JournalEntry};
use crate::http::form_pairs;

const ACCOUNTING: &str = include_str!("../../openapi/xero_accounting.yaml");
const IDENTITY: &str = include_str!("../../openapi/xero-identity.yaml");
const WEBHOOKS: &str = include_str!("../../openapi/xero-webhooks.yaml");
const BASE: &str = "/api.xro/2.0";

/// The three files, read once: they are long.
static FILES: LazyLock<Result<[Value; 3], String>> = LazyLock::new(|| {
    let read = |text: &str| serde_saphyr::from_str(text).map_err(|error| error.to_string());
    Ok([read(ACCOUNTING)?, read(IDENTITY)?, read(WEBHOOKS)?])
});

/// The specification, ready to judge.
#[derive(Debug)]
pub struct Contract {
    operations: BTreeMap<String, Operation>,
    requests: Schemas,
    responses: Schemas,
    identity: Schemas,
    webhooks: Schemas,
}

/// One operation of the specification.
#[derive(Debug)]
struct Operation {
    path: String,
    /// Name and schema type of each query parameter.
    query: BTreeMap<String, Value>,
    body: Option<Value>,
    answers: BTreeMap<String, Value>,
    is_identity: bool,
    /// The body is a file.
    raw: bool,
}

impl Contract {
    /// Reads the specification that is part of this crate, with all listed exceptions.
    ///
    /// # Errors
    /// When a file is not what it was when it was copied.
    pub fn load() -> anyhow::Result<Self> {
        Self::with(EXCEPTIONS)
    }

    /// Reads it with chosen exceptions.
    ///
    /// # Errors
    /// When a file is not what it was when it was copied.
    pub fn with(exceptions: &[Exception]) -> anyhow::Result<Self> {
        let [accounting, identity, webhooks] = FILES.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?;
        let mut all = operations(accounting, false);
        all.extend(operations(identity, true));
        Ok(Self {
            operations: all,
            requests: Schemas::new(accounting, Side::Request, exceptions),
            responses: Schemas::new(accounting, Side::Response, exceptions),
            identity: Schemas::new(identity, Side::Response, exceptions),
            webhooks: Schemas::new(webhooks, Side::Event, exceptions),
        })
    }

    /// What is wrong with a request that the journal noted with bodies; nothing for operations that the
    /// specification does not cover (consent and tokens).
    #[must_use]
    pub fn request(&self, entry: &JournalEntry) -> Vec<String> {
        let Some(operation) = self.operations.get(&entry.operation) else { return unknown(entry) };
        let mut complaints = operation.path_complaint(entry);
        for (name, value) in form_pairs(entry.query.as_bytes()) {
            match operation.query.get(&name) {
                None => complaints.push(format!("the query parameter {name} is not part of {}", entry.operation)),
                Some(schema) => complaints.extend(parameter_complaint(&name, &value, schema)),
            }
        }
        match (&operation.body, entry.request_body.as_str()) {
            (None, "") => {}
            (Some(_), _) if operation.raw => {}
            (None, _) => complaints.push("a body where the specification has none".to_owned()),
            (Some(schema), text) => complaints.extend(self.requests.judge(schema, &exceptions::wrapped(entry, text))),
        }
        complaints
    }

    /// What is wrong with an answer that the journal noted with bodies.
    #[must_use]
    pub fn response(&self, entry: &JournalEntry) -> Vec<String> {
        let Some(operation) = self.operations.get(&entry.operation) else { return unknown(entry) };
        let schema = operation.answers.get(&entry.status.to_string());
        let is_json = entry.response_type.as_deref().is_some_and(|kind| kind.starts_with("application/json"));
        match schema {
            Some(Value::Null) if entry.response_body.is_empty() => Vec::new(),
            Some(Value::Null) => vec!["a body where the specification has none".to_owned()],
            Some(schema) if operation.is_identity => self.identity.judge(schema, &entry.response_body),
            Some(_) if !is_json && entry.status == 400 => exceptions::plain_text(&entry.response_body),
            Some(schema) => self.responses.judge(schema, &exceptions::without_envelope(&entry.response_body)),
            None => exceptions::unlisted_status(entry.status),
        }
    }

    /// What is wrong with a webhook delivery.
    #[must_use]
    pub fn delivery(&self, delivery: &Delivery) -> Vec<String> {
        let judge = |name: &str, body: &Value| {
            let reference = serde_json::json!({"$ref": format!("#/components/schemas/{name}")});
            self.webhooks.judge(&reference, &body.to_string())
        };
        let Some(mut body) = exceptions::as_described(&delivery.body) else {
            return vec!["no JSON".to_owned()];
        };
        let mut complaints = judge("WebhookEvent", &body);
        if let Some(Value::Array(events)) = body.get_mut("events") {
            events.retain(|event| event.get("eventCategory").and_then(Value::as_str) == Some("CREDITNOTE"));
            if !events.is_empty() {
                complaints.extend(judge("CreditNoteWebhookEvent", &body));
            }
        }
        complaints
    }
}

impl Operation {
    fn path_complaint(&self, entry: &JournalEntry) -> Vec<String> {
        let given = entry.path.strip_prefix(BASE).unwrap_or(&entry.path);
        let fits = self.path.split('/').count() == given.split('/').count()
            && self
                .path
                .split('/')
                .zip(given.split('/'))
                .all(|(wanted, got)| wanted.starts_with('{') || wanted.eq_ignore_ascii_case(got));
        if fits { Vec::new() } else { vec![format!("{given} is not {}", self.path)] }
    }
}

/// Consent and tokens are not in the files; anything else should be.
fn unknown(entry: &JournalEntry) -> Vec<String> {
    let uncovered = ["authorize", "consent", "revocation", "discovery", "jwks", "page"];
    if uncovered.contains(&entry.operation.as_str()) || entry.operation.starts_with("token") {
        return Vec::new();
    }
    vec![format!("{} {} is no operation of the specification", entry.method, entry.path)]
}

fn parameter_complaint(name: &str, value: &str, schema: &Value) -> Option<String> {
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    let items = schema.get("items").cloned().unwrap_or_default();
    let is_uuid = |schema: &Value| schema.get("format").and_then(Value::as_str) == Some("uuid");
    let fine = match kind {
        "integer" => value.parse::<i64>().is_ok(),
        "boolean" => matches!(value, "true" | "false" | "True" | "False"),
        "array" if is_uuid(&items) => value.split(',').all(|id| id.trim().parse::<uuid::Uuid>().is_ok()),
        _ if is_uuid(schema) => value.parse::<uuid::Uuid>().is_ok(),
        _ => true,
    };
    (!fine).then(|| format!("the query parameter {name} is no {kind}"))
}

fn operations(document: &Value, is_identity: bool) -> BTreeMap<String, Operation> {
    let mut found = BTreeMap::new();
    for (path, methods) in members(document.get("paths")) {
        for (_, operation) in members(Some(methods)) {
            let Some(id) = operation.get("operationId").and_then(Value::as_str) else { continue };
            found.insert(id.to_owned(), read_operation(document, path, operation, is_identity));
        }
    }
    found
}

fn read_operation(document: &Value, path: &str, operation: &Value, is_identity: bool) -> Operation {
    let parameters = operation.get("parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let parameters = parameters.iter().map(|parameter| resolved(document, parameter));
    let query = parameters.filter(|parameter| parameter.get("in").and_then(Value::as_str) == Some("query"));
    let query = query.filter_map(|parameter| {
        let name = parameter.get("name")?.as_str()?.to_owned();
        Some((name, parameter.get("schema").cloned().unwrap_or_default()))
    });
    let body = operation.get("requestBody").map(|body| resolved(document, body));
    let answers = members(operation.get("responses")).map(|(status, answer)| {
        let schema = content(resolved(document, answer)).map(|(_, schema)| schema).unwrap_or_default();
        (status.to_owned(), schema)
    });
    let content = body.and_then(content);
    Operation {
        path: path.to_owned(),
        query: query.collect(),
        raw: content.as_ref().is_some_and(|(kind, _)| kind != "application/json"),
        body: content.map(|(_, schema)| schema),
        answers: answers.collect(),
        is_identity,
    }
}

/// The first content type of a body and its schema.
fn content(body: &Value) -> Option<(String, Value)> {
    let (kind, media) = members(body.get("content")).next()?;
    Some((kind.to_owned(), media.get("schema").cloned().unwrap_or_default()))
}

/// Follows one reference within the document.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let reference = value.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
    reference.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// Compiled validators by their schema's text.
type Compiled = Mutex<BTreeMap<String, std::sync::Arc<jsonschema::Validator>>>;

impl Schemas {
    /// Everything that a text has against a schema.
    fn judge(&self, schema: &Value, text: &str) -> Vec<String> {
        let instance: Value = match serde_json::from_str(text) {
            Ok(instance) => instance,
            Err(error) => return vec![format!("no JSON: {error}")],
        };
        let validator = match self.validator(schema) {
            Ok(validator) => validator,
            Err(error) => return vec![format!("the schema cannot be used: {error}")],
        };
        validator.iter_errors(&instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    fn validator(&self, schema: &Value) -> anyhow::Result<std::sync::Arc<jsonschema::Validator>> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let key = schema.to_string();
        if let Some(known) = compiled.get(&key) {
            return Ok(known.clone());
        }
        let whole = self.rooted(schema);
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
        let built = options.should_validate_formats(true).build(&whole);
        let built = std::sync::Arc::new(built.map_err(|error| anyhow::anyhow!("{error}"))?);
        compiled.insert(key, built.clone());
        Ok(built)
    }
}
