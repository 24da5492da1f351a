//! Leaving grants: the account is taken out of the grants that it does not use, and whoever leaves last takes
//! the token away, at once and without recovery.

use super::{Disconnect, Ended};
use crate::account::AccountId;
use crate::connection::Connection;
use crate::ports::{Answer, Written};
use crate::tokens::{TokenFailure, give_back, wait_for_lease};
use xero::XeroUserId;

/// What became of leaving a grant.
enum Left {
    /// The account is out of it; with the token, when it was the last.
    Out(Option<Ended>),
    /// It has to be tried again.
    Not,
}

impl Disconnect<'_> {
    /// Leaves every grant that is noted and due. What could not be left stays noted.
    pub(super) async fn leave_grants(&self, connection: &mut Connection) -> Answer<Vec<Ended>> {
        let now = self.clock.now();
        let due: Vec<XeroUserId> =
            connection.leaving.iter().filter(|leaving| leaving.not_before <= now).map(|leaving| leaving.user).collect();
        let mut ended = Vec::new();
        for user in due {
            match self.leave(&connection.account, user).await? {
                Left::Out(last) => {
                    connection.leaving.retain(|leaving| leaving.user != user);
                    ended.extend(last);
                }
                Left::Not => tracing::info!("a grant is in use at this moment and is left later"),
            }
        }
        Ok(ended)
    }

    async fn leave(&self, account: &AccountId, user: XeroUserId) -> Answer<Left> {
        let lease = match wait_for_lease(self.leases, self.clock, user).await {
            Ok(lease) => lease,
            Err(TokenFailure::Unavailable(error)) => return Err(error),
            Err(_) => return Ok(Left::Not),
        };
        let left = self.leave_as_holder(account, user).await;
        give_back(self.leases, &lease).await;
        left
    }

    async fn leave_as_holder(&self, account: &AccountId, user: XeroUserId) -> Answer<Left> {
        // As it is under the lease: a consent that was finished meanwhile may have come back to this grant.
        let current = self.connections.connection(account).await?;
        let now = self.clock.now();
        let stays = current.is_some_and(|current| {
            current.uses(user) || current.leaving.iter().any(|noted| noted.user == user && noted.not_before > now)
        });
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
            Written::Done => Left::Out(stored.map(|stored| Ended(user, stored.token))),
            Written::Conflict => Left::Not,
        })
    }
}
