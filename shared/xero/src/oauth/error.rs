//! What the token endpoint can answer, and what each answer is about.

use std::time::Duration;

/// Why no tokens came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The code or refresh token is wrong, used, too old or revoked. Before believing it of a
    /// refresh token, check that nobody else has rotated it.
    #[error("the grant is not valid")]
    InvalidGrant,
    /// The app's id or secret is wrong.
    #[error("the app's credentials are wrong")]
    InvalidClient,
    /// This process has not read the app's credentials yet; nothing was sent.
    #[error("the app's credentials are not known yet")]
    NoCredentials,
    /// The app may not use this kind of grant.
    #[error("the app may not use this grant")]
    UnauthorizedClient,
    /// A scope is unknown or retired.
    #[error("a scope is not allowed")]
    InvalidScope,
    /// The request was wrong: a mistake of ours. The code is one of the standard's.
    #[error("the token request was refused ({0})")]
    Request(&'static str),
    /// 429: too many calls.
    #[error("rate limited by the token endpoint")]
    RateLimited {
        /// How long to wait.
        retry_after: Option<Duration>,
    },
    /// 5xx.
    #[error("the token endpoint failed (status {status})")]
    Server {
        /// The HTTP status.
        status: u16,
    },
    /// No answer: the connection failed or took too long.
    #[error("no answer from the token endpoint: {cause}")]
    Transport {
        /// Whether the request may have arrived. If so, a refresh may have rotated the token.
        sent: bool,
        /// The innermost reason, which names neither address nor content.
        cause: String,
    },
    /// The answer cannot be understood.
    #[error("the token endpoint's answer cannot be read: {0}")]
    Malformed(&'static str),
}

/// What an answer of the token endpoint is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenErrorClass {
    /// The user has to consent again.
    Reauthorise,
    /// The app is set up wrongly; never blame the user.
    Operator,
    /// Come back later.
    Wait,
    /// Try again.
    Retry,
}

impl TokenError {
    /// What it is about. Only `InvalidGrant` can be a lost connection.
    pub fn class(&self) -> TokenErrorClass {
        match self {
            Self::InvalidGrant => TokenErrorClass::Reauthorise,
            Self::InvalidClient | Self::UnauthorizedClient | Self::InvalidScope | Self::Request(_) => {
                TokenErrorClass::Operator
            }
            Self::RateLimited { .. } | Self::NoCredentials => TokenErrorClass::Wait,
            Self::Server { .. } | Self::Transport { .. } | Self::Malformed(_) => TokenErrorClass::Retry,
        }
    }
}
