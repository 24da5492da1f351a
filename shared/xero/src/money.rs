//! Amounts as Xero writes and reads them: plain JSON numbers, exact, never through a float.
//!
//! Writing: an exponent makes Xero answer with misleading complaints, so none is ever written.
//! Reading: a number or a quoted string, with or without an exponent, or an error if it cannot be
//! held exactly. The serde modules work with JSON alone, because they take the number's own text.

pub use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy;

/// The most digits behind the point that a [`Decimal`] holds.
const MAX_SCALE: u32 = 28;

/// Rounds to two decimals, halves away from zero, as Xero is taken to do.
pub fn round2(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// Reads a decimal exactly, with or without an exponent. `None` if it is not one or does not fit.
pub fn parse(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    // The decimal's own reader also takes underscores.
    if !mantissa.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+')) {
        return None;
    }
    let mantissa = Decimal::from_str_exact(mantissa).ok()?;
    if mantissa.is_zero() {
        return Some(mantissa);
    }
    shift(mantissa, exponent)
}

/// `mantissa × 10^exponent`, or nothing if that cannot be held exactly.
fn shift(mut mantissa: Decimal, exponent: i32) -> Option<Decimal> {
    let scale = i64::from(mantissa.scale()) - i64::from(exponent);
    let places = u32::try_from(scale.max(0)).ok()?;
    if places > MAX_SCALE {
        return None;
    }
    mantissa.set_scale(places).ok()?;
    if scale >= 0 {
        return Some(mantissa);
    }
    let zeros = u32::try_from(-scale).ok()?;
    let factor = Decimal::try_from_i128_with_scale(10_i128.checked_pow(zeros)?, 0).ok()?;
    mantissa.checked_mul(factor)
}

/// `#[serde(with = "money::plain")]` for a [`Decimal`].
pub mod plain {
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::value::RawValue;

    use super::{Decimal, parse};

    /// Writes an unquoted number without an exponent.
    pub fn serialize<S: Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(amount.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }

    /// Reads a number or a quoted number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        read(raw.get()).ok_or_else(|| D::Error::custom("not an exact decimal"))
    }

    /// The decimal of a JSON number or string.
    pub(super) fn read(json: &str) -> Option<Decimal> {
        let text = json.trim();
        let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        parse(text.trim())
    }

    /// `#[serde(default, with = "money::plain::option")]` for an optional [`Decimal`].
    pub mod option {
        use super::*;

        /// Writes the number, or `null`.
        pub fn serialize<S: Serializer>(amount: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
            match amount {
                Some(amount) => super::serialize(amount, serializer),
                None => serializer.serialize_none(),
            }
        }

        /// Reads a number, a quoted number, `null` or an empty string.
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
            let raw = Box::<RawValue>::deserialize(deserializer)?;
            match raw.get() {
                "null" | "\"\"" => Ok(None),
                json => read(json).map(Some).ok_or_else(|| D::Error::custom("not an exact decimal")),
            }
        }
    }
}
