//! Tells a journey to people: what was done, what was sent, what came back.

#![expect(clippy::print_stdout, reason = "a journey is told on standard output")]

use serde_json::Value;

use crate::client::Answer;

/// Bodies longer than this are cut: a chart of accounts fills screens.
const LONGEST_BODY: usize = 45;

/// Who listens to a journey.
pub trait Narrator {
    /// A step begins.
    fn step(&mut self, title: &str);
    /// A call and its answer.
    fn exchange(&mut self, call: &str, body: Option<&Value>, answer: &Answer);
    /// A sentence.
    fn say(&mut self, sentence: &str);
}

/// Says nothing: for tests.
#[derive(Clone, Copy, Debug)]
pub struct Silence;

impl Narrator for Silence {
    fn step(&mut self, _: &str) {}
    fn exchange(&mut self, _: &str, _: Option<&Value>, _: &Answer) {}
    fn say(&mut self, _: &str) {}
}

/// Prints to standard output.
#[derive(Clone, Copy, Debug, Default)]
pub struct Aloud {
    steps: u32,
}

impl Narrator for Aloud {
    fn step(&mut self, title: &str) {
        self.steps += 1;
        println!("\n{}. {title}", self.steps);
    }

    fn exchange(&mut self, call: &str, body: Option<&Value>, answer: &Answer) {
        println!("   → {call}");
        if let Some(body) = body {
            print_indented(body);
        }
        println!("   ← {}", answer.status);
        if let Some(location) = answer.header("location") {
            println!("     location: {location}");
        }
        match without_browser_key(answer.json()) {
            Value::Null => {}
            json => print_indented(&json),
        }
    }

    fn say(&mut self, sentence: &str) {
        println!("   {sentence}");
    }
}

/// A body as it may be told: the browser's key is a secret of the browser's.
fn without_browser_key(mut body: Value) -> Value {
    if let Some(key) = body.get_mut("browser_key") {
        *key = "…".into();
    }
    body
}

fn print_indented(json: &Value) {
    let text = serde_json::to_string_pretty(json).unwrap_or_default();
    for line in text.lines().take(LONGEST_BODY) {
        println!("     {line}");
    }
    let more = text.lines().count().saturating_sub(LONGEST_BODY);
    if more > 0 {
        println!("     … {more} more lines");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browsers_key_is_not_told() {
        let told = without_browser_key(serde_json::json!({ "browser_key": "secret", "expires_at": "later" }));
        assert_eq!(told, serde_json::json!({ "browser_key": "…", "expires_at": "later" }));
    }
}
