//! A function's process, started as Lambda starts a custom runtime.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::process::{Child, Command};

/// A running process; it is killed when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    process: Child,
}

impl Sandbox {
    /// Starts a function against a Runtime API and an AWS endpoint, with its own variables besides.
    ///
    /// # Errors
    /// When the binary cannot be started.
    pub fn start(binary: &Path, runtime_api: &str, aws: &str, variables: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut command = Command::new(binary);
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
            .env("AWS_LAMBDA_FUNCTION_NAME", "driven")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "driven")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "driven")
            .env("AWS_REGION", "eu-west-2")
            .env("AWS_ACCESS_KEY_ID", "driven")
            .env("AWS_SECRET_ACCESS_KEY", "driven")
            .env("AWS_ENDPOINT_URL", aws)
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let process = command.spawn().with_context(|| format!("failed to start {}", binary.display()))?;
        Ok(Self { process })
    }

    /// The process, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }
}

/// Builds a release binary of the workspace and says where it is.
///
/// # Errors
/// When the build fails.
pub fn release_binary(package: &str) -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = std::process::Command::new(cargo)
        .args(["build", "--release", "--message-format", "json-render-diagnostics", "--package", package])
        .stderr(Stdio::inherit())
        .output()
        .context("failed to run cargo")?;
    if !output.status.success() {
        bail!("{package} does not build");
    }
    let messages = String::from_utf8(output.stdout).context("cargo's messages are not text")?;
    let mut executables = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let name = message.pointer("/target/name")?.as_str()?;
        let path = message.get("executable")?.as_str()?;
        (name == package).then(|| PathBuf::from(path))
    });
    executables.next_back().with_context(|| format!("{package} has no binary"))
}
