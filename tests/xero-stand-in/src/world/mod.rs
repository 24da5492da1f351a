//! Everything the stand-in remembers: apps, users, grants, organisations with their books, and the
//! machinery around them. One lock guards it; every request is answered inside that lock.

pub(crate) mod app;
pub(crate) mod ledger;
pub(crate) mod records;
pub(crate) mod seed;

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use app::{App, Connection, Role, User};
pub(crate) use ledger::Ledger;

use crate::control::types::JournalEntry;
use crate::faults::Faults;
use crate::gateway::idempotency::Stored;
use crate::gateway::late::LateRequest;
use crate::gateway::limits::Limits;
use crate::identity::grants::Grants;
use crate::ids::Series;
use crate::switches::Switches;
use crate::time::Clock;
use crate::webhooks::Outbox;

/// How many requests the journal keeps.
const JOURNAL_LENGTH: usize = 20_000;
/// Of how many of them it keeps the bodies, which would otherwise fill the memory.
const JOURNAL_BODIES: usize = 2_000;

/// The whole state; what is marked `skip` does not survive a restart.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    #[serde(default)]
    pub(crate) ids: Series,
    pub(crate) switches: Switches,
    pub(crate) apps: BTreeMap<String, App>,
    pub(crate) users: BTreeMap<Uuid, User>,
    pub(crate) ledgers: BTreeMap<Uuid, Ledger>,
    pub(crate) connections: Vec<Connection>,
    pub(crate) grants: Grants,
    pub(crate) outbox: Outbox,
    /// By client id and key.
    pub(crate) idempotency: HashMap<String, Stored>,
    #[serde(skip)]
    pub(crate) limits: Limits,
    #[serde(skip)]
    pub(crate) faults: Faults,
    /// Requests that go on behind a gateway that gave up.
    #[serde(skip)]
    pub(crate) late: Vec<LateRequest>,
    #[serde(skip)]
    pub(crate) journal: VecDeque<JournalEntry>,
    #[serde(skip)]
    pub(crate) journal_sequence: u64,
    /// The base address under which the Xero side is reached.
    #[serde(skip)]
    pub(crate) xero_url: String,
}

impl World {
    /// The connection of an app to a tenant through a user.
    pub(crate) fn connection(&self, client_id: &str, user: Uuid, tenant: Uuid) -> Option<&Connection> {
        self.connections.iter().find(|c| c.client_id == client_id && c.user == user && c.tenant == tenant)
    }

    /// Adds a line to the journal and forgets the oldest beyond its length.
    pub(crate) fn record(&mut self, mut entry: JournalEntry) {
        self.journal_sequence += 1;
        entry.sequence = self.journal_sequence;
        if self.journal.len() >= JOURNAL_LENGTH {
            self.journal.pop_front();
        }
        let old = self.journal.len().checked_sub(JOURNAL_BODIES).and_then(|place| self.journal.get_mut(place));
        if let Some(old) = old {
            old.request_body = String::new();
            old.response_body = String::new();
        }
        self.journal.push_back(entry);
    }

    /// Turns what happened in a ledger into webhook events for every connected app.
    pub(crate) fn collect_events(&mut self, tenant: Uuid) {
        let Some(ledger) = self.ledgers.get_mut(&tenant) else { return };
        let happened = std::mem::take(&mut ledger.happened);
        for event in happened {
            let connected =
                |app: &&mut App| self.connections.iter().any(|c| c.tenant == tenant && c.client_id == app.client_id);
            for app in self.apps.values_mut().filter(connected) {
                self.outbox.queue(app, tenant, &event, &self.switches);
            }
        }
    }
}
