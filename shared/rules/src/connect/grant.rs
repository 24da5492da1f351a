//! Puts a consent's tokens in their place: the user's own, shared by every account that connected through
//! the same user, because a new consent may end the tokens of an older one.

use super::{Connect, Consented, Refusal};
use crate::account::AccountId;
use crate::grant::{Grant, StoredToken, VERSION};
use crate::ports::{Unavailable, Written};
use crate::tokens::{give_back, wait_for_lease};

impl Connect<'_> {
    /// Stores the refresh token and notes that the account uses it.
    pub(super) async fn install(&self, account: &AccountId, consented: &Consented) -> Result<(), Refusal> {
        // Under the lease, so that a refresh under way does not write its older token over the new one.
        let lease = wait_for_lease(self.leases, self.clock, consented.user).await?;
        let installed = self.install_as_holder(account, consented).await;
        give_back(self.leases, &lease).await;
        match installed? {
            Written::Done => Ok(()),
            Written::Conflict => Err(Refusal::TryAgain("the grant was changed at the same moment".to_owned())),
        }
    }

    async fn install_as_holder(&self, account: &AccountId, consented: &Consented) -> Result<Written, Unavailable> {
        let first = StoredToken::first(consented.refresh.clone(), self.clock.now());
        let Some(mut grant) = self.grants.grant(consented.user).await? else {
            return self.new_grant(account, consented, &first).await;
        };
        match self.vault.stored(&grant.token).await? {
            Some(stored) => {
                let next = stored.next(consented.refresh.clone(), self.clock.now());
                self.vault.replace(&grant.token, &next).await?;
            }
            None => grant.token = self.vault.keep(consented.user, &first).await?,
        }
        if !grant.accounts.contains(account) {
            grant.accounts.push(account.clone());
        }
        self.grants.put_grant(&mut grant).await
    }

    async fn new_grant(
        &self,
        account: &AccountId,
        consented: &Consented,
        first: &StoredToken,
    ) -> Result<Written, Unavailable> {
        let token = self.vault.keep(consented.user, first).await?;
        let mut grant =
            Grant { version: VERSION, user: consented.user, revision: 0, token, accounts: vec![account.clone()] };
        let written = self.grants.put_grant(&mut grant).await?;
        if written == Written::Conflict {
            self.vault.destroy(&grant.token).await?;
        }
        Ok(written)
    }
}
