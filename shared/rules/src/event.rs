//! Events from Sessional, parsed once at the edge into values that need no second check. What is not an
//! event of the contract is refused with the field that is wrong; types that are never synced by name.

mod expense;
mod fields;
pub(crate) mod invoice;

pub use expense::{Expense, PaidWith, Receipt, Supplier};
pub use fields::{Currency, DocumentNumber, EventId, Revision, SessionalId};
pub use invoice::{Address, Invoice, Line, LineAmounts, Organisation, Removed};

use crate::account::AccountId;
use crate::input;
use crate::problem::Problem;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The version of the event contract that is understood.
pub const VERSION: u32 = 1;
/// Longest event in bytes; a message of SQS has at most 256 KiB, and its attributes need room too.
pub const MAX_BYTES: usize = 200 * 1024;

/// One thing that happened in Sessional.
#[derive(Clone, Debug)]
pub struct Event {
    /// The sender's id; the same event delivered twice has the same.
    pub id: EventId,
    /// Whose books it belongs to.
    pub account: AccountId,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Grows with every edit of the document, where Sessional sends it.
    pub revision: Option<Revision>,
    /// What happened.
    pub body: Body,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Body {
    /// An invoice was made.
    InvoiceCreated(Box<Invoice>),
    /// An invoice was changed; whether it was sent before is not said.
    InvoiceUpdated(Box<Invoice>),
    /// An invoice was sent to the customer; its content may have changed since it was made.
    InvoiceSent(Box<Invoice>),
    /// An invoice was voided.
    InvoiceVoided(Removed),
    /// An expense was logged.
    ExpenseLogged(Box<Expense>),
    /// An expense was changed.
    ExpenseUpdated(Box<Expense>),
    /// An expense was deleted.
    ExpenseDeleted(Removed),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    version: Option<u32>,
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<EventId>,
    account_id: Option<AccountId>,
    occurred_at: Option<Timestamp>,
    revision: Option<Revision>,
    #[serde(borrow)]
    invoice: Option<&'a RawValue>,
    #[serde(borrow)]
    expense: Option<&'a RawValue>,
}

impl Body {
    /// The type's name in the contract.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::InvoiceCreated(_) => "invoice.created",
            Self::InvoiceUpdated(_) => "invoice.updated",
            Self::InvoiceSent(_) => "invoice.sent",
            Self::InvoiceVoided(_) => "invoice.voided",
            Self::ExpenseLogged(_) => "expense.logged",
            Self::ExpenseUpdated(_) => "expense.updated",
            Self::ExpenseDeleted(_) => "expense.deleted",
        }
    }
}

impl Event {
    /// Parses one event from its JSON text.
    ///
    /// # Errors
    /// A [`Problem`] that names the field which is missing or wrong, the unknown version, or the type that
    /// is never synced.
    pub fn parse(json: &str) -> Result<Self, Problem> {
        if json.len() > MAX_BYTES {
            return Err(Problem::invalid_event("", format!("An event has at most {MAX_BYTES} bytes")));
        }
        let envelope: Envelope<'_> = read(json, "")?;
        match envelope.version {
            Some(VERSION) => {}
            Some(other) => {
                let detail = format!("Version {other} of the event is not known; this service reads version {VERSION}");
                return Err(Problem::invalid_event("version", detail));
            }
            None => return Err(missing("version")),
        }
        let kind = envelope.kind.ok_or_else(|| missing("type"))?;
        let body = match kind.as_str() {
            "invoice.created" => Body::InvoiceCreated(Box::new(invoice::read_invoice(envelope.invoice)?)),
            "invoice.updated" => Body::InvoiceUpdated(Box::new(invoice::read_invoice(envelope.invoice)?)),
            "invoice.sent" => Body::InvoiceSent(Box::new(invoice::read_invoice(envelope.invoice)?)),
            "invoice.voided" => Body::InvoiceVoided(invoice::read_removed(envelope.invoice, "invoice")?),
            "expense.logged" => Body::ExpenseLogged(Box::new(expense::read_expense(envelope.expense)?)),
            "expense.updated" => Body::ExpenseUpdated(Box::new(expense::read_expense(envelope.expense)?)),
            "expense.deleted" => Body::ExpenseDeleted(invoice::read_removed(envelope.expense, "expense")?),
            other => return Err(not_synced(other)),
        };
        Ok(Self {
            id: envelope.id.ok_or_else(|| missing("id"))?,
            account: envelope.account_id.ok_or_else(|| missing("account_id"))?,
            occurred_at: envelope.occurred_at.ok_or_else(|| missing("occurred_at"))?,
            revision: envelope.revision,
            body,
        })
    }

    /// The id of the Sessional object that the event is about.
    #[must_use]
    pub fn subject(&self) -> &SessionalId {
        match &self.body {
            Body::InvoiceCreated(invoice) | Body::InvoiceUpdated(invoice) | Body::InvoiceSent(invoice) => &invoice.id,
            Body::InvoiceVoided(removed) | Body::ExpenseDeleted(removed) => &removed.id,
            Body::ExpenseLogged(expense) | Body::ExpenseUpdated(expense) => &expense.id,
        }
    }
}

/// Reads a value; an error names the path of the field, below `prefix`.
fn read<'de, T: Deserialize<'de>>(json: &'de str, prefix: &str) -> Result<T, Problem> {
    input::read(json.as_bytes()).map_err(|wrong| {
        let path = match (prefix, wrong.path.as_str()) {
            (prefix, "") => prefix.to_owned(),
            ("", inner) => inner.to_owned(),
            (prefix, inner) => format!("{prefix}.{inner}"),
        };
        Problem::invalid_event(path, wrong.reason)
    })
}

fn missing(field: &str) -> Problem {
    Problem::invalid_event(field, format!("{field} is missing"))
}

fn not_synced(kind: &str) -> Problem {
    let known = |prefix: &str| kind == prefix || kind.starts_with(&format!("{prefix}."));
    let what = [
        ("booking", "Bookings are"),
        ("availability", "Availability is"),
        ("document", "Documents are"),
        ("profile", "Profile data is"),
        ("mileage", "Mileage logs are"),
    ];
    if let Some((_, subject)) = what.iter().find(|(prefix, _)| known(prefix)) {
        return Problem::event_type_not_synced(format!("{subject} never synced to Xero"));
    }
    Problem::event_type_not_synced("This type of event is not known to this service")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = include_str!("event/invoice_created.json");

    fn field_of(json: &str) -> String {
        Event::parse(json).unwrap_err().field.unwrap()
    }

    #[test]
    fn the_example_of_the_contract_is_read() {
        let event = Event::parse(GOOD).unwrap();
        let Body::InvoiceCreated(invoice) = event.body else { panic!("{:?}", event.body) };
        assert_eq!(invoice.number.as_str(), "SES-000123");
        assert_eq!(invoice.lines.len(), 1);
        assert_eq!(invoice.total.to_string(), "540.00");
    }

    #[test]
    fn a_missing_or_wrong_field_is_named_by_its_path() {
        for (from, to, field) in [
            (r#""version": 1"#, r#""version": 2"#, "version"),
            (r#""id": "evt_1""#, r#""idd": "evt_1""#, "id"),
            (r#""number": "SES-000123","#, "", "invoice"),
            (r#""quantity": "3""#, r#""quantity": "three""#, "invoice.lines[0].quantity"),
            (r#""quantity": "3""#, r#""quantity": 3"#, "invoice.lines[0].quantity"),
            (r#""currency": "GBP""#, r#""currency": "pounds""#, "invoice.currency"),
            (r#""issued_on": "2026-11-20""#, r#""issued_on": "20/11/2026""#, "invoice.issued_on"),
            (r#""account_id": "acc_1""#, r#""account_id": "acc 1""#, "account_id"),
        ] {
            assert!(GOOD.contains(from), "{from}");
            assert_eq!(field_of(&GOOD.replace(from, to)), field, "{to}");
        }
    }

    #[test]
    fn an_error_never_repeats_the_value() {
        let json = GOOD.replace(r#""currency": "GBP""#, r#""currency": "ada@example.test""#);
        let problem = Event::parse(&json).unwrap_err();
        assert!(!format!("{problem:?}").contains("ada@"), "{problem:?}");
        let json = GOOD.replace(r#""lines": ["#, r#""lines": "ada@example.test", "x": ["#);
        let problem = Event::parse(&json).unwrap_err();
        assert!(!format!("{problem:?}").contains("ada@"), "{problem:?}");
    }

    #[test]
    fn what_is_never_synced_is_refused_by_name() {
        for (kind, words) in [
            ("booking.created", "Bookings"),
            ("availability.changed", "Availability"),
            ("document.uploaded", "Documents"),
            ("profile.updated", "Profile"),
            ("mileage.logged", "Mileage logs"),
        ] {
            let problem = Event::parse(&GOOD.replace("invoice.created", kind)).unwrap_err();
            assert!(problem.detail.contains(words), "{kind}: {}", problem.detail);
            assert_eq!(problem.field.as_deref(), Some("type"));
        }
    }
}
