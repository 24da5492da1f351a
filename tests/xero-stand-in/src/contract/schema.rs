//! Turns the schemas of an OpenAPI file into JSON Schema that knows no unknown names.

use serde_json::{Map, Value, json};

use super::{Compiled, Exception};

/// Which way a body goes; answers keep enumerations open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Response,
    /// A webhook body: its schemas build on each other, so unknown names stay allowed.
    Event,
}

/// All schemas of one file, for one side.
#[derive(Debug)]
pub(super) struct Schemas {
    all: Value,
    pub(super) compiled: Compiled,
}

impl Schemas {
    pub(super) fn new(document: &Value, side: Side, exceptions: &[Exception]) -> Self {
        let mut all = document.pointer("/components/schemas").cloned().unwrap_or_default();
        if let Value::Object(schemas) = &mut all {
            for (name, schema) in schemas.iter_mut() {
                close(schema, side);
                except(exceptions, name, schema);
            }
        }
        Self { all, compiled: Compiled::default() }
    }

    /// A schema that can find all others.
    pub(super) fn rooted(&self, schema: &Value) -> Value {
        let mut schema = schema.clone();
        close(&mut schema, Side::Response);
        json!({"allOf": [schema], "components": {"schemas": self.all}})
    }
}

/// Forbids names that an object does not list, and drops what only documents.
fn close(schema: &mut Value, side: Side) {
    match schema {
        Value::Object(members) => {
            for noise in ["example", "default", "externalDocs"] {
                members.remove(noise);
            }
            if side == Side::Response {
                members.remove("enum");
            }
            let closes = side != Side::Event && members.contains_key("properties");
            if closes && !members.contains_key("additionalProperties") {
                members.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            if let Some(Value::Object(properties)) = members.get_mut("properties") {
                properties.values_mut().for_each(|property| close(property, side));
            }
            for nested in ["items", "allOf", "anyOf", "oneOf"] {
                if let Some(nested) = members.get_mut(nested) {
                    close(nested, side);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| close(item, side)),
        _ => {}
    }
}

/// Applies the listed exceptions of a schema.
fn except(exceptions: &[Exception], name: &str, schema: &mut Value) {
    for exception in exceptions.iter().filter(|exception| exception.schema == name) {
        let Some(members) = schema.as_object_mut() else { continue };
        match exception.field {
            "*" => {
                members.insert("additionalProperties".to_owned(), Value::Bool(true));
            }
            "required" => {
                members.remove("required");
            }
            field => {
                let properties = members.entry("properties").or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(properties) = properties {
                    properties.insert(field.to_owned(), Value::Object(Map::new()));
                }
            }
        }
    }
}
