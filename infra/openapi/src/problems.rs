//! Problems as responses: by status, each kind with an example and with what the app should show.

use std::collections::BTreeMap;

use rules::problem::{ProblemType, TYPES};
use serde_json::{Value, json};
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::{ContentBuilder, Ref, Response, ResponseBuilder};

/// The media type of RFC 9457.
const PROBLEM: &str = "application/problem+json";

/// The responses for some kinds of problem, by status.
pub(crate) fn responses(uris: &[&str]) -> BTreeMap<u16, Response> {
    let mut by_status: BTreeMap<u16, Vec<&ProblemType>> = BTreeMap::new();
    for kind in TYPES.iter().filter(|kind| uris.contains(&kind.uri)) {
        by_status.entry(kind.status).or_default().push(kind);
    }
    by_status.into_iter().map(|(status, kinds)| (status, response(status, &kinds))).collect()
}

fn response(status: u16, kinds: &[&ProblemType]) -> Response {
    let description = kinds.iter().map(|kind| kind.title).collect::<Vec<_>>().join("; ");
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(kinds.iter().map(|kind| (kind.uri, example(kind))))
        .build();
    let response = ResponseBuilder::new().description(description).content(PROBLEM, content);
    match status {
        // The gateway's authorizer and its throttle answer before any function does, in their own form.
        401 => response.content("application/json", gateway("Unauthorized")).build(),
        429 => response.content("application/json", gateway("Too Many Requests")).build(),
        _ => response.build(),
    }
}

/// What the gateway itself answers.
pub(crate) fn gateway(message: &str) -> utoipa::openapi::Content {
    let schema = Ref::from_schema_name("GatewayMessage");
    ContentBuilder::new().schema(Some(schema)).example(Some(json!({ "message": message }))).build()
}

fn example(kind: &ProblemType) -> Example {
    let value: Value = json!({ "type": kind.uri, "title": kind.title, "status": kind.status, "detail": kind.meaning });
    ExampleBuilder::new().summary(kind.title).description(kind.show).value(Some(value)).build()
}

/// The kinds as a table for people.
pub(crate) fn table() -> String {
    let rows =
        TYPES.iter().map(|kind| format!("| `{}` | {} | {} | {} |", kind.uri, kind.status, kind.meaning, kind.show));
    let head = "| Type | Status | Meaning | The app shows |\n| --- | --- | --- | --- |".to_owned();
    std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
}
