//! Upkeep: what has to happen without anybody asking for it. A schedule begins a round, a round becomes one
//! message for each account and task, and a message is worked alone. Everything may be done twice.

mod check;
mod mended;
mod orphans;
mod round;
pub mod tick;

pub use round::{Round, delay, hour_of_look};

use crate::account::AccountId;
use crate::connection::{Connection, DRAIN_TIME, OFFER_TIME, Status};
use crate::disconnect::Disconnect;
use crate::failure::Failure;
use crate::held;
use crate::payments::Payments;
use crate::payments::sweep::{Sweep, Swept};
use crate::ports::{
    Answer, BrokenRefreshes, Claims, Clock, Connections, Cooldowns, Mappings, Notifications, Organisations, Ownership,
    Population, Records, Sequences, Sweeps, SyncQueue, UpkeepQueue, Waiting, Written,
};
use crate::tokens::{TokenFailure, Tokens};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The version of the message.
pub const VERSION: u32 = 1;
/// Wait after a failure of our own stores, or of something that cannot answer now.
const RETRY_WAIT: Duration = Duration::from_secs(60);
/// Wait while our own credentials are refused: an operator has to act.
const OPERATOR_WAIT: Duration = Duration::from_secs(15 * 60);

/// One thing to do for one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Version of the message.
    pub version: u32,
    /// For whom.
    pub account_id: AccountId,
    /// What.
    pub task: Task,
}

/// What can be done for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Looks whether the connection still works, and at the chart of accounts; keeps the token alive.
    CheckConnection,
    /// Finishes what was left over: connections at Xero, grants, notifications, held work, offers.
    Tidy,
    /// Finishes a refresh that was broken off, while Xero still takes the token that is stored.
    FinishRefresh,
    /// Reads what changed at Xero since the last sweep, for payments whose webhooks were missed.
    SweepPayments,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Comes again after this time.
    Again(Duration),
}

impl Message {
    /// A message of the present version.
    #[must_use]
    pub fn new(account: &AccountId, task: Task) -> Self {
        Self { version: VERSION, account_id: account.clone(), task }
    }

    /// Reads a message.
    ///
    /// # Errors
    /// The reason why it can never be worked.
    pub fn parse(body: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let unreadable = |_| "the message is no task of upkeep".to_owned();
        let Versioned { version } = serde_json::from_str(body).map_err(unreadable)?;
        if version != VERSION {
            return Err(format!("version {version} of an upkeep message is not known"));
        }
        serde_json::from_str(body).map_err(unreadable)
    }
}

/// The use cases of upkeep.
pub struct Upkeep<'a> {
    /// Xero's API.
    pub client: &'a xero::Client,
    /// Access tokens.
    pub tokens: &'a Tokens<'a>,
    /// Connections.
    pub connections: &'a dyn Connections,
    /// All of them.
    pub population: &'a dyn Population,
    /// Who holds which tenant.
    pub claims: &'a dyn Claims,
    /// Connections that become connected, together with their claims.
    pub ownership: &'a dyn Ownership,
    /// Refreshes that were broken off.
    pub broken: &'a dyn BrokenRefreshes,
    /// Mappings.
    pub mappings: &'a dyn Mappings,
    /// What is known of organisations.
    pub organisations: &'a dyn Organisations,
    /// Records of documents.
    pub records: &'a dyn Records,
    /// Records that may be held.
    pub waiting: &'a dyn Waiting,
    /// How far the sweeps of payments have come.
    pub sweeps: &'a dyn Sweeps,
    /// Which of the webhook's numbers were heard.
    pub sequences: &'a dyn Sequences,
    /// Tenants to leave alone.
    pub cooldowns: &'a dyn Cooldowns,
    /// Where held work goes.
    pub sync_queue: &'a dyn SyncQueue,
    /// Where a round's messages go.
    pub upkeep_queue: &'a dyn UpkeepQueue,
    /// Where the backend is told.
    pub notifications: &'a dyn Notifications,
    /// Whether connections at Xero that nobody here knows of are removed, and not counted alone.
    pub removes_orphans: bool,
    /// Time.
    pub clock: &'a dyn Clock,
}

impl Upkeep<'_> {
    /// Works one message.
    pub async fn work(&self, message: &Message) -> Outcome {
        match self.try_work(message).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(error = %error, reason = %error.source, "a store cannot be reached; upkeep comes again");
                Outcome::Again(RETRY_WAIT)
            }
        }
    }

    async fn try_work(&self, message: &Message) -> Answer<Outcome> {
        let Some(mut connection) = self.connections.connection(&message.account_id).await? else {
            return Ok(Outcome::Done);
        };
        match message.task {
            Task::CheckConnection => self.check(&mut connection).await,
            Task::Tidy => self.tidy(&mut connection).await,
            Task::FinishRefresh => Ok(outcome_of(self.tokens.finish_refresh(&connection).await)),
            Task::SweepPayments => Ok(self.sweep(&message.account_id).await),
        }
    }

    async fn sweep(&self, account: &AccountId) -> Outcome {
        let payments = Payments {
            client: self.client,
            tokens: self.tokens,
            connections: self.connections,
            claims: self.claims,
            records: self.records,
            cooldowns: self.cooldowns,
            upkeep_queue: self.upkeep_queue,
            notifications: self.notifications,
            clock: self.clock,
        };
        match (Sweep { payments: &payments, sweeps: self.sweeps }).run(account).await {
            Swept::Done { calls, found } => {
                tracing::info!(sweep.calls = calls, sweep.found = found, "payments were swept");
                Outcome::Done
            }
            Swept::Idle | Swept::NotDue | Swept::Dropped | Swept::Postponed => Outcome::Done,
            Swept::Again(time) => Outcome::Again(time),
        }
    }

    /// Finishes what was left over.
    async fn tidy(&self, connection: &mut Connection) -> Answer<Outcome> {
        let now = self.clock.now();
        if connection.offered_at.is_some_and(|offered| now.duration_since(offered) >= OFFER_TIME) {
            connection.withdraw_offer(now);
            if self.connections.put_connection(connection).await? == Written::Conflict {
                return Ok(Outcome::Again(RETRY_WAIT));
            }
        }
        self.disconnecting().try_tidy(connection).await?;
        self.end_waiting(connection).await?;
        self.drain(connection).await?;
        Ok(Outcome::Done)
    }

    fn disconnecting(&self) -> Disconnect<'_> {
        let tokens = self.tokens;
        Disconnect {
            identity: tokens.identity,
            client: self.client,
            connections: self.connections,
            claims: self.claims,
            vault: tokens.vault,
            grants: tokens.grants,
            leases: tokens.leases,
            notifications: self.notifications,
            clock: self.clock,
        }
    }

    /// Ends what waits for an organisation that another account has taken over.
    async fn end_waiting(&self, connection: &mut Connection) -> Answer<()> {
        let Some(tenant) = connection.taken_over else { return Ok(()) };
        let (account, now) = (connection.account.clone(), self.clock.now());
        let ended =
            held::end_waiting_of_lost_account(self.waiting, self.records, self.notifications, (&account, tenant), now);
        let ended = ended.await?;
        tracing::info!(xero.tenant_id = %tenant, held.ended = ended, "what waited for a lost organisation has ended");
        connection.taken_over = None;
        match self.connections.put_connection(connection).await? {
            Written::Done => {}
            Written::Conflict => tracing::info!("a connection changed while its waiting work was ended"),
        }
        Ok(())
    }

    /// Lets held work go on, and stops looking for it once nobody can hold any for the old reason.
    async fn drain(&self, connection: &mut Connection) -> Answer<()> {
        let Some(since) = connection.draining_since else { return Ok(()) };
        self.release(connection).await?;
        if self.clock.now().duration_since(since) < DRAIN_TIME {
            return Ok(());
        }
        connection.draining_since = None;
        match self.connections.put_connection(connection).await? {
            Written::Done => {}
            Written::Conflict => tracing::info!("a connection changed while its held work was let go"),
        }
        Ok(())
    }

    async fn release(&self, connection: &Connection) -> Answer<()> {
        let Some(tenant) = connection.tenant() else { return Ok(()) };
        let mapping = self.mappings.mapping(&connection.account, tenant).await?;
        let mapped = mapping.is_some_and(|mapping| mapping.choices.sales.is_some());
        let not_mapped = Failure::sales_not_mapped().cause;
        let free = |record: &crate::record::Record| {
            mapped || record.failure.as_ref().is_none_or(|failure| failure.cause != not_mapped)
        };
        let released = held::release_where(self.waiting, self.sync_queue, &connection.account, tenant, free).await?;
        if released > 0 {
            tracing::info!(xero.tenant_id = %tenant, held.released = released, "held work goes on");
        }
        if !mapped {
            self.measure_held(connection).await?;
        }
        Ok(())
    }
}

/// What a refresh that gave no token means for its message. A revoked grant is no failure of upkeep: the check
/// tells the user.
fn outcome_of<T>(result: Result<T, TokenFailure>) -> Outcome {
    match result {
        Ok(_) | Err(TokenFailure::Revoked) => Outcome::Done,
        Err(TokenFailure::Wait(time)) => Outcome::Again(time.unwrap_or(RETRY_WAIT)),
        Err(TokenFailure::Busy | TokenFailure::AnswerLost) => Outcome::Again(RETRY_WAIT),
        Err(TokenFailure::Operator(error)) => {
            tracing::error!(error = %error, alarm = "operator", "our own credentials are refused");
            Outcome::Again(OPERATOR_WAIT)
        }
        Err(TokenFailure::Unavailable(error)) => {
            tracing::warn!(error = %error, reason = %error.source, "a token could not be renewed; upkeep comes again");
            Outcome::Again(RETRY_WAIT)
        }
    }
}

/// Whether the connection is worth a look at Xero.
fn is_alive(connection: &Connection) -> bool {
    match connection.status {
        Status::Connected | Status::Error | Status::ChooseOrganisation => true,
        Status::Disconnected => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_written_as_the_contract_says_and_reads_back() {
        let message = Message::new(&AccountId::parse("acc_1").unwrap(), Task::CheckConnection);
        let body = serde_json::to_string(&message).unwrap();
        assert_eq!(body, r#"{"version":1,"account_id":"acc_1","task":"check_connection"}"#);
        assert_eq!(Message::parse(&body), Ok(message));
    }

    #[test]
    fn an_unknown_version_is_named_and_anything_else_is_refused() {
        let refused = Message::parse(r#"{"version":2,"everything":"else"}"#).unwrap_err();
        assert_eq!(refused, "version 2 of an upkeep message is not known");
        for body in ["", "[]", r#"{"version":1}"#, r#"{"version":1,"account_id":"a","task":"nap"}"#] {
            assert!(Message::parse(body).is_err(), "{body}");
        }
    }
}
