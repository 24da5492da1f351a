//! Fresh ids: random ones, or a series that follows from a seed.
//!
//! Whoever works on the world does so in its series (`Shared::with`), so one seed and the same requests make
//! the same ids, and what is sorted by them comes in the same order.

use std::cell::Cell;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where a seeded world is in its series; random without a seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Series(Option<u64>);

thread_local! {
    static PRESENT: Cell<Series> = const { Cell::new(Series(None)) };
}

impl Series {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Some(seed))
    }

    /// Begins to hand out ids of this series on this thread; what was before comes back.
    pub(crate) fn enter(self) -> Self {
        PRESENT.replace(self)
    }
}

/// The next id.
pub(crate) fn fresh() -> Uuid {
    let Series(Some(state)) = PRESENT.get() else { return Uuid::new_v4() };
    let (high, state) = step(state);
    let (low, state) = step(state);
    PRESENT.set(Series(Some(state)));
    uuid::Builder::from_random_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes()).into_uuid()
}

/// SplitMix64: a number and the state after it.
fn step(state: u64) -> (u64, u64) {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31), state)
}

#[cfg(test)]
mod tests {
    use super::{Series, fresh};

    #[test]
    fn a_series_is_the_same_for_one_seed_and_differs_for_another() {
        let some = |seed| {
            let before = Series::seeded(seed).enter();
            let ids = [fresh(), fresh(), fresh()];
            before.enter();
            ids
        };
        assert_eq!(some(7), some(7));
        assert_ne!(some(7), some(8));
        assert_eq!(some(7)[0].get_version_num(), 4);
        assert_ne!(fresh(), fresh());
    }
}
