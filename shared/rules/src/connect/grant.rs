//! Puts a consent's tokens in their place: the user's own, shared by every account that connected through
//! the same user, because a new consent may end the tokens of an older one.

use super::{Connect, ConnectError, Consented};
use crate::account::AccountId;
use crate::grant::{Grant, StoredToken, TokenContext, TokenHistory, VERSION};
use crate::ports::{Unavailable, Written};
use crate::tokens::{give_back, wait_for_lease};

impl Connect<'_> {
    /// Stores the refresh token and notes that the account uses it.
    pub(super) async fn install(&self, account: &AccountId, consented: &Consented) -> Result<(), ConnectError> {
        // Under the lease, so that a refresh under way does not write its older token over the new one.
        let lease = wait_for_lease(self.leases, self.clock, consented.user).await?;
        let installed = self.install_as_holder(account, consented).await;
        give_back(self.leases, &lease).await;
        match installed? {
            Written::Done => Ok(()),
            Written::Conflict => Err(ConnectError::TryAgain("the grant was changed at the same moment".to_owned())),
        }
    }

    /// The grant names the place, and the account, before a token is stored there.
    async fn install_as_holder(&self, account: &AccountId, consented: &Consented) -> Result<Written, Unavailable> {
        let now = self.clock.now();
        let known = self.grants.grant(consented.user).await?;
        let history = match &known {
            Some(grant) => self.vault.history(&grant.token).await?,
            None => None,
        };
        let mut grant = known.unwrap_or_else(|| Grant {
            version: VERSION,
            user: consented.user,
            revision: 0,
            token: self.vault.place(consented.user),
            spare: None,
            accounts: Vec::new(),
        });
        let fresh_place = history.is_none() && grant.revision > 0;
        if fresh_place {
            grant.token = self.vault.place(consented.user);
        }
        let named = grant.accounts.contains(account);
        if !named {
            grant.accounts.push(account.clone());
        }
        if (!named || fresh_place) && self.grants.put_grant(&mut grant).await? == Written::Conflict {
            return Ok(Written::Conflict);
        }
        let known = history.as_ref().map(|history| history.contexts.as_slice()).unwrap_or_default();
        // Which organisation it will be is not known yet; the first refresh after the choice knows.
        let contexts = grant.contexts(&TokenContext { account: account.clone(), tenant: None }, known);
        let stored = |history| StoredToken { token: consented.refresh.clone(), stored_at: now, history };
        match &history {
            Some(history) => self.vault.replace(&grant.token, &stored(history.next(contexts))).await,
            None => self.vault.keep(&grant.token, &stored(TokenHistory::first(contexts))).await.map(|()| Written::Done),
        }
    }
}
