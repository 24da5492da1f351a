//! Adoption: a document that may have been sent before, or whose number exists already, is looked up and becomes ours
//! only when it provably is. Anything else is a clash, and is not touched.
//!
//! What carries a mark is looked up in what changed since it was sent. Documents that were sent before there were marks
//! are looked up as then: invoices and bills by number, spend money by the date and our reference.

use super::create::{Made, subject};
use super::document::Document;
use super::lost_answer::{forget_intent, intent_of, is_spend_money, sent};
use super::mark::{Mark, without_mark};
use super::number::Clash;
use super::{Context, Job, Outcome, Stop, Sync};
use crate::failure::Failure;
use crate::organisation::Facts;
use crate::record::Want;
use jiff::{SignedDuration, Timestamp};
use xero::models::{BankTransaction, BankTransactionStatus, Invoice, InvoiceStatus, NewBankTransaction, NewInvoice};
use xero::{InvoiceId, Page};

/// Whether Xero's moments and ours agree is not known to the second, nor whether its filter is inclusive.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);
const FOUND: &str = "Found in Xero, where an earlier try had created it";

impl Sync<'_> {
    /// Looks for what was sent for these jobs. What is there is adopted; of the others it is certain afterwards that
    /// they are not.
    pub(super) async fn look_up(&self, context: &mut Context<'_>, jobs: &mut [&mut Job]) -> Result<(), Stop> {
        self.look_by_mark(context, jobs, false).await?;
        self.look_by_mark(context, jobs, true).await?;
        self.look_by_content(context, jobs).await?;
        for job in jobs.iter_mut().filter(|job| !job.is_over() && intent_of(job).is_some()) {
            forget_intent(job);
        }
        Ok(())
    }

    async fn look_by_mark(&self, context: &Context<'_>, jobs: &mut [&mut Job], spend: bool) -> Result<(), Stop> {
        let is_wanted = |job: &Job| !job.is_over() && mark_of(job).is_some() && is_spend_money(job) == spend;
        let wanted: Vec<Mark> = jobs.iter().filter(|job| is_wanted(job)).filter_map(|job| mark_of(job)).collect();
        let sent_at = jobs.iter().filter(|job| is_wanted(job)).filter_map(|job| intent_of(job));
        let Some(since) = sent_at.map(|intent| intent.call.first_sent).min() else { return Ok(()) };
        let since = since.saturating_sub(OVERLAP).unwrap_or(since);
        let found = match spend {
            false => self.invoices_since(context, since, &wanted).await?,
            true => self.spend_money_since(context, since, &wanted).await?,
        };
        for job in jobs.iter_mut().filter(|job| is_wanted(job)) {
            let Some(mark) = mark_of(job) else { continue };
            self.adopt_marked(context, job, found.iter().filter(|(own, _)| *own == mark).map(|(_, made)| made)).await?;
        }
        Ok(())
    }

    async fn adopt_marked(
        &self,
        context: &Context<'_>,
        job: &mut Job,
        found: impl Iterator<Item = &Made>,
    ) -> Result<(), Stop> {
        let mut free = Vec::new();
        for made in found {
            if !self.is_of_another(context, job, made.id()).await? {
                free.push(made);
            }
        }
        match free.as_slice() {
            [] => Ok(()),
            [made] => {
                job.document = sent(job);
                self.synced(context, job, made, FOUND).await
            }
            _ => {
                let (failure, now) = (Failure::marked_twice(&subject(job)), self.clock.now());
                if let Some(record) = job.record.as_mut() {
                    // The intent stays: a retry looks again, and makes no third.
                    record.fail(failure, now);
                }
                self.store(job, Outcome::Done).await
            }
        }
    }

    /// Whether another record has this document already: it belongs to one.
    pub(super) async fn is_of_another(&self, context: &Context<'_>, job: &Job, id: InvoiceId) -> Result<bool, Stop> {
        let Some(record) = &job.record else { return Ok(true) };
        let known = self.records.record_of(&record.key.account, context.session.tenant_id(), id).await?;
        Ok(known.is_some_and(|known| known.key != record.key))
    }

    async fn invoices_since(
        &self,
        context: &Context<'_>,
        since: Timestamp,
        wanted: &[Mark],
    ) -> Result<Vec<(Mark, Made)>, Stop> {
        let mut found = Found::new(wanted);
        for number in 1.. {
            let page = crate::call_xero!(context.session, |tenant| tenant.invoices_made_since(since, number));
            let page = self.or_stop(context.session, page).await?;
            if !found.take(page, |invoice: Invoice| {
                let mark = invoice.url.as_deref().and_then(Mark::in_link)?;
                is_alive(&invoice.status).then(|| (mark, Made::Invoice(Box::new(invoice))))
            }) {
                break;
            }
        }
        Ok(found.made)
    }

    async fn spend_money_since(
        &self,
        context: &Context<'_>,
        since: Timestamp,
        wanted: &[Mark],
    ) -> Result<Vec<(Mark, Made)>, Stop> {
        let mut found = Found::new(wanted);
        for number in 1.. {
            let page = crate::call_xero!(context.session, |tenant| tenant.spend_money_since(since, number));
            let page = self.or_stop(context.session, page).await?;
            if !found.take(page, |spend: BankTransaction| {
                let mark = spend.url.as_deref().and_then(Mark::in_link)?;
                (spend.status == BankTransactionStatus::Authorised).then(|| (mark, Made::SpendMoney(Box::new(spend))))
            }) {
                break;
            }
        }
        Ok(found.made)
    }

    /// Looks for what was sent before there were marks.
    async fn look_by_content(&self, context: &Context<'_>, jobs: &mut [&mut Job]) -> Result<(), Stop> {
        let is_old = |job: &Job| !job.is_over() && intent_of(job).is_some() && mark_of(job).is_none();
        let is_invoice = |job: &Job| is_old(job) && !is_spend_money(job);
        let numbers: Vec<String> =
            jobs.iter().filter(|job| is_invoice(job)).filter_map(|job| sent_number(job)).collect();
        if !numbers.is_empty() {
            let found = self.by_numbers(context, &numbers).await?;
            for job in jobs.iter_mut().filter(|job| is_invoice(job)) {
                self.adopt_invoice(context, job, &found).await?;
            }
        }
        for job in jobs.iter_mut().filter(|job| is_old(job)) {
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
        if let Some(invoice) = ours
            && !self.is_of_another(context, job, invoice.invoice_id).await?
        {
            let made = Made::Invoice(Box::new(invoice.clone()));
            job.document = Some(Document::Invoice(sent));
            return self.synced(context, job, &made, FOUND).await;
        }
        let clash = found.iter().any(|invoice| same(&invoice)) && job.invoice().is_some();
        match sent.invoice_number {
            Some(number) if clash => {
                match self.classify_clash(context, job, &number, found).await? {
                    Clash::Taken(failure) => self.refuse(job, failure).await,
                    Clash::LetGo(until) => {
                        // Xero has judged it: nothing was made, and nothing has to be looked up.
                        forget_intent(job);
                        self.wait_for_number(job, &number, until).await
                    }
                }
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

/// Documents with one of the marks that are looked for; a page read twice names none of them twice.
struct Found<'a> {
    wanted: &'a [Mark],
    made: Vec<(Mark, Made)>,
}

impl<'a> Found<'a> {
    fn new(wanted: &'a [Mark]) -> Self {
        Self { wanted, made: Vec::new() }
    }

    /// Takes what is looked for from a page; whether there is another.
    fn take<T>(&mut self, page: Page<T>, marked: impl Fn(T) -> Option<(Mark, Made)>) -> bool {
        for (mark, made) in page.items.into_iter().filter_map(marked) {
            let is_known = self.made.iter().any(|(_, known)| known.id() == made.id());
            if self.wanted.contains(&mark) && !is_known {
                self.made.push((mark, made));
            }
        }
        page.has_more
    }
}

/// The mark of what was sent.
fn mark_of(job: &Job) -> Option<Mark> {
    let intent = intent_of(job)?;
    Document::from_json(intent.document, &intent.body)?.mark()
}

fn sent_number(job: &Job) -> Option<String> {
    match sent(job)? {
        Document::Invoice(invoice) => invoice.invoice_number,
        Document::SpendMoney(_) => None,
    }
}

fn is_alive(status: &InvoiceStatus) -> bool {
    match status {
        InvoiceStatus::Voided | InvoiceStatus::Deleted | InvoiceStatus::Other(_) => false,
        InvoiceStatus::Draft | InvoiceStatus::Submitted | InvoiceStatus::Authorised | InvoiceStatus::Paid => true,
    }
}

/// Whether a document in Xero of our number is the one that we sent.
///
/// The mark tells, and where the document has none, our link. What was sent with a mark and is not found by it is somebody's
/// twin, however alike. Only what was sent before there were marks is told by an earlier intent of ours, with contact,
/// date, currency and total as we sent them; a number alone proves nothing, because people choose numbers too.
fn is_ours(found: &Invoice, sent: &NewInvoice, intended_before: bool, facts: &Facts) -> bool {
    if !is_alive(&found.status) {
        return false;
    }
    let (theirs, ours) = (found.url.as_deref(), sent.url.as_deref());
    if let Some(mark) = theirs.and_then(Mark::in_link) {
        return ours.and_then(Mark::in_link) == Some(mark);
    }
    if let (Some(theirs), Some(ours)) = (theirs, ours.and_then(without_mark)) {
        return theirs == ours;
    }
    ours.and_then(Mark::in_link).is_none()
        && intended_before
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
    theirs
        .zip(sent.invoice_number.as_deref())
        .is_some_and(|(theirs, ours)| theirs.trim().eq_ignore_ascii_case(ours.trim()))
}
