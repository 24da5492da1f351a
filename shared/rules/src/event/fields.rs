//! The small values inside an event: ids, numbers, currencies, decimals. Each is checked when it is read,
//! and its error says what would have been right without repeating what came.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::fmt;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $length:expr, $allowed:expr, $pattern:literal, $expected:literal) => {
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
                let text = text.into();
                let allowed: fn(char) -> bool = $allowed;
                if !$length.contains(&text.chars().count()) || !text.chars().all(allowed) {
                    return Err($expected);
                }
                Ok(Self(text))
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
    /// The number printed on a document, the same in both systems (Xero: at most 255 characters).
    DocumentNumber, 1..=255, |c| !c.is_control(), "^[^\\x00-\\x1f\\x7f-\\x9f]+$",
    "This must be 1 to 255 characters"
);
text!(
    /// An ISO 4217 currency code.
    Currency, 3..=3, |c| c.is_ascii_uppercase(), "^[A-Z]{3}$",
    "This must be a currency code of three capital letters, such as GBP"
);

/// Grows with every edit of a document: an integer that JSON carries exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Revision(u64);

impl Revision {
    /// The largest: what every reader of JSON takes as an exact integer, 2^53 - 1.
    const MAX: u64 = (1 << 53) - 1;

    /// It as a number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for Revision {
    type Error = &'static str;
    fn try_from(number: u64) -> Result<Self, Self::Error> {
        if number > Self::MAX {
            return Err("This must be an integer of at most 9007199254740991");
        }
        Ok(Self(number))
    }
}

impl From<Revision> for u64 {
    fn from(revision: Revision) -> Self {
        revision.0
    }
}

impl utoipa::PartialSchema for Revision {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Integer);
        number.minimum(Some(0)).maximum(Some(9_007_199_254_740_991_i64)).into()
    }
}

impl utoipa::ToSchema for Revision {}

/// A decimal that comes as a string: plain digits, no exponent.
fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    struct Text;
    impl de::Visitor<'_> for Text {
        type Value = Decimal;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a decimal in a string, such as \"150.00\"")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
            let plain = text.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-');
            match Decimal::from_str_exact(text) {
                Ok(decimal) if plain => Ok(decimal),
                _ => Err(E::custom("This must be a decimal in a string, such as \"150.00\"")),
            }
        }
    }
    deserializer.deserialize_str(Text)
}

/// At most this many digits after the point: Xero keeps four of a unit price (`unitdp=4`).
const MAX_SCALE: u32 = 4;

/// A quantity or a unit price: a decimal with at most four places.
pub(super) fn four_places<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let value = decimal(deserializer)?;
    if value.normalize().scale() > MAX_SCALE {
        return Err(de::Error::custom("This must have at most four decimal places"));
    }
    Ok(value)
}

/// A tax rate in per cent, 0 to 100.
pub(super) fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let value = decimal(deserializer)?;
    if value < Decimal::ZERO || value > Decimal::ONE_HUNDRED {
        return Err(de::Error::custom("This must be a percentage between \"0\" and \"100\""));
    }
    Ok(Some(value))
}

/// An amount of money with two places, more than nothing.
pub(super) fn positive_amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let value = decimal(deserializer)?;
    if value <= Decimal::ZERO || value.normalize().scale() > 2 {
        return Err(de::Error::custom("This must be an amount of money, such as \"36.00\", more than zero"));
    }
    Ok(value)
}

/// An amount of money that may be absent.
pub(super) fn optional_amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    positive_amount(deserializer).map(Some)
}

/// An amount of money with two places, not negative.
pub(super) fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let value = decimal(deserializer)?;
    if value < Decimal::ZERO || value.normalize().scale() > 2 {
        return Err(de::Error::custom("This must be an amount of money, such as \"540.00\", not negative"));
    }
    Ok(value)
}
