//! A process of a function: which one is running, on what clock, and whether it has been killed.
//!
//! Whatever a process calls asks here who is calling. A process dies at a call: the call never returns, and whoever
//! runs the process drops it there.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use jiff::SignedDuration;
use tokio::sync::Notify;

/// One invocation of a function.
#[derive(Debug)]
pub struct Run {
    /// The function.
    pub function: &'static str,
    /// How far its clock is off.
    pub skew: SignedDuration,
    /// What it works on: types of events, or what the function is about.
    pub subjects: Vec<String>,
    dead: AtomicBool,
    died: Notify,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Run>>> = const { RefCell::new(None) };
}

/// The process that is running at this moment; none outside of all.
#[must_use]
pub fn current() -> Option<Arc<Run>> {
    CURRENT.with(|current| current.borrow().clone())
}

impl Run {
    /// A new invocation.
    #[must_use]
    pub fn new(function: &'static str, skew: SignedDuration, subjects: Vec<String>) -> Arc<Self> {
        Arc::new(Self { function, skew, subjects, dead: AtomicBool::new(false), died: Notify::new() })
    }

    /// Kills the process: the caller never gets any further.
    pub async fn die(&self) -> std::convert::Infallible {
        self.dead.store(true, Ordering::Relaxed);
        self.died.notify_one();
        std::future::pending().await
    }

    /// Resolves when the process has died.
    pub async fn died(&self) {
        while !self.dead.load(Ordering::Relaxed) {
            self.died.notified().await;
        }
    }

    /// Runs work as this process; none when it died.
    pub async fn live<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> Option<T> {
        let inside = Inside { run: self.clone(), work: Box::pin(work) };
        tokio::select! {
            biased;
            () = self.died() => None,
            done = inside => Some(done),
        }
    }
}

/// Work that runs as a process.
struct Inside<F> {
    run: Arc<Run>,
    work: Pin<Box<F>>,
}

impl<F: Future> Future for Inside<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let before = CURRENT.with(|current| current.replace(Some(self.run.clone())));
        let polled = self.work.as_mut().poll(context);
        CURRENT.with(|current| current.replace(before));
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_that_dies_gets_no_further_and_is_nobody_afterwards() {
        let run = Run::new("sync", SignedDuration::ZERO, Vec::new());
        let died = run.live(async {
            let me = current().unwrap();
            match me.die().await {}
        });
        assert!(died.await.is_none());
        assert!(current().is_none());
    }
}
