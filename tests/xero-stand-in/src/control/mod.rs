//! The control API: everything that is not Xero, on a port of its own.

pub(crate) mod acts;
pub mod client;
pub(crate) mod report;
pub(crate) mod server;
pub mod types;

pub use client::{Choice, Client, ControlError, consent};
pub use types::*;
