//! Events from Sessional, parsed once at the edge into values that need no second check. What is not an
//! event of the contract is refused with the field that is wrong; types that are never synced by name.

mod dates;
mod decimals;
mod expense;
mod fields;
mod invoice;
mod refusal;
mod text;

pub use dates::Instant;
pub use expense::{Expense, PaidWith, Receipt, Supplier};
pub use fields::{Currency, DocumentNumber, EventId, Revision, SessionalId};
pub use invoice::{Address, Invoice, Line, LineAmounts, Organisation, Removed};
pub use refusal::{EventRefusal, NAMES, RefusalDetail};

use crate::account::AccountId;
use crate::input;
use crate::problem::Problem;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The version of the event contract that is understood.
pub const VERSION: u64 = 1;
/// Longest event in bytes. Its record keeps it beside the request that is made of it, and an item of the table has at
/// most 400 KB: a quotation mark is two bytes here and eight there.
pub const MAX_BYTES: usize = 64 * 1024;

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
    #[serde(default, deserialize_with = "fields::optional_integer")]
    version: Option<u64>,
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<EventId>,
    account_id: Option<AccountId>,
    #[serde(default, deserialize_with = "dates::instant")]
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
    /// As [`Event::read`], as a problem for who sent it.
    pub fn parse(json: &str) -> Result<Self, Problem> {
        Ok(Self::read(json)?)
    }

    /// Reads one event from its JSON text.
    ///
    /// # Errors
    /// Which field is missing or wrong, that the version is not known, or that the type is never synced.
    pub fn read(json: &str) -> Result<Self, EventRefusal> {
        if json.len() > MAX_BYTES {
            let sentence = format!("An event has at most {MAX_BYTES} bytes");
            return Err(EventRefusal::new("", RefusalDetail::TooLarge, sentence));
        }
        let envelope: Envelope<'_> = read(json, "")?;
        match envelope.version {
            Some(VERSION) => {}
            Some(_) => {
                let sentence = format!("This service reads version {VERSION} of events");
                return Err(EventRefusal::new("version", RefusalDetail::UnknownVersion, sentence));
            }
            None => return Err(EventRefusal::missing("version")),
        }
        let kind = envelope.kind.ok_or_else(|| EventRefusal::missing("type"))?;
        let invoice = || invoice::read_invoice(envelope.invoice).map(Box::new);
        let expense = || expense::read_expense(envelope.expense).map(Box::new);
        let body = match kind.as_str() {
            "invoice.created" => Body::InvoiceCreated(invoice()?),
            "invoice.updated" => Body::InvoiceUpdated(invoice()?),
            "invoice.sent" => Body::InvoiceSent(invoice()?),
            "invoice.voided" => Body::InvoiceVoided(invoice::read_removed(envelope.invoice, "invoice")?),
            "expense.logged" => Body::ExpenseLogged(expense()?),
            "expense.updated" => Body::ExpenseUpdated(expense()?),
            "expense.deleted" => Body::ExpenseDeleted(invoice::read_removed(envelope.expense, "expense")?),
            other => return Err(not_synced(other)),
        };
        Ok(Self {
            id: envelope.id.ok_or_else(|| EventRefusal::missing("id"))?,
            account: envelope.account_id.ok_or_else(|| EventRefusal::missing("account_id"))?,
            occurred_at: envelope.occurred_at.ok_or_else(|| EventRefusal::missing("occurred_at"))?,
            revision: envelope.revision,
            body,
        })
    }

    /// The id of an event, whatever else is wrong with it.
    #[must_use]
    pub fn id_of(json: &str) -> Option<EventId> {
        #[derive(Deserialize)]
        struct Id {
            id: EventId,
        }
        serde_json::from_str::<Id>(json).ok().map(|event| event.id)
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
fn read<'de, T: Deserialize<'de>>(json: &'de str, prefix: &str) -> Result<T, EventRefusal> {
    input::read(json.as_bytes()).map_err(|wrong| EventRefusal::of_input(prefix, wrong))
}

fn not_synced(kind: &str) -> EventRefusal {
    let known = |prefix: &str| kind == prefix || kind.starts_with(&format!("{prefix}."));
    let what = [
        ("booking", "Bookings are"),
        ("availability", "Availability is"),
        ("document", "Documents are"),
        ("profile", "Profile data is"),
        ("mileage", "Mileage logs are"),
    ];
    match what.iter().find(|(prefix, _)| known(prefix)) {
        Some((_, subject)) => {
            EventRefusal::new("type", RefusalDetail::NeverSynced, format!("{subject} never synced to Xero"))
        }
        None => {
            EventRefusal::new("type", RefusalDetail::UnknownType, "This type of event is not known to this service")
        }
    }
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
            (r#""number": "SES-000123","#, "", "invoice.number"),
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
