//! Payments and the sweep: their rules in this process over stores in memory, Xero over HTTP with a clock
//! that stands still. Calls are counted in the stand-in's own journal.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

mod diverging;
mod following;
mod numbers;
mod office;
mod spent;
mod sweeping;
mod ways;
