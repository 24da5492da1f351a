//! A string that must not be seen: client secrets and webhook keys.
//!
//! It cannot be printed or serialised; taking the value out is a visible call.

use std::fmt;

/// A secret. `Debug` shows that there is one, never which.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_only_that_it_is_one() {
        let secret = Secret::from("planted".to_owned());
        assert_eq!(format!("{secret:?}"), "Secret(redacted)");
        assert_eq!(format!("{secret:#?}"), "Secret(redacted)");
        assert_eq!(secret.expose(), "planted");
    }
}
