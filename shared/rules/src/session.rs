//! Calls to Xero for one connection: finds a token, renews it once when Xero rejects it, and turns what
//! goes wrong into what has to happen next. The tenant is the one that the connection names, and no other.

use crate::connection::{Connection, ErrorReason, Status};
use crate::failure::policy::Pause;
use crate::failure::{self, Cause, Next};
use crate::ports::{Connections, Unavailable};
use crate::record::WaitReason;
use crate::tokens::{TokenFailure, Tokens};
use jiff::{SignedDuration, Timestamp};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;
use xero::{AccessToken, Error, TenantId, UnauthorizedReason};

/// How old the knowledge may be that the account is connected when a call begins: a disconnect is stored first, and no
/// call begins later than this after it.
const CONNECTION_AGE: SignedDuration = SignedDuration::from_secs(1);

/// Calls of a day that nothing automatic uses. Xero allows an organisation 5,000 a day, and 1,000 on its smallest
/// tier; a look at the mapping page takes four.
pub const DAY_RESERVE: u32 = 100;
/// Calls of a minute that a drain leaves to others, of the 60 that Xero allows an organisation.
const MINUTE_RESERVE: u32 = 10;
/// The same, of the 10,000 that it allows the whole app.
const APP_MINUTE_RESERVE: u32 = 3_000;
/// Wait once only the reserve is left. Xero's windows are fixed and start at a moment that it does not tell: each
/// look whether a new one has begun takes a few calls of the reserve.
pub const RESERVE_WAIT: Duration = Duration::from_secs(2 * 60 * 60);

/// Why a call gave no result, as what happens next.
#[derive(Debug, thiserror::Error)]
pub enum Interruption {
    /// Something outside is to be left alone for a while.
    #[error("{} is to be left alone", .0.reason.word())]
    Wait(Pause),
    /// The consent lacks the permission that this call needs.
    #[error("the consent does not cover this call")]
    ScopeMissing,
    /// The account was disconnected, or took another organisation, since the session began.
    #[error("the account is not connected to this organisation any more")]
    NotConnected,
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

impl Interruption {
    /// Whether nobody knows what became of this one call, rather than that something is out.
    #[must_use]
    pub fn is_about_the_call(&self) -> bool {
        matches!(self, Self::NoAnswer(_) | Self::Refused(_))
    }

    /// Whether a write that ended like this may have been carried out all the same.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::NoAnswer(error) | Self::Refused(error) => error.may_have_happened(),
            // A gateway in trouble says this of what it has passed on, too.
            Self::Wait(pause) => pause.cause == Cause::XeroUnavailable,
            Self::Lost(_) | Self::ScopeMissing | Self::NotConnected | Self::Operator(_) | Self::Unavailable(_) => false,
        }
    }
}

/// Calls for one connection.
pub struct Session<'a> {
    client: &'a xero::Client,
    tokens: &'a Tokens<'a>,
    connection: &'a Connection,
    tenant: TenantId,
    /// Where the connection is read again when what is known of it gets old; none where it is asked just once.
    connections: Option<&'a dyn Connections>,
    /// When it was read last, as milliseconds.
    read_at: AtomicI64,
    /// Calls that are left today, as Xero's last answer said.
    left_today: AtomicU32,
    /// Calls that are left this minute for the organisation, and for the whole app.
    left_this_minute: [AtomicU32; 2],
}

/// The token of one call, and whether it was renewed already.
pub struct Attempt {
    token: AccessToken,
    renewed: bool,
    /// Whether Xero refused the organisation once although it lists it.
    forbidden: bool,
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
                match result {
                    Ok(value) => break Ok(value),
                    Err(error) => match session.judge(&mut attempt, error).await {
                        Ok(()) => {}
                        Err(error) => break Err(error),
                    },
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
        Some(Self::new(client, tokens, connection, tenant))
    }

    /// Makes the session look before each call whether the account is still connected to the organisation.
    #[must_use]
    pub fn watching(mut self, connections: &'a dyn Connections) -> Self {
        self.connections = Some(connections);
        self
    }

    fn new(client: &'a xero::Client, tokens: &'a Tokens<'a>, connection: &'a Connection, tenant: TenantId) -> Self {
        let read_at = AtomicI64::new(tokens.clock.now().as_millisecond());
        let left_today = AtomicU32::new(u32::MAX);
        let left_this_minute = [AtomicU32::new(u32::MAX), AtomicU32::new(u32::MAX)];
        Self { client, tokens, connection, tenant, connections: None, read_at, left_today, left_this_minute }
    }

    /// A session to find out whether a connection that was lost is back; none without an organisation.
    #[must_use]
    pub fn probe(client: &'a xero::Client, tokens: &'a Tokens<'a>, connection: &'a Connection) -> Option<Self> {
        let tenant = match connection.status {
            Status::Connected | Status::Error => connection.organisation.as_ref()?.tenant,
            Status::ChooseOrganisation | Status::Disconnected => return None,
        };
        Some(Self::new(client, tokens, connection, tenant))
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
        for (known, left) in self.left_this_minute.iter().zip([limits.minute_remaining, limits.app_minute_remaining]) {
            if let Some(left) = left {
                known.store(left, Ordering::Relaxed);
            }
        }
    }

    /// Whether so many calls more are within the part of this minute's calls that is for what has waited: the rest is for
    /// new work, and for what people and upkeep do meanwhile.
    #[must_use]
    pub fn has_calls_this_minute(&self, calls: u32) -> bool {
        let [organisation, app] = self.left_this_minute.each_ref().map(|left| left.load(Ordering::Relaxed));
        organisation >= MINUTE_RESERVE.saturating_add(calls) && app >= APP_MINUTE_RESERVE.saturating_add(calls)
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
        self.check_connection().await?;
        let token = self.tokens.access(self.connection).await?;
        Ok(Attempt { token, renewed: false, forbidden: false })
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

    /// Decides on a call that failed: it is made once more, at most once with a renewed token. The same code for every
    /// call, whatever its result.
    ///
    /// # Errors
    /// What happens next, when the call is over.
    pub async fn judge(&self, attempt: &mut Attempt, error: Error) -> Result<(), Interruption> {
        if rejected_token(&error) && !attempt.renewed {
            attempt.token = self.tokens.renew(self.connection, &attempt.token).await?;
            attempt.renewed = true;
            return Ok(());
        }
        if matches!(error, Error::Forbidden { .. }) {
            return match self.forbidden(&attempt.token).await {
                // A single refusal of an organisation that is listed is a slip of Xero's.
                Interruption::Lost(ErrorReason::AccessRefused) if !attempt.forbidden => {
                    attempt.forbidden = true;
                    Ok(())
                }
                // A write that is asked again under its key may get the stored answer of the slip.
                Interruption::Lost(ErrorReason::AccessRefused) if self.is_let_in(&attempt.token).await => {
                    Err(Interruption::NoAnswer(error))
                }
                interruption => Err(interruption),
            };
        }
        Err(match failure::next(&error) {
            Next::Wait(pause) => Interruption::Wait(pause),
            Next::ScopeMissing => Interruption::ScopeMissing,
            Next::Retry => Interruption::NoAnswer(error),
            Next::Lost(reason) => Interruption::Lost(reason),
            Next::Refused => Interruption::Refused(error),
            Next::Operator => Interruption::Operator(error.to_string()),
        })
    }
}

impl Session<'_> {
    /// No call begins later than a second after a disconnect, or another organisation, was stored.
    async fn check_connection(&self) -> Result<(), Interruption> {
        let Some(connections) = self.connections else { return Ok(()) };
        let now = self.tokens.clock.now();
        let read_at = Timestamp::from_millisecond(self.read_at.load(Ordering::Relaxed)).unwrap_or(Timestamp::MIN);
        if now.duration_since(read_at) <= CONNECTION_AGE {
            return Ok(());
        }
        let found = connections.connection(&self.connection.account).await?;
        if found.and_then(|connection| connection.tenant()) != Some(self.tenant) {
            return Err(Interruption::NotConnected);
        }
        self.read_at.store(now.as_millisecond(), Ordering::Relaxed);
        Ok(())
    }

    /// Whether Xero answers for the organisation after all: a read has no key, and whoever lost the access gets none.
    async fn is_let_in(&self, token: &AccessToken) -> bool {
        self.client.tenant(token, self.tenant).organisation().await.is_ok()
    }

    /// Xero refuses the organisation: whether it still lists the connection tells a disconnect from everything
    /// that can be put right in Xero. As long as nobody can tell, nothing is lost.
    async fn forbidden(&self, token: &AccessToken) -> Interruption {
        match self.client.connections(token, None).await {
            Ok(listed) if listed.iter().any(|connection| connection.tenant_id == self.tenant) => {
                Interruption::Lost(ErrorReason::AccessRefused)
            }
            Ok(_) => Interruption::Lost(ErrorReason::OrganisationGone),
            Err(error) => match failure::next(&error) {
                // The list of connections has nothing to do with the tenant's limits.
                Next::Wait(pause) => Interruption::Wait(Pause { reason: WaitReason::TokenEndpoint, ..pause }),
                Next::Operator => Interruption::Operator(error.to_string()),
                Next::Retry | Next::Refused | Next::ScopeMissing | Next::Lost(_) => Interruption::NoAnswer(error),
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
            TokenFailure::Wait(time) => Self::Wait(Pause::sign_in(time)),
            TokenFailure::AnswerLost => Self::Wait(Pause::sign_in(None)),
            // Another process renews it, or died doing so and its lease is over in a moment: nothing is out.
            TokenFailure::Busy => Self::Unavailable(Unavailable {
                what: "get an access token",
                source: "another process is renewing it".into(),
            }),
            TokenFailure::Operator(error) => Self::Operator(error.to_string()),
            TokenFailure::Unavailable(error) => Self::Unavailable(error),
        }
    }
}
