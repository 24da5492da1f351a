//! Reads JSON from outside; what is wrong is told by the path of its field and what would have been right,
//! and never by the value, which may be personal.

use serde::Deserialize;

/// What is wrong with an input.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The path of the field; empty for the whole.
    pub path: String,
    /// What would have been right.
    pub reason: String,
}

/// Reads a value.
///
/// # Errors
/// Which field is wrong, and what would be right.
pub fn read<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, Wrong> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let reason = match error.inner().classify() {
            serde_json::error::Category::Data => plain_reason(&error.inner().to_string()),
            _ => "This is not valid JSON".to_owned(),
        };
        Wrong { path: if path == "." { String::new() } else { path }, reason }
    })
}

/// The reason without serde's position, and without values that it quotes.
fn plain_reason(reason: &str) -> String {
    let reason = reason.split(" at line ").next().unwrap_or(reason);
    let quotes_a_value = ["invalid ", "unknown "].iter().any(|start| reason.starts_with(start));
    match reason.split_once(", expected ") {
        Some((_, expected)) if quotes_a_value => format!("This must be {expected}"),
        _ if quotes_a_value => "This cannot be read".to_owned(),
        _ => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::LineAmounts;

    #[test]
    fn the_reason_says_what_would_be_right_and_not_what_came() {
        let wrong = read::<LineAmounts>(br#""ada@example.test""#).unwrap_err();
        assert_eq!(wrong.reason, "This must be one of `exclusive`, `inclusive`, `no_tax`");
        assert_eq!(read::<LineAmounts>(b"{").unwrap_err().reason, "This is not valid JSON");
    }
}
