//! Access tokens on demand: kept in memory until shortly before they expire, and refreshed by one holder
//! of the lease at a time, so that two functions never rotate the same refresh token against each other.
//!
//! A crash between the refresh and its storing is covered by Xero, which takes the previous token for 30
//! more minutes. `invalid_grant` is believed only after a re-read shows that nobody else rotated it.

use crate::account::AccountId;
use crate::connection::{Connection, TokenPointer};
use crate::ports::{Clock, Lease, Leases, RefreshTokens, Unavailable};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use xero::oauth::{Identity, TokenError, TokenErrorClass};
use xero::{AccessToken, RefreshToken};

/// An access token is replaced this long before it expires: longer than one call may take.
pub const EXPIRY_MARGIN: Duration = Duration::from_secs(120);
/// How long a lease lasts: longer than the refresh's time-out and the store's together, so that a slow
/// refresher is never overtaken while it still writes.
pub const LEASE: Duration = Duration::from_secs(30);
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

/// The access tokens of this process.
pub struct Tokens<'a> {
    identity: &'a Identity,
    store: &'a dyn RefreshTokens,
    leases: &'a dyn Leases,
    clock: &'a dyn Clock,
    memory: &'a Memory,
}

/// Access tokens in memory; lives as long as the process and is never written anywhere.
#[derive(Default)]
pub struct Memory(Mutex<HashMap<(AccountId, TokenPointer), AccessToken>>);

impl Memory {
    fn get(&self, key: &(AccountId, TokenPointer)) -> Option<AccessToken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn put(&self, key: (AccountId, TokenPointer), token: AccessToken) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, token);
    }

    fn forget(&self, key: &(AccountId, TokenPointer)) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl<'a> Tokens<'a> {
    /// Wires the tokens.
    #[must_use]
    pub fn new(
        identity: &'a Identity,
        store: &'a dyn RefreshTokens,
        leases: &'a dyn Leases,
        clock: &'a dyn Clock,
        memory: &'a Memory,
    ) -> Self {
        Self { identity, store, leases, clock, memory }
    }

    /// An access token for the connection, from memory or by a refresh.
    ///
    /// # Errors
    /// [`TokenFailure`]; only `Revoked` means that the connection is lost.
    pub async fn access(&self, connection: &Connection) -> Result<AccessToken, TokenFailure> {
        let key = key_of(connection)?;
        let margin = self.clock.now() + EXPIRY_MARGIN;
        match self.memory.get(&key) {
            Some(token) if token.expires_at() > margin => Ok(token),
            Some(_) | None => self.refresh(key).await,
        }
    }

    /// A new access token in place of one that Xero rejected before its time.
    ///
    /// # Errors
    /// As [`Tokens::access`].
    pub async fn renew(&self, connection: &Connection) -> Result<AccessToken, TokenFailure> {
        let key = key_of(connection)?;
        self.memory.forget(&key);
        self.refresh(key).await
    }

    async fn refresh(&self, key: (AccountId, TokenPointer)) -> Result<AccessToken, TokenFailure> {
        let lease = self.wait_for_lease(&key.0).await?;
        let result = self.refresh_as(&lease, &key.1).await;
        // The lease runs out by itself; a failed release must not hide the token that was just won.
        if let Err(error) = self.leases.release_lease(&lease).await {
            tracing::warn!(error = %error, "a token lease was not released and runs out by itself");
        }
        let token = result?;
        self.memory.put(key, token.clone());
        Ok(token)
    }

    async fn wait_for_lease(&self, account: &AccountId) -> Result<Lease, TokenFailure> {
        for _ in 0..LEASE_POLLS {
            if let Some(lease) = self.leases.acquire(account, self.clock.now(), LEASE).await? {
                return Ok(lease);
            }
            self.clock.sleep(LEASE_POLL).await;
        }
        Err(TokenFailure::Busy)
    }

    async fn refresh_as(&self, lease: &Lease, pointer: &TokenPointer) -> Result<AccessToken, TokenFailure> {
        let stored = self.store.refresh_token(pointer).await?.ok_or(TokenFailure::Revoked)?;
        match self.exchange(lease, pointer, &stored).await {
            Err(TokenFailure::Revoked) => {
                let again = self.store.refresh_token(pointer).await?.ok_or(TokenFailure::Revoked)?;
                if again == stored {
                    return Err(TokenFailure::Revoked);
                }
                self.exchange(lease, pointer, &again).await
            }
            other => other,
        }
    }

    async fn exchange(
        &self,
        lease: &Lease,
        pointer: &TokenPointer,
        token: &RefreshToken,
    ) -> Result<AccessToken, TokenFailure> {
        let set = self.identity.refresh(token, self.clock.now()).await.map_err(judge)?;
        if let Some(rotated) = &set.refresh {
            if !self.leases.holds(lease, self.clock.now()).await? {
                // Overtaken: whoever holds the lease now has a newer token, and ours dies with its grace.
                return Err(TokenFailure::Busy);
            }
            self.store.replace(pointer, rotated).await?;
        }
        Ok(set.access)
    }
}

fn key_of(connection: &Connection) -> Result<(AccountId, TokenPointer), TokenFailure> {
    let pointer = connection.token.clone().ok_or(TokenFailure::Revoked)?;
    Ok((connection.account.clone(), pointer))
}

/// What an error of the token endpoint means for a connection.
#[must_use]
pub fn judge(error: TokenError) -> TokenFailure {
    match error.class() {
        TokenErrorClass::Reauthorise => TokenFailure::Revoked,
        TokenErrorClass::Operator => TokenFailure::Operator(error),
        TokenErrorClass::Wait | TokenErrorClass::Retry => match error {
            TokenError::RateLimited { retry_after } => TokenFailure::Wait(retry_after),
            _ => TokenFailure::Wait(None),
        },
    }
}
