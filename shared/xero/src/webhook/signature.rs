//! The signature: base64 of HMAC-SHA256 over the body as it came.
//!
//! The key looks like base64 and is not: its characters are the key. The whole encoded text is
//! compared in constant time, so only the one canonical encoding is accepted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::secret::Secret;

/// Whether this header signs these bytes under this key. An empty key signs nothing.
pub fn verify(key: &Secret, header: &str, raw: &[u8]) -> bool {
    expected(key, raw).is_some_and(|expected| expected.as_bytes().ct_eq(header.as_bytes()).into())
}

fn expected(key: &Secret, raw: &[u8]) -> Option<String> {
    let key = key.expose().as_bytes();
    if key.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(raw);
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}
