//! What is left at Xero: connections that nobody uses and that count toward the plan. They are removed with a
//! token of the app itself, because their user's may be gone; a grant that ended is given back after them.
//!
//! One that a later consent has renewed is no leftover any more, whoever's consent that was: Xero says by which it is.

use super::{Disconnect, Remaining, UserCleanup};
use crate::account::AccountId;
use crate::connection::{ConnectedOrganisation, Connection};
use crate::ports::Answer;
use xero::{AccessToken, AuthenticationEventId, Error, XeroUserId};

/// Whether somebody uses a connection at Xero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Usage {
    /// An account is connected through it, or may choose it.
    InUse,
    /// A consent of the same user is under way, which may come to use it.
    Undecided,
    /// Nobody does.
    Unused,
}

impl Disconnect<'_> {
    /// The leftovers that can be removed now, and those that have to wait. What is in use after all is forgotten: chosen
    /// again, or by another account that shares the user.
    pub(super) async fn sort_leftovers(
        &self,
        connection: &Connection,
        cleanups: &[UserCleanup],
    ) -> Answer<(Vec<ConnectedOrganisation>, Vec<ConnectedOrganisation>)> {
        let (mut unused, mut kept): (Vec<ConnectedOrganisation>, Vec<ConnectedOrganisation>) = Default::default();
        for leftover in &connection.leftovers {
            if unused.iter().chain(&kept).any(|other| same(other, leftover)) {
                continue;
            }
            // Without the lease of its user nobody can tell what comes of it at this moment.
            if leftover.user.is_some_and(|user| !cleanups.iter().any(|cleanup| cleanup.user == user)) {
                kept.push(leftover.clone());
                continue;
            }
            match self.usage(&connection.account, leftover).await? {
                Usage::InUse => {}
                Usage::Undecided => kept.push(leftover.clone()),
                Usage::Unused => unused.push(leftover.clone()),
            }
        }
        Ok((unused, kept))
    }

    /// Asks every account that may use it: this one as it is stored, all of the user's grant, and whoever has the claim.
    async fn usage(&self, account: &AccountId, leftover: &ConnectedOrganisation) -> Answer<Usage> {
        let mut accounts = vec![account.clone()];
        if let Some(user) = leftover.user {
            accounts.extend(self.grants.grant(user).await?.into_iter().flat_map(|grant| grant.accounts));
        }
        accounts.extend(self.claims.holder(leftover.tenant).await?);
        let (now, mut usage) = (self.clock.now(), Usage::Unused);
        for account in accounts {
            let Some(theirs) = self.connections.connection(&account).await? else { continue };
            if theirs.needs(leftover.tenant, leftover.user) {
                return Ok(Usage::InUse);
            }
            if leftover.user.is_some_and(|user| theirs.may_come_to_use(user, now)) {
                usage = Usage::Undecided;
            }
        }
        Ok(usage)
    }

    /// Removes connections and gives grants back at Xero; returns what is still there.
    pub(super) async fn remove_at_xero(
        &self,
        account: &AccountId,
        unused: Vec<ConnectedOrganisation>,
        cleanups: &[UserCleanup],
    ) -> Answer<Remaining> {
        let mut remaining = self.remove_connections(account, unused, cleanups).await?;
        // This removes every connection of the user, so it comes last: what is left is then gone with it.
        for cleanup in cleanups {
            let Some(token) = &cleanup.ended else { continue };
            match self.identity.revoke(token).await {
                Ok(()) => {
                    remaining.leftovers.retain(|leftover| leftover.user != Some(cleanup.user));
                    remaining.consents.retain(|consent| !cleanup.consents.contains(consent));
                }
                Err(error) => {
                    tracing::warn!(error = %error, "a grant could not be revoked at Xero; its token is deleted");
                }
            }
        }
        Ok(remaining)
    }

    async fn remove_connections(
        &self,
        account: &AccountId,
        mut unused: Vec<ConnectedOrganisation>,
        cleanups: &[UserCleanup],
    ) -> Answer<Remaining> {
        let mut remaining = Remaining::default();
        let of_user = |cleanup: &'_ UserCleanup| -> Vec<(XeroUserId, AuthenticationEventId)> {
            cleanup.consents.iter().map(|consent| (cleanup.user, *consent)).collect()
        };
        let unfinished: Vec<(XeroUserId, AuthenticationEventId)> = cleanups.iter().flat_map(of_user).collect();
        if unused.is_empty() && unfinished.is_empty() {
            return Ok(remaining);
        }
        let access = match self.identity.app_token(self.clock.now()).await {
            Ok(access) => access,
            Err(error) => {
                tracing::warn!(error = %error, "there is no token of the app; connections at Xero are left for upkeep");
                let consents = unfinished.into_iter().map(|(_, consent)| consent).collect();
                return Ok(Remaining { leftovers: unused, consents });
            }
        };
        for (user, consent) in unfinished {
            match self.connected_by(&access, user, consent).await {
                Ok(connected) => {
                    for found in connected {
                        match self.usage(account, &found).await? {
                            Usage::InUse => {}
                            Usage::Undecided => remaining.consents.push(consent),
                            Usage::Unused if unused.iter().any(|known| same(known, &found)) => {}
                            Usage::Unused => unused.push(found),
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(error = %error, "what a consent connected could not be listed; upkeep tries again");
                    remaining.consents.push(consent);
                }
            }
        }
        for leftover in unused {
            if let Err(error) = self.remove_connection(&access, &leftover).await {
                tracing::warn!(error = %error, "a connection could not be removed at Xero; upkeep tries again");
                remaining.leftovers.push(leftover);
            }
        }
        Ok(remaining)
    }

    /// What a consent that was not finished has connected, practices included.
    async fn connected_by(
        &self,
        access: &AccessToken,
        user: XeroUserId,
        consent: AuthenticationEventId,
    ) -> Result<Vec<ConnectedOrganisation>, Error> {
        let listed = self.client.connections(access, Some(consent)).await?;
        let found = listed.into_iter().map(|connection| ConnectedOrganisation {
            connection: connection.id,
            tenant: connection.tenant_id,
            name: connection.tenant_name,
            user: Some(user),
            consent: Some(consent),
        });
        Ok(found.collect())
    }

    /// Removes a connection, unless another consent has renewed it.
    async fn remove_connection(&self, access: &AccessToken, leftover: &ConnectedOrganisation) -> Result<(), Error> {
        if let Some(consent) = leftover.consent {
            let listed = self.client.connections(access, Some(consent)).await?;
            if !listed.iter().any(|connection| connection.id == leftover.connection) {
                return Ok(());
            }
        }
        match self.client.delete_connection(access, leftover.connection).await {
            // Gone already is gone.
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Xero may give a renewed connection another id, so what counts is whose it is, of which organisation, and which consent
/// it is known by: what an older consent knew of is nothing to remove once a newer one has renewed it.
fn same(one: &ConnectedOrganisation, other: &ConnectedOrganisation) -> bool {
    (one.tenant, one.user, one.consent) == (other.tenant, other.user, other.consent)
}
