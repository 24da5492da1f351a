//! The journal of requests.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One request that the Xero side received. Tokens and secrets never are in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Counts from 1.
    pub sequence: u64,
    /// When it came, by the stand-in's clock.
    pub at: Timestamp,
    /// The HTTP method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The raw query; empty for consent and tokens.
    pub query: String,
    /// The `xero-tenant-id`, whether or not it was let through.
    pub tenant: Option<Uuid>,
    /// The app behind the token.
    pub client_id: Option<String>,
    /// The status of the answer; 0 for a dropped connection.
    pub status: u16,
    /// The `operationId`, or an identity operation, or `unknown`.
    pub operation: String,
    /// The `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// The `If-Modified-Since`.
    pub if_modified_since: Option<String>,
    /// The body that came; empty unless asked for, for tokens, and 2,000 requests later.
    pub request_body: String,
    /// The body that went; empty unless asked for, for tokens, and 2,000 requests later.
    pub response_body: String,
    /// Its content type.
    pub response_type: Option<String>,
}

/// Which part of the journal is wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JournalQuery {
    /// Only what came after this sequence number.
    pub since: u64,
    /// Only this operation.
    pub operation: Option<String>,
    /// Only this tenant.
    pub tenant: Option<Uuid>,
    /// With bodies.
    pub bodies: bool,
}
