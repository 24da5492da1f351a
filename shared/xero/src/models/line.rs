//! Lines of documents, and how their amounts relate to tax.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::open::open_enum;
use super::{lenient, shows};
use crate::ids::{AccountId, LineItemId};
use crate::money::{self, Decimal};

open_enum! {
    /// Whether amounts contain tax. Xero's default differs between documents: always send it.
    LineAmountTypes {
        /// Tax comes on top.
        Exclusive = "Exclusive",
        /// Tax is contained.
        Inclusive = "Inclusive",
        /// There is no tax.
        NoTax = "NoTax",
    }
}

/// A line as Xero returns it.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LineItem {
    /// What an update must name to change this line and not add another.
    #[serde(default, rename = "LineItemID", deserialize_with = "lenient::id")]
    pub line_item_id: Option<LineItemId>,
    /// The text.
    #[serde(default, deserialize_with = "lenient::non_empty")]
    pub description: Option<String>,
    /// How many.
    #[serde(default, with = "money::plain::option")]
    pub quantity: Option<Decimal>,
    /// For how much each.
    #[serde(default, with = "money::plain::option")]
    pub unit_amount: Option<Decimal>,
    /// For how much together.
    #[serde(default, with = "money::plain::option")]
    pub line_amount: Option<Decimal>,
    /// The tax of this line.
    #[serde(default, with = "money::plain::option")]
    pub tax_amount: Option<Decimal>,
    /// The kind of tax.
    #[serde(default, deserialize_with = "lenient::non_empty")]
    pub tax_type: Option<String>,
    /// The account by its code.
    #[serde(default, deserialize_with = "lenient::non_empty")]
    pub account_code: Option<String>,
    /// The account by its id.
    #[serde(default, rename = "AccountID", deserialize_with = "lenient::id")]
    pub account_id: Option<AccountId>,
    /// The bookkeeper's tracking categories, as they came.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub tracking: Vec<Value>,
}

/// A line as we send it.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewLineItem {
    /// In an update: the line to change. A line without it is added.
    #[serde(default, rename = "LineItemID", skip_serializing_if = "Option::is_none")]
    pub line_item_id: Option<LineItemId>,
    /// The text, 1 to 4000 characters.
    pub description: String,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "money::plain::option")]
    pub quantity: Option<Decimal>,
    /// For how much each.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "money::plain::option")]
    pub unit_amount: Option<Decimal>,
    /// The account by its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_code: Option<String>,
    /// The account by its id, where it has no code.
    #[serde(default, rename = "AccountID", skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// The kind of tax; without it the account's default applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_type: Option<String>,
    /// The tracking categories that a line has already: we choose none, and give back what is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tracking: Vec<Value>,
}

shows!(LineItem { line_item_id, account_code, tax_type });
shows!(NewLineItem { line_item_id, account_code, account_id, tax_type });
