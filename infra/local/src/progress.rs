//! What the tool says while it works: one line per step, with the seconds since it began.

use std::time::Instant;

/// Speaks on standard error, so that what a command prints can be piped.
#[derive(Clone, Debug)]
pub struct Progress {
    began: Instant,
}

impl Progress {
    /// Starts the clock.
    pub fn begin() -> Self {
        Self { began: Instant::now() }
    }

    /// Says what happens next.
    pub fn step(&self, what: &str) {
        eprintln!("[{:>5.1} s] {what}", self.began.elapsed().as_secs_f32());
    }
}
