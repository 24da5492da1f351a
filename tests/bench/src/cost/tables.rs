//! The tables of the costs, as FIGURES.md has them.

use super::files::Prices;
use super::money::Money;
use super::{Books, Store};
use crate::text::{count, money, rounded};
use anyhow::Context as _;
use rust_decimal::Decimal;
use std::fmt::Write as _;

const ACCOUNTS: [u32; 3] = [1, 1_000, 100_000];

/// All of it.
///
/// # Errors
/// When a scenario or a price is missing.
pub fn all(books: &Books) -> anyhow::Result<String> {
    Ok([documents(books)?, accounts(books)?, stores(books)?, fixed(books)?, sources(books)?].join("\n"))
}

/// A thousand documents, one by one and in bursts.
fn documents(books: &Books) -> anyhow::Result<String> {
    let mut text = String::from("| USD for 1,000 documents | Lambda | table | queues | logs, traces | all |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for line in &books.assumptions.documents {
        let sum = books.invocation(line)? * line.month;
        let Money { lambda, table, queues, logs, .. } = sum;
        let parts = [lambda, table, queues, logs, sum.total()].map(rounded).join(" | ");
        writeln!(text, "| {} | {parts} |", line.what)?;
    }
    Ok(text)
}

/// A month, by what is paid for.
fn accounts(books: &Books) -> anyhow::Result<String> {
    let mut text = String::from(
        "| USD a month | Lambda | table | queues | tokens | API | logs, traces | all, fixed costs included |\n",
    );
    text.push_str("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (store, name) in [(Store::SecretsManager, "secrets-manager"), (Store::KmsTable, "kms-table")] {
        let one = books.account(store)?;
        for accounts in ACCOUNTS.map(Decimal::from) {
            let sum = one * accounts;
            let parts = sum.parts().map(money).join(" | ");
            let all = sum.total() + fixed_sum(books)?;
            writeln!(text, "| {} × `{name}` | {parts} | {} |", count(accounts), money(all))?;
        }
    }
    Ok(text)
}

/// What changing the store saves.
fn stores(books: &Books) -> anyhow::Result<String> {
    let [secrets, table] =
        [Store::SecretsManager, Store::KmsTable].map(|store| books.refresh(store).map(|sum| sum.total()));
    let million = Decimal::from(1_000_000);
    Ok(format!(
        "A million refreshes cost {} USD with `secrets-manager` and {} with `kms-table`; each account costs {} USD a month \
         less with the latter, from the first on, and the key is there in both.\n",
        money(secrets? * million),
        money(table? * million),
        rounded(books.saved()?)
    ))
}

/// What is there without accounts, and what Xero charges.
fn fixed(books: &Books) -> anyhow::Result<String> {
    let parts = books.fixed()?.into_iter().map(|(what, sum)| format!("{what} {}", money(sum)));
    let mut text = format!(
        "Fixed, USD a month: {}; together {}.\n",
        parts.collect::<Vec<_>>().join(", "),
        money(fixed_sum(books)?)
    );
    let gb = books.egress()?;
    for accounts in ACCOUNTS {
        let gb = gb * Decimal::from(accounts);
        writeln!(text, "\n{}", xero(books, accounts, gb)?)?;
    }
    Ok(text)
}

fn xero(books: &Books, accounts: u32, gb: Decimal) -> anyhow::Result<String> {
    let prices = &books.prices.xero;
    let plan = prices.tiers.iter().find(|tier| accounts <= tier.connections);
    let (accounts, used) = (count(accounts.into()), rounded(gb));
    Ok(match plan {
        None => {
            let last = prices.tiers.last().context("Xero has no plan")?;
            format!(
                "Xero for {accounts}: Enterprise, by agreement (above {} connections), and {used} GB of answers a month.",
                count(last.connections.into())
            )
        }
        Some(tier) => {
            let over = tier.gb.map_or(Decimal::ZERO, |included| (gb - included).max(Decimal::ZERO));
            format!(
                "Xero for {accounts}: {}, {} AUD a month, and {used} GB of answers, {} AUD over what it includes.",
                tier.name,
                money(tier.aud),
                money(over * prices.egress_gb_aud)
            )
        }
    })
}

fn fixed_sum(books: &Books) -> anyhow::Result<Decimal> {
    Ok(books.fixed()?.into_iter().map(|(_, sum)| sum).sum())
}

/// Where the prices are from, and what is assumed.
fn sources(books: &Books) -> anyhow::Result<String> {
    let Prices { region, note, sources, .. } = &books.prices;
    let read = |dates: Option<&str>| dates.unwrap_or_default().to_owned();
    let dates = || sources.values().map(|source| source.read.as_str());
    let (first, last) = (read(dates().min()), read(dates().max()));
    let assumptions = &books.assumptions;
    Ok(format!(
        "Prices: {region}, {note}; each is in `tests/bench/prices.json` with its source, read between {first} and {last}.\n\n\
         Usage: {}. Refreshes, {} a month: {}. Time: {}. Logs: {}. Fixed: {}.\n",
        assumptions.profile.about,
        count(assumptions.refreshes.month),
        assumptions.refreshes.about,
        assumptions.billed_ms.about,
        assumptions.log.about,
        assumptions.fixed.about
    ))
}
