//! Spend-money transactions as we write them.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bank_transaction::{BankTransactionStatus, BankTransactionType};
use super::line::{LineAmountTypes, NewLineItem};
use super::new_invoice::contact_by_id;
use super::shows;
use crate::ids::{AccountId, BankTransactionId, ContactId};

/// What creates a spend-money transaction.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewBankTransaction {
    /// Always spend, for us.
    #[serde(rename = "Type")]
    pub transaction_type: BankTransactionType,
    /// The contact by id alone.
    #[serde(with = "contact_by_id")]
    pub contact: ContactId,
    /// The bank account, by id because it may have no code.
    #[serde(serialize_with = "account_by_id", deserialize_with = "account_of")]
    pub bank_account: AccountId,
    /// Always sent: without it Xero takes today.
    pub date: Date,
    /// Our own marker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Always sent: Xero's default here is inclusive.
    pub line_amount_types: LineAmountTypes,
    /// The bank account's currency, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency_code: Option<String>,
    /// An absolute address that does not contain "xero".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// At least one line.
    pub line_items: Vec<NewLineItem>,
}

shows!(NewBankTransaction { transaction_type, contact, bank_account, date, currency_code });

/// What changes a spend-money transaction. Only what is set is sent; lines left out are removed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BankTransactionUpdate {
    /// The transaction.
    #[serde(rename = "BankTransactionID")]
    pub bank_transaction_id: BankTransactionId,
    /// Deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<BankTransactionStatus>,
    /// Another contact.
    #[serde(default, with = "contact_by_id::option", skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// A new date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// A new link back to us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// All the lines, if any: with `LineItemID` to change one, without to add one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_items: Option<Vec<NewLineItem>>,
}

shows!(BankTransactionUpdate { bank_transaction_id, status, contact, date });

impl NewBankTransaction {
    /// The element as text, to be kept with the intent and sent as it is.
    pub fn to_json(&self) -> String {
        super::body::element(self)
    }
}

impl BankTransactionUpdate {
    /// A change that changes nothing yet.
    pub fn of(bank_transaction_id: BankTransactionId) -> Self {
        Self { bank_transaction_id, status: None, contact: None, date: None, url: None, line_items: None }
    }

    /// A change of the status alone.
    pub fn status(bank_transaction_id: BankTransactionId, status: BankTransactionStatus) -> Self {
        Self { status: Some(status), ..Self::of(bank_transaction_id) }
    }

    /// The element as text.
    pub fn to_json(&self) -> String {
        super::body::element(self)
    }
}

#[derive(Serialize, Deserialize)]
struct Reference {
    #[serde(rename = "AccountID")]
    account_id: AccountId,
}

fn account_by_id<S: Serializer>(id: &AccountId, serializer: S) -> Result<S::Ok, S::Error> {
    Reference { account_id: *id }.serialize(serializer)
}

fn account_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AccountId, D::Error> {
    Ok(Reference::deserialize(deserializer)?.account_id)
}
