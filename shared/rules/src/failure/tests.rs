//! Every sentence of Xero's that is known, and what a freelancer is told instead. The fragments are the catalogue of
//! what Xero has been seen to say; each row has the cause, the button, and the whole message.

use super::*;

/// What Xero says, the cause, what the user can do, and what the user reads.
const CATALOGUE: &[(&str, Cause, Action, &str)] = &[
    (
        "Invoice # must be unique.",
        Cause::NumberClash,
        Action::ChangeNumber,
        "Invoice SES-1 has a number that Xero already uses. Give it another number in Sessional.",
    ),
    (
        "The contact name Harbour Sound Ltd is already assigned to another contact. The contact name must be unique across all active contacts.",
        Cause::ContactNameTaken,
        Action::OpenXero,
        "Invoice SES-1 needs a contact whose name another contact in Xero has. Rename one of them, then retry.",
    ),
    (
        "The specified contact details matched an archived contact. Archived contacts cannot currently be edited via the API.",
        Cause::ContactArchived,
        Action::OpenXero,
        "Invoice SES-1 is for a contact that is archived in Xero. Restore the contact in Xero, then retry.",
    ),
    (
        "Account code '421' has been archived, or has been deleted. Each line item must reference a valid account.",
        Cause::AccountArchived,
        Action::MapAccounts,
        "Invoice SES-1 uses a Xero account that is archived or deleted. Choose another in the mapping, then retry.",
    ),
    (
        "Account code '610' is not a valid code for this document.",
        Cause::AccountInvalid,
        Action::MapAccounts,
        "Invoice SES-1 uses a Xero account that cannot be used for it. Choose another in the mapping, then retry.",
    ),
    (
        "The TaxType code 'INPUT2' cannot be used with account code '200'.",
        Cause::TaxInvalid,
        Action::MapAccounts,
        "Invoice SES-1 has a tax rate that Xero does not allow with the mapped account. Choose another account in the mapping, then retry.",
    ),
    (
        "The document date cannot be before the period lock date, currently set at 30/09/2026",
        Cause::PeriodLocked,
        Action::OpenXero,
        "Invoice SES-1 is dated in a period that is locked in Xero. Ask whoever keeps the books to move the lock date, then retry, or change the date in Sessional.",
    ),
    (
        "Organisation is not subscribed to currency EUR",
        Cause::CurrencyMissing,
        Action::OpenXero,
        "Invoice SES-1 is in a currency that the Xero organisation does not have. Add the currency in Xero, then retry.",
    ),
    (
        "Invoice not of valid status for modification",
        Cause::ChangedInXero,
        Action::OpenXero,
        "Invoice SES-1 was changed in Xero, so this could not be done to it. Open it in Xero, put it right there, then retry.",
    ),
    (
        "The status VOIDED cannot be applied to the invoice because it has payments or credit notes allocated to it.",
        Cause::ChangedInXero,
        Action::OpenXero,
        "Invoice SES-1 was changed in Xero, so this could not be done to it. Open it in Xero, put it right there, then retry.",
    ),
    (
        "This document cannot be edited as it has a payment or credit note allocated to it.",
        Cause::ChangedInXero,
        Action::OpenXero,
        "Invoice SES-1 was changed in Xero, so this could not be done to it. Open it in Xero, put it right there, then retry.",
    ),
    (
        "You have reached the limit of invoices you can approve",
        Cause::PlanLimit,
        Action::OpenXero,
        "Invoice SES-1 could not be approved because the Xero plan allows no more this month. Upgrade the plan in Xero, or retry next month.",
    ),
    (
        "This Bank Transaction cannot be edited as it has been reconciled with a Bank Statement.",
        Cause::Reconciled,
        Action::OpenXero,
        "Invoice SES-1 is reconciled with the bank in Xero and cannot be changed from here. Undo the reconciliation in Xero, then retry.",
    ),
    (
        "Idempotency Key: abc is used with a different request.",
        Cause::Refused,
        Action::ContactSupport,
        "Invoice SES-1 was refused by Xero. Retry; if it is refused again, contact support and name this document.",
    ),
    (
        "Please enter a unique Name.",
        Cause::Refused,
        Action::ContactSupport,
        "Invoice SES-1 was refused by Xero. Retry; if it is refused again, contact support and name this document.",
    ),
    (
        "Payment amount exceeds the amount outstanding on this document",
        Cause::AlreadyPaid,
        Action::OpenXero,
        "Invoice SES-1 is already paid in Xero. Remove that payment in Xero if it is wrong, then retry.",
    ),
    (
        "Email address must be valid.",
        Cause::EmailInvalid,
        Action::EditOrganisation,
        "Invoice SES-1 is for an organisation whose e-mail address Xero does not accept. Correct the address in Sessional and save the document again.",
    ),
];

/// Words of programmers, which tell a freelancer nothing.
const JARGON: &[&str] = &[
    "API",
    "JSON",
    "HTTP",
    "TaxType",
    "ACCREC",
    "ACCPAY",
    "status",
    "validation",
    "idempot",
    "tenant",
    "payload",
    "null",
];

#[test]
fn everything_that_xero_is_known_to_say_has_its_message_and_its_button() {
    for (sentence, cause, action, message) in CATALOGUE {
        let shown = Failure::refused(&[(*sentence).to_owned()], "Invoice SES-1");
        assert_eq!((shown.cause, shown.action, shown.message.as_str()), (*cause, *action, *message), "{sentence}");
    }
}

/// Every failure that can be shown, with the sentences that groups are shown with.
fn everything() -> Vec<String> {
    let found_before = [
        Failure::connection_lost(),
        Failure::sales_not_mapped(),
        Failure::account_unusable(Some("Sales"), "sales"),
        Failure::account_unusable(None, "fuel"),
        Failure::category_not_mapped("fuel"),
        Failure::bank_currency("Euro account", "EUR", "GBP"),
        Failure::paid_cannot_be_removed("Invoice SES-1"),
        Failure::paid_cannot_be_changed("Invoice SES-1", true, &["number", "lines and total"]),
        Failure::paid_at_once("Invoice SES-1"),
        Failure::total_differs("Invoice SES-1", "GBP", 99900.into(), 24000.into(), "Its lines do not add up to it."),
        Failure::basis_fixed("Invoice SES-1"),
        Failure::currency_fixed("Invoice SES-1", "EUR"),
        Failure::voided_in_xero("Invoice SES-1"),
        Failure::missing_in_xero("Invoice SES-1"),
        Failure::number_voided("SES-1"),
        Failure::number_of_another("SES-1"),
        Failure::no_tax_rate("20", "Sales"),
        Failure::number_clash("SES-1", None),
        Failure::in_xero_already("SES-1", Some("https://go.xero.com/1"), xero::InvoiceId::from_uuid(uuid::Uuid::nil())),
        Failure::not_the_same("SES-1", &["client", "date", "currency", "total"]),
        Failure::no_answer(),
        Failure::contact_archived("Harbour Sound Ltd"),
    ];
    let refused = CATALOGUE.iter().map(|(sentence, ..)| Failure::refused(&[(*sentence).to_owned()], "Invoice SES-1"));
    let all: Vec<Failure> = found_before.into_iter().chain(refused).collect();
    all.iter().flat_map(|failure| [failure.message.clone(), summary(failure, 1), summary(failure, 12)]).collect()
}

#[test]
fn every_message_is_plain_english_in_whole_sentences() {
    for message in everything() {
        assert!(JARGON.iter().all(|word| !message.contains(word)), "{message}");
        assert!(
            message.ends_with('.') && message.chars().next().is_some_and(char::is_uppercase)
                || message.starts_with('1'),
            "{message}"
        );
        assert!(message.split_whitespace().count() <= 45, "{message}");
    }
}

#[test]
fn what_the_cause_lies_with_is_read_from_the_sentence() {
    let about = |sentence: &str| Failure::refused(&[sentence.to_owned()], "Invoice SES-1").about;
    assert_eq!(about("Account code '421' has been archived, or has been deleted.").as_deref(), Some("421"));
    assert_eq!(about("Organisation is not subscribed to currency EUR").as_deref(), Some("EUR"));
    assert_eq!(about("Invoice # must be unique."), None);
}
