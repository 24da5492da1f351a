//! The calls that a dry run shows: the bodies are those that a sync would send, and what only an answer of
//! Xero will tell stands in brackets.

use super::forecast::{Forecast, Prospect, Request};
use crate::record::{DocumentKind, Reference};
use crate::sync::document::Document;
use crate::sync::party::Party;
use serde_json::{Value, json};
use uuid::Uuid;
use xero::models::{
    BankTransactionStatus, BankTransactionUpdate, BankTransactionsBody, InvoiceStatus, InvoiceUpdate, InvoicesBody,
};
use xero::{ContactId, InvoiceId};

/// What a call that creates says in its query: each element is judged alone, unit prices have four places.
const CREATE: &str = "summarizeErrors=false&unitdp=4";
/// What a call that changes one document says in its query.
const CHANGE: &str = "unitdp=4";

/// The contact that is not there yet.
pub(super) fn unknown_contact() -> ContactId {
    ContactId::from_uuid(Uuid::nil())
}

/// The document that is not there yet.
pub(super) fn unknown_reference(document: &Document) -> Reference {
    Reference {
        document: document.kind(),
        id: InvoiceId::from_uuid(Uuid::max()),
        draft: matches!(document, Document::Invoice(invoice) if invoice.status == InvoiceStatus::Draft),
        number: None,
        contact: None,
        foreign: false,
        updated_at: None,
        written: None,
        seen: None,
    }
}

pub(super) fn contact(party: &Party) -> Request {
    let body = json!({ "Contacts": [party.draw()] });
    shown("PUT", "/Contacts", "summarizeErrors=false", &body.to_string())
}

pub(super) fn create(document: &Document) -> Request {
    match document {
        Document::Invoice(invoice) => {
            shown("PUT", "/Invoices", CREATE, InvoicesBody::of(std::slice::from_ref(invoice)).as_str())
        }
        Document::SpendMoney(spend) => {
            shown("PUT", "/BankTransactions", CREATE, BankTransactionsBody::of(std::slice::from_ref(spend)).as_str())
        }
    }
}

pub(super) fn update(update: &InvoiceUpdate) -> Request {
    shown("POST", &format!("/Invoices/{}", update.invoice_id), CHANGE, InvoicesBody::update(update).as_str())
}

pub(super) fn update_spend_money(update: &BankTransactionUpdate) -> Request {
    let path = format!("/BankTransactions/{}", update.bank_transaction_id);
    shown("POST", &path, CHANGE, BankTransactionsBody::update(update).as_str())
}

pub(super) fn remove(reference: &Reference) -> Forecast {
    let deleted = reference.draft || reference.document == DocumentKind::SpendMoney;
    let mut forecast = match deleted {
        true => Forecast::of(Prospect::WouldDelete, "It would be deleted in Xero"),
        false => Forecast::of(Prospect::WouldVoid, "It would be voided in Xero"),
    };
    forecast.requests.push(match reference.document {
        DocumentKind::Invoice | DocumentKind::Bill => {
            let status = if deleted { InvoiceStatus::Deleted } else { InvoiceStatus::Voided };
            update(&InvoiceUpdate::status(reference.id, status))
        }
        DocumentKind::SpendMoney => {
            let id = reference.bank_transaction();
            update_spend_money(&BankTransactionUpdate::status(id, BankTransactionStatus::Deleted))
        }
    });
    forecast
}

/// A call as it is shown.
pub(super) fn shown(method: &'static str, path: &str, query: &'static str, json: &str) -> Request {
    let named = |text: &str| {
        text.replace(&Uuid::nil().to_string(), "(ContactID of the new contact)")
            .replace(&Uuid::max().to_string(), "(id of the new document)")
    };
    let body = serde_json::from_str(&named(json)).unwrap_or(Value::Null);
    Request { method, path: named(path), query, body }
}
