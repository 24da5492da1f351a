//! Why records wait or fail, as stable words: records with the same cause are shown together, with one
//! sentence and one button for all of them.

use super::Failure;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a record waits or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The connection was lost.
    ConnectionError,
    /// The account is disconnected, or lost the organisation to another account.
    NotConnected,
    /// The account has taken another organisation.
    OtherOrganisation,
    /// The consent does not cover what it needs.
    PermissionMissing,
    /// No account is chosen for sales.
    SalesNotMapped,
    /// The expense's category has no account.
    CategoryNotMapped,
    /// It was edited and was never in Xero.
    NotSentYet,
    /// It waits: Xero does not answer.
    XeroUnavailable,
    /// It waits: Xero asks to wait, or the calls of a day or a minute are used up.
    RequestLimit,
    /// It waits: the organisation is offline in Xero.
    OrganisationOffline,
    /// It waits: Xero's token endpoint gives no token.
    SignInUnavailable,
    /// It waits: our own credentials or request are refused, and an operator has to act.
    OurFault,
    /// It waits: the answer to its call was lost, and whether it arrived is looked up.
    AnswerLost,
    /// It waits behind other work of the account.
    WaitsItsTurn,
    /// The mapped account is archived or deleted in Xero.
    AccountArchived,
    /// The mapped account does not fit the document.
    AccountInvalid,
    /// The bank account is in another currency.
    BankCurrency,
    /// The organisation has no tax rate of this percentage.
    TaxRateMissing,
    /// The tax rate does not fit the account.
    TaxInvalid,
    /// The organisation does not have the currency.
    CurrencyMissing,
    /// The date lies in a locked period.
    PeriodLocked,
    /// It comes to less than zero, or to more than Xero takes.
    AmountInvalid,
    /// Another document has the number.
    NumberClash,
    /// An invoice that Sessional did not make has the number, with the same client, date and total: it can be taken over.
    InXeroAlready,
    /// An invoice that is voided in Xero has the number, and keeps it.
    NumberVoided,
    /// Another invoice of the same account has the number.
    NumberOfAnother,
    /// Xero would make it another total than Sessional shows.
    TotalDiffers,
    /// The document in Xero has a currency, or a way of taking tax, that stays as it is.
    FixedInXero,
    /// The document was voided or deleted in Xero.
    VoidedInXero,
    /// Xero does not show the document, and nobody said that it is gone.
    MissingInXero,
    /// The contact is archived in Xero.
    ContactArchived,
    /// Another contact has the name.
    ContactNameTaken,
    /// The contact's e-mail address is not accepted.
    EmailInvalid,
    /// The document is paid, and what is paid is kept.
    Paid,
    /// More would be paid than is owed.
    AlreadyPaid,
    /// The document was changed in Xero.
    ChangedInXero,
    /// The document is reconciled with the bank.
    Reconciled,
    /// The organisation's plan allows no more this month.
    PlanLimit,
    /// Xero did not answer.
    NoAnswer,
    /// Xero refused it for a reason that is not known here.
    Refused,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 36] = [
        Self::ConnectionError,
        Self::SalesNotMapped,
        Self::CategoryNotMapped,
        Self::NotSentYet,
        Self::XeroUnavailable,
        Self::RequestLimit,
        Self::OrganisationOffline,
        Self::SignInUnavailable,
        Self::OurFault,
        Self::AnswerLost,
        Self::WaitsItsTurn,
        Self::AccountArchived,
        Self::AccountInvalid,
        Self::BankCurrency,
        Self::TaxRateMissing,
        Self::TaxInvalid,
        Self::CurrencyMissing,
        Self::PeriodLocked,
        Self::NumberClash,
        Self::InXeroAlready,
        Self::NumberVoided,
        Self::NumberOfAnother,
        Self::TotalDiffers,
        Self::FixedInXero,
        Self::VoidedInXero,
        Self::MissingInXero,
        Self::ContactArchived,
        Self::ContactNameTaken,
        Self::EmailInvalid,
        Self::Paid,
        Self::AlreadyPaid,
        Self::ChangedInXero,
        Self::Reconciled,
        Self::PlanLimit,
        Self::NoAnswer,
        Self::Refused,
    ];

    /// The stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ConnectionError => "connection_error",
            Self::NotConnected => "not_connected",
            Self::OtherOrganisation => "other_organisation",
            Self::PermissionMissing => "permission_missing",
            Self::SalesNotMapped => "sales_not_mapped",
            Self::CategoryNotMapped => "category_not_mapped",
            Self::NotSentYet => "not_sent_yet",
            Self::XeroUnavailable => "xero_unavailable",
            Self::RequestLimit => "request_limit",
            Self::OrganisationOffline => "organisation_offline",
            Self::SignInUnavailable => "sign_in_unavailable",
            Self::OurFault => "our_fault",
            Self::AnswerLost => "answer_lost",
            Self::WaitsItsTurn => "waits_its_turn",
            Self::AccountArchived => "account_archived",
            Self::AccountInvalid => "account_invalid",
            Self::BankCurrency => "bank_currency",
            Self::TaxRateMissing => "tax_rate_missing",
            Self::TaxInvalid => "tax_invalid",
            Self::CurrencyMissing => "currency_missing",
            Self::PeriodLocked => "period_locked",
            Self::AmountInvalid => "amount_invalid",
            Self::NumberClash => "number_clash",
            Self::InXeroAlready => "in_xero_already",
            Self::NumberVoided => "number_voided",
            Self::NumberOfAnother => "number_of_another",
            Self::TotalDiffers => "total_differs",
            Self::FixedInXero => "fixed_in_xero",
            Self::VoidedInXero => "voided_in_xero",
            Self::MissingInXero => "missing_in_xero",
            Self::ContactArchived => "contact_archived",
            Self::ContactNameTaken => "contact_name_taken",
            Self::EmailInvalid => "email_invalid",
            Self::Paid => "paid",
            Self::AlreadyPaid => "already_paid",
            Self::ChangedInXero => "changed_in_xero",
            Self::Reconciled => "reconciled",
            Self::PlanLimit => "plan_limit",
            Self::NoAnswer => "no_answer",
            Self::Refused => "refused",
        }
    }

    /// Whether the cause lies with one thing that several documents share, such as an account or a contact.
    fn is_shared(self) -> bool {
        match self {
            Self::CategoryNotMapped
            | Self::AccountArchived
            | Self::AccountInvalid
            | Self::BankCurrency
            | Self::TaxRateMissing
            | Self::TaxInvalid
            | Self::CurrencyMissing
            | Self::ContactArchived
            | Self::ContactNameTaken => true,
            Self::ConnectionError
            | Self::NotConnected
            | Self::OtherOrganisation
            | Self::PermissionMissing
            | Self::SalesNotMapped
            | Self::NotSentYet
            | Self::XeroUnavailable
            | Self::RequestLimit
            | Self::OrganisationOffline
            | Self::SignInUnavailable
            | Self::OurFault
            | Self::AnswerLost
            | Self::WaitsItsTurn
            | Self::PeriodLocked
            | Self::AmountInvalid
            | Self::NumberClash
            | Self::InXeroAlready
            | Self::NumberVoided
            | Self::NumberOfAnother
            | Self::TotalDiffers
            | Self::FixedInXero
            | Self::VoidedInXero
            | Self::MissingInXero
            | Self::EmailInvalid
            | Self::Paid
            | Self::AlreadyPaid
            | Self::ChangedInXero
            | Self::Reconciled
            | Self::PlanLimit
            | Self::NoAnswer
            | Self::Refused => false,
        }
    }
}

/// The key of the group that a failure is shown in: its cause, with what it is about where several documents
/// share that.
#[must_use]
pub fn group(failure: &Failure) -> String {
    match &failure.about {
        Some(about) if failure.cause.is_shared() => format!("{}:{about}", failure.cause.word()),
        Some(_) | None => failure.cause.word().to_owned(),
    }
}

/// One sentence for all items of a group.
#[must_use]
pub fn summary(failure: &Failure, count: usize) -> String {
    let items = if count == 1 { "1 item waits".to_owned() } else { format!("{count} items wait") };
    let named = |what: &str| match &failure.about {
        Some(about) => format!("{what} \u{201c}{about}\u{201d}"),
        None => what.to_owned(),
    };
    match failure.cause {
        Cause::ConnectionError => format!("{items} for you to authorise Xero again."),
        Cause::NotConnected => format!("{items} for Xero to be connected again."),
        Cause::OtherOrganisation => {
            format!("{items} to be sent again from Sessional: they were for another organisation.")
        }
        Cause::PermissionMissing => format!("{items} for you to allow in Xero what they need."),
        Cause::SalesNotMapped => format!("{items} for you to choose a Xero account for sales."),
        Cause::CategoryNotMapped => {
            format!("{items} for a Xero account: none is chosen for {}.", named("the category"))
        }
        Cause::NotSentYet => format!("{items} to be sent in Sessional."),
        Cause::XeroUnavailable => format!("{items} because Xero does not answer. They go on by themselves."),
        Cause::RequestLimit => format!("{items} because Xero limits how much may be sent. They go on by themselves."),
        Cause::OrganisationOffline => {
            format!("{items} because the organisation is offline in Xero. They go on by themselves.")
        }
        Cause::SignInUnavailable => {
            format!("{items} because Xero's sign-in does not answer. They go on by themselves.")
        }
        Cause::OurFault => format!("{items} for Sessional's support, who know of it. They go on by themselves."),
        Cause::AnswerLost => format!("{items} because Xero's answer was lost. They go on by themselves."),
        Cause::WaitsItsTurn => format!("{items} behind other work. They go on by themselves."),
        Cause::AccountArchived => {
            format!("{items} for one account that is archived or deleted in Xero{}.", of(failure))
        }
        Cause::AccountInvalid => format!("{items} because a mapped account cannot be used for them{}.", of(failure)),
        Cause::BankCurrency => format!("{items} because {} is in another currency.", named("the bank account")),
        Cause::TaxRateMissing => {
            format!("{items} for a tax rate that the Xero organisation does not have{}.", of(failure))
        }
        Cause::TaxInvalid => {
            format!("{items} because Xero does not allow their tax rate with the account{}.", of(failure))
        }
        Cause::CurrencyMissing => {
            format!("{items} for a currency that the Xero organisation does not have{}.", of(failure))
        }
        Cause::PeriodLocked => format!("{items} because their dates lie in a period that is locked in Xero."),
        Cause::AmountInvalid => format!("{items} because Xero does not take their amounts."),
        Cause::NumberClash => format!("{items} because their numbers are taken in Xero."),
        Cause::InXeroAlready => format!("{items} because the same invoices are in Xero already: take them over there."),
        Cause::NumberVoided => format!("{items} for other numbers: Xero keeps those of voided invoices."),
        Cause::NumberOfAnother => format!("{items} for other numbers: other invoices of yours have them in Xero."),
        Cause::TotalDiffers => format!("{items} because Xero would make another total of them than Sessional shows."),
        Cause::FixedInXero => format!("{items} with a change that Xero does not take once a document is approved."),
        Cause::VoidedInXero => format!("{items} because the documents were voided or deleted in Xero."),
        Cause::MissingInXero => format!("{items} because Xero does not show the documents."),
        Cause::ContactArchived => format!("{items} for {}, which is archived in Xero.", named("the contact")),
        Cause::ContactNameTaken => {
            format!("{items} for {}, whose name another contact in Xero has.", named("the contact"))
        }
        Cause::EmailInvalid => format!("{items} for an e-mail address that Xero accepts."),
        Cause::Paid => format!("{items} because the documents are paid in Xero."),
        Cause::AlreadyPaid => format!("{items} because the documents are paid in Xero already."),
        Cause::ChangedInXero => format!("{items} because the documents were changed in Xero."),
        Cause::Reconciled => format!("{items} because the documents are reconciled with the bank in Xero."),
        Cause::PlanLimit => format!("{items} because the Xero plan allows no more this month."),
        Cause::NoAnswer => format!("{items} because Xero did not answer."),
        Cause::Refused => format!("{items} because Xero refused them."),
    }
}

fn of(failure: &Failure) -> String {
    failure.about.as_ref().map(|about| format!(": \u{201c}{about}\u{201d}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_one_account_is_one_group_with_one_sentence() {
        let one = Failure::account_unusable(Some("Sales"), "sales");
        let other = Failure::account_unusable(Some("Fuel"), "fuel");
        assert_eq!(group(&one), "account_archived:Sales");
        assert_ne!(group(&one), group(&other));
        assert_eq!(
            summary(&one, 12),
            "12 items wait for one account that is archived or deleted in Xero: \u{201c}Sales\u{201d}."
        );
        assert_eq!(summary(&Failure::no_answer(), 1), "1 item waits because Xero did not answer.");
    }

    #[test]
    fn the_word_of_a_cause_is_how_it_is_stored() {
        for cause in [Cause::ConnectionError, Cause::TaxRateMissing, Cause::NoAnswer] {
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.word());
        }
    }
}
