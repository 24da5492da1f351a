//! Connecting: the consent is started for one account in one browser, finished once, and ends in a chosen
//! organisation, a choice to make, or a reason that the app can show. Never in a half-made connection.

mod consent;
mod disconnect;
mod grant;

pub use consent::{CONSENT_TIME, Callback, PendingConsent, Started};

use crate::account::AccountId;
use crate::connection::{ConnectedOrganisation, Connection, Status};
use crate::held;
use crate::outbox;
use crate::ports::{
    Claims, Clock, Connections, Consents, Grants, Leases, Notifications, Records, SyncQueue, TokenVault, Unavailable,
    Written,
};
use crate::random::NoEntropy;
use crate::tokens::{self, Memory, TokenFailure, Tokens};
use url::Url;
use xero::models::Connection as XeroConnection;
use xero::{AccessToken, Error, Identity, RefreshToken, TenantId, XeroUserId};

/// How a consent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// An organisation is connected.
    Connected,
    /// The user has to choose between several.
    ChooseOrganisation,
}

/// Why no connection was made.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The state is missing, unknown or used already.
    #[error("the state of the consent is not known")]
    UnknownState,
    /// The consent took longer than its ten minutes.
    #[error("the consent has expired")]
    Expired,
    /// It was finished in another browser than it was started in.
    #[error("the consent was finished in another browser")]
    OtherBrowser,
    /// The user pressed Cancel at Xero.
    #[error("the user cancelled")]
    Cancelled,
    /// Xero sent the browser back with an error.
    #[error("Xero refused the consent")]
    RefusedByXero,
    /// Xero did not take the code.
    #[error("Xero refused the code")]
    CodeRefused,
    /// The consent covers no organisation.
    #[error("the consent covers no organisation")]
    NoOrganisation,
    /// Another Sessional account has the organisation.
    #[error("another account holds the organisation")]
    OrganisationTaken,
    /// The organisation is not among those to choose from.
    #[error("the organisation cannot be chosen")]
    NotOffered,
    /// Something cannot answer just now.
    #[error("something cannot answer just now: {0}")]
    TryAgain(String),
    /// Our own configuration is wrong.
    #[error("our own configuration is wrong: {0}")]
    Internal(String),
}

impl Refusal {
    /// The stable word that the app gets as `reason`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::UnknownState => "unknown_state",
            Self::Expired => "expired",
            Self::OtherBrowser => "other_browser",
            Self::Cancelled => "cancelled",
            Self::RefusedByXero => "refused_by_xero",
            Self::CodeRefused => "code_refused",
            Self::NoOrganisation => "no_organisation",
            Self::OrganisationTaken => "organisation_taken",
            Self::NotOffered => "not_offered",
            Self::TryAgain(_) => "try_again",
            Self::Internal(_) => "internal",
        }
    }
}

impl From<Unavailable> for Refusal {
    fn from(error: Unavailable) -> Self {
        Self::TryAgain(error.to_string())
    }
}

impl From<NoEntropy> for Refusal {
    fn from(error: NoEntropy) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<TokenFailure> for Refusal {
    fn from(failure: TokenFailure) -> Self {
        match failure {
            TokenFailure::Revoked => Self::CodeRefused,
            TokenFailure::Operator(error) => Self::Internal(error.to_string()),
            TokenFailure::Wait(_) | TokenFailure::Busy => Self::TryAgain(failure.to_string()),
            TokenFailure::Unavailable(error) => error.into(),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::TryAgain(error.to_string())
    }
}

/// What every consent asks for, from the configuration.
#[derive(Clone, Debug)]
pub struct ConsentRequest {
    /// Xero's client id of this app.
    pub client_id: String,
    /// Our callback, exactly as registered at Xero.
    pub redirect_uri: Url,
    /// The granular scopes, the fewest that do.
    pub scopes: Vec<String>,
}

/// The use cases of connecting.
pub struct Connect<'a> {
    /// Xero's addresses.
    pub endpoints: &'a xero::Endpoints,
    /// What is asked for.
    pub request: &'a ConsentRequest,
    /// Xero's token endpoint.
    pub identity: &'a Identity,
    /// Xero's API.
    pub client: &'a xero::Client,
    /// Connections.
    pub connections: &'a dyn Connections,
    /// Who holds which tenant.
    pub claims: &'a dyn Claims,
    /// Consents under way.
    pub consents: &'a dyn Consents,
    /// Where refresh tokens go.
    pub vault: &'a dyn TokenVault,
    /// Which refresh token is whose.
    pub grants: &'a dyn Grants,
    /// The right to write a refresh token.
    pub leases: &'a dyn Leases,
    /// Records that may be held.
    pub records: &'a dyn Records,
    /// Where held work goes.
    pub queue: &'a dyn SyncQueue,
    /// Where the backend is told.
    pub notifications: &'a dyn Notifications,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Access tokens of this process.
    pub memory: &'a Memory,
}

/// What a finished consent brought.
struct Consented {
    refresh: RefreshToken,
    user: XeroUserId,
    organisations: Vec<ConnectedOrganisation>,
}

impl Connect<'_> {
    /// Finishes a consent: consumes its state, exchanges the code, and connects or offers a choice.
    ///
    /// # Errors
    /// A [`Refusal`]; then nothing of the account's connection has changed.
    pub async fn finish(&self, callback: &Callback, browser: Option<&str>) -> Result<Finished, Refusal> {
        let pending = self.take(callback, browser).await?;
        let code = callback.granted()?;
        let consented = self.exchange(code).await?;
        let now = self.clock.now();
        let mut connection = self.load(&pending.account).await?;
        let before = connection.organisation.clone();
        let finished = match consented.organisations.as_slice() {
            [] => return Err(Refusal::NoOrganisation),
            [only] => {
                self.claim(only.tenant, &pending.account).await?;
                connection.choose(only.clone(), now);
                Finished::Connected
            }
            several => {
                connection.status = Status::ChooseOrganisation;
                connection.choices = several.to_vec();
                Finished::ChooseOrganisation
            }
        };
        connection.xero_user = Some(consented.user);
        connection.consented_at = Some(now);
        self.install(&pending.account, &consented).await?;
        self.store(&mut connection).await?;
        if finished == Finished::Connected {
            self.settle(&mut connection, before.as_ref()).await?;
        }
        Ok(finished)
    }

    /// Chooses one of the organisations that the last consent offered.
    ///
    /// # Errors
    /// A [`Refusal`] when it was not offered, or another account holds it.
    pub async fn choose(&self, account: &AccountId, tenant: TenantId) -> Result<Connection, Refusal> {
        let mut connection = self.load(account).await?;
        let before = connection.organisation.clone();
        let offered = connection.choices.iter().find(|choice| choice.tenant == tenant).cloned();
        let chosen = match (connection.status, offered) {
            (Status::ChooseOrganisation, Some(chosen)) => chosen,
            // The same choice again is the answer to a repeated request.
            (Status::Connected, _) if connection.tenant() == Some(tenant) => return Ok(connection),
            _ => return Err(Refusal::NotOffered),
        };
        self.claim(tenant, account).await?;
        connection.choose(chosen, self.clock.now());
        self.store(&mut connection).await?;
        self.settle(&mut connection, before.as_ref()).await?;
        Ok(connection)
    }

    fn tokens(&self) -> Tokens<'_> {
        Tokens {
            identity: self.identity,
            vault: self.vault,
            grants: self.grants,
            leases: self.leases,
            clock: self.clock,
            memory: self.memory,
        }
    }

    async fn load(&self, account: &AccountId) -> Result<Connection, Refusal> {
        let stored = self.connections.connection(account).await?;
        Ok(stored.unwrap_or_else(|| Connection::none(account.clone())))
    }

    async fn exchange(&self, code: &str) -> Result<Consented, Refusal> {
        let redirect = &self.request.redirect_uri;
        let set = self.identity.exchange_code(code, redirect, self.clock.now()).await.map_err(tokens::judge)?;
        let refresh = set.refresh.ok_or_else(|| Refusal::Internal("the consent gave no refresh token".to_owned()))?;
        let user = set.access.claims().map(|claims| claims.xero_userid);
        let user = user.ok_or_else(|| Refusal::Internal("the access token names no user".to_owned()))?;
        let organisations = self.organisations(&set.access).await?;
        Ok(Consented { refresh, user, organisations })
    }

    /// The organisations of this consent alone: without the filter Xero lists everything that the user
    /// ever connected, and the first of them is somebody else's.
    async fn organisations(&self, access: &AccessToken) -> Result<Vec<ConnectedOrganisation>, Refusal> {
        let Some(consent) = access.claims().and_then(|claims| claims.authentication_event_id) else {
            return Err(Refusal::Internal("the access token names no consent".to_owned()));
        };
        let listed: Vec<XeroConnection> = self.client.connections(access, Some(consent)).await?;
        let organisations = listed.into_iter().filter(XeroConnection::is_organisation);
        Ok(organisations
            .map(|connection| ConnectedOrganisation {
                connection: connection.id,
                tenant: connection.tenant_id,
                name: connection.tenant_name,
            })
            .collect())
    }

    /// Claims a tenant; one that an account holds without being connected to it any more is taken over.
    async fn claim(&self, tenant: TenantId, account: &AccountId) -> Result<(), Refusal> {
        let holder = self.claims.holder(tenant).await?.filter(|holder| holder != account);
        if let Some(other) = &holder {
            let theirs = self.connections.connection(other).await?;
            let uses = theirs.is_some_and(|theirs| {
                theirs.status != Status::Disconnected && theirs.organisation.is_some_and(|org| org.tenant == tenant)
            });
            if uses {
                return Err(Refusal::OrganisationTaken);
            }
        }
        match self.claims.claim(tenant, account, holder.as_ref()).await? {
            Written::Done => Ok(()),
            Written::Conflict => Err(Refusal::OrganisationTaken),
        }
    }

    async fn store(&self, connection: &mut Connection) -> Result<(), Refusal> {
        match self.connections.put_connection(connection).await? {
            Written::Done => Ok(()),
            Written::Conflict => Err(Refusal::TryAgain("the connection was changed at the same moment".to_owned())),
        }
    }

    /// What follows a choice: the old organisation is given up, the backend is told, held work goes on.
    async fn settle(&self, connection: &mut Connection, before: Option<&ConnectedOrganisation>) -> Result<(), Refusal> {
        let Some(tenant) = connection.tenant() else { return Ok(()) };
        if let Some(old) = before.filter(|old| old.tenant != tenant) {
            self.claims.release(old.tenant, &connection.account).await?;
        }
        if !connection.leftovers.is_empty() {
            self.remove_leftovers(connection).await?;
            self.store(connection).await?;
        }
        outbox::flush_connection(self.connections, self.notifications, connection).await?;
        let released = held::release(self.records, self.queue, &connection.account, tenant).await?;
        tracing::info!(xero.tenant_id = %tenant, held.released = released, "an organisation is connected");
        Ok(())
    }
}
