//! The deployed template as tests read it: plain CloudFormation, its references by logical name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// An action on a resource: `("dynamodb:GetItem", "Table")`.
pub(crate) type Permission = (String, String);

/// What is at a place, or null.
pub(crate) fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
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
