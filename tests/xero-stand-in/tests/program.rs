//! The program: it says where it listens, keeps its world, and leaves when it is told.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test they serve")]

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use xero_stand_in::HARBOUR_SOUND;
use xero_stand_in::control::{Act, Client};

/// Starts the program and reads its one line.
async fn started(state: &Path) -> (Child, Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_xero-stand-in"))
        .args(["--port", "0", "--control-port", "0", "--seed", "uk", "--state"])
        .arg(state)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let ready = serde_json::from_str(&line).unwrap();
    (child, ready)
}

/// Asks it to leave, as a process manager does, and waits for a clean exit.
async fn stopped(mut child: Child) {
    let id = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test]
async fn the_world_survives_a_restart_when_it_has_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("world.json");
    let (child, ready) = started(&state).await;
    let control = Client::new(ready["control"].as_str().unwrap()).unwrap();
    let fields = serde_json::json!({"Name": "Harbour Hall", "ContactNumber": "org_1"});
    control.act(HARBOUR_SOUND, &Act::CreateContact { fields }).await.unwrap();
    let before = control.snapshot(HARBOUR_SOUND).await.unwrap();
    stopped(child).await;

    let (child, ready) = started(&state).await;
    let control = Client::new(ready["control"].as_str().unwrap()).unwrap();
    assert_eq!(control.snapshot(HARBOUR_SOUND).await.unwrap(), before);
    stopped(child).await;
}
