//! Moving a refresh token to another place: a new secret when the old one has taken as many versions as it may,
//! or the other token store. The old place holds the same token until the grant points to the new one, so a crash
//! or a lost race at any point loses nothing; the next try begins again.

use super::{TokenFailure, hand_back, wait_for_lease};
use crate::grant::{Grant, StoredToken, TokenContext, TokenHistory, TokenPointer};
use crate::ports::{Answer, Clock, Connections, Grants, Leases, TokenVault, Written};
use xero::XeroUserId;

/// What became of moving a user's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It is in the wanted store now.
    Done,
    /// It was there already, or nobody uses the grant any more.
    Nothing,
    /// Its place was empty: the accounts have to connect again, as they would have had to before.
    Empty,
    /// Somebody uses or changes it at this moment; it has to be tried again.
    Busy,
}

/// Both token stores as one: every place is where it is, and new ones are in the wanted store.
pub trait Destination: TokenVault {
    /// Whether a place is in the wanted store.
    fn has_arrived(&self, pointer: &TokenPointer) -> bool;
}

/// Moving tokens from one store to the other.
pub struct Moving<'a> {
    /// Both stores.
    pub vault: &'a dyn Destination,
    /// Which refresh token is whose.
    pub grants: &'a dyn Grants,
    /// To which organisations the accounts are connected.
    pub connections: &'a dyn Connections,
    /// The right to change a refresh token.
    pub leases: &'a dyn Leases,
    /// Time.
    pub clock: &'a dyn Clock,
}

impl Moving<'_> {
    /// Moves a user's token to the wanted store. May be repeated at any time, and finishes what was broken off.
    ///
    /// # Errors
    /// When a store cannot be reached; then the token is where it was, or where the grant says.
    pub async fn run(&self, user: XeroUserId) -> Answer<Moved> {
        let lease = match wait_for_lease(self.leases, self.clock, user).await {
            Ok(lease) => lease,
            Err(TokenFailure::Unavailable(error)) => return Err(error),
            Err(_) => return Ok(Moved::Busy),
        };
        let moved = self.run_as_holder(user).await;
        hand_back(self.leases, self.clock, &lease).await;
        moved
    }

    async fn run_as_holder(&self, user: XeroUserId) -> Answer<Moved> {
        let Some(mut grant) = self.grants.grant(user).await? else { return Ok(Moved::Nothing) };
        if self.vault.has_arrived(&grant.token) {
            return self.finish(&mut grant).await;
        }
        let Some(mut stored) = self.stored(&grant).await? else { return Ok(Moved::Empty) };
        stored.history.contexts = self.contexts(&grant).await?;
        match to_new_place(self.vault, self.grants, &mut grant, &stored).await? {
            Written::Done => Ok(Moved::Done),
            Written::Conflict => Ok(Moved::Busy),
        }
    }

    /// The token, as any of its accounts may read it.
    async fn stored(&self, grant: &Grant) -> Answer<Option<StoredToken>> {
        for account in &grant.accounts {
            if let Some(stored) = self.vault.stored(&grant.token, account).await? {
                return Ok(Some(stored));
            }
        }
        Ok(None)
    }

    /// Puts away what a move that was broken off has left in the store before.
    async fn finish(&self, grant: &mut Grant) -> Answer<Moved> {
        let Some(spare) = grant.spare.take_if(|spare| !self.vault.has_arrived(spare)) else {
            return Ok(Moved::Nothing);
        };
        self.vault.destroy(&spare).await?;
        match self.grants.put_grant(grant).await? {
            Written::Done => Ok(Moved::Done),
            Written::Conflict => Ok(Moved::Busy),
        }
    }

    async fn contexts(&self, grant: &Grant) -> Answer<Vec<TokenContext>> {
        let mut contexts = Vec::new();
        for account in &grant.accounts {
            let connection = self.connections.connection(account).await?;
            let tenant = connection.and_then(|connection| connection.tenant());
            contexts.push(TokenContext { account: account.clone(), tenant });
        }
        Ok(contexts)
    }
}

/// Moves a grant's token to a place that the vault begins, and deletes the old one.
pub(super) async fn to_new_place(
    vault: &dyn TokenVault,
    grants: &dyn Grants,
    grant: &mut Grant,
    token: &StoredToken,
) -> Answer<Written> {
    if let Some(spare) = grant.spare.take() {
        vault.destroy(&spare).await?;
    }
    let next = vault.place(grant.user);
    grant.spare = Some(next.clone());
    if grants.put_grant(grant).await? == Written::Conflict {
        return Ok(Written::Conflict);
    }
    let history = TokenHistory::first(token.history.contexts.clone());
    vault.keep(&next, &StoredToken { history, ..token.clone() }).await?;
    let old = std::mem::replace(&mut grant.token, next);
    grant.spare = Some(old.clone());
    if grants.put_grant(grant).await? == Written::Conflict {
        return Ok(Written::Conflict);
    }
    vault.destroy(&old).await?;
    grant.spare = None;
    grants.put_grant(grant).await
}
