//! Creates documents: record and contact first, then the intent, then one PUT for all that may share it,
//! and every element judged alone. What may have been sent before is looked up before anything is sent.

use super::{Job, MAX_BATCH, Outcome, STORE_WAIT, Stop, Sync, already_done, document};
use crate::failure::{Failure, MAX_ATTEMPTS, RETRY_WAIT};
use crate::organisation::Facts;
use crate::ports::Written;
use crate::record::{Intent, Record, State};
use crate::session::{Interruption, Session};
use crate::{facts, outbox};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use xero::models::{Invoice, InvoicesBody};
use xero::refusal::Refusal;
use xero::{Element, IdempotencyKey, TenantId};

impl Sync<'_> {
    /// Brings a segment's invoices into Xero.
    pub(super) async fn create(
        &self,
        session: &Session<'_>,
        sales: xero::AccountId,
        known: &mut Facts,
        jobs: &mut [Job],
    ) -> Result<(), Stop> {
        debug_assert!(jobs.len() <= MAX_BATCH, "a segment is one call");
        for job in jobs.iter_mut().filter(|job| !job.is_over()) {
            self.load(session.tenant_id(), job).await?;
        }
        if jobs.iter().all(Job::is_over) {
            return Ok(());
        }
        let prepared = self.prepare(session, sales, known, jobs).await;
        let mut open: Vec<&mut Job> = jobs.iter_mut().filter(|job| !job.is_over()).collect();
        match prepared {
            Err(Stop::Unanswered(why)) => return self.unanswered(&mut open, &why).await,
            other => other?,
        }
        if open.is_empty() {
            return Ok(());
        }
        let key = self.intend(session.tenant_id(), &mut open).await?;
        open.retain(|job| !job.is_over());
        self.send(session, known, &mut open, &key).await
    }

    /// Finds what was sent before, then contacts, then draws what is left.
    async fn prepare(
        &self,
        session: &Session<'_>,
        sales: xero::AccountId,
        known: &mut Facts,
        jobs: &mut [Job],
    ) -> Result<(), Stop> {
        self.adopt_sent(session, known, jobs).await?;
        self.resolve_contacts(session, jobs).await?;
        self.draw_all(session, sales, known, jobs).await
    }

    /// Reads the record; what is in Xero already needs no more than its notifications sent.
    async fn load(&self, tenant: TenantId, job: &mut Job) -> Result<(), Stop> {
        let Some((key, number)) = self.key(tenant, job) else { return Ok(()) };
        let mut record = match self.records.record(&key).await? {
            Some(record) => record,
            None => Record::new(key, &number, self.clock.now()),
        };
        if already_done(record.state) {
            outbox::flush_record(self.records, self.notifications, &mut record).await?;
            job.done();
        }
        job.maybe_sent = record.intent.is_some();
        job.record = Some(record);
        Ok(())
    }

    /// Draws the documents. A refusal that comes from old knowledge is not believed before a fresh look.
    async fn draw_all(
        &self,
        session: &Session<'_>,
        sales: xero::AccountId,
        known: &mut Facts,
        jobs: &mut [Job],
    ) -> Result<(), Stop> {
        let started = self.clock.now();
        for job in jobs.iter_mut().filter(|job| !job.is_over()) {
            let (Some(invoice), Some(contact)) = (job.invoice(), job.contact) else { continue };
            let mut drawn = document::draw(invoice, contact, sales, known);
            if drawn.is_err() && known.fetched_at < started {
                let read = facts::read(self.organisations, session, &account_of(job)?, self.clock).await;
                *known = self.or_stop(session, read).await?;
                drawn = document::draw(invoice, contact, sales, known);
            }
            match drawn {
                Ok(drawn) => job.document = Some(drawn),
                Err(failure) => self.refuse(job, failure).await?,
            }
        }
        Ok(())
    }

    /// Writes the intents, all with the key of the call that they will share.
    async fn intend(&self, tenant: TenantId, open: &mut [&mut Job]) -> Result<IdempotencyKey, Stop> {
        let now = self.clock.now();
        let mut hash = Sha256::new();
        hash.update(tenant.to_string());
        for job in open.iter() {
            let Some((record, document)) = job.record.as_ref().zip(job.document.as_ref()) else { continue };
            hash.update(next_attempt(record).to_be_bytes());
            hash.update(document.to_json());
        }
        let key = key_of("invoices", hash);
        for job in open.iter_mut() {
            let sessional = job.invoice().map(|invoice| (invoice.currency.to_string(), invoice.total));
            let Some((record, document)) = job.record.as_mut().zip(job.document.as_ref()) else { continue };
            let intent = Intent {
                attempt: next_attempt(record),
                at: now,
                body: document.to_json(),
                contact: document.contact,
                idempotency_key: key.as_str().to_owned(),
            };
            record.event = Some(job.raw.clone());
            if let Some((currency, total)) = sessional {
                record.amounts.currency = currency;
                record.amounts.sessional_total = total;
            }
            record.intend(intent, now);
            if self.records.put_record(record).await? == Written::Conflict {
                job.outcome = Some(Outcome::Again(STORE_WAIT));
            }
        }
        Ok(key)
    }

    async fn send(
        &self,
        session: &Session<'_>,
        known: &Facts,
        open: &mut [&mut Job],
        key: &IdempotencyKey,
    ) -> Result<(), Stop> {
        if open.is_empty() {
            return Ok(());
        }
        let elements =
            open.iter().filter_map(|job| job.record.as_ref()?.intent.as_ref().map(|intent| intent.body.as_str()));
        let body = InvoicesBody::from_elements(elements);
        let result = crate::call_xero!(session, |tenant| tenant.create_invoices(&body, key));
        match result {
            Ok(elements) if elements.len() == open.len() => {
                for (job, element) in open.iter_mut().zip(elements) {
                    self.judge(session, known, job, element).await?;
                }
                Ok(())
            }
            Ok(_) => self.unanswered(open, "Xero answered for another number of documents").await,
            Err(Interruption::NoAnswer(error)) => self.unanswered(open, &error.to_string()).await,
            Err(Interruption::Refused(error)) => self.refused_whole(open, &error).await,
            Err(interruption) => Err(self.interrupted(session.tenant_id(), interruption).await?),
        }
    }

    async fn judge(
        &self,
        session: &Session<'_>,
        known: &Facts,
        job: &mut Job,
        element: Element<Invoice>,
    ) -> Result<(), Stop> {
        match element {
            Element::Ok(entity, _) => self.synced(job, &entity, known, "Created in Xero").await,
            Element::Refused { errors, .. } => {
                let sentences = &*errors;
                if sentences.iter().any(|sentence| Refusal::of(sentence) == Refusal::NumberNotUnique) {
                    return self.number_taken(session, known, job).await;
                }
                let failure = Failure::refused(sentences, &subject(job));
                self.refuse(job, failure).await
            }
        }
    }

    /// The document is in Xero: the record gets its reference and both sides' amounts.
    pub(super) async fn synced(
        &self,
        job: &mut Job,
        invoice: &Invoice,
        known: &Facts,
        message: &str,
    ) -> Result<(), Stop> {
        let now = self.clock.now();
        let predicted = job.document.as_ref().and_then(|document| document::predicted_total(document, known));
        let Some(record) = job.record.as_mut() else { return Ok(()) };
        record.reference = Some(crate::record::Reference::written(invoice));
        record.divergence = None;
        record.amounts.xero_total = invoice.total;
        record.amounts.due = invoice.amount_due;
        record.amounts.paid = invoice.amount_paid;
        record.amounts.credited = invoice.amount_credited;
        record.remark = remark(record, predicted);
        record.intent = None;
        record.event = None;
        record.failure = None;
        record.attempts = 0;
        record.enter(State::Synced, message, now);
        match self.records.put_record(record).await? {
            Written::Done => job.done(),
            Written::Conflict => job.outcome = Some(Outcome::Again(STORE_WAIT)),
        }
        Ok(())
    }

    /// Xero or a check refused the document: the user has to act.
    pub(super) async fn refuse(&self, job: &mut Job, failure: Failure) -> Result<(), Stop> {
        let raw = job.raw.clone();
        let Some(record) = job.record.as_mut() else { return Ok(()) };
        tracing::info!(record.id = record.key.id, cause = failure.cause, "a record failed");
        record.refuse(failure, Some(raw), self.clock.now());
        if self.records.put_record(record).await? == Written::Conflict {
            job.outcome = Some(Outcome::Again(STORE_WAIT));
            return Ok(());
        }
        outbox::flush_record(self.records, self.notifications, record).await?;
        job.done();
        Ok(())
    }

    /// With `summarizeErrors=false` Xero judges each element; a refusal of the whole request is taken for a
    /// judgement only when there was one document in it.
    async fn refused_whole(&self, open: &mut [&mut Job], error: &xero::Error) -> Result<(), Stop> {
        match (open, error) {
            ([job], xero::Error::Validation { elements, .. }) => {
                let sentences: Vec<String> = elements.iter().flat_map(|element| element.to_vec()).collect();
                let failure = Failure::refused(&sentences, &subject(job));
                self.refuse(job, failure).await
            }
            (open, error) => self.unanswered(open, &error.to_string()).await,
        }
    }

    /// Nobody knows whether the documents arrived: counted, and looked up on the next try.
    async fn unanswered(&self, open: &mut [&mut Job], why: &str) -> Result<(), Stop> {
        let now = self.clock.now();
        for job in open.iter_mut() {
            let Some(record) = job.record.as_mut() else { continue };
            record.attempts += 1;
            record.changed_at = now;
            record.event.get_or_insert_with(|| job.raw.clone());
            let outcome = if record.attempts >= MAX_ATTEMPTS {
                record.attempts = 0;
                record.fail(Failure::no_answer(), None, now);
                Outcome::Park(format!("no answer from Xero after {MAX_ATTEMPTS} tries: {why}"))
            } else {
                Outcome::Again(backoff(record.attempts))
            };
            tracing::warn!(
                record.id = record.key.id,
                record.attempts = record.attempts,
                error = why,
                "a document has no answer from Xero"
            );
            let written = self.records.put_record(record).await?;
            outbox::flush_record(self.records, self.notifications, record).await?;
            job.outcome = Some(match written {
                Written::Done => outcome,
                Written::Conflict => Outcome::Again(STORE_WAIT),
            });
        }
        Ok(())
    }
}

fn next_attempt(record: &Record) -> u32 {
    record.intent.as_ref().map_or(0, |intent| intent.attempt) + 1
}

/// Doubles with every try: 5, 10, 20, 40 seconds.
fn backoff(attempts: u32) -> Duration {
    RETRY_WAIT * 2_u32.saturating_pow(attempts.saturating_sub(1))
}

fn account_of(job: &Job) -> Result<crate::account::AccountId, Stop> {
    job.account().cloned().ok_or(Stop::Again(STORE_WAIT))
}

/// The document as a sentence names it.
pub(super) fn subject(job: &Job) -> String {
    job.record.as_ref().map_or_else(|| "The invoice".to_owned(), |record| format!("Invoice {}", record.number))
}

/// An idempotency key: what it is for and the hash of what is sent, within Xero's 128 characters.
#[expect(clippy::expect_used, reason = "see the message")]
pub(super) fn key_of(what: &str, hash: Sha256) -> IdempotencyKey {
    use base64::Engine as _;
    let digest = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash.finalize());
    IdempotencyKey::new(format!("{what}-{digest}")).expect("a short word and 43 characters of base64 make a key")
}

/// What the user should see although all went well.
fn remark(record: &Record, predicted: Option<rust_decimal::Decimal>) -> Option<String> {
    let (xero, shown) = (record.amounts.xero_total?, record.amounts.sessional_total);
    let currency = &record.amounts.currency;
    match (shown, predicted) {
        (Some(shown), _) if shown != xero => Some(format!(
            "Xero's total is {currency} {xero}, Sessional shows {currency} {shown}. Check the tax of the lines."
        )),
        (_, Some(predicted)) if predicted != xero => {
            Some(format!("Xero's total is {currency} {xero}; {currency} {predicted} was expected."))
        }
        _ => None,
    }
}
