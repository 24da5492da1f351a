//! The faults that are known: what goes wrong, and the seed or the sequence in which it does. The list can only shrink:
//! one that no longer occurs where it is said to fails the run, and so does one that is not listed.

use std::collections::BTreeSet;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::{coverage, sequences};

/// The file.
const FILE: &str = include_str!("../known-faults.json");

/// A known fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The signature of what goes wrong.
    pub fault: String,
    /// In which seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Of how many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u64>,
    /// Or in which sequence of the protocol, or which plan of the matrix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
    /// What it means to a person.
    pub what: String,
}

impl Known {
    /// The plan in which it occurs.
    ///
    /// # Errors
    /// When there is no such sequence.
    pub fn plan(&self) -> anyhow::Result<Plan> {
        match (&self.sequence, self.seed) {
            (Some(name), _) => {
                let sequence = sequences::all().into_iter().find(|sequence| sequence.name == name);
                let met = || coverage::plans().into_iter().find(|(met, _)| met == name).map(|(_, plan)| plan);
                let plan = sequence.map(|sequence| sequence.plan()).or_else(met);
                plan.with_context(|| format!("there is no sequence {name:?}"))
            }
            (None, Some(seed)) => Ok(Plan::drawn(seed, self.days.unwrap_or(30))),
            (None, None) => anyhow::bail!("{} names neither a seed nor a sequence", self.fault),
        }
    }
}

/// The list.
///
/// # Errors
/// When the file cannot be read.
pub fn known() -> anyhow::Result<Vec<Known>> {
    serde_json::from_str(FILE).context("known-faults.json cannot be read")
}

/// An entry for something that went wrong in a plan of this name, as the command calls it.
#[must_use]
pub fn entry(fault: &str, plan: &str, days: u64, what: &str) -> Known {
    let seed: Option<u64> = plan.strip_prefix("seed ").and_then(|seed| seed.parse().ok());
    let sequence = seed.is_none().then(|| plan.trim_start_matches("sequence ").to_owned());
    let (fault, what) = (fault.to_owned(), what.to_owned());
    Known { fault, seed, days: seed.map(|_| days), sequence, what }
}

/// The signatures of all of them.
///
/// # Errors
/// When the file cannot be read.
pub fn signatures() -> anyhow::Result<BTreeSet<String>> {
    Ok(known()?.into_iter().map(|known| known.fault).collect())
}
