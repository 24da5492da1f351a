//! Where a record stands at the moment at which it is told of.

use crate::divergence;
use crate::record::{DocumentKind, Kind, Record, Reference, Standing, UnderWay};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use xero::{Document, InvoiceId};

/// A record as a notification carries it: everything cumulative, so that the newest replaces all before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSnapshot {
    /// The kind of document.
    pub kind: Kind,
    /// Sessional's id of the invoice or expense; the notification has an `id` of its own.
    pub record_id: String,
    /// The number on the document.
    pub number: String,
    /// Where the document stands.
    pub stands: Standing,
    /// What is under way with it.
    pub under_way: UnderWay,
    /// The document in Xero.
    pub xero: Option<SnapshotReference>,
    /// The currency of the amounts.
    pub currency: String,
    /// What it comes to in Xero.
    pub amount_total: Option<Decimal>,
    /// What is paid of it there so far.
    pub amount_paid: Option<Decimal>,
    /// What credit notes, overpayments and prepayments settled of it so far.
    pub amount_credited: Option<Decimal>,
    /// What is due of it.
    pub amount_due: Option<Decimal>,
    /// How it was changed in Xero, as long as it differs.
    pub divergence: Option<divergence::Change>,
}

/// The document in Xero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotReference {
    /// Xero's id.
    pub id: InvoiceId,
    /// Its number there.
    pub number: Option<String>,
    /// Where it can be opened in Xero.
    pub url: Option<String>,
}

impl RecordSnapshot {
    /// The record as it stands.
    #[must_use]
    pub fn new(record: &Record) -> Self {
        let known = record.stands != Standing::NotInXero;
        let amounts = &record.amounts;
        Self {
            kind: record.key.kind,
            record_id: record.key.id.clone(),
            number: record.number.clone(),
            stands: record.stands,
            under_way: record.under_way,
            xero: record.reference.as_ref().map(|reference| SnapshotReference {
                id: reference.id,
                number: reference.number.clone(),
                url: record.short_code.as_deref().map(|code| link(reference, code)),
            }),
            currency: amounts.currency.clone(),
            amount_total: amounts.xero_total,
            // Xero leaves out what is nothing.
            amount_paid: amounts.paid.or(known.then_some(Decimal::ZERO)),
            amount_credited: amounts.credited.or(known.then_some(Decimal::ZERO)),
            amount_due: amounts.due,
            divergence: record.divergence.as_ref().map(|divergence| divergence.change),
        }
    }
}

/// Where a document can be opened in the organisation of this short code.
#[must_use]
pub fn link(reference: &Reference, short_code: &str) -> String {
    let document = match reference.document {
        DocumentKind::Invoice => Document::Invoice(reference.id),
        DocumentKind::Bill => Document::Bill(reference.id),
        DocumentKind::SpendMoney => Document::BankTransaction(reference.bank_transaction()),
    };
    xero::deep_link(short_code, document).to_string()
}
