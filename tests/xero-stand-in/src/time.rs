//! The stand-in's own clock and the several ways in which Xero writes a moment or a day.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The real time plus an offset that the control API moves, or a moment at which time stands still.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Clock {
    offset_seconds: i64,
    frozen_at: Option<Timestamp>,
}

impl Clock {
    pub(crate) fn frozen(at: Timestamp) -> Self {
        Self { offset_seconds: 0, frozen_at: Some(at) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_secs(self.offset_seconds);
        self.frozen_at.unwrap_or_else(|| Timestamp::now().saturating_add(offset).unwrap_or(Timestamp::MAX))
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.frozen_at.is_some()
    }

    pub(crate) fn advance(&mut self, seconds: i64) {
        match &mut self.frozen_at {
            Some(at) => *at = later(*at, seconds),
            None => self.offset_seconds = self.offset_seconds.saturating_add(seconds),
        }
    }

    pub(crate) fn set(&mut self, to: Timestamp) {
        match &mut self.frozen_at {
            Some(at) => *at = to,
            None => self.offset_seconds = to.as_second().saturating_sub(Timestamp::now().as_second()),
        }
    }

    pub(crate) fn freeze(&mut self, frozen: bool) {
        let now = self.now();
        self.frozen_at = frozen.then_some(now);
        self.set(now);
    }
}

/// The moment so many seconds later.
pub(crate) fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// `/Date(1789344000123+0000)/`
pub(crate) fn wrapped(at: Timestamp) -> String {
    format!("/Date({}+0000)/", at.as_millisecond())
}

/// `/Date(1795341600123)/`, the envelope's form.
pub(crate) fn wrapped_bare(at: Timestamp) -> String {
    format!("/Date({})/", at.as_millisecond())
}

/// Midnight UTC of a calendar date, wrapped.
pub(crate) fn wrapped_date(date: Date) -> String {
    wrapped(midnight(date))
}

/// `2026-09-14T00:00:00`
pub(crate) fn date_string(date: Date) -> String {
    format!("{date}T00:00:00")
}

/// `2026-11-20T09:42:11Z`
pub(crate) fn instant_string(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-10-02T08:14:31.5165400`: seven digits and no zone.
pub(crate) fn seven_digits(at: Timestamp) -> String {
    format!("{}.{:07}", at.strftime("%Y-%m-%dT%H:%M:%S"), at.subsec_nanosecond().unsigned_abs() / 100)
}

/// `2026-11-20T09:42:11.902`: the webhook's milliseconds without zone.
pub(crate) fn milliseconds(at: Timestamp) -> String {
    format!("{}.{:03}", at.strftime("%Y-%m-%dT%H:%M:%S"), at.subsec_millisecond().unsigned_abs())
}

/// `MM/DD/YYYY HH:MM:SS`, as the expired-token message has it.
pub(crate) fn american(at: Timestamp) -> String {
    at.strftime("%m/%d/%Y %H:%M:%S").to_string()
}

/// The calendar date of a moment where the organisation is: all seeded ones keep London time.
pub(crate) fn london_date(at: Timestamp) -> Date {
    let london = TimeZone::posix("GMT0BST,M3.5.0/1,M10.5.0").unwrap_or(TimeZone::UTC);
    at.to_zoned(london).date()
}

/// A date as requests spell it: `YYYY-MM-DD`, the same with a time, or `/Date(ms)/`.
pub(crate) fn read_date(text: &str) -> Option<Date> {
    if let Some(inner) = text.strip_prefix("/Date(") {
        let end = inner.get(1..)?.find(['+', '-', ')']).map_or(inner.len(), |at| at + 1);
        let milliseconds = inner.get(..end)?.parse().ok()?;
        return Some(Timestamp::from_millisecond(milliseconds).ok()?.to_zoned(TimeZone::UTC).date());
    }
    let (date, rest) = text.split_at_checked(10)?;
    (rest.is_empty() || rest.starts_with('T')).then(|| date.parse().ok()).flatten()
}

/// The moment of an `If-Modified-Since`: ISO, whole seconds count, never the HTTP form.
pub(crate) fn read_modified_since(text: &str) -> Option<Timestamp> {
    let seconds = text.get(..19)?;
    let read: jiff::civil::DateTime = seconds.parse().ok()?;
    Some(read.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Midnight UTC of a date.
pub(crate) fn midnight(date: Date) -> Timestamp {
    date.to_zoned(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_date_is_midnight_utc_of_the_calendar_date() {
        let date: Date = "2026-09-14".parse().unwrap();
        assert_eq!(wrapped_date(date), "/Date(1789344000000+0000)/");
        assert_eq!(date_string(date), "2026-09-14T00:00:00");
    }

    #[test]
    fn dates_are_read_in_every_spelling_clients_use() {
        let expected = Some("2026-09-14".parse().unwrap());
        for text in ["2026-09-14", "2026-09-14T00:00:00", "/Date(1789344000000+0000)/", "/Date(1789344000000)/"] {
            assert_eq!(read_date(text), expected, "{text}");
        }
        assert_eq!(read_date("14/09/2026"), None);
    }

    #[test]
    fn modified_since_is_iso_and_never_the_http_form() {
        assert!(read_modified_since("2026-11-20T10:02:11").is_some());
        assert!(read_modified_since("2026-11-20T10:02:11.123Z").is_some());
        assert!(read_modified_since("Fri, 20 Nov 2026 10:02:11 GMT").is_none());
    }

    #[test]
    fn summer_time_moves_the_organisations_day() {
        let late: Timestamp = "2026-07-01T23:30:00Z".parse().unwrap();
        assert_eq!(london_date(late).to_string(), "2026-07-02");
    }
}
