//! JSON as Xero treats it: member order kept, keys read without regard to case, numbers never floats.
//!
//! A number is its own text, so `450.00` leaves as it is written and an exponent is still visible when
//! a request is judged. The parsing itself is `serde_json`'s.

use std::fmt;

use rust_decimal::Decimal;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// How deep a document may be nested.
const DEEPEST: usize = 64;

/// A JSON value whose numbers are decimal text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Json {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was or will be written.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object, in the order of its members.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// An object without members.
    pub(crate) fn object() -> Self {
        Self::Object(Vec::new())
    }

    /// Reads a document.
    ///
    /// # Errors
    /// What `serde_json` says about text that is not JSON.
    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        Self::parse_at(text, DEEPEST)
    }

    fn parse_at(text: &str, levels: usize) -> Result<Self, serde_json::Error> {
        let text = text.trim();
        let too_deep = || <serde_json::Error as serde::de::Error>::custom("it is nested too deeply");
        let below = levels.checked_sub(1).ok_or_else(too_deep)?;
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = serde_json::from_str(text)?;
                let read = |(key, raw): (String, Box<RawValue>)| Ok((key, Self::parse_at(raw.get(), below)?));
                Self::Object(members.into_iter().map(read).collect::<Result<_, serde_json::Error>>()?)
            }
            Some(b'[') => {
                let items: Vec<Box<RawValue>> = serde_json::from_str(text)?;
                Self::List(items.iter().map(|raw| Self::parse_at(raw.get(), below)).collect::<Result<_, _>>()?)
            }
            Some(b'"') => Self::Text(serde_json::from_str(text)?),
            Some(b'n') => serde_json::from_str::<()>(text).map(|()| Self::Null)?,
            Some(b't' | b'f') => Self::Bool(serde_json::from_str(text)?),
            _ => {
                let raw: Box<RawValue> = serde_json::from_str(text)?;
                Self::Number(raw.get().to_owned())
            }
        })
    }

    /// Adds a member at the end; on anything but an object it does nothing.
    pub(crate) fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        if let Self::Object(members) = &mut self {
            members.push((key.to_owned(), value.into()));
        }
        self
    }

    /// Adds a member when there is a value.
    pub(crate) fn with_some(self, key: &str, value: Option<impl Into<Json>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Replaces a member or adds it.
    pub(crate) fn set(&mut self, key: &str, value: impl Into<Json>) {
        if let Self::Object(members) = self {
            members.retain(|(name, _)| !name.eq_ignore_ascii_case(key));
            members.push((key.to_owned(), value.into()));
        }
    }

    /// Removes a member.
    pub(crate) fn remove(&mut self, key: &str) {
        if let Self::Object(members) = self {
            members.retain(|(name, _)| !name.eq_ignore_ascii_case(key));
        }
    }

    /// The member of that name in any case; `null` counts as absent.
    pub(crate) fn get(&self, key: &str) -> Option<&Json> {
        let Self::Object(members) = self else { return None };
        let found = members.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map(|(_, value)| value).filter(|value| **value != Self::Null)
    }

    /// Whether the object has the member, `null` included.
    pub(crate) fn has(&self, key: &str) -> bool {
        matches!(self, Self::Object(members) if members.iter().any(|(name, _)| name.eq_ignore_ascii_case(key)))
    }

    /// The text of a string member.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Self::as_text)
    }

    /// The text of a string.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of an array member; nothing when it is absent or no array.
    pub(crate) fn list(&self, key: &str) -> &[Json] {
        match self.get(key) {
            Some(Self::List(items)) => items,
            _ => &[],
        }
    }

    /// The value of a boolean member; the strings "true" and "false" are read too.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Self::Bool(value) => Some(*value),
            Self::Text(text) => text.to_ascii_lowercase().parse().ok(),
            _ => None,
        }
    }

    /// The first character, in names or texts, that XML 1.0 does not allow.
    pub(crate) fn unreadable(&self) -> Option<char> {
        let control = |c: &char| (*c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
        match self {
            Self::Text(text) => text.chars().find(control),
            Self::List(items) => items.iter().find_map(Self::unreadable),
            Self::Object(members) => {
                members.iter().find_map(|(name, value)| name.chars().find(control).or_else(|| value.unreadable()))
            }
            Self::Null | Self::Bool(_) | Self::Number(_) => None,
        }
    }

    /// The text as Xero writes it (facts 10.1): indented by two spaces, lines end in CRLF, and the slashes
    /// around a date are escaped.
    pub(crate) fn indented(&self) -> String {
        let mut text = String::new();
        self.indent(&mut text, 0);
        text
    }

    fn indent(&self, text: &mut String, depth: usize) {
        match self {
            Self::Object(members) if !members.is_empty() => {
                text.push('{');
                for (place, (name, value)) in members.iter().enumerate() {
                    next_line(text, place, depth + 1);
                    text.push_str(&Self::from(name).to_string());
                    text.push_str(": ");
                    value.indent(text, depth + 1);
                }
                next_line(text, 0, depth);
                text.push('}');
            }
            Self::List(items) if !items.is_empty() => {
                text.push('[');
                for (place, item) in items.iter().enumerate() {
                    next_line(text, place, depth + 1);
                    item.indent(text, depth + 1);
                }
                next_line(text, 0, depth);
                text.push(']');
            }
            Self::Text(date) if date.starts_with("/Date(") => {
                text.push_str(&self.to_string().replace('/', "\\/"));
            }
            other => text.push_str(&other.to_string()),
        }
    }

    /// An amount of money: two decimals.
    pub(crate) fn money(amount: Decimal) -> Self {
        Self::decimals(amount, 2)
    }

    /// A number with exactly so many decimals.
    pub(crate) fn decimals(amount: Decimal, places: usize) -> Self {
        Self::Number(format!("{amount:.places$}"))
    }
}

/// A new line in its depth, after a comma unless it is the first.
fn next_line(text: &mut String, place: usize, depth: usize) {
    text.push_str(if place > 0 { ",\r\n" } else { "\r\n" });
    text.extend(std::iter::repeat_n("  ", depth));
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Json {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<usize> for Json {
    fn from(value: usize) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<uuid::Uuid> for Json {
    fn from(id: uuid::Uuid) -> Self {
        Self::Text(id.to_string())
    }
}

impl From<Decimal> for Json {
    fn from(value: Decimal) -> Self {
        Self::Number(value.to_string())
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(text) => RawValue::from_string(text.clone()).map_err(S::Error::custom)?.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).map_err(D::Error::custom)
    }
}

/// The members of an object, each still raw.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn numbers_keep_their_text_and_members_their_order() {
        let text = r#"{"b":450.00,"a":[1E+2,-0.10,"x",null,true],"c":{}}"#;
        assert_eq!(Json::parse(text).unwrap().to_string(), text);
    }

    #[test]
    fn xeros_own_text_is_indented_by_two_with_crlf_and_escapes_the_slashes_of_dates() {
        let read = Json::parse(r#"{"A":[{"D":"/Date(1)/","U":"https://x/y"},1.00],"E":[],"F":{}}"#).unwrap();
        let lines = [
            r#"{"#,
            r#"  "A": ["#,
            r#"    {"#,
            r#"      "D": "\/Date(1)\/","#,
            r#"      "U": "https://x/y""#,
            r#"    },"#,
            r#"    1.00"#,
            r#"  ],"#,
            r#"  "E": [],"#,
            r#"  "F": {}"#,
            r#"}"#,
        ];
        assert_eq!(read.indented(), lines.join("\r\n"));
        assert_eq!(Json::parse(&read.indented()).unwrap(), read);
    }

    #[test]
    fn a_document_nested_without_end_is_refused() {
        assert!(Json::parse(&"[".repeat(100_000)).is_err());
        assert!(Json::parse(&format!("{}{}", "[".repeat(100), "]".repeat(100))).is_err());
    }

    #[test]
    fn keys_are_read_without_regard_to_case() {
        let read = Json::parse(r#"{"invoiceNumber":"A1"}"#).unwrap();
        assert_eq!(read.text("InvoiceNumber"), Some("A1"));
    }
}
