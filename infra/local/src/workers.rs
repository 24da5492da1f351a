//! The functions' processes: which ones run, and how to kill one as a crash would.
//!
//! The emulator keeps one process per function warm and replaces a dead one at the next event, as AWS does.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::stack::StackInfo;

/// The processes of a function that run now. (Read from `/proc`: Linux only; elsewhere none is found.)
pub fn of(stack: &StackInfo, function: &str) -> anyhow::Result<Vec<u32>> {
    let binary = stack.folder.join("bin").join(function);
    if !Path::new("/proc/self/exe").exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("failed to list the processes")? {
        let Ok(entry) = entry else { continue };
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // Processes of others cannot be looked at, and some end meanwhile: neither is one of ours.
        if fs::read_link(entry.path().join("exe")).is_ok_and(|exe| exe == binary) {
            found.push(id);
        }
    }
    Ok(found)
}

/// Kills the processes of a function at once and gives how many there were.
pub fn kill(stack: &StackInfo, function: &str) -> anyhow::Result<usize> {
    let processes = of(stack, function)?;
    for id in &processes {
        // The shell's own `kill`: no other program is needed, and no unsafe code here.
        let status = Command::new("sh").args(["-c", "kill -9 \"$0\"", &id.to_string()]).status();
        if !status.context("failed to run a shell")?.success() && of(stack, function)?.contains(id) {
            bail!("the process {id} of {function} could not be killed");
        }
    }
    Ok(processes.len())
}
