//! The sync function is killed before and after every single call that it makes to the outside, and the queue
//! delivers again: whatever the point, there is exactly one right document, one right contact and a record
//! that agrees.
//!
//! The points come from a dry run, whose calls are compared with a list in `calls/`: a new call is noticed, and
//! has its points. `RIG_WRITE_CALLS=1` writes the lists anew.

#![expect(clippy::print_stdout, reason = "the number of points is part of the result")]

mod scenario;

use anyhow::Context as _;
use rig::process::{Run, World};
use rig::wire::{Point, points};

use crate::scenario::Scenario;

/// A crash at any point of the scenario leaves what no crash leaves.
async fn survives_every_crash(scenario: &Scenario) -> anyhow::Result<()> {
    if !scenario.is_accepted() {
        println!("{}: such events are not accepted yet", scenario.name);
        return Ok(());
    }
    let world = World::start().await?;
    let calls = dry_run(&world, scenario).await?;
    compare(scenario.name, &calls)?;
    let mut count = 0;
    for point in points(calls.len()) {
        let call = calls.get(point.call).map_or("", String::as_str);
        die_and_recover(&world, scenario, point).await.with_context(|| {
            let name = scenario.name;
            format!("{name}: killed {point} ({call}) of\n{}", calls.join("\n"))
        })?;
        count += 1;
    }
    println!("{}: {count} points, all of which end right", scenario.name);
    Ok(())
}

async fn dry_run(world: &World, scenario: &Scenario) -> anyhow::Result<Vec<String>> {
    let tenant = world.connect(&scenario.wishes).await?;
    let stage = scenario.prepare(world, &tenant).await?;
    let Run::Answered(answer) = world.run(&tenant, &stage.events, None).await? else {
        anyhow::bail!("killed without a cut")
    };
    let calls = world.wire.calls();
    let failed = rig::process::failed(&answer, &stage.events);
    anyhow::ensure!(failed.is_empty(), "{} messages are handed back without a crash: {calls:?}", failed.len());
    stage.check(world, &tenant).await.context("without a crash")?;
    Ok(calls)
}

async fn die_and_recover(world: &World, scenario: &Scenario, point: Point) -> anyhow::Result<()> {
    let tenant = world.connect(&scenario.wishes).await?;
    let stage = scenario.prepare(world, &tenant).await?;
    match world.run(&tenant, &stage.events, Some(point)).await? {
        Run::Killed => {}
        Run::Answered(_) => anyhow::bail!("the point was never reached"),
    }
    world.redeliver(&tenant, &stage.events).await?;
    stage.check(world, &tenant).await
}

/// Compares the calls with the list that is checked in.
fn compare(name: &str, calls: &[String]) -> anyhow::Result<()> {
    let path = format!("{}/tests/crash/calls/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let found = calls.join("\n") + "\n";
    if std::env::var_os("RIG_WRITE_CALLS").is_some() {
        std::fs::write(&path, &found)?;
    }
    let listed = std::fs::read_to_string(&path).unwrap_or_default();
    anyhow::ensure!(
        listed == found,
        "{name} makes other calls than calls/{name}.txt says; if that is meant, RIG_WRITE_CALLS=1 writes it anew.\n\
         It says\n{listed}\nbut they are\n{found}"
    );
    Ok(())
}

macro_rules! crashes {
    ($($test:ident: $scenario:expr),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() -> anyhow::Result<()> {
            survives_every_crash(&$scenario).await
        }
    )+};
}

crashes! {
    no_crash_doubles_or_loses_a_created_invoice_with_a_new_contact: Scenario::created_with_new_contact(),
    no_crash_doubles_or_loses_a_created_invoice_with_a_known_contact: Scenario::created_with_known_contact(),
    no_crash_doubles_or_loses_two_invoices_of_one_batch_with_one_new_contact: Scenario::two_created_in_one_batch(),
    no_crash_doubles_or_loses_a_sent_invoice_that_was_not_there: Scenario::sent_without_created(),
    no_crash_spoils_the_update_of_a_sent_invoice: Scenario::sent_after_created(),
    no_crash_keeps_a_voided_invoice_alive: Scenario::voided_after_created(),
    no_crash_makes_an_invoice_whose_void_came_first: Scenario::voided_before_created(),
    no_crash_doubles_or_loses_a_bill: Scenario::logged_as_bill(),
    no_crash_doubles_or_loses_spend_money: Scenario::logged_as_spend_money(),
    no_crash_keeps_a_deleted_bill_alive: Scenario::deleted_bill(),
    no_crash_keeps_deleted_spend_money_alive: Scenario::deleted_spend_money(),
    no_crash_loses_an_invoice_that_is_held: Scenario::held_for_an_account_of_sales(),
    no_crash_loses_an_expense_that_is_skipped: Scenario::skipped_for_its_category(),
}

#[tokio::test]
async fn no_crash_touches_a_foreign_invoice_of_the_same_number() -> anyhow::Result<()> {
    survives_every_crash(&Scenario::created_with_a_number_that_is_taken()).await
}
