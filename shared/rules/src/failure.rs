//! What an error means and what happens next. Xero's refusals become sentences for a freelancer: what
//! happened, to which document, who can fix it and how. Xero's own words are never shown raw.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use xero::refusal::Refusal;
use xero::{Error, UnauthorizedReason};

/// Wait after a limit that comes without `Retry-After` (the concurrent one): Xero frees it within a call.
pub const CONCURRENT_WAIT: Duration = Duration::from_secs(3);
/// Wait while Xero says that the organisation is offline.
pub const OFFLINE_WAIT: Duration = Duration::from_secs(300);
/// First wait after an error without an answer; doubled with every try.
pub const RETRY_WAIT: Duration = Duration::from_secs(5);
/// Tries without an answer after which a record is failed and its message parked.
pub const MAX_ATTEMPTS: u32 = 5;

/// Why a record waits or failed, as the user sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable word for the cause; records with the same cause are shown together.
    pub cause: String,
    /// What happened and how it can be mended, in plain English.
    pub message: String,
    /// What the user can do: a stable word for the app's button.
    pub action: String,
}

impl Failure {
    /// Makes one.
    #[must_use]
    pub fn new(cause: &str, message: impl Into<String>, action: &str) -> Self {
        Self { cause: cause.to_owned(), message: message.into(), action: action.to_owned() }
    }

    /// Work waits because the connection is in error.
    #[must_use]
    pub fn connection_lost() -> Self {
        let message = "It waits because Xero no longer accepts Sessional's access. Authorise it again and it is sent.";
        Self::new("connection_error", message, "reauthorise")
    }

    /// Work waits because no account is chosen for sales.
    #[must_use]
    pub fn sales_not_mapped() -> Self {
        let message = "It waits because no Xero account is chosen for sales. Choose one and it is sent.";
        Self::new("sales_not_mapped", message, "map_accounts")
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
        Self::new("account_archived", message, "map_accounts")
    }

    /// The category has no account, so its expenses are not sent.
    #[must_use]
    pub fn category_not_mapped(category: &str) -> Self {
        let message = format!(
            "It was skipped because no Xero account is chosen for the category \u{201c}{category}\u{201d}. \
             Choose one and retry, and it is sent."
        );
        Self::new("category_not_mapped", message, "map_accounts")
    }

    /// The bank account is in another currency than the expense.
    #[must_use]
    pub fn bank_currency(account: &str, theirs: &str, ours: &str) -> Self {
        let message = format!(
            "The bank account \u{201c}{account}\u{201d} is in {theirs}, and this expense is in {ours}. \
             Choose bills for expenses, or another bank account, then retry."
        );
        Self::new("bank_currency", message, "map_accounts")
    }

    /// A paid document cannot be voided.
    #[must_use]
    pub fn paid_cannot_be_removed(subject: &str) -> Self {
        let message = format!(
            "{subject} is paid or partly paid in Xero, so it cannot be voided. Remove the payment in Xero, or make a \
             credit note there, then retry."
        );
        Self::new("paid", message, "open_xero")
    }

    /// A paid document cannot be changed.
    #[must_use]
    pub fn paid_cannot_be_changed(subject: &str) -> Self {
        let message = format!(
            "{subject} was changed in Sessional after it was paid in Xero, and Xero keeps what was paid. \
             Correct it in Xero if it has to be."
        );
        Self::new("paid", message, "open_xero")
    }

    /// The organisation has no tax rate of this percentage that fits the account.
    #[must_use]
    pub fn no_tax_rate(percent: &str, account: &str) -> Self {
        let message = format!(
            "The Xero organisation has no active tax rate of {percent}% that may be used with the account \u{201c}{account}\u{201d}. \
             Choose another account in the mapping, or ask whoever keeps the books to add the rate in Xero, then retry."
        );
        Self::new("tax_rate_missing", message, "map_accounts")
    }

    /// A document with this number exists and is not provably ours.
    #[must_use]
    pub fn number_clash(number: &str) -> Self {
        let message = format!(
            "Xero already has an invoice {number} that Sessional did not make. Nothing was changed in Xero. \
             Give this invoice another number in Sessional, or remove the other one in Xero, then retry."
        );
        Self::new("number_clash", message, "change_number")
    }

    /// No answer after several tries.
    #[must_use]
    pub fn no_answer() -> Self {
        let message = "Xero did not answer after several tries. Retry later; what may have arrived is looked up first.";
        Self::new("no_answer", message, "retry")
    }

    /// The contact is archived in Xero.
    #[must_use]
    pub fn contact_archived(name: &str) -> Self {
        let message = format!(
            "The contact \u{201c}{name}\u{201d} is archived in Xero. Restore it in Xero (Contacts, Archived), then retry."
        );
        Self::new("contact_archived", message, "open_xero")
    }

    /// What a refusal by Xero means for the user; `subject` names the document, such as "Invoice SES-1".
    #[must_use]
    pub fn refused(sentences: &[String], subject: &str) -> Self {
        let refusal = sentences.iter().map(|sentence| Refusal::of(sentence)).find(|refusal| *refusal != Refusal::Other);
        Self::of_refusal(refusal.unwrap_or(Refusal::Other), subject)
    }

    fn of_refusal(refusal: Refusal, subject: &str) -> Self {
        let (cause, message, action) = match refusal {
            Refusal::NumberNotUnique => (
                "number_clash",
                "has a number that Xero already uses. Give it another number, then retry.",
                "change_number",
            ),
            Refusal::ContactNameTaken => (
                "contact_name_taken",
                "needs a contact whose name another contact in Xero has. Rename one of them, then retry.",
                "open_xero",
            ),
            Refusal::ContactArchived => (
                "contact_archived",
                "is for a contact that is archived in Xero. Restore the contact in Xero, then retry.",
                "open_xero",
            ),
            Refusal::AccountArchived => (
                "account_archived",
                "uses a Xero account that is archived or deleted. Choose another in the mapping, then retry.",
                "map_accounts",
            ),
            Refusal::AccountInvalid => (
                "account_invalid",
                "uses a Xero account that cannot be used for it. Choose another in the mapping, then retry.",
                "map_accounts",
            ),
            Refusal::TaxTypeInvalid => (
                "tax_invalid",
                "has a tax rate that Xero does not allow with the mapped account. Choose another account in the mapping, then retry.",
                "map_accounts",
            ),
            Refusal::PeriodLocked => (
                "period_locked",
                "is dated in a period that is locked in Xero. Ask whoever keeps the books to move the lock date, or change the date, then retry.",
                "open_xero",
            ),
            Refusal::CurrencyNotSubscribed => (
                "currency_missing",
                "is in a currency that the Xero organisation does not have. Add the currency in Xero, then retry.",
                "open_xero",
            ),
            Refusal::DocumentStateDiffers => (
                "changed_in_xero",
                "was changed in Xero, so this could not be done to it. Open it in Xero.",
                "open_xero",
            ),
            Refusal::ApprovalLimit => (
                "plan_limit",
                "could not be approved because the Xero plan allows no more this month. Upgrade the plan in Xero, or retry next month.",
                "open_xero",
            ),
            Refusal::Reconciled => (
                "reconciled",
                "is reconciled with the bank in Xero and cannot be changed from here. Open it in Xero.",
                "open_xero",
            ),
            Refusal::ExceedsOutstanding => ("already_paid", "is already paid in Xero. Open it in Xero.", "open_xero"),
            Refusal::EmailInvalid => (
                "email_invalid",
                "is for an organisation whose e-mail address Xero does not accept. Correct the address in Sessional, then retry.",
                "edit_organisation",
            ),
            Refusal::IdempotencyKey | Refusal::Other => (
                "refused",
                "was refused by Xero. Retry; if it is refused again, contact support and name this document.",
                "contact_support",
            ),
        };
        Self::new(cause, format!("{subject} {message}"), action)
    }
}

/// What happens after a call to Xero that gave no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The tenant cools down; nothing was judged and no attempt is counted.
    Wait(Duration),
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
        Error::RateLimited { retry_after, .. } => Next::Wait(retry_after.unwrap_or(CONCURRENT_WAIT)),
        Error::Offline { .. } => Next::Wait(OFFLINE_WAIT),
        Error::Server { .. } | Error::Timeout { .. } | Error::Transport { .. } | Error::Malformed { .. } => Next::Retry,
        Error::IdempotencyConflict { .. } => Next::Retry,
        Error::Unauthorized { reason, .. } => match reason {
            UnauthorizedReason::TokenExpired | UnauthorizedReason::TokenRejected => {
                Next::Lost(ErrorReason::GrantRevoked)
            }
            UnauthorizedReason::ScopeMissing => Next::Lost(ErrorReason::PermissionMissing),
        },
        Error::Forbidden { .. } => Next::Lost(ErrorReason::OrganisationGone),
        Error::Validation { .. } => Next::Refused,
        Error::NotFound { .. } | Error::BadRequest { .. } => Next::Operator,
    }
}
