//! What the system says of another process: the processor time it has used, and the most memory it ever had.

use std::time::Duration;

use anyhow::Context as _;

/// The processor time of all threads of a process, those included that have ended: its own CPU clock, to the
/// nanosecond. `/proc/<id>/stat` counts in hundredths of a second, which is several cold starts.
///
/// # Errors
/// When there is no such process.
#[cfg(target_os = "linux")]
pub fn cpu(process: u32) -> anyhow::Result<Duration> {
    let id = nix::unistd::Pid::from_raw(i32::try_from(process).context("no such process")?);
    let time = nix::time::clock_getcpuclockid(id).and_then(nix::time::clock_gettime);
    Ok(Duration::from(time.context("failed to read the CPU clock of a process")?))
}

/// Only Linux has this clock.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn cpu(_: u32) -> anyhow::Result<Duration> {
    anyhow::bail!("the CPU clock of another process can be read on Linux only")
}

/// Asks a process to end.
///
/// # Errors
/// When there is no such process.
#[cfg(target_os = "linux")]
pub fn terminate(process: u32) -> anyhow::Result<()> {
    let id = nix::unistd::Pid::from_raw(i32::try_from(process).context("no such process")?);
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).context("failed to end a process")
}

/// Only used where the clock is.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn terminate(_: u32) -> anyhow::Result<()> {
    anyhow::bail!("processes are measured on Linux only")
}

/// The most memory that a process had at once, in bytes.
///
/// # Errors
/// When there is no such process.
pub fn peak(process: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("failed to read {path}"))?;
    peak_in(&status).context("the system does not say how much memory a process had")
}

/// From the text of `/proc/<id>/status`.
fn peak_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_the_line_that_names_it() {
        let status = "Name:\twebhook\nVmPeak:\t   99999 kB\nVmHWM:\t    6148 kB\nVmRSS:\t    6000 kB\n";
        assert_eq!(peak_in(status), Some(6148 * 1024));
        assert_eq!(peak_in("Name:\tkernel thread\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_used_some_time_and_memory() {
        assert!(cpu(std::process::id()).unwrap() > Duration::ZERO);
        assert!(peak(std::process::id()).unwrap() > 0);
    }
}
