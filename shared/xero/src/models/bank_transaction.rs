//! Spend-money transactions as Xero returns them.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use super::contact::Contact;
use super::line::{LineAmountTypes, LineItem};
use super::open::open_enum;
use super::{lenient, shows};
use crate::dates;
use crate::ids::{AccountId, BankTransactionId};
use crate::money::{self, Decimal};

open_enum! {
    /// Which way the money went.
    BankTransactionType {
        /// Out of the account.
        Spend = "SPEND",
        /// Into the account.
        Receive = "RECEIVE",
    }
}

open_enum! {
    /// Whether a transaction stands.
    BankTransactionStatus {
        /// It stands.
        Authorised = "AUTHORISED",
        /// It was removed.
        Deleted = "DELETED",
        /// It was taken back: as good as removed.
        Voided = "VOIDED",
    }
}

/// A spend-money or receive-money transaction.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub struct BankTransaction {
    /// The stable name of the transaction.
    pub bank_transaction_id: BankTransactionId,
    /// Which way the money went.
    pub transaction_type: BankTransactionType,
    /// Whether it stands.
    pub status: BankTransactionStatus,
    /// Our own marker.
    pub reference: Option<String>,
    /// Whom it was paid to.
    pub contact: Option<Contact>,
    /// The bank account.
    pub bank_account: Option<AccountId>,
    /// Its date.
    pub date: Option<Date>,
    /// Whether amounts contain tax.
    pub line_amount_types: LineAmountTypes,
    /// Its lines.
    pub line_items: Vec<LineItem>,
    /// ISO 4217.
    pub currency_code: Option<String>,
    /// Without tax.
    pub sub_total: Option<Decimal>,
    /// The tax.
    pub total_tax: Option<Decimal>,
    /// With tax.
    pub total: Option<Decimal>,
    /// Whether it is matched with a bank statement, and so fixed.
    pub is_reconciled: bool,
    /// The link back to us.
    pub url: Option<String>,
    /// When it changed last.
    pub updated: Option<Timestamp>,
}

shows!(BankTransaction {
    bank_transaction_id,
    transaction_type,
    status,
    bank_account,
    date,
    currency_code,
    total,
    is_reconciled,
    updated,
});

#[derive(Deserialize)]
struct BankAccount {
    #[serde(default, rename = "AccountID", deserialize_with = "lenient::id")]
    account_id: Option<AccountId>,
}

/// The shape on the wire, with every date twice.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    #[serde(rename = "BankTransactionID")]
    bank_transaction_id: BankTransactionId,
    #[serde(default, rename = "Type")]
    transaction_type: BankTransactionType,
    #[serde(default)]
    status: BankTransactionStatus,
    #[serde(default, deserialize_with = "lenient::non_empty")]
    reference: Option<String>,
    #[serde(default)]
    contact: Option<Contact>,
    #[serde(default)]
    bank_account: Option<BankAccount>,
    #[serde(default, deserialize_with = "dates::date::deserialize")]
    date: Option<Date>,
    #[serde(default, deserialize_with = "dates::date::deserialize")]
    date_string: Option<Date>,
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
    #[serde(default, deserialize_with = "lenient::or_default")]
    is_reconciled: bool,
    #[serde(default, deserialize_with = "lenient::non_empty")]
    url: Option<String>,
    #[serde(default, rename = "UpdatedDateUTC", deserialize_with = "dates::instant::deserialize")]
    updated: Option<Timestamp>,
    #[serde(default, rename = "UpdatedDateUTCString", deserialize_with = "dates::instant::deserialize")]
    updated_string: Option<Timestamp>,
}

impl From<Wire> for BankTransaction {
    fn from(wire: Wire) -> Self {
        Self {
            bank_transaction_id: wire.bank_transaction_id,
            transaction_type: wire.transaction_type,
            status: wire.status,
            reference: wire.reference,
            contact: wire.contact,
            bank_account: wire.bank_account.and_then(|account| account.account_id),
            date: wire.date_string.or(wire.date),
            line_amount_types: wire.line_amount_types,
            line_items: wire.line_items,
            currency_code: wire.currency_code,
            sub_total: wire.sub_total,
            total_tax: wire.total_tax,
            total: wire.total,
            is_reconciled: wire.is_reconciled,
            url: wire.url,
            updated: wire.updated_string.or(wire.updated),
        }
    }
}
