//! DynamoDB's expressions, as far as any function could use them: conditions, key conditions, and updates.

use std::cmp::Ordering;
use std::str::FromStr as _;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

/// An item, its attributes as DynamoDB writes them: `{"S": "…"}`.
pub(super) type Item = Map<String, Value>;

/// A request's expressions: their text refers to names and values beside them.
pub(super) struct Expressions<'a> {
    names: Option<&'a Item>,
    values: Option<&'a Item>,
}

/// What is wrong with an expression; DynamoDB answers it with a `ValidationException`.
pub(super) type Outcome<T> = Result<T, String>;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Sign(&'static str),
}

const SIGNS: [&str; 11] = ["<>", "<=", ">=", "=", "<", ">", "(", ")", ",", "+", "-"];

fn tokens(text: &str) -> Outcome<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            found.push(Token::Sign(sign));
            rest = rest.get(sign.len()..).unwrap_or_default();
        } else if first.is_alphanumeric() || matches!(first, '#' | ':' | '_') {
            let inside = |c: char| c.is_alphanumeric() || matches!(c, '#' | ':' | '_' | '.');
            let end = rest.find(|c: char| !inside(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            found.push(Token::Word(word.to_owned()));
            rest = after;
        } else {
            return Err(format!("unexpected {first:?} in {text:?}"));
        }
        rest = rest.trim_start();
    }
    Ok(found)
}

struct Reader<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    with: &'a Expressions<'a>,
    item: &'a Item,
}

impl<'a> Expressions<'a> {
    pub(super) fn of(request: &'a Value) -> Self {
        let object = |name: &str| request.get(name).and_then(Value::as_object);
        Self { names: object("ExpressionAttributeNames"), values: object("ExpressionAttributeValues") }
    }

    /// Whether a condition holds for an item; a missing item has no attributes.
    pub(super) fn holds(&self, text: &str, item: &Item) -> Outcome<bool> {
        let mut reader = self.reader(text, item)?;
        let holds = reader.any()?;
        match reader.tokens.next() {
            None => Ok(holds),
            Some(left) => Err(format!("{left:?} is left over in {text:?}")),
        }
    }

    /// The attribute and value of a key condition's partition, where the condition begins with it.
    pub(super) fn partition(&self, condition: &str) -> Option<(String, &'a Value)> {
        let (first, rest) = condition.split_once('=')?;
        let value = rest.split_whitespace().next()?;
        Some((self.name(first.trim()).ok()?, self.values?.get(value)?))
    }

    /// The item after an update.
    pub(super) fn update(&self, text: &str, item: &Item) -> Outcome<Item> {
        let mut reader = self.reader(text, item)?;
        let mut updated = item.clone();
        let mut section = String::new();
        while let Some(token) = reader.tokens.next() {
            let Token::Word(word) = token else {
                if token == Token::Sign(",") {
                    continue;
                }
                return Err(format!("unexpected {token:?} in {text:?}"));
            };
            let upper = word.to_ascii_uppercase();
            if matches!(upper.as_str(), "SET" | "REMOVE" | "ADD") {
                section = upper;
                continue;
            }
            let name = self.name(&word)?;
            match section.as_str() {
                "SET" => {
                    reader.sign("=")?;
                    let value = reader.sum()?.ok_or("an update with nothing")?;
                    updated.insert(name, value);
                }
                "REMOVE" => {
                    updated.remove(&name);
                }
                "ADD" => {
                    let by = reader.operand()?.ok_or("an update with nothing")?;
                    let sum = add(updated.get(&name), Some(&by), 1)?;
                    updated.insert(name, sum);
                }
                _ => return Err(format!("no section before {word}")),
            }
        }
        Ok(updated)
    }

    fn reader(&'a self, text: &str, item: &'a Item) -> Outcome<Reader<'a>> {
        Ok(Reader { tokens: tokens(text)?.into_iter().peekable(), with: self, item })
    }

    fn name(&self, word: &str) -> Outcome<String> {
        if !word.starts_with('#') {
            return Ok(word.to_owned());
        }
        let name = self.names.and_then(|names| names.get(word)).and_then(Value::as_str);
        name.map(str::to_owned).ok_or_else(|| format!("{word} is not defined"))
    }
}

impl Reader<'_> {
    fn any(&mut self) -> Outcome<bool> {
        let mut holds = self.all()?;
        while self.word("OR") {
            holds |= self.all()?;
        }
        Ok(holds)
    }

    fn all(&mut self) -> Outcome<bool> {
        let mut holds = self.one()?;
        while self.word("AND") {
            holds &= self.one()?;
        }
        Ok(holds)
    }

    fn one(&mut self) -> Outcome<bool> {
        if self.word("NOT") {
            return Ok(!self.one()?);
        }
        if self.tokens.peek() == Some(&Token::Sign("(")) {
            self.tokens.next();
            let holds = self.any()?;
            self.sign(")")?;
            return Ok(holds);
        }
        for function in ["attribute_exists", "attribute_not_exists", "begins_with", "contains"] {
            if self.word(function) {
                return self.call(function);
            }
        }
        let left = self.operand()?;
        if self.word("BETWEEN") {
            let low = self.operand()?;
            if !self.word("AND") {
                return Err("BETWEEN without AND".to_owned());
            }
            let high = self.operand()?;
            let (low, high) = (compare(left.as_ref(), low.as_ref()), compare(left.as_ref(), high.as_ref()));
            return Ok(low.is_some_and(Ordering::is_ge) && high.is_some_and(Ordering::is_le));
        }
        if self.word("IN") {
            self.sign("(")?;
            let mut found = false;
            loop {
                let right = self.operand()?;
                found |= left.is_some() && left == right;
                match self.tokens.next() {
                    Some(Token::Sign(",")) => {}
                    Some(Token::Sign(")")) => return Ok(found),
                    other => return Err(format!("unexpected {other:?}")),
                }
            }
        }
        let Some(Token::Sign(sign)) = self.tokens.next() else { return Err("no comparison".to_owned()) };
        let right = self.operand()?;
        let order = compare(left.as_ref(), right.as_ref());
        Ok(match sign {
            "=" => left.is_some() && left == right,
            "<>" => left != right,
            "<" => order.is_some_and(Ordering::is_lt),
            "<=" => order.is_some_and(Ordering::is_le),
            ">" => order.is_some_and(Ordering::is_gt),
            ">=" => order.is_some_and(Ordering::is_ge),
            _ => return Err(format!("{sign} is no comparison")),
        })
    }

    fn call(&mut self, function: &str) -> Outcome<bool> {
        self.sign("(")?;
        let first = self.operand()?;
        let holds = match function {
            "attribute_exists" => first.is_some(),
            "attribute_not_exists" => first.is_none(),
            _ => {
                self.sign(",")?;
                let second = self.operand()?;
                match (text(first.as_ref()), text(second.as_ref())) {
                    (Some(whole), Some(part)) if function == "begins_with" => whole.starts_with(part),
                    (Some(whole), Some(part)) => whole.contains(part),
                    _ => false,
                }
            }
        };
        self.sign(")")?;
        Ok(holds)
    }

    /// A value, or a sum of two.
    fn sum(&mut self) -> Outcome<Option<Value>> {
        let left = self.operand()?;
        let sign = match self.tokens.peek() {
            Some(Token::Sign("+")) => 1,
            Some(Token::Sign("-")) => -1,
            _ => return Ok(left),
        };
        self.tokens.next();
        let right = self.operand()?;
        add(left.as_ref(), right.as_ref(), sign).map(Some)
    }

    fn operand(&mut self) -> Outcome<Option<Value>> {
        let Some(Token::Word(word)) = self.tokens.next() else { return Err("no operand".to_owned()) };
        if word == "if_not_exists" {
            self.sign("(")?;
            let stored = self.operand()?;
            self.sign(",")?;
            let otherwise = self.operand()?;
            self.sign(")")?;
            return Ok(stored.or(otherwise));
        }
        if word.starts_with(':') {
            let value = self.with.values.and_then(|values| values.get(&word)).cloned();
            return value.map(Some).ok_or_else(|| format!("{word} is not defined"));
        }
        Ok(self.item.get(&self.with.name(&word)?).cloned())
    }

    fn word(&mut self, wanted: &str) -> bool {
        let is = matches!(self.tokens.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted));
        if is {
            self.tokens.next();
        }
        is
    }

    fn sign(&mut self, wanted: &'static str) -> Outcome<()> {
        match self.tokens.next() {
            Some(Token::Sign(sign)) if sign == wanted => Ok(()),
            other => Err(format!("{wanted} was expected and {other:?} found")),
        }
    }
}

fn text(value: Option<&Value>) -> Option<&str> {
    value?.get("S")?.as_str()
}

fn number(value: Option<&Value>) -> Option<Decimal> {
    Decimal::from_str(value?.get("N")?.as_str()?).ok()
}

/// Values of different types have no order.
pub(super) fn compare(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    match (text(left), text(right)) {
        (Some(left), Some(right)) => Some(left.cmp(right)),
        _ => Some(number(left)?.cmp(&number(right)?)),
    }
}

fn add(left: Option<&Value>, right: Option<&Value>, sign: i32) -> Outcome<Value> {
    let left = left.map_or(Some(Decimal::ZERO), |left| number(Some(left))).ok_or("not a number")?;
    let right = number(right).ok_or("not a number")?;
    Ok(json!({ "N": (left + right * Decimal::from(sign)).normalize().to_string() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Item {
        let item = json!({"pk": {"S": "a"}, "revision": {"N": "7"}, "owner": {"S": "me"}, "until": {"N": "100"}});
        item.as_object().unwrap().clone()
    }

    #[test]
    fn a_condition_holds_as_dynamodb_would_say() {
        let request = json!({
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": {":read": {"N": "7"}, ":me": {"S": "me"}, ":later": {"N": "99"}},
        });
        let with = Expressions::of(&request);
        for (text, holds) in [
            ("attribute_not_exists(pk)", false),
            ("revision = :read", true),
            ("attribute_not_exists(pk) OR #owner = :me", true),
            ("attribute_not_exists(pk) OR until < :later", false),
            ("NOT (revision = :read AND #owner = :me)", false),
            ("begins_with(pk, :me)", false),
            ("missing = :read", false),
            ("missing <> :read", true),
            ("until BETWEEN :read AND :later", false),
            ("revision IN (:later, :read)", true),
        ] {
            assert_eq!(with.holds(text, &item()), Ok(holds), "{text}");
        }
        assert!(with.holds("revision = :unknown", &item()).is_err());
        assert!(with.holds("revision = :read extra", &item()).is_err());
    }

    #[test]
    fn an_update_sets_adds_and_removes() {
        let request = json!({"ExpressionAttributeValues": {":one": {"N": "1"}, ":x": {"S": "x"}}});
        let with = Expressions::of(&request);
        let text = "SET revision = revision + :one, fresh = if_not_exists(fresh, :x) REMOVE owner ADD seen :one";
        let updated = Value::Object(with.update(text, &item()).unwrap());
        assert_eq!(updated["revision"]["N"], "8");
        assert_eq!((&updated["fresh"]["S"], &updated["seen"]["N"]), (&json!("x"), &json!("1")));
        assert!(updated.get("owner").is_none());
    }
}
