//! One consent: a state that only its own browser and account can finish, once, within ten minutes.
//!
//! A consent link that is sent to somebody else must not attach that person's organisation to the sender's
//! account: the state alone is not enough, the browser has to bring the secret that it was given.

use super::{Connect, Refusal};
use crate::account::AccountId;
use crate::random;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

/// How long a consent may take.
pub const CONSENT_TIME: SignedDuration = SignedDuration::from_mins(10);
/// The version of the stored consent.
const VERSION: u32 = 1;

/// A consent under way, stored under the hash of its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingConsent {
    /// Version of the stored form.
    pub version: u32,
    /// Whose connection it will be.
    pub account: AccountId,
    /// Hash of the secret that the browser holds.
    pub browser_hash: String,
    /// When it is too late.
    pub expires_at: Timestamp,
}

/// A consent that was started.
pub struct Started {
    /// Where the browser goes.
    pub authorise_url: Url,
    /// When it is too late.
    pub expires_at: Timestamp,
    /// The secret for the browser's cookie.
    pub browser_secret: xero::Secret,
}

/// What Xero sent the browser back with.
#[derive(Clone, Default)]
pub struct Callback {
    /// Our state.
    pub state: Option<String>,
    /// The code, when the user allowed it.
    pub code: Option<String>,
    /// The error, when not.
    pub error: Option<String>,
}

impl Callback {
    /// The code, unless Xero says that the user did not allow it.
    pub(super) fn granted(&self) -> Result<&str, Refusal> {
        match (self.error.as_deref(), self.code.as_deref()) {
            (Some("access_denied"), _) => Err(Refusal::Cancelled),
            (Some(_), _) | (None, None) => Err(Refusal::RefusedByXero),
            (None, Some(code)) => Ok(code),
        }
    }
}

impl Connect<'_> {
    /// Starts a consent for an account.
    ///
    /// # Errors
    /// When the consent cannot be stored.
    pub async fn start(&self, account: &AccountId) -> Result<Started, Refusal> {
        let (state, browser_secret) = (random::one_time()?, random::one_time()?);
        let expires_at = self.clock.now() + CONSENT_TIME;
        let pending = PendingConsent {
            version: VERSION,
            account: account.clone(),
            browser_hash: random::digest(&browser_secret),
            expires_at,
        };
        self.consents.put_consent(&random::digest(&state), &pending).await?;
        let request = self.request;
        let scopes: Vec<&str> = request.scopes.iter().map(String::as_str).collect();
        let authorise_url =
            xero::oauth::authorize_url(self.endpoints, &request.client_id, &request.redirect_uri, &scopes, &state);
        Ok(Started { authorise_url, expires_at, browser_secret: browser_secret.into() })
    }

    /// Takes the pending consent away and checks that it may be finished here and now.
    pub(super) async fn take(&self, callback: &Callback, browser: Option<&str>) -> Result<PendingConsent, Refusal> {
        let state = callback.state.as_deref().ok_or(Refusal::UnknownState)?;
        let pending = self.consents.take_consent(&random::digest(state)).await?.ok_or(Refusal::UnknownState)?;
        let browser = browser.ok_or(Refusal::OtherBrowser)?;
        if !random::same(&random::digest(browser), &pending.browser_hash) {
            return Err(Refusal::OtherBrowser);
        }
        if pending.expires_at <= self.clock.now() {
            return Err(Refusal::Expired);
        }
        Ok(pending)
    }
}
