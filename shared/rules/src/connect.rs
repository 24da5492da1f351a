//! Connecting: a consent is started by one person in one browser, confirmed once by that person, and ends in a chosen
//! organisation, a choice to make, or a reason that the app can show. Never in a half-made connection.
//!
//! `consent` starts, `crate::callback` receives Xero's answer, `confirmation` redeems it, `ownership` says who may have
//! the organisation.

pub mod attempts;
pub mod confirmation;
pub mod consent;
mod grant;
mod ownership;
pub mod seal;

pub use consent::{CONSENT_TIME, Caller, StartedConsent};

use crate::account::AccountId;
use crate::connection::{ConnectedOrganisation, Connection};
use crate::disconnect::Disconnect;
use crate::held;
use crate::ports::{
    Answer, Claims, Clock, Connections, ConsentStarts, Consents, Grants, Leases, Notifications, Ownership, SyncQueue,
    TokenVault, Unavailable, UpkeepQueue, Waiting, Written,
};
use crate::random::NoEntropy;
use crate::tokens::{self, TokenFailure};
use crate::upkeep;
use consent::ConsentOrigin;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use url::Url;
use utoipa::ToSchema;
use xero::models::Connection as XeroConnection;
use xero::{AccessToken, AuthenticationEventId, Error, Identity, RefreshToken, TenantId, XeroUserId};

/// How long a redeemed code may take to become a connection. Until then nobody tidies up behind it.
const FINISHING_TIME: SignedDuration = SignedDuration::from_mins(15);
/// How often a write is tried again when somebody else has changed the same thing.
const RACES: u32 = 5;

/// Why no connection was made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// As many of the account's consents are open as may be.
    #[error("too many consents of the account are open")]
    TooManyConsents {
        /// When the first of them ends.
        until: Timestamp,
    },
    /// The account has tried as many confirmations as it may.
    #[error("the account has tried too many confirmations")]
    TooManyConfirmations {
        /// From when on it may try another.
        until: Timestamp,
    },
    /// Not known, burned, or begun by somebody else: which of them is not told.
    #[error("the confirmation is not good")]
    ConfirmationRefused,
    /// The user has to begin again.
    #[error("the user has to begin again: {}", .0.as_str())]
    ConnectAgain(ConnectAgain),
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

/// Why the user has to begin again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectAgain {
    /// The confirmation came after its four minutes.
    TooLate,
    /// The account was connected, disconnected or closed since the consent began.
    ChangedMeanwhile,
    /// Xero did not take the code: a long login used up its time.
    CodeRefused,
    /// Xero did not answer, and whether it has used up the code nobody knows.
    XeroUnavailable,
    /// It stopped in the middle.
    Interrupted,
}

impl ConnectAgain {
    /// The stable word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLate => "too_late",
            Self::ChangedMeanwhile => "changed_meanwhile",
            Self::CodeRefused => "code_refused",
            Self::XeroUnavailable => "xero_unavailable",
            Self::Interrupted => "interrupted",
        }
    }

    /// The sentence for the user.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::TooLate => "It took too long to come back from Xero, and nothing was connected. Start again.",
            Self::ChangedMeanwhile => {
                "The connection was changed in another window since you began, so this one was not used. Look at what \
                 is connected, and start again if you want something else."
            }
            Self::CodeRefused => {
                "Xero did not accept the answer any more, most often because signing in took long. Nothing was \
                 connected. Start again."
            }
            Self::XeroUnavailable => {
                "Xero did not answer when the connection was finished, and nothing was connected. Start again in a minute."
            }
            Self::Interrupted => "Something stopped while the connection was finished. Start again.",
        }
    }
}

impl ConnectError {
    /// The stable word for it, in logs.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::TooManyConsents { .. } => "too_many_consents",
            Self::TooManyConfirmations { .. } => "too_many_confirmations",
            Self::ConfirmationRefused => "confirmation_refused",
            Self::ConnectAgain(again) => again.as_str(),
            Self::NoOrganisation => "no_organisation",
            Self::OrganisationTaken => "organisation_taken",
            Self::NotOffered => "not_offered",
            Self::TryAgain(_) => "try_again",
            Self::Internal(_) => "internal",
        }
    }
}

impl From<Unavailable> for ConnectError {
    fn from(error: Unavailable) -> Self {
        Self::TryAgain(error.to_string())
    }
}

impl From<NoEntropy> for ConnectError {
    fn from(error: NoEntropy) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<TokenFailure> for ConnectError {
    fn from(failure: TokenFailure) -> Self {
        match failure {
            TokenFailure::Operator(error) => Self::Internal(error.to_string()),
            TokenFailure::Revoked | TokenFailure::Wait(_) | TokenFailure::AnswerLost | TokenFailure::Busy => {
                Self::TryAgain(failure.to_string())
            }
            TokenFailure::Unavailable(error) => error.into(),
        }
    }
}

impl From<Error> for ConnectError {
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
    /// Whether PKCE (S256) is used. Xero documents it for apps without a secret alone.
    pub pkce: bool,
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
    /// Connections that become connected, together with who holds which tenant.
    pub ownership: &'a dyn Ownership,
    /// Consents under way.
    pub consents: &'a dyn Consents,
    /// The beginnings of consents.
    pub starts: &'a dyn ConsentStarts,
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
    /// Where a sweep of payments is planned.
    pub upkeep_queue: &'a dyn UpkeepQueue,
    /// Where the backend is told.
    pub notifications: &'a dyn Notifications,
    /// Access tokens of this process.
    pub memory: &'a tokens::Memory,
    /// Time.
    pub clock: &'a dyn Clock,
}

/// What an exchanged code brought.
struct Consented {
    refresh: RefreshToken,
    access: AccessToken,
    user: XeroUserId,
    consent: AuthenticationEventId,
}

impl Connect<'_> {
    /// Makes a connection or a choice of what a redeemed consent brought.
    ///
    /// A new consent may end the tokens of the user's older one, so its token is kept in any case before it is
    /// known what becomes of it: another account may use the same user.
    async fn take_up_consent(&self, origin: &ConsentOrigin, consented: &Consented) -> Result<Connection, ConnectError> {
        let not_before = self.clock.now() + FINISHING_TIME;
        let consent = Some(consented.consent);
        self.change(origin, |connection| {
            connection.join(consented.user, not_before, consent);
            connection.allow(&origin.permissions);
        })
        .await?;
        let mut offered = Vec::new();
        let finished = self.offer_or_connect(origin, consented, &mut offered).await;
        if finished.is_err() {
            self.give_up(&origin.account, consented, offered).await;
        }
        finished
    }

    /// Chooses one of the organisations that the last consent offered.
    ///
    /// # Errors
    /// When it was not offered, or another account holds it.
    pub async fn choose(&self, account: &AccountId, tenant: TenantId) -> Result<Connection, ConnectError> {
        let connection = self.load(account).await?;
        let offered = connection.choices.iter().find(|choice| choice.tenant == tenant).cloned();
        match offered {
            Some(chosen) => self.connect(account, None, chosen).await,
            // The same choice again is the answer to a repeated request, and finishes what the first left.
            None if connection.tenant() == Some(tenant) => Ok(self.settle(connection, None).await),
            None => Err(ConnectError::NotOffered),
        }
    }

    /// Disconnects an account; done already is done.
    ///
    /// # Errors
    /// When the state could not be stored: then the account is still connected.
    pub async fn disconnect(&self, account: &AccountId) -> Result<(), Unavailable> {
        self.disconnecting().run(account).await
    }

    async fn offer_or_connect(
        &self,
        origin: &ConsentOrigin,
        consented: &Consented,
        offered: &mut Vec<ConnectedOrganisation>,
    ) -> Result<Connection, ConnectError> {
        self.install(&origin.account, consented).await?;
        *offered = self.organisations(consented).await?;
        match offered.as_slice() {
            [] => Err(ConnectError::NoOrganisation),
            [only] => self.connect(&origin.account, Some(origin.generation), only.clone()).await,
            several => {
                let now = self.clock.now();
                self.change(origin, |connection| connection.offer(several.to_vec(), now)).await
            }
        }
    }

    /// Nothing was connected: what the consent made at Xero is removed, and its grant is left again.
    async fn give_up(&self, account: &AccountId, consented: &Consented, offered: Vec<ConnectedOrganisation>) {
        let user = consented.user;
        let now = self.clock.now();
        let noted = self.change_whatever(account, |connection| {
            connection.leftovers.extend(offered.iter().cloned());
            // Whatever else of the consent is at Xero is found by its id, and left where it is used.
            connection.join(user, now, Some(consented.consent));
        });
        match noted.await {
            Ok(mut connection) => self.disconnecting().tidy(&mut connection).await,
            Err(error) => tracing::warn!(error = %error, "a refused consent is left for upkeep to tidy up"),
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

    async fn load(&self, account: &AccountId) -> Result<Connection, ConnectError> {
        let stored = self.connections.connection(account).await?;
        Ok(stored.unwrap_or_else(|| Connection::none(account.clone())))
    }

    /// Changes the connection as it is at this moment, as long as it is of the generation in which the consent began.
    async fn change(
        &self,
        origin: &ConsentOrigin,
        mut change: impl FnMut(&mut Connection),
    ) -> Result<Connection, ConnectError> {
        let mut same = true;
        let changed = self.change_whatever(&origin.account, |connection| {
            same = connection.generation == origin.generation;
            if same {
                change(connection);
            }
        });
        let changed = changed.await?;
        if same { Ok(changed) } else { Err(ConnectError::ConnectAgain(ConnectAgain::ChangedMeanwhile)) }
    }

    async fn change_whatever(
        &self,
        account: &AccountId,
        mut change: impl FnMut(&mut Connection),
    ) -> Result<Connection, ConnectError> {
        for _ in 0..RACES {
            let mut connection = self.load(account).await?;
            change(&mut connection);
            if self.connections.put_connection(&mut connection).await? == Written::Done {
                return Ok(connection);
            }
        }
        Err(ConnectError::TryAgain("the connection was changed at the same moment".to_owned()))
    }

    /// The organisations of this consent alone: without the filter Xero lists everything that the user
    /// ever connected, and the first of them is somebody else's.
    async fn organisations(&self, consented: &Consented) -> Result<Vec<ConnectedOrganisation>, ConnectError> {
        let listed: Vec<XeroConnection> = self.client.connections(&consented.access, Some(consented.consent)).await?;
        let organisations = listed.into_iter().filter(XeroConnection::is_organisation);
        Ok(organisations
            .map(|connection| ConnectedOrganisation {
                connection: connection.id,
                tenant: connection.tenant_id,
                name: connection.tenant_name,
                user: Some(consented.user),
                consent: Some(consented.consent),
            })
            .collect())
    }

    /// What follows a choice: the old organisation is given up, the backend is told, held work goes on. The
    /// account is connected whatever comes of it, and upkeep does what is left.
    async fn settle(&self, mut connection: Connection, before: Option<TenantId>) -> Connection {
        if let Err(error) = self.let_go(&connection, before).await {
            tracing::warn!(error = %error, reason = %error.source, "upkeep has to finish a new connection");
        }
        if let Err(error) = self.plan_sweep(&connection).await {
            tracing::warn!(error = %error, reason = %error.source, "payments are read with the account's next turn");
        }
        self.disconnecting().tidy(&mut connection).await;
        connection
    }

    /// What was paid before the organisation was connected, or while it was not, is read at once.
    async fn plan_sweep(&self, connection: &Connection) -> Answer<()> {
        if connection.due_sweep.is_none() {
            return Ok(());
        }
        let sweep = upkeep::Message::new(&connection.account, upkeep::Task::SweepPayments);
        self.upkeep_queue.plan(&[(sweep, Duration::ZERO)]).await
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
