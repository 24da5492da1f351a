//! What a function says to the outside, call by call: counted, named, and cut where a test says so.
//!
//! All proxies of one function share a wire. When the cut is reached, nothing goes through any more, in either
//! direction, until the wire is mended: the process on it is about to be killed.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

/// On which side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The call was made, and nobody received it.
    Before,
    /// The call was received and answered; the answer never arrived.
    After,
}

/// A point at which a process can die: the number of a call, from 0, and the side of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Which call.
    pub call: usize,
    /// On which side of it.
    pub moment: Moment,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.moment {
            Moment::Before => "before",
            Moment::After => "after",
        };
        write!(f, "{side} call {}", self.call)
    }
}

/// The points around a number of calls.
pub fn points(calls: usize) -> impl Iterator<Item = Point> {
    let sides = [Moment::Before, Moment::After];
    (0..calls).flat_map(move |call| sides.into_iter().map(move |moment| Point { call, moment }))
}

/// A call that was answered, as both sides saw it.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// The operation: AWS's target (`DynamoDB_20120810.GetItem`), and nothing for Xero.
    pub target: Option<String>,
    /// What was asked.
    pub request: Bytes,
    /// Whether it was granted.
    pub granted: bool,
    /// What was answered.
    pub answer: Bytes,
}

/// The wire. Clones are the same wire.
#[derive(Clone, Default)]
pub struct Wire(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    reached: Notify,
}

#[derive(Default)]
struct State {
    calls: Vec<String>,
    exchanges: Vec<Exchange>,
    cut: Option<Point>,
    is_cut: bool,
}

/// What a proxy does with a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Passage {
    /// Forwards it; its number.
    Open(usize),
    /// Leaves it without an answer.
    Cut,
}

impl Wire {
    /// Mends the wire and begins to count anew; it will be cut at this point, or nowhere.
    pub fn mend(&self, cut: Option<Point>) {
        *self.state() = State { cut, ..State::default() };
    }

    /// The names of the calls since the wire was mended, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// What was said since the wire was mended, in the order of the answers.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.state().exchanges.clone()
    }

    /// Resolves when the cut is reached.
    pub async fn cut(&self) {
        loop {
            let reached = self.0.reached.notified();
            if self.state().is_cut {
                return;
            }
            reached.await;
        }
    }

    /// A call arrives at a proxy.
    pub(crate) fn enter(&self, name: String) -> Passage {
        let mut state = self.state();
        if state.is_cut {
            return Passage::Cut;
        }
        let number = state.calls.len();
        state.calls.push(name);
        if state.cut == Some(Point { call: number, moment: Moment::Before }) {
            self.sever(&mut state);
            return Passage::Cut;
        }
        Passage::Open(number)
    }

    /// Its answer arrives at the proxy; whether it may be relayed.
    pub(crate) fn leave(&self, number: usize) -> bool {
        let mut state = self.state();
        if state.cut == Some(Point { call: number, moment: Moment::After }) {
            self.sever(&mut state);
        }
        !state.is_cut
    }

    /// Notes what was said.
    pub(crate) fn note(&self, exchange: Exchange) {
        self.state().exchanges.push(exchange);
    }

    fn sever(&self, state: &mut State) {
        state.is_cut = true;
        self.0.reached.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_wire_lets_nothing_through_until_it_is_mended() {
        let wire = Wire::default();
        wire.mend(Some(Point { call: 1, moment: Moment::After }));
        assert!(matches!(wire.enter("a".to_owned()), Passage::Open(0)) && wire.leave(0));
        assert!(matches!(wire.enter("b".to_owned()), Passage::Open(1)) && !wire.leave(1));
        assert!(matches!(wire.enter("c".to_owned()), Passage::Cut));
        assert_eq!(wire.calls(), ["a", "b"]);
        wire.mend(None);
        assert!(matches!(wire.enter("d".to_owned()), Passage::Open(0)) && wire.leave(0));
    }

    #[test]
    fn every_call_has_two_points() {
        let all: Vec<String> = points(2).map(|point| point.to_string()).collect();
        assert_eq!(all, ["before call 0", "after call 0", "before call 1", "after call 1"]);
    }
}
