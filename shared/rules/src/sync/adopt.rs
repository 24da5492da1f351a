//! Adoption: a document that may have been sent before, or whose number exists already, is looked up and
//! becomes ours only when it provably is. Anything else is a clash, and is not touched.
//!
//! Invoices and bills are looked up by number, all in one call; spend money by the date and our reference.

use super::create::Made;
use super::document::Document;
use super::{Context, Job, Stop, Sync};
use crate::failure::Failure;
use crate::organisation::Facts;
use crate::record::{DocumentKind, Want};
use xero::models::{BankTransaction, BankTransactionStatus, Invoice, InvoiceStatus, NewBankTransaction, NewInvoice};

impl Sync<'_> {
    /// Looks up everything that an earlier run may have sent.
    pub(super) async fn adopt_sent(&self, context: &Context<'_>, jobs: &mut [Job]) -> Result<(), Stop> {
        let numbers: Vec<String> = jobs.iter().filter(|job| may_be_invoice(job)).filter_map(sent_number).collect();
        if !numbers.is_empty() {
            let found = self.by_numbers(context, &numbers).await?;
            for job in jobs.iter_mut().filter(|job| may_be_invoice(job)) {
                self.adopt_invoice(context, job, &found).await?;
            }
        }
        for job in jobs.iter_mut().filter(|job| !job.is_over() && job.maybe_sent) {
            if let Some(Document::SpendMoney(sent)) = sent(job) {
                self.adopt_spend_money(context, job, sent).await?;
            }
        }
        Ok(())
    }

    /// Xero says that the number exists.
    pub(super) async fn number_taken(&self, context: &Context<'_>, job: &mut Job) -> Result<(), Stop> {
        let Some(number) = sent_number(job) else { return Ok(()) };
        let found = self.by_numbers(context, std::slice::from_ref(&number)).await?;
        self.adopt_invoice(context, job, &found).await?;
        if !job.is_over() && job.step() == Want::Create {
            // Taken, and yet not to be found: an invoice that we may not see. It is not ours to overwrite.
            return self.refuse(job, Failure::number_clash(&number, None)).await;
        }
        Ok(())
    }

    pub(super) async fn by_numbers(&self, context: &Context<'_>, numbers: &[String]) -> Result<Vec<Invoice>, Stop> {
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let result = crate::call_xero!(context.session, |tenant| tenant.invoices_by_numbers(&numbers));
        self.or_stop(context.session, result).await
    }

    /// Adopts the invoice or bill that is ours; a sales invoice of our number that is not is a clash. Bills
    /// share numbers freely, so a foreign one is no reason to stop.
    async fn adopt_invoice(&self, context: &Context<'_>, job: &mut Job, found: &[Invoice]) -> Result<(), Stop> {
        let Some(Document::Invoice(sent)) = sent(job) else { return Ok(()) };
        let same = |invoice: &&Invoice| invoice.invoice_type == sent.invoice_type && has_number(invoice, &sent);
        let ours = found.iter().filter(same).find(|invoice| is_ours(invoice, &sent, job.maybe_sent, &context.facts));
        if let Some(invoice) = ours {
            let made = Made::Invoice(Box::new(invoice.clone()));
            job.document = Some(Document::Invoice(sent));
            return self.synced(context, job, &made, FOUND).await;
        }
        let clash = found.iter().any(|invoice| same(&invoice)) && job.invoice().is_some();
        match sent.invoice_number {
            Some(number) if clash => {
                let failure = self.classify_clash(context, job, &number, found).await?;
                self.refuse(job, failure).await
            }
            Some(_) | None => Ok(()),
        }
    }

    async fn adopt_spend_money(
        &self,
        context: &Context<'_>,
        job: &mut Job,
        sent: NewBankTransaction,
    ) -> Result<(), Stop> {
        let result = crate::call_xero!(context.session, |tenant| tenant.spend_money_on(sent.date));
        let found = self.or_stop(context.session, result).await?;
        let Some(ours) = found.into_iter().find(|spend| is_our_spend(spend, &sent)) else { return Ok(()) };
        job.document = Some(Document::SpendMoney(sent));
        self.synced(context, job, &Made::SpendMoney(Box::new(ours)), FOUND).await
    }
}

const FOUND: &str = "Found in Xero, where an earlier try had created it";

/// What was sent, if something was, and otherwise what is about to be.
fn sent(job: &Job) -> Option<Document> {
    let intent = job.record.as_ref().and_then(|record| record.intent.as_ref());
    let sent = intent.and_then(|intent| Document::from_json(intent.document, &intent.body));
    sent.or_else(|| job.document.clone())
}

fn may_be_invoice(job: &Job) -> bool {
    let intent = job.record.as_ref().and_then(|record| record.intent.as_ref());
    let kind = intent.map(|intent| intent.document);
    !job.is_over() && job.maybe_sent && matches!(kind, Some(DocumentKind::Invoice | DocumentKind::Bill))
}

fn sent_number(job: &Job) -> Option<String> {
    match sent(job)? {
        Document::Invoice(invoice) => invoice.invoice_number,
        Document::SpendMoney(_) => None,
    }
}

/// Whether a document in Xero is the one that we sent.
///
/// Our link proves it. Without one an earlier intent of ours has to exist, and contact, date, currency and
/// total have to be what we sent; a number alone proves nothing, because people choose numbers too.
fn is_ours(found: &Invoice, sent: &NewInvoice, intended_before: bool, facts: &Facts) -> bool {
    match found.status {
        InvoiceStatus::Voided | InvoiceStatus::Deleted | InvoiceStatus::Other(_) => return false,
        InvoiceStatus::Draft | InvoiceStatus::Submitted | InvoiceStatus::Authorised | InvoiceStatus::Paid => {}
    }
    if let (Some(theirs), Some(ours)) = (&found.url, &sent.url) {
        return theirs == ours;
    }
    intended_before
        && found.contact.as_ref().map(|contact| contact.contact_id) == Some(sent.contact)
        && found.date == Some(sent.date)
        && found.currency_code.as_deref() == Some(sent.currency_code.as_str())
        && found.total == Document::Invoice(sent.clone()).predicted_total(facts)
}

/// Our reference is Sessional's id of the expense, which nobody types by chance; bank account and contact
/// have to be what we sent, too.
fn is_our_spend(found: &BankTransaction, sent: &NewBankTransaction) -> bool {
    found.status == BankTransactionStatus::Authorised
        && found.reference == sent.reference
        && found.bank_account == Some(sent.bank_account)
        && found.contact.as_ref().map(|contact| contact.contact_id) == Some(sent.contact)
}

fn has_number(invoice: &Invoice, sent: &NewInvoice) -> bool {
    let theirs = invoice.invoice_number.as_deref();
    theirs.zip(sent.invoice_number.as_deref()).is_some_and(|(theirs, ours)| theirs.eq_ignore_ascii_case(ours))
}
