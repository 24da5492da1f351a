//! The deployed template as tests read it: plain CloudFormation, its references by logical name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// An action on a resource: `("dynamodb:GetItem", "Table")`.
pub(crate) type Permission = (String, String);

/// What is at a place, or null.
pub(crate) fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// The template as it is with other values of parameters: its `Fn::If`s are decided.
pub(crate) fn with(template: &Value, parameters: &[(&str, &str)]) -> Value {
    let decide = |condition: &str| holds(template, at(template, &format!("/Conditions/{condition}")), parameters);
    decided(template, &decide).unwrap_or_default()
}

/// Whether a condition holds: of CloudFormation's functions those that the template uses.
fn holds(template: &Value, condition: &Value, parameters: &[(&str, &str)]) -> bool {
    if let Some(negated) = condition.pointer("/Fn::Not/0") {
        return !holds(template, negated, parameters);
    }
    let value = |side: &Value| {
        let Some(name) = at(side, "/Ref").as_str() else { return side.clone() };
        let given = parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| Value::from(*value));
        given.unwrap_or_else(|| at(template, &format!("/Parameters/{name}/Default")).clone())
    };
    value(at(condition, "/Fn::Equals/0")) == value(at(condition, "/Fn::Equals/1"))
}

/// A value with its conditions decided; none where it is left out.
fn decided(value: &Value, decide: &dyn Fn(&str) -> bool) -> Option<Value> {
    if let Some([Value::String(condition), yes, no]) = value.get("Fn::If").and_then(Value::as_array).map(Vec::as_slice)
    {
        return decided(if decide(condition) { yes } else { no }, decide);
    }
    match value {
        Value::Object(_) if at(value, "/Ref") == "AWS::NoValue" => None,
        Value::Object(fields) => {
            let fields = fields.iter().filter_map(|(name, value)| Some((name.clone(), decided(value, decide)?)));
            Some(Value::Object(fields.collect()))
        }
        Value::Array(values) => Some(Value::Array(values.iter().filter_map(|value| decided(value, decide)).collect())),
        _ => Some(value.clone()),
    }
}

/// The resources of a type, by logical name.
pub(crate) fn of_type<'a>(template: &'a Value, kind: &str) -> BTreeMap<&'a str, &'a Value> {
    let all = at(template, "/Resources").as_object().into_iter().flatten();
    all.filter(|(_, resource)| at(resource, "/Type") == kind).map(|(name, it)| (name.as_str(), it)).collect()
}

/// What a reference names, in short: `Table`, `Table/index/by-open`, `tokens/*`, `*`.
pub(crate) fn named(reference: &Value) -> String {
    let name = reference.as_str().or_else(|| at(reference, "/Ref").as_str());
    if let Some(name) = name.or_else(|| at(reference, "/Fn::GetAtt/0").as_str()) {
        return name.to_owned();
    }
    let Some(text) = at(reference, "/Fn::Sub").as_str() else { return reference.to_string() };
    match text.split_once("secret:${AWS::StackName}/") {
        Some((_, secret)) => secret.to_owned(),
        None => text.replace("${", "").replace(".Arn}", ""),
    }
}

/// A value or a list of values, as a list.
pub(crate) fn each(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |values| values.iter().collect())
}

/// What a role allows, in its own policies and in the shared ones.
pub(crate) fn allowed(template: &Value, role: &str) -> BTreeSet<Permission> {
    let role = at(template, &format!("/Resources/{role}/Properties"));
    let own = each(at(role, "/Policies")).into_iter().map(|policy| at(policy, "/PolicyDocument"));
    let shared = each(at(role, "/ManagedPolicyArns")).into_iter();
    let shared = shared.map(|policy| at(template, &format!("/Resources/{}/Properties/PolicyDocument", named(policy))));
    own.chain(shared).flat_map(permissions).collect()
}

/// The permissions of a policy.
fn permissions(policy: &Value) -> Vec<Permission> {
    let statements = each(at(policy, "/Statement")).into_iter().filter(|statement| at(statement, "/Effect") == "Allow");
    let pairs = statements.flat_map(|statement| {
        let resources = each(at(statement, "/Resource"));
        let actions = each(at(statement, "/Action")).into_iter();
        actions.flat_map(move |action| resources.clone().into_iter().map(move |on| (named(action), named(on))))
    });
    pairs.collect()
}
