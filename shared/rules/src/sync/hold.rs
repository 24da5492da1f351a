//! Holding work whose reason to wait lies outside the document, and burying what was taken back before it
//! was ever sent.

use super::job::Step;
use super::{Job, Outcome, STORE_WAIT, Stop, Sync};
use crate::event::{Body, Event};
use crate::failure::Failure;
use crate::outbox;
use crate::ports::Written;
use crate::record::{Record, RecordKey, State};
use xero::TenantId;

impl Sync<'_> {
    /// Holds everything that is not over yet; what needs nothing from Xero is done all the same.
    pub(super) async fn hold_all(&self, tenant: TenantId, jobs: &mut [Job], failure: &Failure) -> Result<(), Stop> {
        for job in jobs.iter_mut().filter(|job| !job.is_over()) {
            self.hold(tenant, job, failure).await?;
        }
        Ok(())
    }

    /// Holds one message until the reason is gone.
    pub(super) async fn hold(&self, tenant: TenantId, job: &mut Job, failure: &Failure) -> Result<(), Stop> {
        self.load(tenant, job).await?;
        let maybe_sent = job.maybe_sent;
        match job.step() {
            // What may be in Xero has to be looked up there before anything is said about it.
            Step::Bury if !maybe_sent => self.bury(job).await,
            Step::Nothing => {
                job.done();
                Ok(())
            }
            Step::Create | Step::Update | Step::Remove | Step::Bury => {
                let (now, raw) = (self.clock.now(), job.raw.clone());
                let Some(record) = job.record.as_mut() else { return Ok(()) };
                if !removal_waits(record) {
                    record.hold(failure.clone(), raw, now);
                    tracing::info!(record.id = record.key.id, cause = failure.cause.word(), "a record is held");
                }
                self.store(job, Outcome::Done).await
            }
        }
    }

    /// Notes that nothing is ever to be sent.
    pub(super) async fn bury(&self, job: &mut Job) -> Result<(), Stop> {
        let now = self.clock.now();
        if let Some(record) = job.record.as_mut() {
            record.bury(now);
        }
        self.store(job, Outcome::Done).await
    }

    /// Reads the record, and sends notifications that an earlier run left behind.
    pub(super) async fn load(&self, tenant: TenantId, job: &mut Job) -> Result<(), Stop> {
        let (Some(account), Some((kind, id, number))) = (job.account().cloned(), job.subject()) else { return Ok(()) };
        let key = RecordKey { account, tenant, kind, id };
        let mut record = match self.records.record(&key).await? {
            Some(record) => record,
            None => Record::new(key, &number, self.clock.now()),
        };
        outbox::flush_record(self.records, self.notifications, &mut record).await?;
        record.unhold();
        job.maybe_sent = record.intent.is_some() && record.reference.is_none();
        job.record = Some(record);
        Ok(())
    }

    /// Writes the record; who loses a race comes again.
    pub(super) async fn store(&self, job: &mut Job, outcome: Outcome) -> Result<(), Stop> {
        let Some(record) = job.record.as_mut() else { return Ok(()) };
        if self.records.put_record(record).await? == Written::Conflict {
            job.outcome = Some(Outcome::Again(STORE_WAIT));
            return Ok(());
        }
        outbox::flush_record(self.records, self.notifications, record).await?;
        job.outcome = Some(outcome);
        Ok(())
    }
}

/// Whether a void or deletion waits already: what came before it must not take its place.
fn removal_waits(record: &Record) -> bool {
    let waiting = record.event.as_deref().filter(|_| record.state == State::Held);
    let event = waiting.and_then(|event| Event::parse(event).ok());
    event.is_some_and(|event| matches!(event.body, Body::InvoiceVoided(_) | Body::ExpenseDeleted(_)))
}
