//! The sync's rules in this process: batches of the queue model, stores in memory, Xero over HTTP.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use futures::future::join_all;
use jiff::Timestamp;
use rules::AccountId;
use rules::action::Action;
use rules::event::SessionalId;
use rules::ports::{self, Clock as _, Connections as _, Contacts};
use rules::record::{Record, UnderWay};
use rules::session::Session;
use rules::sync::contact::link::{self, ContactChoices, LinkError, LinkedContact, SearchText};
use rules::sync::message::run_record;
use rules::sync::{AppLinks, Message, Outcome, Sync, Usual};
use rules::tokens::{Memory, Tokens};
use rules::upkeep::tick::Tick;
use uuid::Uuid;
use xero::ContactId;
use xero::http::Timeouts;
use xero_stand_in::{Config, StandIn};

use crate::clock::FakeClock;
use crate::queue::{Fifo, Queued};
use crate::shelf::Shelf;
use crate::tenant::{Stores, Tenant, Wishes, XeroSide};

/// When every test begins.
const START: &str = "2026-11-22T09:00:00Z";
/// How long an answer of the stand-in is waited for: it is in this process.
const LONGEST_CALL: Duration = Duration::from_secs(10);

/// The world of one test.
pub struct World {
    /// Time, which the stand-in shares.
    pub clock: FakeClock,
    /// The stores.
    pub shelf: Shelf,
    /// The queue.
    pub queue: Fifo,
    /// Whether documents that are made alone get a note in their history.
    pub history_notes: bool,
    /// When the function is stopped; none as long as a test does not care.
    pub deadline: Option<Timestamp>,
    memory: Memory,
    usual: Usual,
    links: AppLinks,
}

/// The stand-in and the clients of it, for as many worlds as a test wants.
pub struct Xero {
    /// Xero.
    pub side: XeroSide,
    _stand_in: StandIn,
}

impl Xero {
    /// Starts a stand-in whose clock stands still.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let frozen_at = Some(START.parse()?);
        let stand_in = StandIn::start(Config { frozen_at, ..Config::default() }).await?;
        let http = xero::http::client_with(Timeouts { total: LONGEST_CALL, ..Timeouts::default() })?;
        let side = XeroSide::of(&stand_in, XeroSide::any_credentials(), http).await?;
        Ok(Self { side, _stand_in: stand_in })
    }

    /// A world that begins now.
    ///
    /// # Errors
    /// When the stand-in does not answer.
    pub async fn world(&self) -> anyhow::Result<World> {
        let now = self.side.control.clock().await?.now;
        Ok(World {
            clock: FakeClock::at(now),
            shelf: Shelf::default(),
            queue: Fifo::default(),
            history_notes: false,
            deadline: None,
            memory: Memory::default(),
            usual: Usual::default(),
            links: AppLinks::new(&"https://app.sessional.example".parse()?)?,
        })
    }
}

/// What the tick sends, until it is in the queue.
#[derive(Default)]
struct Outgoing(Mutex<Vec<ports::Queued>>);

#[async_trait]
impl ports::SyncQueue for Outgoing {
    async fn enqueue(&self, events: &[ports::Queued]) -> ports::Answer<Vec<bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(events);
        Ok(vec![true; events.len()])
    }
}

impl World {
    /// A new account, connected and mapped.
    ///
    /// # Errors
    /// When the stand-in refuses.
    pub async fn connect(&self, xero: &Xero, name: &str, wishes: &Wishes) -> anyhow::Result<Tenant> {
        let shelf = &self.shelf;
        let stores = Stores { connections: shelf, grants: shelf, vault: shelf, mappings: shelf };
        xero.side.connect(name, &stores, wishes, self.clock.now()).await
    }

    /// Receives one batch and works it as the function does: accounts side by side, each message settled by
    /// itself. A process that dies in a store leaves its messages to the queue.
    ///
    /// # Errors
    /// When the stand-in's controls do not answer, or a message group is no account.
    pub async fn work(&mut self, xero: &Xero, most: usize) -> anyhow::Result<usize> {
        self.tell_time(xero).await?;
        let batch = self.queue.receive(most, self.clock.now());
        let received = batch.len();
        let mut groups: Vec<Vec<Queued>> = Vec::new();
        for message in batch {
            match groups.iter_mut().find(|group| group.first().is_some_and(|first| first.group == message.group)) {
                Some(group) => group.push(message),
                None => groups.push(vec![message]),
            }
        }
        let judged = {
            let runs = groups.iter().map(|group| self.run(xero, group));
            tokio::select! {
                biased;
                () = self.shelf.died() => None,
                outcomes = join_all(runs) => Some(outcomes),
            }
        };
        let Some(judged) = judged else {
            // A new process remembers nothing.
            self.memory = Memory::default();
            self.usual = Usual::default();
            return Ok(received);
        };
        for (group, outcomes) in groups.iter().zip(judged) {
            for (message, outcome) in group.iter().zip(outcomes?) {
                self.settle(message.id, &outcome);
            }
        }
        Ok(received)
    }

    async fn run(&self, xero: &Xero, group: &[Queued]) -> anyhow::Result<Vec<Outcome>> {
        let Some(first) = group.first() else { return Ok(Vec::new()) };
        let account = AccountId::parse(&first.group)?;
        let (clock, shelf, side) = (&self.clock, &self.shelf, &xero.side);
        let tokens = self.tokens(side);
        let sync = Sync {
            ahead: shelf,
            usual: &self.usual,
            client: &side.client,
            tokens: &tokens,
            connections: shelf,
            mappings: shelf,
            organisations: shelf,
            records: shelf,
            contacts: shelf,
            cooldowns: shelf,
            wakes: shelf,
            waiting: shelf,
            notifications: shelf,
            links: &self.links,
            clock,
            history_notes: self.history_notes,
            deadline: self.deadline,
        };
        let messages: Vec<Message> =
            group.iter().map(|message| Message { body: message.body.clone(), receives: message.receives }).collect();
        let outcomes = sync.run(&account, &messages).await;
        anyhow::ensure!(outcomes.len() == messages.len(), "not every message has an outcome: {outcomes:?}");
        Ok(outcomes)
    }

    fn tokens<'w>(&'w self, side: &'w XeroSide) -> Tokens<'w> {
        let (clock, shelf) = (&self.clock, &self.shelf);
        Tokens { identity: &side.identity, vault: shelf, grants: shelf, leases: shelf, clock, memory: &self.memory }
    }

    /// The user searches for a contact.
    ///
    /// # Errors
    /// When nobody is connected, or the text is none.
    pub async fn search_contacts(
        &self,
        xero: &Xero,
        tenant: &Tenant,
        text: &str,
    ) -> anyhow::Result<Result<ContactChoices, LinkError>> {
        let tokens = self.tokens(&xero.side);
        let connection = self.shelf.connection(&tenant.account).await?.context("no connection")?;
        let session = Session::open(&xero.side.client, &tokens, &connection).context("not connected")?;
        let text = SearchText::parse(Some(text)).map_err(|problem| anyhow::anyhow!(problem.detail))?;
        Ok(link::search(&self.shelf, &session, &tenant.account, &text).await)
    }

    /// The user chooses the contact of a client, in these references.
    ///
    /// # Errors
    /// When nobody is connected, or the client's id is none.
    pub async fn link_contact(
        &self,
        xero: &Xero,
        contacts: &dyn Contacts,
        tenant: &Tenant,
        organisation: &str,
        contact: Uuid,
    ) -> anyhow::Result<Result<LinkedContact, LinkError>> {
        let tokens = self.tokens(&xero.side);
        let connection = self.shelf.connection(&tenant.account).await?.context("no connection")?;
        let session = Session::open(&xero.side.client, &tokens, &connection).context("not connected")?;
        let organisation = SessionalId::parse(organisation).map_err(anyhow::Error::msg)?;
        let contact = ContactId::from_uuid(contact);
        Ok(link::link(contacts, &session, &tenant.account, &organisation, contact).await)
    }

    fn settle(&mut self, id: u64, outcome: &Outcome) {
        match outcome {
            Outcome::Done => self.queue.delete(id),
            Outcome::Again(time) => self.queue.hide(id, self.clock.now() + (*time).max(Duration::from_secs(1))),
            Outcome::Park(_) => self.queue.park(id),
        }
    }

    /// Works until nothing waits any more, moving the clock to whatever is next.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn drain(&mut self, xero: &Xero) -> anyhow::Result<()> {
        for _ in 0..4_000 {
            let now = self.clock.now();
            let wake = self.shelf.next_wake().map(|due| due.max(now));
            match (self.queue.next_at(now), wake) {
                (None, None) => return Ok(()),
                (next, Some(due)) if next.is_none_or(|next| due < next) => {
                    self.clock.advance_to(due);
                    self.tick().await?;
                    // What is out for all accounts is tried out by one of them: the next minute looks again.
                    if self.shelf.next_wake().is_some_and(|next| next <= due) {
                        let minute = due + Duration::from_secs(60);
                        self.clock.advance_to(self.queue.next_at(due).map_or(minute, |next| next.min(minute)));
                    }
                }
                (next, _) => {
                    self.clock.advance_to(next.unwrap_or(now));
                    self.work(xero, 10).await?;
                }
            }
        }
        anyhow::bail!(
            "the queue never becomes empty: {} is next, a wake is due at {:?}; it is {}",
            self.queue.next_at(self.clock.now()).map_or_else(|| "nothing".to_owned(), |at| at.to_string()),
            self.shelf.next_wake(),
            self.clock.now()
        )
    }

    /// Lets waiting work go on whose time has come, as the schedule of a minute does.
    ///
    /// # Errors
    /// When a store is out of order.
    pub async fn tick(&mut self) -> anyhow::Result<()> {
        let outgoing = Outgoing::default();
        let (shelf, clock) = (&self.shelf, &self.clock);
        let tick =
            Tick { due: shelf, wakes: shelf, cooldowns: shelf, sync_queue: &outgoing, notifications: shelf, clock };
        // A store that is out of order is tried again with the next minute.
        if tick.run().await.is_err() {
            self.clock.advance(Duration::from_secs(60));
        }
        let now = self.clock.now();
        for message in outgoing.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
            self.queue.send(message.account.as_str(), &message.deduplication, &message.event, now);
        }
        Ok(())
    }

    /// Presses retry for what failed and offers that, as a user does; how many there were.
    pub fn press_retry(&mut self) -> usize {
        let now = self.clock.now();
        let offers = |record: &Record| {
            let retry = record.failure.as_ref().is_some_and(|failure| failure.action == Action::Retry);
            record.under_way == UnderWay::Failed && retry
        };
        let failed: Vec<Record> = self.shelf.records_now().into_iter().filter(offers).collect();
        for record in &failed {
            let run = run_record("retry", &record.key, record.revision);
            self.queue.send(run.account.as_str(), &run.deduplication, &run.event, now);
        }
        failed.len()
    }

    async fn tell_time(&self, xero: &Xero) -> anyhow::Result<()> {
        let (ours, theirs) = (self.clock.now(), xero.side.control.clock().await?.now);
        self.clock.advance_to(theirs);
        if ours > theirs {
            xero.side.control.set_clock(ours).await?;
        }
        Ok(())
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
