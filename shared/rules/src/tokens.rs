//! Access tokens on demand: kept in memory until shortly before they expire, and refreshed by one holder
//! of the lease at a time, so that two functions never rotate the same refresh token against each other.
//!
//! A crash between the refresh and its storing is covered by Xero, which takes the previous token for 30
//! more minutes. `invalid_grant` is believed only after a re-read shows that nobody else rotated it.

pub mod moving;

use crate::connection::Connection;
use crate::grant::{Grant, StoredToken, TokenContext};
use crate::ports::{Clock, Grants, Lease, Leases, TokenVault, Unavailable, Written};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use xero::oauth::{Identity, TokenError, TokenErrorClass};
use xero::{AccessToken, XeroUserId};

/// An access token is replaced this long before it expires: longer than one call may take.
pub const EXPIRY_MARGIN: Duration = Duration::from_secs(120);
/// How long a lease lasts: longer than the refresh's time-out and the store's together, so that a slow
/// refresher is never overtaken while it still writes.
pub const LEASE: Duration = Duration::from_secs(30);
/// How much of the lease must be left before a token is stored: longer than the store may take, so that
/// whoever takes the lease next finds what was stored.
const FENCE: Duration = Duration::from_secs(6);
/// How long a refresh whose answer was lost may still be on its way to Xero. Whoever arrives last has the token that
/// counts, so what was stored before this time is over is refreshed once more, within the half hour of the token before.
const SETTLING: SignedDuration = SignedDuration::from_mins(5);
/// How often and how long somebody waits for another's refresh.
const LEASE_POLLS: u32 = 20;
const LEASE_POLL: Duration = Duration::from_millis(250);

/// Why there is no access token.
#[derive(Debug, thiserror::Error)]
pub enum TokenFailure {
    /// Xero has revoked the grant; only the user can mend it.
    #[error("the grant was revoked")]
    Revoked,
    /// The token endpoint has a limit or is down; never a lost connection.
    #[error("the token endpoint cannot answer now")]
    Wait(Option<Duration>),
    /// The answer of the token endpoint was lost: it may have rotated the token.
    #[error("the answer of the token endpoint was lost")]
    AnswerLost,
    /// Our credentials or request are wrong: an alarm, and nothing blamed on the user.
    #[error("the token endpoint refused our own credentials: {0}")]
    Operator(TokenError),
    /// Somebody else refreshes and does not finish.
    #[error("another refresh of this token is under way")]
    Busy,
    /// A store failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl TokenFailure {
    /// The word for it in metrics.
    fn word(&self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Wait(_) | Self::AnswerLost | Self::Operator(_) | Self::Busy | Self::Unavailable(_) => "failed",
        }
    }
}

/// Whose token, and of which consent.
type Key = (XeroUserId, Option<Timestamp>);

/// An access token that is asked for.
struct Wanted {
    key: Key,
    context: TokenContext,
}

impl Wanted {
    fn by(connection: &Connection) -> Result<Self, TokenFailure> {
        let user = connection.xero_user.ok_or(TokenFailure::Revoked)?;
        Ok(Self { key: (user, connection.consented_at), context: connection.token_context() })
    }
}

/// Access tokens in memory; lives as long as the process and is never written anywhere.
#[derive(Default)]
pub struct Memory(Mutex<HashMap<Key, AccessToken>>);

impl Memory {
    fn get(&self, key: &Key, now: Timestamp) -> Option<AccessToken> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(key).filter(|token| token.expires_at() > now + EXPIRY_MARGIN).cloned()
    }

    fn put(&self, key: Key, token: AccessToken) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, token);
    }

    /// Forgets a token that Xero rejected, unless another has taken its place already.
    fn forget(&self, key: &Key, rejected: &AccessToken) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.get(key).is_some_and(|token| token.expose() == rejected.expose()) {
            tokens.remove(key);
        }
    }
}

/// The access tokens of this process.
#[derive(Clone, Copy)]
pub struct Tokens<'a> {
    /// Xero's token endpoint.
    pub identity: &'a Identity,
    /// Where refresh tokens are.
    pub vault: &'a dyn TokenVault,
    /// Which refresh token is whose.
    pub grants: &'a dyn Grants,
    /// The right to refresh.
    pub leases: &'a dyn Leases,
    /// Time.
    pub clock: &'a dyn Clock,
    /// What this process has already.
    pub memory: &'a Memory,
}

impl Tokens<'_> {
    /// An access token for the connection, from memory or by a refresh.
    ///
    /// # Errors
    /// [`TokenFailure`]; only `Revoked` means that the connection is lost.
    pub async fn access(&self, connection: &Connection) -> Result<AccessToken, TokenFailure> {
        let wanted = Wanted::by(connection)?;
        match self.memory.get(&wanted.key, self.clock.now()) {
            Some(token) => Ok(token),
            None => self.refresh(&wanted).await,
        }
    }

    /// A new access token in place of one that Xero rejected before its time.
    ///
    /// # Errors
    /// As [`Tokens::access`].
    pub async fn renew(&self, connection: &Connection, rejected: &AccessToken) -> Result<AccessToken, TokenFailure> {
        self.memory.forget(&Wanted::by(connection)?.key, rejected);
        self.access(connection).await
    }

    /// Renews a refresh token that nobody has used for a week; says whether it did.
    ///
    /// # Errors
    /// As [`Tokens::access`].
    pub async fn keep_alive(&self, connection: &Connection) -> Result<bool, TokenFailure> {
        let wanted = Wanted::by(connection)?;
        let (_, stored) = self.stored(&wanted).await?;
        if !stored.idle(self.clock.now()) {
            return Ok(false);
        }
        self.refresh(&wanted).await.map(|_| true)
    }

    /// Refreshes whatever this process has in memory: another's refresh was broken off, and what it brought
    /// is lost unless the stored token is used again in time.
    ///
    /// # Errors
    /// As [`Tokens::access`].
    pub async fn finish_refresh(&self, connection: &Connection) -> Result<(), TokenFailure> {
        let wanted = Wanted::by(connection)?;
        self.memory.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&wanted.key);
        self.refresh(&wanted).await.map(drop)
    }

    /// Refreshes, or waits for whoever does: of many in one process that find no token, one calls Xero and the
    /// others find what it brought.
    async fn refresh(&self, wanted: &Wanted) -> Result<AccessToken, TokenFailure> {
        for _ in 0..LEASE_POLLS {
            if let Some(token) = self.memory.get(&wanted.key, self.clock.now()) {
                return Ok(token);
            }
            if let Some(mut lease) = self.leases.acquire(wanted.key.0, self.clock.now(), LEASE).await? {
                let result = self.refresh_unless_brought(wanted, &mut lease).await;
                if matches!(result, Err(TokenFailure::Revoked)) {
                    lease.doubt = None;
                }
                // A refresh whose answer was lost is broken off: the lease that was not given back tells upkeep, which
                // finishes it while Xero still takes the token that is stored, whoever has use for it.
                if !matches!(result, Err(TokenFailure::AnswerLost)) {
                    hand_back(self.leases, self.clock, &lease).await;
                }
                return result;
            }
            self.clock.sleep(LEASE_POLL).await;
        }
        Err(TokenFailure::Busy)
    }

    async fn refresh_unless_brought(&self, wanted: &Wanted, lease: &mut Lease) -> Result<AccessToken, TokenFailure> {
        if let Some(token) = self.memory.get(&wanted.key, self.clock.now()) {
            return Ok(token);
        }
        let token = self.refresh_as(lease, wanted).await?;
        self.memory.put(wanted.key, token.clone());
        Ok(token)
    }

    async fn refresh_as(&self, lease: &mut Lease, wanted: &Wanted) -> Result<AccessToken, TokenFailure> {
        let (mut grant, stored) = self.stored(wanted).await?;
        match self.exchange(lease, wanted, &mut grant, &stored).await {
            Err(TokenFailure::Revoked) => {
                let (mut grant, again) = self.stored(wanted).await?;
                if again.token.expose() == stored.token.expose() {
                    return Err(TokenFailure::Revoked);
                }
                self.exchange(lease, wanted, &mut grant, &again).await
            }
            other => other,
        }
    }

    async fn stored(&self, wanted: &Wanted) -> Result<(Grant, StoredToken), TokenFailure> {
        let grant = self.grants.grant(wanted.key.0).await?.ok_or(TokenFailure::Revoked)?;
        let stored = self.vault.stored(&grant.token, &wanted.context.account).await?.ok_or(TokenFailure::Revoked)?;
        Ok((grant, stored))
    }

    async fn exchange(
        &self,
        lease: &mut Lease,
        wanted: &Wanted,
        grant: &mut Grant,
        stored: &StoredToken,
    ) -> Result<AccessToken, TokenFailure> {
        let now = self.clock.now();
        let answer = self.identity.refresh(&stored.token, now).await.map_err(judge);
        let outcome = answer.as_ref().map_or_else(TokenFailure::word, |_| "renewed");
        tracing::info!(tokens.refreshed = 1, refresh.outcome = outcome, "a refresh token was used");
        let set = answer?;
        if let Some(rotated) = set.refresh {
            // Until it is stored.
            let before = lease.doubt.replace(lease.doubt.unwrap_or(now));
            if !self.leases.holds(lease, self.clock.now() + FENCE).await? {
                // Overtaken: whoever holds the lease now has a newer token, and ours dies with its grace.
                return Err(TokenFailure::Busy);
            }
            let history = stored.history.next(grant.contexts(&wanted.context, &stored.history.contexts));
            let next = StoredToken { token: rotated, stored_at: now, history };
            if self.vault.replace(&grant.token, &next).await? == Written::Conflict {
                return Err(TokenFailure::Busy);
            }
            lease.doubt = before.filter(|since| now.duration_since(*since) < SETTLING);
            if self.vault.is_full(&next.history) {
                self.roll_over(grant, &next).await;
            }
        }
        Ok(set.access)
    }

    /// Begins a new place: Secrets Manager keeps only so many versions of a secret.
    async fn roll_over(&self, grant: &mut Grant, token: &StoredToken) {
        if let Err(error) = moving::to_new_place(self.vault, self.grants, grant, token).await {
            tracing::warn!(error = %error, reason = %error.source, "a token could not be moved to a new secret; the next refresh tries again");
        }
    }
}

/// Waits for the lease of a user's tokens.
///
/// # Errors
/// `Busy` when somebody holds it for longer than a refresh takes.
pub(crate) async fn wait_for_lease(
    leases: &dyn Leases,
    clock: &dyn Clock,
    user: XeroUserId,
) -> Result<Lease, TokenFailure> {
    for _ in 0..LEASE_POLLS {
        if let Some(lease) = leases.acquire(user, clock.now(), LEASE).await? {
            return Ok(lease);
        }
        clock.sleep(LEASE_POLL).await;
    }
    Err(TokenFailure::Busy)
}

/// Gives a lease back, or leaves it for upkeep to look at where something of it is in doubt.
pub(crate) async fn hand_back(leases: &dyn Leases, clock: &dyn Clock, lease: &Lease) {
    if lease.doubt.is_none() {
        return give_back(leases, lease).await;
    }
    if let Err(error) = leases.leave_lease(lease, clock.now()).await {
        tracing::warn!(error = %error, "a token lease in doubt was not left and runs out by itself");
    }
}

/// Gives a lease back. It runs out by itself; a failure here must not hide what was just won.
pub(crate) async fn give_back(leases: &dyn Leases, lease: &Lease) {
    if let Err(error) = leases.release_lease(lease).await {
        tracing::warn!(error = %error, "a token lease was not released and runs out by itself");
    }
}

/// What an error of the token endpoint means for a connection.
#[must_use]
pub fn judge(error: TokenError) -> TokenFailure {
    match error.class() {
        TokenErrorClass::Reauthorise => TokenFailure::Revoked,
        TokenErrorClass::Operator => TokenFailure::Operator(error),
        TokenErrorClass::Wait | TokenErrorClass::Retry => match error {
            TokenError::NoCredentials => {
                TokenFailure::Unavailable(Unavailable { what: "read the app's credentials", source: error.into() })
            }
            TokenError::RateLimited { retry_after } => TokenFailure::Wait(retry_after),
            _ if error.class() == TokenErrorClass::Retry => TokenFailure::AnswerLost,
            _ => TokenFailure::Wait(None),
        },
    }
}
