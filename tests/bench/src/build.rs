//! Builds the functions as `sam build` does: for release, with the flags that `Cargo.toml` has for `cargo lambda build`,
//! but with this machine's own linker.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::contenders::FUNCTIONS;

/// Builds them and gives the path of each by its name; cargo's own progress shows.
///
/// # Errors
/// When the build fails.
pub fn build() -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut command = cargo();
    command.args(["build", "--release", "--message-format", "json-render-diagnostics", "--bins"]);
    command.args(FUNCTIONS.iter().flat_map(|name| ["--package", name]));
    command.args(deployed_flags()?);
    let output = command.stderr(Stdio::inherit()).output().context("failed to run cargo")?;
    ensure!(output.status.success(), "the functions do not build");
    let messages = String::from_utf8_lossy(&output.stdout);
    Ok(messages.lines().filter_map(|line| binary(&serde_json::from_str(line).ok()?)).collect())
}

/// The flags of a deployment for this machine, where there are any: elsewhere the plain release is built.
fn deployed_flags() -> anyhow::Result<Vec<String>> {
    let metadata = said(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo's metadata cannot be read")?;
    let configured = metadata.pointer("/metadata/lambda/build/config").and_then(Value::as_array);
    let configured: Vec<&str> = configured.into_iter().flatten().filter_map(Value::as_str).collect();
    let about = said(Command::new("rustc").arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc does not say its host")?;
    Ok(flags_for(host, &configured))
}

fn flags_for(host: &str, configured: &[&str]) -> Vec<String> {
    let of_host = format!("target.{host}.");
    match configured.iter().find(|config| config.starts_with(&of_host)) {
        Some(config) => ["--target", host, "--config", config].map(str::to_owned).to_vec(),
        None => Vec::new(),
    }
}

fn cargo() -> Command {
    let mut command = local::cargo::command();
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    command
}

fn said(command: &mut Command) -> anyhow::Result<String> {
    let Output { status, stdout, .. } = command.stderr(Stdio::inherit()).output().context("failed to run a tool")?;
    ensure!(status.success(), "a tool failed");
    String::from_utf8(stdout).context("a tool answered something else than text")
}

/// The name and path of a binary, if this message of cargo's tells of one.
fn binary(message: &Value) -> Option<(String, PathBuf)> {
    let path = message.get("executable")?.as_str()?;
    Some((message.pointer("/target/name")?.as_str()?.to_owned(), path.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_gets_the_flags_of_its_own_kind_or_none() {
        let configured =
            ["target.aarch64-unknown-linux-gnu.rustflags=[]", "target.x86_64-unknown-linux-gnu.rustflags=[]"];
        let flags = flags_for("x86_64-unknown-linux-gnu", &configured);
        assert_eq!(flags, ["--target", "x86_64-unknown-linux-gnu", "--config", configured[1]]);
        assert!(flags_for("aarch64-apple-darwin", &configured).is_empty());
    }

    #[test]
    fn the_flags_of_a_deployment_are_found_where_cargo_lambda_finds_them() {
        let expected = if cfg!(all(target_os = "linux", target_env = "gnu")) { 4 } else { 0 };
        assert_eq!(deployed_flags().unwrap().len(), expected);
    }
}
