//! The webhook's signing key: read before the first delivery, and read again when a signature fails, so
//! that a rotated key needs no deploy. At most once a minute, however many forged deliveries come.

use aws::secrets::Secrets;
use rules::ports::Unavailable;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use xero::{Secret, webhook};

/// Shortest time between two readings of the key after the first.
const REREAD: Duration = Duration::from_secs(60);

/// The key.
pub struct Keys {
    secrets: Secrets,
    arn: String,
    state: Mutex<State>,
}

struct State {
    key: Secret,
    reread_at: Option<Instant>,
}

impl Keys {
    /// Reads the key.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read(secrets: Secrets, arn: String) -> Result<Self, Unavailable> {
        let key = current(&secrets, &arn).await?;
        Ok(Self { secrets, arn, state: Mutex::new(State { key, reread_at: None }) })
    }

    /// Whether the signature is Xero's, by the key in memory or by one that has replaced it.
    pub async fn verify(&self, signature: &str, raw: &[u8]) -> bool {
        if webhook::verify(&self.key(), signature, raw) {
            return true;
        }
        if !self.may_reread() {
            return false;
        }
        match current(&self.secrets, &self.arn).await {
            Ok(key) => {
                self.state.lock().unwrap_or_else(PoisonError::into_inner).key = key;
                webhook::verify(&self.key(), signature, raw)
            }
            Err(error) => {
                tracing::warn!(error = %error, reason = %error.source, "the webhook's key could not be read again");
                false
            }
        }
    }

    fn key(&self) -> Secret {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).key.clone()
    }

    /// Takes the right to read the key again.
    fn may_reread(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let due = state.reread_at.is_none_or(|last| now.duration_since(last) >= REREAD);
        if due {
            state.reread_at = Some(now);
        }
        due
    }
}

async fn current(secrets: &Secrets, arn: &str) -> Result<Secret, Unavailable> {
    const WHAT: &str = "read the webhook's key";
    let value = secrets.value(arn, WHAT).await?;
    value.ok_or_else(|| Unavailable { what: WHAT, source: "the secret has no value".into() })
}
