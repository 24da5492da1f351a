//! Disconnecting: stop first, then the tokens, then Xero. From the first write on nothing is sent; the tokens
//! are gone before Xero is asked anything, so that a Xero that does not answer keeps nothing alive here. What
//! could not be removed there is noted, and upkeep removes it later. Records, references and mapping stay, and
//! so does everything in Xero.

mod grant;
mod leftovers;

use crate::account::AccountId;
use crate::connection::{ConnectedOrganisation, Connection, Status};
use crate::outbox;
use crate::ports::{
    Answer, Claims, Clock, Connections, Grants, Lease, Leases, Notifications, TokenVault, Unavailable, Written,
};
use crate::tokens::{TokenFailure, hand_back, wait_for_lease};
use futures::future::{Either, select};
use std::pin::pin;
use std::time::Duration;
use xero::{AuthenticationEventId, Identity, RefreshToken, XeroUserId};

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

/// What is to be done at Xero for one user, whose lease is held.
struct UserCleanup {
    user: XeroUserId,
    lease: Lease,
    /// The token of a grant that nobody uses any more: out of the store, and not yet given back at Xero.
    ended: Option<RefreshToken>,
    /// Consents that were begun and not finished: what they connected is looked up.
    consents: Vec<AuthenticationEventId>,
}

/// What is still there at Xero.
#[derive(Default)]
struct Remaining {
    leftovers: Vec<ConnectedOrganisation>,
    consents: Vec<AuthenticationEventId>,
}

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
        let mut cleanups = Vec::new();
        let cleaned = self.clean_up(connection, &mut cleanups).await;
        for cleanup in &cleanups {
            hand_back(self.leases, self.clock, &cleanup.lease).await;
        }
        cleaned?;
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

    /// Under the leases of everybody concerned, from the first look to the last call: nobody's consent is finished
    /// meanwhile. All tokens are gone before Xero is asked anything.
    async fn clean_up(&self, connection: &mut Connection, cleanups: &mut Vec<UserCleanup>) -> Answer<()> {
        for user in self.users_to_clean_up(connection) {
            let lease = match wait_for_lease(self.leases, self.clock, user).await {
                Ok(lease) => lease,
                Err(TokenFailure::Unavailable(error)) => return Err(error),
                Err(_) => {
                    tracing::info!("a grant is in use at this moment and is left later");
                    continue;
                }
            };
            cleanups.push(UserCleanup { user, lease, ended: None, consents: Vec::new() });
        }
        for cleanup in cleanups.iter_mut() {
            self.leave_grant(connection, cleanup).await?;
        }
        let (unused, mut kept) = self.sort_leftovers(connection, cleanups).await?;
        let consents: Vec<AuthenticationEventId> =
            cleanups.iter().flat_map(|cleanup| cleanup.consents.iter().copied()).collect();
        let at_xero = pin!(self.remove_at_xero(&connection.account, unused.clone(), cleanups));
        let remaining = match select(at_xero, self.clock.sleep(PATIENCE)).await {
            Either::Left((remaining, _)) => remaining?,
            Either::Right(_) => {
                tracing::warn!("Xero does not answer; what is to be removed there is left for upkeep");
                Remaining { leftovers: unused, consents: consents.clone() }
            }
        };
        kept.extend(remaining.leftovers);
        connection.leftovers = kept;
        let done =
            |consent: &AuthenticationEventId| consents.contains(consent) && !remaining.consents.contains(consent);
        connection.leaving.retain(|leaving| !leaving.consent.as_ref().is_some_and(done));
        Ok(())
    }

    fn users_to_clean_up(&self, connection: &Connection) -> Vec<XeroUserId> {
        let now = self.clock.now();
        let due = connection.leaving.iter().filter(|leaving| leaving.not_before <= now).map(|leaving| leaving.user);
        let mut users: Vec<XeroUserId> = Vec::new();
        for user in due.chain(connection.leftovers.iter().filter_map(|leftover| leftover.user)) {
            if !users.contains(&user) {
                users.push(user);
            }
        }
        users
    }
}
