//! Failed records whose cause is gone: an account that was restored, a lock date that was moved, a currency or a
//! tax rate that was added, a new month. They are tried again by themselves, a few times at most; what a changed
//! mapping would mend waits for the user, who may have meant it for new expenses only.

use super::Upkeep;
use crate::connection::Connection;
use crate::event::{Body, Event};
use crate::failure::Cause;
use crate::held;
use crate::mapping::Mapping;
use crate::organisation::Facts;
use crate::ports::{Answer, Queued, Written};
use crate::record::{Record, UnderWay};
use crate::sync::document;
use crate::sync::message;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use xero::{ContactId, TenantId};

/// Tries of this kind before only the user tries again: what fails that often fails for another reason.
const MAX_SELF_RETRIES: u32 = 5;
/// How long a failure without an answer is left alone.
const NO_ANSWER_AGE: SignedDuration = SignedDuration::from_hours(1);

impl Upkeep<'_> {
    /// Puts what is mended back into the queue, and says how many.
    pub(super) async fn retry_mended(&self, connection: &Connection, tenant: TenantId, facts: &Facts) -> Answer<usize> {
        let account = &connection.account;
        let Some(mapping) = self.mappings.mapping(account, tenant).await? else { return Ok(0) };
        let now = self.clock.now();
        let mut events: Vec<Queued> = Vec::new();
        for mut record in held::all(self.waiting, account, tenant).await? {
            if !is_mended(&record, &mapping, facts, now) {
                continue;
            }
            record.self_retries += 1;
            match self.records.put_record(&mut record).await? {
                Written::Done => events.push(message::run_record("mended", &record.key, record.revision)),
                // Somebody is at it at this moment.
                Written::Conflict => {}
            }
        }
        let taken = self.sync_queue.enqueue(&events).await?;
        Ok(taken.into_iter().filter(|taken| *taken).count())
    }
}

/// Whether the cause of a failure is gone, as far as can be told without asking Xero.
fn is_mended(record: &Record, mapping: &Mapping, facts: &Facts, now: Timestamp) -> bool {
    let Some(cause) = record.failure.as_ref().map(|failure| failure.cause) else { return false };
    if record.under_way != UnderWay::Failed || record.self_retries >= MAX_SELF_RETRIES {
        return false;
    }
    let Some(event) = record.event.as_deref().and_then(|event| Event::parse(event).ok()) else { return false };
    match cause {
        Cause::AccountArchived | Cause::CurrencyMissing | Cause::TaxRateMissing | Cause::BankCurrency => {
            mapping.chosen_at <= record.changed_at && can_be_drawn(&event, mapping, facts)
        }
        Cause::PeriodLocked => date(&event).is_some_and(|date| !is_locked(date, facts)),
        Cause::PlanLimit => month(now) != month(record.changed_at),
        Cause::NoAnswer => now.duration_since(record.changed_at) > NO_ANSWER_AGE,
        Cause::ConnectionError
        | Cause::NotConnected
        | Cause::OtherOrganisation
        | Cause::PermissionMissing
        | Cause::SalesNotMapped
        | Cause::CategoryNotMapped
        | Cause::NotSentYet
        | Cause::XeroUnavailable
        | Cause::RequestLimit
        | Cause::OrganisationOffline
        | Cause::SignInUnavailable
        | Cause::OurFault
        | Cause::AnswerLost
        | Cause::WaitsItsTurn
        | Cause::AccountInvalid
        | Cause::TaxInvalid
        | Cause::AmountInvalid
        | Cause::NumberClash
        | Cause::InXeroAlready
        | Cause::NumberVoided
        | Cause::NumberOfAnother
        | Cause::TotalDiffers
        | Cause::FixedInXero
        | Cause::VoidedInXero
        | Cause::MissingInXero
        | Cause::ContactArchived
        | Cause::ContactNameTaken
        | Cause::EmailInvalid
        | Cause::Paid
        | Cause::AlreadyPaid
        | Cause::ChangedInXero
        | Cause::Reconciled
        | Cause::Refused => false,
    }
}

/// Whether the document could be sent as things are; who it is for plays no part in that.
fn can_be_drawn(event: &Event, mapping: &Mapping, facts: &Facts) -> bool {
    let contact = ContactId::from_uuid(uuid::Uuid::nil());
    let choices = &mapping.choices;
    match &event.body {
        Body::InvoiceCreated(invoice) | Body::InvoiceUpdated(invoice) | Body::InvoiceSent(invoice) => choices
            .sales
            .is_some_and(|target| document::draw_invoice(invoice, false, contact, target.account_id, facts).is_ok()),
        Body::ExpenseLogged(expense) | Body::ExpenseUpdated(expense) => choices
            .expenses
            .get(&expense.category)
            .is_some_and(|target| document::draw_expense(expense, contact, target.account_id, choices, facts).is_ok()),
        Body::InvoiceVoided(_) | Body::ExpenseDeleted(_) => false,
    }
}

fn date(event: &Event) -> Option<Date> {
    match &event.body {
        Body::InvoiceCreated(invoice) | Body::InvoiceUpdated(invoice) | Body::InvoiceSent(invoice) => {
            Some(invoice.issued_on)
        }
        Body::ExpenseLogged(expense) | Body::ExpenseUpdated(expense) => Some(expense.incurred_on),
        Body::InvoiceVoided(_) | Body::ExpenseDeleted(_) => None,
    }
}

fn is_locked(date: Date, facts: &Facts) -> bool {
    let locks = [facts.organisation.period_lock_date, facts.organisation.end_of_year_lock_date];
    locks.into_iter().flatten().any(|locked| date <= locked)
}

fn month(at: Timestamp) -> (i16, i8) {
    let date = at.to_zoned(TimeZone::UTC).date();
    (date.year(), date.month())
}
