//! Configuration from the environment, read once at start. A missing or malformed variable stops the start
//! with its name; a value is never repeated, because it may be secret.

use jiff::SignedDuration;
use rules::second_factor::SecondFactor;
use std::env;
use url::Url;

/// A variable is missing or malformed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the environment variable {name} {problem}")]
pub struct ConfigError {
    name: &'static str,
    problem: &'static str,
}

impl ConfigError {
    /// A variable that is there, and wrong.
    #[must_use]
    pub fn malformed(name: &'static str, problem: &'static str) -> Self {
        Self { name, problem }
    }
}

/// Reads a variable that must be there and not be empty.
///
/// # Errors
/// When it is not.
pub fn required(name: &'static str) -> Result<String, ConfigError> {
    match env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        Ok(_) => Err(ConfigError { name, problem: "is empty" }),
        Err(_) => Err(ConfigError { name, problem: "is missing" }),
    }
}

/// Reads a variable that may be missing.
#[must_use]
pub fn optional(name: &'static str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Reads a switch, `on` or `off`; missing means off.
///
/// # Errors
/// When it is anything else.
pub fn switch(name: &'static str) -> Result<bool, ConfigError> {
    match optional(name).as_deref() {
        None | Some("off") => Ok(false),
        Some("on") => Ok(true),
        Some(_) => Err(ConfigError { name, problem: "is neither on nor off" }),
    }
}

/// Reads a URL.
///
/// # Errors
/// When it is missing or no URL.
pub fn url(name: &'static str) -> Result<Url, ConfigError> {
    Url::parse(&required(name)?).map_err(|_| ConfigError { name, problem: "is not a URL" })
}

/// Reads the variable that names the claim with the account.
///
/// # Errors
/// When it is missing.
pub fn account_claim() -> Result<String, ConfigError> {
    required("ACCOUNT_CLAIM")
}

/// Reads `SECOND_FACTOR_CLAIM`; none where it is missing or empty. With it, `SECOND_FACTOR_VALUES` and
/// `SECOND_FACTOR_MAX_AGE` (seconds).
///
/// # Errors
/// When only some of them are there, or the age is no number of seconds.
pub fn second_factor() -> Result<Option<SecondFactor>, ConfigError> {
    let Some(claim) = optional("SECOND_FACTOR_CLAIM") else { return Ok(None) };
    let values: Vec<String> = required("SECOND_FACTOR_VALUES")?.split_whitespace().map(str::to_owned).collect();
    let age = required("SECOND_FACTOR_MAX_AGE")?.parse::<u32>();
    let age = age.map_err(|_| ConfigError { name: "SECOND_FACTOR_MAX_AGE", problem: "is no number of seconds" })?;
    Ok(Some(SecondFactor { claim, values, max_age: SignedDuration::from_secs(i64::from(age)) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let error = required("SESSIONAL_TEST_MISSING").unwrap_err();
        assert_eq!(error.to_string(), "the environment variable SESSIONAL_TEST_MISSING is missing");
    }
}
