//! A second factor before a Xero organisation is connected, where the operator asks for one: that the caller's token says
//! so, and that they signed in not long ago. Xero asks this of apps; Sessional's issuer knows how it is done.

use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;

/// What a caller's token has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// The claim, such as `amr` or `acr`.
    pub claim: String,
    /// What it has to be or to contain; one of several is enough.
    pub values: Vec<String>,
    /// How long ago the user may have signed in, by `auth_time`.
    pub max_age: SignedDuration,
}

/// The token does not say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecondFactorError {
    /// Not signed in with one.
    #[error("the caller has not signed in with a second factor")]
    Missing,
    /// Not lately.
    #[error("the caller has signed in too long ago")]
    TooLongAgo,
}

impl SecondFactor {
    /// Judges a caller's claims as the authorizer passes them on.
    ///
    /// # Errors
    /// What is missing.
    pub fn check(&self, claims: &HashMap<String, String>, now: Timestamp) -> Result<(), SecondFactorError> {
        let stated = claims.get(&self.claim).map(String::as_str).unwrap_or_default();
        if !elements(stated).any(|element| self.values.iter().any(|value| value == element)) {
            return Err(SecondFactorError::Missing);
        }
        let signed_in = claims.get("auth_time").and_then(|time| time.parse().ok());
        let signed_in = signed_in.and_then(|seconds| Timestamp::from_second(seconds).ok());
        match signed_in {
            Some(at) if now.duration_since(at) <= self.max_age => Ok(()),
            Some(_) | None => Err(SecondFactorError::TooLongAgo),
        }
    }
}

/// The elements of a claim, each as a whole. API Gateway passes a list on as one text, `[pwd mfa]`; what is in no
/// brackets is one element, spaces and all.
fn elements(stated: &str) -> impl Iterator<Item = &str> {
    let list = stated.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let (many, one) = match list {
        Some(list) => (list, None),
        None => ("", Some(stated)),
    };
    many.split_whitespace().chain(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn judge(amr: Option<&str>, auth_time: Option<&str>) -> Result<(), SecondFactorError> {
        let factor = SecondFactor {
            claim: "amr".to_owned(),
            values: vec!["mfa".to_owned(), "hwk".to_owned()],
            max_age: SignedDuration::from_mins(60),
        };
        let given = [("amr", amr), ("auth_time", auth_time)];
        let claims = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        factor.check(&claims.collect(), NOW + SignedDuration::from_hours(10))
    }

    #[test]
    fn an_element_of_the_claim_counts_as_a_whole_and_in_no_other_way() {
        for good in ["mfa", "[mfa]", "[pwd mfa]", "[hwk pwd]"] {
            assert_eq!(judge(Some(good), Some("36000")), Ok(()), "{good}");
        }
        for bad in
            ["", "pwd", "[pwd]", "[]", "no-mfa", "mfa2", "[pwd no-mfa]", "pwd mfa", "[mfa", "mfa]", "[[mfa]]", "MFA"]
        {
            assert_eq!(judge(Some(bad), Some("36000")), Err(SecondFactorError::Missing), "{bad}");
        }
        assert_eq!(judge(None, Some("36000")), Err(SecondFactorError::Missing));
    }

    #[test]
    fn a_second_factor_of_long_ago_or_of_no_known_time_is_none() {
        assert_eq!(judge(Some("[mfa]"), Some("32400")), Ok(()));
        for old in [Some("32399"), Some("0"), Some("-1"), Some(""), Some("now"), Some("1e9999"), None] {
            assert_eq!(judge(Some("[mfa]"), old), Err(SecondFactorError::TooLongAgo), "{old:?}");
        }
    }
}
