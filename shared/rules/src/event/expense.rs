//! An expense as Sessional tells it: one gross amount in one category.

use super::fields::{self, Currency, SessionalId};
use super::invoice::{self, is_link, leave_out};
use super::refusal::EventRefusal;
use super::{dates, decimals, read, text};
use crate::mapping::ExpenseCategory;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// An expense in Sessional.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Expense {
    /// Sessional's id; also what marks the document in Xero as ours.
    pub id: SessionalId,
    /// The category, which is mapped to an account.
    #[serde(deserialize_with = "fields::word")]
    pub category: ExpenseCategory,
    /// What it was for: 1 to 4,000 characters, of which one can be seen.
    #[schema(
        min_length = 1,
        max_length = 4000,
        pattern = r"[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufffe\uffff]"
    )]
    pub description: String,
    /// The date of the expense.
    #[serde(deserialize_with = "dates::date")]
    #[schema(value_type = dates::CalendarDate)]
    pub incurred_on: Date,
    /// The currency of the amount.
    pub currency: Currency,
    /// What was paid, tax contained.
    #[serde(deserialize_with = "decimals::positive_amount")]
    #[schema(value_type = decimals::PositiveAmount)]
    pub amount: Decimal,
    /// Tax in per cent; absent means the default of the mapped account.
    #[serde(default, deserialize_with = "decimals::rate")]
    #[schema(value_type = Option<decimals::Percentage>)]
    pub tax_rate: Option<Decimal>,
    /// How it was paid; absent means that it is not paid in Xero.
    #[serde(default, deserialize_with = "fields::optional_word")]
    pub paid_with: Option<PaidWith>,
    /// What it cost in the currency of the Xero organisation, where that is another.
    #[serde(default, deserialize_with = "decimals::optional_amount")]
    #[schema(value_type = Option<decimals::PositiveAmount>)]
    pub home_amount: Option<Decimal>,
    /// The receipt. One that Xero would not take is left out, and the record says so.
    #[serde(default)]
    pub receipt: Option<Receipt>,
    /// Who was paid.
    #[serde(default)]
    pub supplier: Option<Supplier>,
    /// Where the expense can be seen in Sessional: an absolute https address without the word “xero”. Another is
    /// left out of the document in Xero, and its record says so.
    #[serde(default)]
    pub url: Option<String>,
    /// What Xero would refuse and the document can do without, as sentences for its record.
    #[serde(skip)]
    #[schema(ignore)]
    left_out: Vec<&'static str>,
}

impl Expense {
    /// What was left out because Xero would refuse it, one sentence each.
    #[must_use]
    pub fn left_out(&self) -> &[&'static str] {
        &self.left_out
    }
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
    /// Where it can be fetched: an absolute https address.
    pub url: String,
    /// Its name, at most 255 characters.
    pub file_name: String,
    /// Its media type, such as `image/jpeg`.
    pub content_type: String,
    /// Its size in bytes; Xero takes at most 10 MB.
    #[serde(deserialize_with = "fields::integer")]
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    pub size: u64,
}

/// Who was paid.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Supplier {
    /// Sessional's id, the contact number in Xero.
    pub id: SessionalId,
    /// Its name: 1 to 255 characters that can be seen, without < and >.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^<>]*[^<>\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufffe\uffff][^<>]*$"
    )]
    pub name: String,
}

/// Reads the expense of an event, checks what its types cannot, and brings its texts into the form of Xero.
pub(super) fn read_expense(raw: Option<&RawValue>) -> Result<Expense, EventRefusal> {
    let raw = raw.ok_or_else(|| EventRefusal::missing("expense"))?;
    let mut expense: Expense = read(raw.get(), "expense")?;
    invoice::check_description(&mut expense.description, || "expense.description".to_owned())?;
    if let Some(supplier) = &mut expense.supplier {
        invoice::check_name(&mut supplier.name, "expense.supplier.name")?;
    }
    leave_out(&mut expense.url, is_link, &mut expense.left_out, invoice::LINK_LEFT_OUT);
    if let Some(receipt) = expense.receipt.take() {
        match receipt.usable() {
            Ok(usable) => expense.receipt = Some(usable),
            Err(sentence) => expense.left_out.push(sentence),
        }
    }
    Ok(expense)
}

/// Largest file that Xero takes through its API.
const MAX_FILE: u64 = 10 * 1024 * 1024;
/// Longest name of a file.
const MAX_FILE_NAME: usize = 255;

impl Receipt {
    /// The receipt in the form of Xero, or why it cannot be used.
    fn usable(self) -> Result<Self, &'static str> {
        let file_name = text::name(&self.file_name.replace(['/', '\\'], " "));
        let content_type = self.content_type.trim().to_ascii_lowercase();
        if !text::is_https(&self.url) {
            return Err("The receipt was left out: its address is no https address.");
        }
        if self.size == 0 || self.size > MAX_FILE {
            return Err("The receipt was left out: Xero takes files of 1 byte to 10 MB.");
        }
        if file_name.is_empty() || file_name.chars().count() > MAX_FILE_NAME {
            return Err("The receipt was left out: the name of its file is blank or too long.");
        }
        if !is_media_type(&content_type) {
            return Err("The receipt was left out: its media type is none.");
        }
        Ok(Self { file_name, content_type, ..self })
    }
}

/// Whether it is a type and a subtype.
fn is_media_type(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    text.split_once('/').is_some_and(|(kind, sub)| word(kind) && word(sub))
}
