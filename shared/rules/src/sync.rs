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
mod lost_answer;
pub mod mark;
pub mod message;
mod number;
mod party;
mod refused;
mod remove;
mod shown;
mod take_over;
mod totals;
mod update;
mod usual;
pub mod wait;

pub use job::Job;
pub use mark::AppLinks;
pub use message::Message;
pub use usual::Usual;

use message::Work;

use crate::account::AccountId;
use crate::connection::{Connection, ErrorReason, Status};
use crate::event::EventRefusal;
use crate::failure::policy::{self, Pause};
use crate::failure::{Cause, Failure};
use crate::mapping::Choices;
use crate::notification::Notification;
use crate::organisation::Facts;
use crate::ports::{
    Clock, Connections, Contacts, Cooldowns, Mappings, Notifications, Organisations, ReadAhead, Records, Unavailable,
    Upcoming, Waiting, Wakes,
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
/// Time that a call and the writing of its answer may take: the client's time-out and a second.
const CALL_TIME: Duration = Duration::from_secs(15);
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
    /// When accounts go on with what waits.
    pub wakes: &'a dyn Wakes,
    /// Records that wait.
    pub waiting: &'a dyn Waiting,
    /// Where the backend is told.
    pub notifications: &'a dyn Notifications,
    /// How links into the app are made.
    pub links: &'a AppLinks,
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
    /// Whether it goes on with what has waited, which leaves calls of each minute to others.
    is_drain: bool,
}

/// Why the rest of a run cannot go on.
enum Stop {
    /// Our own store does not answer: everything that is not done comes again.
    Again(Duration),
    /// Something outside is out: everything that is not done waits for it.
    Wait(Pause),
    /// The account was disconnected, or took another organisation, in the middle.
    Disconnected,
    /// Nobody knows whether a call arrived: counted for each document that it was made for.
    Unanswered(String),
    /// The connection is lost: everything that is not done is held.
    Lost(Box<Connection>, ErrorReason),
    /// The consent lacks a permission: what needs it is held, and what does not goes on.
    PermissionMissing(Box<Connection>),
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
            jobs.push(self.read(account, message).await.received(message.receives));
        }
        if let Err(stop) = self.run_jobs(account, &mut jobs).await {
            come_again(&mut jobs, stop.store_wait());
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
            None => self.acknowledge_all(jobs),
            Some(connection) => match (connection.status, &connection.organisation) {
                (Status::Connected, Some(organisation)) => {
                    let tenant = organisation.tenant;
                    if let Err(stop) = self.run_connected(&connection, guess, jobs).await {
                        self.stop(tenant, jobs, stop).await?;
                    }
                }
                (Status::Error, Some(organisation)) => {
                    self.hold_all(organisation.tenant, jobs, &Failure::connection_lost()).await?
                }
                // Another choice is offered while the old organisation is lost: its work waits for the outcome.
                (Status::ChooseOrganisation, Some(organisation)) if connection.error.is_some() => {
                    self.hold_all(organisation.tenant, jobs, &Failure::connection_lost()).await?
                }
                (_, organisation) => {
                    let last = organisation.as_ref().map(|organisation| organisation.tenant);
                    self.keep_while_disconnected(last, jobs).await?;
                }
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
        let session = session.watching(self.connections);
        let tenant = session.tenant_id();
        if read != Some(tenant) {
            let first = segment(jobs);
            self.ahead.read_ahead(&upcoming(&connection.account, tenant, jobs.iter().take(first))).await?;
            self.usual.seen(&connection.account, tenant);
        }
        if let Some(until) = self.cooldowns.cooling_until(tenant, self.clock.now()).await? {
            let wait = Duration::try_from(until.duration_since(self.clock.now())).unwrap_or(STORE_WAIT);
            return Err(Stop::Wait(Pause::asked(self.cooling_cause(&connection.account).await?, Some(wait), wait)));
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
        let mut context = Context { session: &session, choices, facts, started: self.clock.now(), is_drain: false };
        let drains = jobs.iter().any(Job::is_drain);
        let mut rest: &mut [Job] = &mut *jobs;
        while !rest.is_empty() {
            self.check_deadline()?;
            self.keep_reserve(&session)?;
            let length = segment(rest);
            let (head, tail) = rest.split_at_mut(length);
            self.run_segment(&mut context, head).await?;
            rest = tail;
        }
        // New work first.
        if drains {
            context.is_drain = true;
            self.drain(&mut context, &connection.account).await?;
        }
        self.keep_reserve(&session)
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
        let mut rest: &mut [Job] = jobs;
        while !rest.is_empty() {
            let (head, tail) = rest.split_at_mut(number::independent(rest));
            self.create(context, head).await?;
            for job in head.iter_mut().filter(|job| !job.is_over()) {
                self.check_deadline()?;
                self.keep_pace(context)?;
                match job.step() {
                    Want::Nothing => self.settle(job).await?,
                    Want::TakeBack => self.take_back(job).await?,
                    Want::Remove => self.remove(context, job).await?,
                    Want::Update => self.update(context, job).await?,
                    Want::Create => job.outcome = Some(Outcome::Again(STORE_WAIT)),
                }
            }
            rest = tail;
        }
        Ok(())
    }

    /// Stops before the function is stopped in the middle of a call.
    fn check_deadline(&self) -> Result<(), Stop> {
        match self.deadline {
            Some(deadline) if self.clock.now() + CALL_TIME > deadline => Err(Stop::Wait(Pause::turn())),
            Some(_) | None => Ok(()),
        }
    }

    /// Leaves the last calls of the day to what users do by hand.
    fn keep_reserve(&self, session: &Session<'_>) -> Result<(), Stop> {
        if !session.is_at_reserve() {
            return Ok(());
        }
        tracing::warn!(xero.tenant_id = %session.tenant_id(), "few calls are left today");
        Err(Stop::Wait(Pause::asked(Cause::RequestLimit, Some(RESERVE_WAIT), RESERVE_WAIT)))
    }

    /// Leaves a part of this minute's calls to others while what has waited goes on.
    fn keep_pace(&self, context: &Context<'_>) -> Result<(), Stop> {
        match context.is_drain && !context.session.has_calls_this_minute(1) {
            true => Err(Stop::Wait(Pause { time: wait::NEXT_PART.unsigned_abs(), ..Pause::turn() })),
            false => Ok(()),
        }
    }

    /// Why the tenant is left alone, as what waits for it already says.
    async fn cooling_cause(&self, account: &AccountId) -> Result<Cause, Stop> {
        let wake = self.wakes.wake(account).await?;
        Ok(wake.map_or(Cause::RequestLimit, |_| Cause::XeroUnavailable))
    }

    /// Turns an interruption that concerns more than one document into what becomes of the run.
    async fn interrupted(&self, session: &Session<'_>, interruption: Interruption) -> Result<Stop, Unavailable> {
        let tenant = session.tenant_id();
        if let Some(pause) = interruption.pause().filter(|_| !interruption.is_about_the_call()) {
            return Ok(Stop::Wait(pause));
        }
        Ok(match interruption {
            Interruption::Lost(reason) => Stop::Lost(Box::new(session.connection().clone()), reason),
            Interruption::ScopeMissing => Stop::PermissionMissing(Box::new(session.connection().clone())),
            Interruption::NotConnected => Stop::Disconnected,
            Interruption::Unavailable(error) => return Err(error),
            Interruption::NoAnswer(error) | Interruption::Refused(error) => {
                tracing::warn!(xero.tenant_id = %tenant, error = %error, "Xero gave no answer");
                Stop::Unanswered(error.to_string())
            }
            Interruption::Wait(pause) => Stop::Wait(pause),
            Interruption::Operator(_) => Stop::Wait(Pause::operator()),
        })
    }

    /// Ends what is not over yet in the way that the stop asks for.
    async fn stop(&self, tenant: TenantId, jobs: &mut [Job], stop: Stop) -> Result<(), Stop> {
        match stop {
            Stop::Lost(seen, reason) => self.lose(&seen, jobs, reason).await,
            Stop::PermissionMissing(seen) => self.hold_for_permission(tenant, &seen, jobs).await,
            Stop::Wait(pause) => self.wait_all(tenant, jobs, &pause).await,
            // Nothing was sent for any document: no attempt is counted, and Xero is given time.
            Stop::Unanswered(_) => self.wait_all(tenant, jobs, &Pause::no_answer()).await,
            Stop::Disconnected => self.keep_while_disconnected(Some(tenant), jobs).await,
            Stop::Again(wait) => {
                come_again(jobs, wait);
                Ok(())
            }
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

impl Stop {
    /// How long messages are left to the queue whose work could not even be written down.
    fn store_wait(&self) -> Duration {
        match self {
            Self::Again(wait) => *wait,
            Self::Wait(_) | Self::Disconnected | Self::Unanswered(_) | Self::Lost(..) | Self::PermissionMissing(_) => {
                STORE_WAIT
            }
        }
    }
}

/// Leaves to the queue what is not over: the longer, the more often it came.
fn come_again(jobs: &mut [Job], wait: Duration) {
    for job in jobs.iter_mut().filter(|job| !job.is_over()) {
        job.outcome = Some(Outcome::Again(wait.max(policy::store_wait(job.receives))));
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
