//! The Python side of the local stack: a virtual environment in `.local/python` with the pinned emulator.
//!
//! Every file is checked against the hashes in `requirements.txt`. A marker with the requirements' text is
//! written last, so an interrupted or outdated installation is recognised and made anew.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::layout::{Layout, tail};
use crate::progress::Progress;

/// Older ones lack syntax the emulator uses.
const OLDEST: (u32, u32) = (3, 11);

/// What is tried, in order, when `--python` names nothing.
const CANDIDATES: [&str; 5] = ["python3.11", "python3.12", "python3.13", "python3", "python"];

/// An environment that is complete.
#[derive(Clone, Debug)]
pub struct Python {
    bin: PathBuf,
}

impl Python {
    /// The environment, installed first where it is not there or not this version's.
    pub fn ensure(layout: &Layout, asked: Option<&str>, progress: &Progress) -> anyhow::Result<Self> {
        let home = layout.local("python");
        let lock = lock(layout)?;
        let python = Self { bin: home.join("bin") };
        let requirements = layout.emulator("requirements.txt");
        if !is_current(&home, &requirements) {
            install(layout, &home, &python, asked, progress, &lock)?;
        }
        Ok(python)
    }

    /// cargo-lambda, installed on its first use: most people never need it.
    pub fn ensure_cargo_lambda(&self, layout: &Layout, progress: &Progress) -> anyhow::Result<PathBuf> {
        let command = self.bin.join("cargo-lambda");
        let lock = lock(layout)?;
        if !command.exists() {
            progress.step("installing cargo-lambda (once)");
            // Without its dependency zig (411 MB), which only cross-compiling needs.
            self.pip(&["--no-deps"], &layout.emulator("cargo-lambda.txt"), &layout.local("install.log"), &lock)?;
        }
        Ok(command)
    }

    /// The folder with the commands of one of the tools of `infra/checks`, installed into an environment of its own on
    /// its first use.
    pub fn ensure_tool(&self, layout: &Layout, name: &str, progress: &Progress) -> anyhow::Result<PathBuf> {
        let home = layout.local("checks").join(name);
        let requirements = layout.root().join("infra/checks").join(format!("{name}.txt"));
        let tool = Self { bin: home.join("bin") };
        let lock = lock(layout)?;
        if !is_current(&home, &requirements) {
            progress.step(&format!("installing {name} (once)"));
            if home.exists() {
                fs::remove_dir_all(&home).with_context(|| format!("failed to remove an old {name}"))?;
            }
            let log = layout.local("install.log");
            logged(Command::new(self.interpreter()).args(["-m", "venv"]).arg(&home), &log, &lock)?;
            tool.pip(&["--no-deps"], &requirements, &log, &lock)?;
            fs::copy(&requirements, marker(&home)).context("failed to mark the installation as complete")?;
        }
        Ok(tool.bin)
    }

    /// The interpreter.
    pub fn interpreter(&self) -> PathBuf {
        self.bin.join("python")
    }

    /// An installed command.
    pub fn command(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    fn pip(&self, more: &[&str], requirements: &Path, log: &Path, lock: &File) -> anyhow::Result<()> {
        let mut command = Command::new(self.interpreter());
        command.args([
            "-m",
            "pip",
            "install",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--disable-pip-version-check",
        ]);
        command.args(more).arg("--requirement").arg(requirements);
        logged(&mut command, log, lock).with_context(|| {
            "the installation failed. If the network was the reason, run the same command again; a package index other \
             than the default is configured as usual for pip (pip.conf or PIP_INDEX_URL)"
        })
    }
}

/// Two tools at once must not install over each other: the second waits.
fn lock(layout: &Layout) -> anyhow::Result<File> {
    let path = layout.local("install.lock");
    fs::create_dir_all(layout.local("")).context("failed to create the folder .local")?;
    let file = File::options().create(true).truncate(false).read(true).write(true).open(&path);
    let file = file.with_context(|| format!("failed to open {}", path.display()))?;
    file.lock().context("failed to wait for another installation")?;
    Ok(file)
}

fn marker(home: &Path) -> PathBuf {
    home.join("complete")
}

fn is_current(home: &Path, requirements: &Path) -> bool {
    match (fs::read(marker(home)), fs::read(requirements)) {
        (Ok(installed), Ok(wanted)) => installed == wanted && home.join("bin/python").exists(),
        _ => false,
    }
}

fn install(
    layout: &Layout,
    home: &Path,
    python: &Python,
    asked: Option<&str>,
    progress: &Progress,
    lock: &File,
) -> anyhow::Result<()> {
    let interpreter = find(asked)?;
    if home.exists() {
        progress.step("an installation in .local/python is incomplete or of another version: making it anew");
        fs::remove_dir_all(home).context("failed to remove .local/python")?;
    }
    progress.step(&format!("installing the AWS emulator with {interpreter} (once, about 30 packages, 60 MB)"));
    let log = layout.local("install.log");
    logged(Command::new(&interpreter).args(["-m", "venv"]).arg(home), &log, lock).with_context(|| {
        format!(
            "{interpreter} cannot make a virtual environment; on Debian and Ubuntu, install the package python3-venv"
        )
    })?;
    let requirements = layout.emulator("requirements.txt");
    python.pip(&[], &requirements, &log, lock)?;
    fs::copy(&requirements, marker(home)).context("failed to mark the installation as complete")?;
    Ok(())
}

fn find(asked: Option<&str>) -> anyhow::Result<String> {
    let candidates = asked.map_or_else(|| CANDIDATES.to_vec(), |name| vec![name]);
    let mut seen = Vec::new();
    for name in candidates {
        let Some(version) = version(name) else { continue };
        if version >= OLDEST {
            return Ok(name.to_owned());
        }
        seen.push(format!("{name} is {}.{}", version.0, version.1));
    }
    let found = if seen.is_empty() { "none was found".to_owned() } else { seen.join(", ") };
    bail!(
        "the local stack needs Python {}.{} or newer; {found}. Install it, or name it: cargo local --python <path> …",
        OLDEST.0,
        OLDEST.1
    )
}

fn version(interpreter: &str) -> Option<(u32, u32)> {
    let script = "import sys; print(sys.version_info.major, sys.version_info.minor)";
    let output = Command::new(interpreter).args(["-c", script]).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Runs a command with its output in a log, and shows the end of the log if it fails.
///
/// Its (empty) input is the lock: should this tool be killed, the lock is held until the command is through as
/// well, so that a next start does not install into the same folder beside it.
fn logged(command: &mut Command, log: &Path, lock: &File) -> anyhow::Result<()> {
    let file = File::create(log).with_context(|| format!("failed to create {}", log.display()))?;
    let same = file.try_clone().context("failed to share a log")?;
    let input = lock.try_clone().context("failed to share the lock")?;
    let status = command.stdin(input).stdout(file).stderr(same).status().context("failed to run it")?;
    if !status.success() {
        bail!("{}", tail(log, 15));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_without_its_marker_is_not_current() {
        let home = tempfile::tempdir().unwrap();
        let requirements = home.path().join("requirements.txt");
        fs::write(&requirements, "a==1").unwrap();
        fs::create_dir(home.path().join("bin")).unwrap();
        fs::write(home.path().join("bin/python"), "").unwrap();
        assert!(!is_current(home.path(), &requirements));
        fs::copy(&requirements, marker(home.path())).unwrap();
        assert!(is_current(home.path(), &requirements));
        fs::write(&requirements, "a==2").unwrap();
        assert!(!is_current(home.path(), &requirements));
    }

    #[test]
    fn a_python_that_is_not_there_is_a_sentence_with_a_way_out() {
        let error = find(Some("no-such-python")).unwrap_err().to_string();
        assert!(error.contains("needs Python 3.11 or newer; none was found"), "{error}");
    }
}
