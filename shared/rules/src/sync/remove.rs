//! Takes a document out of the books: voided when it is approved, deleted when it is a draft or spend money.
//! By its reference alone, so nothing that is not ours is ever touched. It may be repeated: what is gone
//! already is gone.

use super::create::{key_of, subject};
use super::{Context, Job, Outcome, Stop, Sync};
use crate::failure::Failure;
use crate::record::{DocumentKind, Standing};
use crate::session::Interruption;
use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};
use xero::models::{
    BankTransactionStatus, BankTransactionUpdate, BankTransactionsBody, Invoice, InvoiceStatus, InvoiceUpdate,
    InvoicesBody,
};
use xero::{BankTransactionId, Element, IdempotencyKey, InvoiceId};

/// How an attempt to remove ended.
enum Attempt {
    Removed,
    Refused(Vec<String>),
}

/// What a document that would not be removed turned out to be.
enum Found {
    Gone,
    Paid,
    /// Alive in another status than was thought.
    Alive(InvoiceStatus),
}

impl Sync<'_> {
    /// Voids or deletes one document.
    pub(super) async fn remove(&self, context: &Context<'_>, job: &mut Job) -> Result<(), Stop> {
        let Some(record) = &job.record else { return Ok(()) };
        let Some(reference) = record.reference.clone() else { return Ok(()) };
        if matches!(record.stands, Standing::PartPaid | Standing::Paid) {
            let failure = Failure::paid_cannot_be_removed(&subject(job));
            return self.complain(job, failure).await;
        }
        let removed = match reference.document {
            DocumentKind::Invoice | DocumentKind::Bill => {
                self.remove_invoice(context, job, reference.id, reference.draft).await
            }
            DocumentKind::SpendMoney => self.remove_spend_money(context, job, reference.bank_transaction()).await,
        };
        match removed {
            Ok(Ok(message)) => {
                let now = self.clock.now();
                if let Some(record) = job.record.as_mut() {
                    record.void(gone(message), message, now);
                }
                self.store(job, Outcome::Done).await
            }
            Ok(Err(failure)) => self.complain(job, failure).await,
            Err(Interruption::NoAnswer(error) | Interruption::Refused(error)) => {
                self.unanswered(&mut [job], &error.to_string(), false).await
            }
            Err(interruption) => Err(self.interrupted(context.session, interruption).await?),
        }
    }

    async fn remove_invoice(
        &self,
        context: &Context<'_>,
        job: &Job,
        id: InvoiceId,
        draft: bool,
    ) -> Result<Result<&'static str, Failure>, Interruption> {
        let mut status = if draft { InvoiceStatus::Deleted } else { InvoiceStatus::Voided };
        // Approved or sent back to draft in Xero since: the other word is tried once.
        for _ in 0..2 {
            let sentences = match self.write_status(context, job, id, status.clone()).await? {
                Attempt::Removed => return Ok(Ok(word(&status))),
                Attempt::Refused(sentences) => sentences,
            };
            let read = crate::call_xero!(context.session, |tenant| tenant.invoice(id))?;
            match read.map_or(Found::Gone, |invoice| judge(&invoice)) {
                Found::Gone => return Ok(Ok("It was voided or deleted in Xero already")),
                Found::Paid => return Ok(Err(Failure::paid_cannot_be_removed(&subject(job)))),
                Found::Alive(found) => {
                    let other =
                        if found == InvoiceStatus::Authorised { InvoiceStatus::Voided } else { InvoiceStatus::Deleted };
                    if other == status {
                        return Ok(Err(Failure::refused(&sentences, &subject(job))));
                    }
                    status = other;
                }
            }
        }
        Ok(Err(Failure::refused(&["valid status for modification".to_owned()], &subject(job))))
    }

    async fn write_status(
        &self,
        context: &Context<'_>,
        job: &Job,
        id: InvoiceId,
        status: InvoiceStatus,
    ) -> Result<Attempt, Interruption> {
        let body = InvoicesBody::update(&InvoiceUpdate::status(id, status));
        let key = removal_key(job, body.as_str());
        let result = crate::call_xero!(context.session, |tenant| tenant.update_invoice(id, &body, &key));
        attempt(result)
    }

    async fn remove_spend_money(
        &self,
        context: &Context<'_>,
        job: &Job,
        id: BankTransactionId,
    ) -> Result<Result<&'static str, Failure>, Interruption> {
        let update = BankTransactionUpdate { bank_transaction_id: id, status: BankTransactionStatus::Deleted };
        let body = BankTransactionsBody::from_elements([update.to_json()]);
        let key = removal_key(job, body.as_str());
        let result = crate::call_xero!(context.session, |tenant| tenant.update_bank_transaction(id, &body, &key));
        let sentences = match attempt(result)? {
            Attempt::Removed => return Ok(Ok("Deleted in Xero")),
            Attempt::Refused(sentences) => sentences,
        };
        let read = crate::call_xero!(context.session, |tenant| tenant.bank_transaction(id))?;
        Ok(match read.map(|spend| spend.status) {
            None | Some(BankTransactionStatus::Deleted | BankTransactionStatus::Voided) => {
                Ok("It was deleted in Xero already")
            }
            Some(BankTransactionStatus::Authorised | BankTransactionStatus::Other(_)) => {
                Err(Failure::refused(&sentences, &subject(job)))
            }
        })
    }
}

fn judge(invoice: &Invoice) -> Found {
    let settled = invoice.amount_paid.unwrap_or_default() + invoice.amount_credited.unwrap_or_default();
    match &invoice.status {
        InvoiceStatus::Voided | InvoiceStatus::Deleted => Found::Gone,
        InvoiceStatus::Paid => Found::Paid,
        _ if settled > Decimal::ZERO => Found::Paid,
        alive => Found::Alive(alive.clone()),
    }
}

/// Where a document stands that was removed with these words.
fn gone(message: &str) -> Standing {
    if message.starts_with("Voided") { Standing::Voided } else { Standing::Deleted }
}

fn word(status: &InvoiceStatus) -> &'static str {
    if *status == InvoiceStatus::Deleted { "Deleted in Xero" } else { "Voided in Xero" }
}

fn attempt<T>(result: Result<Element<T>, Interruption>) -> Result<Attempt, Interruption> {
    match result {
        Ok(Element::Ok(..)) => Ok(Attempt::Removed),
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
