//! Instructions as callgrind counts them: the same on a busy machine as on an idle one.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

/// What is started in place of the program.
pub const VALGRIND: &str = "/usr/bin/valgrind";

/// Whether it is installed.
#[must_use]
pub fn is_there() -> bool {
    Path::new(VALGRIND).exists()
}

/// Its arguments, for a program with arguments of its own. The profile goes to `profile`.
#[must_use]
pub fn arguments(profile: &Path, program: &Path, more: &[&str]) -> Vec<OsString> {
    let mut output = OsString::from("--callgrind-out-file=");
    output.push(profile);
    let mut all: Vec<OsString> = vec!["--tool=callgrind".into(), "--quiet".into(), output, program.into()];
    all.extend(more.iter().map(OsString::from));
    all
}

/// Runs a program to its end and counts its instructions.
///
/// # Errors
/// When it fails.
pub fn run(profile: &Path, program: &Path, more: &[&str]) -> anyhow::Result<u64> {
    let mut command = Command::new(VALGRIND);
    let output = command.args(arguments(profile, program, more)).output().context("failed to run valgrind")?;
    anyhow::ensure!(output.status.success(), "valgrind failed: {}", String::from_utf8_lossy(&output.stderr));
    instructions(profile)
}

/// The instructions that a profile has counted.
///
/// # Errors
/// When it was not written, or is of another kind.
pub fn instructions(profile: &Path) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(profile).context("callgrind has written no profile")?;
    total(&text).context("callgrind's profile has no total")
}

/// From the text of a profile: the whole of its first event, which is instructions read.
fn total(profile: &str) -> Option<u64> {
    profile.lines().find(|line| line.starts_with("events: Ir"))?;
    let line = profile.lines().find_map(|line| line.strip_prefix("totals:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What one of `more` repetitions costs, from two runs of which the second has so many more: what both have in
/// common, their start above all, cancels out.
#[must_use]
pub fn each(fewer: u64, many: u64, more: u64) -> u64 {
    many.saturating_sub(fewer).checked_div(more).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_from_a_profile_of_instructions() {
        let profile = "# callgrind format\nversion: 1\nevents: Ir\n\nfn=(1) main\n3 12\n\ntotals: 4711234\n";
        assert_eq!(total(profile), Some(4_711_234));
        assert_eq!(total(&profile.replace("events: Ir", "events: Dr")), None);
        assert_eq!(total("events: Ir\n"), None);
    }

    #[test]
    fn what_both_runs_have_in_common_cancels_out() {
        assert_eq!(each(5_000_000 + 100 * 70, 5_000_000 + 200 * 70, 100), 70);
        assert_eq!(each(1, 2, 0), 0);
    }
}
