//! The files that a sum is made from: prices with their source and date, and assumptions that say that they are some.

use anyhow::Context as _;
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Prices of one region.
#[derive(Clone, Debug, Deserialize)]
pub struct Prices {
    /// Which.
    pub region: String,
    /// What to know of them.
    pub note: String,
    /// Where the prices are from.
    pub sources: BTreeMap<String, Source>,
    /// By name.
    pub prices: BTreeMap<String, Price>,
    /// What Xero charges.
    pub xero: XeroPrices,
}

/// Where a price is from.
#[derive(Clone, Debug, Deserialize)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// When it was read.
    pub read: String,
}

/// A price.
#[derive(Clone, Debug, Deserialize)]
pub struct Price {
    /// US dollars…
    pub usd: Decimal,
    /// …for this many…
    pub per: u64,
    /// …of these.
    pub unit: String,
    /// The name of the source.
    pub source: String,
}

/// Xero's plans, smallest first, in Australian dollars.
#[derive(Clone, Debug, Deserialize)]
pub struct XeroPrices {
    /// The name of the source.
    pub source: String,
    /// The plans.
    pub tiers: Vec<Tier>,
    /// A gigabyte above what the plan includes.
    pub egress_gb_aud: Decimal,
}

/// A plan of Xero's.
#[derive(Clone, Debug, Deserialize)]
pub struct Tier {
    /// Its name.
    pub name: String,
    /// How many connections it allows.
    pub connections: u32,
    /// A month.
    pub aud: Decimal,
    /// What it includes; none where nothing is counted.
    pub gb: Option<Decimal>,
}

impl Prices {
    /// What so many units of something cost.
    ///
    /// # Errors
    /// When there is no such price.
    pub fn of(&self, name: &str, units: Decimal) -> anyhow::Result<Decimal> {
        let price = self.prices.get(name).with_context(|| format!("prices.json has no {name}"))?;
        Ok(price.usd / Decimal::from(price.per) * units)
    }
}

/// What is assumed.
#[derive(Clone, Debug, Deserialize)]
pub struct Assumptions {
    /// Wall time.
    pub billed_ms: BilledMs,
    /// A function's memory.
    pub memory_gb: Decimal,
    /// Logs.
    pub log: Log,
    /// How many of the invocations are traced.
    pub trace_share: Decimal,
    /// Hours in a month.
    pub month_hours: u32,
    /// What an account does.
    pub profile: Profile,
    /// A thousand documents of each kind, one by one and in bursts.
    pub documents: Vec<ProfileLine>,
    /// How often its token is refreshed.
    pub refreshes: Refreshes,
    /// How long a round is planned.
    pub planning: Planning,
    /// What is there without any account.
    pub fixed: Fixed,
}

/// The planning of a round by one invocation.
#[derive(Clone, Debug, Deserialize)]
pub struct Planning {
    /// In words.
    pub about: String,
    /// An account's part of it.
    pub ms_of_an_account: Decimal,
}

/// What an invocation lasts, put together from its calls.
#[derive(Clone, Debug, Deserialize)]
pub struct BilledMs {
    /// In words.
    pub about: String,
    /// A call to Xero.
    pub xero_call: Decimal,
    /// A call to AWS.
    pub aws_call: Decimal,
    /// The function's own work.
    pub own: Decimal,
}

/// Logs.
#[derive(Clone, Debug, Deserialize)]
pub struct Log {
    /// In words.
    pub about: String,
    /// What Lambda adds to an invocation.
    pub invocation_bytes: Decimal,
    /// What the HTTP API writes for a request.
    pub request_bytes: Decimal,
    /// How long they are kept.
    pub months_kept: Decimal,
}

/// What an account does in a month.
#[derive(Clone, Debug, Deserialize)]
pub struct Profile {
    /// In words.
    pub about: String,
    /// One by one.
    pub lines: Vec<ProfileLine>,
}

/// One thing that an account does, or that is done for it.
#[derive(Clone, Debug, Deserialize)]
pub struct ProfileLine {
    /// What.
    pub what: String,
    /// The scenario that counts it.
    pub scenario: String,
    /// The function that does it.
    pub function: String,
    /// How often in a month.
    pub month: Decimal,
    /// The queue that brings it; none for what comes by HTTP.
    pub queue: Option<QueueKind>,
    /// Bytes of the function's log.
    pub log_bytes: Decimal,
}

/// A kind of queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueKind {
    /// First in, first out.
    Fifo,
    /// Any order.
    Standard,
}

/// Refreshes of a token.
#[derive(Clone, Debug, Deserialize)]
pub struct Refreshes {
    /// In words.
    pub about: String,
    /// In a month.
    pub month: Decimal,
}

/// What is there without any account.
#[derive(Clone, Debug, Deserialize)]
pub struct Fixed {
    /// In words.
    pub about: String,
    /// Metrics of our own.
    pub metrics: u32,
    /// Requests to queues that have nothing.
    pub idle_requests_month: Decimal,
}
