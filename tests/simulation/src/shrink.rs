//! The fewest steps that still break a promise: parts of the plan are left out as long as the same thing goes wrong.

use crate::plan::Plan;
use crate::run::{Outcome, live};

/// Most runs that a plan is worth.
const RUNS: usize = 120;

/// The smallest plan found in which this goes wrong, and its outcome.
///
/// # Errors
/// When there is no runtime.
pub fn shrink(plan: &Plan, signature: &str) -> anyhow::Result<(Plan, Outcome)> {
    let mut best = plan.clone();
    let mut outcome = live(&best)?;
    let mut runs = 1;
    let mut part = best.steps.len().div_ceil(2).max(1);
    while part >= 1 && runs < RUNS {
        let mut from = 0;
        while from < best.steps.len() && runs < RUNS {
            let mut steps = best.steps.clone();
            let to = (from + part).min(steps.len());
            steps.drain(from..to);
            let fewer = Plan { steps, ..best.clone() };
            let tried = live(&fewer)?;
            runs += 1;
            if tried.violations.contains_key(signature) {
                (best, outcome) = (fewer, tried);
            } else {
                from += part;
            }
        }
        if part == 1 {
            break;
        }
        part = part.div_ceil(2);
    }
    Ok((best, outcome))
}
