//! The real clock. With the feature `simulation`, which nothing that is deployed has, a simulation says what it shows.

use async_trait::async_trait;
use jiff::Timestamp;
use rules::ports::Clock;
use std::time::Duration;

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        simulated().unwrap_or_else(Timestamp::now)
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

#[cfg(not(feature = "simulation"))]
fn simulated() -> Option<Timestamp> {
    None
}

#[cfg(feature = "simulation")]
fn simulated() -> Option<Timestamp> {
    simulation::SHOWN.with(|shown| shown.borrow().as_ref().map(|shown| shown()))
}

/// What the machine's clock shows in this thread while a simulation runs.
#[cfg(feature = "simulation")]
pub mod simulation {
    use jiff::Timestamp;
    use std::cell::RefCell;

    /// What a clock shows.
    pub type Shown = Box<dyn Fn() -> Timestamp>;

    thread_local! {
        pub(super) static SHOWN: RefCell<Option<Shown>> = const { RefCell::new(None) };
    }

    /// From now on the machine's clock shows this in this thread.
    pub fn show(shown: Shown) {
        SHOWN.with(|place| place.replace(Some(shown)));
    }
}
