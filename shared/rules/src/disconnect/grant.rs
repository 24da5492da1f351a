//! Leaving grants: the account is taken out of the grants that it does not use, and whoever leaves last takes
//! the token away, at once and without recovery.

use super::{Disconnect, UserCleanup};
use crate::account::AccountId;
use crate::connection::{Connection, Leaving};
use crate::ports::{Answer, Written};
use xero::{RefreshToken, XeroUserId};

/// What became of leaving a grant.
enum Left {
    /// The account is out of it; with the token, when it was the last.
    Out(Option<RefreshToken>),
    /// It has to be tried again.
    Not,
}

impl Disconnect<'_> {
    /// Leaves a user's grant, where that is noted and due. What could not be left stays noted, and so do consents until
    /// what they connected at Xero is gone.
    pub(super) async fn leave_grant(&self, connection: &mut Connection, cleanup: &mut UserCleanup) -> Answer<()> {
        let (now, user) = (self.clock.now(), cleanup.user);
        let due = |leaving: &Leaving| leaving.user == user && leaving.not_before <= now;
        if !connection.leaving.iter().any(due) {
            return Ok(());
        }
        match self.leave_as_holder(&connection.account, user).await? {
            Left::Out(ended) => {
                cleanup.ended = ended;
                cleanup.consents =
                    connection.leaving.iter().filter(|leaving| due(leaving)).filter_map(|left| left.consent).collect();
                connection.leaving.retain(|leaving| !due(leaving) || leaving.consent.is_some());
            }
            Left::Not => tracing::info!("a grant was changed at this moment and is left later"),
        }
        Ok(())
    }

    async fn leave_as_holder(&self, account: &AccountId, user: XeroUserId) -> Answer<Left> {
        // As it is under the lease: a consent that was finished meanwhile may have come back to this grant.
        let current = self.connections.connection(account).await?;
        let now = self.clock.now();
        let stays = current.is_some_and(|current| current.uses(user) || current.may_come_to_use(user, now));
        if stays {
            return Ok(Left::Out(None));
        }
        let Some(mut grant) = self.grants.grant(user).await? else { return Ok(Left::Out(None)) };
        let named = grant.accounts.len();
        grant.accounts.retain(|other| other != account);
        if !grant.accounts.is_empty() {
            if grant.accounts.len() == named {
                return Ok(Left::Out(None));
            }
            if self.grants.put_grant(&mut grant).await? == Written::Conflict {
                return Ok(Left::Not);
            }
            // Left undone by a crash, the next refresh does it: it encrypts for those that the grant names.
            self.vault.forget(&grant.token, account).await?;
            return Ok(Left::Out(None));
        }
        let stored = self.vault.stored(&grant.token, account).await?;
        for place in grant.spare.iter().chain([&grant.token]) {
            self.vault.destroy(place).await?;
        }
        Ok(match self.grants.delete_grant(&grant).await? {
            Written::Done => Left::Out(stored.map(|stored| stored.token)),
            Written::Conflict => Left::Not,
        })
    }
}
