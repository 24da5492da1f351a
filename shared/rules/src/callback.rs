//! Xero's redirect, as the public function receives it that can read and write consents and nothing else: it redeems
//! nothing. The state is consumed and the code stored, sealed, in one transaction; the browser gets the confirmation,
//! and whether the person in front of it may use it is asked later, with their own token (`connect::confirmation`).

use crate::connect::confirmation::PendingConfirmation;
use crate::connect::consent::PendingConsent;
use crate::connect::seal::{ConsentCode, SealedCode};
use crate::ports::{Answer, Clock, Consents, Unavailable, Written};
use crate::random;
use xero::Secret;

/// How often the transaction is tried again when somebody else was at the same consent.
const RACES: u32 = 3;

/// What Xero sent the browser back with.
#[derive(Clone, Default)]
pub struct CallbackQuery {
    /// Our state.
    pub state: Option<String>,
    /// The code, when the user allowed it.
    pub code: Option<String>,
    /// The error, when not.
    pub error: Option<String>,
}

/// Where the browser goes now.
#[derive(Debug)]
pub enum CallbackOutcome {
    /// To the page that confirms, with this in the fragment.
    Confirm(Secret),
    /// The same answer of Xero was seen before.
    Already,
    /// To the page, with a reason.
    Failed(CallbackError),
}

/// Why there is nothing to confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// The state is missing or was never ours, or it is so old that nobody knows it any more.
    #[error("the state of the consent is not known")]
    UnknownState,
    /// The consent took longer than its time.
    #[error("the consent has expired")]
    Expired,
    /// The user pressed Cancel at Xero.
    #[error("the user cancelled")]
    Cancelled,
    /// Xero sent the browser back with an error, or with nothing.
    #[error("Xero refused the consent")]
    RefusedByXero,
    /// Our own store did not answer.
    #[error("a store cannot answer just now")]
    TryAgain,
}

impl CallbackError {
    /// The stable word that the app gets as `reason`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownState => "unknown_state",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::RefusedByXero => "refused_by_xero",
            Self::TryAgain => "try_again",
        }
    }
}

/// Receives callbacks, and burns confirmations.
pub struct ReceiveCallback<'a> {
    /// Consents under way.
    pub consents: &'a dyn Consents,
    /// Time.
    pub clock: &'a dyn Clock,
}

impl ReceiveCallback<'_> {
    /// Takes what Xero sent.
    pub async fn receive(&self, query: &CallbackQuery) -> CallbackOutcome {
        match self.try_receive(query).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(error = %error, reason = %error.source, "a callback could not be taken");
                CallbackOutcome::Failed(CallbackError::TryAgain)
            }
        }
    }

    async fn try_receive(&self, query: &CallbackQuery) -> Answer<CallbackOutcome> {
        let unknown = CallbackOutcome::Failed(CallbackError::UnknownState);
        let Some(state) = query.state.as_deref().filter(|state| random::is_one_time(state)) else {
            return Ok(unknown);
        };
        for _ in 0..RACES {
            let Some(mut consent) = self.consents.consent(&random::digest(state)).await? else { return Ok(unknown) };
            if consent.answered {
                return Ok(CallbackOutcome::Already);
            }
            if consent.expires_at <= self.clock.now() {
                return Ok(CallbackOutcome::Failed(CallbackError::Expired));
            }
            let (mut confirmation, outcome) = match granted(query) {
                Ok(code) => self.sealed(&mut consent, code)?,
                Err(error) => (None, CallbackOutcome::Failed(error)),
            };
            consent.answered = true;
            if self.consents.answer_consent(&mut consent, confirmation.as_mut()).await? == Written::Done {
                return Ok(outcome);
            }
        }
        Ok(CallbackOutcome::Already)
    }

    fn sealed(
        &self,
        consent: &mut PendingConsent,
        code: &str,
    ) -> Answer<(Option<PendingConfirmation>, CallbackOutcome)> {
        let failed =
            |error: Box<dyn std::error::Error + Send + Sync>| Unavailable { what: "seal a code", source: error };
        let value = random::one_time().map_err(|error| failed(error.into()))?;
        let code = ConsentCode { code: code.to_owned(), verifier: consent.verifier.take() };
        let sealed = SealedCode::new(&code, &value, &consent.state_hash).map_err(|error| failed(error.into()))?;
        let confirmation = PendingConfirmation::new(&value, consent, sealed, self.clock.now());
        Ok((Some(confirmation), CallbackOutcome::Confirm(value.into())))
    }

    /// Burns a confirmation: nobody can use it any more. One that is not known, or that was used, stays what it is.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn burn(&self, confirmation: &str) -> Answer<()> {
        if !random::is_one_time(confirmation) {
            return Ok(());
        }
        for _ in 0..RACES {
            let stored = self.consents.confirmation(&random::digest(confirmation)).await?;
            let Some(mut stored) = stored.filter(PendingConfirmation::is_waiting) else { return Ok(()) };
            stored.burn();
            if self.consents.put_confirmation(&mut stored).await? == Written::Done {
                tracing::info!("a confirmation was burned by the page that got it");
                return Ok(());
            }
        }
        Ok(())
    }
}

/// The code, unless Xero says that the user did not allow it.
fn granted(query: &CallbackQuery) -> Result<&str, CallbackError> {
    match (query.error.as_deref(), query.code.as_deref()) {
        (Some("access_denied"), _) => Err(CallbackError::Cancelled),
        (Some(_), _) | (None, None | Some("")) => Err(CallbackError::RefusedByXero),
        (None, Some(code)) => Ok(code),
    }
}
