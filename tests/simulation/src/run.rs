//! One run: a plan is lived through, then everything is well for a day, and what is there is held against what people
//! did.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use harness::service::{Bell, CLIENT_ID, CLIENT_SECRET, KEY, Post};
use harness::weather::{Order, OutageWay, Place, Struck};
use harness::{CREDENTIALS, WEBHOOK_KEY};
use serde_json::json;
use tokio::task::LocalSet;
use xero_stand_in::control::OrganisationChange;

use crate::plan::{Act, Chore, DAY, Deed, HOUR, Out, Plan, Turn};
use crate::stage::Stage;

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What happened, line by line.
    pub timeline: Vec<String>,
    /// What was not as it should be: a signature that stays the same, and what was seen.
    pub violations: BTreeMap<String, String>,
    /// What struck whom.
    pub struck: BTreeMap<Struck, u64>,
    /// Calls that functions made, and those that met something.
    pub calls: (BTreeSet<String>, BTreeSet<String>),
    /// Calls to Xero's API, by month.
    pub months: BTreeMap<i64, usize>,
    /// Why the run could not go on, where it could not.
    pub broken: Option<String>,
}

/// Lives through a plan in a runtime of its own, whose time is paused.
///
/// # Errors
/// When there is no runtime.
pub fn live(plan: &Plan) -> anyhow::Result<Outcome> {
    live_looking(plan, false)
}

/// The same, with a look at all money at the end of each day.
///
/// # Errors
/// When there is no runtime.
pub fn live_day_by_day(plan: &Plan) -> anyhow::Result<Outcome> {
    live_looking(plan, true)
}

fn live_looking(plan: &Plan, at_money: bool) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let local = LocalSet::new();
    Ok(local.block_on(&runtime, async {
        let mut stage = match Stage::set(plan).await {
            Ok(stage) => stage,
            Err(error) => return Outcome { broken: Some(format!("{error:#}")), ..Outcome::default() },
        };
        stage.looks_at_money = at_money;
        let lived = stage.play(plan).await;
        stage.listen();
        Outcome {
            timeline: std::mem::take(&mut stage.timeline),
            violations: std::mem::take(&mut stage.violations),
            struck: stage.service.weather.struck(),
            calls: stage.service.weather.calls(),
            months: stage.calls_a_month(),
            broken: lived.err().map(|error| format!("{error:#}")),
        }
    }))
}

/// Something that ends at a second.
struct Ending {
    at: u64,
    out: Out,
}

impl Stage {
    async fn play(&mut self, plan: &Plan) -> anyhow::Result<()> {
        let mut endings: Vec<Ending> = Vec::new();
        let mut steps = plan.steps.iter().peekable();
        let mut next_look = DAY;
        let mut next_keep = HOUR;
        loop {
            endings.sort_by_key(|ending| ending.at);
            let step_at = steps.peek().map(|step| step.at);
            let end_at = endings.first().map(|ending| ending.at);
            let next = [step_at, end_at, Some(next_look), Some(next_keep)].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next < plan.end()) else { break };
            self.until(next).await;
            if !endings.is_empty() || self.service.weather.is_bad() {
                self.last_bad = Some(self.service.calendar.now());
            }
            if end_at == Some(next) {
                let ending = endings.remove(0);
                self.end(&ending.out).await?;
            } else if step_at == Some(next) {
                let Some(step) = steps.next() else { break };
                if let Some(ending) = self.act(&step.act, next).await? {
                    endings.push(ending);
                }
            } else if next_look == next {
                next_look += DAY;
                self.service.cloud.expire();
                self.look().await?;
                self.connect_what_was_taken().await?;
            } else {
                next_keep += HOUR;
                if plan.steps.iter().any(|step| step.act == Act::Operator(Chore::Restore)) {
                    self.service.cloud.keep_table();
                }
            }
            self.listen();
        }
        self.until(plan.end()).await;
        for ending in endings {
            self.end(&ending.out).await?;
        }
        self.recover().await?;
        self.until(plan.end() + DAY + HOUR).await;
        self.listen();
        self.check().await
    }

    async fn until(&self, second: u64) {
        self.service.calendar.until(self.begin + Duration::from_secs(second)).await;
    }

    async fn act(&mut self, act: &Act, at: u64) -> anyhow::Result<Option<Ending>> {
        match act {
            Act::Document(account, document, deed) => match deed {
                Deed::Make
                | Deed::Edit
                | Deed::Renumber
                | Deed::Inclusive
                | Deed::Send
                | Deed::Remove
                | Deed::Repeat
                | Deed::Old
                | Deed::Retry
                | Deed::RenameClient => self.user(*account, *document, *deed).await?,
                _ => self.bookkeeper(*account, *document, *deed).await?,
            },
            Act::Account(account, turn) => match turn {
                Turn::RetryAll | Turn::Disconnect | Turn::Reconnect | Turn::Other => self.turn(*account, *turn).await?,
                _ => self.turn_there(*account, *turn).await?,
            },
            Act::Operator(chore) => self.operate(*chore).await?,
            Act::Outage(out, seconds) => {
                self.note("weather", format!("{out:?} for {} minutes", seconds / 60));
                self.begin_out(out).await?;
                return Ok(Some(Ending { at: at + (*seconds).max(1), out: out.clone() }));
            }
            Act::Fault(call, function, after, fault) => {
                self.last_bad = Some(self.service.calendar.now());
                let (call, function) = ((*call).to_owned(), (*function).to_owned());
                self.service.weather.order(Order { call, function, after: *after, fault: fault.clone() });
            }
            Act::Rain(per_mille) => {
                self.last_bad = Some(self.service.calendar.now());
                self.service.weather.rain(*per_mille, at);
            }
            Act::Refuse(count) => self.service.cloud.refuse_entries(*count),
            Act::Choke(account, document, seconds) => {
                let mark = self.accounts.get(*account).and_then(|account| account.documents.get(*document));
                self.service.xero.choke_on(mark.map(|document| document.mark()));
                self.note("weather", format!("xero chokes on document {document} of account {account}"));
                return Ok(Some(Ending { at: at + (*seconds).max(1), out: Out::Choking }));
            }
        }
        Ok(None)
    }

    async fn begin_out(&mut self, out: &Out) -> anyhow::Result<()> {
        let service = &self.service;
        match out {
            Out::Place(place, way) => service.weather.begin(place.clone(), *way),
            Out::Organisation(number) => {
                if let Some(account) = self.accounts.get(*number) {
                    let change = OrganisationChange { offline: Some(true), ..OrganisationChange::default() };
                    service.control.change_organisation(account.tenant(), &change).await?;
                    service.weather.begin(Place::Organisation(account.tenant().to_string()), OutageWay::Refuses);
                }
            }
            Out::Partition(number) => {
                service.weather.begin(Place::Partition(format!("ACCOUNT#acc_{number}")), OutageWay::Refuses);
            }
            Out::Credentials => {
                let wrong = json!({ "client_id": CLIENT_ID, "client_secret": "not-the-secret" });
                service.cloud.put_secret(CREDENTIALS, &wrong.to_string());
                service.recycle();
                self.wrong_secret = true;
            }
            Out::Post(post) => service.post.set(*post),
            Out::Bell(bell) => service.bell.set(*bell),
            Out::Skew(seconds) => {
                service.skew.set(*seconds);
                service.recycle();
            }
            Out::Lag(seconds) => service.cloud.lag(Duration::from_secs(*seconds)),
            Out::Backend => service.backend_reads.set(false),
            Out::Choking => {}
        }
        Ok(())
    }

    async fn end(&mut self, out: &Out) -> anyhow::Result<()> {
        self.last_bad = Some(self.service.calendar.now());
        self.note("weather", format!("{out:?} is over"));
        let service = &self.service;
        match out {
            Out::Place(place, _) => service.weather.end(place),
            Out::Organisation(number) => {
                let online = OrganisationChange { offline: Some(false), ..OrganisationChange::default() };
                for tenant in self.accounts.get(*number).into_iter().flat_map(|account| &account.tenants) {
                    service.control.change_organisation(*tenant, &online).await?;
                    service.weather.end(&Place::Organisation(tenant.to_string()));
                }
            }
            Out::Partition(number) => service.weather.end(&Place::Partition(format!("ACCOUNT#acc_{number}"))),
            Out::Credentials => {
                let right = json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET });
                service.cloud.put_secret(CREDENTIALS, &right.to_string());
                self.wrong_secret = false;
                // The operator mends the secret and restarts nothing: processes are new when Lambda makes new ones.
            }
            Out::Post(_) => service.post.set(Post::Prompt),
            Out::Bell(_) => service.bell.set(Bell::Rings),
            Out::Skew(_) => {
                service.skew.set(0);
                service.recycle();
            }
            Out::Lag(_) => service.cloud.lag(Duration::ZERO),
            Out::Backend => service.backend_reads.set(true),
            Out::Choking => service.xero.choke_on(None),
        }
        Ok(())
    }

    async fn operate(&mut self, chore: Chore) -> anyhow::Result<()> {
        match chore {
            Chore::Redrive => {
                let count: usize = ["SyncDeadLetterQueue", "PaymentDeadLetterQueue", "UpkeepDeadLetterQueue"]
                    .into_iter()
                    .map(|queue| self.service.cloud.redrive(queue))
                    .sum();
                self.note("operator", format!("redrives {count} dead letters"));
            }
            Chore::Rotate => {
                // The same key: what is tried is that a new version of the secret is read.
                self.service.cloud.put_secret(WEBHOOK_KEY, KEY);
                self.note("operator", "puts the webhook's key again");
            }
            Chore::Restore => {
                self.restored = true;
                self.service.cloud.restore_table();
                self.note("operator", "restores the table of an hour ago");
            }
            Chore::Deploy => {
                self.service.recycle();
                self.note("operator", "deploys");
            }
        }
        Ok(())
    }

    /// Everything is well again: what people can mend, they mend.
    async fn recover(&mut self) -> anyhow::Result<()> {
        self.note("weather", "all is well from now on");
        self.service.weather.clear();
        self.service.xero.choke_on(None);
        self.service.cloud.refuse_entries(0);
        self.service.recycle();
        self.service.control.enable_webhook(CLIENT_ID).await?;
        for number in 0..self.accounts.len() {
            self.turn_there(number, Turn::Unlock).await?;
            self.turn_there(number, Turn::RestoreAccount).await?;
            let status = self.status(number).await?;
            let Some(account) = self.accounts.get(number) else { continue };
            if status == "error" && !account.revoked && !self.was_taken(number) {
                let id = account.id.clone();
                self.violate("connection-lost", format!("{id} has to authorise again although Xero took nothing away"));
            }
            let wants = self.accounts.get(number).is_some_and(|account| account.revoked || account.connected.is_some());
            if status != "connected" && wants {
                self.turn(number, Turn::Reconnect).await?;
            }
        }
        Ok(())
    }
}
