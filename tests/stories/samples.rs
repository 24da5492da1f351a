//! The sample events of `tests/events`: each is taken by the function that it is named after.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use local::layout::Layout;
use local::stack::StackInfo;
use serde_json::Value;

use crate::stage::Stage;

/// The samples of one function: `<function>.json` and `<function>-….json`.
fn samples(function: &str) -> anyhow::Result<Vec<PathBuf>> {
    let folder = Layout::of_this_repository().root().join("tests/events");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).context("failed to list the sample events")? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if stem == function || stem.strip_prefix(function).is_some_and(|rest| rest.starts_with('-')) {
            found.push(path);
        }
    }
    assert!(!found.is_empty(), "{function} has no sample event");
    found.sort();
    Ok(found)
}

async fn invoke(stack: &StackInfo, function: &str, sample: &PathBuf) -> anyhow::Result<Value> {
    let event: Value = serde_json::from_slice(&fs::read(sample)?).with_context(|| format!("{}", sample.display()))?;
    let name = stack.deployment.functions.get(function).with_context(|| format!("{function} is not deployed"))?;
    stack.aws()?.invoke(name, &event).await.with_context(|| format!("{}", sample.display()))
}

#[tokio::test]
async fn every_sample_of_an_http_function_gets_an_answer_that_is_not_a_failure() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    for function in ["callback", "connect", "settings", "ingest", "webhook"] {
        for sample in samples(function)? {
            let answer = invoke(&stage.stack, function, &sample).await?;
            let status = answer["statusCode"].as_u64().unwrap_or_default();
            assert!((200..500).contains(&status) && status != 401, "{}: {answer}", sample.display());
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_sample_of_a_queue_function_is_acknowledged() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    for function in ["sync", "payments", "upkeep"] {
        for sample in samples(function)? {
            let answer = invoke(&stage.stack, function, &sample).await?;
            let failed = answer["batchItemFailures"].as_array().map(Vec::len);
            assert_eq!(failed, Some(0), "{}: {answer}", sample.display());
        }
    }
    Ok(())
}
