//! What the stand-in promises, a story per file; `checklist` has the seventeen points by their names.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail the test they serve"
)]

mod support;

mod first_slice;
