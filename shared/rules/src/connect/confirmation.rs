//! The confirmation: the return page of whoever began a consent redeems its code, with their own token and the key of
//! their browser. Anybody else's try burns it, and it is taken before the code is exchanged, so that it is exchanged once.

use super::consent::{Caller, ConsentOrigin, PendingConsent};
use super::seal::{ConsentCode, SealedCode};
use super::{Connect, ConnectAgain, ConnectError, Consented, RACES};
use crate::connection::Connection;
use crate::ports::Written;
use crate::random;
use crate::tokens::{self, TokenFailure};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The version of the stored confirmation.
pub const VERSION: u32 = 1;
/// How long a confirmation can be redeemed. Xero's code lives for five minutes, and the exchange needs some of them.
pub const CONFIRMATION_TIME: SignedDuration = SignedDuration::from_mins(4);
/// How long the outcome of a confirmation is remembered for a repeat.
const MEMORY: SignedDuration = SignedDuration::from_mins(60);
/// Whoever took a confirmation this long ago and has stored no outcome is not at it any more: a function runs for 29
/// seconds.
const REDEEMING_TIME: SignedDuration = SignedDuration::from_secs(30);
/// How often and how long a repeat waits for whoever redeems the same confirmation at this moment.
const OUTCOME_POLLS: u32 = 20;
const OUTCOME_POLL: Duration = Duration::from_millis(500);

/// A code that waits to be redeemed, stored under the hash of its confirmation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingConfirmation {
    /// Version of the stored form.
    pub version: u32,
    /// Hash of the confirmation.
    pub confirmation_hash: String,
    /// Counts every write.
    pub revision: u64,
    /// Who began the consent.
    pub origin: ConsentOrigin,
    /// Hash of the consent's state.
    pub state_hash: String,
    /// When it is too late to redeem it.
    pub redeem_before: Timestamp,
    /// When its outcome is forgotten.
    pub expires_at: Timestamp,
    /// What became of it.
    pub progress: Progress,
}

/// What became of a confirmation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It can be redeemed.
    Waiting(SealedCode),
    /// It is or was redeemed.
    Taken {
        /// When that began.
        at: Timestamp,
        /// How it ended, once it has.
        outcome: Option<RedeemOutcome>,
    },
    /// Nobody can redeem it any more.
    Burned,
}

/// How redeeming ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedeemOutcome {
    /// An organisation is connected, or one is to be chosen.
    Done,
    /// The user has to begin again.
    Again(ConnectAgain),
    /// The consent covers no organisation.
    NoOrganisation,
    /// Another account has the organisation.
    OrganisationTaken,
    /// Our own configuration is wrong.
    Internal,
}

impl PendingConfirmation {
    /// A code that has just come back.
    #[must_use]
    pub fn new(confirmation: &str, consent: &PendingConsent, sealed: SealedCode, now: Timestamp) -> Self {
        Self {
            version: VERSION,
            confirmation_hash: random::digest(confirmation),
            revision: 0,
            origin: consent.origin.clone(),
            state_hash: consent.state_hash.clone(),
            redeem_before: now + CONFIRMATION_TIME,
            expires_at: now + MEMORY,
            progress: Progress::Waiting(sealed),
        }
    }

    /// Whether it can still be redeemed.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.progress, Progress::Waiting(_))
    }

    /// Takes the code away for ever.
    pub fn burn(&mut self) {
        self.progress = Progress::Burned;
    }
}

impl Connect<'_> {
    /// Redeems a confirmation: connects, offers a choice, or says why not. A repeat by the same person gets what is
    /// there by then.
    ///
    /// # Errors
    /// A [`ConnectError`]; then the account's connection is what it was.
    pub async fn confirm(
        &self,
        caller: &Caller,
        confirmation: &str,
        browser_key: &str,
    ) -> Result<Connection, ConnectError> {
        self.count_confirmation(&caller.account).await?;
        if !random::is_one_time(confirmation) {
            return Err(ConnectError::ConfirmationRefused);
        }
        for _ in 0..OUTCOME_POLLS {
            let stored = self.consents.confirmation(&random::digest(confirmation)).await?;
            let mut stored = stored.ok_or(ConnectError::ConfirmationRefused)?;
            if !stored.origin.is(caller, browser_key) {
                if stored.is_waiting() && !self.burned(&mut stored).await? {
                    continue;
                }
                return Err(ConnectError::ConfirmationRefused);
            }
            let sealed = match stored.progress.clone() {
                Progress::Waiting(sealed) => sealed,
                Progress::Burned => return Err(ConnectError::ConfirmationRefused),
                Progress::Taken { at, outcome } => match self.repeat(caller, at, outcome).await? {
                    Some(connection) => return Ok(connection),
                    None => {
                        self.clock.sleep(OUTCOME_POLL).await;
                        continue;
                    }
                },
            };
            if let Some(too_late) = self.too_late(&stored).await? {
                if self.burned(&mut stored).await? {
                    return Err(ConnectError::ConnectAgain(too_late));
                }
                continue;
            }
            stored.progress = Progress::Taken { at: self.clock.now(), outcome: None };
            if self.consents.put_confirmation(&mut stored).await? == Written::Conflict {
                continue;
            }
            let redeemed = self.redeem(&stored, &sealed, confirmation).await;
            self.remember(stored, &redeemed).await;
            return redeemed;
        }
        Err(ConnectError::TryAgain("the confirmation is being redeemed at this moment".to_owned()))
    }

    /// Whether it is burned now; not when somebody else was faster.
    async fn burned(&self, stored: &mut PendingConfirmation) -> Result<bool, ConnectError> {
        stored.burn();
        Ok(self.consents.put_confirmation(stored).await? == Written::Done)
    }

    async fn too_late(&self, stored: &PendingConfirmation) -> Result<Option<ConnectAgain>, ConnectError> {
        if stored.redeem_before <= self.clock.now() {
            return Ok(Some(ConnectAgain::TooLate));
        }
        let generation = self.load(&stored.origin.account).await?.generation;
        Ok((generation != stored.origin.generation).then_some(ConnectAgain::ChangedMeanwhile))
    }

    /// What became of a confirmation that was taken before; none while it is still being redeemed.
    async fn repeat(
        &self,
        caller: &Caller,
        at: Timestamp,
        outcome: Option<RedeemOutcome>,
    ) -> Result<Option<Connection>, ConnectError> {
        let outcome = match outcome {
            Some(outcome) => outcome,
            None if self.clock.now().duration_since(at) < REDEEMING_TIME => return Ok(None),
            // Whoever redeemed it died. What it left is in the connection, or nowhere.
            None => RedeemOutcome::Done,
        };
        match outcome {
            RedeemOutcome::Done => {
                let connection = self.load(&caller.account).await?;
                let came_of_it = connection.connected_at.is_some_and(|connected| connected >= at)
                    || connection.offered_at.is_some_and(|offered| offered >= at);
                if came_of_it {
                    Ok(Some(connection))
                } else {
                    Err(ConnectError::ConnectAgain(ConnectAgain::Interrupted))
                }
            }
            RedeemOutcome::Again(again) => Err(ConnectError::ConnectAgain(again)),
            RedeemOutcome::NoOrganisation => Err(ConnectError::NoOrganisation),
            RedeemOutcome::OrganisationTaken => Err(ConnectError::OrganisationTaken),
            RedeemOutcome::Internal => Err(ConnectError::Internal("redeeming it failed before".to_owned())),
        }
    }

    async fn redeem(
        &self,
        stored: &PendingConfirmation,
        sealed: &SealedCode,
        confirmation: &str,
    ) -> Result<Connection, ConnectError> {
        let code = sealed.open(confirmation, &stored.state_hash);
        let code = code.map_err(|error| ConnectError::Internal(error.to_string()))?;
        let consented = self.exchange(&code).await?;
        // From here on the code is used up: what cannot be finished now is begun again.
        self.take_up_consent(&stored.origin, &consented).await.map_err(|error| match error {
            ConnectError::TryAgain(why) => {
                tracing::warn!(reason = why, "a redeemed consent could not be finished");
                ConnectError::ConnectAgain(ConnectAgain::Interrupted)
            }
            other => other,
        })
    }

    async fn exchange(&self, code: &ConsentCode) -> Result<Consented, ConnectError> {
        let (redirect, now) = (&self.request.redirect_uri, self.clock.now());
        let verifier = code.verifier.as_ref().map(|verifier| verifier.expose());
        let answer = self.identity.exchange_code(&code.code, redirect, verifier, now).await;
        let set = answer.map_err(|error| match tokens::judge(error) {
            TokenFailure::Revoked => ConnectError::ConnectAgain(ConnectAgain::CodeRefused),
            TokenFailure::Operator(error) => ConnectError::Internal(error.to_string()),
            TokenFailure::Wait(_) | TokenFailure::AnswerLost | TokenFailure::Busy | TokenFailure::Unavailable(_) => {
                ConnectError::ConnectAgain(ConnectAgain::XeroUnavailable)
            }
        })?;
        let no = |what: &str| ConnectError::Internal(what.to_owned());
        let refresh = set.refresh.ok_or_else(|| no("the consent gave no refresh token"))?;
        let user = set.access.claims().map(|claims| claims.xero_userid);
        let user = user.ok_or_else(|| no("the access token names no user"))?;
        let consent = set.access.claims().and_then(|claims| claims.authentication_event_id);
        let consent = consent.ok_or_else(|| no("the access token names no consent"))?;
        Ok(Consented { refresh, access: set.access, user, consent })
    }

    /// Notes how it ended, for a repeat. Not noted, a repeat looks at the connection.
    async fn remember(&self, mut stored: PendingConfirmation, redeemed: &Result<Connection, ConnectError>) {
        let Progress::Taken { at, .. } = stored.progress else { return };
        let outcome = match redeemed {
            Ok(_) => RedeemOutcome::Done,
            Err(ConnectError::ConnectAgain(again)) => RedeemOutcome::Again(*again),
            Err(ConnectError::NoOrganisation) => RedeemOutcome::NoOrganisation,
            Err(ConnectError::OrganisationTaken) => RedeemOutcome::OrganisationTaken,
            Err(
                ConnectError::Internal(_)
                | ConnectError::TryAgain(_)
                | ConnectError::NotOffered
                | ConnectError::ConfirmationRefused
                | ConnectError::TooManyConsents { .. }
                | ConnectError::TooManyConfirmations { .. },
            ) => RedeemOutcome::Internal,
        };
        stored.progress = Progress::Taken { at, outcome: Some(outcome) };
        for _ in 0..RACES {
            match self.consents.put_confirmation(&mut stored).await {
                Ok(Written::Done) => return,
                // Nobody else writes what is taken.
                Ok(Written::Conflict) => return tracing::warn!("a taken confirmation was changed by somebody else"),
                Err(error) => {
                    tracing::warn!(error = %error, reason = %error.source, "the outcome of a confirmation was not noted");
                }
            }
        }
    }
}
