//! The one calendar: everybody's clock follows from how far the runtime's paused time has moved, and nothing waits.

use aws::clock::simulation;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::process;

/// Time, which moves only while everybody waits for it.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    begin: Timestamp,
    start: Instant,
}

impl Calendar {
    /// A calendar that begins now at this moment. The runtime's time has to be paused.
    #[must_use]
    pub fn beginning(begin: Timestamp) -> Self {
        let calendar = Self { begin, start: Instant::now() };
        simulation::show(Box::new(move || {
            let skew = process::current().map_or(SignedDuration::ZERO, |run| run.skew);
            calendar.now().saturating_add(skew).unwrap_or(begin)
        }));
        calendar
    }

    /// The true time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.start.elapsed()).unwrap_or(SignedDuration::ZERO);
        self.begin.saturating_add(passed).unwrap_or(self.begin)
    }

    /// The runtime's moment of a time.
    #[must_use]
    pub fn instant(&self, at: Timestamp) -> Instant {
        let after = at.duration_since(self.begin);
        self.start + std::time::Duration::try_from(after).unwrap_or_default()
    }

    /// Waits until a moment.
    pub async fn until(&self, at: Timestamp) {
        tokio::time::sleep_until(self.instant(at)).await;
    }
}
