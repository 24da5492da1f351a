//! What a call to Xero's API can end in, sorted by what a caller can do about it.
//!
//! Nothing here shows a body, a token, a name or an e-mail address: sentences of Xero are kept for
//! the user they are about, and printed as a count. What a kind of error leads to (wait, retry,
//! park, reauthorise) is decided by the callers.

mod reading;

use std::time::Duration;

use crate::element::Sentences;

pub(crate) use reading::{correlation_id, read, retry_after};

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// 429: too many calls.
    #[error("rate limited by xero ({problem:?})")]
    RateLimited {
        /// Which limit.
        problem: LimitProblem,
        /// How long to wait; absent for the concurrency limit.
        retry_after: Option<Duration>,
        /// For Xero's support.
        correlation_id: Option<String>,
    },
    /// 503 with the text that says so: the organisation is offline for some minutes.
    #[error("the organisation is offline")]
    Offline {
        /// For Xero's support.
        correlation_id: Option<String>,
    },
    /// 401: the access token does not do.
    #[error("unauthorised ({reason:?})")]
    Unauthorized {
        /// Whether to refresh, to reconnect, or to ask for another scope.
        reason: UnauthorizedReason,
        /// For Xero's support.
        correlation_id: Option<String>,
    },
    /// 403: the organisation is not (or no longer) reachable with this token.
    #[error("forbidden for this organisation")]
    Forbidden {
        /// For Xero's support.
        correlation_id: Option<String>,
    },
    /// 404: there is no such thing.
    #[error("not found")]
    NotFound {
        /// For Xero's support.
        correlation_id: Option<String>,
    },
    /// 400 with reasons. Elements that are not named here may have been saved all the same.
    #[error("refused by validation ({} elements)", elements.len())]
    Validation {
        /// The reasons, one list for each refused element.
        elements: Vec<Sentences>,
        /// For Xero's support.
        correlation_id: Option<String>,
    },
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyConflict {
        /// For Xero's support.
        correlation_id: Option<String>,
    },
    /// Any other 4xx: the request was wrong.
    #[error("bad request (status {status}, error {error_number:?}, {kind:?})")]
    BadRequest {
        /// The HTTP status.
        status: u16,
        /// Xero's number for it, such as 16.
        error_number: Option<i64>,
        /// Xero's name for it, such as `QueryParseException`.
        kind: Option<String>,
        /// For Xero's support.
        correlation_id: Option<String>,
    },
    /// 5xx: it may or may not have been done.
    #[error("xero failed (status {status})")]
    Server {
        /// The HTTP status.
        status: u16,
        /// For Xero's support.
        correlation_id: Option<String>,
    },
    /// No answer in time.
    #[error("timed out ({})", if *sent { "after sending" } else { "before sending" })]
    Timeout {
        /// Whether Xero may have received the request.
        sent: bool,
    },
    /// The connection failed.
    #[error("the connection failed: {cause}")]
    Transport {
        /// Whether Xero may have received the request.
        sent: bool,
        /// The innermost reason, which names neither address nor content.
        cause: String,
    },
    /// The answer was a success that cannot be understood.
    #[error("xero's answer cannot be read: {what}")]
    Malformed {
        /// What was expected.
        what: &'static str,
        /// For Xero's support.
        correlation_id: Option<String>,
    },
}

/// Which limit a 429 is about (`X-Rate-Limit-Problem`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitProblem {
    /// Calls a minute for the organisation.
    Minute,
    /// Calls a day for the organisation.
    Day,
    /// Calls at a time for the organisation.
    Concurrent,
    /// Calls a minute for the whole app.
    AppMinute,
    /// Xero did not say, or said something new.
    Unknown,
}

/// What is wrong with an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnauthorizedReason {
    /// It is too old: refresh, once.
    TokenExpired,
    /// It is garbled or revoked: refresh, once, then reconnect.
    TokenRejected,
    /// It lacks a scope: refreshing does not help.
    ScopeMissing,
}

impl Error {
    /// What Xero's support asks for.
    pub fn correlation_id(&self) -> Option<&str> {
        match self {
            Self::RateLimited { correlation_id, .. }
            | Self::Offline { correlation_id }
            | Self::Unauthorized { correlation_id, .. }
            | Self::Forbidden { correlation_id }
            | Self::NotFound { correlation_id }
            | Self::Validation { correlation_id, .. }
            | Self::IdempotencyConflict { correlation_id }
            | Self::BadRequest { correlation_id, .. }
            | Self::Server { correlation_id, .. }
            | Self::Malformed { correlation_id, .. } => correlation_id.as_deref(),
            Self::Timeout { .. } | Self::Transport { .. } => None,
        }
    }

    /// Whether a write that ended like this may have been carried out: look before writing again.
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::Server { .. }
            | Self::Malformed { .. }
            | Self::Validation { .. }
            | Self::IdempotencyConflict { .. } => true,
            Self::Timeout { sent } | Self::Transport { sent, .. } => *sent,
            // Given up on, or still under way for whoever asked before.
            Self::BadRequest { status, .. } => matches!(status, 408 | 409),
            Self::RateLimited { .. }
            | Self::Offline { .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::NotFound { .. } => false,
        }
    }
}
