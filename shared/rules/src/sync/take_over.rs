//! Taking over an invoice in Xero that somebody else made and that is the same as one of Sessional's: offered where the
//! number is taken, done where the user chose it. Nothing is written to Xero, whose version is what later edits are
//! measured by; from then on the document is ours like any other. Without the user's word nothing of it is touched.

use super::create::{Made, stand_synced, subject};
use super::lost_answer::sent;
use super::mark::Mark;
use super::number::{is_gone, is_same};
use super::{Context, Job, Outcome, Stop, Sync};
use crate::event::Line;
use crate::failure::Failure;
use crate::ports::Written;
use crate::record::{ToldContent, ToldLine, Want};
use xero::models::{Invoice, InvoiceStatus, LineItem};
use xero::{ContactId, InvoiceId};

const TAKEN_OVER: &str =
    "Taken over from Xero, as you chose: nothing was changed there, and it is followed from now on";

impl Sync<'_> {
    /// Whether an invoice in Xero that Sessional did not make is the one that a job wants to make.
    pub(super) async fn is_same_document(
        &self,
        context: &Context<'_>,
        job: &Job,
        found: &Invoice,
    ) -> Result<bool, Stop> {
        if job.record.as_ref().is_none_or(|record| record.reference.is_some()) {
            return Ok(false);
        }
        let contact = sent(job).map(|document| document.contact());
        Ok(self.differences(context, job, found, contact).await?.is_empty())
    }

    /// Takes over what users chose.
    pub(super) async fn take_over_chosen(&self, context: &Context<'_>, jobs: &mut [Job]) -> Result<(), Stop> {
        for job in jobs.iter_mut().filter(|job| !job.is_over() && job.step() == Want::Create) {
            if let Some(id) = job.record.as_ref().and_then(|record| record.to_adopt) {
                self.take_over(context, job, id).await?;
            }
        }
        Ok(())
    }

    /// Takes over one document, if it still is the same and nobody has it.
    async fn take_over(&self, context: &Context<'_>, job: &mut Job, id: InvoiceId) -> Result<(), Stop> {
        let read = crate::call_xero!(context.session, |tenant| tenant.invoice(id));
        let Some(invoice) = self.or_stop(context.session, read).await? else {
            return self.refuse(job, Failure::missing_in_xero(&subject(job))).await;
        };
        let number = job.invoice().map(|invoice| invoice.number.to_string()).unwrap_or_default();
        if is_gone(&invoice) {
            return self.refuse(job, Failure::number_voided(&number)).await;
        }
        if self.is_of_another(context, job, id).await? {
            return self.refuse(job, Failure::number_of_another(&number)).await;
        }
        let known = match (job.account(), job.party()) {
            (Some(account), Some(party)) => {
                self.contacts.contact(account, context.session.tenant_id(), &party.id).await?
            }
            _ => None,
        };
        let contact = known.and_then(|reference| reference.contact);
        let differences = self.differences(context, job, &invoice, contact).await?;
        if !differences.is_empty() {
            return self.refuse(job, Failure::not_the_same(&number, &differences)).await;
        }
        let Some(record) = job.record.as_ref() else { return Ok(()) };
        // Whose it is since a moment may not be seen in the index yet.
        if self.records.claim_document(&record.key, id, self.clock.now()).await? == Written::Conflict {
            return self.refuse(job, Failure::number_of_another(&number)).await;
        }
        self.make_ours(context, job, invoice).await
    }

    /// The document is the record's from now on, as it is in Xero.
    async fn make_ours(&self, context: &Context<'_>, job: &mut Job, invoice: Invoice) -> Result<(), Stop> {
        let now = self.clock.now();
        let (told, overdue) = (told_of(job, &invoice.line_items), job.is_overdue(&context.facts));
        let made = Made::Invoice(Box::new(invoice));
        if let Some(record) = job.record.as_mut() {
            made.write(record);
            if let Some(reference) = record.reference.as_mut() {
                // No list of what this app made shows it: it is asked for by its id.
                reference.foreign = true;
            }
            record.told = told;
            record.sent = made.is_marked();
            record.mark_withheld = overdue && !record.sent;
            record.clear();
            record.remark = None;
            stand_synced(record, &context.facts, TAKEN_OVER, now);
            made.follow_settlement(record, now);
        }
        self.store(job, Outcome::Done).await
    }

    /// In what an invoice in Xero is not the one that a job wants there, for this contact: in the words of a sentence.
    async fn differences(
        &self,
        context: &Context<'_>,
        job: &Job,
        found: &Invoice,
        contact: Option<ContactId>,
    ) -> Result<Vec<&'static str>, Stop> {
        let Some(ours) = job.invoice() else { return Ok(vec!["kind"]) };
        let is_of_sessional = found.url.as_deref().and_then(Mark::in_link).is_some();
        let theirs = found.invoice_number.as_deref().unwrap_or_default();
        let compared = [
            ("owner", !is_of_sessional),
            ("state", !matches!(found.status, InvoiceStatus::Other(_))),
            ("number", is_same(theirs, &ours.number.to_string())),
            ("currency", found.currency_code.as_deref() == Some(ours.currency.as_str())),
            ("total", found.total == Some(ours.total)),
            ("date", found.date == Some(ours.issued_on)),
        ];
        let mut differences: Vec<&str> =
            compared.into_iter().filter(|(_, agrees)| !agrees).map(|(what, _)| what).collect();
        // Whose it is may take a look into Xero.
        if differences.is_empty() && !self.is_for(context.session, job, contact, found.contact.as_ref()).await? {
            differences.push("client");
        }
        Ok(differences)
    }
}

/// What Sessional has told, of the lines that Xero has: one of ours of the same quantity and price is that line.
fn told_of(job: &Job, shown: &[LineItem]) -> Option<ToldContent> {
    let mut told = job.told()?;
    let mut ours: Vec<(&Line, ToldLine)> = job.invoice()?.lines.iter().zip(std::mem::take(&mut told.lines)).collect();
    for theirs in shown {
        let same = |(line, _): &(&Line, ToldLine)| {
            theirs.quantity == Some(line.quantity) && theirs.unit_amount == Some(line.unit_amount)
        };
        let known = ours.iter().position(same).map(|at| ours.remove(at).1);
        let is_amount = theirs.unit_amount.is_some_and(|amount| !amount.is_zero());
        if known.is_some() || is_amount {
            // Of what ours says otherwise nothing was told: new lines take its place.
            told.lines.push(ToldLine { id: theirs.line_item_id, ..known.unwrap_or_default() });
        }
    }
    Some(told)
}
