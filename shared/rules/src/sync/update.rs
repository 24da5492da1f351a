//! A document that is in Xero already: brought up to date where its content changed, and marked as sent where it was.
//! Both may be repeated, so they need no intent.

use super::create::{key_of, remark, subject};
use super::document::Document;
use super::{Context, Job, Outcome, STORE_WAIT, Stop, Sync};
use crate::failure::Failure;
use crate::record::{Reference, Standing};
use crate::session::Interruption;
use sha2::{Digest as _, Sha256};
use xero::models::{Invoice, InvoiceUpdate, InvoicesBody, NewInvoice};
use xero::{Element, InvoiceId};

/// What there is to say to Xero about an invoice that it has.
pub(super) enum Plan {
    /// Nothing: it knows the content, and who was sent the invoice or has paid it has it.
    Nothing,
    /// It cannot be done.
    Refused(Failure),
    /// This; `changed` when it is more than that it was sent.
    Send { update: Box<InvoiceUpdate>, content: String, changed: bool },
}

/// Decides it by what the record says of the content that Xero has.
pub(super) fn plan(job: &Job, drawn: NewInvoice) -> Plan {
    let Some(record) = job.record.as_ref() else { return Plan::Nothing };
    let Some(id) = record.reference.as_ref().map(|reference| reference.id) else { return Plan::Nothing };
    let content = Document::Invoice(drawn.clone()).content();
    let changed = record.content_hash.as_ref() != Some(&content);
    let paid = matches!(record.stands, Standing::PartPaid | Standing::Paid);
    if paid && changed {
        return Plan::Refused(Failure::paid_cannot_be_changed(&subject(job)));
    }
    if !changed && (record.sent || paid || !job.is_sent()) {
        return Plan::Nothing;
    }
    Plan::Send { update: Box::new(draw_update(id, job.is_sent(), changed.then_some(drawn))), content, changed }
}

impl Sync<'_> {
    /// Updates one invoice and marks it as sent, with one call or none.
    pub(super) async fn update(&self, context: &mut Context<'_>, job: &mut Job) -> Result<(), Stop> {
        if job.contact.is_none() {
            // Its contact is not found yet: nothing can be said about the document.
            job.outcome = Some(Outcome::Again(STORE_WAIT));
            return Ok(());
        }
        let drawn = match self.draw(context, job).await? {
            Ok(Document::Invoice(drawn)) => drawn,
            Ok(Document::SpendMoney(_)) => return self.store(job, Outcome::Done).await,
            Err(failure) => return self.complain(job, failure).await,
        };
        match plan(job, drawn) {
            Plan::Nothing => {
                let (sent, now) = (job.is_sent(), self.clock.now());
                if let Some(record) = job.record.as_mut() {
                    record.sent |= sent;
                    record.clear();
                    record.note("Xero has this content already: nothing was to be done", now);
                }
                self.store(job, Outcome::Done).await
            }
            Plan::Refused(failure) => self.complain(job, failure).await,
            Plan::Send { update, content, changed } => self.send_update(context, job, &update, content, changed).await,
        }
    }

    async fn send_update(
        &self,
        context: &mut Context<'_>,
        job: &mut Job,
        update: &InvoiceUpdate,
        content: String,
        changed: bool,
    ) -> Result<(), Stop> {
        let body = InvoicesBody::update(update);
        let mut hash = Sha256::new();
        hash.update(body.as_str());
        hash.update(job.record.as_ref().map_or(0, |record| record.revision).to_be_bytes());
        let key = key_of("update", hash);
        let id = update.invoice_id;
        let result = crate::call_xero!(context.session, |tenant| tenant.update_invoice(id, &body, &key));
        match result {
            Ok(Element::Ok(invoice, _)) => self.updated(job, &invoice, content, changed).await,
            Ok(Element::Refused { errors, .. }) => {
                let failure = Failure::refused(&errors, &subject(job));
                self.complain(job, failure).await
            }
            Err(Interruption::Refused(xero::Error::Validation { elements, .. })) => {
                let sentences: Vec<String> = elements.iter().flat_map(|element| element.to_vec()).collect();
                let failure = Failure::refused(&sentences, &subject(job));
                self.complain(job, failure).await
            }
            Err(Interruption::NoAnswer(error) | Interruption::Refused(error)) => {
                self.unanswered(&mut [job], &error.to_string(), false).await
            }
            Err(interruption) => Err(self.interrupted(context.session, interruption).await?),
        }
    }

    async fn updated(&self, job: &mut Job, invoice: &Invoice, content: String, changed: bool) -> Result<(), Stop> {
        let now = self.clock.now();
        let total = job.shown_total();
        let sent = job.is_sent();
        let left_out = job.left_out();
        let Some(record) = job.record.as_mut() else { return Ok(()) };
        record.amounts.sessional_total = total.or(record.amounts.sessional_total);
        record.amounts.xero_total = invoice.total.or(record.amounts.xero_total);
        record.amounts.due = invoice.amount_due.or(record.amounts.due);
        let mut reference = Reference::written(invoice);
        match record.reference.take() {
            // Only the mark was written: what was changed in Xero is still there, and stays shown.
            Some(before) if !changed => (reference.written, reference.seen) = (before.written, before.seen),
            _ => record.divergence = None,
        }
        record.reference = Some(reference);
        record.content_hash = Some(content);
        record.remark = remark(record, None, &left_out);
        record.sent |= sent;
        record.clear();
        let message = match (changed, sent) {
            (true, true) => "Updated in Xero and marked as sent",
            (true, false) => "Updated in Xero",
            (false, _) => "Marked as sent in Xero",
        };
        record.note(message, now);
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

/// Lines go without their ids: Xero removes the lines that are not named and adds those that are new, so what
/// stays is what was sent.
fn draw_update(id: InvoiceId, sent: bool, changed: Option<NewInvoice>) -> InvoiceUpdate {
    let mut update = InvoiceUpdate { sent_to_contact: sent.then_some(true), ..InvoiceUpdate::of(id) };
    if let Some(invoice) = changed {
        update.reference = invoice.reference;
        update.contact = Some(invoice.contact);
        update.date = Some(invoice.date);
        update.due_date = invoice.due_date;
        update.line_amount_types = Some(invoice.line_amount_types);
        update.currency_code = Some(invoice.currency_code);
        update.url = invoice.url;
        update.line_items = Some(invoice.line_items);
    }
    update
}
