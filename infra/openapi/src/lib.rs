//! The OpenAPI document of the service's HTTP API, drawn from the very types that the functions read and
//! answer with. What a type cannot say (which call, which problems, examples) is in `operations`.
//!
//! `cargo run -p openapi` writes `infra/openapi.json`; a test fails when the file is not what the code draws.

mod document;
mod events;
mod examples;
mod operations;
mod problems;

use std::path::PathBuf;

pub use document::draw;

/// The document as it is checked in.
#[must_use]
pub fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../openapi.json")
}

/// The document as text.
///
/// # Errors
/// When it does not serialise.
pub fn text() -> anyhow::Result<String> {
    Ok(format!("{}\n", draw().to_pretty_json()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_checked_in_document_is_what_the_code_draws() {
        let stored = std::fs::read_to_string(golden()).unwrap_or_default();
        assert!(stored == text().unwrap(), "infra/openapi.json is out of date: run `cargo run -p openapi`, and review");
    }

    #[test]
    fn every_call_says_what_it_is_and_how_it_can_end() {
        let document: Value = serde_json::from_str(&text().unwrap()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.values().flat_map(|path| path.as_object().unwrap().values());
        for operation in operations.filter(|operation| operation.is_object()) {
            assert!(operation["summary"].is_string() && operation["operationId"].is_string(), "{operation}");
            assert!(!operation["responses"].as_object().unwrap().is_empty(), "{operation}");
        }
    }

    /// The media types with an example, each with its schema; references lead into the document.
    fn examples(value: &Value, found: &mut Vec<(Value, Value)>) {
        if let (Some(schema), Some(example)) = (value.get("schema"), value.get("example")) {
            found.push((schema.clone(), example.clone()));
        }
        match value {
            Value::Object(members) => members.values().for_each(|member| examples(member, found)),
            Value::Array(elements) => elements.iter().for_each(|element| examples(element, found)),
            _ => {}
        }
    }

    #[test]
    fn every_example_is_what_its_schema_says() {
        let document: Value = serde_json::from_str(&text().unwrap()).unwrap();
        let mut found = Vec::new();
        examples(&document["paths"], &mut found);
        assert!(found.len() > 20, "{}", found.len());
        for (schema, example) in found {
            let whole = serde_json::json!({ "components": document["components"], "allOf": [schema] });
            let validator = jsonschema::draft202012::new(&whole).unwrap();
            let wrong: Vec<String> = validator.iter_errors(&example).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{schema}: {example}: {wrong:?}");
        }
    }

    #[test]
    fn every_kind_of_problem_is_documented_with_what_the_app_should_show() {
        let text = text().unwrap();
        for kind in rules::problem::TYPES {
            assert!(text.contains(kind.uri) && text.contains(kind.show), "{}", kind.uri);
        }
    }
}
