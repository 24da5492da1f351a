//! Each limit, its load at a number of accounts, and the number at which the load is as large as the limit.

use super::{CHECK, IDLE, Model, OPEN};
use rust_decimal::Decimal;

/// Seconds of an hour.
const HOUR: Decimal = Decimal::from_parts(3_600, 0, 0, false, 0);
/// Minutes of an hour.
const MINUTES: Decimal = Decimal::from_parts(60, 0, 0, false, 0);
/// Rounds of an hour, each for a part of the accounts.
const QUARTERS: Decimal = Decimal::from_parts(4, 0, 0, false, 0);
/// Seconds of a day.
const DAY: Decimal = Decimal::from_parts(86_400, 0, 0, false, 0);
/// Messages of a batch, which are worked side by side.
const BATCH: u64 = 10;
/// Xero: calls a minute for the whole app [doc].
const APP_MINUTE: u64 = 10_000;
/// Xero: connections of the largest plan without an agreement [doc].
const PLAN: u64 = 10_000;
/// Secrets Manager: puts a second in a region, not adjustable (user guide, "quotas").
const PUTS: u64 = 50;
/// SQS: calls a second of one kind to a FIFO queue without high throughput; ours has it, and more.
const FIFO: u64 = 300;
/// DynamoDB: write units a second of one partition.
const PARTITION: u64 = 1_000;
/// Functions at once in an account, unless raised; a new one begins with ten.
const FUNCTIONS: u64 = 1_000;
/// The time-out of upkeep's function, in milliseconds.
const PLANNING: u64 = 60_000;
/// How often one item can be read and written again in a second, one after the other, at five milliseconds each.
const ONE_BY_ONE: u64 = 100;

/// A limit and its load.
#[derive(Clone, Debug)]
pub struct Limit {
    /// What is limited.
    pub name: &'static str,
    /// Of what.
    pub unit: &'static str,
    /// The load of one account.
    pub of_one: Decimal,
    /// The limit.
    pub limit: Decimal,
    /// What to do.
    pub remedy: &'static str,
}

impl Limit {
    /// The load of so many accounts.
    #[must_use]
    pub fn load(&self, accounts: u64) -> Decimal {
        self.of_one * Decimal::from(accounts)
    }

    /// The number of accounts that it bears.
    #[must_use]
    pub fn breaks_at(&self) -> Option<Decimal> {
        (!self.of_one.is_zero()).then(|| (self.limit / self.of_one).floor())
    }
}

/// All limits, those that break first in front.
///
/// # Errors
/// When a scenario is missing.
pub fn all(model: &Model) -> anyhow::Result<Vec<Limit>> {
    let open = model.open_share();
    let places = |batches: u64| Decimal::from(batches * BATCH);
    let counts = |scenario: &str| Ok::<_, anyhow::Error>(model.books.counts.of(scenario, "upkeep")?.xero);
    let (sweep_calls, check_calls) = (counts(OPEN)?, counts(CHECK)?);
    let ms = |scenario: &str| Ok::<_, anyhow::Error>(Decimal::from(model.task_ms(scenario)?) / Decimal::ONE_THOUSAND);
    let sweeps = open * ms(OPEN)? + (Decimal::ONE - open) * ms(IDLE)?;
    let hints = model.peak("payments");
    let asked = model.peak_calls("sync")? + model.peak_calls("payments")?;
    let template = model.template;
    let mut all = vec![
        limit("Xero's plan", "connections", Decimal::ONE, PLAN, "an Enterprise plan, by agreement"),
        Limit {
            name: "upkeep's places",
            unit: "of all places, a day",
            of_one: (Decimal::from(24) * sweeps + ms(CHECK)?) / DAY / places(template.upkeep),
            limit: Decimal::ONE,
            remedy: "MaximumConcurrency of upkeep",
        },
        limit(
            "planning a round",
            "ms of one invocation",
            model.books.assumptions.planning.ms_of_an_account / QUARTERS,
            PLANNING,
            "plan by shard, a message each",
        ),
        limit("puts of secrets", "a second, by sweeps", open / HOUR, PUTS, "TokenStore: kms-table"),
        limit(
            "Xero's calls, peak hour and rounds",
            "a minute",
            asked / MINUTES + open * sweep_calls / MINUTES + check_calls / Decimal::from(24 * 60),
            APP_MINUTE,
            "a larger limit, by agreement",
        ),
        limit(
            "the webhook's route",
            "a second, peak hour",
            model.peak("webhook") / HOUR,
            template.webhook_rate,
            "ThrottlingRateLimit of the route",
        ),
        limit(
            "other routes",
            "a second, peak hour",
            model.peak("settings") / HOUR,
            template.route_rate,
            "ThrottlingRateLimit",
        ),
        Limit {
            name: "the sync's places",
            unit: "busy, peak hour",
            of_one: model.busy("sync")?,
            limit: places(template.sync),
            remedy: "MaximumConcurrency of sync",
        },
        Limit {
            name: "payments' places",
            unit: "busy, peak hour",
            of_one: model.busy("payments")?,
            limit: places(template.payments),
            remedy: "MaximumConcurrency of payments",
        },
        limit("SyncQueue", "calls a second, peak hour", model.peak("sync") / HOUR, FIFO, "none: high throughput is on"),
        limit(
            "the leases' list in by-change",
            "write units a second, by sweeps",
            Decimal::TWO * open / HOUR,
            PARTITION,
            "shards, as connections have",
        ),
        limit(
            "the webhook's numbers, one item",
            "batches of one a second, peak hour",
            hints / HOUR,
            ONE_BY_ONE,
            "shards by number",
        ),
        limit(
            "functions at once",
            "behind the API, peak hour",
            model.busy("webhook")? + model.busy("settings")?,
            FUNCTIONS - template.sync - template.payments - template.upkeep,
            "the account's quota",
        ),
    ];
    all.sort_by_key(Limit::breaks_at);
    Ok(all)
}

fn limit(name: &'static str, unit: &'static str, of_one: Decimal, limit: u64, remedy: &'static str) -> Limit {
    Limit { name, unit, of_one, limit: Decimal::from(limit), remedy }
}

impl Model {
    /// How many places, or functions, one account keeps busy in its busiest hour.
    fn busy(&self, function: &str) -> anyhow::Result<Decimal> {
        let billed = &self.books.assumptions.billed_ms;
        let lines = self.books.assumptions.profile.lines.iter().filter(|line| line.function == function);
        let ms = lines.map(|line| {
            let units = self.books.counts.of(&line.scenario, &line.function)?;
            Ok((billed.own + units.xero * billed.xero_call + units.aws * billed.aws_call) * line.month)
        });
        Ok(ms.sum::<anyhow::Result<Decimal>>()? * super::PEAK_HOUR / HOUR / Decimal::ONE_THOUSAND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_breaks_where_its_load_is_as_large() {
        let limit = limit("a", "b", Decimal::new(5, 2), 100, "c");
        assert_eq!(limit.load(1_000), Decimal::from(50));
        assert_eq!(limit.breaks_at(), Some(Decimal::from(2_000)));
    }
}
