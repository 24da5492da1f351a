//! Failures on order.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A failure on order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// An `operationId` of the specification, an identity operation such as `token.refresh_token`, or `*`.
    pub operation: String,
    /// Only for this tenant.
    #[serde(default)]
    pub tenant: Option<Uuid>,
    /// So many good calls come first.
    #[serde(default)]
    pub after: u32,
    /// So many calls fail.
    #[serde(default = "once")]
    pub count: u32,
    /// How they fail.
    pub kind: FaultKind,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// The next call of an operation fails.
    #[must_use]
    pub fn once(operation: &str, kind: FaultKind) -> Self {
        Self { operation: operation.to_owned(), tenant: None, after: 0, count: 1, kind }
    }

    /// So many calls fail.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { count, ..self }
    }

    /// So many good calls come first.
    #[must_use]
    pub fn after(self, after: u32) -> Self {
        Self { after, ..self }
    }

    /// Only calls for this tenant count.
    #[must_use]
    pub fn only(self, tenant: Uuid) -> Self {
        Self { tenant: Some(tenant), ..self }
    }
}

/// Which orders are taken back.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct FaultsOf {
    /// Those for this tenant alone.
    #[serde(default)]
    pub tenant: Option<Uuid>,
}

/// The ways to fail.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// 500 and nothing saved.
    ServerErrorBefore,
    /// 500 although everything was saved.
    ServerErrorAfter,
    /// 503 with plain text.
    Offline,
    /// 404 as HTML without body.
    NotFound,
    /// 429 with a chosen wait.
    TooManyRequests {
        /// `minute`, `day`, `appminute` or `concurrent`.
        problem: String,
        /// Seconds in `Retry-After`.
        retry_after: Option<i64>,
    },
    /// The connection closes before anything is saved.
    DropBefore,
    /// The connection closes after everything was saved.
    DropAfter,
    /// The right answer, late.
    Slow {
        /// By so many milliseconds.
        milliseconds: u64,
    },
    /// 503 in plain text of Xero itself, and nothing saved.
    Unavailable,
    /// 504 with a page in HTML: the gateway gave up, and the request goes on behind it. It lands so many
    /// seconds later by the stand-in's clock, or never.
    GatewayTimeout {
        /// Seconds until it lands; it is lost without.
        lands_after: Option<i64>,
    },
    /// The whole call fails because of the document that has this text in it; calls without it are well.
    /// Order it for as many calls as it shall stand.
    Poisoned {
        /// What the document has in it.
        text: String,
        /// 500, or 400.
        status: u16,
        /// Whether the call's other documents are saved all the same.
        saves_others: bool,
    },
    /// Everything is saved, and half of the answer arrives.
    CutShort {
        /// The half is framed as a whole answer; otherwise the connection ends in the middle.
        framed: bool,
    },
    /// Any answer at all.
    Answer {
        /// The status.
        status: u16,
        /// The content type.
        content_type: String,
        /// The body.
        body: String,
    },
}
