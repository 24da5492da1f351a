//! Decimals that come as strings: plain digits, as many as Xero keeps, no exponent. Each form is a schema too.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

/// Most digits before the point: Xero's largest amount of a line is 9,999,999,999.99.
const MAX_DIGITS: usize = 10;
/// Most noughts that may follow the places that count.
const MAX_NOUGHTS: usize = 8;

const DECIMAL: &str = "This must be a decimal in a string, such as \"150.00\", of at most ten digits before the point";
const FOUR_PLACES: &str = "This must have at most four decimal places";
const TWO_PLACES: &str = "This must have at most two decimal places";
const NOT_BELOW_ZERO: &str = "This must not be below zero: a refund is a credit note, which is not synced";
const MORE_THAN_ZERO: &str = "This must be more than zero";
const PERCENTAGE: &str = "This must be a percentage between \"0\" and \"100\"";

/// Reads a decimal of at most `places` places.
fn read(text: &str, places: usize) -> Result<Decimal, &'static str> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let leads = whole.len() > 1 && whole.starts_with('0');
    if !plain(whole) || leads || whole.len() > MAX_DIGITS || fraction.is_some_and(|fraction| !plain(fraction)) {
        return Err(DECIMAL);
    }
    let rest = fraction.and_then(|fraction| fraction.get(places..)).unwrap_or_default();
    if rest.len() > MAX_NOUGHTS || rest.bytes().any(|byte| byte != b'0') {
        return Err(if places == 2 { TWO_PLACES } else { FOUR_PLACES });
    }
    Decimal::from_str_exact(text).map_err(|_| DECIMAL)
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map_err(|_| de::Error::custom(DECIMAL))
}

/// A quantity or a unit price: Xero keeps four places (`unitdp=4`), and takes less than nothing.
pub(super) fn four_places<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    read(&text(deserializer)?, 4).map_err(de::Error::custom)
}

/// A tax rate in per cent, 0 to 100, that may be absent.
pub(super) fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let Some(text) = optional(deserializer)? else { return Ok(None) };
    let value = read(&text, 4).map_err(de::Error::custom)?;
    if text.starts_with('-') || value > Decimal::ONE_HUNDRED {
        return Err(de::Error::custom(PERCENTAGE));
    }
    Ok(Some(value))
}

/// An amount of money, not below zero.
pub(super) fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let text = text(deserializer)?;
    let value = read(&text, 2).map_err(de::Error::custom)?;
    if text.starts_with('-') {
        return Err(de::Error::custom(NOT_BELOW_ZERO));
    }
    Ok(value)
}

/// An amount of money, more than nothing.
pub(super) fn positive_amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    positive(&text(deserializer)?).map_err(de::Error::custom)
}

/// An amount of money, more than nothing, that may be absent.
pub(super) fn optional_amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    optional(deserializer)?.map(|text| positive(&text)).transpose().map_err(de::Error::custom)
}

fn positive(text: &str) -> Result<Decimal, &'static str> {
    let value = read(text, 2)?;
    if value > Decimal::ZERO { Ok(value) } else { Err(MORE_THAN_ZERO) }
}

fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(deserializer).map_err(|_| de::Error::custom(DECIMAL))
}

/// A form of decimals as a schema.
macro_rules! schemas {
    ($($(#[$doc:meta])* $name:ident = $pattern:literal;)*) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new().schema_type(Type::String).pattern(Some($pattern)).into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )*};
}

schemas! {
    /// A quantity or a unit price: at most four decimal places.
    FourPlaces = r"^-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,4}0{0,8})?$";
    /// An amount of money: at most two decimal places, not below zero.
    Amount = r"^(0|[1-9][0-9]{0,9})(\.[0-9]{1,2}0{0,8})?$";
    /// An amount of money: at most two decimal places, more than zero.
    PositiveAmount = r"^([1-9][0-9]{0,9}(\.[0-9]{1,2}0{0,8})?|0\.(0[1-9]0{0,8}|[1-9]([0-9]0{0,8})?))$";
    /// A percentage from 0 to 100: at most four decimal places.
    Percentage = r"^(100(\.0{1,12})?|(0|[1-9][0-9]?)(\.[0-9]{1,4}0{0,8})?)$";
}
