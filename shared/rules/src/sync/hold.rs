//! Holding work whose reason to wait lies outside the document, and noting what was taken back before it
//! was ever sent.

use super::document::Document;
use super::{Job, Outcome, STORE_WAIT, Stop, Sync};
use crate::connection::{Connection, ErrorReason};
use crate::failure::Failure;
use crate::outbox;
use crate::ports::Written;
use crate::record::{Acceptance, DocumentKind, Record, RecordKey, Want};
use std::time::Duration;
use xero::TenantId;

/// When what a missing permission has interrupted, and does not need it, comes again.
const AT_ONCE: Duration = Duration::from_secs(1);

impl Sync<'_> {
    /// Holds everything that is not over yet; what needs nothing from Xero is done all the same.
    pub(super) async fn hold_all(&self, tenant: TenantId, jobs: &mut [Job], failure: &Failure) -> Result<(), Stop> {
        for job in jobs.iter_mut().filter(|job| !job.is_over()) {
            match job.account().cloned() {
                Some(account) if job.is_drain() => {
                    self.hold_waiting(&account, failure).await?;
                    job.done();
                }
                Some(_) | None => self.hold(tenant, job, failure).await?,
            }
        }
        Ok(())
    }

    /// Nobody was ever connected: an event is acknowledged and counted, because Sessional sends what it has again when
    /// the user sends it.
    pub(super) fn acknowledge_all(&self, jobs: &mut [Job]) {
        for job in jobs.iter_mut().filter(|job| !job.is_over()) {
            tracing::info!(events.unconnected = 1, "an event of an account that is not connected was acknowledged");
            job.done();
        }
    }

    /// The account is disconnected. What is about a document that has a record with the last organisation is written
    /// into that record, so that a reconnect does what was asked meanwhile; anything else is acknowledged and counted.
    pub(super) async fn keep_while_disconnected(&self, last: Option<TenantId>, jobs: &mut [Job]) -> Result<(), Stop> {
        let Some(tenant) = last else {
            self.acknowledge_all(jobs);
            return Ok(());
        };
        for job in jobs.iter_mut().filter(|job| !job.is_over()) {
            let (Some(account), Some((kind, id, _))) = (job.account().cloned(), job.subject()) else {
                self.hold_all(tenant, std::slice::from_mut(job), &Failure::disconnected()).await?;
                continue;
            };
            if self.records.record(&RecordKey { account, tenant, kind, id }).await?.is_some() {
                self.hold(tenant, job, &Failure::disconnected()).await?;
            } else {
                self.acknowledge_all(std::slice::from_mut(job));
            }
        }
        Ok(())
    }

    /// Holds what is made as spend money, which is the one permission that is asked for by itself; the rest comes again at
    /// once. Where nothing of that kind was under way the consent lacks what everything needs, and the connection is lost.
    pub(super) async fn hold_for_permission(
        &self,
        tenant: TenantId,
        seen: &Connection,
        jobs: &mut [Job],
    ) -> Result<(), Stop> {
        if !jobs.iter().any(|job| !job.is_over() && is_made_as_spend_money(job)) {
            return self.lose(seen, jobs, ErrorReason::PermissionMissing).await;
        }
        tracing::error!(xero.tenant_id = %tenant, alarm = "operator", "the permission for spend money is missing");
        for job in jobs.iter_mut().filter(|job| !job.is_over()) {
            match is_made_as_spend_money(job) {
                true => self.hold(tenant, job, &Failure::permission_missing()).await?,
                false => job.outcome = Some(Outcome::Again(AT_ONCE)),
            }
        }
        Ok(())
    }

    /// Holds one message until the reason is gone.
    pub(super) async fn hold(&self, tenant: TenantId, job: &mut Job, failure: &Failure) -> Result<(), Stop> {
        // What is known by now is more than what is stored: that a call was refused and nothing has to be looked up.
        if job.record.is_none() {
            self.load(tenant, job).await?;
        }
        if job.is_over() {
            return Ok(());
        }
        match job.step() {
            // What may be in Xero has to be looked up there before anything is said about it.
            Want::TakeBack if !job.maybe_sent => self.take_back(job).await,
            Want::Nothing => self.settle(job).await,
            Want::Create | Want::Update | Want::Remove | Want::TakeBack => {
                let now = self.clock.now();
                let Some(record) = job.record.as_mut() else { return Ok(()) };
                record.hold(failure.clone(), now);
                tracing::info!(record.id = record.key.id, cause = failure.cause.word(), "a record is held");
                self.store(job, Outcome::Done).await
            }
        }
    }

    /// Notes that nothing is ever to be sent.
    pub(super) async fn take_back(&self, job: &mut Job) -> Result<(), Stop> {
        let now = self.clock.now();
        if let Some(record) = job.record.as_mut() {
            record.take_back(now);
        }
        self.store(job, Outcome::Done).await
    }

    /// Reads the record and takes in what the event says. An event
    /// that changes nothing is done with a line that says why.
    pub(super) async fn load(&self, tenant: TenantId, job: &mut Job) -> Result<(), Stop> {
        let (Some(account), Some((kind, id, number))) = (job.account().cloned(), job.subject()) else {
            job.done();
            return Ok(());
        };
        let key = RecordKey { account, tenant, kind, id };
        let stored = self.records.record(&key).await?;
        if stored.is_none() && job.is_run() {
            tracing::info!(record.id = key.id, "a record that was to go on is not of the connected organisation");
            job.done();
            return Ok(());
        }
        let now = self.clock.now();
        // What an earlier run could not tell is told with the next writing.
        let record = stored.unwrap_or_else(|| Record::new(key, &number, now));
        let accepted = job.take_record(record, now);
        let Some(record) = job.record.as_mut() else { return Ok(()) };
        match accepted {
            Some(Acceptance::Ignored(why)) => record.note(why, now),
            Some(Acceptance::NotSentYet) => record.skip(Failure::not_sent_yet(), now),
            Some(Acceptance::Repeated) if record.wants() == Want::Nothing => {
                record.note("It came again as it was: nothing was to be done", now);
            }
            Some(Acceptance::Repeated | Acceptance::Taken) | None => return Ok(()),
        }
        self.store(job, Outcome::Done).await
    }

    /// Writes the record; who loses a race comes again.
    pub(super) async fn store(&self, job: &mut Job, outcome: Outcome) -> Result<(), Stop> {
        let Some(record) = job.record.as_mut() else { return Ok(()) };
        if self.records.put_record(record).await? == Written::Conflict {
            job.outcome = Some(Outcome::Again(STORE_WAIT));
            return Ok(());
        }
        outbox::send_together(self.notifications, &mut [record]).await?;
        job.outcome = Some(outcome);
        Ok(())
    }
}

/// Whether it is, or is about to be, a bank transaction in Xero.
fn is_made_as_spend_money(job: &Job) -> bool {
    let record = job.record.as_ref();
    let made = record.and_then(|record| record.reference.as_ref()).map(|reference| reference.document);
    let sent = record.and_then(|record| record.intent.as_ref()).map(|intent| intent.document);
    let drawn = job.document.as_ref().map(Document::kind);
    [made, sent, drawn].contains(&Some(DocumentKind::SpendMoney))
}
