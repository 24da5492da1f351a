//! What runs here is what `template.yaml` says.

use local::layout::Layout;

use crate::stage::Stage;

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
async fn only_the_callback_and_the_webhook_are_public() -> anyhow::Result<()> {
    let deployment = Stage::shared()?.stack.deployment;
    let public = deployment.deployed.iter().filter(|(_, door)| *door == "public").map(|(route, _)| route.as_str());
    assert_eq!(public.collect::<Vec<_>>(), ["GET /oauth/callback", "POST /webhooks/accounting"]);
    Ok(())
}

#[tokio::test]
async fn the_webhook_function_is_told_of_its_key_and_its_queue_and_nothing_else() -> anyhow::Result<()> {
    let deployment = Stage::shared()?.stack.deployment;
    let names: Vec<_> = deployment.environment["webhook"].keys().map(String::as_str).collect();
    assert_eq!(names, ["LOG_LEVEL", "METRIC_NAMESPACE", "PAYMENT_QUEUE_URL", "WEBHOOK_KEY_SECRET"]);
    Ok(())
}
