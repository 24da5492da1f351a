//! A whole run: its figures, the machine they come from, the baseline they are compared with, and the targets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::figures::{COLUMNS, Row, millions, ratio, table};

/// Everything that was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Where.
    pub machine: Machine,
    /// Of each function and of each peer.
    pub rows: BTreeMap<String, Row>,
    /// Instructions by what was done.
    pub instructions: BTreeMap<String, u64>,
}

/// Where and when something was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The day.
    pub date: String,
    /// The processor's own name.
    pub cpu: String,
    /// How many of its cores there are.
    pub cores: usize,
    /// The system's kernel.
    pub kernel: String,
    /// The compiler.
    pub rustc: String,
    /// Node, where the peers were measured.
    pub node: Option<String>,
}

impl Machine {
    /// This one, today.
    #[must_use]
    pub fn here(node: Option<String>) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo").lines().find_map(model).unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        let rustc = Command::new("rustc").arg("--version").output();
        Self {
            date: Timestamp::now().to_string().chars().take(10).collect(),
            cpu,
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            rustc: rustc.map_or_else(|_| String::new(), |said| String::from_utf8_lossy(&said.stdout).trim().to_owned()),
            node,
        }
    }

    /// In one line.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { date, cpu, cores, kernel, rustc, node } = self;
        let node = node.as_ref().map_or_else(|| "without Node".to_owned(), |version| format!("Node {version}"));
        format!("{date}: {cpu}, {cores} cores, Linux {kernel}, {rustc}, {node}")
    }
}

fn model(line: &str) -> Option<String> {
    let (name, value) = line.split_once(':')?;
    (name.trim() == "model name").then(|| value.trim().to_owned())
}

impl Report {
    /// The baseline, if there is one.
    ///
    /// # Errors
    /// When it is of another form.
    pub fn baseline() -> anyhow::Result<Option<Self>> {
        let Ok(text) = std::fs::read_to_string(place()) else { return Ok(None) };
        serde_json::from_str(&text).map(Some).context("the baseline is of another form: save a new one")
    }

    /// Becomes the baseline.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(place(), text).context("failed to write the baseline")
    }

    /// The rows, in this order, as figures; and as multiples of the baseline's, where it has them.
    #[must_use]
    pub fn table(&self, order: &[&str], baseline: Option<&Self>) -> String {
        let before = |name: &str| baseline.map(|baseline| baseline.rows.get(name));
        let lines = order.iter().filter_map(|name| {
            let row = self.rows.get(*name)?;
            let cells = COLUMNS.iter().map(|(_, figure, write)| match before(name) {
                None => write(figure(row)),
                Some(then) => ratio(figure(row), then.map_or(0, figure)),
            });
            Some(std::iter::once((*name).to_owned()).chain(cells).collect())
        });
        let heading: Vec<String> =
            std::iter::once("function").chain(COLUMNS.map(|(heading, ..)| heading)).map(str::to_owned).collect();
        table(&heading, &lines.collect::<Vec<_>>())
    }

    /// The instructions, with their ratio to the baseline's.
    #[must_use]
    pub fn instruction_table(&self, baseline: Option<&Self>) -> String {
        let before = |name: &String| baseline.and_then(|baseline| baseline.instructions.get(name)).copied();
        let lines = self.instructions.iter().map(|(name, count)| {
            vec![name.clone(), millions(*count), count.to_string(), ratio(*count, before(name).unwrap_or_default())]
        });
        let heading = ["instructions", "millions", "exactly", "baseline ×"].map(str::to_owned);
        table(&heading, &lines.collect::<Vec<_>>())
    }
}

fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Span;

    fn report(ready: u64, instructions: u64) -> Report {
        let span = Span { wall_ns: ready, cpu_ns: ready };
        let row = Row {
            code_bytes: 1024 * 1024,
            ready: span,
            answer: span,
            warm_wall_ns: 0,
            warm_p95_ns: 0,
            warm_cpu_ns: 181_700,
            peak_bytes: 0,
            aws_calls: 1,
            xero_calls: 0,
        };
        Report {
            rows: [("webhook".to_owned(), row)].into(),
            instructions: [("a start".to_owned(), instructions)].into(),
            ..Report::default()
        }
    }

    #[test]
    fn a_run_is_written_as_figures_and_as_multiples_of_the_baseline() {
        let (now, then) = (report(3_000_000, 4_700_000), report(6_000_000, 4_700_000));
        let plain = now.table(&["webhook", "not measured"], None);
        assert!(plain.contains("| webhook  |      1.0 |    3.00 |     3.00 |"), "{plain}");
        assert_eq!(plain.lines().count(), 3);
        let ratios = now.table(&["webhook"], Some(&then));
        assert!(ratios.contains("| webhook  |     1.00 |    0.50 |     0.50 |"), "{ratios}");
        assert!(now.instruction_table(Some(&then)).contains("|     4.70 | 4700000 |       1.00 |"));
    }

    #[test]
    fn what_the_baseline_does_not_know_has_no_ratio() {
        let ratios = report(1, 1).table(&["webhook"], Some(&Report::default()));
        assert!(ratios.lines().last().unwrap().contains("–"), "{ratios}");
    }

    #[test]
    fn the_saved_baseline_can_be_read() {
        assert!(Report::baseline().unwrap().is_some());
    }

    #[test]
    fn the_processor_is_known_by_its_model() {
        assert_eq!(model("model name\t: Some CPU @ 2.5GHz"), Some("Some CPU @ 2.5GHz".to_owned()));
        assert_eq!(model("processor\t: 0"), None);
    }
}
