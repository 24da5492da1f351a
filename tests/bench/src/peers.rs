//! The same jobs in Node: installed by their lock below the build folder, bundled by esbuild as they would be deployed.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

/// The handlers, by the names of their files.
const HANDLERS: [&str; 3] = ["webhook", "sync", "sync-same-calls"];
/// What they share, and what runs them.
const SHARED: [&str; 3] = ["runtime", "invoice", "batch"];
/// Lambda's oldest version of Node that still gets updates.
const OLDEST: u32 = 20;
/// Bundled packages of the older kind call `require`.
const BANNER: &str = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

/// Node with the bundles.
#[derive(Clone, Debug)]
pub struct Peers {
    /// What Node says of itself, such as `v20.20.2`.
    pub version: String,
    /// The program.
    pub node: PathBuf,
    bundles: PathBuf,
}

impl Peers {
    /// Installs what is missing into `folder` and bundles the handlers. The error says what to install.
    ///
    /// # Errors
    /// When Node or npm is missing, or a registry cannot be reached.
    pub fn build(folder: &Path) -> anyhow::Result<Self> {
        let (node, version) = node().context("install Node 20 or newer with npm to see it")?;
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        install(&sources, folder).context("npm cannot install the peers (npm and a registry are needed)")?;
        for name in HANDLERS.iter().chain(&SHARED) {
            copy(&sources, folder, &format!("{name}.mjs"))?;
        }
        let bundles = folder.join("bundles");
        let mut esbuild = Command::new(&node);
        esbuild.arg("node_modules/esbuild/bin/esbuild").args(HANDLERS.map(|name| format!("{name}.mjs")));
        esbuild.args(["--bundle", "--minify", "--platform=node", "--target=node20", "--format=esm"]);
        esbuild.args(["--out-extension:.js=.mjs", "--log-level=error"]).arg(format!("--banner:js={BANNER}"));
        let mut output = OsString::from("--outdir=");
        output.push(&bundles);
        run(esbuild.arg(output).current_dir(folder)).context("the peers cannot be bundled")?;
        copy(folder, &bundles, "runtime.mjs")?;
        Ok(Self { version, node, bundles })
    }

    /// A handler as it is deployed.
    #[must_use]
    pub fn bundle(&self, handler: &str) -> PathBuf {
        self.bundles.join(format!("{handler}.mjs"))
    }

    /// What Node is told to run a handler.
    #[must_use]
    pub fn arguments(&self, handler: &str) -> Vec<OsString> {
        vec![self.bundles.join("runtime.mjs").into(), self.bundle(handler).into()]
    }
}

fn node() -> anyhow::Result<(PathBuf, String)> {
    let path = std::env::var_os("PATH").context("there is no PATH")?;
    let node = std::env::split_paths(&path).map(|folder| folder.join("node")).find(|program| program.is_file());
    let node = node.context("node is not installed")?;
    let output = Command::new(&node).arg("--version").output().context("node does not run")?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match major(&version) {
        Some(major) if major >= OLDEST => Ok((node, version)),
        Some(_) | None => bail!("node is {version}"),
    }
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// By the lock, with its hashes; nothing of the packages is run. A copy of the lock is written last, so that a broken
/// installation is made anew.
fn install(sources: &Path, folder: &Path) -> anyhow::Result<()> {
    let (lock, marker) = (sources.join("package-lock.json"), folder.join("complete"));
    let wanted = fs::read(&lock).context("failed to read the lock")?;
    if fs::read(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    fs::create_dir_all(folder.join("bundles")).context("failed to create a folder")?;
    for name in ["package.json", "package-lock.json"] {
        copy(sources, folder, name)?;
    }
    run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder))?;
    copy_as(&lock, &marker)
}

fn copy(from: &Path, to: &Path, name: &str) -> anyhow::Result<()> {
    copy_as(&from.join(name), &to.join(name))
}

fn copy_as(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::copy(from, to).map(|_| ()).with_context(|| format!("failed to copy {}", from.display()))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).output().context("it does not run")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_of_node_is_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("node"), None);
    }
}
