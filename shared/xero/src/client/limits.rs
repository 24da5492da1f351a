//! What is left of the rate limits, as the last answer said.

use reqwest::header::HeaderMap;

/// Calls that are left. Nothing where Xero did not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Today, for the organisation.
    pub day_remaining: Option<u32>,
    /// This minute, for the organisation.
    pub minute_remaining: Option<u32>,
    /// This minute, for the whole app.
    pub app_minute_remaining: Option<u32>,
}

impl Limits {
    /// Reads the headers of an answer.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
        Self {
            day_remaining: number("x-daylimit-remaining"),
            minute_remaining: number("x-minlimit-remaining"),
            app_minute_remaining: number("x-appminlimit-remaining"),
        }
    }
}
