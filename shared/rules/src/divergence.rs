//! What happened to a synced document in Xero that does not come back: it was voided, deleted or edited
//! there. Nothing is changed in Sessional; the record says so, and what can be done about it.

use crate::action::Action;
use crate::calendar;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use xero::models::Invoice;

/// How a document in Xero differs from what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Divergence {
    /// What happened to it.
    pub change: Change,
    /// The day that it happened, as Xero tells it.
    pub changed_on: Date,
    /// For the user, in plain English.
    pub message: String,
    /// What the user can do.
    pub action: Action,
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
    /// Words it.
    #[must_use]
    pub fn new(change: Change, changed_on: Date) -> Self {
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
                    "Changed in Xero on {day}. Sessional keeps its own version and still follows payments. \
                     Open it in Xero to compare."
                ),
                Action::OpenXero,
            ),
        };
        Self { change, changed_on, message, action }
    }
}

/// A fingerprint of what a document says: number, dates, contact, currency, lines and totals. Payments, and
/// whether it was sent, are no part of it. None for an answer without lines, which says too little.
#[must_use]
pub fn fingerprint(invoice: &Invoice) -> Option<String> {
    if invoice.line_items.is_empty() {
        return None;
    }
    let mut text = Text::default();
    text.add(invoice.invoice_number.as_deref());
    text.add(invoice.reference.as_deref());
    text.add(invoice.contact.as_ref().map(|contact| contact.contact_id));
    text.add(invoice.date);
    text.add(invoice.due_date);
    text.add(invoice.currency_code.as_deref());
    for amount in [invoice.sub_total, invoice.total_tax, invoice.total] {
        text.add(amount.map(|amount| amount.normalize()));
    }
    for line in &invoice.line_items {
        text.add(line.description.as_deref().map(str::trim));
        text.add(line.quantity.map(|quantity| quantity.normalize()));
        text.add(line.unit_amount.map(|amount| amount.normalize()));
        text.add(line.account_code.as_deref());
        text.add(line.tax_type.as_deref());
    }
    Some(text.hash())
}

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
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoice(description: &str, unit_amount: &str, paid: &str) -> Invoice {
        let body = format!(
            r#"{{"InvoiceID":"1d0f0000-0000-4000-8000-000000000020","Type":"ACCREC","Status":"AUTHORISED",
                "InvoiceNumber":"SES-1","Total":{unit_amount},"AmountPaid":{paid},"LineItems":[
                {{"Description":"{description}","Quantity":1.0000,"UnitAmount":{unit_amount},"AccountCode":"200"}}]}}"#
        );
        serde_json::from_str(&body).unwrap()
    }

    #[test]
    fn a_payment_is_no_edit_and_an_edit_is_one() {
        let sent = fingerprint(&invoice("Studio session", "540.00", "0"));
        assert_eq!(sent, fingerprint(&invoice("Studio session", "540", "540.00")));
        assert_ne!(sent, fingerprint(&invoice("Studio session", "540.01", "0")));
        assert_ne!(sent, fingerprint(&invoice("Two sessions", "540.00", "0")));
    }

    #[test]
    fn an_answer_without_lines_has_no_fingerprint() {
        let body = r#"{"InvoiceID":"1d0f0000-0000-4000-8000-000000000020","Total":1,"LineItems":[]}"#;
        assert_eq!(fingerprint(&serde_json::from_str(body).unwrap()), None);
    }

    #[test]
    fn the_user_is_told_the_day_and_what_can_be_done() {
        let divergence = Divergence::new(Change::Edited, jiff::civil::date(2026, 11, 2));
        assert!(divergence.message.starts_with("Changed in Xero on 2 November 2026."), "{}", divergence.message);
        assert_eq!(divergence.action, Action::OpenXero);
        assert!(Change::Voided.is_final() && !Change::Edited.is_final());
    }
}
