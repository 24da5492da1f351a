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

/// The same amount with two digits behind the point, however it was written; more only where they count.
pub fn in_pence(amount: Decimal) -> Decimal {
    let mut amount = amount.normalize();
    if amount.scale() < 2 {
        amount.rescale(2);
    }
    amount
}

/// Reads an optional amount of money, which then has the one scale of [`in_pence`].
pub(crate) fn amount<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    plain::option::deserialize(deserializer).map(|amount| amount.map(in_pence))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[test]
    fn an_amount_has_one_scale_whatever_xero_writes() {
        for (written, shown) in [
            ("540", "540.00"),
            ("540.0", "540.00"),
            ("540.0000", "540.00"),
            ("0", "0.00"),
            ("-1.5", "-1.50"),
            ("0.1250", "0.125"),
        ] {
            assert_eq!(in_pence(decimal(written)).to_string(), shown);
        }
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Line {
        #[serde(with = "plain")]
        amount: Decimal,
        #[serde(default, with = "plain::option")]
        tax: Option<Decimal>,
    }

    fn amount_of(json: &str) -> Result<Decimal, serde_json::Error> {
        serde_json::from_str::<Line>(&format!("{{\"amount\":{json}}}")).map(|line| line.amount)
    }

    fn decimal(text: &str) -> Decimal {
        Decimal::from_str_exact(text).unwrap()
    }

    #[test]
    fn numbers_are_read_exactly_quoted_or_not_and_with_exponents() {
        for (json, value) in [
            ("150.00", "150.00"),
            ("\"150.00\"", "150.00"),
            ("0.1", "0.1"),
            ("-12.345", "-12.345"),
            ("1E+2", "100"),
            ("1.5e3", "1500"),
            ("12345e-4", "1.2345"),
            ("\"1E-28\"", "0.0000000000000000000000000001"),
            ("0e99", "0"),
            ("9999999999.99", "9999999999.99"),
            ("79228162514264337593543950335", "79228162514264337593543950335"),
            ("0.3000000000000000000000000001", "0.3000000000000000000000000001"),
        ] {
            assert_eq!(amount_of(json).unwrap(), decimal(value), "{json}");
        }
    }

    #[test]
    fn what_cannot_be_held_exactly_is_an_error() {
        for json in [
            "1e40",
            "1e-29",
            "0.12345678901234567890123456789",
            "99999999999999999999999999999999",
            "1e99999999999",
            "\"\"",
            "\"1_000\"",
            "\"1,000\"",
            "\"12a\"",
            "\"e5\"",
            "\"1e\"",
            "null",
            "true",
            "{}",
            "[]",
        ] {
            assert!(amount_of(json).is_err(), "{json}");
        }
    }

    #[test]
    fn an_absent_null_or_empty_amount_is_none() {
        for tax in ["", ",\"tax\":null", ",\"tax\":\"\""] {
            let json = format!("{{\"amount\":1{tax}}}");
            assert_eq!(serde_json::from_str::<Line>(&json).unwrap().tax, None);
        }
    }

    #[test]
    fn numbers_are_written_plainly_with_their_own_decimals() {
        let line = Line { amount: decimal("150.00"), tax: Some(decimal("0.0000001")) };
        let json = serde_json::to_string(&line).unwrap();
        assert_eq!(json, r#"{"amount":150.00,"tax":0.0000001}"#);
    }

    #[test]
    fn halves_round_away_from_zero() {
        for (amount, rounded) in [
            ("0.005", "0.01"),
            ("0.015", "0.02"),
            ("0.025", "0.03"),
            ("-0.005", "-0.01"),
            ("2.6749", "2.67"),
            ("1", "1"),
        ] {
            assert_eq!(round2(decimal(amount)), decimal(rounded), "{amount}");
        }
    }

    proptest! {
        #[test]
        fn every_decimal_survives_json(digits in -(1_i128 << 95)..(1_i128 << 95), scale in 0_u32..=28) {
            let amount = Decimal::try_from_i128_with_scale(digits, scale).unwrap();
            let json = serde_json::to_string(&Line { amount, tax: Some(amount) }).unwrap();
            let number = json.trim_start_matches("{\"amount\":").split(',').next().unwrap();
            prop_assert!(number.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.')), "{number}");
            let read: Line = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read.amount, amount);
            prop_assert_eq!(read.amount.scale(), amount.scale());
            prop_assert_eq!(amount_of(&format!("\"{amount}\"")).unwrap(), amount);
        }

        #[test]
        fn an_exponent_means_what_it_says(digits in -1_000_000_i64..1_000_000, exponent in -20_i32..=20) {
            let read = amount_of(&format!("{digits}e{exponent}")).unwrap();
            let mut expected = Decimal::from(digits);
            for _ in 0..exponent.abs() {
                expected = if exponent > 0 { expected * Decimal::TEN } else { expected / Decimal::TEN };
            }
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,40}") {
            parse(&text);
        }
    }
}
