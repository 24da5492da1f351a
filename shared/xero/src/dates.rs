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

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn instant(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_suffix_of_a_date_says_nothing() {
        let midnight = instant("2026-09-14T00:00:00Z");
        for text in [
            "/Date(1789344000000+0000)/",
            "/Date(1789344000000)/",
            "/Date(1789344000000-0800)/",
            "/Date(1789344000000+1300)/",
        ] {
            assert_eq!(parse_dotnet(text), Some(midnight), "{text}");
            assert_eq!(parse_date(text), Some(date(2026, 9, 14)), "{text}");
        }
    }

    #[test]
    fn milliseconds_count_and_may_be_negative() {
        assert_eq!(parse_instant("/Date(1795167731070+0000)/"), Some(instant("2026-11-20T09:42:11.070Z")));
        assert_eq!(parse_instant("/Date(-1+0000)/"), Some(instant("1969-12-31T23:59:59.999Z")));
        assert_eq!(parse_date("/Date(-86400000)/"), Some(date(1969, 12, 31)));
    }

    #[test]
    fn instants_come_with_and_without_a_zone() {
        let expected = instant("2026-10-02T08:14:31.5165400Z");
        assert_eq!(parse_instant("2026-10-02T08:14:31.5165400"), Some(expected));
        assert_eq!(parse_instant("2026-10-02T08:14:31.5165400Z"), Some(expected));
        assert_eq!(parse_instant("2026-10-02T09:14:31.5165400+01:00"), Some(expected));
    }

    #[test]
    fn a_calendar_date_is_never_shifted() {
        for text in ["2026-09-14T00:00:00", "2026-09-14", "2026-09-14T23:59:59Z", "2026-09-14 10:00"] {
            assert_eq!(parse_date(text), Some(date(2026, 9, 14)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_date_is_none() {
        for text in [
            "",
            "/Date()/",
            "/Date(-)/",
            "/Date(1",
            "/Date(1+00)/",
            "/Date(1+0000",
            "/Date(+1)/",
            "/Date(--1)/",
            "/Date(1-)/",
            "/Date(99999999999999999999)/",
            "2026-13-01",
            "2026-09-14x",
            "today",
            "/Date(é)/",
        ] {
            assert_eq!(parse_instant(text), None, "{text}");
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn if_modified_since_has_whole_seconds_and_no_zone() {
        let since = instant("2026-11-20T10:02:11.999Z");
        assert_eq!(if_modified_since(since), "2026-11-20T10:02:11");
        assert_eq!(if_modified_since(instant("2026-11-20T10:02:00Z")), "2026-11-20T10:02:00");
    }

    proptest! {
        #[test]
        fn every_millisecond_is_read_back(milliseconds in -62_135_596_800_000_i64..=253_402_300_799_999) {
            let read = parse_dotnet(&format!("/Date({milliseconds}+0000)/")).unwrap();
            prop_assert_eq!(read.as_millisecond(), milliseconds);
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in ".{0,40}") {
            parse_instant(&text);
            parse_date(&text);
            parse_dotnet(&format!("/Date({text})/"));
        }
    }
}
