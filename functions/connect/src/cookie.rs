//! The cookie that binds a consent to the browser it was started in.
//!
//! `__Host-` makes browsers refuse it without `Secure`, with a domain or with another path; `Lax` lets it
//! travel with Xero's redirect back, and with nothing that another site posts.

use http::header::{self, HeaderMap, HeaderValue, InvalidHeaderValue};
use xero::Secret;

const NAME: &str = "__Host-sessional-xero";
/// As long as the consent itself.
const MAX_AGE: i64 = rules::connect::CONSENT_TIME.as_secs();

/// The header that gives the browser its secret.
pub(crate) fn set(secret: &Secret) -> Result<HeaderValue, InvalidHeaderValue> {
    let cookie = format!("{NAME}={}; Path=/; Max-Age={MAX_AGE}; Secure; HttpOnly; SameSite=Lax", secret.expose());
    let mut value = HeaderValue::from_str(&cookie)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The header that takes it away again.
pub(crate) fn clear() -> HeaderValue {
    HeaderValue::from_static("__Host-sessional-xero=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax")
}

/// The secret that the browser brought, if it brought exactly one.
pub(crate) fn read(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut ours = all
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter(|(name, _)| *name == NAME)
        .map(|(_, value)| value.to_owned());
    let secret = ours.next()?;
    ours.next().is_none().then_some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(cookies).unwrap())])
    }

    #[test]
    fn the_secret_comes_back_from_among_other_cookies() {
        let set = set(&Secret::from("abc".to_owned())).unwrap();
        let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        assert_eq!(read(&headers(&format!("theme=dark; {pair}; x=y"))).as_deref(), Some("abc"));
    }

    #[test]
    fn two_secrets_are_none() {
        assert_eq!(read(&headers(&format!("{NAME}=a; {NAME}=b"))), None);
        assert_eq!(read(&headers("other=a")), None);
    }

    #[test]
    fn the_cookie_is_never_readable_by_scripts_nor_sent_in_the_clear() {
        let set = set(&Secret::from("abc".to_owned())).unwrap();
        for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
            assert!(set.to_str().unwrap().contains(attribute), "{attribute}");
        }
        assert_eq!(format!("{set:?}"), "Sensitive");
    }
}
