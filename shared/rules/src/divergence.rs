//! What happened to a synced document in Xero that does not come back: it was voided, deleted or edited
//! there. Nothing is changed in Sessional; the record says so, and what can be done about it.

use crate::action::Action;
use crate::calendar;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use xero::ContactId;
use xero::models::{BankTransaction, Invoice, LineItem};

/// How a document in Xero differs from what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Divergence {
    /// What happened to it.
    pub change: Change,
    /// What is other than it was sent, of an edit.
    #[serde(default)]
    pub fields: Vec<ChangedField>,
    /// The day that it happened, as Xero tells it.
    pub changed_on: Date,
    /// For the user, in plain English.
    pub message: String,
    /// What the user can do.
    pub action: Action,
}

/// A part of a document that was edited in Xero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangedField {
    /// The amounts, or the tax in them.
    Amount,
    /// The date.
    Date,
    /// When it is due.
    DueDate,
    /// Whom it is for or from.
    Contact,
    /// Its number.
    Number,
    /// The customer's reference.
    Reference,
    /// The currency.
    Currency,
    /// The lines: texts, quantities, prices, accounts or tax rates.
    Lines,
}

impl ChangedField {
    /// In the order in which a fingerprint has them, which is that of a sentence as well.
    const ALL: [Self; 8] = [
        Self::Amount,
        Self::Date,
        Self::DueDate,
        Self::Contact,
        Self::Number,
        Self::Reference,
        Self::Currency,
        Self::Lines,
    ];

    /// In a sentence.
    fn phrase(self) -> &'static str {
        match self {
            Self::Amount => "the amount",
            Self::Date => "the date",
            Self::DueDate => "the due date",
            Self::Contact => "the contact",
            Self::Number => "the number",
            Self::Reference => "the reference",
            Self::Currency => "the currency",
            Self::Lines => "the lines",
        }
    }
}

/// What happened to a document in Xero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was approved, and taken back there.
    Voided,
    /// It was a draft, and removed there.
    Deleted,
    /// Its content is not what was sent.
    Edited,
}

impl Change {
    /// Whether nothing can happen to the document any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Voided | Self::Deleted => true,
            Self::Edited => false,
        }
    }
}

impl Divergence {
    /// It was voided or deleted, or edited in these parts. `followed` says that payments of it are looked for.
    #[must_use]
    pub fn new(change: Change, fields: Vec<ChangedField>, changed_on: Date, followed: bool) -> Self {
        let day = calendar::spelled(changed_on);
        let (message, action) = match change {
            Change::Voided => (
                format!(
                    "Voided in Xero on {day}. Nothing was changed in Sessional: void it here too, or \
                     create a new one if it is still owed."
                ),
                Action::Void,
            ),
            Change::Deleted => (
                format!(
                    "Deleted in Xero on {day}. Nothing was changed in Sessional: void it here too, or \
                     create a new one if it is still owed."
                ),
                Action::Void,
            ),
            Change::Edited => (
                format!(
                    "Changed in Xero on {day}{}. Sessional keeps its own version{}. Open it in Xero to compare.",
                    listed(&fields),
                    if followed { " and still follows payments" } else { "" }
                ),
                Action::OpenXero,
            ),
        };
        Self { change, fields, changed_on, message, action }
    }
}

/// The parts in a sentence, as `: the amount, the date and the lines`.
fn listed(fields: &[ChangedField]) -> String {
    let mut phrases: Vec<&str> = fields.iter().map(|field| field.phrase()).collect();
    let Some(last) = phrases.pop() else { return String::new() };
    if phrases.is_empty() { format!(": {last}") } else { format!(": {} and {last}", phrases.join(", ")) }
}

/// A fingerprint of what a document says, part by part: amounts, dates, contact, number, reference, currency and lines.
/// Payments, and whether it was sent, are no part of it, and neither is the code of an account, which may be given
/// another without a change of the document: its id counts. None for an answer without lines, which says too little.
#[must_use]
pub fn fingerprint(invoice: &Invoice) -> Option<String> {
    content(&Content {
        amounts: [invoice.sub_total, invoice.total_tax, invoice.total],
        date: invoice.date,
        due_date: invoice.due_date,
        contact: invoice.contact.as_ref().map(|contact| contact.contact_id),
        number: invoice.invoice_number.as_deref(),
        reference: invoice.reference.as_deref(),
        currency: invoice.currency_code.as_deref(),
        lines: &invoice.line_items,
    })
}

/// The same of spend money, which has a bank account and neither number nor due date.
#[must_use]
pub fn fingerprint_of_spend_money(spend: &BankTransaction) -> Option<String> {
    content(&Content {
        amounts: [spend.sub_total, spend.total_tax, spend.total],
        date: spend.date,
        due_date: None,
        contact: spend.contact.as_ref().map(|contact| contact.contact_id),
        number: None,
        reference: spend.reference.as_deref(),
        currency: spend.currency_code.as_deref(),
        lines: &spend.line_items,
    })
}

/// What counts of a document.
struct Content<'a> {
    amounts: [Option<Decimal>; 3],
    date: Option<Date>,
    due_date: Option<Date>,
    contact: Option<ContactId>,
    number: Option<&'a str>,
    reference: Option<&'a str>,
    currency: Option<&'a str>,
    lines: &'a [LineItem],
}

fn content(content: &Content<'_>) -> Option<String> {
    if content.lines.is_empty() {
        return None;
    }
    let parts = ChangedField::ALL.map(|field| {
        let mut text = Text::default();
        match field {
            ChangedField::Amount => {
                for amount in content.amounts {
                    text.add(amount.map(|amount| amount.normalize()));
                }
            }
            ChangedField::Date => text.add(content.date),
            ChangedField::DueDate => text.add(content.due_date),
            ChangedField::Contact => text.add(content.contact),
            ChangedField::Number => text.add(content.number),
            ChangedField::Reference => text.add(content.reference),
            ChangedField::Currency => text.add(content.currency),
            ChangedField::Lines => {
                for line in content.lines {
                    text.add(line.description.as_deref().map(str::trim));
                    text.add(line.quantity.map(|quantity| quantity.normalize()));
                    text.add(line.unit_amount.map(|amount| amount.normalize()));
                    text.add(line.account_id);
                    text.add(line.tax_type.as_deref());
                }
            }
        }
        text.hash()
    });
    Some(parts.join(SEPARATOR))
}

/// In which parts two fingerprints differ. None where one of them is of the form before parts were told apart: it
/// can be compared with nothing.
#[must_use]
pub fn changed_fields(written: &str, shown: &str) -> Option<Vec<ChangedField>> {
    let (written, shown): (Vec<&str>, Vec<&str>) =
        (written.split(SEPARATOR).collect(), shown.split(SEPARATOR).collect());
    if written.len() != ChangedField::ALL.len() || shown.len() != written.len() {
        return None;
    }
    let pairs = ChangedField::ALL.into_iter().zip(written.into_iter().zip(shown));
    Some(pairs.filter(|(_, (written, shown))| written != shown).map(|(field, _)| field).collect())
}

/// The fingerprint with the contact of another one: Xero merged the first contact into the second.
#[must_use]
pub fn with_contact_of(written: &str, shown: &str) -> String {
    let of = |field: ChangedField, (written, shown)| if field == ChangedField::Contact { shown } else { written };
    let pairs = written.split(SEPARATOR).zip(shown.split(SEPARATOR));
    let parts: Vec<&str> = ChangedField::ALL.into_iter().zip(pairs).map(|(field, pair)| of(field, pair)).collect();
    parts.join(SEPARATOR)
}

/// Between the parts of a fingerprint.
const SEPARATOR: &str = ".";
/// Characters of a part: 36 bits, enough to tell two versions of one document apart.
const PART: usize = 6;

/// Fields one after the other, each with its length, so that no two documents run into the same text.
#[derive(Default)]
struct Text(Sha256);

impl Text {
    fn add(&mut self, field: Option<impl ToString>) {
        let field = field.map(|field| field.to_string()).unwrap_or_default();
        self.0.update(field.len().to_be_bytes());
        self.0.update(field);
    }

    fn hash(self) -> String {
        use base64::Engine as _;
        let mut hash = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.0.finalize());
        hash.truncate(PART);
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoice(description: &str, unit_amount: &str, paid: &str) -> Invoice {
        let body = format!(
            r#"{{"InvoiceID":"1d0f0000-0000-4000-8000-000000000020","Type":"ACCREC","Status":"AUTHORISED",
                "InvoiceNumber":"SES-1","Total":{unit_amount},"AmountPaid":{paid},"LineItems":[
                {{"Description":"{description}","Quantity":1.0000,"UnitAmount":{unit_amount},"AccountCode":"200",
                "AccountID":"ab120000-0000-4000-8000-000000000001"}}]}}"#
        );
        serde_json::from_str(&body).unwrap()
    }

    fn differ(one: &Invoice, other: &Invoice) -> Vec<ChangedField> {
        changed_fields(&fingerprint(one).unwrap(), &fingerprint(other).unwrap()).unwrap()
    }

    #[test]
    fn a_payment_is_no_edit_and_an_edit_is_named_by_its_parts() {
        let sent = invoice("Studio session", "540.00", "0");
        assert_eq!(differ(&sent, &invoice("Studio session", "540", "540.00")), []);
        assert_eq!(
            differ(&sent, &invoice("Studio session", "540.01", "0")),
            [ChangedField::Amount, ChangedField::Lines]
        );
        assert_eq!(differ(&sent, &invoice("Two sessions", "540.00", "0")), [ChangedField::Lines]);
        let mut later = sent.clone();
        later.due_date = Some(jiff::civil::date(2026, 12, 31));
        later.invoice_number = Some("SES-2".to_owned());
        assert_eq!(differ(&sent, &later), [ChangedField::DueDate, ChangedField::Number]);
    }

    #[test]
    fn another_code_of_the_same_account_is_no_edit_and_another_account_is_one() {
        let sent = invoice("Studio session", "540.00", "0");
        let (mut recoded, mut moved) = (sent.clone(), sent.clone());
        recoded.line_items[0].account_code = Some("2000".to_owned());
        moved.line_items[0].account_id = Some("ab120000-0000-4000-8000-000000000002".parse().unwrap());
        assert_eq!((differ(&sent, &recoded), differ(&sent, &moved)), (vec![], vec![ChangedField::Lines]));
    }

    #[test]
    fn a_merged_contact_takes_the_place_of_the_first_and_nothing_else_does() {
        let sent = fingerprint(&invoice("Studio session", "540.00", "0")).unwrap();
        let mut other = invoice("Two sessions", "540.00", "0");
        let contact = r#"{"ContactID":"c0ffee00-0000-4000-8000-000000000010"}"#;
        other.contact = Some(serde_json::from_str(contact).unwrap());
        let other = fingerprint(&other).unwrap();
        assert_eq!(changed_fields(&sent, &other), Some(vec![ChangedField::Contact, ChangedField::Lines]));
        assert_eq!(changed_fields(&with_contact_of(&sent, &other), &other), Some(vec![ChangedField::Lines]));
    }

    #[test]
    fn what_cannot_be_compared_is_no_difference() {
        let body = r#"{"InvoiceID":"1d0f0000-0000-4000-8000-000000000020","Total":1,"LineItems":[]}"#;
        assert_eq!(fingerprint(&serde_json::from_str(body).unwrap()), None);
        let sent = fingerprint(&invoice("Studio session", "540.00", "0")).unwrap();
        assert_eq!(changed_fields("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", &sent), None);
    }

    #[test]
    fn the_user_is_told_the_day_what_was_changed_and_what_can_be_done() {
        let on = jiff::civil::date(2026, 11, 2);
        let fields = vec![ChangedField::Amount, ChangedField::Date, ChangedField::Lines];
        let divergence = Divergence::new(Change::Edited, fields.clone(), on, true);
        let expected = "Changed in Xero on 2 November 2026: the amount, the date and the lines. Sessional keeps";
        assert!(divergence.message.starts_with(expected), "{}", divergence.message);
        assert_eq!(divergence.action, Action::OpenXero);
        let spend = Divergence::new(Change::Edited, fields, on, false).message;
        assert!(spend.ends_with("Sessional keeps its own version. Open it in Xero to compare."), "{spend}");
        assert!(Change::Voided.is_final() && !Change::Edited.is_final());
    }
}
