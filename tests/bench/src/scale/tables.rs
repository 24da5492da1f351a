//! The tables of the model, as FIGURES.md has them.

use super::limits::{self, Limit};
use super::rounds::{Plan, play};
use super::{CHECK, IDLE, Model, OPEN};
use crate::text::{count, rounded};
use rust_decimal::Decimal;
use std::fmt::Write as _;

/// The number of accounts that is asked about.
pub const ACCOUNTS: u64 = 100_000;
/// Batches of upkeep at once, as proposed for that many.
const PROPOSED: u64 = 6;
const BATCH: u64 = 10;

/// All of it.
///
/// # Errors
/// When a scenario is missing.
pub fn all(model: &Model) -> anyhow::Result<String> {
    let mut text = String::new();
    writeln!(text, "| Limit | load at {} | limit | used | bears accounts | then |", count(ACCOUNTS.into()))?;
    writeln!(text, "| --- | --- | --- | --- | --- | --- |")?;
    for limit in limits::all(model)? {
        writeln!(text, "{}", row(&limit))?;
    }
    writeln!(text)?;
    writeln!(
        text,
        "| Accounts | batches at once | calls to Xero, most a minute | refreshes, most a second | longest wait | left over after a day |"
    )?;
    writeln!(text, "| --- | --- | --- | --- | --- | --- |")?;
    for accounts in [1_000, 10_000, 50_000, 100_000] {
        for batches in [model.template.upkeep, PROPOSED] {
            let day = play(&plan(model, accounts, batches)?);
            writeln!(
                text,
                "| {} | {batches} | {} | {} | {} s | {} |",
                count(accounts.into()),
                count(day.calls_a_minute.into()),
                count(day.refreshes_a_second.into()),
                count(day.longest_wait.into()),
                count(day.left.into())
            )?;
        }
    }
    Ok(text)
}

fn row(limit: &Limit) -> String {
    let load = limit.load(ACCOUNTS);
    let used = load / limit.limit * Decimal::ONE_HUNDRED;
    let bears = limit.breaks_at().map_or_else(|| "any".to_owned(), count);
    format!(
        "| {} | {} {} | {} | {} % | {bears} | {} |",
        limit.name,
        rounded(load),
        limit.unit,
        rounded(limit.limit),
        rounded(used),
        limit.remedy
    )
}

fn plan(model: &Model, accounts: u32, batches: u64) -> anyhow::Result<Plan> {
    let calls =
        |scenario: &str| Ok::<_, anyhow::Error>(u64::try_from(model.books.counts.of(scenario, "upkeep")?.xero)?);
    Ok(Plan {
        accounts,
        open_percent: u64::try_from((model.open_share() * Decimal::ONE_HUNDRED).round())?,
        places: batches * BATCH,
        open_ms: model.task_ms(OPEN)?,
        idle_ms: model.task_ms(IDLE)?,
        check_ms: model.task_ms(CHECK)?,
        open_calls: calls(OPEN)?,
        check_calls: calls(CHECK)?,
    })
}
