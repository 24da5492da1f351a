//! Days of one account whose webhooks are lost half of the time. The whole half a year is the command's
//! (`--half-year`), in the profile that is made for it.
#![expect(clippy::print_stdout, reason = "calls are part of the result")]

use simulation::half_year::{Rhythm, plan, rhythm};
use simulation::plan::Plan;
use simulation::run::live_day_by_day;

/// Long enough for a weekly look at everything, and short enough for an unoptimised build.
const DAYS: u64 = 9;

fn is_right_each_day(name: &str) -> anyhow::Result<()> {
    let rhythm: Rhythm = rhythm(name)?;
    let plan: Plan = plan(rhythm, 7, DAYS);
    let outcome = live_day_by_day(&plan)?;
    println!("{name}: {} calls to Xero", outcome.months.values().sum::<usize>());
    assert_eq!(outcome.broken, None);
    assert!(outcome.violations.is_empty(), "{:?}\n{}", outcome.violations, outcome.timeline.join("\n"));
    let paid = outcome.timeline.iter().filter(|line| line.contains("is told invoice.")).count();
    assert!(name != "busy" || paid > 3, "{paid} things were told of money");
    Ok(())
}

#[test]
fn a_quiet_account_is_right_at_the_end_of_each_day() -> anyhow::Result<()> {
    is_right_each_day("quiet")
}

#[test]
fn a_normal_account_is_right_at_the_end_of_each_day() -> anyhow::Result<()> {
    is_right_each_day("normal")
}

#[test]
fn a_busy_account_is_right_at_the_end_of_each_day() -> anyhow::Result<()> {
    is_right_each_day("busy")
}
