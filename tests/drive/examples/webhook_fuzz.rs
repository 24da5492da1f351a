//! `cargo run --release -p drive --example webhook_fuzz -- 10000000 [seed]`: tries so many mutated deliveries.
//! `… -- 60s` runs for a time instead. A panic is a finding; its message names seed and input.

#![expect(clippy::print_stdout, reason = "a tool's result goes to standard output")]

use std::time::{Duration, Instant};

use anyhow::Context as _;
use drive::fuzz;

const USAGE: &str = "say how many inputs, such as 10000000, or for how long, such as 60s";
/// Between two lines of progress.
const EVERY: Duration = Duration::from_secs(5);

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let wanted = arguments.next().context(USAGE)?;
    let seed = arguments.next().map_or(Ok(1), |seed| seed.parse()).context("the seed is a number")?;
    let (inputs, time) = match wanted.strip_suffix('s') {
        Some(seconds) => (u64::MAX, Duration::from_secs(seconds.parse().context(USAGE)?)),
        None => (wanted.parse().context(USAGE)?, Duration::MAX),
    };
    let began = Instant::now();
    let mut told = began;
    let tally = fuzz::run(seed, inputs, |tally| {
        if told.elapsed() >= EVERY {
            told = Instant::now();
            println!("{:>4} s  {} inputs, {} readable", began.elapsed().as_secs(), tally.inputs, tally.readable);
        }
        began.elapsed() < time
    });
    println!("seed {seed}: {tally:?} in {:.1} s, no fault", began.elapsed().as_secs_f32());
    Ok(())
}
