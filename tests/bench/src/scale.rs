//! What breaks first when accounts multiply: the load of each limit at a number of accounts, from the same counts and
//! assumptions as the costs, and a simulation of upkeep's rounds, which are the only work that nobody asks for.

pub mod limits;
pub mod rounds;
pub mod tables;

use crate::cost::{Books, Store};
use crate::template::Template;
use rust_decimal::Decimal;

/// How much of a month's work comes in its busiest hour: invoices are made at the end of a month.
pub const PEAK_HOUR: Decimal = Decimal::from_parts(4, 0, 0, false, 2);

/// What the model starts from.
#[derive(Clone, Debug)]
pub struct Model {
    /// Counts and assumptions.
    pub books: Books,
    /// Limits of our own.
    pub template: Template,
}

impl Model {
    /// Events of an account in the busiest hour that some function works.
    #[must_use]
    pub fn peak(&self, function: &str) -> Decimal {
        let lines = self.books.assumptions.profile.lines.iter().filter(|line| line.function == function);
        lines.map(|line| line.month).sum::<Decimal>() * PEAK_HOUR
    }

    /// Calls to Xero that they take.
    ///
    /// # Errors
    /// When a scenario is missing.
    pub fn peak_calls(&self, function: &str) -> anyhow::Result<Decimal> {
        let lines = self.books.assumptions.profile.lines.iter().filter(|line| line.function == function);
        let calls = lines.map(|line| Ok(self.books.counts.of(&line.scenario, &line.function)?.xero * line.month));
        Ok(calls.sum::<anyhow::Result<Decimal>>()? * PEAK_HOUR)
    }

    /// How many of the sweeps find something open.
    #[must_use]
    pub fn open_share(&self) -> Decimal {
        let month = |scenario: &str| {
            let lines = self.books.assumptions.profile.lines.iter().filter(|line| line.scenario == scenario);
            lines.map(|line| line.month).sum::<Decimal>()
        };
        let (open, idle) = (month(OPEN), month(IDLE));
        if open.is_zero() { Decimal::ZERO } else { open / (open + idle) }
    }

    /// How long a task of upkeep takes one of ten places of a batch, in milliseconds; a sweep that asks Xero needs a token
    /// first, because the last one is an hour old.
    ///
    /// # Errors
    /// When a scenario is missing.
    pub fn task_ms(&self, scenario: &str) -> anyhow::Result<u64> {
        let billed = &self.books.assumptions.billed_ms;
        let units = self.books.counts.of(scenario, "upkeep")?;
        let mut ms = billed.own + units.xero * billed.xero_call + units.aws * billed.aws_call;
        if !units.xero.is_zero() {
            let refresh = self.books.refresh_units(Store::SecretsManager)?;
            ms += refresh.xero * billed.xero_call + refresh.aws * billed.aws_call;
        }
        Ok(u64::try_from(ms.ceil())?)
    }
}

/// The sweep of an account that awaits payments.
pub const OPEN: &str = "hourly sweep, nothing new";
/// The sweep of one that does not.
pub const IDLE: &str = "hourly sweep, nothing open";
/// The look at a connection.
pub const CHECK: &str = "daily check of a connection";
