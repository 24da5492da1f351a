//! Deliveries of Xero's webhook: the signature over the raw bytes, and what the payload says.
//!
//! Verify first, parse second. Nothing in here applies a schema before the signature: the calls
//! with which Xero tests an endpoint have sequence numbers that its own schema forbids.

mod payload;
mod signature;

pub use payload::{Category, Event, EventType, Payload, Unreadable};
pub use signature::verify;

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-xero-signature";
