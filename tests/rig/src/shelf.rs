//! The stores in memory, as strict as the table: every write of something with a revision is compare-and-set,
//! and what is stored is JSON, so that nothing survives that could not be read back.
//!
//! A test may order trouble at the n-th use: the store does not answer, or the process dies there.

mod ports;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rules::AccountId;
use rules::grant::StoredToken;
use rules::notification::Notification;
use rules::ports::{Answer, Lease, Outage, OutageScope, Unavailable, Written};
use rules::record::{Kind, Record, RecordKey};
use rules::wake::Wake;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Notify;

/// What goes wrong at one use of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It does not answer, and has done nothing.
    FailsBefore,
    /// It does not answer, and has done what it was asked.
    FailsAfter,
    /// The process dies before the store is reached.
    DiesBefore,
    /// The process dies when the store has done what it was asked.
    DiesAfter,
}

/// The stores of one test.
#[derive(Default)]
pub struct Shelf {
    things: Mutex<Things>,
    troubles: Mutex<Troubles>,
    died: Notify,
}

#[derive(Default)]
struct Things {
    /// By key: the revision and the JSON of everything that counts its revisions.
    items: BTreeMap<String, (u64, String)>,
    facts: HashMap<String, String>,
    tokens: HashMap<String, StoredToken>,
    leases: HashMap<String, (Lease, Timestamp)>,
    cooldowns: HashMap<String, Timestamp>,
    outages: HashMap<OutageScope, Outage>,
    wakes: HashMap<AccountId, Wake>,
    /// By document of an account: the record that took it over, and until when its claim stands.
    claims: HashMap<String, (String, Timestamp)>,
    notifications: Vec<Notification>,
    places: u64,
}

#[derive(Default)]
struct Troubles {
    uses: u64,
    at: BTreeMap<u64, Trouble>,
    is_dead: bool,
}

impl Shelf {
    /// Orders trouble at a use from now on, 0 being the next.
    pub fn order(&self, after: u64, trouble: Trouble) {
        let mut troubles = self.troubles();
        let at = troubles.uses + after;
        troubles.at.insert(at, trouble);
    }

    /// Takes all orders back.
    pub fn calm(&self) {
        self.troubles().at.clear();
    }

    /// Resolves when the process has died in a store; the next one finds everything as it was left.
    pub async fn died(&self) {
        loop {
            let died = self.died.notified();
            {
                let mut troubles = self.troubles();
                if troubles.is_dead {
                    troubles.is_dead = false;
                    return;
                }
            }
            died.await;
        }
    }

    /// How often the stores were used.
    #[must_use]
    pub fn uses(&self) -> u64 {
        self.troubles().uses
    }

    /// A record, as it is.
    #[must_use]
    pub fn peek(&self, key: &RecordKey) -> Option<Record> {
        get(&self.things(), &record_key(key))
    }

    /// All records, as they are.
    #[must_use]
    pub fn records_now(&self) -> Vec<Record> {
        let things = self.things();
        let keys = things.items.keys().filter(|key| key.starts_with("RECORD#"));
        keys.filter_map(|key| get::<Record>(&things, key)).collect()
    }

    /// When the next account is due whose work waits.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.things().wakes.values().map(|wake| wake.due_at).min()
    }

    /// Which kinds of records an account has for a Sessional id.
    #[must_use]
    pub fn notifications(&self) -> Vec<Notification> {
        self.things().notifications.clone()
    }

    async fn with<T>(&self, what: &'static str, work: impl FnOnce(&mut Things) -> T + Send) -> Answer<T> {
        let trouble = {
            let mut troubles = self.troubles();
            let number = troubles.uses;
            troubles.uses += 1;
            troubles.at.remove(&number)
        };
        match trouble {
            None => Ok(work(&mut self.things())),
            Some(Trouble::FailsBefore) => Err(out_of_order(what)),
            Some(Trouble::FailsAfter) => {
                work(&mut self.things());
                Err(out_of_order(what))
            }
            Some(Trouble::DiesBefore) => self.die().await,
            Some(Trouble::DiesAfter) => {
                work(&mut self.things());
                self.die().await
            }
        }
    }

    async fn die<T>(&self) -> T {
        self.troubles().is_dead = true;
        self.died.notify_waiters();
        std::future::pending().await
    }

    fn things(&self) -> MutexGuard<'_, Things> {
        self.things.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn troubles(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn out_of_order(what: &'static str) -> Unavailable {
    Unavailable { what, source: "the store is out of order for the test".into() }
}

fn record_key(key: &RecordKey) -> String {
    format!("RECORD#{}#{}#{}#{}", key.account, key.tenant, Kind::word(key.kind), key.id)
}

fn get<T: DeserializeOwned>(things: &Things, key: &str) -> Option<T> {
    let (_, json) = things.items.get(key)?;
    // What cannot be read back is a bug that the test must see.
    Some(serde_json::from_str(json).unwrap_or_else(|error| unreadable(key, &error)))
}

#[expect(clippy::panic, reason = "a store that cannot read what it wrote fails the test that uses it")]
fn unreadable(key: &str, error: &serde_json::Error) -> ! {
    panic!("{key} cannot be read back: {error}")
}

/// Compare-and-set; the revision is raised only when it is stored.
fn put<T: Serialize>(things: &mut Things, key: String, value: &mut T, revision: fn(&mut T) -> &mut u64) -> Written {
    let read = *revision(value);
    let stored = things.items.get(&key).map_or(0, |(stored, _)| *stored);
    if stored != read {
        return Written::Conflict;
    }
    *revision(value) = read + 1;
    let json = serde_json::to_string(value).unwrap_or_else(|error| unreadable(&key, &error));
    things.items.insert(key, (read + 1, json));
    Written::Done
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::connection::Connection;
    use rules::ports::Connections;

    #[tokio::test]
    async fn of_two_writers_that_read_the_same_one_gets_a_conflict() {
        let shelf = Shelf::default();
        let account = AccountId::parse("acc_1").unwrap();
        let (mut one, mut other) = (Connection::none(account.clone()), Connection::none(account.clone()));
        assert_eq!(shelf.put_connection(&mut one).await.unwrap(), Written::Done);
        assert_eq!(shelf.put_connection(&mut other).await.unwrap(), Written::Conflict);
        assert_eq!((one.revision, other.revision), (1, 0));
        let read = shelf.connection(&account).await.unwrap();
        assert_eq!(read, Some(one));
    }

    #[tokio::test]
    async fn trouble_comes_once_and_where_it_was_ordered() {
        let shelf = Shelf::default();
        let account = AccountId::parse("acc_1").unwrap();
        shelf.order(1, Trouble::FailsAfter);
        assert!(shelf.connection(&account).await.is_ok());
        let mut connection = Connection::none(account.clone());
        assert!(shelf.put_connection(&mut connection).await.is_err());
        assert!(shelf.connection(&account).await.unwrap().is_some());
    }
}
