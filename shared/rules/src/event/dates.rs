//! Dates and instants of an event: in one form each, of years in which a freelancer's document can be dated.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};

const DATE: &str = "This must be a date such as 2026-11-20, of the years 2000 to 2099";
const INSTANT: &str = "This must be a date and time such as 2026-11-20T09:30:00Z, of the years 2000 to 2099";

/// The dates of the years 2000 to 2099.
macro_rules! days {
    () => {
        "20(?:[0-9]{2}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)\
         |02-(?:0[1-9]|1[0-9]|2[0-8]))|(?:[02468][048]|[13579][26])-02-29)"
    };
}
const DATE_PATTERN: &str = concat!("^", days!(), "$");
const INSTANT_PATTERN: &str = concat!(
    "^",
    days!(),
    "T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"
);

/// A date.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer).map_err(|_| de::Error::custom(DATE))?;
    read_date(&text).ok_or_else(|| de::Error::custom(DATE))
}

/// An instant that may be absent.
pub(super) fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer).map_err(|_| de::Error::custom(INSTANT))?;
    text.map(|text| read_instant(&text).ok_or_else(|| de::Error::custom(INSTANT))).transpose()
}

fn read_date(text: &str) -> Option<Date> {
    if has_shape(text.as_bytes(), b"20dd-dd-dd") { text.parse().ok() } else { None }
}

fn read_instant(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once('T')?;
    read_date(date)?;
    let zone = time.find(['Z', '+', '-'])?;
    let (time, zone) = (time.get(..zone)?, time.get(zone..)?);
    let (clock, fraction) = time.split_once('.').map_or((time, None), |(clock, fraction)| (clock, Some(fraction)));
    let digits = |text: &str| (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_zone = zone == "Z" || (has_shape(zone.as_bytes(), b"sdd:dd") && is_clock(zone.get(1..)?));
    let is_time = has_shape(clock.as_bytes(), b"dd:dd:dd") && is_clock(clock) && fraction.is_none_or(digits);
    if is_time && is_zone { text.parse().ok() } else { None }
}

/// Whether hours, minutes and seconds are such; a leap second is none.
fn is_clock(text: &str) -> bool {
    let parts = text.split(':').enumerate();
    parts.into_iter().all(|(place, part)| part < if place == 0 { "24" } else { "60" })
}

/// Whether a text has a digit for every `d`, a sign for `s`, and else what is there.
fn has_shape(text: &[u8], shape: &[u8]) -> bool {
    let fits = |(byte, of): (&u8, &u8)| match of {
        b'd' => byte.is_ascii_digit(),
        b's' => matches!(byte, b'+' | b'-'),
        other => byte == other,
    };
    text.len() == shape.len() && text.iter().zip(shape).all(fits)
}

/// A date as a schema.
pub(super) struct CalendarDate;

impl utoipa::PartialSchema for CalendarDate {
    fn schema() -> RefOr<Schema> {
        let text =
            ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
        text.pattern(Some(DATE_PATTERN)).into()
    }
}

impl utoipa::ToSchema for CalendarDate {}

/// An instant as a schema.
pub struct Instant;

impl utoipa::PartialSchema for Instant {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).pattern(Some(INSTANT_PATTERN)).into()
    }
}

impl utoipa::ToSchema for Instant {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_of_this_century_and_in_one_form() {
        assert_eq!(read_date("2028-02-29"), Some(jiff::civil::date(2028, 2, 29)));
        for wrong in
            ["2026-02-29", "1999-12-31", "2100-01-01", "20261120", "2026-11-20T00:00", "2026-1-2", "+2026-01-01"]
        {
            assert_eq!(read_date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_instant_has_its_seconds_and_its_zone() {
        for good in ["2026-11-20T09:30:00Z", "2026-11-20T09:30:00.123456789Z", "2026-11-20T09:30:00-14:00"] {
            assert!(read_instant(good).is_some(), "{good}");
        }
        for wrong in [
            "2026-11-20",
            "2026-11-20T09:30Z",
            "2026-11-20 09:30:00Z",
            "2026-11-20T09:30:00",
            "2026-11-20T24:00:00Z",
            "2026-11-20T23:59:60Z",
            "2026-11-20T09:30:00.Z",
            "2026-11-20T09:30:00Z[UTC]",
            "2026-11-20t09:30:00z",
            "2026-11-20T09:30:00+01",
        ] {
            assert_eq!(read_instant(wrong), None, "{wrong}");
        }
    }
}
