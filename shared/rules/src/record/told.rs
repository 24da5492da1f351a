//! What Sessional last told of a document that Xero has: short fingerprints of its parts and lines, so that an update
//! sends what changed in Sessional and leaves alone what the bookkeeper made of the rest.

use crate::event::{Expense, Invoice, Line, LineAmounts};
use crate::random;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use xero::LineItemId;

/// Characters of a fingerprint: 48 bits, against a change that goes unseen and not against an attacker.
const LENGTH: usize = 8;

/// A part of a document that an update may change by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Part {
    /// Its number.
    #[serde(rename = "n")]
    Number,
    /// The customer's reference.
    #[serde(rename = "r")]
    Reference,
    /// Whom it is for or from.
    #[serde(rename = "p")]
    Party,
    /// Its date.
    #[serde(rename = "d")]
    Date,
    /// When it is due.
    #[serde(rename = "u")]
    DueDate,
    /// Its currency.
    #[serde(rename = "c")]
    Currency,
    /// The link back to Sessional.
    #[serde(rename = "k")]
    Link,
    /// Its lines, whether they contain tax, and its total.
    #[serde(rename = "l")]
    Lines,
}

impl Part {
    /// As a sentence names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Reference => "reference",
            Self::Party => "contact",
            Self::Date => "date",
            Self::DueDate => "due date",
            Self::Currency => "currency",
            Self::Link => "link",
            Self::Lines => "lines and total",
        }
    }
}

/// A line as Sessional told it, and which line of the document in Xero it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldLine {
    /// The line in Xero; none where its answer did not say.
    #[serde(default, rename = "i", skip_serializing_if = "Option::is_none")]
    pub id: Option<LineItemId>,
    /// Fingerprint of text, quantity and price.
    #[serde(rename = "t")]
    pub text: String,
    /// Fingerprint of what decides its account and tax.
    #[serde(rename = "c")]
    pub coding: String,
}

/// What Sessional told of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldContent {
    /// A fingerprint for each part.
    #[serde(rename = "p")]
    pub parts: BTreeMap<Part, String>,
    /// Its lines in order.
    #[serde(rename = "l")]
    pub lines: Vec<ToldLine>,
    /// Our own line that closes a difference of rounding, where there is one.
    #[serde(default, rename = "r", skip_serializing_if = "Option::is_none")]
    pub rounding: Option<LineItemId>,
}

impl ToldContent {
    /// What an invoice says that goes to Xero.
    #[must_use]
    pub fn of_invoice(invoice: &Invoice) -> Self {
        let lines: Vec<ToldLine> = invoice.lines.iter().map(invoice_line).collect();
        let basis = match invoice.line_amounts {
            LineAmounts::Exclusive => "exclusive",
            LineAmounts::Inclusive => "inclusive",
            LineAmounts::NoTax => "no_tax",
        };
        let reference = invoice.reference.clone().unwrap_or_default();
        let link = invoice.url.clone().unwrap_or_default();
        let parts = [
            (Part::Number, invoice.number.to_string()),
            (Part::Reference, reference),
            (Part::Party, invoice.organisation.id.to_string()),
            (Part::Date, invoice.issued_on.to_string()),
            (Part::DueDate, invoice.due_on.to_string()),
            (Part::Currency, invoice.currency.to_string()),
            (Part::Link, link),
            (Part::Lines, all_lines(&lines, basis, invoice.total)),
        ];
        Self { parts: printed(parts), lines, rounding: None }
    }

    /// What an expense says that goes to Xero.
    #[must_use]
    pub fn of_expense(expense: &Expense) -> Self {
        let rate = expense.tax_rate.map(plain).unwrap_or_default();
        let line = ToldLine {
            id: None,
            text: print(&[expense.description.trim(), &plain(expense.amount)]),
            coding: print(&[expense.category.word(), &rate]),
        };
        let lines = vec![line];
        let party = expense.supplier.as_ref().map(|supplier| supplier.id.to_string()).unwrap_or_default();
        let link = expense.url.clone().unwrap_or_default();
        let parts = [
            (Part::Party, party),
            (Part::Date, expense.incurred_on.to_string()),
            (Part::Currency, expense.currency.to_string()),
            (Part::Link, link),
            (Part::Lines, all_lines(&lines, "inclusive", expense.amount)),
        ];
        Self { parts: printed(parts), lines, rounding: None }
    }

    /// The same with the lines' ids in Xero, in the order in which they were sent; what comes after them is ours for
    /// rounding.
    #[must_use]
    pub fn with_ids(mut self, ids: impl IntoIterator<Item = Option<LineItemId>>, rounding: bool) -> Self {
        let mut ids = ids.into_iter();
        for line in &mut self.lines {
            line.id = ids.next().flatten();
        }
        self.rounding = ids.next().flatten().filter(|_| rounding);
        self
    }

    /// The parts that are not as they were told before; all of them where nothing is known of before.
    #[must_use]
    pub fn changes(&self, before: Option<&Self>) -> BTreeSet<Part> {
        let known = |part: &Part| before.and_then(|before| before.parts.get(part));
        self.parts.iter().filter(|(part, print)| known(part) != Some(*print)).map(|(part, _)| *part).collect()
    }
}

fn invoice_line(line: &Line) -> ToldLine {
    ToldLine {
        id: None,
        text: print(&[line.description.trim(), &plain(line.quantity), &plain(line.unit_amount)]),
        coding: print(&[&line.tax_rate.map(plain).unwrap_or_default()]),
    }
}

fn all_lines(lines: &[ToldLine], basis: &str, total: Decimal) -> String {
    let mut text = format!("{basis} {}", plain(total));
    for line in lines {
        text.push_str(&line.text);
        text.push_str(&line.coding);
    }
    text
}

fn printed<const N: usize>(parts: [(Part, String); N]) -> BTreeMap<Part, String> {
    parts.into_iter().map(|(part, text)| (part, print(&[&text]))).collect()
}

/// A fingerprint of fields, each with its length, so that no two run into the same text.
fn print(fields: &[&str]) -> String {
    let mut text = String::new();
    for field in fields {
        text.push_str(&field.len().to_string());
        text.push(':');
        text.push_str(field);
    }
    let mut digest = random::digest(&text);
    digest.truncate(LENGTH);
    digest
}

fn plain(amount: Decimal) -> String {
    amount.normalize().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Event};

    fn told(change: impl FnOnce(&mut serde_json::Value)) -> ToldContent {
        let mut event: serde_json::Value = serde_json::from_str(include_str!("../event/invoice_created.json")).unwrap();
        change(&mut event["invoice"]);
        match Event::parse(&event.to_string()).unwrap().body {
            Body::InvoiceCreated(invoice) => ToldContent::of_invoice(&invoice),
            other => panic!("another event: {}", other.type_name()),
        }
    }

    fn changed(change: impl FnOnce(&mut serde_json::Value)) -> Vec<Part> {
        told(change).changes(Some(&told(|_| {}))).into_iter().collect()
    }

    #[test]
    fn each_part_changes_by_itself_and_the_same_again_changes_nothing() {
        assert_eq!(changed(|_| {}), []);
        assert_eq!(changed(|invoice| invoice["number"] = "SES-NEW".into()), [Part::Number]);
        assert_eq!(changed(|invoice| invoice["due_on"] = "2027-01-31".into()), [Part::DueDate]);
        assert_eq!(changed(|invoice| invoice["total"] = "541.00".into()), [Part::Lines]);
        assert_eq!(changed(|invoice| invoice["lines"][0]["tax_rate"] = "5".into()), [Part::Lines]);
        // 150.00 and 150 are the same price.
        assert_eq!(changed(|invoice| invoice["lines"][0]["unit_amount"] = "150".into()), []);
    }

    #[test]
    fn of_what_is_not_known_everything_has_changed() {
        let told = told(|_| {});
        assert_eq!(told.changes(None).len(), told.parts.len());
    }

    #[test]
    fn the_line_after_the_last_is_the_one_that_closes_a_rounding() {
        let id = |n: u128| Some(LineItemId::from_uuid(uuid::Uuid::from_u128(n)));
        let count = told(|_| {}).lines.len();
        let ids = (0..=count).map(|n| id(n as u128));
        let told = told(|_| {}).with_ids(ids, true);
        assert_eq!(told.lines.first().and_then(|line| line.id), id(0));
        assert_eq!(told.rounding, id(count as u128));
    }
}
