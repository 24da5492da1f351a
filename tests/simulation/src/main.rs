//! The command: one seed with its timeline, many with what they found, or the whole of it as CI holds it.
#![expect(clippy::print_stdout, reason = "a command says what it found")]

use std::time::Instant;

use anyhow::{Context as _, ensure};
use clap::Parser;
use simulation::many::{live_all, vanished};
use simulation::plan::Plan;
use simulation::run::live_day_by_day;
use simulation::shrink::shrink;
use simulation::{coverage, half_year, known, sequences};

/// Accounts of the load.
const LOADED: usize = 500;

/// Lives through months of the whole service.
#[derive(Debug, Parser)]
struct Wanted {
    /// The seed, or the first of several.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds; each has six accounts.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// How many days each lasts.
    #[arg(long, default_value_t = 30)]
    days: u64,
    /// Lives through a named sequence of the protocol instead, or through `all`.
    #[arg(long)]
    sequence: Option<String>,
    /// Lives through the plans that meet every event with every outage and fault, and prints the matrix.
    #[arg(long)]
    coverage: bool,
    /// Sends ten thousand events of five hundred accounts within two hours, while calls fail and functions are killed.
    #[arg(long)]
    load: bool,
    /// Lives through half a year of one account, at each rhythm, with webhooks lost half of the time, and looks at all money
    /// at the end of each day.
    #[arg(long)]
    half_year: bool,
    /// Leaves out what is not needed for this to go wrong, and prints what is left.
    #[arg(long)]
    shrink: Option<String>,
    /// Prints no timeline.
    #[arg(long)]
    quiet: bool,
    /// Prints what was found as entries of known-faults.json, for a list that is begun anew.
    #[arg(long)]
    list: bool,
    /// Holds everything: the seeds, the sequences, the matrix, and the list of known faults.
    #[arg(long)]
    check: bool,
}

impl Wanted {
    /// The plans, each with its name.
    fn plans(&self) -> Vec<(String, Plan)> {
        if self.check {
            return [self.drawn(), named("all"), coverage::plans()].concat();
        }
        if self.load {
            return vec![(format!("load of seed {}", self.seed), Plan::load(self.seed, LOADED))];
        }
        if self.coverage {
            return coverage::plans();
        }
        self.sequence.as_deref().map_or_else(|| self.drawn(), named)
    }

    fn drawn(&self) -> Vec<(String, Plan)> {
        let seeds = self.seed..self.seed + self.seeds;
        seeds.map(|seed| (format!("seed {seed}"), Plan::drawn(seed, self.days))).collect()
    }
}

fn named(name: &str) -> Vec<(String, Plan)> {
    let fits = |sequence: &sequences::Sequence| name == "all" || sequence.name == name;
    let found = sequences::all().into_iter().filter(fits);
    found.map(|sequence| (format!("sequence {}", sequence.name), sequence.plan())).collect()
}

fn half_a_year(seed: u64) -> anyhow::Result<()> {
    for rhythm in half_year::RHYTHMS {
        let outcome = live_day_by_day(&half_year::plan(rhythm, seed, half_year::DAYS))?;
        println!("{}: calls to Xero by month: {:?}", rhythm.name, outcome.months);
        outcome.violations.iter().for_each(|(signature, detail)| println!("{signature}: {detail}"));
        ensure!(outcome.broken.is_none(), "it could not go on: {:?}", outcome.broken);
        ensure!(outcome.violations.is_empty(), "the simulation does not hold");
        ensure!(outcome.months.values().all(|calls| *calls <= rhythm.most_calls), "more calls than {rhythm:?} has");
    }
    Ok(())
}

fn main() -> anyhow::Result<()> {
    let wanted = Wanted::parse();
    let began = Instant::now();
    if wanted.half_year {
        return half_a_year(wanted.seed);
    }
    let plans = wanted.plans();
    let (_, first) = plans.first().context("there is no such plan")?;
    if let Some(signature) = &wanted.shrink {
        let (plan, outcome) = shrink(first, signature)?;
        println!("{}", outcome.timeline.join("\n"));
        println!("\n{} steps are enough for {signature}:", plan.steps.len());
        plan.steps.iter().for_each(|step| println!("  {:>8} {:?}", step.at, step.act));
        return Ok(());
    }
    let verdict = live_all(&plans);
    if plans.len() == 1 && !wanted.quiet {
        println!("{}", verdict.timeline.join("\n"));
    }
    if wanted.list {
        let entry = |(fault, (name, _, detail)): (&String, &(String, u64, String))| {
            known::entry(fault, name, wanted.days, detail)
        };
        let list: Vec<known::Known> = verdict.found.iter().map(entry).collect();
        println!("{}", serde_json::to_string_pretty(&list)?);
        return Ok(());
    }
    if wanted.coverage || wanted.check {
        println!("{}\n", verdict.coverage.table());
    }
    verdict.broken.iter().for_each(|broken| println!("could not go on: {broken}"));
    let known = known::signatures()?;
    for (signature, (name, count, detail)) in &verdict.found {
        let mark = if known.contains(signature) { "known" } else { "NEW" };
        println!("{count:>4} x {mark:<5} {signature}  (first: {name}: {detail})");
    }
    println!("{} plans in {:.1} s", plans.len(), began.elapsed().as_secs_f64());
    if !wanted.check {
        ensure!(!wanted.load || (verdict.unknown()?.is_empty() && verdict.broken.is_empty()), "the load does not hold");
        return Ok(());
    }
    let (unknown, vanished, missing) = (verdict.unknown()?, vanished()?, verdict.coverage.missing());
    unknown.iter().for_each(|fault| println!("not in known-faults.json: {fault}"));
    vanished.iter().for_each(|known| println!("no longer occurs, so take it off known-faults.json: {}", known.fault));
    missing.iter().for_each(|cell| println!("no plan hit: {cell}"));
    println!("{} known faults; all of it took {:.1} s", known.len(), began.elapsed().as_secs_f64());
    ensure!(verdict.broken.is_empty(), "a plan could not go on");
    ensure!(unknown.is_empty() && vanished.is_empty() && missing.is_empty(), "the simulation does not hold");
    Ok(())
}
