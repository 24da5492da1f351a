//! Who may have an organisation: one account at a time. The claim, the connection, and the connection of whoever had it
//! before change in one transaction, so that no two accounts are ever connected to one organisation.

use super::{Connect, ConnectAgain, ConnectError, RACES};
use crate::account::AccountId;
use crate::connection::{ConnectedOrganisation, Connection};
use crate::ports::{DisplacedHolder, Written};

impl Connect<'_> {
    /// Connects the account to the organisation, if it may have it; as long as the connection is of this generation,
    /// where one is named.
    pub(super) async fn connect(
        &self,
        account: &AccountId,
        generation: Option<u64>,
        chosen: ConnectedOrganisation,
    ) -> Result<Connection, ConnectError> {
        for _ in 0..RACES {
            let mut connection = self.load(account).await?;
            if generation.is_some_and(|generation| generation != connection.generation) {
                return Err(ConnectError::ConnectAgain(ConnectAgain::ChangedMeanwhile));
            }
            let holder = self.claims.holder(chosen.tenant).await?.filter(|holder| holder != account);
            let mut displaced = match holder {
                Some(holder) => Some(self.displace(&holder, &chosen).await?),
                None => None,
            };
            let before = connection.organisation.as_ref().map(|organisation| organisation.tenant);
            connection.choose(chosen.clone(), self.clock.now());
            match self.ownership.connect_tenant(&mut connection, displaced.as_mut()).await? {
                Written::Done => return Ok(self.settle(connection, before).await),
                Written::Conflict => {}
            }
        }
        Err(ConnectError::TryAgain("the organisation or the connection was changed at the same moment".to_owned()))
    }

    /// The connection of the account that has the claim, as it is when it has lost it; an error when it keeps it.
    async fn displace(
        &self,
        holder: &AccountId,
        chosen: &ConnectedOrganisation,
    ) -> Result<DisplacedHolder, ConnectError> {
        let theirs = self.load(holder).await?;
        if theirs.holds(chosen.tenant) {
            return Err(ConnectError::OrganisationTaken);
        }
        Ok(DisplacedHolder { connection: theirs, is_changed: false })
    }
}
