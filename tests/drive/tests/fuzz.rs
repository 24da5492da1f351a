//! The fuzzer for as long as a change can wait for it: the same inputs every time, so that a finding can be
//! repeated. `webhook_fuzz` tries millions.

#![expect(clippy::print_stdout, reason = "the seed and the count belong to the result")]

use std::time::{Duration, Instant};

use drive::fuzz;

/// Some twenty seconds of one core in an unoptimised build.
const INPUTS: u64 = 300_000;
const SEED: u64 = 20_261_120;
/// The most that a run of all tests spends here, on however slow a machine.
const LONGEST: Duration = Duration::from_secs(50);

#[test]
fn mutated_deliveries_bring_neither_parser_nor_verifier_down() {
    let began = Instant::now();
    let tally = fuzz::run(SEED, INPUTS, |_| began.elapsed() < LONGEST);
    println!("seed {SEED}: {tally:?} in {:?}", began.elapsed());
    // Every kind of input came, not only what is refused at the first byte.
    assert!(tally.inputs >= INPUTS / 10, "{tally:?}");
    assert!(tally.readable > tally.inputs / 10 && tally.hints > tally.inputs / 10, "{tally:?}");
    assert!(tally.refused > tally.inputs / 2 && tally.refused < tally.inputs, "{tally:?}");
}
