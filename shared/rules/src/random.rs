//! Randomness and hashes for the one-time values of the consent: unguessable, URL-safe, and stored only
//! as their SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Bytes in a one-time value: 256 bits, far past guessing within its ten minutes.
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
    getrandom::fill(&mut bytes).map_err(|_| NoEntropy)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
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
    fn only_the_same_value_has_the_same_digest() {
        assert!(same(&digest("a"), &digest("a")));
        assert!(!same(&digest("a"), &digest("b")));
        assert!(!same(&digest("a"), ""));
    }
}
