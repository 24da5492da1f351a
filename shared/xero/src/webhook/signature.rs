//! The signature: base64 of HMAC-SHA256 over the body as it came.
//!
//! The key looks like base64 and is not: its characters are the key. The whole encoded text is
//! compared in constant time, so only the one canonical encoding is accepted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac};
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

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE};

    /// Looks like base64, as Xero's keys do.
    const KEY: &str = "YJcN9dlRNjlkWz0kMk1yzDNlE2hrn8qmq7CvrQ2N6Zk4qS0N0n9dPp0y3W4v5u6t7s8r9q0p1o2n3m4l5k6j7g==";
    const INTENT: &[u8] =
        br#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "QWERTYUIOPASDFGHJKLZ"}"#;
    const ONE: &[u8] = br#"{"events":[{"resourceUrl":"https://api.xero.com/api.xro/2.0/Invoices/1d0f0000-0000-4000-8000-000000000020","resourceId":"1d0f0000-0000-4000-8000-000000000020","tenantId":"9a1d3c55-0000-4000-8000-000000000003","tenantType":"ORGANISATION","eventCategory":"INVOICE","eventType":"UPDATE","eventDateUtc":"2026-11-20T09:42:11.902"}],"firstEventSequence":41,"lastEventSequence":41,"entropy":"QWERTYUIOPASDFGHJKLZ"}"#;
    const ODD: &[u8] = b"{\r\n  \"entropy\": \"caf\xc3\xa9 \xe2\x82\xac\" }\n";

    /// Made with OpenSSL and checked with Node's crypto: key, body, signature.
    const VECTORS: &[(&str, &[u8], &str)] = &[
        (KEY, INTENT, "G89aFxJkr4WhjBY88AIrEw9G6uW4ATofOXF+mi4IQiQ="),
        (KEY, ONE, "x4bZGftGu86eFKiEyDvsSxD7llOlgXzVs1VH0oNiQEk="),
        (KEY, ODD, "4T3JGRAekKhFpXMoxoEyztLNrFBBsRRPK3BCBo1ZmMc="),
        (KEY, b"", "QwdJIwLISq4y/gmyu/pNgXt799WtJSR3U/xuMdJjvIY="),
        (KEY, b"\xff\x00\xfe", "KHHznx+5iLFM7ppLWJTq9E/OVUiouKNfi2NxRFA9EiY="),
        ("clé-ü", INTENT, "gGURLyhaYTjLwPqbty38HX4sSZbbrHn/tSfSDTuAnQc="),
        ("clé-ü", ONE, "Ajk2YDjc2GD1F5F0Q/KxRotcmvsi+IFiXs9Fc3EpngI="),
    ];

    fn key(text: &str) -> Secret {
        Secret::from(text.to_owned())
    }

    #[test]
    fn signatures_of_other_implementations_are_accepted() {
        for (text, body, signature) in VECTORS {
            assert!(verify(&key(text), signature, body), "{signature}");
        }
    }

    #[test]
    fn a_signature_under_the_decoded_key_is_refused() {
        let decoded = "HGuO1e217a1kxAGukUJa9w3BhZxs/WqzCCCE9e5JgGw=";
        assert!(!verify(&key(KEY), decoded, ONE));
    }

    #[test]
    fn one_wrong_character_anywhere_is_refused() {
        let (_, body, signature) = VECTORS[0];
        for at in 0..signature.len() {
            let mut wrong = signature.as_bytes().to_vec();
            wrong[at] = if wrong[at] == b'A' { b'B' } else { b'A' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert!(!verify(&key(KEY), &wrong, body), "{wrong}");
        }
    }

    #[test]
    fn one_changed_byte_of_the_body_is_refused() {
        let (_, body, signature) = VECTORS[1];
        for at in 0..body.len() {
            let mut wrong = body.to_vec();
            wrong[at] ^= 1;
            assert!(!verify(&key(KEY), signature, &wrong));
        }
    }

    #[test]
    fn only_the_canonical_encoding_is_accepted() {
        let (_, body, signature) = VECTORS[0];
        let raw = STANDARD.decode(signature).unwrap();
        let last_bits = signature.replace("IQiQ=", "IQiR=");
        let long = format!("{signature}{}", "A".repeat(100_000));
        for wrong in [
            "",
            "=",
            " ",
            &STANDARD_NO_PAD.encode(&raw),
            &URL_SAFE.encode(&raw),
            &last_bits,
            &format!(" {signature}"),
            &format!("{signature}\n"),
            &format!("{signature}{signature}"),
            &signature.to_lowercase(),
            &long,
        ] {
            assert!(!verify(&key(KEY), wrong, body));
        }
    }

    #[test]
    fn an_empty_key_signs_nothing() {
        let mac = Hmac::<Sha256>::new_from_slice(b"").unwrap();
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        assert!(!verify(&key(""), &signature, b""));
    }
}
