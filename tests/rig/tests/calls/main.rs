//! What each thing costs: calls to Xero from the stand-in's journal, calls to AWS from the wire, of a warm
//! process. The table is checked in as `counts.txt`, so that a change is noticed; `RIG_WRITE_CALLS=1` writes it
//! anew. What the budgets of the design allow is asserted besides.

#![expect(clippy::print_stdout, reason = "the table is part of the result")]

use anyhow::Context as _;
use rig::events::{Happening, Subject};
use rig::function::Function;
use rig::process::{World, batch, failed};
use rig::tenant::{Tenant, Wishes};
use serde_json::Value;
use xero_stand_in::control::JournalQuery;

/// What one scenario cost.
struct Cost {
    scenario: &'static str,
    xero: usize,
    aws: usize,
}

struct Till {
    world: World,
    tenant: Tenant,
    function: Function,
    costs: Vec<Cost>,
}

impl Till {
    /// Works the events in one batch and notes what that cost.
    async fn ring(&mut self, scenario: &'static str, what: &[(usize, Happening)]) -> anyhow::Result<usize> {
        let name = self.tenant.account.as_str().trim_start_matches("acc_");
        let account = self.tenant.account.as_str();
        let events: Vec<Value> =
            what.iter().map(|(index, happening)| Subject::new(name, *index).event(account, *happening)).collect();
        let before = self.journal().await?;
        self.world.wire.mend(None);
        let answer = self.function.invoke(&batch(&self.tenant, &events)).await?.answer()?;
        anyhow::ensure!(failed(&answer, &events).is_empty(), "{scenario}: handed back: {answer}");
        let calls = self.world.wire.calls();
        let methods = ["GET ", "PUT ", "POST "];
        let aws = calls.iter().filter(|call| !methods.iter().any(|method| call.starts_with(method))).count();
        let xero = self.journal().await? - before;
        self.costs.push(Cost { scenario, xero, aws });
        Ok(xero)
    }

    /// How often the tenant was called.
    async fn journal(&self) -> anyhow::Result<usize> {
        let query = JournalQuery { tenant: Some(self.tenant.uuid()), ..JournalQuery::default() };
        Ok(self.world.xero.control.journal(&query).await?.len())
    }
}

#[tokio::test]
async fn every_scenario_costs_what_the_table_says_and_no_more_than_its_budget() -> anyhow::Result<()> {
    let world = World::start().await?;
    let tenant = world.connect(&Wishes::default()).await?;
    let function = world.warm().await?;
    let mut till = Till { world, tenant, function, costs: Vec::new() };
    let many = |from: usize, step: usize, happening| -> Vec<(usize, Happening)> {
        (0..10).map(|index| (from + index * step, happening)).collect()
    };

    till.ring("first invoice of a connection", &[(0, Happening::Created)]).await?;
    let known = till.ring("invoice, contact known", &[(3, Happening::Created)]).await?;
    let again = till.ring("the same invoice again", &[(3, Happening::Created)]).await?;
    // Every third subject has the same other side.
    let burst = till.ring("burst of 10 invoices, contact known", &many(6, 3, Happening::Created)).await?;
    let new = till.ring("burst of 10 invoices, two new contacts", &many(100, 1, Happening::Created)).await?;
    till.ring("invoice sent, changed", &[(3, Happening::Sent)]).await?;
    till.ring("invoice voided", &[(3, Happening::Voided)]).await?;
    till.ring("expense as bill, supplier known", &[(200, Happening::Logged)]).await?;
    let bill_again = till.ring("the same expense again", &[(200, Happening::Logged)]).await?;
    till.ring("burst of 10 expenses, suppliers known", &many(201, 1, Happening::Logged)).await?;
    till.ring("expense deleted", &[(200, Happening::Deleted)]).await?;

    let lines = till.costs.iter().map(|cost| format!("{:<40} {:>4} {:>4}\n", cost.scenario, cost.xero, cost.aws));
    let table = format!("{:<40} {:>4} {:>4}\n{}", "scenario", "Xero", "AWS", lines.collect::<String>());
    println!("{table}");
    anyhow::ensure!(known == 1, "an invoice with a known contact costs 1 call, not {known}");
    anyhow::ensure!(burst <= 2 && new <= 2, "a burst of 10 costs 2 calls at most, not {burst} and {new}");
    anyhow::ensure!(again == 0 && bill_again == 0, "a redelivery costs no call, not {again} and {bill_again}");
    compare(&table)
}

fn compare(table: &str) -> anyhow::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls/counts.txt");
    if std::env::var_os("RIG_WRITE_CALLS").is_some() {
        std::fs::write(path, table).context("failed to write the table")?;
    }
    let listed = std::fs::read_to_string(path).unwrap_or_default();
    anyhow::ensure!(listed == table, "counts.txt says\n{listed}\nbut it is\n{table}");
    Ok(())
}
