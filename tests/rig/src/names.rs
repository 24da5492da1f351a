//! Names of outside calls: the operation and what it is about, and nothing that differs from run to run.

use axum::http::{HeaderMap, Method, Uri};
use serde_json::Value;

/// A call to AWS: `GetItem RECORD invoice`, `PutSecretValue token`, `SendMessage DeadLetterQueue`.
#[must_use]
pub fn aws(_: &Method, _: &Uri, headers: &HeaderMap, body: &[u8]) -> String {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or("unknown");
    let operation = target.rsplit('.').next().unwrap_or(target);
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    format!("{operation} {}", subject(&body))
}

fn subject(body: &Value) -> String {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    if let Some(key) = text("/Key/sk/S").or_else(|| text("/Item/sk/S")) {
        return item(key);
    }
    if body.get("RequestItems").is_some() {
        return "several".to_owned();
    }
    if let Some(index) = text("/IndexName") {
        return index.to_owned();
    }
    if let Some(secret) = text("/SecretId") {
        return if secret.contains("/tokens/") { "token" } else { "credentials" }.to_owned();
    }
    text("/QueueUrl").map_or_else(|| "unknown".to_owned(), queue)
}

/// `RECORD#tenant#invoice#id` is a record of an invoice, whoever's it is.
fn item(key: &str) -> String {
    let mut parts = key.split('#');
    let what = parts.next().unwrap_or_default();
    match (what, parts.nth(1)) {
        ("RECORD", Some(kind)) => format!("{what} {kind}"),
        _ => what.to_owned(),
    }
}

/// `…/sessional-xero-SyncQueue-1A2B.fifo` is the sync queue.
fn queue(url: &str) -> String {
    let name = url.rsplit('/').next().unwrap_or(url).trim_end_matches(".fifo");
    let part = name.split('-').find(|part| part.ends_with("Queue"));
    part.unwrap_or(name).to_owned()
}

/// A call to Xero: `PUT Invoices`, `GET Invoices ?InvoiceNumbers`, `POST connect/token`.
#[must_use]
pub fn xero(method: &Method, uri: &Uri, _: &HeaderMap, _: &[u8]) -> String {
    let path = uri.path().trim_start_matches('/').trim_start_matches("api.xro/2.0/");
    let segments = path.split('/').map(|part| if uuid::Uuid::parse_str(part).is_ok() { "{id}" } else { part });
    let path = segments.collect::<Vec<_>>().join("/");
    let query = uri.query().unwrap_or_default();
    let sought = ["InvoiceNumbers", "where", "IDs", "searchTerm"].into_iter().find(|key| {
        query.split('&').any(|pair| pair.split('=').next().is_some_and(|name| name.eq_ignore_ascii_case(key)))
    });
    match sought {
        Some(key) => format!("{method} {path} ?{key}"),
        None => format!("{method} {path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_aws(target: &'static str, body: &str) -> String {
        let headers = HeaderMap::from_iter([("x-amz-target".parse().unwrap(), target.parse().unwrap())]);
        aws(&Method::POST, &Uri::from_static("/"), &headers, body.as_bytes())
    }

    #[test]
    fn a_call_to_aws_is_named_by_its_operation_and_what_it_is_about() {
        let get = of_aws("DynamoDB_20120810.GetItem", r#"{"Key":{"pk":{"S":"A"},"sk":{"S":"RECORD#t#invoice#i"}}}"#);
        assert_eq!(get, "GetItem RECORD invoice");
        let put = of_aws("DynamoDB_20120810.PutItem", r#"{"Item":{"sk":{"S":"CONTACT#t#o"}}}"#);
        assert_eq!(put, "PutItem CONTACT");
        let queue = r#"{"QueueUrl":"http://x/0/sessional-xero-SyncDeadLetterQueue-1A.fifo"}"#;
        assert_eq!(of_aws("AmazonSQS.SendMessage", queue), "SendMessage SyncDeadLetterQueue");
        let token = of_aws("secretsmanager.PutSecretValue", r#"{"SecretId":"arn:x:s/tokens/u/1-Ab"}"#);
        assert_eq!(token, "PutSecretValue token");
    }

    #[test]
    fn a_call_to_xero_is_named_without_ids() {
        let named = |method: Method, uri: &'static str| xero(&method, &Uri::from_static(uri), &HeaderMap::new(), b"");
        assert_eq!(named(Method::PUT, "/api.xro/2.0/Invoices?unitdp=4&summarizeErrors=false"), "PUT Invoices");
        assert_eq!(named(Method::GET, "/api.xro/2.0/Invoices?InvoiceNumbers=A,B"), "GET Invoices ?InvoiceNumbers");
        let one = "/api.xro/2.0/Invoices/5b8f2f0e-0000-4000-8000-000000000001";
        assert_eq!(named(Method::POST, one), "POST Invoices/{id}");
        assert_eq!(named(Method::POST, "/connect/token"), "POST connect/token");
    }
}
