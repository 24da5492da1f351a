//! The `where` expressions: comparisons joined with AND and OR, judged on an element as it is shown.
//!
//! String equality ignores case and Western accents; a method on a field that is null is an error, as Xero has it.

use std::cmp::Ordering;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::json::Json;
use crate::time::midnight;

/// A parsed expression.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Compare(Value, Operator, Value),
    Method(String, Method, String),
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Field(String),
    Text(String),
    Number(Decimal),
    Bool(bool),
    Null,
    /// Milliseconds since the epoch.
    Moment(i64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Method {
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(Decimal),
    Symbol(&'static str),
}

const EXPECTED: &str = "Expression expected";
const SYMBOLS: &[&str] = &["==", "!=", ">=", "<=", "&&", "||", ">", "<", "=", "(", ")", ",", "!"];

/// Reads an expression; the message is Xero's.
pub(crate) fn parse(text: &str, fields: &[&str]) -> Result<Filter, String> {
    let mut tokens = tokens(text)?;
    tokens.reverse();
    let mut parser = Parser { tokens, fields };
    let filter = parser.either()?;
    if parser.tokens.is_empty() { Ok(filter) } else { Err("Syntax error".to_owned()) }
}

impl Filter {
    /// Whether an element passes.
    pub(crate) fn passes(&self, element: &Json) -> Result<bool, String> {
        match self {
            Self::And(left, right) => Ok(left.passes(element)? && right.passes(element)?),
            Self::Or(left, right) => Ok(left.passes(element)? || right.passes(element)?),
            Self::Compare(left, operator, right) => {
                let ordering = compare(&resolve(left, element), &resolve(right, element));
                Ok(match operator {
                    Operator::Equal => ordering == Some(Ordering::Equal),
                    Operator::NotEqual => ordering != Some(Ordering::Equal),
                    Operator::Less => ordering == Some(Ordering::Less),
                    Operator::LessOrEqual => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
                    Operator::Greater => ordering == Some(Ordering::Greater),
                    Operator::GreaterOrEqual => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
                })
            }
            Self::Method(field, method, wanted) => {
                let value = resolve(&Value::Field(field.clone()), element);
                let Value::Text(text) = value else {
                    return Err("Object reference not set to an instance of an object.".to_owned());
                };
                let (text, wanted) = (folded(&text), folded(wanted));
                Ok(match method {
                    Method::Contains => text.contains(&wanted),
                    Method::StartsWith => text.starts_with(&wanted),
                    Method::EndsWith => text.ends_with(&wanted),
                })
            }
        }
    }
}

/// Orders two elements by a field.
pub(crate) fn by_field(left: &Json, right: &Json, field: &str) -> Ordering {
    let value = |element| resolve(&Value::Field(field.to_owned()), element);
    let (left, right) = (value(left), value(right));
    match (&left, &right) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        _ => compare(&left, &right).unwrap_or(Ordering::Equal),
    }
}

fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(folded(left).cmp(&folded(right))),
        (Value::Number(left), Value::Number(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Moment(left), Value::Moment(right)) => Some(left.cmp(right)),
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        _ => None,
    }
}

/// A text without its case and its accents.
fn folded(text: &str) -> String {
    let plain = |c| match c {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' => 'o',
        'ù'..='ü' => 'u',
        'ý' | 'ÿ' => 'y',
        other => other,
    };
    text.to_lowercase().chars().map(plain).collect()
}

fn resolve(value: &Value, element: &Json) -> Value {
    let Value::Field(path) = value else { return value.clone() };
    let found = path.split('.').try_fold(element, |at, part| at.get(part));
    match found {
        None | Some(Json::Null | Json::List(_) | Json::Object(_)) => Value::Null,
        Some(Json::Bool(value)) => Value::Bool(*value),
        Some(Json::Number(text)) => text.parse().map_or(Value::Null, Value::Number),
        Some(Json::Text(text)) => moment(text).map_or_else(|| Value::Text(text.clone()), Value::Moment),
    }
}

/// The milliseconds of `/Date(…)/`.
fn moment(text: &str) -> Option<i64> {
    let inner = text.strip_prefix("/Date(")?;
    let end = inner.find(['+', ')'])?;
    inner.get(..end)?.parse().ok()
}

struct Parser<'f> {
    /// In reverse, so that the next one is at the end.
    tokens: Vec<Token>,
    fields: &'f [&'f str],
}

impl Parser<'_> {
    fn either(&mut self) -> Result<Filter, String> {
        let mut left = self.both()?;
        while self.takes_word("OR") || self.takes("||") {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter, String> {
        let mut left = self.single()?;
        while self.takes_word("AND") || self.takes("&&") {
            left = Filter::And(Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Filter, String> {
        if self.takes("(") {
            let inner = self.either()?;
            return if self.takes(")") { Ok(inner) } else { Err("')' or operator expected".to_owned()) };
        }
        if let Some(method) = self.method()? {
            return Ok(method);
        }
        let left = self.operand()?;
        let operator = match self.tokens.pop() {
            Some(Token::Symbol("==" | "=")) => Operator::Equal,
            Some(Token::Symbol("!=")) => Operator::NotEqual,
            Some(Token::Symbol("<")) => Operator::Less,
            Some(Token::Symbol("<=")) => Operator::LessOrEqual,
            Some(Token::Symbol(">")) => Operator::Greater,
            Some(Token::Symbol(">=")) => Operator::GreaterOrEqual,
            None => match left {
                Value::Field(field) => {
                    return Ok(Filter::Compare(Value::Field(field), Operator::Equal, Value::Bool(true)));
                }
                _ => return Err(EXPECTED.to_owned()),
            },
            Some(_) => return Err("Syntax error".to_owned()),
        };
        Ok(Filter::Compare(left, operator, self.operand()?))
    }

    /// `Name.Contains("x")` and its like.
    fn method(&mut self) -> Result<Option<Filter>, String> {
        let Some(Token::Word(word)) = self.tokens.last() else { return Ok(None) };
        let Some((field, name)) = word.rsplit_once('.') else { return Ok(None) };
        let method = match name {
            "Contains" => Method::Contains,
            "StartsWith" => Method::StartsWith,
            "EndsWith" => Method::EndsWith,
            _ => return Ok(None),
        };
        let field = field.to_owned();
        self.tokens.pop();
        self.known(&field)?;
        let argument = self.arguments()?;
        match argument.as_slice() {
            [Token::Text(text)] => Ok(Some(Filter::Method(field, method, text.clone()))),
            _ => Err(EXPECTED.to_owned()),
        }
    }

    fn operand(&mut self) -> Result<Value, String> {
        match self.tokens.pop() {
            Some(Token::Text(text)) => Ok(Value::Text(text)),
            Some(Token::Number(number)) => Ok(Value::Number(number)),
            Some(Token::Word(word)) => match word.as_str() {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                "null" => Ok(Value::Null),
                "Guid" | "guid" => match self.arguments()?.as_slice() {
                    [Token::Text(text)] if text.parse::<uuid::Uuid>().is_ok() => Ok(Value::Text(text.clone())),
                    _ => Err("Guid should contain 32 digits with 4 dashes".to_owned()),
                },
                "DateTime" => day(&self.arguments()?).map(Value::Moment).ok_or_else(|| EXPECTED.to_owned()),
                _ => {
                    self.known(&word)?;
                    Ok(Value::Field(word))
                }
            },
            _ => Err(EXPECTED.to_owned()),
        }
    }

    fn arguments(&mut self) -> Result<Vec<Token>, String> {
        if !self.takes("(") {
            return Err(EXPECTED.to_owned());
        }
        let mut found = Vec::new();
        loop {
            match self.tokens.pop() {
                Some(Token::Symbol(")")) => return Ok(found),
                Some(Token::Symbol(",")) => {}
                Some(token) => found.push(token),
                None => return Err("')' or ',' expected".to_owned()),
            }
        }
    }

    fn known(&self, path: &str) -> Result<(), String> {
        let root = path.split('.').next().unwrap_or_default();
        if self.fields.iter().any(|field| field.eq_ignore_ascii_case(root)) {
            return Ok(());
        }
        Err(format!("No property or field '{root}' exists"))
    }

    fn takes(&mut self, symbol: &str) -> bool {
        let fits = matches!(self.tokens.last(), Some(Token::Symbol(found)) if *found == symbol);
        if fits {
            self.tokens.pop();
        }
        fits
    }

    fn takes_word(&mut self, wanted: &str) -> bool {
        let fits = matches!(self.tokens.last(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(wanted));
        if fits {
            self.tokens.pop();
        }
        fits
    }
}

/// `DateTime(2026,11,1)`, with hours, minutes and seconds when given.
fn day(arguments: &[Token]) -> Option<i64> {
    let numbers: Vec<i64> = arguments
        .iter()
        .map(|token| match token {
            Token::Number(number) => i64::try_from(*number).ok(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let (date, rest) = numbers.split_at_checked(3)?;
    let [year, month, day] = date else { return None };
    let date = Date::new(i16::try_from(*year).ok()?, i8::try_from(*month).ok()?, i8::try_from(*day).ok()?).ok()?;
    let seconds: i64 = rest.iter().zip([3600, 60, 1]).map(|(number, unit)| number * unit).sum();
    Some(midnight(date).as_millisecond() + seconds * 1000)
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first == '"' {
            let inner = rest.get(1..).unwrap_or_default();
            let end = inner.find('"').ok_or("Unterminated string literal")?;
            (Token::Text(inner.get(..end).unwrap_or_default().to_owned()), end + 2)
        } else if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            (Token::Symbol(symbol), symbol.len())
        } else if first.is_ascii_digit() || first == '-' {
            let part = leading(rest, |c| c.is_ascii_digit() || c == '.' || c == '-');
            (Token::Number(part.parse().map_err(|_| "Syntax error".to_owned())?), part.len())
        } else if first.is_alphabetic() {
            let part = leading(rest, |c| c.is_alphanumeric() || c == '.' || c == '_');
            (Token::Word(part.to_owned()), part.len())
        } else {
            return Err(format!("Syntax error '{first}'"));
        };
        found.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    if found.is_empty() { Err(EXPECTED.to_owned()) } else { Ok(found) }
}

fn leading(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(expression: &str) -> Result<bool, String> {
        let element = Json::parse(
            r#"{"Name":"Harbour Sound","Status":"AUTHORISED","Total":540.00,"Date":"/Date(1793491200000+0000)/",
                "Contact":{"ContactID":"c0ffee00-0000-4000-8000-000000000010"}}"#,
        )
        .unwrap();
        parse(expression, &["Name", "Status", "Total", "Date", "Contact", "EmailAddress"])?.passes(&element)
    }

    #[test]
    fn string_equality_ignores_case_and_accents() {
        assert_eq!(passes(r#"name=="HARBOUR SOUND""#), Ok(true));
        assert_eq!(passes(r#"Name=="Hárböur Soûnd""#), Ok(true));
        assert_eq!(passes(r#"Name=="Harbour Song""#), Ok(false));
    }

    #[test]
    fn the_documented_forms_are_understood() {
        assert_eq!(passes(r#"Status=="AUTHORISED" AND Date>=DateTime(2026,11,1)"#), Ok(true));
        assert_eq!(passes(r#"Status=="AUTHORISED" && Date<DateTime(2026, 11, 01)"#), Ok(false));
        assert_eq!(passes(r#"Contact.ContactID==Guid("c0ffee00-0000-4000-8000-000000000010")"#), Ok(true));
        assert_eq!(passes(r#"(Total>600 OR Total==540.0) AND EmailAddress==null"#), Ok(true));
    }

    #[test]
    fn a_method_on_a_null_field_needs_its_guard() {
        assert!(passes(r#"EmailAddress.Contains("x")"#).is_err());
        assert_eq!(passes(r#"EmailAddress!=null AND EmailAddress.Contains("x")"#), Ok(false));
        assert_eq!(passes(r#"Name.StartsWith("harb")"#), Ok(true));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for expression in ["", "==", r#"Name=="a"b""#, "Foo==1", r#"Name=="unterminated"#, "Name=="] {
            assert!(passes(expression).is_err(), "{expression}");
        }
    }
}
