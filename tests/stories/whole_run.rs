//! What all tests together leave behind: the calls to AWS that the functions made, held against their roles,
//! and the metrics that they wrote, held against the catalogue. `cargo local test` runs this once more at its
//! end, and only then asks whether something is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use aws::telemetry::metrics::CATALOGUE;
use local::deploy::Deployment;
use local::stack::WHOLE_RUN_VARIABLE;
use serde_json::Value;

use crate::stage::Stage;
use crate::template::{Permission, allowed, of_type, with};

/// Made for the function by AWS, so that no test of ours can make them: the function's logs and traces, the
/// event source's receiving, and Secrets Manager's use of the key.
const MADE_BY_AWS: [&str; 9] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "kms:Decrypt",
    "kms:GenerateDataKey",
];

/// Whoever refreshes a token may be the one who has to begin a new secret, after a hundred of its versions, or
/// to put away the old one. Stories do it with the functions' own adapters and a clock of theirs.
const ROLLING_OVER: [&str; 2] = ["secretsmanager:CreateSecret", "secretsmanager:DeleteSecret"];

/// A claim that its account does not use is left by a death between two calls of the function: stories lay it down with
/// the functions' own adapters.
const AFTER_A_DEATH: [&str; 1] = ["dynamodb:ConditionCheckItem"];

/// Made only while something is out: our own store, or Xero's sign-in for everybody. Stories do it with the functions'
/// own adapters.
const WHILE_SOMETHING_IS_OUT: [&str; 2] = ["dynamodb:UpdateItem", "sqs:ChangeMessageVisibility"];

/// Written after a quarter of an hour without what is missing, which no test waits for. The rules' own tests do, with
/// a clock of theirs.
const AFTER_A_WHILE: [&str; 1] = ["webhook.events_missing"];

fn all_tests_have_run() -> bool {
    std::env::var_os(WHOLE_RUN_VARIABLE).is_some()
}

/// Who has called what until now; `inside` are the stories that drive the rules themselves.
fn made(stage: &Stage) -> anyhow::Result<BTreeMap<String, BTreeSet<Permission>>> {
    let mut made: BTreeMap<String, BTreeSet<Permission>> = BTreeMap::new();
    for line in stage.stack.calls()?.lines() {
        let mut parts = line.splitn(3, ' ');
        let mut part = || parts.next().unwrap_or_default().to_owned();
        let (caller, action, resource) = (part(), part(), part());
        made.entry(caller).or_default().insert((action, logical(&stage.stack.deployment, &resource)));
    }
    Ok(made)
}

/// The template's name of what a call is about.
fn logical(deployment: &Deployment, physical: &str) -> String {
    if physical.contains("/tokens/") {
        return "tokens/*".to_owned();
    }
    let (name, index) = physical.split_once("/index/").map_or((physical, None), |(name, index)| (name, Some(index)));
    // A secret's ARN ends in six characters that its name does not have.
    let secret = name.split_once(":secret:").and_then(|(_, rest)| rest.rsplit_once('-')).map(|(secret, _)| secret);
    let known = deployment.resources.iter().find(|(_, id)| id.as_str() == name || Some(id.as_str()) == secret);
    let name = known.map_or(name, |(logical, _)| logical.as_str());
    index.map_or_else(|| name.to_owned(), |index| format!("{name}/index/{index}"))
}

fn roles(template: &Value) -> BTreeMap<String, BTreeSet<Permission>> {
    let template = with(template, &[]);
    let functions = of_type(&template, "AWS::Lambda::Function");
    let roles = functions.keys().filter_map(|name| name.strip_suffix("Function"));
    let roles = roles.map(|name| (name.to_lowercase(), allowed(&template, &format!("{name}Role"))));
    roles.collect()
}

#[tokio::test]
async fn every_call_that_a_function_makes_is_allowed_by_its_role() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let (roles, made) = (roles(&stage.stack.deployment.template), made(&stage)?);
    assert_eq!(roles.len(), 8);
    for (function, role) in &roles {
        let calls = made.get(function).cloned().unwrap_or_default();
        let forbidden: Vec<_> = calls.difference(role).collect();
        assert!(forbidden.is_empty(), "{function} makes calls that its role does not allow: {forbidden:?}");
    }
    Ok(())
}

#[tokio::test]
async fn every_call_that_a_role_allows_is_made_by_some_test() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let (roles, made) = (roles(&stage.stack.deployment.template), made(&stage)?);
    let inside = made.get("inside").cloned().unwrap_or_default();
    let none = BTreeSet::new();
    let mut unmade = Vec::new();
    for (function, role) in &roles {
        let calls = made.get(function).unwrap_or(&none);
        let left = role.difference(calls).filter(|permission| {
            let (action, _) = permission;
            let rare = ROLLING_OVER.iter().chain(&AFTER_A_DEATH).chain(&WHILE_SOMETHING_IS_OUT);
            let rare = rare.into_iter().any(|known| *known == action.as_str());
            // The stories' own tables and queues have names that the template does not know.
            let own = |on: &str| on.rsplit('/').next().is_some_and(|name| name.starts_with("story-"));
            let made_inside = inside.iter().any(|(made, on)| made == action && (on == &permission.1 || own(on)));
            let by_the_adapters = rare && made_inside;
            !MADE_BY_AWS.contains(&action.as_str()) && !by_the_adapters
        });
        unmade.extend(left.map(|(action, resource)| format!("{function} {action} {resource}")));
    }
    // In the middle of a run others have yet to make theirs.
    assert!(unmade.is_empty() || !all_tests_have_run(), "allowed and never used: {unmade:#?}");
    Ok(())
}

#[test]
fn every_metric_of_the_catalogue_is_written_and_none_beside_it() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut written: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for function in stage.stack.deployment.functions.keys() {
        let log = fs::read_to_string(stage.stack.logs.join(format!("{function}.log"))).unwrap_or_default();
        // The last line may be half written: another story runs.
        for line in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            for directive in line["_aws"]["CloudWatchMetrics"].as_array().into_iter().flatten() {
                let name = directive["Metrics"][0]["Name"].as_str().unwrap_or_default();
                assert!(line[name].is_number(), "{function} writes {name} without a number");
                assert_eq!(directive["Namespace"], local::deploy::STACK);
                let by = directive["Dimensions"][1][0].as_str().and_then(|by| line[by].as_str()).unwrap_or_default();
                written.entry(name.to_owned()).or_default().insert(by.to_owned());
            }
        }
    }
    for (name, values) in &written {
        let metric = CATALOGUE.iter().find(|metric| metric.name == name);
        assert!(metric.is_some(), "{name} is in no catalogue");
        assert!(values.len() < 12, "{name} is told apart by what is no short list: {values:?}");
    }
    let missing = CATALOGUE.iter().map(|metric| metric.name).filter(|name| !AFTER_A_WHILE.contains(name));
    let missing: Vec<_> = missing.filter(|name| !written.contains_key(*name)).collect();
    assert!(missing.is_empty() || !all_tests_have_run(), "no function has written {missing:?}");
    Ok(())
}
