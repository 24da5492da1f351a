//! What a record waits for: something outside of it, since when, and when it is tried next. The next try belongs to
//! what is out and not to the record, so that one call tells for all that wait for the same.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a record waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// Our own credentials at Xero are refused: an operator has to act.
    Credentials,
    /// Xero's token endpoint gives no token.
    TokenEndpoint,
    /// Xero, or this organisation there, does not answer or asks to wait.
    Organisation,
    /// Xero's answer to a call for this document was lost.
    Answer,
    /// It is behind other work of the same account.
    Turn,
}

impl WaitReason {
    /// Every reason.
    pub const ALL: [Self; 5] = [Self::Credentials, Self::TokenEndpoint, Self::Organisation, Self::Answer, Self::Turn];

    /// The stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::TokenEndpoint => "token_endpoint",
            Self::Organisation => "organisation",
            Self::Answer => "answer",
            Self::Turn => "turn",
        }
    }
}

/// What a record waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Waiting {
    /// What for.
    #[serde(rename = "for")]
    pub reason: WaitReason,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried next; what is out may be tried earlier.
    pub next_try: Timestamp,
    /// When the backend was told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
}
