//! Why a number is taken: Xero keeps the number of what was voided, another of our records has it, or a stranger does.
//! Each has its own advice, and no number is ever invented.

use super::{Context, Job, Stop, Sync};
use crate::failure::Failure;
use xero::models::{Invoice, InvoiceStatus, InvoiceType};

impl Sync<'_> {
    /// What the user is told of a number that Xero refuses; asks Xero who has it.
    pub(super) async fn number_clash(&self, context: &Context<'_>, job: &Job, number: &str) -> Result<Failure, Stop> {
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
    ) -> Result<Failure, Stop> {
        let has_it = |invoice: &&Invoice| {
            let theirs = invoice.invoice_number.as_deref().map(str::trim);
            invoice.invoice_type == InvoiceType::Accrec
                && theirs.is_some_and(|theirs| theirs.eq_ignore_ascii_case(number.trim()))
        };
        let mut holders: Vec<&Invoice> = found.iter().filter(has_it).collect();
        // Of several the one that lives: that is the one to do something about.
        holders.sort_by_key(|invoice| is_gone(invoice));
        let Some(holder) = holders.first() else { return Ok(Failure::number_clash(number, None)) };
        if is_gone(holder) {
            return Ok(Failure::number_voided(number));
        }
        if let Some(account) = job.account() {
            let ours = self.records.record_of(account, context.session.tenant_id(), holder.invoice_id).await?;
            if ours.is_some() {
                return Ok(Failure::number_of_another(number));
            }
        }
        let code = &context.facts.organisation.short_code;
        let link = (!code.is_empty()).then(|| xero::deep_link(code, xero::Document::Invoice(holder.invoice_id)));
        Ok(Failure::number_clash(number, link.as_ref().map(AsRef::as_ref)))
    }
}

fn is_gone(invoice: &Invoice) -> bool {
    matches!(invoice.status, InvoiceStatus::Voided | InvoiceStatus::Deleted)
}
