//! What met what: every outage and fault, with every type of event, at every moment that it has. Plans made for it see to
//! what chance leaves out; a cell that was never hit fails the run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use harness::service::seals_tokens;
use harness::weather::{Fault, Moment, OutageWay, Place, Struck};

use crate::plan::{Act, Deed, HOUR, Out, Plan, Step};

/// What functions work on: the contract's events, hints of payments, and upkeep.
pub const SUBJECTS: [&str; 9] = [
    "invoice.created",
    "invoice.updated",
    "invoice.sent",
    "invoice.voided",
    "expense.logged",
    "expense.updated",
    "expense.deleted",
    "hint",
    "upkeep",
];

/// What may start a function and has no row: requests and schedules are met by the same calls.
const BESIDES: [&str; 8] = ["callback", "run", "drain", "schedule", "webhook", "connect", "settings", "ingest"];

/// A row: what goes wrong at one moment, and a way to bring it about.
struct Row {
    name: &'static str,
    moment: Moment,
    trouble: Trouble,
}

enum Trouble {
    Outage(Out),
    Fault(Fault),
}

fn rows() -> Vec<Row> {
    let outage = |name, moment, place: Place| {
        let way = if moment == Moment::Lost { OutageWay::Swallows } else { OutageWay::Refuses };
        let trouble = Trouble::Outage(Out::Place(place, way));
        Row { name, moment, trouble }
    };
    let fault = |fault: Fault| {
        let (name, moment) = fault.row();
        Row { name, moment, trouble: Trouble::Fault(fault) }
    };
    let (before, lost, after) = (Moment::Before, Moment::Lost, Moment::After);
    let mut rows = vec![
        Row { name: "organisation out", moment: before, trouble: Trouble::Outage(Out::Organisation(0)) },
        Row { name: "partition throttled", moment: before, trouble: Trouble::Outage(Out::Partition(0)) },
        fault(Fault::Gateway(45)),
        fault(Fault::TooMany("minute", Some(20))),
        fault(Fault::Cut),
    ];
    for moment in [before, lost] {
        rows.push(outage("xero api out", moment, Place::XeroApi));
        rows.push(outage("table out", moment, Place::Table));
        rows.push(outage("token endpoint out", moment, Place::XeroTokens));
        rows.push(outage("secrets manager out", moment, Place::Secrets));
        rows.push(outage("kms out", moment, Place::Keys));
        rows.push(outage("queue out", moment, Place::Queue("NotificationQueue".to_owned())));
        rows.push(fault(Fault::Error(moment)));
        rows.push(fault(Fault::Silence(moment)));
        rows.push(fault(Fault::Whole(500, moment)));
    }
    rows.push(fault(Fault::Killed(before)));
    rows.push(fault(Fault::Killed(after)));
    rows
}

/// What was hit.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    hit: BTreeMap<Struck, u64>,
    unknown: BTreeSet<String>,
}

impl Coverage {
    /// Adds what struck in a run.
    pub fn add(&mut self, struck: BTreeMap<Struck, u64>) {
        for (cell, count) in struck {
            let known = SUBJECTS.contains(&cell.subject.as_str()) || BESIDES.contains(&cell.subject.as_str());
            if !known {
                self.unknown.insert(cell.subject.clone());
            }
            *self.hit.entry(cell).or_default() += count;
        }
    }

    /// Cells that were never hit, and subjects that have no row.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let mut missing: Vec<String> = self
            .unknown
            .iter()
            .map(|subject| format!("{subject} has no row in tests/simulation/src/coverage.rs"))
            .collect();
        for row in rows() {
            for subject in SUBJECTS {
                let cell = Struck { row: row.name, moment: row.moment, subject: subject.to_owned() };
                if !self.hit.contains_key(&cell) {
                    missing.push(format!("{}, {}: never met {subject}", row.name, row.moment));
                }
            }
        }
        missing
    }

    /// The matrix, as people read it.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = format!("{:<32}", "");
        for subject in SUBJECTS {
            table.push_str(&format!("{subject:>17}"));
        }
        let mut lines: Vec<(&str, Moment)> = self.hit.keys().map(|cell| (cell.row, cell.moment)).collect();
        lines.sort_unstable();
        lines.dedup();
        for (row, moment) in lines {
            let mut line = format!("\n{:<32}", format!("{row}, {moment}"));
            for subject in SUBJECTS {
                let cell = Struck { row, moment, subject: subject.to_owned() };
                let count = self.hit.get(&cell).copied().unwrap_or_default();
                if write!(line, "{count:>17}").is_err() {
                    continue;
                }
            }
            table.push_str(&line);
        }
        table
    }
}

/// How long an outage of these plans lasts: as long as wished, but for lost rotations of tokens, which end a grant within
/// half an hour.
fn seconds(out: &Out, wished: u64) -> u64 {
    if *out == Out::Place(Place::XeroTokens, OutageWay::Swallows) { 240 } else { wished }
}

/// Short plans that meet every event with every row.
#[must_use]
pub fn plans() -> Vec<(String, Plan)> {
    let deeds = [
        (0, Deed::Make, "sync"),
        (0, Deed::Edit, "sync"),
        (0, Deed::Send, "sync"),
        (5, Deed::Make, "sync"),
        (5, Deed::Edit, "sync"),
        (5, Deed::Remove, "sync"),
        (0, Deed::Pay, "payments"),
        (1, Deed::Make, "sync"),
        (1, Deed::Remove, "sync"),
    ];
    let plan = |row: &Row, number: usize| {
        let mut steps = Vec::new();
        let mut at = HOUR;
        for (document, deed, function) in deeds {
            match &row.trouble {
                Trouble::Outage(out) => {
                    steps.push(Step { at: at - 1, act: Act::Outage(out.clone(), seconds(out, 1_500)) })
                }
                Trouble::Fault(fault) => {
                    // A read, the call itself, and what follows: each meets it once.
                    for after in [0, 3] {
                        steps.push(Step { at: at - 1, act: Act::Fault("", function, after, fault.clone()) });
                    }
                }
            }
            steps.push(Step { at, act: Act::Document(0, document, deed) });
            at += 2 * HOUR;
        }
        if let Trouble::Fault(fault) = &row.trouble {
            for hour in 0..3 {
                let act = Act::Fault("", "upkeep", hour, fault.clone());
                steps.push(Step { at: at + u64::from(hour) * HOUR, act });
            }
        } else if let Trouble::Outage(out) = &row.trouble {
            steps.push(Step { at, act: Act::Outage(out.clone(), seconds(out, 3 * HOUR)) });
        }
        // Tokens are where this outage meets them.
        let fits = |seed: &u64| match &row.trouble {
            Trouble::Outage(Out::Place(Place::Secrets, _)) => !seals_tokens(*seed),
            Trouble::Outage(Out::Place(Place::Keys, _)) => seals_tokens(*seed),
            _ => true,
        };
        let first = 70_000 + 100 * u64::try_from(number).unwrap_or_default();
        let seed = (first..first + 100).find(fits).unwrap_or(first);
        Plan { seed, days: 2, accounts: 1, steps }
    };
    let named = |(number, row): (usize, &Row)| (format!("{}, {}", row.name, row.moment), plan(row, number));
    rows().iter().enumerate().map(named).collect()
}
