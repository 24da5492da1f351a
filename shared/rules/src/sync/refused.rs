//! What Xero refused, told to the user with the names that they know. A refusal that says that the organisation is not as
//! we knew it is a reason to read it again, so that what is said next is true.

use super::create::subject;
use super::{Context, Job, STORE_WAIT, Stop, Sync};
use crate::facts;
use crate::failure::{Cause, Failure};

impl Sync<'_> {
    /// The failure for Xero's sentences about one document.
    pub(super) async fn refused_by_xero(
        &self,
        context: &mut Context<'_>,
        job: &Job,
        sentences: &[String],
    ) -> Result<Failure, Stop> {
        let failure = Failure::refused(sentences, &subject(job));
        if tells_of_organisation(failure.cause) && context.facts.fetched_at < context.started {
            let account = job.account().ok_or(Stop::Again(STORE_WAIT))?;
            match facts::read(self.organisations, context.session, account, self.clock).await {
                Ok(facts) => context.facts = facts,
                // The refusal stands whether or not it can be said better.
                Err(error) => tracing::info!(reason = %error, "the organisation was not read again"),
            }
        }
        Ok(failure.with_account_name(&context.facts))
    }
}

fn tells_of_organisation(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::AccountArchived
            | Cause::AccountInvalid
            | Cause::TaxInvalid
            | Cause::CurrencyMissing
            | Cause::PeriodLocked
    )
}
