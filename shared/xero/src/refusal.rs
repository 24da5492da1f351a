//! What a validation sentence of Xero means.
//!
//! Xero has no error codes for these, only English. The sentences change; the fragments below have
//! been stable. Nothing may depend on this alone: `Other` is always possible.

/// The meaning of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    /// The invoice number is taken: look it up, and adopt the document only if it is ours.
    NumberNotUnique,
    /// An active contact has this name already: look it up.
    ContactNameTaken,
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

/// In the order of trial: what is more specific, or quotes less of the user's own text, comes first.
const FRAGMENTS: &[(Refusal, &[&str])] = &[
    (Refusal::IdempotencyKey, &["idempotency key"]),
    (
        Refusal::ContactNameTaken,
        &["already assigned to another contact", "enter a unique name"],
    ),
    (
        Refusal::NumberNotUnique,
        &["invoice # must be unique", "must be unique"],
    ),
    (
        Refusal::ContactArchived,
        &["archived contact", "'archived' is not valid for contact"],
    ),
    (
        Refusal::AccountArchived,
        &["has been archived, or has been deleted"],
    ),
    (
        Refusal::AccountInvalid,
        &[
            "not a valid code for this document",
            "account must be valid",
            "account code must be specified",
        ],
    ),
    (Refusal::TaxTypeInvalid, &["taxtype code"]),
    (Refusal::PeriodLocked, &["lock date"]),
    (
        Refusal::CurrencyNotSubscribed,
        &["not subscribed to currency"],
    ),
    (Refusal::Reconciled, &["reconciled"]),
    (
        Refusal::DocumentStateDiffers,
        &[
            "valid status for modification",
            "cannot be applied to the invoice",
            "cannot be edited",
        ],
    ),
    (Refusal::ApprovalLimit, &["reached the limit of"]),
    (
        Refusal::ExceedsOutstanding,
        &["exceeds the amount outstanding"],
    ),
    (Refusal::EmailInvalid, &["email address must be valid"]),
];

/// What this sentence means.
pub fn classify(sentence: &str) -> Refusal {
    let sentence = sentence.to_lowercase();
    FRAGMENTS
        .iter()
        .find(|(_, fragments)| fragments.iter().any(|fragment| sentence.contains(fragment)))
        .map_or(Refusal::Other, |(refusal, _)| *refusal)
}

impl Refusal {
    /// The same as [`classify`].
    pub fn of(sentence: &str) -> Self {
        classify(sentence)
    }
}
