//! Many plans side by side, each in a thread and a runtime of its own: what one comes to depends on no other.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::coverage::Coverage;
use crate::known::{self, Known};
use crate::plan::Plan;
use crate::run::{Outcome, live};

/// What many runs came to.
#[derive(Debug, Default)]
pub struct Verdict {
    /// By signature: in which plan first, how often, and what was seen.
    pub found: BTreeMap<String, (String, u64, String)>,
    /// Plans that could not go on.
    pub broken: Vec<String>,
    /// What met what.
    pub coverage: Coverage,
    /// Calls that functions made.
    pub calls: BTreeSet<String>,
    /// What happened in the last of them, line by line.
    pub timeline: Vec<String>,
}

impl Verdict {
    fn add(&mut self, name: &str, outcome: Outcome) {
        for (signature, detail) in outcome.violations {
            self.found.entry(signature).or_insert((name.to_owned(), 0, detail)).1 += 1;
        }
        self.broken.extend(outcome.broken.map(|broken| format!("{name}: {broken}")));
        self.coverage.add(outcome.struck);
        self.calls.extend(outcome.calls.0);
        self.timeline = outcome.timeline;
    }

    /// What went wrong and is in no list.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub fn unknown(&self) -> anyhow::Result<Vec<String>> {
        let known = known::signatures()?;
        let new = self.found.iter().filter(|(signature, _)| !known.contains(*signature));
        Ok(new.map(|(signature, (name, _, detail))| format!("{signature}, in {name}: {detail}")).collect())
    }
}

/// Lives through all of them, on as many cores as there are.
#[must_use]
pub fn live_all(plans: &[(String, Plan)]) -> Verdict {
    let outcomes = each(plans, |(_, plan)| live(plan));
    let mut verdict = Verdict::default();
    for ((name, _), outcome) in plans.iter().zip(outcomes) {
        match outcome {
            Some(Ok(outcome)) => verdict.add(name, outcome),
            Some(Err(error)) => verdict.broken.push(format!("{name}: {error:#}")),
            None => verdict.broken.push(format!("{name}: its thread ended early")),
        }
    }
    verdict
}

/// Faults of the list that no longer occur where they are said to.
///
/// # Errors
/// When the list cannot be read, or names a sequence that there is not.
pub fn vanished() -> anyhow::Result<Vec<Known>> {
    let list = known::known()?;
    let plans = list.iter().map(Known::plan).collect::<anyhow::Result<Vec<Plan>>>()?;
    let outcomes = each(&plans, live);
    let occurs = |(known, outcome): &(Known, Option<anyhow::Result<Outcome>>)| matches!(outcome, Some(Ok(outcome)) if outcome.violations.contains_key(&known.fault));
    Ok(list.into_iter().zip(outcomes).filter(|pair| !occurs(pair)).map(|(known, _)| known).collect())
}

/// Does something with each, side by side; what comes of it stands in their order.
fn each<A: Sync, B: Send>(all: &[A], work: impl Fn(&A) -> B + Sync) -> Vec<Option<B>> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, B)>> = Mutex::default();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((place, one)) = take(all, &next) {
                    let made = work(one);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((place, made));
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut places: Vec<Option<B>> = all.iter().map(|_| None).collect();
    for (place, made) in done {
        if let Some(slot) = places.get_mut(place) {
            *slot = Some(made);
        }
    }
    places
}

fn take<'a, A>(all: &'a [A], next: &AtomicUsize) -> Option<(usize, &'a A)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    Some((place, all.get(place)?))
}
