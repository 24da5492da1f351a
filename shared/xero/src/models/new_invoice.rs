//! Sales invoices and bills as we write them.
//!
//! Documents are serialised once and kept as text, because a retry under the same idempotency key
//! must be identical to the byte. A body is a list of such texts.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::invoice::{InvoiceStatus, InvoiceType};
use super::line::{LineAmountTypes, NewLineItem};
use super::shows;
use crate::ids::{ContactId, InvoiceId};

/// What creates an invoice or a bill.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewInvoice {
    /// Sales invoice or bill.
    #[serde(rename = "Type")]
    pub invoice_type: InvoiceType,
    /// Draft or authorised.
    pub status: InvoiceStatus,
    /// Ours, at most 255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_number: Option<String>,
    /// The customer's reference. Ignored for bills.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The contact by id alone: more would change the contact.
    #[serde(with = "contact_by_id")]
    pub contact: ContactId,
    /// Always sent: without it Xero takes today.
    pub date: Date,
    /// Required for an authorised document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<Date>,
    /// Always sent: Xero's default differs between documents.
    pub line_amount_types: LineAmountTypes,
    /// Always sent: without it Xero may take the contact's.
    pub currency_code: String,
    /// An absolute address that does not contain "xero".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Marks a sales invoice as sent, without sending it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_to_contact: Option<bool>,
    /// The lines.
    pub line_items: Vec<NewLineItem>,
}

shows!(NewInvoice { invoice_type, status, contact, date, due_date, currency_code });

/// What changes an invoice or a bill. Only what is set is sent; lines left out are removed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InvoiceUpdate {
    /// The document.
    #[serde(rename = "InvoiceID")]
    pub invoice_id: InvoiceId,
    /// Such as voided or deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<InvoiceStatus>,
    /// Another number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_number: Option<String>,
    /// A new reference; an empty one takes it away, and only what is left out stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Another contact.
    #[serde(default, with = "contact_by_id::option", skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// A new date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// A new due date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<Date>,
    /// Whether amounts contain tax. Cannot be changed once approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_amount_types: Option<LineAmountTypes>,
    /// Another currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency_code: Option<String>,
    /// A new link back to us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Marks a sales invoice as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_to_contact: Option<bool>,
    /// All the lines, if any: with `LineItemID` to change one, without to add one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_items: Option<Vec<NewLineItem>>,
}

shows!(InvoiceUpdate { invoice_id, status, contact, date, due_date, sent_to_contact });

impl InvoiceUpdate {
    /// A change that changes nothing yet.
    pub fn of(invoice_id: InvoiceId) -> Self {
        Self {
            invoice_id,
            status: None,
            invoice_number: None,
            reference: None,
            contact: None,
            date: None,
            due_date: None,
            line_amount_types: None,
            currency_code: None,
            url: None,
            sent_to_contact: None,
            line_items: None,
        }
    }

    /// A change of the status alone.
    pub fn status(invoice_id: InvoiceId, status: InvoiceStatus) -> Self {
        Self { status: Some(status), ..Self::of(invoice_id) }
    }

    /// The element as text.
    pub fn to_json(&self) -> String {
        super::body::element(self)
    }
}

impl NewInvoice {
    /// The element as text, to be kept with the intent and sent as it is.
    pub fn to_json(&self) -> String {
        super::body::element(self)
    }
}

/// The contact as `{"ContactID": …}`.
pub(super) mod contact_by_id {
    use super::*;
    use serde::{Deserializer, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Reference {
        #[serde(rename = "ContactID")]
        contact_id: ContactId,
    }

    pub(in crate::models) fn serialize<S: Serializer>(id: &ContactId, s: S) -> Result<S::Ok, S::Error> {
        Reference { contact_id: *id }.serialize(s)
    }

    pub(in crate::models) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<ContactId, D::Error> {
        Ok(Reference::deserialize(d)?.contact_id)
    }

    pub(in crate::models) mod option {
        use super::*;

        pub(in crate::models) fn serialize<S: Serializer>(id: &Option<ContactId>, s: S) -> Result<S::Ok, S::Error> {
            id.map(|contact_id| Reference { contact_id }).serialize(s)
        }

        pub(in crate::models) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<ContactId>, D::Error> {
            Ok(Option::<Reference>::deserialize(d)?.map(|reference| reference.contact_id))
        }
    }
}
