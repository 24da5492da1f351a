//! The API against its document: schemathesis draws calls from `infra/openapi.json`, sensible and not, and holds
//! each answer against what the document promises.

use anyhow::{Context as _, ensure};
use local::layout::Layout;
use local::narrator::Silence;
use tokio::process::Command;

use crate::desk::Desk;
use crate::stage::Stage;

/// No server error, and nothing that the document does not promise: status, media type, headers, schema.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";
/// Calls drawn at random for each operation, beside the examples and the limits of each field.
const EXAMPLES: &str = "5";

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
    try_out(&stage, &token, "--exclude-method", "15 selected").await?;
    let shown = desk.journey.sessional.call("GET", "/connection", None).await?;
    assert_eq!(shown.text_at("/status")?, "connected", "what was tried was tried on a connected account");
    try_out(&stage, &token, "--include-method", "1 selected").await
}

/// Tries every call out but those that delete, or those alone.
async fn try_out(stage: &Stage, token: &str, deleting: &str, selected: &str) -> anyhow::Result<()> {
    let layout = Layout::of_this_repository();
    let run = Command::new(layout.local("checks/schemathesis/bin/schemathesis"))
        .arg("run")
        .arg(layout.root().join("infra/openapi.json"))
        .args(["--url", &stage.stack.front, "--header", &format!("Authorization: Bearer {token}")])
        .args([deleting, "DELETE"])
        .args(["--checks", &CHECKS.replace(' ', ""), "--max-examples", EXAMPLES, "--seed", "1"])
        .args(["--generation-database", "none", "--suppress-health-check", "all", "--no-color"])
        .args(["--request-timeout", "30", "--continue-on-failure", "--workers", "3"])
        .current_dir(stage.stack.folder.as_path())
        .kill_on_drop(true)
        .output()
        .await
        .context("failed to run schemathesis (cargo local test installs it)")?;
    let report = String::from_utf8_lossy(&run.stdout);
    ensure!(run.status.success(), "{report}{}", String::from_utf8_lossy(&run.stderr));
    ensure!(report.contains(selected), "not every call was tried: {report}");
    Ok(())
}
