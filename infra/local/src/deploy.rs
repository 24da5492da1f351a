//! Deploys `template.yaml` to the emulator, through `emulator/deploy.py`, and keeps what came up.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::aws::REGION;
use crate::layout::Layout;
use crate::python::Python;

/// The CloudFormation stack's name, and so the prefix of everything in it.
pub const STACK: &str = "sessional-xero";

/// What to deploy.
#[derive(Debug, Serialize)]
pub struct Request {
    /// The emulator.
    pub endpoint: String,
    /// Values of the template's parameters.
    pub parameters: BTreeMap<&'static str, String>,
    /// A bootstrap for each binary.
    pub bootstraps: BTreeMap<String, PathBuf>,
    /// Functions that `cargo lambda watch` runs: binary -> where it takes events.
    pub proxies: BTreeMap<String, String>,
    /// Secret values by logical id.
    pub secrets: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    request: &'a Request,
    region: &'static str,
    stack: &'static str,
    template: PathBuf,
}

/// What came up.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Deployment {
    /// The HTTP API's id.
    pub api_id: String,
    /// Physical ids by logical id, the template's and those that the transform adds.
    pub resources: BTreeMap<String, String>,
    /// Function names by binary.
    pub functions: BTreeMap<String, String>,
    /// The functions' variables by binary.
    pub environment: BTreeMap<String, BTreeMap<String, String>>,
    /// Routes the template declares, each `token` or `public`.
    pub declared: BTreeMap<String, String>,
    /// Routes the gateway has.
    pub deployed: BTreeMap<String, String>,
    /// The template as it was deployed: plain CloudFormation.
    pub template: serde_json::Value,
}

impl Deployment {
    /// The physical id of a resource of the template.
    pub fn resource(&self, logical_id: &str) -> anyhow::Result<&str> {
        let found = self.resources.get(logical_id);
        found.map(String::as_str).with_context(|| format!("template.yaml has no resource {logical_id}"))
    }

    /// A variable of a function.
    pub fn variable(&self, function: &str, name: &str) -> anyhow::Result<&str> {
        let found = self.environment.get(function).and_then(|variables| variables.get(name));
        found.map(String::as_str).with_context(|| format!("template.yaml gives {function} no {name}"))
    }
}

/// Deploys, or brings an existing stack up to date.
pub async fn deploy(layout: &Layout, python: &Python, request: &Request) -> anyhow::Result<Deployment> {
    let whole = Whole { request, region: REGION, stack: STACK, template: layout.template() };
    let mut command = Command::new(python.interpreter());
    command.arg(layout.emulator("deploy.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    // The user's AWS and proxy settings have no business here.
    for name in ["AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().context("failed to start the deployment")?;
    let mut input = child.stdin.take().context("the deployment takes no request")?;
    input.write_all(&serde_json::to_vec(&whole)?).await.context("failed to hand over the deployment's request")?;
    drop(input);
    let output = child.wait_with_output().await.context("failed to wait for the deployment")?;
    if !output.status.success() {
        bail!("the deployment of template.yaml failed\n{}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("the deployment answered something else than JSON")
}
