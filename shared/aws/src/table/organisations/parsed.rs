//! What a process has read of organisations, kept beside the bytes that said it: a chart of accounts is a hundred rows,
//! every invoice needs it, and from one invoice to the next it is the same. The table is asked all the same, and only
//! what it answers counts: other bytes are read anew.

use rules::organisation::Facts;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::Key;

/// Organisations that are remembered, at some 30 KB each; a process that has met more begins anew.
const MOST: usize = 50;

/// Facts by the key of their item, in the memory of one process.
#[derive(Clone, Default)]
pub(in super::super) struct Parsed(Arc<Mutex<HashMap<Key, Remembered>>>);

struct Remembered {
    bytes: Vec<u8>,
    facts: Arc<Facts>,
}

impl fmt::Debug for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parsed")
    }
}

impl Parsed {
    /// What exactly these bytes said before.
    pub(super) fn of(&self, key: &Key, bytes: &[u8]) -> Option<Arc<Facts>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).filter(|known| known.bytes == bytes).map(|known| Arc::clone(&known.facts))
    }

    pub(super) fn remember(&self, key: Key, bytes: Vec<u8>, facts: &Arc<Facts>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(&key) {
            known.clear();
        }
        known.insert(key, Remembered { bytes, facts: Arc::clone(facts) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(number: usize) -> Key {
        Key { pk: format!("ACCOUNT#{number}"), sk: "ORGANISATION".to_owned() }
    }

    #[test]
    fn only_the_same_bytes_of_the_same_organisation_need_no_second_reading_and_memory_has_an_end() {
        let facts = json!({ "version": 4, "fetched_at": "2026-11-20T09:00:00Z", "accounts": [], "tax_rates": [],
            "organisation": { "OrganisationID": "00000000-0000-4000-8000-00000000000f" }, "currencies": [] });
        let facts: Arc<Facts> = Arc::new(serde_json::from_value(facts).unwrap());
        let parsed = Parsed::default();
        parsed.remember(key(0), b"one".to_vec(), &facts);
        assert!(Arc::ptr_eq(&parsed.of(&key(0), b"one").unwrap(), &facts));
        assert!(parsed.of(&key(0), b"two").is_none());
        assert!(parsed.of(&key(1), b"one").is_none());
        parsed.remember(key(0), b"two".to_vec(), &facts);
        assert!(parsed.of(&key(0), b"one").is_none() && parsed.of(&key(0), b"two").is_some());
        for number in 1..=MOST {
            parsed.remember(key(number), b"one".to_vec(), &facts);
        }
        assert!(parsed.of(&key(0), b"two").is_none() && parsed.of(&key(MOST), b"one").is_some());
    }
}
