//! A document that is in Xero already: brought up to date where Sessional changed it, and marked as sent where it was.
//! Both may be repeated, so they need no intent.

mod lines;
mod plan;

pub(super) use plan::{Change, DocumentUpdate, Wanted, is_without_tax};

use super::create::{Made, key_of, made_of, remark, subject, with_remarks};
use super::number::Clash;
use super::shown::ShownDocument;
use super::{Context, Job, Outcome, STORE_WAIT, Stop, Sync};
use crate::failure::Failure;
use crate::notification::Details;
use crate::record::{Part, Reference, Standing};
use crate::session::Interruption;
use sha2::{Digest as _, Sha256};
use xero::models::{BankTransactionsBody, InvoicesBody};
use xero::refusal::Refusal;

/// What became of a change that was sent.
enum Sent {
    Done(Made),
    Refused(Vec<String>),
}

impl Sync<'_> {
    /// Updates one document, and marks it as sent, with one call, a look before it where that is needed, or none.
    pub(super) async fn update(&self, context: &mut Context<'_>, job: &mut Job) -> Result<(), Stop> {
        let Some(wanted) = Wanted::of(job) else {
            job.done();
            return Ok(());
        };
        let stands = job.record.as_ref().map_or(Standing::NotInXero, |record| record.stands);
        if matches!(stands, Standing::Voided | Standing::Deleted) {
            return self.complain(job, Failure::voided_in_xero(&subject(job))).await;
        }
        if wanted.is_nothing() {
            return self.nothing_new(job).await;
        }
        if job.contact.is_none() && !wanted.parts.is_empty() {
            // Its contact is not found yet: nothing can be said about the document.
            job.outcome = Some(Outcome::Again(STORE_WAIT));
            return Ok(());
        }
        let mut shown = None;
        if job.record.as_ref().is_some_and(|record| wanted.needs_look(record)) {
            match self.look(context, job).await? {
                Some(document) => shown = Some(document),
                None => return self.complain(job, Failure::missing_in_xero(&subject(job))).await,
            }
        }
        self.change(context, job, wanted, shown).await
    }

    async fn change(
        &self,
        context: &mut Context<'_>,
        job: &mut Job,
        wanted: Wanted,
        shown: Option<ShownDocument>,
    ) -> Result<(), Stop> {
        let drawn = match wanted.parts.is_empty() {
            true => None,
            false => match self.draw(context, job).await? {
                Ok(drawn) => Some(drawn),
                Err(failure) => return self.complain(job, failure).await,
            },
        };
        let change = match wanted.compose(job, drawn, shown.as_ref(), &context.facts) {
            Ok(change) => change,
            Err(failure) => return self.complain(job, failure).await,
        };
        let sentences = match self.send_change(context, job, &change).await {
            Ok(Sent::Done(made)) => return self.updated(job, &made, change).await,
            Ok(Sent::Refused(sentences)) => sentences,
            Err(Interruption::Refused(xero::Error::NotFound { .. })) => {
                return self.complain(job, Failure::missing_in_xero(&subject(job))).await;
            }
            Err(Interruption::NoAnswer(error) | Interruption::Refused(error)) => {
                return self.lost_change(context, job, &error).await;
            }
            Err(interruption) => return Err(self.interrupted(context.session, interruption).await?),
        };
        let says = |refusal: Refusal| sentences.iter().any(|sentence| Refusal::of(sentence) == refusal);
        if says(Refusal::NumberNotUnique)
            && let Some(number) = job.invoice().map(|invoice| invoice.number.to_string())
        {
            return match self.number_clash(context, job, &number).await? {
                Clash::Taken(failure) => self.complain(job, failure).await,
                Clash::LetGo(until) => self.wait_for_number(job, &number, until).await,
            };
        }
        if says(Refusal::ContactArchived)
            && !job.followed_merge
            && let Some(survivor) = self.follow_merge(context.session, job).await?
        {
            job.followed_merge = true;
            job.contact = Some(survivor);
            return Box::pin(self.update(context, job)).await;
        }
        // Paid or taken back there a moment ago: what it is now says what can be done.
        if says(Refusal::DocumentStateDiffers)
            && shown.is_none()
            && let Some(document) = self.look(context, job).await?
            && let Some(wanted) = Wanted::of(job)
        {
            return Box::pin(self.change(context, job, wanted, Some(document))).await;
        }
        let failure = self.refused_by_xero(context, job, &sentences).await?;
        self.complain(job, failure).await
    }

    async fn send_change(&self, context: &Context<'_>, job: &Job, change: &Change) -> Result<Sent, Interruption> {
        let result = match &change.update {
            DocumentUpdate::Invoice(update) => {
                let (id, body) = (update.invoice_id, InvoicesBody::update(update));
                let key = change_key(job, body.as_str());
                crate::call_xero!(context.session, |tenant| tenant.update_invoice(id, &body, &key))
                    .map(|element| made_of(element, |invoice| Made::Invoice(Box::new(invoice))))
            }
            DocumentUpdate::SpendMoney(update) => {
                let (id, body) = (update.bank_transaction_id, BankTransactionsBody::update(update));
                let key = change_key(job, body.as_str());
                crate::call_xero!(context.session, |tenant| tenant.update_bank_transaction(id, &body, &key))
                    .map(|element| made_of(element, |spend| Made::SpendMoney(Box::new(spend))))
            }
        };
        match result {
            Ok(Ok(made)) => Ok(Sent::Done(made)),
            Ok(Err(sentences)) => Ok(Sent::Refused(sentences)),
            Err(Interruption::Refused(xero::Error::Validation { elements, .. })) => {
                Ok(Sent::Refused(elements.iter().flat_map(|element| element.to_vec()).collect()))
            }
            Err(interruption) => Err(interruption),
        }
    }

    async fn updated(&self, job: &mut Job, made: &Made, change: Change) -> Result<(), Stop> {
        let now = self.clock.now();
        let (left_open, left_out) = (change.left.is_some(), job.left_out());
        let Some(record) = job.record.as_mut() else { return Ok(()) };
        let before = record.reference.clone();
        made.write(record);
        let whole = change.parts.contains(&Part::Lines);
        if !whole && record.divergence.is_some() {
            // What was changed in Xero is still there, and stays shown.
            keep_divergence(record.reference.as_mut(), before);
        } else {
            record.divergence = None;
        }
        let mut told = change.told;
        if whole {
            told = told.with_ids(made.lines(), false);
            told.rounding = made.lines().last().flatten().filter(|_| change.rounding);
        } else if let Some(known) = record.told.take() {
            (told.lines, told.rounding) = (known.lines, known.rounding);
        }
        record.told = Some(told);
        if change.parts.contains(&Part::Number)
            && let Some(number) = record.reference.as_ref().and_then(|reference| reference.number.clone())
        {
            record.number = number;
        }
        record.sent |= change.mark && made.is_marked();
        let event = record.event.clone().filter(|_| left_open);
        record.clear();
        record.remark = with_remarks(remark(record, None, &left_out), &job.remarks);
        let message = match (change.parts.is_empty(), change.mark && record.sent) {
            (false, true) => "Updated in Xero and marked as sent",
            (false, false) => "Updated in Xero",
            (true, true) => "Marked as sent in Xero",
            (true, false) => "It is a draft in Xero, and is marked as sent when it is approved there",
        };
        record.note(message, now);
        record.tell(Details::RecordSynced { message: message.to_owned() }, now);
        made.follow_settlement(record, now);
        if let Some(failure) = change.left {
            record.event = event;
            record.fail(failure, now);
        }
        self.store(job, Outcome::Done).await
    }

    /// Xero has what Sessional says, or as much of it as it takes.
    async fn nothing_new(&self, job: &mut Job) -> Result<(), Stop> {
        let (now, left_out) = (self.clock.now(), job.left_out());
        if let Some(record) = job.record.as_mut() {
            record.clear();
            record.remark = with_remarks(remark(record, None, &left_out), &job.remarks);
            let message = match record.stands {
                Standing::Paid => "It is paid in Xero and has this content: nothing was to be done",
                _ => "Xero has this content already: nothing was to be done",
            };
            record.note(message, now);
        }
        self.store(job, Outcome::Done).await
    }

    /// Something could not be done to a document that is in Xero and stays as it is.
    pub(super) async fn complain(&self, job: &mut Job, failure: Failure) -> Result<(), Stop> {
        let now = self.clock.now();
        if let Some(record) = job.record.as_mut() {
            tracing::info!(
                record.id = record.key.id,
                cause = failure.cause.word(),
                "something could not be done to a document"
            );
            record.fail(failure, now);
        }
        self.store(job, Outcome::Done).await
    }
}

/// Keeps what was written, so that what the bookkeeper changed still differs from it.
fn keep_divergence(reference: Option<&mut Reference>, before: Option<Reference>) {
    if let (Some(reference), Some(before)) = (reference, before) {
        reference.written = before.written;
    }
}

/// The key changes with the record: a stored error is not replayed.
fn change_key(job: &Job, body: &str) -> xero::IdempotencyKey {
    let mut hash = Sha256::new();
    hash.update(body);
    hash.update(job.record.as_ref().map_or(0, |record| record.revision).to_be_bytes());
    key_of("update", hash)
}
