//! What is held of the simulation itself; the months and the whole list are the command's (`--check`), in the profile
//! that is made for it.

use simulation::known;
use simulation::plan::{Act, Deed, Plan, Step};
use simulation::run::live;
use simulation::sequences;

/// A day with faults of every kind, short enough for an unoptimised build.
fn busy() -> Plan {
    let mut plan = Plan::drawn(5, 2);
    plan.accounts = 2;
    plan.steps.truncate(40);
    plan
}

#[test]
fn one_seed_is_one_run_byte_for_byte() {
    let (one, other) = (live(&busy()).unwrap(), live(&busy()).unwrap());
    assert!(one.timeline.len() > 20, "nothing happened: {:?}", one.timeline);
    assert_eq!(one.timeline.join("\n"), other.timeline.join("\n"));
    assert_eq!(one.violations, other.violations);
}

#[test]
fn a_quiet_day_breaks_no_promise() {
    let step = |at, document, deed| Step { at, act: Act::Document(0, document, deed) };
    let steps =
        vec![step(60, 0, Deed::Make), step(3_600, 0, Deed::Send), step(7_200, 0, Deed::Pay), step(60, 5, Deed::Make)];
    let outcome = live(&Plan { seed: 3, days: 1, accounts: 1, steps }).unwrap();
    assert_eq!(outcome.broken, None);
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
    let timeline = outcome.timeline.join("\n");
    for expected in ["PUT Invoices -> 200", "is told invoice.paid of inv_0_0"] {
        assert!(timeline.contains(expected), "{expected}:\n{timeline}");
    }
}

#[test]
fn every_known_fault_names_a_seed_or_a_sequence_that_there_is_and_none_is_listed_twice() {
    let list = known::known().unwrap();
    let mut names: Vec<&str> = list.iter().map(|known| known.fault.as_str()).collect();
    list.iter().for_each(|known| drop(known.plan().unwrap()));
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    let mut sequences: Vec<&str> = sequences::all().iter().map(|sequence| sequence.name).collect();
    sequences.sort_unstable();
    sequences.dedup();
    assert_eq!(sequences.len(), sequences::all().len());
}
