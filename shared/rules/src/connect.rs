//! Connecting: the consent is started for one account in one browser, finished once, and ends in a chosen
//! organisation, a choice to make, or a reason that the app can show. Never in a half-made connection.

mod consent;
mod grant;

pub use consent::{CONSENT_TIME, Callback, PendingConsent, Started};

use crate::account::AccountId;
use crate::connection::{ConnectedOrganisation, Connection, Status};
use crate::disconnect::Disconnect;
use crate::held;
use crate::ports::{
    Answer, Claims, Clock, Connections, Consents, Grants, Leases, Notifications, SyncQueue, TokenVault, Unavailable,
    Waiting, Written,
};
use crate::random::NoEntropy;
use crate::tokens::{self, TokenFailure};
use jiff::SignedDuration;
use url::Url;
use xero::models::Connection as XeroConnection;
use xero::{AccessToken, Error, Identity, RefreshToken, TenantId, XeroUserId};

/// How long a finished code may take to become a connection. Until then nobody tidies up behind it.
const FINISHING_TIME: SignedDuration = SignedDuration::from_mins(15);
/// How often a write is tried again when somebody else has changed the connection.
const RACES: u32 = 3;

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
    pub waiting: &'a dyn Waiting,
    /// Where held work goes.
    pub queue: &'a dyn SyncQueue,
    /// Where the backend is told.
    pub notifications: &'a dyn Notifications,
    /// Time.
    pub clock: &'a dyn Clock,
}

/// What an exchanged code brought.
struct Consented {
    refresh: RefreshToken,
    access: AccessToken,
    user: XeroUserId,
}

impl Connect<'_> {
    /// Finishes a consent: consumes its state, exchanges the code, and connects or offers a choice.
    ///
    /// A new consent may end the tokens of the user's older one, so its token is kept in any case before it is
    /// known what becomes of it: another account may use the same user.
    ///
    /// # Errors
    /// A [`Refusal`]; then the account's connection is what it was.
    pub async fn finish(&self, callback: &Callback, browser: Option<&str>) -> Result<Finished, Refusal> {
        let pending = self.take(callback, browser).await?;
        let code = callback.granted()?;
        let consented = self.exchange(code).await?;
        let account = &pending.account;
        let not_before = self.clock.now() + FINISHING_TIME;
        self.change(account, |connection| connection.join(consented.user, not_before)).await?;
        let mut offered = Vec::new();
        let finished = self.take_up(account, &consented, &mut offered).await;
        if finished.is_err() {
            self.give_up(account, consented.user, offered).await;
        }
        finished
    }

    /// Chooses one of the organisations that the last consent offered.
    ///
    /// # Errors
    /// A [`Refusal`] when it was not offered, or another account holds it.
    pub async fn choose(&self, account: &AccountId, tenant: TenantId) -> Result<Connection, Refusal> {
        let connection = self.load(account).await?;
        let offered = connection.choices.iter().find(|choice| choice.tenant == tenant).cloned();
        match offered {
            Some(chosen) => self.connect(account, chosen).await,
            // The same choice again is the answer to a repeated request, and finishes what the first left.
            None if connection.tenant() == Some(tenant) => Ok(self.settle(connection, None).await),
            None => Err(Refusal::NotOffered),
        }
    }

    /// Disconnects an account; done already is done.
    ///
    /// # Errors
    /// When the state could not be stored: then the account is still connected.
    pub async fn disconnect(&self, account: &AccountId) -> Result<(), Unavailable> {
        self.disconnecting().run(account).await
    }

    async fn take_up(
        &self,
        account: &AccountId,
        consented: &Consented,
        offered: &mut Vec<ConnectedOrganisation>,
    ) -> Result<Finished, Refusal> {
        self.install(account, consented).await?;
        *offered = self.organisations(consented).await?;
        match offered.as_slice() {
            [] => Err(Refusal::NoOrganisation),
            [only] => self.connect(account, only.clone()).await.map(|_| Finished::Connected),
            several => {
                let now = self.clock.now();
                self.change(account, |connection| connection.offer(several.to_vec(), now)).await?;
                Ok(Finished::ChooseOrganisation)
            }
        }
    }

    /// Claims the organisation and connects the account to it.
    async fn connect(&self, account: &AccountId, chosen: ConnectedOrganisation) -> Result<Connection, Refusal> {
        self.claim(chosen.tenant, account).await?;
        let (now, mut before) = (self.clock.now(), None);
        let connection = self.change(account, |connection| {
            before = connection.organisation.as_ref().map(|organisation| organisation.tenant);
            connection.choose(chosen.clone(), now);
        });
        let connection = connection.await?;
        Ok(self.settle(connection, before).await)
    }

    /// Nothing was connected: what the consent made at Xero is removed, and its grant is left again.
    async fn give_up(&self, account: &AccountId, user: XeroUserId, offered: Vec<ConnectedOrganisation>) {
        let now = self.clock.now();
        let noted = self.change(account, |connection| {
            connection.leftovers.extend(offered.iter().cloned());
            if !connection.uses(user) {
                connection.join(user, now);
            }
        });
        match noted.await {
            Ok(mut connection) => self.disconnecting().tidy(&mut connection).await,
            Err(refusal) => tracing::warn!(error = %refusal, "a refused consent is left for upkeep to tidy up"),
        }
    }

    fn disconnecting(&self) -> Disconnect<'_> {
        Disconnect {
            identity: self.identity,
            client: self.client,
            connections: self.connections,
            claims: self.claims,
            vault: self.vault,
            grants: self.grants,
            leases: self.leases,
            notifications: self.notifications,
            clock: self.clock,
        }
    }

    async fn load(&self, account: &AccountId) -> Result<Connection, Refusal> {
        let stored = self.connections.connection(account).await?;
        Ok(stored.unwrap_or_else(|| Connection::none(account.clone())))
    }

    /// Changes the connection as it is at this moment.
    async fn change(
        &self,
        account: &AccountId,
        mut change: impl FnMut(&mut Connection),
    ) -> Result<Connection, Refusal> {
        for _ in 0..RACES {
            let mut connection = self.load(account).await?;
            change(&mut connection);
            if self.connections.put_connection(&mut connection).await? == Written::Done {
                return Ok(connection);
            }
        }
        Err(Refusal::TryAgain("the connection was changed at the same moment".to_owned()))
    }

    async fn exchange(&self, code: &str) -> Result<Consented, Refusal> {
        let redirect = &self.request.redirect_uri;
        let set = self.identity.exchange_code(code, redirect, self.clock.now()).await.map_err(tokens::judge)?;
        let refresh = set.refresh.ok_or_else(|| Refusal::Internal("the consent gave no refresh token".to_owned()))?;
        let user = set.access.claims().map(|claims| claims.xero_userid);
        let user = user.ok_or_else(|| Refusal::Internal("the access token names no user".to_owned()))?;
        Ok(Consented { refresh, access: set.access, user })
    }

    /// The organisations of this consent alone: without the filter Xero lists everything that the user
    /// ever connected, and the first of them is somebody else's.
    async fn organisations(&self, consented: &Consented) -> Result<Vec<ConnectedOrganisation>, Refusal> {
        let Some(consent) = consented.access.claims().and_then(|claims| claims.authentication_event_id) else {
            return Err(Refusal::Internal("the access token names no consent".to_owned()));
        };
        let listed: Vec<XeroConnection> = self.client.connections(&consented.access, Some(consent)).await?;
        let organisations = listed.into_iter().filter(XeroConnection::is_organisation);
        Ok(organisations
            .map(|connection| ConnectedOrganisation {
                connection: connection.id,
                tenant: connection.tenant_id,
                name: connection.tenant_name,
                user: Some(consented.user),
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

    /// What follows a choice: the old organisation is given up, the backend is told, held work goes on. The
    /// account is connected whatever comes of it, and upkeep does what is left.
    async fn settle(&self, mut connection: Connection, before: Option<TenantId>) -> Connection {
        if let Err(error) = self.let_go(&connection, before).await {
            tracing::warn!(error = %error, reason = %error.source, "upkeep has to finish a new connection");
        }
        self.disconnecting().tidy(&mut connection).await;
        connection
    }

    async fn let_go(&self, connection: &Connection, before: Option<TenantId>) -> Answer<()> {
        let Some(tenant) = connection.tenant() else { return Ok(()) };
        if let Some(old) = before.filter(|old| *old != tenant) {
            self.claims.release(old, &connection.account).await?;
        }
        let released = held::release(self.waiting, self.queue, &connection.account, tenant).await?;
        tracing::info!(xero.tenant_id = %tenant, held.released = released, "an organisation is connected");
        Ok(())
    }
}
