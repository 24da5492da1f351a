//! Sends events of many accounts through a running `cargo local up` and looks at every document and record:
//! `cargo run -p rig --example load -- --accounts 100 --rounds 10` (ten events an account and round).

#![expect(clippy::print_stdout, reason = "a command's result goes to standard output")]

use std::time::Duration;

use clap::Parser;
use local::layout::Layout;
use local::stack::StackInfo;
use rig::load::{Load, run};

/// Sends events of many accounts through a running `cargo local up`
#[derive(Debug, Parser)]
struct Arguments {
    /// How many accounts
    #[arg(long, default_value_t = 100)]
    accounts: usize,
    /// How many rounds of ten events each of them has
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// Seconds after which to give up
    #[arg(long, default_value_t = 3_600)]
    patience: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Arguments { accounts, rounds, patience } = Arguments::parse();
    let stack = StackInfo::for_tests(&Layout::of_this_repository())?;
    let load = Load { accounts, rounds, patience: Duration::from_secs(patience) };
    let report = run(&stack, load).await?;
    println!("{} events of {accounts} accounts ended right: {} documents", report.events, report.documents);
    println!("time     {:.1} s, {} events a second", report.time.as_secs_f32(), rate(&report));
    println!("calls    {} to Xero, for {} documents", report.calls, report.documents);
    Ok(())
}

fn rate(report: &rig::load::Report) -> String {
    let milliseconds = report.time.as_millis().max(1);
    let tenths = u128::try_from(report.events).unwrap_or_default() * 10_000 / milliseconds;
    format!("{}.{}", tenths / 10, tenths % 10)
}
