//! Disorder: random events of several accounts, repeated, out of order, redelivered and redriven, while Xero and
//! the stores fail in every way and processes die. At the end, when everything works again, the books hold what
//! a simple model says: nothing doubled, nothing lost, nothing foreign.
//!
//! The sequences are the same in every run. `RIG_SEQUENCES` asks each part for another number of them.

#![expect(clippy::print_stdout, reason = "the number of sequences is part of the result")]

mod model;
mod plan;

use std::cell::Cell;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use rig::tenant::Tenant;
use rig::worker::{World, Xero};

use crate::plan::{Plan, Step, plans};

/// Sequences of one part; there are four parts, so that they share the machine's cores.
const SEQUENCES: u32 = 128;

fn part(number: u8, is_taken: bool) -> anyhow::Result<()> {
    let sequences = std::env::var("RIG_SEQUENCES").ok().and_then(|text| text.parse().ok()).unwrap_or(SEQUENCES);
    let config = Config { cases: sequences, max_shrink_iters: 300, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[number; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let xero = runtime.block_on(Xero::start())?;
    let (worlds, events) = (Cell::new(0), Cell::new(0));
    let result = runner.run(&plans(), |plan| {
        worlds.set(worlds.get() + 1);
        events.set(events.get() + plan.steps.iter().filter(|step| matches!(step, Step::Send { .. })).count());
        let name = format!("p{number}w{}", worlds.get());
        runtime.block_on(live(&xero, &name, &plan, is_taken)).map_err(|error| TestCaseError::fail(format!("{error:#}")))
    });
    result.map_err(|error| anyhow::anyhow!("{error}"))?;
    println!("part {number}: {} sequences with {} events, all of which end right", worlds.get(), events.get());
    Ok(())
}

/// Lives through a plan, then lets everything work again and looks at what is there.
async fn live(xero: &Xero, name: &str, plan: &Plan, is_taken: bool) -> anyhow::Result<()> {
    let mut world = xero.world().await?;
    let mut tenants = Vec::new();
    for index in 0..plan.accounts {
        let tenant = world.connect(xero, &format!("{name}a{index}"), &plan::wishes(index)).await?;
        plan::plant(xero, &tenant, is_taken).await?;
        tenants.push(tenant);
    }
    let mut model = model::Model::new(is_taken);
    for (number, step) in plan.steps.iter().enumerate() {
        take(xero, &mut world, &tenants, &mut model, number, step).await?;
    }
    xero.side.control.clear_faults().await?;
    world.shelf.calm();
    for _ in 0..10 {
        world.drain(xero).await?;
        if world.queue.redrive() + world.press_retry() == 0 {
            break;
        }
    }
    anyhow::ensure!(world.queue.dead().is_empty(), "messages cannot be worked: {:?}", world.queue.dead());
    model.check(xero, &world, &tenants).await
}

async fn take(
    xero: &Xero,
    world: &mut World,
    tenants: &[Tenant],
    model: &mut model::Model,
    number: usize,
    step: &Step,
) -> anyhow::Result<()> {
    match step {
        Step::Send { account, subject, happening, again } => {
            let account = account % tenants.len();
            let Some(tenant) = tenants.get(account) else { return Ok(()) };
            let body = plan::subject(tenant, *subject).event(tenant.account.as_str(), *happening);
            let id = body.get("id").and_then(serde_json::Value::as_str).unwrap_or_default();
            // A retry by the user has another deduplication id than the event's own.
            let deduplication = if *again { format!("retry:{number}") } else { id.to_owned() };
            world.queue.send(tenant.account.as_str(), &deduplication, &body.to_string(), world.now());
            model.happened(account, *subject, *happening);
        }
        Step::Fault(fault) => xero.side.control.fault(&fault.order()).await?,
        Step::Trouble { after, trouble } => world.shelf.order(*after, *trouble),
        Step::Work { most } => {
            world.work(xero, *most).await?;
        }
        Step::Wait { seconds } => world.clock.advance(std::time::Duration::from_secs(*seconds)),
        Step::Redrive => {
            world.queue.redrive();
        }
    }
    Ok(())
}

macro_rules! parts {
    ($($test:ident: $number:literal),+ $(,)?) => {$(
        #[test]
        fn $test() -> anyhow::Result<()> {
            part($number, false)
        }
    )+};
}

parts! {
    disorder_neither_doubles_nor_loses_a_document_first_part: 1,
    disorder_neither_doubles_nor_loses_a_document_second_part: 2,
    disorder_neither_doubles_nor_loses_a_document_third_part: 3,
}

#[test]
fn disorder_never_touches_a_foreign_invoice_of_the_same_number() -> anyhow::Result<()> {
    part(5, true)
}

#[test]
fn disorder_neither_doubles_nor_loses_a_document_fourth_part() -> anyhow::Result<()> {
    part(4, false)
}
