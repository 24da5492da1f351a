//! Disconnecting: stop first, then the tokens, then Xero. From the first write on nothing is sent; the tokens
//! are gone before Xero is asked anything, so that a Xero that does not answer keeps nothing alive here. What
//! could not be removed there is noted, and upkeep removes it later. Records, references and mapping stay, and
//! so does everything in Xero.

mod grant;
mod leftovers;

use crate::account::AccountId;
use crate::connection::{Connection, Status};
use crate::outbox;
use crate::ports::{
    Answer, Claims, Clock, Connections, Grants, Leases, Notifications, TokenVault, Unavailable, Written,
};
use futures::future::{Either, select};
use std::pin::pin;
use std::time::Duration;
use xero::{Identity, RefreshToken, XeroUserId};

/// How long Xero is asked to remove things while a user waits for the answer.
const PATIENCE: Duration = Duration::from_secs(7);
/// How often the first write is tried again when somebody else has changed the connection.
const RACES: u32 = 3;

/// The use cases of disconnecting, and of tidying up behind every other change of a connection.
pub struct Disconnect<'a> {
    /// Xero's token endpoint.
    pub identity: &'a Identity,
    /// Xero's API.
    pub client: &'a xero::Client,
    /// Connections.
    pub connections: &'a dyn Connections,
    /// Who holds which tenant.
    pub claims: &'a dyn Claims,
    /// Where refresh tokens are.
    pub vault: &'a dyn TokenVault,
    /// Which refresh token is whose.
    pub grants: &'a dyn Grants,
    /// The right to change a refresh token.
    pub leases: &'a dyn Leases,
    /// Where the backend is told.
    pub notifications: &'a dyn Notifications,
    /// Time.
    pub clock: &'a dyn Clock,
}

/// A grant that nobody uses any more, taken out of the store and not yet given back at Xero.
struct Ended(XeroUserId, RefreshToken);

impl Disconnect<'_> {
    /// Disconnects an account; done already is done.
    ///
    /// # Errors
    /// When the state could not be stored: then the account is still connected.
    pub async fn run(&self, account: &AccountId) -> Result<(), Unavailable> {
        for _ in 0..RACES {
            let stored = self.connections.connection(account).await?;
            // Also where nothing is connected: a consent that is under way must not connect after this.
            let mut connection = stored.unwrap_or_else(|| Connection::none(account.clone()));
            connection.disconnect(self.clock.now());
            if self.connections.put_connection(&mut connection).await? == Written::Conflict {
                continue;
            }
            self.tidy(&mut connection).await;
            tracing::info!(leftovers = connection.leftovers.len(), "an account was disconnected");
            return Ok(());
        }
        Err(Unavailable { what: "store a disconnect", source: "the connection was changed at the same moment".into() })
    }

    /// Finishes what a change of the connection has left, as far as it goes now. May be repeated at any time.
    pub async fn tidy(&self, connection: &mut Connection) {
        if let Err(error) = self.try_tidy(connection).await {
            tracing::warn!(error = %error, reason = %error.source, "upkeep has to tidy up behind a connection");
        }
    }

    /// As [`Disconnect::tidy`].
    ///
    /// # Errors
    /// When a store cannot be reached.
    pub async fn try_tidy(&self, connection: &mut Connection) -> Answer<()> {
        outbox::flush_connection(self.connections, self.notifications, connection).await?;
        let ended = connection.organisation.as_ref().filter(|_| connection.status == Status::Disconnected);
        if let Some(organisation) = ended {
            self.claims.release(organisation.tenant, &connection.account).await?;
        }
        let before = (connection.leaving.clone(), connection.leftovers.clone());
        let ended = self.leave_grants(connection).await?;
        self.sort_leftovers(connection).await?;
        let at_xero = pin!(self.remove_at_xero(connection.leftovers.clone(), ended));
        match select(at_xero, self.clock.sleep(PATIENCE)).await {
            Either::Left((left, _)) => connection.leftovers = left,
            Either::Right(_) => tracing::warn!("Xero does not answer; what is to be removed there is left for upkeep"),
        }
        if before == (connection.leaving.clone(), connection.leftovers.clone()) {
            return Ok(());
        }
        match self.connections.put_connection(connection).await? {
            Written::Done => {}
            // What is done is not noted as done, and is found to be done the next time.
            Written::Conflict => tracing::info!("a connection changed while it was tidied up"),
        }
        Ok(())
    }
}
