//! Instructions of what happens most: the start of the webhook, a delivery of its, an invoice of the sync, and the
//! mapping of an invoice.
//!
//! Each is the difference between two runs under callgrind of which one does more, so that a figure holds nothing but
//! what it names. Runs of one build agree to a few parts in a thousand: what differs is how a socket's bytes arrive.
//! Callgrind plays a processor without SHA instructions, so hashing counts for more here than it costs.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::ops::Range;
use std::path::Path;

use anyhow::Context as _;
use rig::function::{Function, Setup};

use crate::callgrind::{self, each};
use crate::contenders::Contender;
use crate::{draw, facts, invoice_created, process};

/// The webhook, from its start to its first poll.
pub const READY: &str = "webhook, start to first poll";
/// The webhook, one delivery when it is warm.
pub const DELIVERY: &str = "webhook, warm, for a delivery";
/// The sync, one invoice when it is warm.
pub const INVOICE: &str = "sync, warm, for an invoice";
/// The mapping.
pub const MAPPING: &str = "event to Xero's invoice, three lines";
/// Events of the shorter of two runs: the first ones open connections and are in both.
const EVENTS: u64 = 100;
/// Numbers of the events, which are as long in all runs and were in none before.
const NUMBERS: u64 = 1_000_000;
/// What the benchmark calls itself with, to do nothing but draw invoices.
pub const DRAW: &str = "--draw-invoices";

/// Counts what these and the mapping take; `folder` holds the profiles.
///
/// # Errors
/// When callgrind or one of them fails.
pub async fn count(all: &[Contender], folder: &Path, tell: impl Fn(&str)) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for (name, first, each_one) in [("webhook", Some(READY), DELIVERY), ("sync", None, INVOICE)] {
        let Some(function) = all.iter().find(|contender| contender.name == name) else { continue };
        tell(&format!("counting the instructions of {name}"));
        if let Some(first) = first {
            counts.insert(first.to_owned(), events(function, folder, 0..0).await?);
        }
        let fewer = events(function, folder, NUMBERS..NUMBERS + EVENTS).await?;
        let many = events(function, folder, NUMBERS + EVENTS..NUMBERS + 3 * EVENTS).await?;
        counts.insert(each_one.to_owned(), each(fewer, many, EVENTS));
    }
    if counts.is_empty() {
        return Ok(counts);
    }
    tell("counting the instructions of the mapping");
    let itself = std::env::current_exe().context("the benchmark does not know its own name")?;
    let drawn = |count: u64| callgrind::run(&folder.join("draw.out"), &itself, &[DRAW, &count.to_string()]);
    counts.insert(MAPPING.to_owned(), each(drawn(EVENTS)?, drawn(2 * EVENTS)?, EVENTS));
    Ok(counts)
}

/// A function from its start until it has answered the events with these numbers.
async fn events(function: &Contender, folder: &Path, numbers: Range<u64>) -> anyhow::Result<u64> {
    let profile = folder.join(format!("{}.out", function.name));
    let setup = Setup {
        binary: callgrind::VALGRIND.into(),
        arguments: callgrind::arguments(&profile, &function.setup.binary, &[]),
        ..function.setup.clone()
    };
    let mut running = Function::start(&setup).await?;
    running.ready().await?;
    for number in numbers {
        function.accept(&running.invoke(&function.event(number)?).await?.answer()?)?;
    }
    process::terminate(running.id().with_context(|| format!("{} has ended", function.name))?)?;
    running.ended().await?;
    callgrind::instructions(&profile)
}

/// Draws the same invoice so many times and does nothing else.
///
/// # Errors
/// When it cannot be drawn.
pub fn draw_invoices(count: u64) -> anyhow::Result<()> {
    let (event, facts) = (invoice_created(), facts()?);
    for _ in 0..count {
        let drawn = draw(black_box(&event), &facts).context("the invoice cannot be drawn")?;
        black_box(drawn);
    }
    Ok(())
}
