//! Months in minutes: the whole service on one calendar, with people who act, outages that last and faults of single
//! calls. One seed is one run, always. What is there at the end is held against what people did, and nothing of how the
//! service does it.

mod bookkeeper;
mod check;
pub mod coverage;
mod document;
pub mod half_year;
pub mod known;
pub mod many;
pub mod plan;
pub mod run;
pub mod sequences;
pub mod shrink;
mod stage;
mod user;
