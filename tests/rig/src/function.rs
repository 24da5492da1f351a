//! One function as a process of its own under a [`Runtime`]: started, invoked, killed as a crash would.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use crate::runtime::{Ended, Runtime};

/// A start or an answer that takes longer is not coming; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(90);

/// What to run, and with what.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The name that Lambda tells the function.
    pub name: String,
    /// The binary.
    pub binary: PathBuf,
    /// What it is told on its command line; a function of ours takes nothing.
    pub arguments: Vec<OsString>,
    /// The function's variables; nothing else is passed on.
    pub environment: BTreeMap<String, String>,
    /// Where its log goes; none throws it away.
    pub log: Option<PathBuf>,
}

/// A running process.
pub struct Function {
    child: Child,
    began: Instant,
    runtime: Runtime,
}

impl Function {
    /// Starts the process. It may still be busy with its start: see [`Function::ready`].
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(setup: &Setup) -> anyhow::Result<Self> {
        let runtime = Runtime::start().await?;
        let mut command = Command::new(&setup.binary);
        command.args(&setup.arguments).env_clear().envs(&setup.environment);
        command.env("AWS_LAMBDA_RUNTIME_API", runtime.address());
        command.env("AWS_LAMBDA_FUNCTION_NAME", &setup.name);
        command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128").env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
        command.env("AWS_REGION", local::aws::REGION);
        command.env("AWS_ACCESS_KEY_ID", "000000000000").env("AWS_SECRET_ACCESS_KEY", "test");
        let (output, errors) = outputs(setup.log.as_deref())?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors).kill_on_drop(true);
        let began = Instant::now();
        let child = command.spawn().with_context(|| format!("failed to start {}", setup.binary.display()))?;
        Ok(Self { child, began, runtime })
    }

    /// The moment at which the system was asked for the process.
    #[must_use]
    pub fn began(&self) -> Instant {
        self.began
    }

    /// The process, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until the process asks for its first event.
    ///
    /// # Errors
    /// When it ends before, or its start fails.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        tokio::select! {
            ready = self.runtime.ready() => ready,
            status = self.child.wait() => bail!("the function ended in its start: {}", status?),
            () = tokio::time::sleep(PATIENCE) => bail!("the function does not start"),
        }
    }

    /// Hands over an event and waits for how it ends.
    ///
    /// # Errors
    /// When the process ends meanwhile.
    pub async fn invoke(&mut self, event: &Value) -> anyhow::Result<Ended> {
        let ended = self.runtime.invoke(event)?;
        self.wait(ended).await
    }

    /// Hands over an event; whoever calls decides what to wait for.
    ///
    /// # Errors
    /// When the runtime has ended.
    pub fn begin(&self, event: &Value) -> anyhow::Result<oneshot::Receiver<Ended>> {
        self.runtime.invoke(event)
    }

    async fn wait(&mut self, ended: oneshot::Receiver<Ended>) -> anyhow::Result<Ended> {
        tokio::select! {
            ended = ended => ended.context("the runtime has ended"),
            status = self.child.wait() => bail!("the function ended in the middle of an event: {}", status?),
            () = tokio::time::sleep(PATIENCE) => bail!("the function does not answer"),
        }
    }

    /// Waits until the process has ended by itself, or by somebody else's signal.
    ///
    /// # Errors
    /// When it goes on.
    pub async fn ended(mut self) -> anyhow::Result<ExitStatus> {
        tokio::select! {
            status = self.child.wait() => status.context("failed to wait for the function"),
            () = tokio::time::sleep(PATIENCE) => bail!("the function does not end"),
        }
    }

    /// SIGKILL, and waits until it is gone: nothing of it happens afterwards.
    ///
    /// # Errors
    /// When the system does not let it.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("failed to kill the function")
    }
}

fn outputs(log: Option<&Path>) -> anyhow::Result<(Stdio, Stdio)> {
    let Some(log) = log else { return Ok((Stdio::null(), Stdio::null())) };
    let file = File::options().create(true).append(true).open(log).context("failed to open a log")?;
    let same = file.try_clone().context("failed to share a log")?;
    Ok((file.into(), same.into()))
}
