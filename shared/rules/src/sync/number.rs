//! Why a number is taken: Xero keeps the number of what was voided, another of our records has it, or a stranger does.
//! Each has its own advice, and no number is ever invented. What another of our records is about to let go is waited for.

use super::mark::Mark;
use super::{Context, Job, Stop, Sync};
use crate::account::AccountId;
use crate::event::{Body, Event};
use crate::failure::Failure;
use crate::record::{Record, UnderWay, Want};
use jiff::Timestamp;
use xero::models::{Invoice, InvoiceStatus, InvoiceType};

/// What a number that Xero refuses means for the invoice that wants it.
pub(super) enum Clash {
    /// Somebody keeps it: the user is told.
    Taken(Failure),
    /// A record of ours is about to let it go, at this time at the earliest.
    LetGo(Timestamp),
}

impl Sync<'_> {
    /// Who has a number that Xero refuses; asks Xero.
    pub(super) async fn number_clash(&self, context: &Context<'_>, job: &Job, number: &str) -> Result<Clash, Stop> {
        let found = self.by_numbers(context, &[number.to_owned()]).await?;
        self.classify_clash(context, job, number, &found).await
    }

    /// The same, of invoices that were read.
    pub(super) async fn classify_clash(
        &self,
        context: &Context<'_>,
        job: &Job,
        number: &str,
        found: &[Invoice],
    ) -> Result<Clash, Stop> {
        let has_it = |invoice: &&Invoice| {
            let theirs = invoice.invoice_number.as_deref();
            invoice.invoice_type == InvoiceType::Accrec && theirs.is_some_and(|theirs| is_same(theirs, number))
        };
        // Of several the one that lives: that is the one to do something about.
        let holder = found.iter().filter(has_it).min_by_key(|invoice| is_gone(invoice));
        let Some(holder) = holder else { return Ok(Clash::Taken(Failure::number_clash(number, None))) };
        if is_gone(holder) {
            return Ok(Clash::Taken(Failure::number_voided(number)));
        }
        if let Some(account) = job.account()
            && let Some(ours) = self.record_in_xero(context, account, holder).await?
        {
            let until = ours.waiting.as_ref().map_or(self.clock.now(), |waiting| waiting.next_try);
            return Ok(match lets_go(&ours, number) {
                true => Clash::LetGo(until),
                false => Clash::Taken(Failure::number_of_another(number)),
            });
        }
        let code = &context.facts.organisation.short_code;
        let link = (!code.is_empty()).then(|| xero::deep_link(code, xero::Document::Invoice(holder.invoice_id)));
        let link = link.as_ref().map(AsRef::as_ref);
        Ok(Clash::Taken(match self.is_same_document(context, job, holder).await? {
            true => Failure::in_xero_already(number, link, holder.invoice_id),
            false => Failure::number_clash(number, link),
        }))
    }

    /// The account's record of an invoice in Xero: by its id, and where the answer to its creation is still awaited by
    /// the mark.
    async fn record_in_xero(
        &self,
        context: &Context<'_>,
        account: &AccountId,
        invoice: &Invoice,
    ) -> Result<Option<Record>, Stop> {
        let known = self.records.record_of(account, context.session.tenant_id(), invoice.invoice_id).await?;
        if known.is_some() {
            return Ok(known);
        }
        let Some(mark) = invoice.url.as_deref().and_then(Mark::in_link) else { return Ok(None) };
        let waits = self.waiting.waits(account).await?;
        Ok(waits.into_iter().find(|record| Mark::new(&record.key, record.generation) == mark))
    }
}

/// How many jobs, from the first on, may run before what came of them is seen: none wants a number that one before it
/// has in Xero and is about to let go.
pub(super) fn independent(jobs: &[Job]) -> usize {
    let mut held: Vec<&str> = Vec::new();
    for (position, job) in jobs.iter().enumerate() {
        let wanted = job.invoice().map(|invoice| invoice.number.as_str());
        if wanted.is_some_and(|wanted| held.iter().any(|held| is_same(held, wanted))) {
            return position;
        }
        let in_xero = job.record.as_ref().filter(|record| !job.is_over() && record.reference.is_some());
        held.extend(in_xero.map(|record| record.number.as_str()));
    }
    jobs.len()
}

/// Whether what the record wants, and goes on with by itself, takes the number away from its invoice.
fn lets_go(record: &Record, number: &str) -> bool {
    match record.under_way {
        UnderWay::Nothing | UnderWay::Intent | UnderWay::Waiting => match record.wants() {
            Want::Remove | Want::TakeBack => true,
            Want::Create | Want::Update => wanted_number(record).is_some_and(|wanted| !is_same(&wanted, number)),
            Want::Nothing => false,
        },
        UnderWay::Held | UnderWay::Failed | UnderWay::Skipped => false,
    }
}

fn wanted_number(record: &Record) -> Option<String> {
    match Event::parse(record.event.as_deref()?).ok()?.body {
        Body::InvoiceCreated(invoice) | Body::InvoiceUpdated(invoice) | Body::InvoiceSent(invoice) => {
            Some(invoice.number.to_string())
        }
        Body::InvoiceVoided(_) | Body::ExpenseLogged(_) | Body::ExpenseUpdated(_) | Body::ExpenseDeleted(_) => None,
    }
}

/// Xero compares numbers without case and without blanks around them.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

pub(super) fn is_gone(invoice: &Invoice) -> bool {
    matches!(invoice.status, InvoiceStatus::Voided | InvoiceStatus::Deleted)
}
