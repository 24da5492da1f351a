//! Starting a consent: a one-time state that only the person who asked for it can turn into a connection.
//!
//! A consent link that is sent to somebody else must not attach that person's organisation to the sender's account, nor
//! the sender's to theirs: who began is noted here, and asked again when the code is redeemed.

use super::attempts::{ConnectAttempts, OpenConsent};
use super::{Connect, ConnectError, RACES};
use crate::account::AccountId;
use crate::permission::Permission;
use crate::ports::Written;
use crate::random;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use url::Url;
use xero::Secret;

/// How long a consent may take: a login at Xero with a forgotten password is in it.
pub const CONSENT_TIME: SignedDuration = SignedDuration::from_mins(60);
/// The version of the stored consent.
pub const VERSION: u32 = 2;

/// Who calls, by the claims of their token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: AccountId,
    /// The person: the token's `sub`. Colleagues of one account differ in it.
    pub subject: String,
}

/// Who began a consent, in which browser, and how often the account had been connected and disconnected then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentOrigin {
    /// Whose connection it will be.
    pub account: AccountId,
    /// Hash of the person's `sub`.
    pub subject_hash: String,
    /// Hash of the key that the app keeps in the browser.
    pub browser_hash: String,
    /// The connection's generation.
    pub generation: u64,
    /// What it asks for beyond the usual.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<Permission>,
}

impl ConsentOrigin {
    /// Whether it was this person, in the browser that has this key.
    #[must_use]
    pub fn is(&self, caller: &Caller, browser_key: &str) -> bool {
        let subject = random::same(&random::digest(&caller.subject), &self.subject_hash);
        let browser = random::same(&random::digest(browser_key), &self.browser_hash);
        self.account == caller.account && subject && browser
    }
}

/// The secret half of PKCE: the code can be exchanged by whoever has it and by nobody else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeVerifier(String);

impl CodeVerifier {
    /// A fresh one.
    pub(super) fn new() -> Result<Self, random::NoEntropy> {
        random::one_time().map(Self)
    }

    /// The value, for the token endpoint.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CodeVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeVerifier(redacted)")
    }
}

/// A consent under way, stored under the hash of its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingConsent {
    /// Version of the stored form.
    pub version: u32,
    /// Hash of its state.
    pub state_hash: String,
    /// Counts every write.
    pub revision: u64,
    /// Who began it.
    pub origin: ConsentOrigin,
    /// PKCE's verifier, where it is used; gone once the callback has sealed it with the code.
    #[serde(default)]
    pub verifier: Option<CodeVerifier>,
    /// When it is too late.
    pub expires_at: Timestamp,
    /// Whether Xero has sent the browser back with it.
    pub answered: bool,
}

/// A consent that was started.
#[derive(Debug)]
pub struct StartedConsent {
    /// Where the browser goes.
    pub authorise_url: Url,
    /// What the app keeps in this browser and sends with the confirmation.
    pub browser_key: Secret,
    /// When it is too late.
    pub expires_at: Timestamp,
}

impl Connect<'_> {
    /// Starts a consent for somebody, in the browser that is given the key. Xero is asked for the usual, for what earlier
    /// consents asked for, and for what a choice needs now.
    ///
    /// # Errors
    /// When too many of the account's consents are open, or the consent cannot be stored.
    pub async fn start(&self, caller: &Caller, needed: &[Permission]) -> Result<StartedConsent, ConnectError> {
        let (state, browser_key) = (random::one_time()?, random::one_time()?);
        let verifier = if self.request.pkce { Some(CodeVerifier::new()?) } else { None };
        for _ in 0..RACES {
            let now = self.clock.now();
            let mut attempts = self.attempts_with_room(&caller.account).await?;
            let connection = self.load(&caller.account).await?;
            let mut permissions = connection.permissions;
            permissions
                .extend(needed.iter().copied().filter(|needed| !permissions.contains(needed)).collect::<Vec<_>>());
            let authorise_url = self.authorise_url(&state, verifier.as_ref(), &permissions);
            let mut consent = PendingConsent {
                version: VERSION,
                state_hash: random::digest(&state),
                revision: 0,
                origin: ConsentOrigin {
                    account: caller.account.clone(),
                    subject_hash: random::digest(&caller.subject),
                    browser_hash: random::digest(&browser_key),
                    generation: connection.generation,
                    permissions,
                },
                verifier: verifier.clone(),
                expires_at: now + CONSENT_TIME,
                answered: false,
            };
            let open = OpenConsent { state_hash: consent.state_hash.clone(), expires_at: consent.expires_at };
            attempts.open(open, now);
            if self.starts.begin_consent(&mut attempts, &mut consent).await? == Written::Conflict {
                continue;
            }
            return Ok(StartedConsent {
                authorise_url,
                browser_key: browser_key.into(),
                expires_at: consent.expires_at,
            });
        }
        Err(ConnectError::TryAgain("several consents were started at the same moment".to_owned()))
    }

    /// The account's attempts, when one more consent may be open.
    async fn attempts_with_room(&self, account: &AccountId) -> Result<ConnectAttempts, ConnectError> {
        let now = self.clock.now();
        let stored = self.starts.attempts(account).await?;
        let mut attempts = stored.unwrap_or_else(|| ConnectAttempts::none(account.clone(), now));
        attempts.forget_old(now);
        if attempts.has_room() {
            return Ok(attempts);
        }
        // Those that Xero has answered, whatever it said, are not open any more. Nobody asks before it matters.
        let mut unanswered = Vec::new();
        for open in std::mem::take(&mut attempts.open) {
            let consent = self.consents.consent(&open.state_hash).await?;
            if consent.is_some_and(|consent| !consent.answered) {
                unanswered.push(open);
            }
        }
        attempts.open = unanswered;
        match attempts.first_end() {
            Some(until) if !attempts.has_room() => Err(ConnectError::TooManyConsents { until }),
            Some(_) | None => Ok(attempts),
        }
    }

    fn authorise_url(&self, state: &str, verifier: Option<&CodeVerifier>, permissions: &[Permission]) -> Url {
        let request = self.request;
        let mut scopes: Vec<&str> = request.scopes.iter().map(String::as_str).collect();
        for scope in permissions.iter().map(|permission| permission.scope()) {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        // The hash that stands for a one-time value here is PKCE's S256.
        let challenge = verifier.map(|verifier| random::digest(verifier.expose()));
        xero::oauth::authorize_url(
            self.endpoints,
            &request.client_id,
            &request.redirect_uri,
            &scopes,
            state,
            challenge.as_deref(),
        )
    }
}
