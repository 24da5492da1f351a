//! The functions as whole processes: `cargo bench -p bench --bench processes`. Builds them for release, starts them as
//! Lambda does against a local Runtime API, beside the same jobs in Node, and prints figures, ratios and targets.
//!
//! `-- --save` makes the run the baseline. A word behind `--` measures only what has it in its name.

#![expect(clippy::print_stdout, reason = "a command's result goes to standard output")]

use std::path::Path;

use anyhow::{Context as _, ensure};
use bench::build::build;
use bench::contenders::{self, FUNCTIONS};
use bench::instructions::{self, DRAW};
use bench::measure;
use bench::peers::Peers;
use bench::report::{Machine, Report};
use bench::scene::Scene;
use bench::{callgrind, targets};
use local::progress::Progress;

/// What is read in one line below the table.
const NOTE: &str = "poll and answer: from the start of the process, medians, on the wall and of its processor; warm: one \
    event, on the wall (median and 95th percentile), its processor's time, and the calls it makes. Plain HTTP to this \
    machine for all of them: neither TLS nor the network is in the figures. Node's code is the bundle without Node.";

/// What was asked for.
#[derive(Debug, Default)]
struct Arguments {
    save: bool,
    filter: Option<String>,
    draw: Option<u64>,
}

impl Arguments {
    fn read() -> anyhow::Result<Self> {
        let mut arguments = Self::default();
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--save" => arguments.save = true,
                DRAW => arguments.draw = Some(words.next().context("how many?")?.parse()?),
                // Cargo says so to every benchmark.
                "--bench" => {}
                filter if !filter.starts_with('-') => arguments.filter = Some(filter.to_owned()),
                // For the benchmarks of the small things.
                other => eprintln!("processes: {other} means nothing here"),
            }
        }
        ensure!(!arguments.save || arguments.filter.is_none(), "a baseline holds everything: save without a filter");
        Ok(arguments)
    }

    fn wants(&self, name: &str) -> bool {
        self.filter.as_ref().is_none_or(|filter| name.contains(filter))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::read()?;
    if let Some(count) = arguments.draw {
        return instructions::draw_invoices(count);
    }
    let names = [contenders::WEBHOOK_PEER, contenders::BARE_PEER, contenders::SAME_PEER].into_iter().chain(FUNCTIONS);
    if !names.into_iter().any(|name| arguments.wants(name)) {
        return Ok(());
    }
    run(&arguments).await
}

async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let progress = Progress::begin();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    std::fs::create_dir_all(&folder).context("failed to create a folder")?;
    progress.step("building the functions for release");
    let binaries = build()?;
    progress.step("bundling the peers in Node");
    let peers = Peers::build(&folder.join("peers"));
    if let Err(error) = &peers {
        println!("not shown: the same jobs in Node ({error:#})");
    }
    progress.step("starting what answers for AWS and for Xero");
    let scene = Scene::start().await?;
    let mut all = contenders::functions(&scene, &binaries).await?;
    if let Ok(peers) = &peers {
        all.extend(contenders::peers(&scene, peers)?);
    }
    all.retain(|contender| arguments.wants(contender.name));
    let rows = measure::all(&scene, &all, |what| progress.step(what)).await?;
    let mut report = Report { machine: Machine::here(peers.ok().map(|peers| peers.version)), ..Report::default() };
    report.rows = all.iter().map(|contender| contender.name.to_owned()).zip(rows).collect();
    if callgrind::is_there() {
        report.instructions = instructions::count(&all, &folder, |what| progress.step(what)).await?;
    } else {
        println!("not shown: instructions (install valgrind to see them)");
    }
    print(&report, Report::baseline()?.as_ref());
    if arguments.save {
        report.save()?;
        println!("saved as the baseline");
    }
    Ok(())
}

fn print(report: &Report, baseline: Option<&Report>) {
    let order = [
        "webhook",
        contenders::WEBHOOK_PEER,
        "sync",
        contenders::SAME_PEER,
        contenders::BARE_PEER,
        "ingest",
        "settings",
        "connect",
        "callback",
        "payments",
        "upkeep",
    ];
    println!("\n{}\n\n{}\n{NOTE}\n", report.machine.line(), report.table(&order, None));
    if let Some(baseline) = baseline {
        println!(
            "as multiples of the baseline ({})\n\n{}",
            baseline.machine.line(),
            report.table(&order, Some(baseline))
        );
    }
    if !report.instructions.is_empty() {
        println!("{}", report.instruction_table(baseline));
    }
    println!("{}", targets::judge(report));
}
