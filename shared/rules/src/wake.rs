//! When an account that has waiting work is looked at next. One item for each account, written before the first record
//! waits, so that nothing can wait that nobody wakes; cleared only if nobody wrote it since.

use crate::account::AccountId;
use crate::record::WaitReason;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// When an account goes on with what waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wake {
    /// Whose work.
    pub account: AccountId,
    /// Counts every write.
    pub revision: u64,
    /// When it is due.
    pub due_at: Timestamp,
    /// Since when something waits.
    pub since: Timestamp,
    /// What was out when it was written last.
    pub reason: WaitReason,
    /// When the backend was told that work waits.
    pub told_at: Option<Timestamp>,
}

/// What an account's work waits for, as the status of its connection shows it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct WakeView {
    /// What for.
    #[serde(rename = "for")]
    pub reason: WaitReason,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried next.
    pub next_try: Timestamp,
}

impl From<&Wake> for WakeView {
    fn from(wake: &Wake) -> Self {
        Self { reason: wake.reason, since: wake.since, next_try: wake.due_at }
    }
}
