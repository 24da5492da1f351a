//! The schemas of the checked-in document.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn document() -> Value {
    serde_json::from_str(include_str!("../../../../infra/openapi.json")).unwrap()
}

/// The schema of an event; formats are no part of it, because readers of schemas need not know them.
pub(crate) fn schema() -> Validator {
    let document = document();
    let whole = json!({ "$ref": "#/components/schemas/Event", "components": document["components"] });
    jsonschema::draft202012::new(&whole).unwrap()
}

/// The names of all members that an event may have.
pub(crate) fn names_of_events() -> BTreeSet<String> {
    let document = document();
    let mut found = BTreeSet::new();
    for event in ["InvoiceEvent", "InvoiceVoidedEvent", "ExpenseEvent", "ExpenseDeletedEvent"] {
        names(&document, &json!({ "$ref": format!("#/components/schemas/{event}") }), &mut found);
    }
    found
}

/// The names of all members below a schema.
fn names(document: &Value, schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        names(document, document.pointer(reference.trim_start_matches('#')).unwrap(), found);
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(name.clone());
        names(document, member, found);
    }
    names_of_all(document, schema["oneOf"].as_array(), found);
    if schema["items"].is_object() {
        names(document, &schema["items"], found);
    }
}

fn names_of_all(document: &Value, schemas: Option<&Vec<Value>>, found: &mut BTreeSet<String>) {
    schemas.into_iter().flatten().for_each(|schema| names(document, schema, found));
}
