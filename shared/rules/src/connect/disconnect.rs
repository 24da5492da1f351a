//! Disconnecting: stop first, then remove. From the first write on nothing is sent; what cannot be removed
//! at Xero just now is noted, and upkeep removes it later with app-level credentials. Records, references
//! and mapping stay, and so does everything in Xero.

use super::{Connect, Refusal};
use crate::account::AccountId;
use crate::connection::{ConnectedOrganisation, Connection, Status};
use crate::grant::Grant;
use crate::outbox;
use crate::ports::{Unavailable, Written};
use crate::tokens::{give_back, wait_for_lease};
use xero::{AccessToken, XeroUserId};

impl Connect<'_> {
    /// Disconnects an account; done already is done.
    ///
    /// # Errors
    /// When the state could not be stored: then the account is still connected.
    pub async fn disconnect(&self, account: &AccountId) -> Result<(), Refusal> {
        let Some(mut connection) = self.connections.connection(account).await? else { return Ok(()) };
        if connection.status != Status::Disconnected {
            connection.disconnect(self.clock.now());
            self.store(&mut connection).await?;
        }
        self.clear(&mut connection).await
    }

    /// Finishes a disconnect as far as it goes: route, connections at Xero, grant, notification. May be
    /// repeated at any time.
    ///
    /// # Errors
    /// When a store cannot be reached; upkeep comes again.
    pub async fn clear(&self, connection: &mut Connection) -> Result<(), Refusal> {
        if let Some(organisation) = &connection.organisation {
            self.claims.release(organisation.tenant, &connection.account).await?;
        }
        self.remove_leftovers(connection).await?;
        if let Some(user) = connection.xero_user.take() {
            self.leave_grant(&connection.account, user).await?;
        }
        self.store(connection).await?;
        outbox::flush_connection(self.connections, self.notifications, connection).await?;
        tracing::info!(leftovers = connection.leftovers.len(), "an account was disconnected");
        Ok(())
    }

    /// Removes the connections at Xero that nobody uses; those that could not be removed stay noted. One
    /// whose organisation another account holds is that account's now, and is left alone.
    pub(super) async fn remove_leftovers(&self, connection: &mut Connection) -> Result<(), Refusal> {
        let noted = std::mem::take(&mut connection.leftovers);
        let mut unused = Vec::new();
        for leftover in noted {
            let holder = self.claims.holder(leftover.tenant).await?;
            if holder.is_none_or(|holder| holder == connection.account) {
                unused.push(leftover);
            }
        }
        if unused.is_empty() {
            return Ok(());
        }
        connection.leftovers = match self.tokens().access(connection).await {
            Ok(access) => self.remove_at_xero(&access, unused).await,
            Err(failure) => {
                tracing::info!(reason = %failure, "connections at Xero are left for upkeep to remove");
                unused
            }
        };
        Ok(())
    }

    async fn remove_at_xero(
        &self,
        access: &AccessToken,
        unused: Vec<ConnectedOrganisation>,
    ) -> Vec<ConnectedOrganisation> {
        let mut left = Vec::new();
        for leftover in unused {
            match self.client.delete_connection(access, leftover.connection).await {
                // Gone already is gone.
                Ok(()) | Err(xero::Error::NotFound { .. }) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be removed at Xero; upkeep tries again");
                    left.push(leftover);
                }
            }
        }
        left
    }

    /// The account uses the user's tokens no more. The last one to leave takes them away: at Xero, where a
    /// revocation also removes every connection of the user, and from the store, without recovery.
    async fn leave_grant(&self, account: &AccountId, user: XeroUserId) -> Result<(), Refusal> {
        let lease = wait_for_lease(self.leases, self.clock, user).await?;
        let left = self.leave_as_holder(account, user).await;
        give_back(self.leases, &lease).await;
        match left? {
            Written::Done => Ok(()),
            Written::Conflict => Err(Refusal::TryAgain("the grant was changed at the same moment".to_owned())),
        }
    }

    async fn leave_as_holder(&self, account: &AccountId, user: XeroUserId) -> Result<Written, Unavailable> {
        let Some(mut grant) = self.grants.grant(user).await? else { return Ok(Written::Done) };
        grant.accounts.retain(|other| other != account);
        if !grant.accounts.is_empty() {
            return self.grants.put_grant(&mut grant).await;
        }
        self.revoke(&grant).await?;
        self.vault.destroy(&grant.token).await?;
        self.grants.delete_grant(&grant).await
    }

    async fn revoke(&self, grant: &Grant) -> Result<(), Unavailable> {
        let Some(stored) = self.vault.stored(&grant.token).await? else { return Ok(()) };
        if let Err(error) = self.identity.revoke(&stored.token).await {
            tracing::warn!(error = %error, "a grant could not be revoked at Xero; its token is deleted all the same");
        }
        Ok(())
    }
}
