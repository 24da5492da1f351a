//! What a validation sentence of Xero means.
//!
//! Xero has no error codes for these, only English. The sentences change; the fragments below have
//! been stable: a meaning is taken where all of its fragments occur. Nothing may depend on this alone: `Other` is always possible.

/// The meaning of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    /// The invoice number is taken: look it up, and adopt the document only if it is ours.
    NumberNotUnique,
    /// An active contact has this name already: look it up.
    ContactNameTaken,
    /// Another contact has this number of ours already: look it up.
    ContactNumberTaken,
    /// The contact is archived.
    ContactArchived,
    /// The account is archived or deleted.
    AccountArchived,
    /// The account does not exist or does not fit this kind of document.
    AccountInvalid,
    /// The tax type does not exist or does not fit the account or document.
    TaxTypeInvalid,
    /// The document's date lies before a lock date.
    PeriodLocked,
    /// The organisation does not use this currency.
    CurrencyNotSubscribed,
    /// The document is in another state than expected: read it again.
    DocumentStateDiffers,
    /// The organisation's plan approves no more documents this month.
    ApprovalLimit,
    /// The transaction is reconciled and cannot be changed through the API.
    Reconciled,
    /// The idempotency key was used for another request: a mistake of ours.
    IdempotencyKey,
    /// The payment is larger than what is owed.
    ExceedsOutstanding,
    /// The contact's e-mail address is not acceptable.
    EmailInvalid,
    /// None of the above.
    Other,
}

/// In the order of trial: what is more specific, or may quote the user's own text, comes first.
const FRAGMENTS: &[(Refusal, &[&str])] = &[
    (Refusal::ContactNumberTaken, &["the contact number is already assigned"]),
    (Refusal::ContactNameTaken, &["already assigned to another contact"]),
    (Refusal::IdempotencyKey, &["idempotency key"]),
    (Refusal::NumberNotUnique, &["must be unique"]),
    (Refusal::AccountArchived, &["account code", "archived"]),
    (Refusal::ContactArchived, &["archived", "contact"]),
    (Refusal::AccountArchived, &["archived"]),
    (Refusal::AccountInvalid, &["not a valid code for this document"]),
    (Refusal::AccountInvalid, &["account must be valid"]),
    (Refusal::TaxTypeInvalid, &["taxtype code"]),
    (Refusal::PeriodLocked, &["lock date"]),
    (Refusal::CurrencyNotSubscribed, &["not subscribed to currency"]),
    (Refusal::Reconciled, &["reconciled"]),
    (Refusal::DocumentStateDiffers, &["valid status for modification"]),
    (Refusal::DocumentStateDiffers, &["cannot be applied to the invoice"]),
    (Refusal::DocumentStateDiffers, &["cannot be edited"]),
    (Refusal::ApprovalLimit, &["reached the limit of"]),
    (Refusal::ExceedsOutstanding, &["exceeds the amount outstanding"]),
    (Refusal::EmailInvalid, &["email address must be valid"]),
];

/// What this sentence means.
pub fn classify(sentence: &str) -> Refusal {
    let sentence = sentence.to_lowercase();
    FRAGMENTS
        .iter()
        .find(|(_, fragments)| fragments.iter().all(|fragment| sentence.contains(fragment)))
        .map_or(Refusal::Other, |(refusal, _)| *refusal)
}

impl Refusal {
    /// The same as [`classify`].
    pub fn of(sentence: &str) -> Self {
        classify(sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_seen_so_far_has_its_meaning() {
        let seen = [
            ("Invoice # must be unique.", Refusal::NumberNotUnique),
            (
                "The contact name Harbour Sound is already assigned to another contact. The contact name must be unique across all active contacts.",
                Refusal::ContactNameTaken,
            ),
            (
                "The contact number is already assigned to another contact. It must be unique.",
                Refusal::ContactNumberTaken,
            ),
            ("The contact name Idempotency Key Ltd is already assigned to another contact.", Refusal::ContactNameTaken),
            (
                "The specified contact details matched an archived contact. Archived contacts cannot currently be edited via the API.",
                Refusal::ContactArchived,
            ),
            ("The status 'ARCHIVED' is not valid for contacts", Refusal::ContactArchived),
            (
                "Account code '421' has been archived, or has been deleted. Each line item must reference a valid account.",
                Refusal::AccountArchived,
            ),
            ("Account code '610' is not a valid code for this document.", Refusal::AccountInvalid),
            ("Account must be valid.", Refusal::AccountInvalid),
            ("The TaxType code 'INPUT2' cannot be used with account code '200'.", Refusal::TaxTypeInvalid),
            (
                "The TaxType code X does not exist or cannot be used for this type of transaction.",
                Refusal::TaxTypeInvalid,
            ),
            (
                "The document date cannot be before the period lock date, currently set at 30/09/2026",
                Refusal::PeriodLocked,
            ),
            ("The document date cannot be before the end of year lock date.", Refusal::PeriodLocked),
            ("Organisation is not subscribed to currency EUR", Refusal::CurrencyNotSubscribed),
            ("Users Organisation is not subscribed to currency EUR", Refusal::CurrencyNotSubscribed),
            ("Invoice not of valid status for modification", Refusal::DocumentStateDiffers),
            (
                "The status VOIDED cannot be applied to the invoice because it has payments or credit notes allocated to it.",
                Refusal::DocumentStateDiffers,
            ),
            (
                "This document cannot be edited as it has a payment or credit note allocated to it.",
                Refusal::DocumentStateDiffers,
            ),
            ("You have reached the limit of invoices you can approve", Refusal::ApprovalLimit),
            (
                "This Bank Transaction cannot be edited as it has been reconciled with a Bank Statement.",
                Refusal::Reconciled,
            ),
            ("Idempotency Key: abc is used with a different request.", Refusal::IdempotencyKey),
            ("Payment amount exceeds the amount outstanding on this document", Refusal::ExceedsOutstanding),
            ("Email address must be valid.", Refusal::EmailInvalid),
            ("Url must be a valid absolute url", Refusal::Other),
            ("", Refusal::Other),
        ];
        for (sentence, meaning) in seen {
            assert_eq!(classify(sentence), meaning, "{sentence}");
            assert_eq!(classify(&sentence.to_uppercase()), meaning, "{sentence}");
        }
    }
}
