//! What an error means and what happens next. Xero's refusals become sentences for a freelancer: what
//! happened, to which document, who can fix it and how. Xero's own words are never shown raw.

mod cause;
pub mod policy;

pub use cause::{Cause, group, summary};

use crate::action::Action;
use crate::organisation::Facts;
use policy::Pause;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;
use xero::refusal::Refusal;
use xero::{Error, InvoiceId, UnauthorizedReason};

/// Wait after a limit that comes without `Retry-After` (the concurrent one): Xero frees it within a call.
pub const CONCURRENT_WAIT: Duration = Duration::from_secs(3);
/// Wait while Xero says that the organisation is offline.
pub const OFFLINE_WAIT: Duration = Duration::from_secs(300);
/// Wait after an answer of Xero's edge that says nothing but that it is not available.
const UNAVAILABLE_WAIT: Duration = Duration::from_secs(60);
/// Refusals of one document alone, while the organisation answers other calls, after which its record is failed.
pub const MAX_ATTEMPTS: u32 = 5;

/// Why a record waits or failed, as the user sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// Stable word for the cause.
    pub cause: Cause,
    /// What happened and how it can be mended, in plain English.
    pub message: String,
    /// What the user can do.
    pub action: Action,
    /// What the cause lies with: an account, a category, a contact, a currency. Records with the same are
    /// shown together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Xero's id of the invoice that can be taken over: `POST /records/invoice/{id}/adopt` does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub adoptable: Option<InvoiceId>,
}

impl Failure {
    /// Makes one.
    #[must_use]
    pub fn new(cause: Cause, message: impl Into<String>, action: Action) -> Self {
        Self { cause, message: message.into(), action, about: None, adoptable: None }
    }

    /// Says what the cause lies with.
    #[must_use]
    pub fn about(mut self, what: impl Into<String>) -> Self {
        self.about = Some(what.into());
        self
    }

    /// Names an account that Xero told by its code as the user knows it.
    #[must_use]
    pub fn with_account_name(mut self, facts: &Facts) -> Self {
        if !matches!(self.cause, Cause::AccountArchived | Cause::AccountInvalid) {
            return self;
        }
        let code = self.about.as_deref();
        let account = facts.accounts.iter().find(|account| account.code.is_some() && account.code.as_deref() == code);
        if let Some(account) = account {
            let named = format!("the Xero account \u{201c}{}\u{201d}, which", account.name);
            self.message = self.message.replacen("a Xero account that", &named, 1);
            self.about = Some(account.name.clone());
        }
        self
    }

    /// Work waits because the connection is in error.
    #[must_use]
    pub fn connection_lost() -> Self {
        let message = "It waits because Xero no longer accepts Sessional's access. Authorise it again and it is sent.";
        Self::new(Cause::ConnectionError, message, Action::Reauthorise)
    }

    /// It was not sent, because another account has the organisation now.
    #[must_use]
    pub fn not_connected() -> Self {
        let message = "It was not sent: the account is not connected to this Xero organisation any more. Connect again, \
                       then retry.";
        Self::new(Cause::NotConnected, message, Action::Connect)
    }

    /// It waited for an organisation that the account has left for another.
    #[must_use]
    pub fn other_organisation() -> Self {
        let message = "It waited for another Xero organisation than the one that is connected now, and was not sent. Send it again from Sessional, and it goes to this one.";
        Self::new(Cause::OtherOrganisation, message, Action::SendInSessional)
    }

    /// Work waits because the account is disconnected.
    #[must_use]
    pub fn disconnected() -> Self {
        let message = "It waits because Xero is disconnected. Connect the same organisation again and it is sent.";
        Self::new(Cause::NotConnected, message, Action::Connect)
    }

    /// It needs a permission that the consent does not cover.
    #[must_use]
    pub fn permission_missing() -> Self {
        let message = "It waits because Sessional's access to Xero does not cover it. Authorise Xero again and allow what is asked for, and it is sent.";
        Self::new(Cause::PermissionMissing, message, Action::Reauthorise)
    }

    /// Work waits because no account is chosen for sales.
    #[must_use]
    pub fn sales_not_mapped() -> Self {
        let message = "It waits because no Xero account is chosen for sales. Choose one and it is sent.";
        Self::new(Cause::SalesNotMapped, message, Action::MapAccounts)
    }

    /// The mapped account cannot be posted to any more.
    #[must_use]
    pub fn account_unusable(name: Option<&str>, what: &str) -> Self {
        let which = name.map_or_else(
            || format!("The Xero account chosen for {what}"),
            |name| format!("The Xero account \u{201c}{name}\u{201d}"),
        );
        let message = format!(
            "{which} is archived or deleted. Choose another in the mapping, or restore it in Xero, then retry."
        );
        Self::new(Cause::AccountArchived, message, Action::MapAccounts).about(name.unwrap_or(what))
    }

    /// The category has no account, so its expenses are not sent.
    #[must_use]
    pub fn category_not_mapped(category: &str) -> Self {
        let message = format!(
            "It was skipped because no Xero account is chosen for the category \u{201c}{category}\u{201d}. \
             Choose one and retry, and it is sent."
        );
        Self::new(Cause::CategoryNotMapped, message, Action::MapAccounts).about(category)
    }

    /// It was edited and was never in Xero: editing alone sends nothing.
    #[must_use]
    pub fn not_sent_yet() -> Self {
        let message = "It is not in Xero. It goes to Xero when you send it.";
        Self::new(Cause::NotSentYet, message, Action::SendInSessional)
    }

    /// The bank account is in another currency than the expense.
    #[must_use]
    pub fn bank_currency(account: &str, theirs: &str, ours: &str) -> Self {
        let message = format!(
            "The bank account \u{201c}{account}\u{201d} is in {theirs}, and this expense is in {ours}. \
             Choose bills for expenses, or another bank account, then retry."
        );
        Self::new(Cause::BankCurrency, message, Action::MapAccounts).about(account)
    }

    /// A paid document cannot be voided.
    #[must_use]
    pub fn paid_cannot_be_removed(subject: &str) -> Self {
        let message = format!(
            "{subject} is paid, partly paid or credited in Xero, so it cannot be voided. Remove the payment or the \
             credit in Xero, then retry."
        );
        Self::new(Cause::Paid, message, Action::OpenXero)
    }

    /// A paid document cannot be changed.
    #[must_use]
    pub fn paid_cannot_be_changed(subject: &str, in_part: bool, kept: &[&str]) -> Self {
        let how = if in_part { "partly paid" } else { "paid" };
        let kept = kept.join(", ");
        let message = format!(
            "{subject} is {how} in Xero, which does not change what is paid: {kept} stayed as before. \
             If that has to change, remove the payment in Xero, then retry."
        );
        Self::new(Cause::Paid, message, Action::OpenXero)
    }

    /// An invoice over nothing counts as paid at once, and takes no change.
    #[must_use]
    pub fn paid_at_once(subject: &str) -> Self {
        let message = format!(
            "{subject} was over 0.00, which counts as paid in Xero at once, and Xero does not change it any more. \
             Void it in Sessional and make a new one under another number."
        );
        Self::new(Cause::FixedInXero, message, Action::Void)
    }

    /// Xero would make it another total than Sessional shows.
    #[must_use]
    pub fn total_differs(subject: &str, currency: &str, shown: Decimal, computed: Decimal, reason: &str) -> Self {
        let message = format!(
            "{subject} was not sent: Sessional shows {currency} {shown:.2} and Xero would make it {currency} \
             {computed:.2}. {reason} Correct it in Sessional, or send it as Xero computes it."
        );
        Self::new(Cause::TotalDiffers, message, Action::AcceptTotal)
    }

    /// It comes to less than nothing.
    #[must_use]
    pub fn below_zero(subject: &str, currency: &str, total: Decimal) -> Self {
        let message = format!(
            "{subject} was not sent: it comes to {currency} {total:.2}, less than zero. A refund is a credit note, which \
             is not synced: make it in Xero."
        );
        Self::new(Cause::AmountInvalid, message, Action::OpenXero)
    }

    /// A line is larger than a line may be in Xero.
    #[must_use]
    pub fn line_too_large(subject: &str, line: usize) -> Self {
        let message = format!(
            "{subject} was not sent. Line {line} comes to more than 9,999,999,999.99, the most that Xero takes. \
             Correct it in Sessional, and send it again."
        );
        Self::new(Cause::AmountInvalid, message, Action::EditDocument)
    }

    /// A document with tax does not become one without in Xero.
    #[must_use]
    pub fn basis_fixed(subject: &str) -> Self {
        let message = format!(
            "{subject} has VAT in Xero and none in Sessional, and Xero does not change that any more. \
             Void it in Sessional and make a new one under another number."
        );
        Self::new(Cause::FixedInXero, message, Action::Void)
    }

    /// The currency of an approved document stays.
    #[must_use]
    pub fn currency_fixed(subject: &str, theirs: &str) -> Self {
        let message = format!(
            "{subject} is in {theirs} in Xero, and Xero does not change the currency of what is approved. \
             Void it in Sessional and make a new one under another number."
        );
        Self::new(Cause::FixedInXero, message, Action::Void).about(theirs)
    }

    /// Somebody voided or deleted it in Xero.
    #[must_use]
    pub fn voided_in_xero(subject: &str) -> Self {
        let message = format!(
            "{subject} was voided or deleted in Xero, and stays so. Void it in Sessional too; if it is still owed, \
             make a new one under another number."
        );
        Self::new(Cause::VoidedInXero, message, Action::Void)
    }

    /// Xero does not show a document that it has shown before.
    #[must_use]
    pub fn missing_in_xero(subject: &str) -> Self {
        let message = format!(
            "{subject} was in Xero and cannot be found there at this moment, so nothing was done to it. Retry later; \
             if it stays so, contact support."
        );
        Self::new(Cause::MissingInXero, message, Action::Retry)
    }

    /// The organisation has no tax rate of this percentage that fits the account.
    #[must_use]
    pub fn no_tax_rate(percent: &str, account: &str) -> Self {
        let message = format!(
            "The Xero organisation has no active tax rate of {percent}% that may be used with the account \u{201c}{account}\u{201d}. \
             Choose another account in the mapping, or ask whoever keeps the books to add the rate in Xero, then retry."
        );
        Self::new(Cause::TaxRateMissing, message, Action::MapAccounts).about(format!("{percent}%"))
    }

    /// A document with this number exists and is not provably ours.
    #[must_use]
    pub fn number_clash(number: &str, link: Option<&str>) -> Self {
        let link = link.map(|link| format!(" ({link})")).unwrap_or_default();
        let message = format!(
            "Xero already has an invoice {number} that Sessional did not make{link}. Nothing was changed in Xero. \
             Give this invoice another number in Sessional."
        );
        Self::new(Cause::NumberClash, message, Action::ChangeNumber)
    }

    /// A document with this number exists, is not provably ours, and is the same as far as can be seen.
    #[must_use]
    pub fn in_xero_already(number: &str, link: Option<&str>, document: InvoiceId) -> Self {
        let link = link.map(|link| format!(" ({link})")).unwrap_or_default();
        let message = format!(
            "Xero already has an invoice {number} that Sessional did not make{link}, for the same client, date and total. \
             Nothing was changed in Xero. If it is this one, take it over; otherwise give this invoice another number in \
             Sessional."
        );
        Self { adoptable: Some(document), ..Self::new(Cause::InXeroAlready, message, Action::Adopt) }
    }

    /// The document that was to be taken over is not the same as ours, in these respects.
    #[must_use]
    pub fn not_the_same(number: &str, differences: &[&str]) -> Self {
        let differences = differences.join(", another ");
        let message = format!(
            "Invoice {number} was not taken over: the one in Xero has another {differences}. Nothing was changed in Xero. \
             Put it right there and retry, or give this invoice another number in Sessional."
        );
        Self::new(Cause::NumberClash, message, Action::ChangeNumber)
    }

    /// The number belongs to an invoice that is voided in Xero.
    #[must_use]
    pub fn number_voided(number: &str) -> Self {
        let message = format!(
            "Xero keeps the number of a voided invoice, and {number} is one of those: use another. \
             Give this invoice another number in Sessional."
        );
        Self::new(Cause::NumberVoided, message, Action::ChangeNumber)
    }

    /// The number belongs to another invoice of the same account.
    #[must_use]
    pub fn number_of_another(number: &str) -> Self {
        let message = format!(
            "Another invoice of yours has the number {number} in Xero already. \
             Give one of them another number in Sessional."
        );
        Self::new(Cause::NumberOfAnother, message, Action::ChangeNumber)
    }

    /// The number belongs to another invoice of the same account that is about to get another, or to go.
    #[must_use]
    pub fn waits_for_number(number: &str) -> Self {
        let message = format!(
            "It waits for the number {number}, which another invoice of yours still has in Xero and is about to give \
             up. It goes on by itself."
        );
        Self::new(Cause::WaitsItsTurn, message, Action::Wait)
    }

    /// No answer after several tries.
    #[must_use]
    pub fn no_answer() -> Self {
        let message = "Xero did not answer after several tries. Retry later; what may have arrived is looked up first.";
        Self::new(Cause::NoAnswer, message, Action::Retry)
    }

    /// It waits because Xero's answer was lost.
    #[must_use]
    pub fn answer_lost() -> Self {
        let message =
            "Xero's answer was lost. It is looked for in Xero before anything is sent again; nothing is to be done.";
        Self::new(Cause::AnswerLost, message, Action::Wait)
    }

    /// It waits because Xero could not be reached.
    #[must_use]
    pub fn not_reached() -> Self {
        let message = "Xero could not be reached. It is sent by itself when Xero answers; nothing is to be done.";
        Self::new(Cause::XeroUnavailable, message, Action::Wait)
    }

    /// It waits behind other work.
    #[must_use]
    pub fn waits_its_turn() -> Self {
        let message = "It waits behind other work of the account and goes on by itself; nothing is to be done.";
        Self::new(Cause::WaitsItsTurn, message, Action::Wait)
    }

    /// Two documents in Xero carry the mark of one of ours.
    #[must_use]
    pub fn marked_twice(subject: &str) -> Self {
        let message = format!(
            "{subject} is in Xero twice: two documents there carry its mark. Nothing was changed. Void or delete the one \
             that should not be there in Xero, then retry."
        );
        Self::new(Cause::ChangedInXero, message, Action::OpenXero)
    }

    /// The contact is archived in Xero.
    #[must_use]
    pub fn contact_archived(name: &str) -> Self {
        let message = format!(
            "The contact \u{201c}{name}\u{201d} is archived in Xero. Restore it in Xero (Contacts, Archived), then retry."
        );
        Self::new(Cause::ContactArchived, message, Action::OpenXero).about(name)
    }

    /// What a refusal by Xero means for the user; `subject` names the document, such as "Invoice SES-1".
    #[must_use]
    pub fn refused(sentences: &[String], subject: &str) -> Self {
        let judged = sentences.iter().map(|sentence| (Refusal::of(sentence), sentence));
        let known = judged.into_iter().find(|(refusal, _)| *refusal != Refusal::Other);
        let Some((refusal, sentence)) = known else { return Self::of_refusal(Refusal::Other, subject) };
        Self { about: named_in(refusal, sentence), ..Self::of_refusal(refusal, subject) }
    }

    fn of_refusal(refusal: Refusal, subject: &str) -> Self {
        let (cause, message, action) = match refusal {
            Refusal::NumberNotUnique => (
                Cause::NumberClash,
                "has a number that Xero already uses. Give it another number in Sessional.",
                Action::ChangeNumber,
            ),
            Refusal::ContactNumberTaken | Refusal::ContactNameTaken => (
                Cause::ContactNameTaken,
                "needs a contact whose name another contact in Xero has. Rename one of them, then retry.",
                Action::OpenXero,
            ),
            Refusal::ContactArchived => (
                Cause::ContactArchived,
                "is for a contact that is archived in Xero. Restore the contact in Xero, then retry.",
                Action::OpenXero,
            ),
            Refusal::AccountArchived => (
                Cause::AccountArchived,
                "uses a Xero account that is archived or deleted. Choose another in the mapping, then retry.",
                Action::MapAccounts,
            ),
            Refusal::AccountInvalid => (
                Cause::AccountInvalid,
                "uses a Xero account that cannot be used for it. Choose another in the mapping, then retry.",
                Action::MapAccounts,
            ),
            Refusal::TaxTypeInvalid => (
                Cause::TaxInvalid,
                "has a tax rate that Xero does not allow with the mapped account. Choose another account in the mapping, then retry.",
                Action::MapAccounts,
            ),
            Refusal::PeriodLocked => (
                Cause::PeriodLocked,
                "is dated in a period that is locked in Xero. Ask whoever keeps the books to move the lock date, then retry, or change the date in Sessional.",
                Action::OpenXero,
            ),
            Refusal::CurrencyNotSubscribed => (
                Cause::CurrencyMissing,
                "is in a currency that the Xero organisation does not have. Add the currency in Xero, then retry.",
                Action::OpenXero,
            ),
            Refusal::DocumentStateDiffers => (
                Cause::ChangedInXero,
                "was changed in Xero, so this could not be done to it. Open it in Xero, put it right there, then retry.",
                Action::OpenXero,
            ),
            Refusal::ApprovalLimit => (
                Cause::PlanLimit,
                "could not be approved because the Xero plan allows no more this month. Upgrade the plan in Xero, or retry next month.",
                Action::OpenXero,
            ),
            Refusal::Reconciled => (
                Cause::Reconciled,
                "is reconciled with the bank in Xero and cannot be changed from here. Undo the reconciliation in Xero, then retry.",
                Action::OpenXero,
            ),
            Refusal::ExceedsOutstanding => (
                Cause::AlreadyPaid,
                "is already paid in Xero. Remove that payment in Xero if it is wrong, then retry.",
                Action::OpenXero,
            ),
            Refusal::EmailInvalid => (
                Cause::EmailInvalid,
                "is for an organisation whose e-mail address Xero does not accept. Correct the address in Sessional and save the document again.",
                Action::EditOrganisation,
            ),
            Refusal::IdempotencyKey | Refusal::Other => (
                Cause::Refused,
                "was refused by Xero. Retry; if it is refused again, contact support and name this document.",
                Action::ContactSupport,
            ),
        };
        Self::new(cause, format!("{subject} {message}"), action)
    }
}

/// What Xero's sentence says that the cause lies with: a quoted code, or a currency at its end.
fn named_in(refusal: Refusal, sentence: &str) -> Option<String> {
    let named = match refusal {
        Refusal::AccountArchived | Refusal::AccountInvalid | Refusal::TaxTypeInvalid => sentence.split('\'').nth(1),
        Refusal::CurrencyNotSubscribed => sentence.rsplit(' ').next().filter(|word| word.len() == 3),
        Refusal::NumberNotUnique
        | Refusal::ContactNumberTaken
        | Refusal::ContactNameTaken
        | Refusal::ContactArchived
        | Refusal::PeriodLocked
        | Refusal::DocumentStateDiffers
        | Refusal::ApprovalLimit
        | Refusal::Reconciled
        | Refusal::IdempotencyKey
        | Refusal::ExceedsOutstanding
        | Refusal::EmailInvalid
        | Refusal::Other => None,
    };
    named.filter(|name| !name.is_empty()).map(str::to_owned)
}

/// What happens after a call to Xero that gave no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The tenant cools down; nothing was judged and no attempt is counted.
    Wait(Pause),
    /// The consent lacks a permission: what needs it stops, and nothing else.
    ScopeMissing,
    /// Nobody knows whether it arrived; look it up on the next try.
    Retry,
    /// The grant or the organisation is lost: hold work and tell the user.
    Lost(crate::connection::ErrorReason),
    /// The request itself is refused as a whole; the sentences are with the error.
    Refused,
    /// Our own fault: alarm, and nothing blamed on the user.
    Operator,
}

/// Sorts an error of Xero's API.
#[must_use]
pub fn next(error: &Error) -> Next {
    use crate::connection::ErrorReason;
    match error {
        Error::RateLimited { retry_after, .. } => {
            Next::Wait(Pause::asked(Cause::RequestLimit, *retry_after, CONCURRENT_WAIT))
        }
        Error::Offline { .. } => Next::Wait(Pause::asked(Cause::OrganisationOffline, None, OFFLINE_WAIT)),
        Error::Server { status: 503, .. } => Next::Wait(Pause::asked(Cause::XeroUnavailable, None, UNAVAILABLE_WAIT)),
        Error::Server { .. } | Error::Timeout { .. } | Error::Transport { .. } | Error::Malformed { .. } => Next::Retry,
        // The first call with this key is still under way.
        Error::IdempotencyConflict { .. } | Error::BadRequest { status: 408 | 409, .. } => Next::Retry,
        Error::Unauthorized { reason, .. } => match reason {
            UnauthorizedReason::TokenExpired | UnauthorizedReason::TokenRejected => {
                Next::Lost(ErrorReason::GrantRevoked)
            }
            UnauthorizedReason::ScopeMissing => Next::ScopeMissing,
        },
        Error::Forbidden { .. } => Next::Lost(ErrorReason::OrganisationGone),
        // What is in the request may be what is refused: whoever sent it finds out. That something is not there is an
        // answer about it alone, and no reason to stop anything else.
        Error::Validation { .. } | Error::NotFound { .. } | Error::BadRequest { status: 400, .. } => Next::Refused,
        Error::BadRequest { .. } => Next::Operator,
    }
}

#[cfg(test)]
mod tests;
