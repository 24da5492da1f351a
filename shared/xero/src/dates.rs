//! Dates in the several forms Xero uses.
//!
//! A document date is a calendar date and stays one: it is never shifted by a time zone. An instant
//! is UTC whatever suffix it carries. We send `YYYY-MM-DD`; Xero answers `/Date(milliseconds)/`,
//! ISO text without a zone, or ISO text with `Z`.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, tz::Offset};

/// Reads `/Date(1789344000000+0000)/`. The number already is UTC; the suffix says nothing.
pub fn parse_dotnet(text: &str) -> Option<Timestamp> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let digits = inner.strip_prefix('-').unwrap_or(inner);
    let end = digits.find(['+', '-']).unwrap_or(digits.len());
    let (milliseconds, suffix) = digits.split_at_checked(end)?;
    let plain = !milliseconds.is_empty() && milliseconds.bytes().all(|b| b.is_ascii_digit());
    if !plain || !is_offset(suffix) {
        return None;
    }
    let milliseconds: i64 = milliseconds.parse().ok()?;
    let negative = inner.len() != digits.len();
    Timestamp::from_millisecond(if negative { -milliseconds } else { milliseconds }).ok()
}

/// Reads an instant: `/Date()/`, ISO with a zone, or ISO without one (which is UTC).
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    parse_dotnet(text)
        .or_else(|| text.parse::<Timestamp>().ok())
        .or_else(|| Offset::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok())
}

/// Reads a calendar date: the date part of ISO text, or the UTC date of `/Date()/`.
pub fn parse_date(text: &str) -> Option<Date> {
    match parse_dotnet(text) {
        Some(instant) => Some(Offset::UTC.to_datetime(instant).date()),
        None => iso_date(text),
    }
}

/// What `If-Modified-Since` takes: UTC, whole seconds, no zone letter.
pub fn if_modified_since(since: Timestamp) -> String {
    let whole = Timestamp::from_second(since.as_second()).unwrap_or(since);
    Offset::UTC.to_datetime(whole).to_string()
}

fn is_offset(suffix: &str) -> bool {
    let digits = suffix.strip_prefix(['+', '-']).unwrap_or(suffix);
    suffix.is_empty() || (digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn iso_date(text: &str) -> Option<Date> {
    let rest = text.get(10..)?;
    if !rest.is_empty() && !rest.starts_with(['T', ' ']) {
        return None;
    }
    text.get(..10)?.parse().ok()
}

/// Reads an optional [`Timestamp`].
pub(crate) mod instant {
    use super::*;
    use serde::{Deserialize, Deserializer, de::Error as _};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        match text.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => parse_instant(text).map(Some).ok_or_else(|| D::Error::custom("not an instant")),
        }
    }
}

/// Reads an optional [`Date`].
pub(crate) mod date {
    use super::*;
    use serde::{Deserialize, Deserializer, de::Error as _};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        match text.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => parse_date(text).map(Some).ok_or_else(|| D::Error::custom("not a date")),
        }
    }
}
