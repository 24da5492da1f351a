//! Syncing one account's messages: each is decided, prepared and judged alone, and those that may share a
//! call to Xero do. Order is kept: what comes after a message that has to wait, waits too.

mod adopt;
mod basis;
pub mod contact;
mod create;
pub mod document;
pub mod dry_run;
mod history;
mod hold;
mod job;
pub mod message;
mod number;
mod party;
mod remove;
mod shown;
mod totals;
mod update;
mod usual;

pub use job::Job;
pub use message::Message;
pub use usual::Usual;

use message::Work;

use crate::account::AccountId;
use crate::connection::{Connection, ErrorReason, Status};
use crate::event::EventRefusal;
use crate::failure::Failure;
use crate::mapping::Choices;
use crate::notification::Notification;
use crate::organisation::Facts;
use crate::ports::{
    Clock, Connections, Contacts, Cooldowns, Mappings, Notifications, Organisations, ReadAhead, Records, Unavailable,
    Upcoming,
};
use crate::record::{RecordKey, Want};
use crate::session::{Interruption, RESERVE_WAIT, Session};
use crate::tokens::Tokens;
use crate::{facts, lost};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use xero::TenantId;

/// Wait after a failure of our own stores, or of our configuration.
const STORE_WAIT: Duration = Duration::from_secs(10);
/// Wait when the organisation cannot be read at all.
const OUTAGE_WAIT: Duration = Duration::from_secs(120);
/// Wait while our own credentials are refused: an operator has to act, and nothing is lost meanwhile.
const OPERATOR_WAIT: Duration = Duration::from_secs(300);
/// Time that the calls for one document may take: a write and a look, each within the client's time-out.
const CALL_TIME: Duration = Duration::from_secs(25);
/// Most documents in one call to Xero; it recommends about 50, and a batch of the queue has ten.
pub const MAX_BATCH: usize = 10;

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done with; what came of it is in the record.
    Done,
    /// Comes again after this time.
    Again(Duration),
    /// Goes to the dead-letter queue with its reason.
    Park(String),
}

/// The sync of messages.
pub struct Sync<'a> {
    /// Xero's API.
    pub client: &'a xero::Client,
    /// Access tokens.
    pub tokens: &'a Tokens<'a>,
    /// Reads what a run needs in one call.
    pub ahead: &'a dyn ReadAhead,
    /// What to read ahead before the connection has said it.
    pub usual: &'a Usual,
    /// Connections.
    pub connections: &'a dyn Connections,
    /// Mappings.
    pub mappings: &'a dyn Mappings,
    /// What is known of organisations.
    pub organisations: &'a dyn Organisations,
    /// Records.
    pub records: &'a dyn Records,
    /// References to contacts.
    pub contacts: &'a dyn Contacts,
    /// Tenants to leave alone.
    pub cooldowns: &'a dyn Cooldowns,
    /// Where the backend is told.
    pub notifications: &'a dyn Notifications,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Whether a document that is made alone gets a note in its history in Xero, for one more call.
    pub history_notes: bool,
    /// When the function is stopped; what does not fit before it comes again.
    pub deadline: Option<Timestamp>,
}

/// What the messages of one run share.
struct Context<'a> {
    session: &'a Session<'a>,
    choices: Choices,
    facts: Arc<Facts>,
    /// When the run began: knowledge that is younger needs no second look.
    started: Timestamp,
}

/// Why the rest of a run cannot go on.
enum Stop {
    /// Everything that is not done comes again.
    Again(Duration),
    /// Nobody knows whether a call arrived: counted for each document that it was made for.
    Unanswered(String),
    /// The connection is lost: everything that is not done is held.
    Lost(Box<Connection>, ErrorReason),
}

impl From<Unavailable> for Stop {
    fn from(error: Unavailable) -> Self {
        tracing::warn!(error = %error, reason = %error.source, "a store cannot be reached; the messages come again");
        Self::Again(STORE_WAIT)
    }
}

impl Sync<'_> {
    /// Runs an account's messages in order; the answer has one outcome for each.
    pub async fn run(&self, account: &AccountId, messages: &[Message]) -> Vec<Outcome> {
        let mut jobs = Vec::with_capacity(messages.len());
        for message in messages {
            jobs.push(self.read(account, message).await);
        }
        if let Err(stop) = self.run_jobs(account, &mut jobs).await {
            self.stop(&mut jobs, stop).await;
        }
        for job in &jobs {
            job.report();
        }
        ordered(jobs)
    }

    /// Reads a message; one that is no event of this account is parked with its reason, and the backend is told.
    async fn read(&self, account: &AccountId, message: &Message) -> Job {
        let refusal = match message::read(&message.body) {
            Ok(Work::Event(event)) if event.account != *account => EventRefusal::foreign_account(),
            Ok(work) => return Job::for_work(account, work, message.body.clone()),
            Err(refusal) => refusal,
        };
        let told = Notification::refused(account, &message.body, &refusal, self.clock.now());
        if let Err(error) = self.notifications.notify(&[told]).await {
            tracing::warn!(error = %error, reason = %error.source, "the backend could not be told of a refused event");
            return Job::again(STORE_WAIT);
        }
        Job::parked(&format!("the event is refused ({}): {}", refusal.field, refusal.sentence))
    }

    async fn run_jobs(&self, account: &AccountId, jobs: &mut [Job]) -> Result<(), Stop> {
        if jobs.iter().all(Job::is_over) {
            return Ok(());
        }
        let guess = self.usual.of(account);
        if let Some(tenant) = guess {
            let first = segment(jobs);
            let upcoming = upcoming(account, tenant, jobs.iter().take(first));
            self.ahead.read_ahead(&Upcoming { connection: true, ..upcoming }).await?;
        }
        let connection = self.connections.connection(account).await?;
        match connection {
            None => park_all(jobs, "the account is not known: it was never connected to Xero"),
            Some(connection) => match (connection.status, &connection.organisation) {
                (Status::Connected, Some(_)) => self.run_connected(&connection, guess, jobs).await?,
                (Status::Error, Some(organisation)) => {
                    self.hold_all(organisation.tenant, jobs, &Failure::connection_lost()).await?
                }
                // Another choice is offered while the old organisation is lost: its work waits for the outcome.
                (Status::ChooseOrganisation, Some(organisation)) if connection.error.is_some() => {
                    self.hold_all(organisation.tenant, jobs, &Failure::connection_lost()).await?
                }
                _ => park_all(jobs, "the account is not connected to a Xero organisation"),
            },
        }
        Ok(())
    }

    /// Runs messages of an account that is connected; `read` is the organisation that was read ahead of, if any was.
    async fn run_connected(
        &self,
        connection: &Connection,
        read: Option<TenantId>,
        jobs: &mut [Job],
    ) -> Result<(), Stop> {
        let Some(session) = Session::open(self.client, self.tokens, connection) else {
            return Err(Stop::Again(STORE_WAIT));
        };
        let tenant = session.tenant_id();
        if read != Some(tenant) {
            let first = segment(jobs);
            self.ahead.read_ahead(&upcoming(&connection.account, tenant, jobs.iter().take(first))).await?;
            self.usual.seen(&connection.account, tenant);
        }
        if let Some(until) = self.cooldowns.cooling_until(tenant, self.clock.now()).await? {
            let wait = until.duration_since(self.clock.now());
            return Err(Stop::Again(Duration::try_from(wait).unwrap_or(STORE_WAIT)));
        }
        let mapping = self.mappings.mapping(&connection.account, tenant).await?;
        let choices = mapping.map(|mapping| mapping.choices).unwrap_or_default();
        for job in jobs.iter_mut().filter(|job| !job.is_over()) {
            self.settle_unmapped(tenant, job, &choices).await?;
        }
        if jobs.iter().all(Job::is_over) {
            return Ok(());
        }
        let known = facts::known(self.organisations, &session, &connection.account, self.clock).await;
        let facts = match known {
            Ok(facts) => facts,
            Err(interruption) => return Err(self.interrupted(&session, interruption).await?),
        };
        let mut context = Context { session: &session, choices, facts, started: self.clock.now() };
        let mut rest = jobs;
        while !rest.is_empty() {
            self.check_deadline()?;
            self.keep_reserve(&session).await?;
            let length = segment(rest);
            let (head, tail) = rest.split_at_mut(length);
            self.run_segment(&mut context, head).await?;
            rest = tail;
        }
        self.keep_reserve(&session).await
    }

    /// What the mapping has no account for is held, when it is an invoice, or skipped, when it is an expense.
    async fn settle_unmapped(&self, tenant: TenantId, job: &mut Job, choices: &Choices) -> Result<(), Stop> {
        if job.is_run() {
            self.load(tenant, job).await?;
        }
        if job.is_over() {
            return Ok(());
        }
        if job.invoice().is_some() && choices.sales.is_none() {
            return self.hold(tenant, job, &Failure::sales_not_mapped()).await;
        }
        let unmapped = job.expense().filter(|expense| !choices.expenses.contains_key(&expense.category));
        let Some(category) = unmapped.map(|expense| expense.category) else { return Ok(()) };
        self.load(tenant, job).await?;
        if job.is_over() || job.maybe_sent || job.step() != Want::Create {
            return Ok(());
        }
        let now = self.clock.now();
        if let Some(record) = job.record.as_mut() {
            record.skip(Failure::category_not_mapped(category.word()), now);
        }
        self.store(job, Outcome::Done).await
    }

    /// Runs messages that are about different things: what is new in one call, the rest one by one.
    async fn run_segment(&self, context: &mut Context<'_>, jobs: &mut [Job]) -> Result<(), Stop> {
        for job in jobs.iter_mut().filter(|job| !job.is_over()) {
            self.load(context.session.tenant_id(), job).await?;
        }
        self.create(context, jobs).await?;
        for job in jobs.iter_mut().filter(|job| !job.is_over()) {
            self.check_deadline()?;
            match job.step() {
                Want::Nothing => job.done(),
                Want::TakeBack => self.take_back(job).await?,
                Want::Remove => self.remove(context, job).await?,
                Want::Update => self.update(context, job).await?,
                Want::Create => job.outcome = Some(Outcome::Again(STORE_WAIT)),
            }
        }
        Ok(())
    }

    /// Stops before the function is stopped in the middle of a call.
    fn check_deadline(&self) -> Result<(), Stop> {
        match self.deadline {
            Some(deadline) if self.clock.now() + CALL_TIME > deadline => Err(Stop::Again(Duration::from_secs(1))),
            Some(_) | None => Ok(()),
        }
    }

    /// Leaves the last calls of the day to what users do by hand.
    async fn keep_reserve(&self, session: &Session<'_>) -> Result<(), Stop> {
        if !session.is_at_reserve() {
            return Ok(());
        }
        let tenant = session.tenant_id();
        self.cooldowns.cool_down(tenant, self.clock.now() + RESERVE_WAIT).await?;
        tracing::warn!(xero.tenant_id = %tenant, xero.wait = RESERVE_WAIT.as_secs(), "few calls are left today");
        Err(Stop::Again(RESERVE_WAIT))
    }

    /// Turns an interruption that concerns the whole tenant into what becomes of the run.
    async fn interrupted(&self, session: &Session<'_>, interruption: Interruption) -> Result<Stop, Unavailable> {
        let tenant = session.tenant_id();
        Ok(match interruption {
            Interruption::Wait(time) => {
                let until = self.clock.now() + time;
                self.cooldowns.cool_down(tenant, until).await?;
                tracing::info!(xero.tenant_id = %tenant, xero.wait = time.as_secs(), "the tenant cools down");
                Stop::Again(time)
            }
            Interruption::Lost(reason) => Stop::Lost(Box::new(session.connection().clone()), reason),
            Interruption::Unavailable(error) => return Err(error),
            Interruption::Later(time) => Stop::Again(time),
            Interruption::NoAnswer(error) | Interruption::Refused(error) => {
                tracing::warn!(xero.tenant_id = %tenant, error = %error, "Xero gave no answer");
                Stop::Unanswered(error.to_string())
            }
            Interruption::Operator(error) => {
                tracing::error!(xero.tenant_id = %tenant, error, alarm = "operator", "our own request or credentials are refused");
                Stop::Again(OPERATOR_WAIT)
            }
        })
    }

    /// Ends what is not over yet in the way that the stop asks for.
    async fn stop(&self, jobs: &mut [Job], stop: Stop) {
        let stop = match stop {
            Stop::Lost(seen, reason) => self.lose(&seen, jobs, reason).await.err(),
            other => Some(other),
        };
        let wait = match stop {
            None => return,
            Some(Stop::Again(wait)) => wait,
            Some(Stop::Lost(..)) => STORE_WAIT,
            // Nothing was sent for any document: no attempt is counted, and Xero is given time.
            Some(Stop::Unanswered(_)) => OUTAGE_WAIT,
        };
        for job in jobs.iter_mut().filter(|job| !job.is_over()) {
            job.outcome = Some(Outcome::Again(wait));
        }
    }

    /// Marks the connection as lost and holds the work, unless somebody has just mended it.
    async fn lose(&self, seen: &Connection, jobs: &mut [Job], reason: ErrorReason) -> Result<(), Stop> {
        let lost = lost::lose_unless_renewed(self.connections, self.notifications, self.clock, seen, reason).await?;
        match lost.and_then(|connection| connection.organisation) {
            Some(organisation) => self.hold_all(organisation.tenant, jobs, &Failure::connection_lost()).await,
            None => Err(Stop::Again(STORE_WAIT)),
        }
    }
}

fn park_all(jobs: &mut [Job], reason: &str) {
    for job in jobs.iter_mut().filter(|job| !job.is_over()) {
        job.outcome = Some(Outcome::Park(reason.to_owned()));
    }
}

/// What jobs read before anything is sent.
fn upcoming<'a>(account: &'a AccountId, tenant: TenantId, jobs: impl Iterator<Item = &'a Job>) -> Upcoming<'a> {
    let (mut records, mut contacts) = (Vec::new(), Vec::new());
    for job in jobs.filter(|job| !job.is_over()) {
        let record = |(kind, id, _)| RecordKey { account: account.clone(), tenant, kind, id };
        records.extend(job.subject().map(record));
        contacts.extend(job.party().map(|party| party.id));
    }
    Upcoming { account, connection: false, tenant, records, contacts }
}

/// How many jobs from the first on may run together: none may be about the same thing or number as another,
/// because the second has to see what came of the first.
fn segment(jobs: &[Job]) -> usize {
    let mut seen = std::collections::HashSet::new();
    let distinct = |job: &&Job| {
        job.subject().is_none_or(|(kind, id, number)| {
            seen.insert((kind, false, id)) && seen.insert((kind, true, number.to_lowercase()))
        })
    };
    jobs.iter().take(MAX_BATCH).take_while(distinct).count().max(1)
}

/// Keeps the order: once one has to come again, whatever follows it comes again with it.
fn ordered(jobs: Vec<Job>) -> Vec<Outcome> {
    let mut waiting: Option<Duration> = None;
    let outcomes = jobs.into_iter().map(|job| {
        let outcome = job.outcome.unwrap_or(Outcome::Again(STORE_WAIT));
        match (&outcome, waiting) {
            (Outcome::Again(wait), None) => {
                waiting = Some(*wait);
                outcome
            }
            (_, Some(wait)) => Outcome::Again(wait),
            _ => outcome,
        }
    });
    outcomes.collect()
}
