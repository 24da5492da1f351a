//! One part of the stack as a process: started under a guard, stopped with everything it started.
//!
//! The guard (`emulator/guard.py`) lives as long as this process holds a pipe to it, so no part outlives the
//! tool, however the tool ends. Parts form process groups of their own: Ctrl-C reaches the tool alone, which
//! then stops them in order.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::layout::{Layout, tail};
use crate::python::Python;

/// The guard waits 10 seconds for a part to end by itself before it kills it.
const LONGEST_GOODBYE: Duration = Duration::from_secs(13);

/// What a part sees of the environment, besides what it is given: it shall not depend on the user's AWS or
/// proxy settings.
const PASSED_ON: [&str; 4] = ["PATH", "HOME", "LANG", "USER"];

/// A running part.
#[derive(Debug)]
pub struct Part {
    name: String,
    guard: Child,
    log: PathBuf,
}

/// What to run.
#[derive(Debug)]
pub struct Start<'a> {
    /// The part's name, which is also its log's.
    pub name: &'a str,
    /// The command with its arguments.
    pub command: Vec<String>,
    /// Its environment.
    pub environment: Vec<(&'a str, String)>,
    /// Where both of its outputs go.
    pub log: PathBuf,
    /// Where its standard output goes instead, if the tool has to read it.
    pub output: Option<&'a Path>,
}

impl Part {
    /// Starts a part.
    pub fn start(layout: &Layout, python: &Python, start: Start<'_>) -> anyhow::Result<Self> {
        let log = File::create(&start.log).with_context(|| format!("failed to create {}", start.log.display()))?;
        let errors = log.try_clone().context("failed to share a log")?;
        let output = match start.output {
            Some(path) => File::create(path).with_context(|| format!("failed to create {}", path.display()))?,
            None => log,
        };
        let mut command = Command::new(python.interpreter());
        command.arg(layout.emulator("guard.py")).args(&start.command);
        command.env_clear();
        command.envs(PASSED_ON.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
        command.envs(start.environment);
        command.current_dir(layout.root()).process_group(0);
        command.stdin(Stdio::piped()).stdout(output).stderr(errors);
        let guard = command.spawn().with_context(|| format!("failed to start {}", start.name))?;
        Ok(Self { name: start.name.to_owned(), guard, log: start.log })
    }

    /// Fails with the end of its log if the part has ended by itself.
    pub fn check(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.guard.try_wait().context("failed to look after a part")? {
            bail!("{} has ended ({status})\n{}", self.name, tail(&self.log, 25));
        }
        Ok(())
    }

    /// The end of its log.
    pub fn tail(&self) -> String {
        tail(&self.log, 25)
    }

    /// Asks the part to end and waits for it, so that its state is saved.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // Closing the pipe is the order to stop.
        drop(self.guard.stdin.take());
        let deadline = Instant::now() + LONGEST_GOODBYE;
        while matches!(self.guard.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.end();
    }
}
