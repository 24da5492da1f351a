//! A client written by somebody else: Xero's own SDK for Node, run against the stand-in.
//!
//! It installs the SDK below the build folder by itself; where that is not possible it says so and passes.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test they serve")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use xero_stand_in::control::{AppRegistration, Tier};
use xero_stand_in::{Config, StandIn};

const SDK: &str = "xero-node@20.0.0";
/// How long the installation may take.
const PATIENCE: Duration = Duration::from_secs(90);
const SCOPES: &str = "openid profile email offline_access accounting.invoices accounting.contacts \
     accounting.settings accounting.payments";
const REDIRECT: &str = "http://localhost:4000/callback";

/// Where the SDK is, installed if need be.
async fn installed() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("xero-sdk");
    let modules = folder.join("node_modules");
    if modules.join("xero-node").exists() {
        return Some(modules);
    }
    std::fs::create_dir_all(&folder).unwrap();
    let install = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--prefix"])
        .arg(&folder)
        .arg(SDK)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .status();
    let install = tokio::time::timeout(PATIENCE, install).await;
    let done = matches!(install, Ok(Ok(status)) if status.success()) && modules.join("xero-node").exists();
    done.then_some(modules)
}

#[tokio::test]
async fn xeros_own_sdk_connects_writes_pays_and_gets_the_error_of_a_duplicate_number() {
    let Some(modules) = installed().await else {
        writeln!(
            std::io::stderr(),
            "SKIPPED: {SDK} cannot be installed here (node and npm with a registry are needed)"
        )
        .unwrap();
        return;
    };
    let stand_in = StandIn::start(Config::default()).await.unwrap();
    let app = AppRegistration {
        client_id: "5E55104A10000000000000000000A002".to_owned(),
        client_secret: "secret".to_owned(),
        name: "SDK".to_owned(),
        redirect_uris: vec![REDIRECT.to_owned()],
        scopes: SCOPES.split_whitespace().map(str::to_owned).collect(),
        tier: Tier::Core,
        ..AppRegistration::default()
    };
    stand_in.control().register_app(&app).await.unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/client.cjs");
    let run = Command::new("node")
        .arg(script)
        .arg(stand_in.xero_url())
        .env("NODE_PATH", modules)
        .env("CLIENT_ID", &app.client_id)
        .env("CLIENT_SECRET", &app.client_secret)
        .env("REDIRECT_URI", REDIRECT)
        .env("SCOPES", SCOPES)
        .output()
        .await
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}{err}");
}
