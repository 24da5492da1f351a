//! The control API: everything that is not Xero, on a port of its own.

pub(crate) mod acts;
pub(crate) mod browser;
pub(crate) mod client;
mod money;
pub(crate) mod report;
pub(crate) mod server;
pub(crate) mod types;

pub use browser::{Choice, consent};
pub use client::{Client, ControlError};
pub use types::*;
