//! Connections at Xero that nobody here knows of: a consent that was redeemed by a process that died before it stored
//! anything, or one that was never redeemed. They count toward the app's plan, and their user believes to be connected.
//!
//! All of the app's connections are listed with its own token and held against everything that names one here.

use super::Upkeep;
use crate::connection::{Connection, Status};
use crate::ports::{Answer, Unavailable};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashSet;
use xero::{AccessToken, AuthenticationEventId, ConnectionId, Error, models};

/// A connection this young may be one of a consent that is under way: those take an hour, and some minutes more.
const YOUNG: SignedDuration = SignedDuration::from_hours(2);
/// Most that one round removes: a mistake of ours must not disconnect everybody before somebody sees the alarm.
const MOST_REMOVED: usize = 25;

/// Everything that names a connection at Xero.
#[derive(Default)]
struct NamedConnections {
    connections: HashSet<ConnectionId>,
    consents: HashSet<AuthenticationEventId>,
}

impl NamedConnections {
    fn add(&mut self, connection: &Connection) {
        let used = connection.organisation.iter().filter(|_| connection.status != Status::Disconnected);
        for organisation in used.chain(&connection.choices).chain(&connection.leftovers) {
            self.connections.insert(organisation.connection);
            // Xero may give a renewed connection another id; its consent is the same then.
            self.consents.extend(organisation.consent);
        }
        self.consents.extend(connection.leaving.iter().filter_map(|leaving| leaving.consent));
    }

    fn names(&self, listed: &models::Connection) -> bool {
        self.connections.contains(&listed.id)
            || listed.auth_event_id.is_some_and(|consent| self.consents.contains(&consent))
    }
}

impl Upkeep<'_> {
    /// Counts the app's connections that nothing names, and removes them where that is wanted. Says how many there are.
    ///
    /// # Errors
    /// When Xero or the table does not answer: then the next round looks.
    pub async fn look_for_orphans(&self) -> Answer<usize> {
        const WHAT: &str = "list the app's connections at Xero";
        let now = self.clock.now();
        let failed = |error: String| Unavailable { what: WHAT, source: error.into() };
        let access = self.tokens.identity.app_token(now).await.map_err(|error| failed(error.to_string()))?;
        // First Xero, then the table: what is connected in between is young, and what is removed in between is gone.
        let listed = self.client.connections(&access, None).await.map_err(|error| failed(error.to_string()))?;
        let named = self.named_connections().await?;
        let old = |listed: &models::Connection| is_old(listed, now);
        let orphans: Vec<_> = listed.iter().filter(|listed| old(listed) && !named.names(listed)).collect();
        let removed = if self.removes_orphans { self.remove_orphans(&access, &orphans).await } else { 0 };
        tracing::info!(
            connections.orphaned = orphans.len() - removed,
            connections.listed = listed.len(),
            connections.removed = removed,
            "the app's connections at Xero were held against what is known here"
        );
        Ok(orphans.len())
    }

    async fn named_connections(&self) -> Answer<NamedConnections> {
        let mut named = NamedConnections::default();
        for shard in 0..self.population.shards() {
            let mut from = None;
            loop {
                let page = self.population.accounts(shard, from.as_ref()).await?;
                page.connections.iter().for_each(|connection| named.add(connection));
                from = page.next;
                if from.is_none() {
                    break;
                }
            }
        }
        Ok(named)
    }

    async fn remove_orphans(&self, access: &AccessToken, orphans: &[&models::Connection]) -> usize {
        let mut removed = 0;
        for orphan in orphans.iter().take(MOST_REMOVED) {
            match self.client.delete_connection(access, orphan.id).await {
                Ok(()) | Err(Error::NotFound { .. }) => removed += 1,
                Err(error) => tracing::warn!(error = %error, "a connection that nobody uses was not removed at Xero"),
            }
        }
        removed
    }
}

/// Whether it is old enough that no consent under way can have made it. One without a date is.
fn is_old(listed: &models::Connection, now: Timestamp) -> bool {
    listed.updated.or(listed.created).is_none_or(|at| now.duration_since(at) >= YOUNG)
}
