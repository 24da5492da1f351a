//! The document that a record is about: the request that is about to make it, and what it is in Xero.

use super::told::ToldContent;
use crate::divergence;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use xero::models::{BankTransaction, Invoice, InvoiceStatus, InvoiceType};
use xero::{BankTransactionId, ContactId, InvoiceId};

/// What a record's document is in Xero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// A sales invoice (ACCREC).
    #[default]
    Invoice,
    /// A bill (ACCPAY).
    Bill,
    /// A spend-money transaction.
    SpendMoney,
}

/// The call that a request is part of: the same whole call with the same key is the same to Xero while the key lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The idempotency key. Nothing that a waiting record writes changes it.
    pub key: String,
    /// The documents in it, in order, each by its kind and Sessional id; empty where a record is from before they were noted.
    #[serde(default)]
    pub members: Vec<String>,
    /// When it was sent first.
    pub first_sent: Timestamp,
    /// When it was sent last.
    pub last_sent: Timestamp,
}

/// A request that is about to be sent, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// What it will be in Xero.
    #[serde(default)]
    pub document: DocumentKind,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// The element as it is sent, byte for byte.
    pub body: String,
    /// The contact that it names.
    pub contact: ContactId,
    /// Hash of the content that it was drawn from, as Sessional told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Whether it was sent to the customer by then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_sent: bool,
    /// What Sessional told of it by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<ToldContent>,
    /// The call that it is sent with.
    pub call: Call,
}

/// The document in Xero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// What it is there.
    #[serde(default)]
    pub document: DocumentKind,
    /// Xero's id; of spend money, the bank transaction's id.
    pub id: InvoiceId,
    /// Whether it was made as a draft, which is deleted and not voided.
    #[serde(default)]
    pub draft: bool,
    /// Its number there.
    pub number: Option<String>,
    /// The contact that it was written for; one that Xero merged it into takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// Whether Xero does not count it as made by this app, so that lists of our own documents leave it out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub foreign: bool,
    /// When Xero says it was last changed, as of the last read.
    pub updated_at: Option<Timestamp>,
    /// The fingerprint of its content as we wrote it last.
    #[serde(default)]
    pub written: Option<String>,
    /// The fingerprint of its content as Xero showed it last.
    #[serde(default)]
    pub seen: Option<String>,
}

impl Reference {
    /// The reference after a write of our own, from Xero's answer to it.
    #[must_use]
    pub fn written(invoice: &Invoice) -> Self {
        let written = divergence::fingerprint(invoice);
        let bill = invoice.invoice_type == InvoiceType::Accpay;
        Self {
            document: if bill { DocumentKind::Bill } else { DocumentKind::Invoice },
            id: invoice.invoice_id,
            draft: invoice.status == InvoiceStatus::Draft,
            number: invoice.invoice_number.clone(),
            contact: invoice.contact.as_ref().map(|contact| contact.contact_id),
            foreign: false,
            updated_at: invoice.updated,
            seen: written.clone(),
            written,
        }
    }

    /// The reference to spend money, from Xero's answer.
    #[must_use]
    pub fn spent(spend: &BankTransaction) -> Self {
        Self {
            document: DocumentKind::SpendMoney,
            id: InvoiceId::from_uuid(*spend.bank_transaction_id.as_uuid()),
            draft: false,
            number: spend.reference.clone(),
            contact: spend.contact.as_ref().map(|contact| contact.contact_id),
            foreign: false,
            updated_at: spend.updated,
            // What the list of them shows first counts as written: whether the answer to a write names accounts as the
            // list does is not known.
            written: None,
            seen: None,
        }
    }

    /// Whether payments of it are followed: of invoices and bills, and not of spend money, which is paid as it is made.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        match self.document {
            DocumentKind::Invoice | DocumentKind::Bill => true,
            DocumentKind::SpendMoney => false,
        }
    }

    /// The id as that of a bank transaction, for spend money.
    #[must_use]
    pub fn bank_transaction(&self) -> BankTransactionId {
        BankTransactionId::from_uuid(*self.id.as_uuid())
    }
}
