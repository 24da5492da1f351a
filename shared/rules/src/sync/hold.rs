//! Holding work whose reason to wait lies outside the document.

use super::{Job, Outcome, STORE_WAIT, Stop, Sync, already_done};
use crate::failure::Failure;
use crate::ports::Written;
use crate::record::{Kind, Record, RecordKey};
use xero::TenantId;

impl Sync<'_> {
    /// Holds everything that is not over yet; what is in Xero already stays as it is.
    pub(super) async fn hold_all(&self, tenant: TenantId, jobs: &mut [Job], failure: &Failure) -> Result<(), Stop> {
        for job in jobs.iter_mut().filter(|job| !job.is_over()) {
            self.hold(tenant, job, failure).await?;
        }
        Ok(())
    }

    async fn hold(&self, tenant: TenantId, job: &mut Job, failure: &Failure) -> Result<(), Stop> {
        let now = self.clock.now();
        let Some((key, number)) = self.key(tenant, job) else { return Ok(()) };
        let mut record = match self.records.record(&key).await? {
            Some(record) => record,
            None => Record::new(key, &number, now),
        };
        if already_done(record.state) {
            job.done();
            return Ok(());
        }
        record.hold(failure.clone(), job.raw.clone(), now);
        job.outcome = Some(match self.records.put_record(&mut record).await? {
            Written::Done => Outcome::Done,
            Written::Conflict => Outcome::Again(STORE_WAIT),
        });
        tracing::info!(record.id = record.key.id, cause = failure.cause, "a record is held");
        Ok(())
    }

    /// The key and number of a job's record.
    pub(super) fn key(&self, tenant: TenantId, job: &Job) -> Option<(RecordKey, String)> {
        let account = job.account()?.clone();
        let invoice = job.invoice()?;
        let key = RecordKey { account, tenant, kind: Kind::Invoice, id: invoice.id.to_string() };
        Some((key, invoice.number.to_string()))
    }
}
