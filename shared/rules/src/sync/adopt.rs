//! Adoption: a document that may have been sent before, or whose number exists already, is looked up by its
//! number and becomes ours only when it provably is. Anything else is a clash, and is not touched.

use super::{Job, Stop, Sync, document};
use crate::failure::Failure;
use crate::organisation::Facts;
use crate::session::Session;
use xero::models::{Invoice, InvoiceStatus, InvoiceType, NewInvoice};

impl Sync<'_> {
    /// Looks up, in one call, everything that an earlier run may have sent.
    pub(super) async fn adopt_sent(&self, session: &Session<'_>, known: &Facts, jobs: &mut [Job]) -> Result<(), Stop> {
        let numbers: Vec<String> =
            jobs.iter().filter(|job| !job.is_over() && job.maybe_sent).filter_map(number).collect();
        if numbers.is_empty() {
            return Ok(());
        }
        let found = self.by_numbers(session, &numbers).await?;
        for job in jobs.iter_mut().filter(|job| !job.is_over() && job.maybe_sent) {
            let Some(number) = number(job) else { continue };
            if let Some(invoice) = found.iter().find(|invoice| has_number(invoice, &number)) {
                self.adopt_or_clash(known, job, invoice, &number).await?;
            }
        }
        Ok(())
    }

    /// Xero says that the number exists.
    pub(super) async fn number_taken(&self, session: &Session<'_>, known: &Facts, job: &mut Job) -> Result<(), Stop> {
        let Some(number) = number(job) else { return Ok(()) };
        let found = self.by_numbers(session, std::slice::from_ref(&number)).await?;
        match found.iter().find(|invoice| has_number(invoice, &number)) {
            Some(invoice) => self.adopt_or_clash(known, job, invoice, &number).await,
            // Taken, and yet not to be found: an invoice that we may not see. It is not ours to overwrite.
            None => self.refuse(job, Failure::number_clash(&number)).await,
        }
    }

    async fn by_numbers(&self, session: &Session<'_>, numbers: &[String]) -> Result<Vec<Invoice>, Stop> {
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let result = crate::call_xero!(session, |tenant| tenant.invoices_by_numbers(&numbers));
        self.or_stop(session, result).await
    }

    async fn adopt_or_clash(&self, known: &Facts, job: &mut Job, invoice: &Invoice, number: &str) -> Result<(), Stop> {
        // What was sent, if something was, and otherwise what would be sent now.
        let intent = job.record.as_ref().and_then(|record| record.intent.as_ref());
        let sent: Option<NewInvoice> =
            intent.and_then(|intent| serde_json::from_str(&intent.body).ok()).or(job.document.take());
        let ours = sent.as_ref().is_some_and(|sent| provably_ours(invoice, sent, job.maybe_sent, known));
        if ours {
            job.document = sent;
            self.synced(job, invoice, known, "Found in Xero, where an earlier try had created it").await
        } else {
            self.refuse(job, Failure::number_clash(number)).await
        }
    }
}

/// Whether a document in Xero is the one that we sent.
///
/// Our link proves it. Without one an earlier intent of ours has to exist, and contact, date, currency and
/// total have to be what we sent; a number alone proves nothing, because people choose numbers too.
fn provably_ours(found: &Invoice, sent: &NewInvoice, intended_before: bool, known: &Facts) -> bool {
    let usable = match found.status {
        InvoiceStatus::Voided | InvoiceStatus::Deleted | InvoiceStatus::Other(_) => false,
        InvoiceStatus::Draft | InvoiceStatus::Submitted | InvoiceStatus::Authorised | InvoiceStatus::Paid => true,
    };
    if !usable || found.invoice_type != InvoiceType::Accrec {
        return false;
    }
    if let (Some(theirs), Some(ours)) = (&found.url, &sent.url) {
        return theirs == ours;
    }
    intended_before
        && found.contact.as_ref().map(|contact| contact.contact_id) == Some(sent.contact)
        && found.date == Some(sent.date)
        && found.currency_code.as_deref() == Some(sent.currency_code.as_str())
        && found.total == document::predicted_total(sent, known)
}

fn has_number(invoice: &Invoice, number: &str) -> bool {
    invoice.invoice_number.as_deref().is_some_and(|theirs| theirs.eq_ignore_ascii_case(number))
}

fn number(job: &Job) -> Option<String> {
    job.invoice().map(|invoice| invoice.number.to_string())
}
