//! What is left at Xero: connections that nobody uses and that count toward the plan. They are removed with a
//! token of the app itself, because their user's may be gone; a grant that ended is given back after them.

use super::{Disconnect, Ended};
use crate::connection::{ConnectedOrganisation, Connection, Status};
use crate::ports::Answer;
use xero::Error;

impl Disconnect<'_> {
    /// Forgets the leftovers that are in use after all: chosen again, or by another account that holds the
    /// organisation through the same user.
    pub(super) async fn sort_leftovers(&self, connection: &mut Connection) -> Answer<()> {
        let mut unused: Vec<ConnectedOrganisation> = Vec::new();
        for leftover in std::mem::take(&mut connection.leftovers) {
            let offered = connection.choices.iter().any(|choice| same(choice, &leftover));
            let known = unused.iter().any(|other| same(other, &leftover));
            if !offered && !known && !self.in_use(connection, &leftover).await? {
                unused.push(leftover);
            }
        }
        connection.leftovers = unused;
        Ok(())
    }

    async fn in_use(&self, connection: &Connection, leftover: &ConnectedOrganisation) -> Answer<bool> {
        let Some(holder) = self.claims.holder(leftover.tenant).await? else { return Ok(false) };
        if holder == connection.account {
            return Ok(uses(connection, leftover));
        }
        let theirs = self.connections.connection(&holder).await?;
        Ok(theirs.is_some_and(|theirs| uses(&theirs, leftover)))
    }

    /// Removes connections and gives grants back at Xero; returns the connections that are still there.
    pub(super) async fn remove_at_xero(
        &self,
        leftovers: Vec<ConnectedOrganisation>,
        ended: Vec<Ended>,
    ) -> Vec<ConnectedOrganisation> {
        let mut left = if leftovers.is_empty() { leftovers } else { self.remove_connections(leftovers).await };
        // This removes every connection of the user, so it comes last: what is left is then gone with it.
        for Ended(user, token) in ended {
            match self.identity.revoke(&token).await {
                Ok(()) => left.retain(|leftover| leftover.user != Some(user)),
                Err(error) => {
                    tracing::warn!(error = %error, "a grant could not be revoked at Xero; its token is deleted")
                }
            }
        }
        left
    }

    async fn remove_connections(&self, leftovers: Vec<ConnectedOrganisation>) -> Vec<ConnectedOrganisation> {
        let access = match self.identity.app_token(self.clock.now()).await {
            Ok(access) => access,
            Err(error) => {
                tracing::warn!(error = %error, "there is no token of the app; connections at Xero are left for upkeep");
                return leftovers;
            }
        };
        let mut left = Vec::new();
        for leftover in leftovers {
            match self.client.delete_connection(&access, leftover.connection).await {
                // Gone already is gone.
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be removed at Xero; upkeep tries again");
                    left.push(leftover);
                }
            }
        }
        left
    }
}

fn same(one: &ConnectedOrganisation, other: &ConnectedOrganisation) -> bool {
    (one.tenant, one.user) == (other.tenant, other.user)
}

/// Xero may give a renewed connection another id, so what counts is whose it is and of which organisation.
fn uses(connection: &Connection, leftover: &ConnectedOrganisation) -> bool {
    connection.status != Status::Disconnected
        && connection.organisation.as_ref().is_some_and(|organisation| organisation.tenant == leftover.tenant)
        && leftover.user.is_none_or(|user| connection.xero_user == Some(user))
}
