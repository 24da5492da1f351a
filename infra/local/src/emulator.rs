//! The AWS emulator (MiniStack) as a part of the stack.

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::aws::REGION;
use crate::layout::{Layout, StackFolder};
use crate::part::{Part, Start};
use crate::ports::Ports;
use crate::python::Python;

/// It starts in a third of a second; a machine under load may need many times that.
const PATIENCE: Duration = Duration::from_secs(60);

/// The emulator's address, as functions see it.
pub fn endpoint(ports: Ports) -> String {
    format!("http://127.0.0.1:{}", ports.aws)
}

/// Starts it and waits until it answers.
pub async fn start(
    layout: &Layout,
    python: &Python,
    folder: &StackFolder,
    ports: Ports,
    keeps_state: bool,
) -> anyhow::Result<Part> {
    let path = |name: &str| folder.file(name).display().to_string();
    let mut part = Part::start(
        layout,
        python,
        Start {
            name: "emulator",
            command: vec![python.interpreter().display().to_string(), "-m".into(), "ministack".into()],
            environment: vec![
                // Both matter: without them it listens on every interface.
                ("BIND_HOST", "127.0.0.1".into()),
                ("IOT_MTLS_ENABLED", "0".into()),
                ("GATEWAY_PORT", ports.aws.to_string()),
                ("AWS_ENDPOINT_URL", endpoint(ports)),
                ("MINISTACK_REGION", REGION.into()),
                ("PERSIST_STATE", if keeps_state { "1" } else { "0" }.into()),
                ("STATE_DIR", path("aws")),
                ("TMPDIR", path("tmp")),
                // It would look for a container engine, which nothing here needs.
                ("DOCKER_HOST", "unix:///nonexistent".into()),
                ("SFTP_ENABLED", "0".into()),
                ("RUST_BACKTRACE", "1".into()),
                ("PYTHONDONTWRITEBYTECODE", "1".into()),
            ],
            log: folder.log("emulator"),
            output: None,
        },
    )?;
    let client = crate::http::client()?;
    let health = format!("{}/_ministack/health", endpoint(ports));
    let began = Instant::now();
    loop {
        part.check()?;
        let answer = client.get(&health).timeout(Duration::from_secs(2)).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(part);
        }
        if began.elapsed() > PATIENCE {
            bail!("the emulator does not answer\n{}", part.tail());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
