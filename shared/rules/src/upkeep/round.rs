//! A round: everything that is due is planned as messages, one for each account and task, spread over time so
//! that neither Xero nor the functions meet all accounts at once.

use super::{Message, Task, Upkeep, is_alive};
use crate::account::AccountId;
use crate::connection::Connection;
use crate::ports::Answer;
use crate::tokens::{give_back, wait_for_lease};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use xero::XeroUserId;

/// Over how long a round is spread: the longest delay that SQS allows a message.
const SPREAD: u64 = 15 * 60;

/// What a schedule begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Round {
    /// Every ten minutes, so that a refresh that was broken off is finished well within Xero's 30 minutes.
    Refreshes,
    /// Loose ends, and payments whose webhooks were missed.
    Hourly,
    /// A look at every connection.
    Daily,
}

impl Upkeep<'_> {
    /// Plans a round, and says how many messages it has. Begun twice, it is worked twice and does no harm.
    ///
    /// # Errors
    /// When the table or the queue cannot be reached; then a part may be planned already.
    pub async fn begin(&self, round: Round) -> Answer<usize> {
        if round == Round::Refreshes {
            return self.finish_refreshes().await;
        }
        let shards = (0..self.population.shards()).map(|shard| self.plan_shard(round, shard));
        Ok(try_join_all(shards).await?.into_iter().sum())
    }

    async fn plan_shard(&self, round: Round, shard: u8) -> Answer<usize> {
        let (mut from, mut planned) = (None, 0);
        loop {
            let page = self.population.accounts(shard, from.as_ref()).await?;
            let due = page.connections.iter().flat_map(|connection| {
                tasks(round, connection).into_iter().map(|task| Message::new(&connection.account, task))
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
        let mut messages = Vec::new();
        for user in self.broken.broken_refreshes(self.clock.now()).await? {
            match self.tokens.grants.grant(user).await?.and_then(|grant| grant.accounts.into_iter().next()) {
                Some(account) => messages.push((Message::new(&account, Task::FinishRefresh), Duration::ZERO)),
                None => self.clear_lease(user).await,
            }
        }
        self.upkeep_queue.plan(&messages).await?;
        Ok(messages.len())
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
fn tasks(round: Round, connection: &Connection) -> Vec<Task> {
    let tidy = connection.has_loose_ends().then_some(Task::Tidy);
    let sweep = connection.tenant().map(|_| Task::SweepPayments);
    match round {
        Round::Refreshes => Vec::new(),
        Round::Hourly => tidy.into_iter().chain(sweep).collect(),
        Round::Daily => is_alive(connection).then_some(Task::CheckConnection).into_iter().collect(),
    }
}

/// The same account always has the same delay, so that a round begun twice meets it at the same time.
#[must_use]
pub fn delay(account: &AccountId) -> Duration {
    // FNV-1a: spreads short texts well, and is the same on every machine and in every version.
    let hash = account
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    Duration::from_secs(hash % SPREAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_spread_over_the_whole_time() {
        let mut quarters = [0; 4];
        for number in 0..400 {
            let delay = delay(&AccountId::parse(&format!("acc_{number}")).unwrap());
            assert!(delay.as_secs() < SPREAD);
            quarters[usize::try_from(delay.as_secs() * 4 / SPREAD).unwrap()] += 1;
        }
        assert!(quarters.iter().all(|count| *count > 60), "{quarters:?}");
    }

    #[test]
    fn a_disconnected_account_without_loose_ends_costs_nothing() {
        let connection = Connection::none(AccountId::parse("acc").unwrap());
        for round in [Round::Refreshes, Round::Hourly, Round::Daily] {
            assert_eq!(tasks(round, &connection), []);
        }
    }
}
