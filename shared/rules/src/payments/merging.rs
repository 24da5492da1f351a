//! Contacts that were merged in Xero: a document of the one shows the other from then on, and nobody edited it. Asked
//! once a run for each contact.

use crate::session::Session;
use std::collections::HashMap;
use xero::ContactId;

/// Merges of merges that are followed.
const MAX_STEPS: usize = 4;

/// What is known of merged contacts.
pub(super) struct Merges<'s, 'a> {
    session: &'s Session<'a>,
    into: HashMap<ContactId, Option<ContactId>>,
}

impl<'s, 'a> Merges<'s, 'a> {
    pub(super) fn new(session: &'s Session<'a>) -> Self {
        Self { session, into: HashMap::new() }
    }

    /// Whether Xero merged the first contact into the second; none when nobody can tell now.
    pub(super) async fn has_become(&mut self, first: ContactId, second: ContactId) -> Option<bool> {
        let mut at = first;
        for _ in 0..MAX_STEPS {
            match self.merged_into(at).await? {
                Some(next) if next == second => return Some(true),
                Some(next) => at = next,
                None => return Some(false),
            }
        }
        Some(false)
    }

    async fn merged_into(&mut self, contact: ContactId) -> Option<Option<ContactId>> {
        if let Some(known) = self.into.get(&contact) {
            return Some(*known);
        }
        match crate::call_xero!(self.session, |tenant| tenant.contact(contact)) {
            Ok(found) => {
                let into = found.and_then(|contact| contact.merged_to);
                self.into.insert(contact, into);
                Some(into)
            }
            Err(interruption) => {
                tracing::info!(reason = %interruption, "whether a contact was merged cannot be told now");
                None
            }
        }
    }
}
