//! What runs here is what `template.yaml` says.

use local::layout::Layout;

use crate::stage::Stage;
use crate::template::allowed;

#[tokio::test]
async fn the_routes_that_came_up_are_those_of_the_template() -> anyhow::Result<()> {
    let deployment = Stage::shared()?.stack.deployment;
    assert_eq!(deployment.deployed, deployment.declared);
    assert!(deployment.declared.len() > 8, "the template declares its routes: {:?}", deployment.declared);
    Ok(())
}

/// The document is drawn apart from the template, and the app is written against it.
#[tokio::test]
async fn the_routes_are_those_of_the_apis_document() -> anyhow::Result<()> {
    let deployment = Stage::shared()?.stack.deployment;
    let text = std::fs::read_to_string(Layout::of_this_repository().root().join("infra/openapi.json"))?;
    let document: serde_json::Value = serde_json::from_str(&text)?;
    let mut documented = std::collections::BTreeMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let public = operation["security"].as_array().is_none_or(Vec::is_empty);
            documented.insert(format!("{} {path}", method.to_uppercase()), public);
        }
    }
    let declared = deployment.declared.iter().map(|(route, door)| (route.clone(), *door == "public"));
    assert_eq!(documented, declared.collect());
    Ok(())
}

#[tokio::test]
async fn only_the_callback_the_burning_and_the_webhook_are_public() -> anyhow::Result<()> {
    let deployment = Stage::shared()?.stack.deployment;
    let public = deployment.deployed.iter().filter(|(_, door)| *door == "public").map(|(route, _)| route.as_str());
    let known = ["DELETE /connection/confirmation", "GET /oauth/callback", "POST /webhooks/accounting"];
    assert_eq!(public.collect::<Vec<_>>(), known);
    Ok(())
}

#[tokio::test]
async fn the_webhook_function_is_told_of_its_key_and_its_queue_and_nothing_else() -> anyhow::Result<()> {
    let deployment = Stage::shared()?.stack.deployment;
    let names: Vec<_> = deployment.environment["webhook"].keys().map(String::as_str).collect();
    assert_eq!(names, ["LOG_LEVEL", "METRIC_NAMESPACE", "PAYMENT_QUEUE_URL", "WEBHOOK_KEY_SECRET"]);
    Ok(())
}

/// What anybody may call is told of no queue, no secret and no key, and its role reaches consents alone.
#[tokio::test]
async fn the_callback_function_reaches_consents_and_nothing_else() -> anyhow::Result<()> {
    let deployment = Stage::shared()?.stack.deployment;
    let names: Vec<_> = deployment.environment["callback"].keys().map(String::as_str).collect();
    assert_eq!(names, ["APP_RETURN_URL", "LOG_LEVEL", "METRIC_NAMESPACE", "TABLE_NAME"]);
    let allowed = allowed(&deployment.template, "CallbackRole");
    let reached: Vec<_> = allowed.iter().filter(|(action, _)| !action.starts_with("logs:")).collect();
    let reached: Vec<String> = reached.into_iter().map(|(action, resource)| format!("{action} {resource}")).collect();
    let expected =
        ["dynamodb:GetItem Table", "dynamodb:PutItem Table", "xray:PutTelemetryRecords *", "xray:PutTraceSegments *"];
    assert_eq!(reached, expected);
    let role = &deployment.template["Resources"]["CallbackRole"]["Properties"];
    let condition = &role["Policies"][0]["PolicyDocument"]["Statement"][0]["Condition"];
    assert_eq!(condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"][0], "CONSENT#*");
    assert_eq!(condition["Null"]["dynamodb:LeadingKeys"], "false");
    Ok(())
}
