//! The service's own rules: how Sessional's events become Xero documents and how Xero's payments come
//! back. Pure decisions and use cases over narrow ports; Xero is spoken through the `xero` crate.
//!
//! Left of it stand the AWS adapters and the functions; it refuses to know either: no AWS type, no HTTP
//! server, no environment variable and no clock but the one it is given.

pub mod account;
pub mod action;
pub mod calendar;
pub mod callback;
pub mod chart;
pub mod choice;
pub mod connect;
pub mod connection;
pub mod disconnect;
pub mod divergence;
pub mod event;
pub mod facts;
pub mod failure;
pub mod grant;
pub mod held;
pub mod input;
pub mod lost;
pub mod mapping;
pub mod mapping_view;
pub mod notification;
pub mod organisation;
pub mod outbox;
pub mod pausing;
pub mod payments;
pub mod permission;
pub mod plan;
pub mod ports;
pub mod problem;
pub mod random;
pub mod record;
pub mod record_view;
pub mod retry;
pub mod second_factor;
pub mod session;
pub mod status;
pub mod sync;
pub mod tokens;
pub mod upkeep;
pub mod wake;

pub use account::AccountId;
pub use problem::Problem;
