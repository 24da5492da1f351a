//! A round: everything that is due is planned as messages, one for each account and task, spread over time so
//! that neither Xero nor the functions meet all accounts at once.

use super::{Message, Task, Upkeep, is_alive};
use crate::account::AccountId;
use crate::connection::Connection;
use crate::payments::gaps::{self, SweepPace};
use crate::ports::Answer;
use crate::tokens::{give_back, wait_for_lease};
use futures::future::try_join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use xero::XeroUserId;

/// Over how long a round is spread, and when the next one begins: the longest delay that SQS allows a message.
const SPREAD: u64 = 15 * 60;
/// Grants that are read at once.
const AT_ONCE: usize = 32;
/// Rounds of an hour, in which every account has its turn once.
const QUARTERS: u64 = 4;
/// Hours from one sweep of an account to the next, while the webhook tells everything.
const SWEEP_HOURS: u64 = 6;
/// Hours of a day, in one of which a connection is looked at.
const HOURS: u64 = 24;

/// What a schedule begins, with the input that the template gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "round", rename_all = "snake_case")]
pub enum Round {
    /// Every minute: waiting work whose time has come ([`super::tick`]).
    Wake,
    /// Every ten minutes, so that a refresh that was broken off is finished well within Xero's 30 minutes.
    Refreshes,
    /// Every quarter of an hour, for those accounts whose turn it is: loose ends, payments whose webhooks were missed,
    /// and once a day a look at the connection.
    Quarter {
        /// When it was due: begun late or again, it is the same round.
        at: Timestamp,
    },
    /// Every six hours: connections at Xero that nobody here knows of.
    Orphans,
    /// All of that for every account. No schedule begins it; somebody does who does not want to wait.
    Whole,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Everybody,
    Some { quarter: u64, hour: u64 },
}

impl Turn {
    fn at(time: Timestamp) -> Self {
        let quarters = u64::try_from(time.as_second()).unwrap_or_default() / SPREAD;
        Self::Some { quarter: quarters % QUARTERS, hour: quarters / QUARTERS % HOURS }
    }

    /// Whether it is the turn of this shard's accounts.
    fn meets(self, shard: u8) -> bool {
        match self {
            Self::Everybody => true,
            Self::Some { quarter, .. } => u64::from(shard) % QUARTERS == quarter,
        }
    }

    /// Whether an account is swept for payments: once an hour, or once in six.
    fn sweeps(self, account: &AccountId, pace: SweepPace) -> bool {
        match (self, pace) {
            (Self::Everybody, _) | (_, SweepPace::Hourly | SweepPace::Round | SweepPace::BeginRound) => true,
            (Self::Some { hour, .. }, SweepPace::SixHourly) => {
                hour_of_look(account) % SWEEP_HOURS == hour % SWEEP_HOURS
            }
        }
    }

    /// Whether a connection is looked at.
    fn looks_at(self, account: &AccountId) -> bool {
        match self {
            Self::Everybody => true,
            Self::Some { hour, .. } => hour_of_look(account) == hour,
        }
    }
}

impl Upkeep<'_> {
    /// Plans a round, and says how many messages it has. Begun twice, it is worked twice and does no harm.
    ///
    /// # Errors
    /// When the table or the queue cannot be reached; then a part may be planned already.
    pub async fn begin(&self, round: Round) -> Answer<usize> {
        let turn = match round {
            Round::Wake => return Ok(0),
            Round::Refreshes => return self.finish_refreshes().await,
            Round::Orphans => return self.look_for_orphans().await.map(|_| 0),
            Round::Quarter { at } => Turn::at(at),
            Round::Whole => Turn::Everybody,
        };
        let pace = match round {
            Round::Quarter { at } => gaps::pace(self.sequences, at).await?,
            Round::Refreshes | Round::Wake | Round::Orphans | Round::Whole => SweepPace::Hourly,
        };
        let shards = (0..self.population.shards()).filter(|shard| turn.meets(*shard));
        let planned = try_join_all(shards.map(|shard| self.plan_shard(turn, pace, shard))).await?;
        Ok(planned.into_iter().sum())
    }

    async fn plan_shard(&self, turn: Turn, pace: SweepPace, shard: u8) -> Answer<usize> {
        let (mut from, mut planned) = (None, 0);
        loop {
            let page = self.population.accounts(shard, from.as_ref()).await?;
            let due = page.connections.iter().flat_map(|connection| {
                tasks(turn, pace, connection).into_iter().map(|task| Message::new(&connection.account, task))
            });
            let messages: Vec<(Message, Duration)> =
                due.map(|message| (message.clone(), delay(&message.account_id))).collect();
            self.upkeep_queue.plan(&messages).await?;
            planned += messages.len();
            from = page.next;
            if from.is_none() {
                return Ok(planned);
            }
        }
    }

    async fn finish_refreshes(&self) -> Answer<usize> {
        let mut planned = 0;
        for users in self.broken.broken_refreshes(self.clock.now()).await?.chunks(AT_ONCE) {
            let found = try_join_all(users.iter().map(|user| self.finish_refresh_of(*user))).await?;
            let messages: Vec<(Message, Duration)> = found.into_iter().flatten().collect();
            self.upkeep_queue.plan(&messages).await?;
            planned += messages.len();
        }
        Ok(planned)
    }

    async fn finish_refresh_of(&self, user: XeroUserId) -> Answer<Option<(Message, Duration)>> {
        let account = self.tokens.grants.grant(user).await?.and_then(|grant| grant.accounts.into_iter().next());
        if account.is_none() {
            self.clear_lease(user).await;
        }
        Ok(account.map(|account| (Message::new(&account, Task::FinishRefresh), Duration::ZERO)))
    }

    /// A lease of somebody who has no grant any more has nothing to finish.
    async fn clear_lease(&self, user: XeroUserId) {
        match wait_for_lease(self.tokens.leases, self.clock, user).await {
            Ok(lease) => give_back(self.tokens.leases, &lease).await,
            Err(error) => tracing::info!(reason = %error, "an old lease is left for the next round"),
        }
    }
}

/// What a round does for an account.
fn tasks(turn: Turn, pace: SweepPace, connection: &Connection) -> Vec<Task> {
    let tidy = connection.has_loose_ends().then_some(Task::Tidy);
    let sweeps = connection.due_sweep.is_some() || turn.sweeps(&connection.account, pace);
    let sweep = connection.tenant().filter(|_| sweeps).map(|_| Task::SweepPayments);
    let look = (is_alive(connection) && turn.looks_at(&connection.account)).then_some(Task::CheckConnection);
    tidy.into_iter().chain(sweep).chain(look).collect()
}

/// The same account always has the same delay, so that a round begun twice meets it at the same time.
#[must_use]
pub fn delay(account: &AccountId) -> Duration {
    Duration::from_secs(hash(account) % SPREAD)
}

/// The hour of the day (UTC) in which an account's connection is looked at, always the same.
#[must_use]
pub fn hour_of_look(account: &AccountId) -> u64 {
    hash(account) / SPREAD % HOURS
}

/// FNV-1a: spreads short texts well, and is the same on every machine and in every version.
fn hash(account: &AccountId) -> u64 {
    let bytes = account.as_str().bytes();
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> impl Iterator<Item = AccountId> {
        (0..2_400).map(|number| AccountId::parse(&format!("acc_{number}")).unwrap())
    }

    #[test]
    fn accounts_are_spread_over_the_whole_time() {
        let (mut quarters, mut hours) = ([0; 4], [0; 24]);
        for account in accounts() {
            let delay = delay(&account);
            assert!(delay.as_secs() < SPREAD);
            quarters[usize::try_from(delay.as_secs() * 4 / SPREAD).unwrap()] += 1;
            hours[usize::try_from(hour_of_look(&account)).unwrap()] += 1;
        }
        assert!(quarters.iter().all(|count| *count > 500), "{quarters:?}");
        assert!(hours.iter().all(|count| *count > 60), "{hours:?}");
    }

    #[test]
    fn every_account_has_its_turn_once_an_hour_and_its_look_once_a_day() {
        let midnight: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
        // Planned on the quarter, whatever the second in which it begins.
        let turns: Vec<Turn> = (0..96).map(|n| Turn::at(midnight + Duration::from_secs(n * SPREAD + n % 60))).collect();
        for (shard, account) in (0..16).cycle().zip(accounts()) {
            let met: Vec<usize> = (0..96).filter(|n| turns[*n].meets(shard)).collect();
            assert!(met.len() == 24 && met.windows(2).all(|two| two[1] - two[0] == 4), "{met:?}");
            assert_eq!(met.iter().filter(|n| turns[**n].looks_at(&account)).count(), 1);
        }
    }

    #[test]
    fn a_healthy_webhook_makes_four_sweeps_a_day_and_a_silent_one_makes_them_hourly() {
        let midnight: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
        let turns: Vec<Turn> =
            (0..24).map(|n| Turn::at(midnight + Duration::from_secs(n * QUARTERS * SPREAD))).collect();
        for account in accounts() {
            let sweeps = |pace| turns.iter().filter(|turn| turn.sweeps(&account, pace)).count();
            let paces = [SweepPace::SixHourly, SweepPace::Hourly, SweepPace::Round].map(sweeps);
            assert_eq!(paces, [4, 24, 24], "{account}");
        }
    }

    #[test]
    fn a_disconnected_account_without_loose_ends_costs_nothing() {
        let connection = Connection::none(AccountId::parse("acc").unwrap());
        assert_eq!(tasks(Turn::Everybody, SweepPace::Hourly, &connection), []);
    }
}
