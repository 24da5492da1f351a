//! Waiting and draining. What cannot be done now is written down as waiting, with what it waits for and when it is tried
//! next, and its message is acknowledged. A drain goes on with everything of the account whose time has come: one call
//! tries out, and when it is answered the rest follows.

use super::message::RunRecord;
use super::{Context, Job, Outcome, Stop, Sync, segment};
use crate::account::AccountId;
use crate::failure::Failure;
use crate::failure::policy::Pause;
use crate::ports::{OutageScope, Written};
use crate::record::{Record, UnderWay, WaitReason, Want};
use crate::upkeep::tick;
use crate::wake::Wake;
use crate::{outbox, pausing};
use jiff::{SignedDuration, Timestamp};
use xero::TenantId;

/// Most steps of one drain, before the account's other work has its turn again.
const MAX_SEGMENTS: usize = 40;
/// When the rest of a long drain goes on: Xero counts calls by the minute.
pub(super) const NEXT_PART: SignedDuration = SignedDuration::from_secs(60);
/// When an account is looked at again that could not be drained: the drain itself says it sooner.
pub const SAFETY_NET: SignedDuration = SignedDuration::from_mins(15);

impl Sync<'_> {
    /// Lets everything that is not over yet wait for what is out; what needs nothing from Xero is done all the same.
    pub(super) async fn wait_all(&self, tenant: TenantId, jobs: &mut [Job], pause: &Pause) -> Result<(), Stop> {
        let Some(account) = jobs.iter().find_map(Job::account).cloned() else { return Ok(()) };
        let now = self.clock.now();
        let known = self.wakes.wake(&account).await?;
        let since = known.as_ref().map(|wake| wake.since);
        let until = pausing::note(self.cooldowns, tenant, pause, since, now).await?;
        // The first look is early enough for the backend to be told in time; it calls nobody before it may.
        let due = if known.is_some() { until } else { until.min(now + tick::TELL_AFTER) };
        self.wakes.wake_by(&account, due, pause.reason, now).await?;
        for job in jobs.iter_mut().filter(|job| !job.is_over()) {
            if job.is_drain() {
                job.done();
                continue;
            }
            if job.record.is_none() {
                self.load(tenant, job).await?;
            }
            if job.is_over() {
                continue;
            }
            self.wait_one(job, pause, until).await?;
        }
        Ok(())
    }

    /// Lets one document wait; the wake is written already.
    pub(super) async fn wait_one(&self, job: &mut Job, pause: &Pause, until: Timestamp) -> Result<(), Stop> {
        let now = self.clock.now();
        match job.step() {
            Want::Nothing => return self.settle(job).await,
            Want::TakeBack if !job.maybe_sent => return self.take_back(job).await,
            Want::Create | Want::Update | Want::Remove | Want::TakeBack => {}
        }
        let Some(record) = job.record.as_mut() else { return Ok(()) };
        record.wait(pause.reason, pause.failure(), until, now);
        tracing::info!(record.id = record.key.id, wait.reason = pause.reason.word(), "a record waits");
        self.store(job, Outcome::Done).await
    }

    /// Nothing is left to do for a document: what it waited for plays no part any more.
    pub(super) async fn settle(&self, job: &mut Job) -> Result<(), Stop> {
        let now = self.clock.now();
        let Some(record) = job.record.as_mut() else {
            job.done();
            return Ok(());
        };
        match record.under_way {
            UnderWay::Waiting | UnderWay::Held => {
                record.clear();
                record.note("Nothing was left to do", now);
                self.store(job, Outcome::Done).await
            }
            UnderWay::Nothing | UnderWay::Intent | UnderWay::Failed | UnderWay::Skipped => {
                job.done();
                Ok(())
            }
        }
    }

    /// Goes on with everything of the account that waits and whose time has come, as far as this minute's calls go.
    pub(super) async fn drain(&self, context: &mut Context<'_>, account: &AccountId) -> Result<(), Stop> {
        let tenant = context.session.tenant_id();
        let Some(wake) = self.wakes.wake(account).await? else { return Ok(()) };
        for _ in 0..MAX_SEGMENTS {
            let now = self.clock.now();
            let (waits, others): (Vec<Record>, Vec<Record>) =
                self.waiting.waits(account).await?.into_iter().partition(|record| record.key.tenant == tenant);
            if !others.is_empty() {
                self.end_waiting(others).await?;
                continue;
            }
            let due: Vec<Record> = waits.into_iter().filter(|record| is_due(record, now)).collect();
            if due.is_empty() {
                return self.finish_drain(account, &wake).await;
            }
            let mut jobs: Vec<Job> = due.into_iter().map(|record| go_on(account, &record)).collect();
            let length = segment(&jobs);
            jobs.truncate(length);
            self.check_deadline()?;
            // Their contacts may have to be looked for one by one, before one call is for all of them.
            if !context.session.has_calls_this_minute(u32::try_from(length).unwrap_or(u32::MAX)) {
                break;
            }
            for job in &mut jobs {
                self.settle_unmapped(tenant, job, &context.choices).await?;
            }
            match self.run_segment(context, &mut jobs).await {
                Ok(()) => {}
                Err(stop) => {
                    let goes_on = matches!(stop, Stop::PermissionMissing(_));
                    Box::pin(self.stop(tenant, &mut jobs, stop)).await?;
                    if goes_on && jobs.iter().any(|job| job.outcome == Some(Outcome::Done)) {
                        continue;
                    }
                    return self.put_off(account, &wake).await;
                }
            }
            if jobs.iter().any(|job| matches!(job.outcome, Some(Outcome::Again(_)))) {
                return self.put_off(account, &wake).await;
            }
            self.recovered(&wake).await?;
        }
        let now = self.clock.now();
        tracing::info!(xero.tenant_id = %tenant, "a drain goes on in a minute, within what Xero allows");
        Ok(self.wakes.wake_by(account, now + NEXT_PART, WaitReason::Turn, now).await?)
    }

    /// Nothing is due any more: the next time is the earliest of what still waits, or never.
    async fn finish_drain(&self, account: &AccountId, wake: &Wake) -> Result<(), Stop> {
        let left = self.waiting.waits(account).await?;
        let next = left.iter().filter_map(|record| record.waiting.as_ref()).map(|waiting| waiting.next_try).min();
        let now = self.clock.now();
        match next {
            Some(next) => {
                let reason = left.first().and_then(|record| record.waiting.as_ref()).map(|waiting| waiting.reason);
                self.wakes.wake_by(account, next.max(now), reason.unwrap_or(WaitReason::Turn), now).await?;
            }
            None => self.clear(wake).await?,
        }
        Ok(())
    }

    /// Nothing waits any more; whoever began to wait since has written the wake anew, and it stays.
    async fn clear(&self, wake: &Wake) -> Result<(), Stop> {
        if wake.told_at.is_some() {
            self.notifications.notify(&[tick::over(wake, self.clock.now())]).await?;
        }
        Ok(self.wakes.clear_wake(wake).await?)
    }

    /// What waited for an organisation that the account has left for another cannot be sent any more: nothing that may be
    /// in the one goes to the other by itself.
    async fn end_waiting(&self, records: Vec<Record>) -> Result<(), Stop> {
        for mut record in records {
            record.fail(Failure::other_organisation(), self.clock.now());
            if self.records.put_record(&mut record).await? == Written::Done {
                outbox::flush_record(self.records, self.notifications, &mut record).await?;
            }
        }
        Ok(())
    }

    /// What waits for something outside waits for the user now: nothing is sent until the connection is back.
    pub(super) async fn hold_waiting(&self, account: &AccountId, failure: &Failure) -> Result<(), Stop> {
        let Some(wake) = self.wakes.wake(account).await? else { return Ok(()) };
        loop {
            let waits = self.waiting.waits(account).await?;
            if waits.is_empty() {
                return self.clear(&wake).await;
            }
            for mut record in waits {
                record.hold(failure.clone(), self.clock.now());
                if self.records.put_record(&mut record).await? == Written::Conflict {
                    tracing::info!(record.id = record.key.id, "a record changed while it was to be held");
                }
            }
        }
    }

    /// What is out is still out: the run has noted until when.
    async fn put_off(&self, account: &AccountId, wake: &Wake) -> Result<(), Stop> {
        let now = self.clock.now();
        let known = self.wakes.wake(account).await?;
        if known.is_none_or(|known| known.revision == wake.revision) {
            self.wakes.wake_by(account, now + SAFETY_NET, wake.reason, now).await?;
        }
        Ok(())
    }

    /// A call was answered: what all accounts waited for is over.
    async fn recovered(&self, wake: &Wake) -> Result<(), Stop> {
        match wake.reason {
            WaitReason::Credentials => {
                self.cooldowns.end_outage(OutageScope::App).await?;
                self.cooldowns.end_outage(OutageScope::TokenEndpoint).await?;
            }
            WaitReason::TokenEndpoint => self.cooldowns.end_outage(OutageScope::TokenEndpoint).await?,
            WaitReason::Organisation | WaitReason::Answer | WaitReason::Turn => {}
        }
        Ok(())
    }
}

fn go_on(account: &AccountId, record: &Record) -> Job {
    Job::go_on(account, RunRecord { kind: record.key.kind, id: record.key.id.clone() })
}

/// A record whose own answer was lost, or that waits behind another, keeps to its own times; everything else goes on
/// together.
fn is_due(record: &Record, now: Timestamp) -> bool {
    record.waiting.as_ref().is_some_and(|waiting| match waiting.reason {
        WaitReason::Answer | WaitReason::Turn => waiting.next_try <= now,
        WaitReason::Credentials | WaitReason::TokenEndpoint | WaitReason::Organisation => true,
    })
}
