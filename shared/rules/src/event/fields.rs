//! The small values inside an event: ids, numbers, currencies, revisions. Each is checked when it is read,
//! and its error says what would have been right without repeating what came. Its schema says the same.

use super::text;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::fmt;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

/// A string that is checked when it is read, its schema, and it as text again.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $length:expr, $allowed:expr, $pattern:expr, $expected:literal) => {
        text!(@type $(#[$doc])* $name, $length, $pattern, $expected, |text: String| {
            let allowed: fn(char) -> bool = $allowed;
            ($length.contains(&text.chars().count()) && text.chars().all(allowed)).then_some(text)
        });
    };
    (@type $(#[$doc:meta])* $name:ident, $length:expr, $pattern:expr, $expected:literal, $read:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses it.
            ///
            /// # Errors
            /// A sentence that says what would have been right.
            pub fn parse(text: impl Into<String>) -> Result<Self, &'static str> {
                let read: fn(String) -> Option<String> = $read;
                read(text.into()).map(Self).ok_or($expected)
            }

            /// It as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some($pattern));
                text.min_length(Some(*$length.start())).max_length(Some(*$length.end())).into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// The id of an event; at most 128 characters, because it is SQS's deduplication id too.
    EventId, 1..=128, |c| c.is_ascii_alphanumeric() || "_-.:".contains(c), "^[A-Za-z0-9_.:-]+$",
    "This must be 1 to 128 letters, digits or _ - . :"
);
text!(
    /// Sessional's id of an invoice, an expense or an organisation; also the contact number in Xero, which
    /// has at most 50 characters.
    SessionalId, 1..=50, |c| c.is_ascii_alphanumeric() || "_-.:".contains(c), "^[A-Za-z0-9_.:-]+$",
    "This must be 1 to 50 letters, digits or _ - . :"
);
text!(
    /// An ISO 4217 currency code.
    Currency, 3..=3, |c| c.is_ascii_uppercase(), "^[A-Z]{3}$",
    "This must be a currency code of three capital letters, such as GBP"
);

text!(
    @type
    /// The number printed on a document, the same in both systems (Xero: at most 255 characters). Blanks around it
    /// and control characters are no part of it.
    DocumentNumber, 1..=255, text::SOMETHING, "This must be 1 to 255 characters that can be seen",
    |number| Some(text::one_line(&number)).filter(|seen| !seen.is_empty() && number.chars().count() <= 255)
);

/// The largest integer that every reader of JSON takes exactly, 2^53 - 1.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Grows with every edit of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(into = "u64")]
pub struct Revision(u64);

impl Revision {
    /// It as a number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Revision {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        integer(deserializer).map(Self)
    }
}

impl From<Revision> for u64 {
    fn from(revision: Revision) -> Self {
        revision.0
    }
}

impl utoipa::PartialSchema for Revision {
    fn schema() -> RefOr<Schema> {
        integer_schema().into()
    }
}

impl utoipa::ToSchema for Revision {}

/// The schema of an integer as [`integer`] reads it.
fn integer_schema() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(9_007_199_254_740_991_i64))
}

/// An integer, which JSON may also spell `5.0`.
pub(super) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    const EXPECTED: &str = "This must be an integer between 0 and 9007199254740991";
    let number = serde_json::Number::deserialize(deserializer).map_err(|_| de::Error::custom(EXPECTED))?;
    let whole = number.as_u64().or_else(|| {
        let same = number.as_f64().filter(|float| float.trunc().total_cmp(float).is_eq());
        format!("{:.0}", same?).parse().ok()
    });
    whole.filter(|whole| *whole <= MAX_INTEGER).ok_or_else(|| de::Error::custom(EXPECTED))
}

/// A word of a list. By itself serde takes another type than a string for broken JSON.
pub(super) fn word<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(de::value::StringDeserializer::new(String::deserialize(deserializer)?))
}

/// A word of a list that may be absent.
pub(super) fn optional_word<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let word = Option::<String>::deserialize(deserializer)?;
    word.map(|word| T::deserialize(de::value::StringDeserializer::new(word))).transpose()
}

/// An integer that may be absent.
pub(super) fn optional_integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    struct Whole(#[serde(deserialize_with = "integer")] u64);
    Ok(Option::<Whole>::deserialize(deserializer)?.map(|whole| whole.0))
}
