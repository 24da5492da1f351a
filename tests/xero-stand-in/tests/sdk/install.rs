//! Installs the SDKs below the build folder, once; nothing where no registry answers.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;

pub(crate) const NODE_SDK: &str = "xero-node@20.0.0";
pub(crate) const PYTHON_SDK: &str = "xero-python==15.2.0";
/// How long an installation may take.
const PATIENCE: Duration = Duration::from_secs(120);

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Runs a command in silence; whether it ended well in time.
async fn done(command: &mut Command) -> bool {
    let run = command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).status();
    matches!(tokio::time::timeout(PATIENCE, run).await, Ok(Ok(status)) if status.success())
}

/// Tests run side by side, and in processes of their own: whoever finds it unfinished installs it in a folder of
/// its own and moves that into place; who comes second keeps the first's.
async fn once(place: &Path, ready: &str, install: impl AsyncFnOnce(&Path) -> bool) -> bool {
    if place.join(ready).exists() {
        return true;
    }
    let draft = place.with_extension(std::process::id().to_string());
    std::fs::create_dir_all(&draft).unwrap();
    let installed = install(&draft).await;
    if installed && !place.exists() {
        drop(std::fs::rename(&draft, place));
    }
    if draft.exists() {
        std::fs::remove_dir_all(&draft).unwrap();
    }
    place.join(ready).exists()
}

/// The folder of the modules for Node.
pub(crate) async fn node() -> Option<PathBuf> {
    let place = folder("xero-sdk-node");
    let install = async |draft: &Path| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--prefix"]);
        done(npm.arg(draft).arg(NODE_SDK)).await
    };
    once(&place, "node_modules/xero-node", install).await.then(|| place.join("node_modules"))
}

/// The folder of the packages for Python.
pub(crate) async fn python() -> Option<PathBuf> {
    let place = folder("xero-sdk-python");
    let install = async |draft: &Path| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]);
        done(pip.arg(draft).arg(PYTHON_SDK)).await
    };
    once(&place, "xero_python", install).await.then_some(place)
}

/// An HTTP client for the loopback address.
pub(crate) fn http() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build().unwrap()
}
