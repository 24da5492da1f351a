//! What the service promises, told through its real parts: a story per file.
//!
//! All stories share one running stack, which `cargo local test` starts before the runner (a running `cargo
//! local up` does as well). Each has an account and an organisation of its own, so they may run side by side,
//! in one process or in many. Those that break something take the stack for themselves: see `stage`. Those that are
//! told over both token stores are made into tests by a macro; `cfg(test)` lets them fail as tests do.

mod arrows;
#[cfg(test)]
mod attacks;
mod browser_rules;
mod callers;
#[cfg(test)]
mod connecting;
mod console;
mod contract;
mod crash;
mod deployed;
mod desk;
mod disconnect;
#[cfg(test)]
mod disconnecting;
mod divergence;
mod document;
mod documents;
mod door;
mod dry_run;
mod guide;
mod inside;
mod isolation;
mod journey;
mod linking;
mod mapping;
mod mended;
mod operations;
mod payments;
mod queues;
mod reading_ahead;
mod refusals;
mod retry;
mod samples;
#[cfg(test)]
mod sealed;
mod secrets;
mod size;
mod stage;
mod stores;
mod support_desk;
#[cfg(test)]
mod takeover;
mod template;
#[cfg(test)]
mod tokens;
mod upkeep;
mod waiting;
mod webhook;
mod whole_run;
