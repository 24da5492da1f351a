//! The webhook's signing key: read before the first delivery, and read again when a signature fails, so
//! that a rotated key needs no deploy. At most once a minute, however many forged deliveries come and
//! whether Secrets Manager answers or not.

use rules::ports::Unavailable;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use xero::{Secret, webhook};

/// Shortest time between two readings of the key after the first.
pub const REREAD: Duration = Duration::from_secs(60);

/// How the key is read.
pub type Reading<'a> = Pin<Box<dyn Future<Output = Result<Secret, Unavailable>> + Send + 'a>>;

/// Where the key is.
pub trait KeySource: Send + Sync {
    /// Reads the newest key.
    fn read(&self) -> Reading<'_>;
}

/// What a signature proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is Xero's.
    Genuine,
    /// It is not.
    Forged,
    /// There is no key to judge by: Secrets Manager has not answered since the start.
    NoKey,
}

/// The key.
pub struct Keys {
    source: Box<dyn KeySource>,
    now: fn() -> Instant,
    state: Mutex<State>,
}

struct State {
    key: Option<Secret>,
    reread_at: Option<Instant>,
}

impl Keys {
    /// Reads the key. Without an answer the function starts all the same: a start that fails would be
    /// repeated with every delivery, and read the secret each time.
    pub async fn read(source: impl KeySource + 'static, now: fn() -> Instant) -> Self {
        let source: Box<dyn KeySource> = Box::new(source);
        let key = current(&*source).await;
        let reread_at = key.is_none().then(now);
        Self { source, now, state: Mutex::new(State { key, reread_at }) }
    }

    /// Whether the signature is Xero's, by the key in memory or by one that has replaced it.
    pub async fn verify(&self, signature: &str, raw: &[u8]) -> Verdict {
        let known = self.key();
        if known.as_ref().is_some_and(|key| webhook::verify(key, signature, raw)) {
            return Verdict::Genuine;
        }
        let newest = if self.may_reread() { current(&*self.source).await } else { None };
        let Some(newest) = newest else {
            return if known.is_some() { Verdict::Forged } else { Verdict::NoKey };
        };
        let genuine = webhook::verify(&newest, signature, raw);
        self.state.lock().unwrap_or_else(PoisonError::into_inner).key = Some(newest);
        if genuine { Verdict::Genuine } else { Verdict::Forged }
    }

    fn key(&self) -> Option<Secret> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).key.clone()
    }

    /// Takes the right to read the key again.
    fn may_reread(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (self.now)();
        let due = state.reread_at.is_none_or(|last| now.saturating_duration_since(last) >= REREAD);
        if due {
            state.reread_at = Some(now);
        }
        due
    }
}

async fn current(source: &dyn KeySource) -> Option<Secret> {
    match source.read().await {
        Ok(key) => Some(key),
        Err(error) => {
            tracing::error!(error = %error, reason = %error.source, alarm = "webhook", "the webhook's key could not be read");
            None
        }
    }
}

/// The key as a secret in Secrets Manager.
pub struct StoredKey {
    secrets: aws::secrets::Secrets,
    arn: String,
}

impl StoredKey {
    /// The secret with this ARN.
    #[must_use]
    pub fn new(secrets: aws::secrets::Secrets, arn: String) -> Self {
        Self { secrets, arn }
    }
}

impl KeySource for StoredKey {
    fn read(&self) -> Reading<'_> {
        const WHAT: &str = "read the webhook's key";
        Box::pin(async {
            let value = self.secrets.value(&self.arn, WHAT).await?;
            value.ok_or_else(|| Unavailable { what: WHAT, source: "the secret has no value".into() })
        })
    }
}

#[cfg(test)]
mod tests;
