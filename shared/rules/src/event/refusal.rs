//! Why an event is refused: the field that is wrong, by a path of the contract, and what is wrong with it, as a word
//! of a closed list and as a sentence. Nothing of what the event says is repeated: it may be personal.

use crate::input::Wrong;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::ToSchema;

/// What is wrong with a field of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalDetail {
    /// The event is not JSON.
    NotJson,
    /// The event has more bytes than an event may have.
    TooLarge,
    /// The version is not one that this service reads.
    UnknownVersion,
    /// The type is none that this service reads.
    UnknownType,
    /// What the event is about is never synced.
    NeverSynced,
    /// The event is about another account than its sender's or its message group.
    ForeignAccount,
    /// The field is missing, or null.
    Missing,
    /// The field is there more than once.
    Repeated,
    /// The field is not a string, number, object or list as the contract says.
    WrongType,
    /// The field is none of the words of the contract.
    WrongWord,
    /// It is too short, too long, or of characters that it may not have.
    WrongText,
    /// It is no date or instant of the contract.
    WrongDate,
    /// It is no number of the contract.
    WrongNumber,
    /// It is no decimal of the contract.
    WrongDecimal,
    /// It is below zero, or zero where there must be something.
    TooLittle,
    /// The list has too few or too many elements.
    WrongCount,
}

/// How the sentences of a detail begin.
const BEGINNINGS: [(&str, RefusalDetail); 15] = [
    ("This is not valid JSON", RefusalDetail::NotJson),
    ("missing field", RefusalDetail::Missing),
    ("duplicate field", RefusalDetail::Repeated),
    ("This must be one of", RefusalDetail::WrongWord),
    ("This must be `", RefusalDetail::WrongWord),
    ("This cannot be read", RefusalDetail::WrongWord),
    ("This must be 1 to", RefusalDetail::WrongText),
    ("This must be at most", RefusalDetail::WrongText),
    ("an account id has", RefusalDetail::WrongText),
    ("This must be a currency", RefusalDetail::WrongText),
    ("This must be a date", RefusalDetail::WrongDate),
    ("This must be an integer between", RefusalDetail::WrongNumber),
    ("This must be a percentage", RefusalDetail::WrongDecimal),
    ("This must not be below", RefusalDetail::TooLittle),
    ("This must be more than", RefusalDetail::TooLittle),
];

/// How the sentences begin that are about the form of a decimal.
const DECIMALS: [&str; 2] = ["This must be a decimal", "This must have at most"];

/// An event that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRefusal {
    /// The field, as a path into the event; empty for the whole.
    pub field: String,
    /// What is wrong with it.
    pub detail: RefusalDetail,
    /// The same as a sentence.
    pub sentence: Cow<'static, str>,
}

impl EventRefusal {
    pub(super) fn new(field: impl Into<String>, detail: RefusalDetail, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), detail, sentence: sentence.into() }
    }

    /// It is about another account than its message group.
    #[must_use]
    pub fn foreign_account() -> Self {
        let sentence = "This must be the account of the message group";
        Self::new("account_id", RefusalDetail::ForeignAccount, sentence)
    }

    pub(super) fn missing(field: &str) -> Self {
        Self::new(field, RefusalDetail::Missing, "This is missing")
    }

    /// From what could not be read below `prefix`.
    pub(super) fn of_input(prefix: &str, wrong: Wrong) -> Self {
        let begins = |(begin, _): &&(&str, RefusalDetail)| wrong.reason.starts_with(begin);
        let detail = match BEGINNINGS.iter().find(begins) {
            Some((_, detail)) => *detail,
            None if DECIMALS.iter().any(|begin| wrong.reason.starts_with(begin)) => RefusalDetail::WrongDecimal,
            None => RefusalDetail::WrongType,
        };
        let path = join(prefix, &wrong.path);
        match detail {
            RefusalDetail::NotJson => Self::new(known(prefix), detail, wrong.reason),
            RefusalDetail::Missing => Self::missing(&known(&join(&path, quoted(&wrong.reason)))),
            RefusalDetail::Repeated => {
                Self::new(known(&join(&path, quoted(&wrong.reason))), detail, "This is there more than once")
            }
            _ => Self::new(known(&path), detail, wrong.reason),
        }
    }
}

impl From<EventRefusal> for Problem {
    fn from(refusal: EventRefusal) -> Self {
        match refusal.detail {
            RefusalDetail::TooLarge => Self::event_too_large(refusal.sentence),
            RefusalDetail::NeverSynced => Self::event_type_not_synced(refusal.sentence),
            RefusalDetail::ForeignAccount => Self::foreign_account(),
            _ => Self::invalid_event(refusal.field, refusal.sentence),
        }
    }
}

fn join(prefix: &str, path: &str) -> String {
    match (prefix, path) {
        (prefix, "") => prefix.to_owned(),
        ("", path) => path.to_owned(),
        (prefix, path) => format!("{prefix}.{path}"),
    }
}

/// The name in backquotes.
fn quoted(reason: &str) -> &str {
    reason.split('`').nth(1).unwrap_or_default()
}

/// The part of a path that the contract has: what follows may be of the sender's making.
fn known(path: &str) -> String {
    let name = |part: &str| part.split('[').next().unwrap_or_default().to_owned();
    let parts = path.split('.').take_while(|part| NAMES.contains(&name(part).as_str()));
    parts.collect::<Vec<_>>().join(".")
}

/// Every name of the contract; a test holds it against the schema.
pub const NAMES: [&str; 42] = [
    "version",
    "id",
    "type",
    "account_id",
    "occurred_at",
    "revision",
    "invoice",
    "expense",
    "number",
    "reference",
    "currency",
    "issued_on",
    "due_on",
    "line_amounts",
    "total",
    "url",
    "organisation",
    "name",
    "email",
    "phone",
    "address",
    "line1",
    "line2",
    "city",
    "region",
    "postal_code",
    "country",
    "lines",
    "description",
    "quantity",
    "unit_amount",
    "tax_rate",
    "category",
    "incurred_on",
    "amount",
    "paid_with",
    "home_amount",
    "receipt",
    "file_name",
    "content_type",
    "size",
    "supplier",
];
