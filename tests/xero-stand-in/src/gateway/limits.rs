//! The rate limits of section 2.1: fixed windows that start at a different moment for each tenant,
//! and five calls in flight.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::control::types::Tier;
use crate::http::Reply;
use crate::world::App;

const PER_MINUTE: u32 = 60;
const IN_FLIGHT: u32 = 5;
const PER_APP_MINUTE: u32 = 10_000;
const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * 60;
/// Rapid Sync: so long after connecting, the minute and day limits of a Plus app are lifted.
const RAPID_SYNC: i64 = 30 * 60;

/// Identifies a running call: client id and tenant.
pub(crate) type Flight = (String, Uuid);

/// The counters of all windows.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    tenants: HashMap<Flight, Counters>,
    apps: HashMap<String, Window>,
}

#[derive(Debug, Default)]
struct Counters {
    minute: Window,
    day: Window,
    in_flight: u32,
}

#[derive(Debug, Default)]
struct Window {
    number: i64,
    used: u32,
}

impl Window {
    /// Moves to the window that holds `now`.
    fn turn(&mut self, now: i64, length: i64) {
        let number = now.div_euclid(length);
        if number != self.number {
            *self = Self { number, used: 0 };
        }
    }
}

/// What is left after a call, for the headers of an ordinary answer.
pub(crate) struct Remaining {
    minute: u32,
    day: u32,
    app: u32,
}

impl Limits {
    /// Counts a call, or refuses it with the 429 that fits.
    pub(crate) fn enter(
        &mut self,
        app: &App,
        tenant: Uuid,
        connected: Timestamp,
        now: Timestamp,
    ) -> Result<Remaining, Reply> {
        let flight = (app.client_id.clone(), tenant);
        let shift = i64::try_from(tenant.as_u128() % 86_399).unwrap_or_default();
        let seconds = now.as_second();
        let per_day = per_day(app.tier);
        let rapid = app.tier >= Tier::Plus && seconds - connected.as_second() < RAPID_SYNC;
        let whole = self.apps.entry(app.client_id.clone()).or_default();
        whole.turn(seconds, MINUTE);
        let counters = self.tenants.entry(flight).or_default();
        counters.minute.turn(seconds + shift, MINUTE);
        counters.day.turn(seconds + shift, DAY);
        let wait = |length: i64, shift: i64| length - (seconds + shift).rem_euclid(length);
        let left = |limit: u32, used: u32| limit.saturating_sub(used);
        let remaining = |counters: &Counters, whole: &Window| Remaining {
            minute: left(PER_MINUTE, counters.minute.used),
            day: left(per_day, counters.day.used),
            app: left(PER_APP_MINUTE, whole.used),
        };
        let problem = if counters.in_flight >= IN_FLIGHT {
            Some(("concurrent", None))
        } else if !rapid && counters.day.used >= per_day {
            Some(("day", Some(wait(DAY, shift))))
        } else if !rapid && counters.minute.used >= PER_MINUTE {
            Some(("minute", Some(wait(MINUTE, shift))))
        } else if whole.used >= PER_APP_MINUTE {
            Some(("appminute", Some(wait(MINUTE, 0))))
        } else {
            None
        };
        if let Some((name, retry_after)) = problem {
            return Err(remaining(counters, whole).on(too_many(name, retry_after)));
        }
        counters.minute.used += 1;
        counters.day.used += 1;
        counters.in_flight += 1;
        whole.used += 1;
        Ok(remaining(counters, whole))
    }

    /// A call is over.
    pub(crate) fn leave(&mut self, flight: &Flight) {
        if let Some(counters) = self.tenants.get_mut(flight) {
            counters.in_flight = counters.in_flight.saturating_sub(1);
        }
    }

    /// Uses up what a tenant has left of a window, the day's or the minute's, but for some calls.
    pub(crate) fn exhaust(&mut self, flight: Flight, now: Timestamp, (day, leave): (bool, u32), tier: Option<Tier>) {
        let shift = i64::try_from(flight.1.as_u128() % 86_399).unwrap_or_default();
        let counters = self.tenants.entry(flight).or_default();
        let (window, length) = if day { (&mut counters.day, DAY) } else { (&mut counters.minute, MINUTE) };
        window.turn(now.as_second() + shift, length);
        let limit = if day { per_day(tier.unwrap_or(Tier::Starter)) } else { PER_MINUTE };
        window.used = if leave == 0 { u32::MAX / 2 } else { limit.saturating_sub(leave) };
    }
}

fn per_day(tier: Tier) -> u32 {
    if tier == Tier::Starter { 1_000 } else { 5_000 }
}

impl Remaining {
    pub(crate) fn on(&self, reply: Reply) -> Reply {
        reply
            .header("x-daylimit-remaining", self.day.to_string())
            .header("x-minlimit-remaining", self.minute.to_string())
            .header("x-appminlimit-remaining", self.app.to_string())
    }
}

/// A 429 as recorded: no body, no content type.
pub(crate) fn too_many(problem: &str, retry_after: Option<i64>) -> Reply {
    let reply = Reply::empty(429).header("x-rate-limit-problem", problem.to_owned());
    match retry_after {
        Some(seconds) => reply.header("retry-after", seconds.to_string()),
        None => reply,
    }
}
