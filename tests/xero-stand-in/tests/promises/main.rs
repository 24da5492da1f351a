//! What the stand-in promises, a story per file; tests named `point_NN_…` are the checklist of the facts.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail the test they serve"
)]

mod support;

mod accounts;
mod acts;
mod bank;
mod bytes;
mod connections;
mod consent;
mod contacts;
mod contract;
mod faults;
mod gateway;
mod idempotency;
mod in_process;
mod invoices;
mod listings;
mod money;
mod pages;
mod settlement;
mod strictness;
mod switches;
mod tokens;
mod way_through;
mod webhooks;
