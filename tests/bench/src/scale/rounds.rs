//! Upkeep's rounds, second by second: what the schedules plan, with the spread of the service's own code, and what the
//! function can work. Nothing in it is random.

use rules::AccountId;
use rules::upkeep::{delay, hour_of_look};

/// How rounds are planned, and how much is worked at once.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Connected accounts.
    pub accounts: u32,
    /// Of a hundred accounts, how many await a payment.
    pub open_percent: u64,
    /// Tasks at once: batches times their ten messages.
    pub places: u64,
    /// Milliseconds of a sweep that asks Xero.
    pub open_ms: u64,
    /// Milliseconds of one that does not.
    pub idle_ms: u64,
    /// Milliseconds of a check.
    pub check_ms: u64,
    /// Calls to Xero's API of a sweep that asks.
    pub open_calls: u64,
    /// Calls of a check.
    pub check_calls: u64,
}

/// A day of rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// Most calls to Xero in a minute.
    pub calls_a_minute: u64,
    /// Most refreshes of a token in a second.
    pub refreshes_a_second: u64,
    /// Longest wait of a task, in seconds.
    pub longest_wait: u64,
    /// Tasks that wait when the day ends.
    pub left: u64,
}

/// What arrives in one second.
#[derive(Clone, Copy, Default)]
struct Arrival {
    open: u64,
    idle: u64,
    checks: u64,
}

const HOUR: usize = 3_600;
const DAY: usize = 24 * HOUR;
const QUARTER: u64 = 900;
/// The shards of accounts have their turns in these.
const QUARTERS: u64 = 4;
const MS: u64 = 1_000;

/// Plays a day that begins with nothing waiting.
#[must_use]
pub fn play(plan: &Plan) -> Day {
    let arrivals = arrivals(plan);
    let mut day = Day::default();
    // Whatever arrived first is worked first; places are milliseconds of work in each second.
    let mut queue = std::collections::VecDeque::new();
    let (mut minute, mut waiting) = (0, 0);
    for (second, arrival) in arrivals.iter().enumerate() {
        if second % 60 == 0 {
            minute = 0;
        }
        for (count, ms, calls) in [
            (arrival.open, plan.open_ms, plan.open_calls),
            (arrival.idle, plan.idle_ms, 0),
            (arrival.checks, plan.check_ms, plan.check_calls),
        ] {
            if count > 0 {
                queue.push_back(Group { since: second, count, ms, calls });
                waiting += count;
            }
        }
        let mut free = plan.places * MS;
        let mut refreshes = 0;
        while let Some(first) = queue.front_mut() {
            let worked = first.count.min(free / first.ms.max(1));
            if worked == 0 {
                break;
            }
            free -= worked * first.ms;
            minute += worked * first.calls;
            refreshes += if first.calls > 0 { worked } else { 0 };
            waiting -= worked;
            first.count -= worked;
            day.longest_wait = day.longest_wait.max(u64::try_from(second - first.since).unwrap_or(u64::MAX));
            if first.count == 0 {
                queue.pop_front();
            }
        }
        day.calls_a_minute = day.calls_a_minute.max(minute);
        day.refreshes_a_second = day.refreshes_a_second.max(refreshes);
    }
    day.left = waiting;
    day
}

struct Group {
    since: usize,
    count: u64,
    ms: u64,
    calls: u64,
}

fn arrivals(plan: &Plan) -> Vec<Arrival> {
    let mut hour = vec![Arrival::default(); HOUR];
    let mut checks = vec![0_u64; DAY];
    for number in 0..plan.accounts {
        // The form of an id plays no part: the delay is a hash of it.
        let Ok(account) = AccountId::parse(&format!("acc_{number}")) else { continue };
        let number = u64::from(number);
        let at = delay(&account).as_secs() + number % QUARTERS * QUARTER;
        if let Some(arrival) = usize::try_from(at).ok().and_then(|at| hour.get_mut(at)) {
            if number % 100 < plan.open_percent { arrival.open += 1 } else { arrival.idle += 1 }
        }
        let look = at + hour_of_look(&account) * 3_600;
        if let Some(count) = usize::try_from(look).ok().and_then(|at| checks.get_mut(at)) {
            *count += 1;
        }
    }
    let hours = hour.iter().copied().cycle();
    checks.into_iter().zip(hours).map(|(checks, arrival)| Arrival { checks, ..arrival }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            accounts: 1_000,
            open_percent: 70,
            places: 20,
            open_ms: 1_300,
            idle_ms: 20,
            check_ms: 3_200,
            open_calls: 1,
            check_calls: 4,
        }
    }

    #[test]
    fn a_thousand_accounts_are_no_load() {
        let day = play(&plan());
        assert_eq!(day.left, 0);
        assert!(day.longest_wait < 60, "{day:?}");
    }

    #[test]
    fn more_work_than_places_is_left_over_and_more_places_work_it() {
        let much = Plan { accounts: 100_000, ..plan() };
        assert!(play(&much).left > 0);
        let more = Plan { places: 60, ..much };
        let day = play(&more);
        assert_eq!(day.left, 0, "{day:?}");
        assert!(day.calls_a_minute <= 60 * 60, "{day:?}");
    }

    #[test]
    fn a_day_is_the_same_each_time() {
        assert_eq!(play(&plan()), play(&plan()));
    }
}
