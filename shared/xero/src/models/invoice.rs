//! Sales invoices and bills as Xero returns them.
//!
//! A document date comes as a pair; `DateString` is preferred to `Date`, and
//! `UpdatedDateUTCString` to `UpdatedDateUTC`. Test the status before the amounts: a voided
//! document may still show what was due.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use super::contact::Contact;
use super::line::{LineAmountTypes, LineItem};
use super::open::open_enum;
use super::payment::Payment;
use super::{lenient, shows};
use crate::dates;
use crate::ids::InvoiceId;
use crate::money::{self, Decimal};

open_enum! {
    /// Sales invoice or bill.
    InvoiceType {
        /// A sales invoice: money to be received.
        Accrec = "ACCREC",
        /// A bill: money to be paid.
        Accpay = "ACCPAY",
    }
}

open_enum! {
    /// Where an invoice stands.
    InvoiceStatus {
        /// Not yet approved.
        Draft = "DRAFT",
        /// Waiting for approval.
        Submitted = "SUBMITTED",
        /// Approved.
        Authorised = "AUTHORISED",
        /// Nothing is due any more, by payment or by credit.
        Paid = "PAID",
        /// Approved once, and taken back. Final.
        Voided = "VOIDED",
        /// Removed before approval. Final.
        Deleted = "DELETED",
    }
}

/// A sales invoice or bill.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub struct Invoice {
    /// The stable name of the document.
    pub invoice_id: InvoiceId,
    /// Sales invoice or bill.
    pub invoice_type: InvoiceType,
    /// Unique for sales invoices; the supplier's for bills.
    pub invoice_number: Option<String>,
    /// The customer's reference.
    pub reference: Option<String>,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// Whom it is for or from.
    pub contact: Option<Contact>,
    /// Its date.
    pub date: Option<Date>,
    /// When it is due.
    pub due_date: Option<Date>,
    /// Whether amounts contain tax.
    pub line_amount_types: LineAmountTypes,
    /// Its lines. Empty in lists that are not paged.
    pub line_items: Vec<LineItem>,
    /// ISO 4217.
    pub currency_code: Option<String>,
    /// Without tax.
    pub sub_total: Option<Decimal>,
    /// The tax.
    pub total_tax: Option<Decimal>,
    /// With tax.
    pub total: Option<Decimal>,
    /// Still open.
    pub amount_due: Option<Decimal>,
    /// Settled by payments.
    pub amount_paid: Option<Decimal>,
    /// Settled by credit notes, overpayments and prepayments.
    pub amount_credited: Option<Decimal>,
    /// When nothing was due any more; only when paid.
    pub fully_paid_on_date: Option<Date>,
    /// The payments, where Xero shows them.
    pub payments: Vec<Payment>,
    /// The link back to us.
    pub url: Option<String>,
    /// Whether it is marked as sent.
    pub sent_to_contact: Option<bool>,
    /// When it changed last. Not every change moves it.
    pub updated: Option<Timestamp>,
}

shows!(Invoice {
    invoice_id,
    invoice_type,
    status,
    date,
    due_date,
    currency_code,
    total,
    amount_due,
    amount_paid,
    amount_credited,
    fully_paid_on_date,
    updated,
});

/// The shape on the wire, with every date twice.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    #[serde(rename = "InvoiceID")]
    invoice_id: InvoiceId,
    #[serde(default, rename = "Type")]
    invoice_type: InvoiceType,
    #[serde(default, deserialize_with = "lenient::non_empty")]
    invoice_number: Option<String>,
    #[serde(default, deserialize_with = "lenient::non_empty")]
    reference: Option<String>,
    #[serde(default)]
    status: InvoiceStatus,
    #[serde(default)]
    contact: Option<Contact>,
    #[serde(default, deserialize_with = "dates::date::deserialize")]
    date: Option<Date>,
    #[serde(default, deserialize_with = "dates::date::deserialize")]
    date_string: Option<Date>,
    #[serde(default, deserialize_with = "dates::date::deserialize")]
    due_date: Option<Date>,
    #[serde(default, deserialize_with = "dates::date::deserialize")]
    due_date_string: Option<Date>,
    #[serde(default)]
    line_amount_types: LineAmountTypes,
    #[serde(default, deserialize_with = "lenient::or_default")]
    line_items: Vec<LineItem>,
    #[serde(default, deserialize_with = "lenient::non_empty")]
    currency_code: Option<String>,
    #[serde(default, deserialize_with = "money::amount")]
    sub_total: Option<Decimal>,
    #[serde(default, deserialize_with = "money::amount")]
    total_tax: Option<Decimal>,
    #[serde(default, deserialize_with = "money::amount")]
    total: Option<Decimal>,
    #[serde(default, deserialize_with = "money::amount")]
    amount_due: Option<Decimal>,
    #[serde(default, deserialize_with = "money::amount")]
    amount_paid: Option<Decimal>,
    #[serde(default, deserialize_with = "money::amount")]
    amount_credited: Option<Decimal>,
    #[serde(default, deserialize_with = "dates::date::deserialize")]
    fully_paid_on_date: Option<Date>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    payments: Vec<Payment>,
    #[serde(default, deserialize_with = "lenient::non_empty")]
    url: Option<String>,
    #[serde(default)]
    sent_to_contact: Option<bool>,
    #[serde(default, rename = "UpdatedDateUTC", deserialize_with = "dates::instant::deserialize")]
    updated: Option<Timestamp>,
    #[serde(default, rename = "UpdatedDateUTCString", deserialize_with = "dates::instant::deserialize")]
    updated_string: Option<Timestamp>,
}

impl From<Wire> for Invoice {
    fn from(wire: Wire) -> Self {
        Self {
            invoice_id: wire.invoice_id,
            invoice_type: wire.invoice_type,
            invoice_number: wire.invoice_number,
            reference: wire.reference,
            status: wire.status,
            contact: wire.contact,
            date: wire.date_string.or(wire.date),
            due_date: wire.due_date_string.or(wire.due_date),
            line_amount_types: wire.line_amount_types,
            line_items: wire.line_items,
            currency_code: wire.currency_code,
            sub_total: wire.sub_total,
            total_tax: wire.total_tax,
            total: wire.total,
            amount_due: wire.amount_due,
            amount_paid: wire.amount_paid,
            amount_credited: wire.amount_credited,
            fully_paid_on_date: wire.fully_paid_on_date,
            payments: wire.payments,
            url: wire.url,
            sent_to_contact: wire.sent_to_contact,
            updated: wire.updated_string.or(wire.updated),
        }
    }
}
