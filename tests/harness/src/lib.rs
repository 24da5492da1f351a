//! What tests of the whole service stand on: AWS in memory behind the SDK's own connector ([`cloud`]), Xero's stand-in
//! in this process ([`xero_side`]), every function as its `main.rs` wires it, and AWS's way of invoking them
//! ([`service`]), all on one calendar that moves only while everybody waits ([`calendar`]).
//!
//! What goes wrong is the [`weather`]; a [`process`] can be killed at any call. Queues, schedules and indexes are those
//! of `template.yaml` ([`template`]).

pub mod calendar;
pub mod cloud;
mod functions;
pub mod logs;
pub mod process;
pub mod service;
pub mod template;
mod triggers;
pub mod weather;
pub mod xero_side;

use std::rc::Rc;

use tokio::task::LocalSet;

pub use functions::{CREDENTIALS, RETURN, WEBHOOK_KEY, XERO};

/// Deploys a service in a runtime of its own, whose time is paused, and does something with it.
///
/// # Errors
/// When there is no runtime, or the service cannot be deployed.
pub fn with_service<T>(seed: u64, work: impl AsyncFnOnce(Rc<service::Service>) -> T) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    LocalSet::new().block_on(&runtime, async {
        let service = service::Service::deploy(seed, "2026-11-02T07:00:00Z".parse()?).await?;
        Ok(work(service).await)
    })
}
