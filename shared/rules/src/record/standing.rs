//! Where a document stands and what is under way with it: two fields, never one. A paid invoice whose update waits is
//! paid *and* waiting. [`State`] is both in one word, for lists and people.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where the document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not in Xero.
    NotInXero,
    /// In Xero, nothing paid.
    Synced,
    /// In Xero, partly paid.
    PartPaid,
    /// In Xero and paid.
    Paid,
    /// Was in Xero and is voided there.
    Voided,
    /// Was in Xero and is deleted there.
    Deleted,
    /// In Xero and not ours any more: the user said so, and no event creates or changes anything.
    Unlinked,
    /// Taken back in Sessional before it was sent: never in Xero.
    TakenBack,
}

impl Standing {
    /// Whether the document is in Xero and ours.
    #[must_use]
    pub fn is_in_xero(self) -> bool {
        match self {
            Self::Synced | Self::PartPaid | Self::Paid => true,
            Self::NotInXero | Self::Voided | Self::Deleted | Self::Unlinked | Self::TakenBack => false,
        }
    }
}

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnderWay {
    /// Nothing: the document is what Sessional asked for.
    Nothing,
    /// A call is about to be made or its answer is about to be written; a crash leaves it so.
    Intent,
    /// Waits for something outside, and goes on by itself.
    Waiting,
    /// Waits for the connection, or the mapping of sales.
    Held,
    /// Refused by Xero or by a check before; somebody has to act.
    Failed,
    /// Not sent, and nothing is wrong: its category has no account, or it was never sent to anybody.
    Skipped,
}

/// Where a record stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// About to be created in Xero; whether it was is looked up before anything is sent again.
    Intent,
    /// Waits for something outside, such as Xero itself, and goes on by itself.
    Waiting,
    /// In Xero, nothing paid.
    Synced,
    /// In Xero, partly paid.
    PartPaid,
    /// In Xero and paid.
    Paid,
    /// Waits for a reason outside the document: the connection, or the mapping of sales.
    Held,
    /// Refused by Xero or by a check before; somebody has to act.
    Failed,
    /// Not sent, because its category has no account, or because nothing asked for it yet.
    Skipped,
    /// Was in Xero and is voided or deleted there.
    Voided,
    /// Voided or deleted in Sessional before it was sent: it never is.
    Tombstone,
    /// In Xero, and by the user's word not followed any more.
    Unlinked,
}

impl State {
    /// The state of a document that stands so while this is under way. What waits or is held is told even of a document
    /// that is in Xero; what failed leaves it where it stands, with the failure beside it.
    #[must_use]
    pub fn new(stands: Standing, under_way: UnderWay) -> Self {
        match (stands, under_way) {
            (Standing::NotInXero | Standing::TakenBack, UnderWay::Intent) => Self::Intent,
            (_, UnderWay::Waiting) => Self::Waiting,
            (_, UnderWay::Held) => Self::Held,
            (Standing::NotInXero, UnderWay::Failed) => Self::Failed,
            (Standing::NotInXero, UnderWay::Skipped) => Self::Skipped,
            // Nothing was begun yet: the next write says what is.
            (Standing::NotInXero, UnderWay::Nothing) => Self::Intent,
            (Standing::Synced, _) => Self::Synced,
            (Standing::PartPaid, _) => Self::PartPaid,
            (Standing::Paid, _) => Self::Paid,
            (Standing::Voided | Standing::Deleted, _) => Self::Voided,
            (Standing::Unlinked, _) => Self::Unlinked,
            (Standing::TakenBack, _) => Self::Tombstone,
        }
    }

    /// The word for it, in the contract and in metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Waiting => "waiting",
            Self::Synced => "synced",
            Self::PartPaid => "part_paid",
            Self::Paid => "paid",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Voided => "voided",
            Self::Tombstone => "tombstone",
            Self::Unlinked => "unlinked",
        }
    }
}
