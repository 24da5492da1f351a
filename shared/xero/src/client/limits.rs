//! What is left of the rate limits, as Xero's answers say.

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
    /// Takes over what an answer says, and keeps what it does not say.
    pub(super) fn update(&mut self, headers: &HeaderMap) {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
        self.day_remaining = number("x-daylimit-remaining").or(self.day_remaining);
        self.minute_remaining = number("x-minlimit-remaining").or(self.minute_remaining);
        self.app_minute_remaining = number("x-appminlimit-remaining").or(self.app_minute_remaining);
    }
}
