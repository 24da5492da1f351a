//! Builds the functions and the stand-in, and makes the emulator's deployment packages out of them.
//!
//! A package holds a two-line `bootstrap` that becomes the function: it starts the binary in place, with its
//! output in the function's own log. So a deployment is quick whatever the binaries weigh, and the running
//! ones are copies, which a build that goes on meanwhile does not replace under them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::cargo;
use crate::layout::{Layout, StackFolder};
use crate::recorder::Recorder;

/// Where a stack has its binaries.
const BIN: &str = "bin";

/// What to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Build {
    /// The functions and the stand-in.
    Binaries,
    /// These and the tests, as one unit: what they share is compiled once.
    BinariesAndTests,
    /// Nothing: the binaries are those that another stack runs, in its folder.
    Nothing(PathBuf),
}

/// Builds and gives the path of every binary by name. Cargo's own progress shows.
pub fn build(layout: &Layout, what: &Build) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    if let Build::Nothing(folder) = what {
        return staged(folder);
    }
    let mut command = cargo::command();
    command.args(["build", "--workspace", "--bins", "--message-format", "json-render-diagnostics"]);
    if *what == Build::BinariesAndTests {
        command.arg("--tests");
    }
    let output = command.current_dir(layout.root()).stderr(Stdio::inherit()).output().context("failed to run cargo")?;
    if !output.status.success() {
        bail!("the build failed; see above");
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    Ok(messages.lines().filter_map(|line| binary(&serde_json::from_str(line).ok()?)).collect())
}

/// The binaries in a stack's folder.
fn staged(folder: &Path) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let entries = fs::read_dir(folder.join(BIN)).context("failed to list another stack's binaries")?;
    let paths = entries.collect::<Result<Vec<_>, _>>().context("failed to list another stack's binaries")?;
    Ok(paths.into_iter().map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())).collect())
}

/// The name and path of a binary, if this message of cargo's tells of one.
fn binary(message: &Value) -> Option<(String, PathBuf)> {
    let target = message.get("target")?;
    let is_binary = target.get("kind")?.as_array()?.iter().any(|kind| kind == "bin");
    let is_test = message.pointer("/profile/test")?.as_bool()?;
    let path = message.get("executable")?.as_str()?;
    (is_binary && !is_test).then(|| Some((target.get("name")?.as_str()?.to_owned(), path.into())))?
}

/// Copies the binaries into the stack's folder and writes a bootstrap for each: name -> path of the bootstrap.
/// With a recorder, each finds AWS behind it, at an address of its own.
pub fn stage(
    built: &BTreeMap<String, PathBuf>,
    folder: &StackFolder,
    recorder: Option<&Recorder>,
) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let stage = |(name, path): (&String, &PathBuf)| {
        let aws = recorder.map(|recorder| format!("export AWS_ENDPOINT_URL='{}/{name}'\n", recorder.url()));
        Ok((name.clone(), stage_one(name, path, folder, &aws.unwrap_or_default())?))
    };
    built.iter().map(stage).collect()
}

fn stage_one(name: &str, built: &Path, folder: &StackFolder, environment: &str) -> anyhow::Result<PathBuf> {
    let copy = folder.file(BIN).join(name);
    let about = fs::metadata(built).with_context(|| format!("failed to find the binary {name}"))?;
    let changed = about.modified().context("failed to read a binary's age")?.duration_since(UNIX_EPOCH)?.as_nanos();
    let bootstrap = folder.file("bootstraps").join(name);
    let text = format!(
        "#!/bin/sh\n# of {changed}, {} bytes: another build is another deployment\n{environment}exec '{}' >>'{}' 2>&1\n",
        about.len(),
        copy.display(),
        folder.log(name).display(),
    );
    if copy.exists() && fs::read_to_string(&bootstrap).is_ok_and(|before| before == text) {
        return Ok(bootstrap);
    }
    if copy.exists() {
        fs::remove_file(&copy).with_context(|| format!("failed to replace {}", copy.display()))?;
    }
    fs::copy(built, &copy).with_context(|| format!("failed to copy the binary {name}"))?;
    fs::write(&bootstrap, text).context("failed to write a bootstrap")?;
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).context("failed to mark a bootstrap")?;
    Ok(bootstrap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_binaries_that_are_not_tests_are_taken_from_cargos_messages() {
        let message = |kind: &str, test: bool| {
            json!({ "reason": "compiler-artifact", "target": { "name": "sync", "kind": [kind] },
                    "profile": { "test": test }, "executable": "/t/sync" })
        };
        assert_eq!(binary(&message("bin", false)), Some(("sync".into(), "/t/sync".into())));
        assert_eq!(binary(&message("bin", true)), None);
        assert_eq!(binary(&message("test", true)), None);
        assert_eq!(binary(&json!({ "reason": "build-finished" })), None);
    }
}
