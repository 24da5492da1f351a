//! The API against its document: schemathesis draws calls from `infra/openapi.json`, sensible and not, and holds
//! each answer against what the document promises.

use anyhow::{Context as _, ensure};
use futures::future::try_join_all;
use local::layout::Layout;
use local::narrator::Silence;
use serde_json::Value;
use tokio::process::Command;

use crate::desk::Desk;
use crate::stage::Stage;

/// No server error, and nothing that the document does not promise: status, media type, headers, schema.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";
/// Calls drawn at random for each operation, beside the examples and the limits of each field.
const EXAMPLES: &str = "5";
/// Phases that go through everything together, and the one that makes nearly all calls, each operation by itself.
const TOGETHER: &str = "examples,fuzzing,stateful";
const ALONE: &str = "coverage";
/// Runs side by side. Each is a process with one worker: Python 3.11 reads source in one thread at a time only
/// ("AST constructor recursion depth mismatch"), and schemathesis reads its own in every worker.
const PARTS: usize = 3;

#[tokio::test]
async fn no_call_that_the_document_allows_has_an_answer_that_it_does_not_promise() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let created = desk.journey.invoice_created();
    let logged = desk.event("expense.logged", "expense", &desk.expense("training"));
    desk.send(&[created, logged]).await?;
    desk.record("expense", &format!("exp_{}", desk.name), "skipped").await?;

    let token = local::client::token(&stage.stack, &desk.journey.sessional.account, "&expires_in=3600").await?;
    // Whoever is disconnected is answered little: that comes last, when everything else was tried.
    let (deleting, others): (Vec<_>, Vec<_>) = operations()?.into_iter().partition(|(method, _)| method == "delete");
    let names = |operations: &[(String, String)]| operations.iter().map(|(_, name)| name.clone()).collect::<Vec<_>>();
    let (deleting, others) = (names(&deleting), names(&others));
    assert_eq!((deleting.len(), others.len()), (2, 21), "the document has other operations than this story knows");
    let part = |part: usize| others.iter().skip(part).step_by(PARTS).cloned().collect::<Vec<_>>();
    let alone = (0..PARTS).map(|number| try_out(&stage, &token, part(number), ALONE));
    futures::future::try_join(try_join_all(alone), try_out(&stage, &token, others.clone(), TOGETHER)).await?;
    let shown = desk.journey.sessional.call("GET", "/connection", None).await?;
    assert_eq!(shown.text_at("/status")?, "connected", "what was tried was tried on a connected account");
    try_out(&stage, &token, deleting, &format!("{TOGETHER},{ALONE}")).await
}

/// The operations of the document: method and name of each.
fn operations() -> anyhow::Result<Vec<(String, String)>> {
    let document: Value = serde_json::from_str(include_str!("../../infra/openapi.json"))?;
    let paths = document.get("paths").and_then(Value::as_object).context("the document has no paths")?;
    let calls = paths.values().filter_map(Value::as_object).flatten();
    let named =
        calls.filter_map(|(method, call)| Some((method.clone(), call.get("operationId")?.as_str()?.to_owned())));
    Ok(named.collect())
}

/// Tries these operations out.
async fn try_out(stage: &Stage, token: &str, operations: Vec<String>, phases: &str) -> anyhow::Result<()> {
    let layout = Layout::of_this_repository();
    let run = Command::new(layout.local("checks/schemathesis/bin/schemathesis"))
        .arg("run")
        .arg(layout.root().join("infra/openapi.json"))
        .args(["--url", &stage.stack.front, "--header", &format!("Authorization: Bearer {token}")])
        .args(operations.iter().flat_map(|name| ["--include-operation-id", name]))
        .args(["--phases", phases, "--checks", &CHECKS.replace(' ', ""), "--max-examples", EXAMPLES, "--seed", "1"])
        .args(["--generation-database", "none", "--suppress-health-check", "all", "--no-color"])
        .args(["--request-timeout", "30", "--continue-on-failure", "--workers", "1"])
        .current_dir(stage.stack.folder.as_path())
        .kill_on_drop(true)
        .output()
        .await
        .context("failed to run schemathesis (cargo local test installs it)")?;
    let report = String::from_utf8_lossy(&run.stdout);
    ensure!(run.status.success(), "{report}{}", String::from_utf8_lossy(&run.stderr));
    ensure!(report.contains(&format!("Tested: {}\n", operations.len())), "not every call was tried: {report}");
    Ok(())
}
