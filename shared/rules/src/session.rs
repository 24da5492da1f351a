//! Calls to Xero for one connection: finds a token, renews it once when Xero rejects it, and turns what
//! goes wrong into what has to happen next. The tenant is the one that the connection names, and no other.

use crate::connection::{Connection, ErrorReason, Status};
use crate::failure::{self, Next};
use crate::ports::Unavailable;
use crate::tokens::{TokenFailure, Tokens};
use jiff::Timestamp;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use xero::{AccessToken, Error, TenantId, UnauthorizedReason};

/// Wait when the token endpoint gives none.
const TOKEN_WAIT: Duration = Duration::from_secs(15);

/// Calls of a day that nothing automatic uses. Xero allows an organisation 5,000 a day, and 1,000 on its smallest
/// tier; a look at the mapping page takes four.
pub const DAY_RESERVE: u32 = 100;
/// Wait once only the reserve is left. Xero's windows are fixed and start at a moment that it does not tell: each
/// look whether a new one has begun takes a few calls of the reserve.
pub const RESERVE_WAIT: Duration = Duration::from_secs(2 * 60 * 60);

/// Why a call gave no result, as what happens next.
#[derive(Debug, thiserror::Error)]
pub enum Interruption {
    /// Leave the tenant alone for a while.
    #[error("Xero asks to wait {0:?}")]
    Wait(Duration),
    /// Come again later; it has nothing to do with the tenant's limits.
    #[error("come again in {0:?}")]
    Later(Duration),
    /// Nobody knows whether it arrived.
    #[error("Xero gave no answer: {0}")]
    NoAnswer(Error),
    /// The connection is lost.
    #[error("the connection is lost: {}", .0.word())]
    Lost(ErrorReason),
    /// Xero refused the request as a whole.
    #[error("Xero refused the request: {0}")]
    Refused(Error),
    /// Our own fault.
    #[error("our own request or configuration is wrong: {0}")]
    Operator(String),
    /// A store failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Calls for one connection.
pub struct Session<'a> {
    client: &'a xero::Client,
    tokens: &'a Tokens<'a>,
    connection: &'a Connection,
    tenant: TenantId,
    /// Calls that are left today, as Xero's last answer said.
    left_today: AtomicU32,
}

/// The token of one call, and whether it was renewed already.
pub struct Attempt {
    token: AccessToken,
    renewed: bool,
}

/// Whether the call is over.
pub enum Step<T> {
    /// It has a result.
    Over(T),
    /// The token was renewed: call again.
    Again,
}

/// Calls Xero through a [`Session`], once more with a renewed token when the first was rejected.
#[macro_export]
macro_rules! call_xero {
    ($session:expr, |$tenant:ident| $call:expr) => {{
        let session = &$session;
        match session.begin().await {
            Err(error) => Err(error),
            Ok(mut attempt) => loop {
                let $tenant = session.tenant(&attempt);
                let result = $call.await;
                session.note($tenant.last_limits());
                match session.judge(&mut attempt, result).await {
                    Ok($crate::session::Step::Over(value)) => break Ok(value),
                    Ok($crate::session::Step::Again) => {}
                    Err(error) => break Err(error),
                }
            },
        }
    }};
}

impl<'a> Session<'a> {
    /// A session for the connection; none unless it is connected to an organisation.
    #[must_use]
    pub fn open(client: &'a xero::Client, tokens: &'a Tokens<'a>, connection: &'a Connection) -> Option<Self> {
        let tenant = connection.tenant()?;
        Some(Self { client, tokens, connection, tenant, left_today: AtomicU32::new(u32::MAX) })
    }

    /// A session to find out whether a connection that was lost is back; none without an organisation.
    #[must_use]
    pub fn probe(client: &'a xero::Client, tokens: &'a Tokens<'a>, connection: &'a Connection) -> Option<Self> {
        let tenant = match connection.status {
            Status::Connected | Status::Error => connection.organisation.as_ref()?.tenant,
            Status::ChooseOrganisation | Status::Disconnected => return None,
        };
        Some(Self { client, tokens, connection, tenant, left_today: AtomicU32::new(u32::MAX) })
    }

    /// When the organisation was connected: what was known before may have changed since.
    #[must_use]
    pub fn connected_at(&self) -> Option<Timestamp> {
        self.connection.connected_at
    }

    /// The connection as it was when the session began.
    #[must_use]
    pub fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// The organisation that is called.
    #[must_use]
    pub fn tenant_id(&self) -> TenantId {
        self.tenant
    }

    /// Notes what an answer said of the limits.
    pub fn note(&self, limits: xero::Limits) {
        if let Some(left) = limits.day_remaining {
            self.left_today.store(left, Ordering::Relaxed);
        }
    }

    /// Whether so few calls are left today that they are kept for what users do by hand: opening the mapping,
    /// refreshing the chart, connecting.
    #[must_use]
    pub fn is_at_reserve(&self) -> bool {
        self.left_today.load(Ordering::Relaxed) <= DAY_RESERVE
    }

    /// Finds a token for a call.
    ///
    /// # Errors
    /// When there is none.
    pub async fn begin(&self) -> Result<Attempt, Interruption> {
        let token = self.tokens.access(self.connection).await?;
        Ok(Attempt { token, renewed: false })
    }

    /// Whether the user's consent covers a scope.
    ///
    /// # Errors
    /// When there is no token that could tell.
    pub async fn has_scope(&self, scope: &str) -> Result<bool, Interruption> {
        let attempt = self.begin().await?;
        Ok(attempt.token.claims().is_some_and(|claims| claims.scope.iter().any(|granted| granted == scope)))
    }

    /// The organisation as it is called in this attempt.
    #[must_use]
    pub fn tenant<'t>(&'t self, attempt: &'t Attempt) -> xero::Tenant<'t> {
        self.client.tenant(&attempt.token, self.tenant)
    }

    /// Decides on the result of a call; renews the token at most once.
    ///
    /// # Errors
    /// What happens next, when the call gave no result.
    pub async fn judge<T>(&self, attempt: &mut Attempt, result: Result<T, Error>) -> Result<Step<T>, Interruption> {
        let error = match result {
            Ok(value) => return Ok(Step::Over(value)),
            Err(error) => error,
        };
        if rejected_token(&error) && !attempt.renewed {
            attempt.token = self.tokens.renew(self.connection, &attempt.token).await?;
            attempt.renewed = true;
            return Ok(Step::Again);
        }
        if matches!(error, Error::Forbidden { .. }) {
            return Err(self.forbidden(&attempt.token).await);
        }
        Err(match failure::next(&error) {
            Next::Wait(time) => Interruption::Wait(time),
            Next::Retry => Interruption::NoAnswer(error),
            Next::Lost(reason) => Interruption::Lost(reason),
            Next::Refused => Interruption::Refused(error),
            Next::Operator => Interruption::Operator(error.to_string()),
        })
    }
}

impl Session<'_> {
    /// Xero refuses the organisation: whether it still lists the connection tells a disconnect from everything
    /// that can be put right in Xero. As long as nobody can tell, nothing is lost.
    async fn forbidden(&self, token: &AccessToken) -> Interruption {
        match self.client.connections(token, None).await {
            Ok(listed) if listed.iter().any(|connection| connection.tenant_id == self.tenant) => {
                Interruption::Lost(ErrorReason::AccessRefused)
            }
            Ok(_) => Interruption::Lost(ErrorReason::OrganisationGone),
            Err(error) => match failure::next(&error) {
                Next::Wait(time) => Interruption::Later(time),
                Next::Operator => Interruption::Operator(error.to_string()),
                Next::Retry | Next::Refused | Next::Lost(_) => Interruption::NoAnswer(error),
            },
        }
    }
}

/// A missing scope is a 401 too, and a new token would not help.
fn rejected_token(error: &Error) -> bool {
    matches!(
        error,
        Error::Unauthorized { reason: UnauthorizedReason::TokenExpired | UnauthorizedReason::TokenRejected, .. }
    )
}

impl From<TokenFailure> for Interruption {
    fn from(failure: TokenFailure) -> Self {
        match failure {
            TokenFailure::Revoked => Self::Lost(ErrorReason::GrantRevoked),
            TokenFailure::Wait(time) => Self::Later(time.unwrap_or(TOKEN_WAIT)),
            TokenFailure::Busy => Self::Later(TOKEN_WAIT),
            TokenFailure::Operator(error) => Self::Operator(error.to_string()),
            TokenFailure::Unavailable(error) => Self::Unavailable(error),
        }
    }
}
