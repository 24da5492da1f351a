//! Takes a document out of the books: voided when it is approved, deleted when it is a draft or spend money.
//! By its reference alone, so nothing that is not ours is ever touched. It may be repeated: what is gone
//! already is gone.

use super::create::{key_of, subject};
use super::shown::{Settlement, ShownDocument};
use super::{Context, Job, Outcome, Stop, Sync};
use crate::failure::{Cause, Failure};
use crate::record::{DocumentKind, Standing};
use crate::session::Interruption;
use sha2::{Digest as _, Sha256};
use xero::models::{
    BankTransactionStatus, BankTransactionUpdate, BankTransactionsBody, InvoiceStatus, InvoiceUpdate, InvoicesBody,
};
use xero::{BankTransactionId, Element, IdempotencyKey, InvoiceId};

/// How an attempt to remove ended.
enum Attempt {
    Removed(Standing, &'static str),
    Refused(Vec<String>),
}

/// How a removal ended.
enum Removal {
    /// It is gone, and the history says how.
    Gone(Standing, &'static str),
    /// It stays, and there is nothing left of it to be done.
    Stays(&'static str),
    /// Somebody has to act.
    Failed(Failure),
}

const VOIDED_BEFORE: &str = "It was voided in Xero already";
const DELETED_BEFORE: &str = "It was deleted in Xero already";
/// What is said of an invoice over nothing, which Xero counts as paid and lets nobody void by itself.
const STAYS: &str = "It is void in Sessional. In Xero it was over 0.00, which counts as paid there at once and takes no \
     void: it stays, and nothing is owed on it.";

impl Sync<'_> {
    /// Voids or deletes one document.
    pub(super) async fn remove(&self, context: &Context<'_>, job: &mut Job) -> Result<(), Stop> {
        let Some(record) = &job.record else { return Ok(()) };
        let Some(reference) = record.reference.clone() else { return Ok(()) };
        // In a bookkeeper's edit a payment is away for a second: what one stopped waits for the user's press.
        let stopped = record.failure.as_ref().is_some_and(|failure| failure.cause == Cause::Paid);
        if job.is_repeat && stopped {
            let now = self.clock.now();
            if let Some(record) = job.record.as_mut() {
                record.note("It came again as it was, and still waits for you", now);
            }
            return self.store(job, Outcome::Done).await;
        }
        match record.stands {
            Standing::Voided => return self.removed(job, Removal::Gone(Standing::Voided, VOIDED_BEFORE)).await,
            Standing::Deleted => return self.removed(job, Removal::Gone(Standing::Deleted, DELETED_BEFORE)).await,
            _ => {}
        }
        if matches!(record.stands, Standing::PartPaid | Standing::Paid)
            && let Some(removal) = self.settled(context, job).await?
        {
            return self.removed(job, removal).await;
        }
        let removed = match reference.document {
            DocumentKind::Invoice | DocumentKind::Bill => {
                self.remove_invoice(context, job, reference.id, reference.draft).await
            }
            DocumentKind::SpendMoney => self.remove_spend_money(context, job, reference.bank_transaction()).await,
        };
        match removed {
            Ok(Attempt::Removed(stands, message)) => self.removed(job, Removal::Gone(stands, message)).await,
            Ok(Attempt::Refused(sentences)) => {
                let removal = self.refused_removal(context, job, &sentences).await?;
                self.removed(job, removal).await
            }
            Err(Interruption::Refused(xero::Error::NotFound { .. })) => {
                self.complain(job, Failure::missing_in_xero(&subject(job))).await
            }
            Err(Interruption::NoAnswer(error) | Interruption::Refused(error)) => {
                self.lost_change(context, job, &error).await
            }
            Err(interruption) => Err(self.interrupted(context.session, interruption).await?),
        }
    }

    async fn removed(&self, job: &mut Job, removal: Removal) -> Result<(), Stop> {
        let now = self.clock.now();
        let failure = match removal {
            Removal::Failed(failure) => failure,
            Removal::Gone(stands, message) => {
                if let Some(record) = job.record.as_mut() {
                    record.void(stands, message, now);
                }
                return self.store(job, Outcome::Done).await;
            }
            Removal::Stays(message) => {
                if let Some(record) = job.record.as_mut() {
                    record.clear();
                    record.remark = Some(message.to_owned());
                    record.note(message, now);
                }
                return self.store(job, Outcome::Done).await;
            }
        };
        self.complain(job, failure).await
    }

    /// A document that counts as paid is looked at before anything is tried: none when nothing settles it any more.
    async fn settled(&self, context: &Context<'_>, job: &Job) -> Result<Option<Removal>, Stop> {
        let Some(shown) = self.look(context, job).await? else {
            return Ok(Some(Removal::Failed(Failure::missing_in_xero(&subject(job)))));
        };
        Ok(match shown.settlement {
            // Whether Xero voids it is not known for every organisation: it is tried.
            Settlement::Draft | Settlement::Open | Settlement::Reconciled | Settlement::PaidAtOnce => None,
            settlement => Some(judge(settlement, &[], &subject(job))),
        })
    }

    /// What a document is that Xero would not remove.
    async fn refused_removal(&self, context: &Context<'_>, job: &Job, sentences: &[String]) -> Result<Removal, Stop> {
        let shown = self.look(context, job).await?;
        Ok(match shown.map(|shown: ShownDocument| shown.settlement) {
            Some(settlement) => judge(settlement, sentences, &subject(job)),
            // Nobody said that it is gone.
            None => Removal::Failed(Failure::missing_in_xero(&subject(job))),
        })
    }

    /// Approved, or sent back to draft, in Xero since: the other word is tried once.
    async fn remove_invoice(
        &self,
        context: &Context<'_>,
        job: &Job,
        id: InvoiceId,
        draft: bool,
    ) -> Result<Attempt, Interruption> {
        let (first, other) = match draft {
            true => (InvoiceStatus::Deleted, InvoiceStatus::Voided),
            false => (InvoiceStatus::Voided, InvoiceStatus::Deleted),
        };
        let sentences = match self.write_status(context, job, id, first).await? {
            Attempt::Refused(sentences) => sentences,
            removed => return Ok(removed),
        };
        let read = crate::call_xero!(context.session, |tenant| tenant.invoice(id))?;
        let fits = read.is_some_and(|invoice| match Settlement::of_invoice(&invoice) {
            Settlement::Draft => other == InvoiceStatus::Deleted,
            Settlement::Open => other == InvoiceStatus::Voided,
            _ => false,
        });
        if fits { self.write_status(context, job, id, other).await } else { Ok(Attempt::Refused(sentences)) }
    }

    async fn write_status(
        &self,
        context: &Context<'_>,
        job: &Job,
        id: InvoiceId,
        status: InvoiceStatus,
    ) -> Result<Attempt, Interruption> {
        let removed = match status {
            InvoiceStatus::Deleted => Attempt::Removed(Standing::Deleted, "Deleted in Xero"),
            _ => Attempt::Removed(Standing::Voided, "Voided in Xero"),
        };
        let body = InvoicesBody::update(&InvoiceUpdate::status(id, status));
        let key = removal_key(job, body.as_str());
        let result = crate::call_xero!(context.session, |tenant| tenant.update_invoice(id, &body, &key));
        attempt(result, removed)
    }

    async fn remove_spend_money(
        &self,
        context: &Context<'_>,
        job: &Job,
        id: BankTransactionId,
    ) -> Result<Attempt, Interruption> {
        let body = BankTransactionsBody::update(&BankTransactionUpdate::status(id, BankTransactionStatus::Deleted));
        let key = removal_key(job, body.as_str());
        let result = crate::call_xero!(context.session, |tenant| tenant.update_bank_transaction(id, &body, &key));
        attempt(result, Attempt::Removed(Standing::Deleted, "Deleted in Xero"))
    }
}

/// What becomes of a document that is not removed.
fn judge(settlement: Settlement, sentences: &[String], subject: &str) -> Removal {
    match settlement {
        Settlement::Voided => Removal::Gone(Standing::Voided, VOIDED_BEFORE),
        Settlement::Deleted => Removal::Gone(Standing::Deleted, DELETED_BEFORE),
        Settlement::Paid | Settlement::PartPaid => Removal::Failed(Failure::paid_cannot_be_removed(subject)),
        Settlement::PaidAtOnce => Removal::Stays(STAYS),
        Settlement::Reconciled => Removal::Failed(Failure::refused(&["reconciled".to_owned()], subject)),
        Settlement::Draft | Settlement::Open => Removal::Failed(Failure::refused(sentences, subject)),
    }
}

fn attempt<T>(result: Result<Element<T>, Interruption>, removed: Attempt) -> Result<Attempt, Interruption> {
    match result {
        Ok(Element::Ok(..)) => Ok(removed),
        Ok(Element::Refused { errors, .. }) => Ok(Attempt::Refused(errors.into_vec())),
        Err(Interruption::Refused(xero::Error::Validation { elements, .. })) => {
            Ok(Attempt::Refused(elements.iter().flat_map(|element| element.to_vec()).collect()))
        }
        Err(interruption) => Err(interruption),
    }
}

/// Removing may be repeated, so the key changes with the record: a stored error is not replayed.
fn removal_key(job: &Job, body: &str) -> IdempotencyKey {
    let mut hash = Sha256::new();
    hash.update(body);
    hash.update(job.record.as_ref().map_or(0, |record| record.revision).to_be_bytes());
    key_of("remove", hash)
}
