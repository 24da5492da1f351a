//! What it costs: counts that a test of the rig holds (`tests/rig/tests/calls/counts.txt`), times a dated list of
//! prices (`prices.json`), for a usage that is written down (`assumptions.json`). Nothing is measured here.

pub mod counts;
pub mod files;
pub mod money;
pub mod tables;

use counts::{Counts, Units};
use files::{Assumptions, Prices, ProfileLine, QueueKind};
use money::Money;
use rust_decimal::Decimal;

/// Bytes in a gigabyte, as AWS bills logs.
const GB: Decimal = Decimal::from_parts(1_073_741_824, 0, 0, false, 0);
/// Milliseconds in a second.
const MS: Decimal = Decimal::ONE_THOUSAND;
/// Where refresh tokens are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// A secret for each Xero user.
    SecretsManager,
    /// Ciphertext in the table, under one key.
    KmsTable,
}

/// Everything that a sum needs.
#[derive(Clone, Debug)]
pub struct Books {
    /// What is used.
    pub counts: Counts,
    /// What it costs.
    pub prices: Prices,
    /// How much of it there is.
    pub assumptions: Assumptions,
    /// Alarms in the template.
    pub alarms: u32,
}

impl Books {
    /// What one invocation costs, the queue that brought it included.
    ///
    /// # Errors
    /// When a scenario or a price is missing.
    pub fn invocation(&self, line: &ProfileLine) -> anyhow::Result<Money> {
        let units = self.counts.of(&line.scenario, &line.function)?;
        let mut sum = self.work(units)?;
        sum.queues += self.queues(line)?;
        sum.lambda += self.prices.of("lambda_request", Decimal::ONE)?;
        sum.lambda += self.prices.of("lambda_gb_second", self.billed_ms(units) / MS * self.assumptions.memory_gb)?;
        let is_call = line.queue.is_none();
        sum.api += self.prices.of("http_request", Decimal::from(u8::from(is_call)))?;
        let log = &self.assumptions.log;
        let request = if is_call { log.request_bytes } else { Decimal::ZERO };
        let gb = (line.log_bytes + log.invocation_bytes + request) / GB;
        sum.logs += self.prices.of("log_gb", gb)? + self.prices.of("log_gb_month", gb * log.months_kept)?;
        sum.logs += self.prices.of("trace", self.assumptions.trace_share)?;
        Ok(sum)
    }

    /// What a refresh adds to what needs it.
    ///
    /// # Errors
    /// When a scenario or a price is missing.
    pub fn refresh(&self, store: Store) -> anyhow::Result<Money> {
        let units = self.refresh_units(store)?;
        let waited = self.billed_ms(&units) - self.assumptions.billed_ms.own;
        let mut sum = self.work(&units)?;
        sum.lambda += self.prices.of("lambda_gb_second", waited / MS * self.assumptions.memory_gb)?;
        Ok(sum)
    }

    /// What it uses: what a hint uses more that finds no access token, and what upkeep's refresh uses more or less with
    /// the other store.
    ///
    /// # Errors
    /// When a scenario is missing.
    pub fn refresh_units(&self, store: Store) -> anyhow::Result<Units> {
        let with = self.counts.of("hint: nothing new, and a token refresh", "payments")?;
        let secrets = with.minus(self.counts.of("hint: nothing new", "payments")?);
        match store {
            Store::SecretsManager => Ok(secrets),
            Store::KmsTable => {
                let table = self.counts.of("token refresh, kms-table", "upkeep")?;
                let difference = self.counts.of("token refresh", "upkeep")?.minus(table);
                Ok(secrets.minus(&difference))
            }
        }
    }

    /// What an account costs in a month.
    ///
    /// # Errors
    /// When a scenario or a price is missing.
    pub fn account(&self, store: Store) -> anyhow::Result<Money> {
        let mut sum = Money::default();
        for line in &self.assumptions.profile.lines {
            sum += self.invocation(line)? * line.month;
        }
        sum += self.refresh(store)? * self.assumptions.refreshes.month;
        sum += self.planning()? * Decimal::from(self.assumptions.month_hours);
        if store == Store::SecretsManager {
            sum.tokens += self.prices.of("secret_month", Decimal::ONE)?;
        }
        Ok(sum)
    }

    /// What it costs that there is a service at all, in a month.
    ///
    /// # Errors
    /// When a price is missing.
    pub fn fixed(&self) -> anyhow::Result<Vec<(&'static str, Decimal)>> {
        let fixed = &self.assumptions.fixed;
        Ok(vec![
            ("the key", self.prices.of("key_month", Decimal::ONE)?),
            ("two secrets of the app", self.prices.of("secret_month", Decimal::TWO)?),
            ("alarms", self.prices.of("alarm_month", Decimal::from(self.alarms))?),
            ("metrics", self.prices.of("metric_month", Decimal::from(fixed.metrics))?),
            ("the dashboard", self.prices.of("dashboard_month", Decimal::ONE)?),
            ("queues that are asked and are empty", self.prices.of("queue_standard", fixed.idle_requests_month)?),
        ])
    }

    /// Bytes that Xero sends for an account in a month.
    ///
    /// # Errors
    /// When a scenario is missing.
    pub fn egress(&self) -> anyhow::Result<Decimal> {
        let lines = self.assumptions.profile.lines.iter();
        let bytes = lines.map(|line| Ok(self.counts.of(&line.scenario, &line.function)?.kilobytes * line.month));
        Ok(bytes.sum::<anyhow::Result<Decimal>>()? / Decimal::from(1024 * 1024))
    }

    /// What an account costs less in a month with its token in the table.
    ///
    /// # Errors
    /// When a scenario or a price is missing.
    pub fn saved(&self) -> anyhow::Result<Decimal> {
        Ok(self.account(Store::SecretsManager)?.total() - self.account(Store::KmsTable)?.total())
    }

    /// An account's part of the planning of one round: it is read from an index a hundred at a time, half a unit for 4 KB,
    /// and sent to the queue ten at a time.
    fn planning(&self) -> anyhow::Result<Money> {
        let mut sum = Money::default();
        sum.table += self.prices.of("table_read", Decimal::new(25, 2))?;
        sum.queues += self.prices.of("queue_standard", Decimal::new(1, 1))?;
        Ok(sum)
    }

    fn work(&self, units: &Units) -> anyhow::Result<Money> {
        Ok(Money {
            table: self.prices.of("table_read", units.reads)? + self.prices.of("table_write", units.writes)?,
            queues: self.prices.of("queue_standard", units.queues)?,
            tokens: self.prices.of("secret_call", units.secrets)? + self.prices.of("key_call", units.keys)?,
            ..Money::default()
        })
    }

    /// The message's own way: sent, received and deleted, each alone. What a function sends itself is in its counts,
    /// so a hint is not sent again here.
    fn queues(&self, line: &ProfileLine) -> anyhow::Result<Decimal> {
        match line.queue {
            None => Ok(Decimal::ZERO),
            Some(QueueKind::Fifo) => self.prices.of("queue_fifo", Decimal::from(3)),
            Some(QueueKind::Standard) => self.prices.of("queue_standard", Decimal::TWO),
        }
    }

    /// Wall time: calls one after the other, which is more than it takes where they go side by side.
    fn billed_ms(&self, units: &Units) -> Decimal {
        let billed = &self.assumptions.billed_ms;
        billed.own + units.xero * billed.xero_call + units.aws * billed.aws_call
    }
}
