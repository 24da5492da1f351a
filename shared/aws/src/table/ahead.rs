//! Reading ahead: what a run is about to read one by one, read in one call.

use super::connections::connection_key;
use super::leases::cooldown_key;
use super::organisations::{contact_key, facts_key, mapping_key};
use super::{Item, Key, Table, records};
use crate::trouble::{because, unavailable};
use async_trait::async_trait;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use rules::ports::{Answer, ReadAhead, Upcoming};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Items that were read ahead, by their keys; none for one that is not there. Each is given out once.
#[derive(Clone, Default)]
pub(super) struct Shelf(Arc<Mutex<Items>>);

type Items = HashMap<Key, Option<Item>>;

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shelf")
    }
}

impl Shelf {
    pub(super) fn take(&self, key: &Key) -> Option<Option<Item>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key)
    }

    fn put(&self, items: Items) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = items;
    }
}

impl Table {
    /// The table for one run, which reads ahead for itself alone.
    #[must_use]
    pub fn for_a_run(&self) -> Self {
        Self { ahead: Some(Shelf::default()), ..self.clone() }
    }
}

#[async_trait]
impl ReadAhead for Table {
    async fn read_ahead(&self, upcoming: &Upcoming<'_>) -> Answer<()> {
        const WHAT: &str = "read ahead";
        let Some(shelf) = &self.ahead else { return Ok(()) };
        // DynamoDB refuses a key that is named twice.
        let wanted: HashSet<Key> = keys(upcoming).collect();
        let asked = KeysAndAttributes::builder().consistent_read(true);
        let asked = asked.set_keys(Some(wanted.iter().cloned().map(Into::into).collect())).build();
        let asked = asked.map_err(|error| because(WHAT, error))?;
        let batch = self.client.batch_get_item().request_items(&self.name, asked);
        let mut output = batch.send().await.map_err(|error| unavailable(WHAT, &error))?;
        let found = output.responses.as_mut().and_then(|responses| responses.remove(&self.name)).unwrap_or_default();
        let mut found: HashMap<Key, Item> = found.into_iter().filter_map(|item| Some((key_of(&item)?, item))).collect();
        // What was too much for one answer is read when it is asked for.
        let left = output.unprocessed_keys.as_ref().and_then(|left| left.get(&self.name));
        let left: HashSet<Key> = left.iter().flat_map(|left| left.keys()).filter_map(key_of).collect();
        let read = wanted.into_iter().filter(|key| !left.contains(key));
        shelf.put(read.map(|key| (key.clone(), found.remove(&key))).collect());
        Ok(())
    }
}

fn keys<'a>(upcoming: &'a Upcoming<'_>) -> impl Iterator<Item = Key> + 'a {
    let (account, tenant) = (upcoming.account, upcoming.tenant);
    let once = [cooldown_key(tenant), mapping_key(account, tenant), facts_key(account, tenant)];
    let records = upcoming.records.iter().map(records::key);
    let contacts = upcoming.contacts.iter().map(move |contact| contact_key(account, tenant, contact));
    let connection = upcoming.connection.then(|| connection_key(account));
    connection.into_iter().chain(once).chain(records).chain(contacts)
}

fn key_of(item: &Item) -> Option<Key> {
    let part = |name: &str| item.get(name)?.as_s().ok().cloned();
    Some(Key { pk: part("pk")?, sk: part("sk")? })
}
