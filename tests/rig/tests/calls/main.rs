//! What each thing costs: calls to Xero and to AWS from the wire of a warm process, in the units that are billed. The
//! table is checked in as `counts.txt`, so that a change is noticed, and the benchmark of the costs reads it;
//! `RIG_WRITE_CALLS=1` writes it anew. What the budgets of the design allow is asserted besides.

#![expect(clippy::print_stdout, reason = "the table is part of the result")]

mod outside;
mod table;
mod till;

use rig::events::Happening;
use rig::process::World;
use rig::tenant::Wishes;
use till::Till;

#[tokio::test]
async fn every_scenario_costs_what_the_table_says_and_no_more_than_its_budget() -> anyhow::Result<()> {
    let world = World::start().await?;
    let tenant = world.connect(&Wishes::default()).await?;
    let mut till = Till::open(world, tenant).await?;
    documents(&mut till).await?;
    outside::payments(&mut till).await?;
    outside::upkeep(&mut till).await?;
    outside::calls(&mut till).await?;
    let lines = outside::tokens_in_table(till).await?;

    let table = table::of(&lines);
    println!("{table}");
    for line in &lines {
        println!("{:<44} {:>6} bytes of log", line.scenario, line.log_bytes);
    }
    table::compare(&table)
}

/// What Sessional's events use.
async fn documents(till: &mut Till) -> anyhow::Result<()> {
    let many = |from: usize, step: usize, happening| -> Vec<(usize, Happening)> {
        (0..10).map(|index| (from + index * step, happening)).collect()
    };
    till.start("sync", "start of a function that calls Xero").await?;
    till.sync("first invoice of a connection", &[(0, Happening::Created)]).await?;
    let known = till.sync("invoice, contact known", &[(3, Happening::Created)]).await?;
    let again = till.sync("the same invoice again", &[(3, Happening::Created)]).await?;
    // Every third subject has the same other side.
    let burst = till.sync("burst of 10 invoices, contact known", &many(6, 3, Happening::Created)).await?;
    let new = till.sync("burst of 10 invoices, two new contacts", &many(100, 1, Happening::Created)).await?;
    till.sync("invoice sent, changed", &[(3, Happening::Sent)]).await?;
    till.sync("invoice voided", &[(3, Happening::Voided)]).await?;
    till.sync("expense as bill, supplier known", &[(200, Happening::Logged)]).await?;
    let bill_again = till.sync("the same expense again", &[(200, Happening::Logged)]).await?;
    till.sync("burst of 10 expenses, suppliers known", &many(201, 1, Happening::Logged)).await?;
    till.sync("expense deleted", &[(200, Happening::Deleted)]).await?;

    anyhow::ensure!(known == 1, "an invoice with a known contact costs 1 call, not {known}");
    anyhow::ensure!(burst <= 2 && new <= 2, "a burst of 10 costs 2 calls at most, not {burst} and {new}");
    anyhow::ensure!(again == 0 && bill_again == 0, "a redelivery costs no call, not {again} and {bill_again}");
    Ok(())
}
