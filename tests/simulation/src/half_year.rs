//! Half a year of one account whose webhooks are lost half of the time: what people do with money, at three rhythms, and
//! what Xero is asked for it.

use std::collections::BTreeMap;

use anyhow::Context as _;
use fastrand::Rng;
use harness::service::Post;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::plan::{Act, DAY, Deed, EXPENSES, HOUR, Out, Plan, Step};
use crate::stage::{Stage, amount};

/// How long it is.
pub const DAYS: u64 = 180;
/// Until when in a day people do something: what no webhook tells is found by the end of it.
const WORKING: u64 = 12 * HOUR;

/// How much happens in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// Its name.
    pub name: &'static str,
    /// Payments, credits and what is taken back, of thirty days.
    pub a_month: u64,
    /// Most calls to Xero's API in thirty days. While deliveries are heard of, a sweep is made every six hours, and every hour
    /// on days without any; one account alone has many of those.
    pub most_calls: usize,
}

/// The three.
pub const RHYTHMS: [Rhythm; 3] = [
    Rhythm { name: "quiet", a_month: 3, most_calls: 900 },
    Rhythm { name: "normal", a_month: 20, most_calls: 900 },
    Rhythm { name: "busy", a_month: 90, most_calls: 900 },
];

/// A rhythm by its name.
///
/// # Errors
/// When there is none of this name.
pub fn rhythm(name: &str) -> anyhow::Result<Rhythm> {
    let found = RHYTHMS.into_iter().find(|rhythm| rhythm.name == name);
    found.with_context(|| format!("there is no rhythm {name}"))
}

/// The plan of a seed, over so many days.
#[must_use]
pub fn plan(rhythm: Rhythm, seed: u64, days: u64) -> Plan {
    let mut rng = Rng::with_seed(seed);
    let mut steps = Vec::new();
    for document in 0..EXPENSES {
        let at = HOUR + u64::try_from(document).unwrap_or_default() * HOUR;
        steps.push(Step { at, act: Act::Document(0, document, Deed::Make) });
        steps.push(Step { at: at + HOUR / 2, act: Act::Document(0, document, Deed::Send) });
    }
    for day in 1..days {
        let lost = rng.bool();
        if lost {
            steps.push(Step { at: day * DAY, act: Act::Outage(Out::Post(Post::Lost), DAY - 60) });
        }
        for _ in 0..rhythm.a_month {
            if rng.u64(..30) > 0 {
                continue;
            }
            let deed = [Deed::Pay, Deed::PartPay, Deed::PartPay, Deed::Unpay, Deed::Unpay, Deed::Credit];
            let deed = deed.get(rng.usize(..deed.len())).copied().unwrap_or(Deed::Pay);
            let at = day * DAY + rng.u64(60..WORKING);
            steps.push(Step { at, act: Act::Document(0, rng.usize(..EXPENSES), deed) });
        }
    }
    steps.sort_by_key(|step| step.at);
    Plan { seed, days, accounts: 1, steps }
}

impl Stage {
    /// Every invoice's record says of money what Xero says at the end of the day, and so does the last that was told.
    pub(crate) async fn check_money(&mut self, number: usize) -> anyhow::Result<()> {
        let Some(account) = self.accounts.get(number) else { return Ok(()) };
        let (tenant, count) = (account.tenant(), account.documents.len().min(EXPENSES));
        let books = self.service.control.snapshot(tenant).await?;
        for at in 0..count {
            let Some((_, shown)) = self.in_books(&books, number, at) else { continue };
            let Some(record) = self.record(number, at).await? else { continue };
            let here = |key: &str| {
                let text = record.pointer(&format!("/amounts/{key}")).and_then(Value::as_str);
                text.and_then(|text| text.parse::<Decimal>().ok()).unwrap_or_default()
            };
            for (key, there) in [("paid", "AmountPaid"), ("credited", "AmountCredited"), ("due", "AmountDue")] {
                // A record that was never paid shows no amounts.
                let nothing = key == "due" && record.pointer("/amounts/due").is_none_or(Value::is_null);
                if here(key) != amount(&shown, there) && !nothing {
                    let detail = format!("document {at}: {key} is {} here, {}", here(key), amount(&shown, there));
                    self.violate(&format!("money:{key}"), detail);
                }
            }
            self.check_told_of(number, at, &shown, &record);
        }
        Ok(())
    }

    /// Calls to Xero's API of each thirty days.
    pub(crate) fn calls_a_month(&self) -> BTreeMap<i64, usize> {
        let mut months = BTreeMap::new();
        for call in self.service.xero.asked().iter().filter(|call| call.tenant.is_some() && !call.function.is_empty()) {
            let month = call.at.duration_since(self.begin).as_secs() / i64::try_from(30 * DAY).unwrap_or(1);
            *months.entry(month).or_default() += 1;
        }
        months
    }
}
