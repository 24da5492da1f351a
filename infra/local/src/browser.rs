//! What the browser tests need and a fresh machine may lack: Debian's Chromium, and the driver and the judge of
//! accessibility that `tests/browser/package-lock.json` pins by hash.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::layout::Layout;
use crate::progress::Progress;

/// The programs that are Chromium, as distributions call them.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// What a test has to know.
#[derive(Clone, Debug)]
pub struct Browser {
    /// The program.
    pub chromium: PathBuf,
    /// The folder of the installed packages.
    pub modules: PathBuf,
}

impl Browser {
    /// What is installed; the error says what is missing.
    pub fn find(layout: &Layout) -> anyhow::Result<Self> {
        let chromium = chromium().context("Chromium is not installed (Debian: apt-get install chromium)")?;
        let place = Place::of(layout);
        if !place.is_current()? {
            bail!("the driver is not installed (cargo local test does it; it needs npm and a registry)");
        }
        Ok(Self { chromium, modules: place.folder.join("node_modules") })
    }

    /// Installs what is missing and may be installed. What cannot be is no failure here: the tests that need it say
    /// that they are skipped, and so does this.
    pub fn ensure(layout: &Layout, progress: &Progress) {
        let installed = install_chromium(progress).and_then(|()| install_driver(layout, progress));
        if let Err(error) = installed.and_then(|()| Self::find(layout)) {
            eprintln!("SKIPPED: the tests in a browser: {error:#}");
        }
    }
}

/// Where the packages are, and the lock they were installed from.
struct Place {
    sources: PathBuf,
    folder: PathBuf,
}

impl Place {
    fn of(layout: &Layout) -> Self {
        Self { sources: layout.root().join("tests/browser"), folder: layout.local("browser") }
    }

    fn lock(&self) -> PathBuf {
        self.sources.join("package-lock.json")
    }

    /// Written when an installation is complete.
    fn marker(&self) -> PathBuf {
        self.folder.join("complete")
    }

    fn is_current(&self) -> anyhow::Result<bool> {
        let wanted = fs::read(self.lock()).context("failed to read tests/browser/package-lock.json")?;
        Ok(fs::read(self.marker()).is_ok_and(|installed| installed == wanted))
    }
}

fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let candidates = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    // A distribution may have a stub of this name that only says where to get the real one.
    candidates.into_iter().find(|program| program.is_file() && succeeds(Command::new(program).arg("--version")))
}

/// From the distribution, where this is Debian or one of its children and the user may install.
fn install_chromium(progress: &Progress) -> anyhow::Result<()> {
    if chromium().is_some() {
        return Ok(());
    }
    let apt = Path::new("/usr/bin/apt-get");
    if !apt.exists() || !is_root() {
        return Ok(());
    }
    progress.step("installing Chromium for the tests in a browser");
    let install = || {
        let mut command = Command::new(apt);
        command.args(["install", "--yes", "--quiet", "--no-install-recommends", "chromium"]);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        succeeds(&mut command)
    };
    // A fresh image has no lists of packages.
    if install() || (succeeds(Command::new(apt).args(["update", "--quiet"])) && install()) {
        return Ok(());
    }
    bail!("apt-get cannot install chromium")
}

fn install_driver(layout: &Layout, progress: &Progress) -> anyhow::Result<()> {
    let place = Place::of(layout);
    if place.is_current()? {
        return Ok(());
    }
    progress.step("installing the driver of the tests in a browser");
    fs::create_dir_all(&place.folder).context("failed to create .local/browser")?;
    for name in ["package.json", "package-lock.json"] {
        let copied = fs::copy(place.sources.join(name), place.folder.join(name));
        copied.with_context(|| format!("failed to copy {name}"))?;
    }
    // By the lock, with its hashes; nothing of the packages is run.
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&place.folder);
    if !succeeds(&mut npm) {
        bail!("npm cannot install the driver (Node, npm and a registry are needed)");
    }
    fs::copy(place.lock(), place.marker()).context("failed to mark the installation as complete")?;
    Ok(())
}

fn is_root() -> bool {
    let asked = Command::new("id").arg("-u").output();
    asked.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == "0")
}

fn succeeds(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
