//! Runs one thing that happens in a warm function, and notes what it used.

use anyhow::Context as _;
use rig::bill::{Ledger, Units};
use rig::events::{Happening, Subject};
use rig::function::Function;
use rig::process::{World, batch, failed};
use rig::tenant::Tenant;
use serde_json::Value;
use std::collections::BTreeMap;

/// What one scenario used.
pub(crate) struct Line {
    pub(crate) scenario: &'static str,
    pub(crate) function: &'static str,
    pub(crate) units: Units,
    /// Bytes of the function's log. Not in the table: they differ by a digit from run to run.
    pub(crate) log_bytes: u64,
}

/// A tenant whose every use is noted.
pub(crate) struct Till {
    pub(crate) world: World,
    pub(crate) tenant: Tenant,
    pub(crate) lines: Vec<Line>,
    ledger: Ledger,
    warm: BTreeMap<&'static str, Function>,
}

impl Till {
    pub(crate) async fn open(world: World, tenant: Tenant) -> anyhow::Result<Self> {
        let ledger = world.ledger(&tenant).await?;
        Ok(Self { world, tenant, lines: Vec::new(), ledger, warm: BTreeMap::new() })
    }

    /// The events of one batch of the sync; how many calls to Xero they took.
    pub(crate) async fn sync(&mut self, scenario: &'static str, what: &[(usize, Happening)]) -> anyhow::Result<u64> {
        let name = self.tenant.account.as_str().trim_start_matches("acc_");
        let account = self.tenant.account.as_str();
        let events: Vec<Value> =
            what.iter().map(|(index, happening)| Subject::new(name, *index).event(account, *happening)).collect();
        self.queue("sync", scenario, &events).await
    }

    /// A batch of a queue, all of which has to be done with.
    pub(crate) async fn queue(
        &mut self,
        function: &'static str,
        scenario: &'static str,
        bodies: &[Value],
    ) -> anyhow::Result<u64> {
        let answer = self.ring(function, scenario, &batch(&self.tenant, bodies)).await?;
        anyhow::ensure!(failed(&answer, bodies).is_empty(), "{scenario}: handed back: {answer}");
        self.lines.last().map(|line| line.units.xero_calls).context("nothing was noted")
    }

    /// A call through the gateway, which has to end with this status.
    pub(crate) async fn call(
        &mut self,
        function: &'static str,
        scenario: &'static str,
        event: &Value,
        status: u16,
    ) -> anyhow::Result<()> {
        let answer = self.ring(function, scenario, event).await?;
        anyhow::ensure!(answer.get("statusCode") == Some(&status.into()), "{scenario}: {answer}");
        Ok(())
    }

    /// What a start uses, and one event in it: nothing of it is kept, the function stays for what comes next.
    pub(crate) async fn start(&mut self, function: &'static str, scenario: &'static str) -> anyhow::Result<()> {
        let process = self.world.function(function).await?;
        self.note(function, scenario, 0)?;
        self.warm.insert(function, process);
        Ok(())
    }

    /// Something that is not counted, but that changes the table.
    pub(crate) async fn look_again(&mut self) -> anyhow::Result<()> {
        self.ledger = self.world.ledger(&self.tenant).await?;
        Ok(())
    }

    async fn ring(&mut self, function: &'static str, scenario: &'static str, event: &Value) -> anyhow::Result<Value> {
        self.world.wire.mend(None);
        let before = self.world.log_bytes(function)?;
        let process = self.warm.get_mut(function).with_context(|| format!("{function} was not started"))?;
        let answer = process.invoke(event).await?.answer()?;
        self.note(function, scenario, before)?;
        Ok(answer)
    }

    fn note(&mut self, function: &'static str, scenario: &'static str, log: u64) -> anyhow::Result<()> {
        let units = self.ledger.charge(&self.world.wire.exchanges());
        let log_bytes = self.world.log_bytes(function)? - log;
        self.lines.push(Line { scenario, function, units, log_bytes });
        Ok(())
    }
}
