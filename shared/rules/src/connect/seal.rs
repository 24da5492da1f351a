//! Xero's code between the callback and the confirmation: stored so that only the browser that was sent back can have it
//! redeemed. The key comes from the confirmation, which is in the address fragment of that browser and nowhere else.

use super::consent::CodeVerifier;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use serde::{Deserialize, Serialize};

/// What the key is for, and in which version: another use of the same confirmation would have another key.
const PURPOSE: &[u8] = b"sessional-xero consent code 1";

/// What is sealed.
#[derive(Serialize, Deserialize)]
pub struct ConsentCode {
    /// Xero's code.
    pub code: String,
    /// PKCE's verifier, where it is used.
    #[serde(default)]
    pub verifier: Option<CodeVerifier>,
}

/// A code that is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedCode(String);

/// It could not be sealed, or this confirmation does not open it.
#[derive(Debug, thiserror::Error)]
#[error("the code cannot be sealed or opened")]
pub struct SealError;

impl SealedCode {
    /// Seals a code for whoever has the confirmation, as that of one consent.
    ///
    /// # Errors
    /// When the ciphers fail.
    pub fn new(code: &ConsentCode, confirmation: &str, state_hash: &str) -> Result<Self, SealError> {
        let mut bytes = serde_json::to_vec(code).map_err(|_| SealError)?;
        let key = key(confirmation, state_hash)?;
        key.seal_in_place_append_tag(nonce(), Aad::from(state_hash.as_bytes()), &mut bytes).map_err(|_| SealError)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Opens it.
    ///
    /// # Errors
    /// When it was sealed with another confirmation or for another consent, or was changed.
    pub fn open(&self, confirmation: &str, state_hash: &str) -> Result<ConsentCode, SealError> {
        let mut bytes = URL_SAFE_NO_PAD.decode(&self.0).map_err(|_| SealError)?;
        let key = key(confirmation, state_hash)?;
        let opened = key.open_in_place(nonce(), Aad::from(state_hash.as_bytes()), &mut bytes);
        serde_json::from_slice(opened.map_err(|_| SealError)?).map_err(|_| SealError)
    }
}

fn key(confirmation: &str, state_hash: &str) -> Result<LessSafeKey, SealError> {
    let extracted = Salt::new(HKDF_SHA256, state_hash.as_bytes()).extract(confirmation.as_bytes());
    let expanded = extracted.expand(&[PURPOSE], &AES_256_GCM).map_err(|_| SealError)?;
    Ok(LessSafeKey::new(UnboundKey::from(expanded)))
}

/// A confirmation is used for one code, so its key has one nonce.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; ring::aead::NONCE_LEN])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> SealedCode {
        let code = ConsentCode { code: "a-code".to_owned(), verifier: None };
        SealedCode::new(&code, "confirmation", "state").unwrap()
    }

    #[test]
    fn a_code_is_opened_by_its_own_confirmation_for_its_own_consent_and_by_nothing_else() {
        let sealed = sealed();
        assert_eq!(sealed.open("confirmation", "state").unwrap().code, "a-code");
        assert!(sealed.open("another", "state").is_err());
        assert!(sealed.open("confirmation", "another").is_err());
        let stored = serde_json::to_string(&sealed).unwrap();
        assert!(!stored.contains("a-code"), "{stored}");
    }

    #[test]
    fn a_sealed_code_that_was_changed_is_not_opened() {
        let sealed = sealed().0;
        for place in [0, sealed.len() / 2, sealed.len() - 2] {
            let mut changed = sealed.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = SealedCode(String::from_utf8(changed).unwrap());
            assert!(changed.open("confirmation", "state").is_err(), "{place}");
        }
    }
}
