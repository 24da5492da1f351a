//! The adapters to AWS: the table, the secrets, the queues, the batch loop, configuration and logs.
//!
//! They implement the ports of `rules` and know how the outside is spelled; they decide nothing. Left of
//! them stand the functions, which wire them.

mod allocator;
pub mod batch;
pub mod clock;
pub mod config;
pub mod http;
pub mod queues;
pub mod sdk;
pub mod secrets;
pub mod table;
pub mod task;
pub mod telemetry;
pub mod tokens;
mod trouble;
pub mod xero_setup;
