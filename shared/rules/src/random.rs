//! Randomness and hashes for the one-time values of the consent: unguessable, URL-safe, and stored only
//! as their SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

/// Bytes in a one-time value: 256 bits, far past guessing within its hour.
pub const ONE_TIME_BYTES: usize = 32;

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoEntropy;

/// A fresh one-time value, URL-safe base64 of 256 random bits.
///
/// # Errors
/// When the operating system has no entropy to give.
pub fn one_time() -> Result<String, NoEntropy> {
    let mut bytes = [0_u8; ONE_TIME_BYTES];
    fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Fills a place with random bytes.
///
/// # Errors
/// When the operating system has no entropy to give.
pub fn fill(bytes: &mut [u8]) -> Result<(), NoEntropy> {
    #[cfg(feature = "simulation")]
    if simulation::fill(bytes) {
        return Ok(());
    }
    getrandom::fill(bytes).map_err(|_| NoEntropy)
}

/// A fresh random id: a name that nobody else has, and no secret.
#[must_use]
pub fn uuid() -> Uuid {
    #[cfg(feature = "simulation")]
    {
        let mut bytes = [0_u8; 16];
        if simulation::fill(&mut bytes) {
            return uuid::Builder::from_random_bytes(bytes).into_uuid();
        }
    }
    Uuid::new_v4()
}

/// Whether a text has the form of a one-time value: what has not needs no look at a store.
#[must_use]
pub fn is_one_time(value: &str) -> bool {
    URL_SAFE_NO_PAD.decode(value).is_ok_and(|bytes| bytes.len() == ONE_TIME_BYTES)
}

/// The SHA-256 of a value in URL-safe base64: what is stored in place of it.
#[must_use]
pub fn digest(value: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(value.as_bytes()))
}

/// Compares two digests in constant time.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// Randomness that comes out the same again, for a simulation; nothing that is deployed has the feature.
#[cfg(feature = "simulation")]
pub mod simulation {
    use std::cell::Cell;

    thread_local! {
        static SEEDED: Cell<Option<u64>> = const { Cell::new(None) };
    }

    /// From now on, what is random in this thread follows from a number.
    pub fn seed(seed: u64) {
        SEEDED.set(Some(seed));
    }

    /// Fills a place if this thread was given a seed. The numbers are those of SplitMix64.
    pub(super) fn fill(bytes: &mut [u8]) -> bool {
        let Some(mut state) = SEEDED.get() else { return false };
        for chunk in bytes.chunks_mut(8) {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let drawn = (mixed ^ (mixed >> 31)).to_be_bytes();
            chunk.iter_mut().zip(drawn).for_each(|(place, byte)| *place = byte);
        }
        SEEDED.set(Some(state));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_one_time_value_has_256_bits_and_never_comes_twice() {
        let (a, b) = (one_time().unwrap(), one_time().unwrap());
        assert_eq!(a.len(), 43);
        assert_ne!(a, b);
    }

    #[test]
    fn what_is_no_one_time_value_is_told_from_one() {
        assert!(is_one_time(&one_time().unwrap()));
        for wrong in ["", "state", "a+b/", &"a".repeat(42), &"a".repeat(44), "../../etc/passwd"] {
            assert!(!is_one_time(wrong), "{wrong}");
        }
    }

    #[test]
    fn only_the_same_value_has_the_same_digest() {
        assert!(same(&digest("a"), &digest("a")));
        assert!(!same(&digest("a"), &digest("b")));
        assert!(!same(&digest("a"), ""));
    }
}
