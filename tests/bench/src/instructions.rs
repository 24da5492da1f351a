//! Instructions of what happens most: the start of the webhook, a delivery of its, and the mapping of an invoice.
//!
//! Each is the difference between two runs under callgrind of which one does more, so that a figure holds nothing but
//! what it names. Runs of one build agree to a few parts in a thousand: what differs is how a socket's bytes arrive.
//! Callgrind plays a processor without SHA instructions, so hashing counts for more here than it costs.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;

use anyhow::Context as _;
use rig::function::{Function, Setup};

use crate::callgrind::{self, each};
use crate::contenders::{Contender, delivery};
use crate::{draw, facts, invoice_created, process};

/// The webhook, from its start to its first poll.
pub const READY: &str = "webhook, start to first poll";
/// The webhook, one delivery when it is warm.
pub const DELIVERY: &str = "webhook, warm, for a delivery";
/// The mapping.
pub const MAPPING: &str = "event to Xero's invoice, three lines";
/// Deliveries of the shorter of two runs: the first ones open the connection and are in both.
const DELIVERIES: u64 = 100;
/// Invoices of the shorter of two runs.
const INVOICES: u64 = 100;
/// What the benchmark calls itself with, to do nothing but draw invoices.
pub const DRAW: &str = "--draw-invoices";

/// Counts them all; `folder` holds the profiles.
///
/// # Errors
/// When callgrind or the webhook fails.
pub async fn count(webhook: &Contender, folder: &Path, tell: impl Fn(&str)) -> anyhow::Result<BTreeMap<String, u64>> {
    tell("counting the webhook's instructions");
    let ready = deliveries(webhook, folder, 0).await?;
    let (fewer, many) =
        (deliveries(webhook, folder, DELIVERIES).await?, deliveries(webhook, folder, 2 * DELIVERIES).await?);
    tell("counting the mapping's instructions");
    let itself = std::env::current_exe().context("the benchmark does not know its own name")?;
    let drawn = |count: u64| callgrind::run(&folder.join("draw.out"), &itself, &[DRAW, &count.to_string()]);
    let mapping = each(drawn(INVOICES)?, drawn(2 * INVOICES)?, INVOICES);
    let counts = [(READY, ready), (DELIVERY, each(fewer, many, DELIVERIES)), (MAPPING, mapping)];
    Ok(counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect())
}

/// The webhook from its start until it has answered so many deliveries.
async fn deliveries(webhook: &Contender, folder: &Path, count: u64) -> anyhow::Result<u64> {
    let profile = folder.join("webhook.out");
    let setup = Setup {
        binary: callgrind::VALGRIND.into(),
        arguments: callgrind::arguments(&profile, &webhook.setup.binary, &[]),
        ..webhook.setup.clone()
    };
    let mut function = Function::start(&setup).await?;
    function.ready().await?;
    for number in 1..=count {
        webhook.accept(&function.invoke(&delivery(number)).await?.answer()?)?;
    }
    process::terminate(function.id().context("the webhook has ended")?)?;
    function.ended().await?;
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
