//! Drives functions where no AWS is: a Lambda Runtime API that hands out events and takes answers, a stub of
//! the few AWS calls that the webhook makes, signed deliveries, and a deterministic fuzzer.
//!
//! For tests and for measuring by hand. It decides nothing about what a function should do.

pub mod aws_stub;
pub mod deliveries;
pub mod fuzz;
pub mod mix;
pub mod runtime_api;
pub mod sandbox;
