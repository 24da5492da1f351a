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
        for name in answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()) {
            println!("     set-cookie: {}", without_value(name));
        }
        match answer.json() {
            Value::Null => {}
            json => print_indented(&json),
        }
    }

    fn say(&mut self, sentence: &str) {
        println!("   {sentence}");
    }
}

/// A cookie's name and attributes: its value is a secret of the browser's.
fn without_value(cookie: &str) -> String {
    let (name, rest) = cookie.split_once('=').unwrap_or((cookie, ""));
    let attributes = rest.split_once(';').map_or("", |(_, attributes)| attributes);
    format!("{name}=…;{attributes}")
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
    fn a_cookie_is_told_without_its_value() {
        assert_eq!(without_value("__Host-x=secret; Secure; Path=/"), "__Host-x=…; Secure; Path=/");
    }
}
