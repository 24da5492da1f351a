//! An expense as Sessional tells it: one gross amount in one category.

use super::fields::{self, Currency, SessionalId};
use super::invoice::MAX_DESCRIPTION;
use super::{missing, read};
use crate::mapping::ExpenseCategory;
use crate::problem::Problem;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;
use utoipa::ToSchema;

/// An expense in Sessional.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Expense {
    /// Sessional's id; also what marks the document in Xero as ours.
    pub id: SessionalId,
    /// The category, which is mapped to an account.
    pub category: ExpenseCategory,
    /// What it was for, 1 to 4,000 characters.
    pub description: String,
    /// The date of the expense.
    pub incurred_on: Date,
    /// The currency of the amount.
    pub currency: Currency,
    /// What was paid, tax contained.
    #[serde(deserialize_with = "fields::positive_amount")]
    pub amount: Decimal,
    /// Tax in per cent; absent means the default of the mapped account.
    #[serde(default, deserialize_with = "fields::rate")]
    pub tax_rate: Option<Decimal>,
    /// How it was paid; absent means that it is not paid in Xero.
    #[serde(default)]
    pub paid_with: Option<PaidWith>,
    /// What it cost in the currency of the Xero organisation, where that is another.
    #[serde(default, deserialize_with = "fields::optional_amount")]
    pub home_amount: Option<Decimal>,
    /// The receipt.
    #[serde(default)]
    pub receipt: Option<Receipt>,
    /// Who was paid.
    #[serde(default)]
    pub supplier: Option<Supplier>,
    /// Where the expense can be seen in Sessional.
    #[serde(default)]
    pub url: Option<Url>,
}

/// How an expense was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaidWith {
    /// From an account of the business.
    Business,
    /// From the user's own pocket.
    Personal,
}

/// The file of a receipt, and where it can be fetched.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Receipt {
    /// Where it can be fetched.
    pub url: Url,
    /// Its name.
    pub file_name: String,
    /// Its media type, such as `image/jpeg`.
    pub content_type: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Who was paid.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Supplier {
    /// Sessional's id, the contact number in Xero.
    pub id: SessionalId,
    /// Its name.
    pub name: String,
}

/// Reads the expense of an event and checks what its types cannot.
pub(super) fn read_expense(raw: Option<&RawValue>) -> Result<Expense, Problem> {
    let raw = raw.ok_or_else(|| missing("expense"))?;
    let expense: Expense = read(raw.get(), "expense")?;
    let length = expense.description.trim().chars().count();
    if length == 0 || length > MAX_DESCRIPTION {
        let detail = format!("This must be 1 to {MAX_DESCRIPTION} characters");
        return Err(Problem::invalid_event("expense.description", detail));
    }
    if let Some(supplier) = &expense.supplier {
        super::invoice::check_name(&supplier.name, "expense.supplier.name")?;
    }
    super::invoice::check_url(expense.url.as_ref(), "expense.url")?;
    super::invoice::check_url(expense.receipt.as_ref().map(|receipt| &receipt.url), "expense.receipt.url")?;
    Ok(expense)
}
