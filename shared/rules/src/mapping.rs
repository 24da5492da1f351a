//! The mapping from Sessional's categories to the organisation's chart of accounts. Always chosen by the
//! user from the live list; an account is remembered by id, because its code can be edited in Xero.

use crate::account::AccountId;
use crate::chart::{self, Choice};
use crate::input;
use crate::organisation::Facts;
use crate::problem::Problem;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use xero::TenantId;

/// The version of the stored mapping.
pub const VERSION: u32 = 1;

/// A category of Sessional that is posted to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpenseCategory {
    /// Fuel.
    Fuel,
    /// Mileage allowance, as an expense amount.
    Mileage,
    /// Equipment.
    Equipment,
    /// Training.
    Training,
    /// Insurance.
    Insurance,
    /// Subscriptions.
    Subscriptions,
    /// Accountants, lawyers and other professionals.
    ProfessionalFees,
    /// Everything else.
    Other,
}

impl ExpenseCategory {
    /// Every category, in the order of the app.
    pub const ALL: [Self; 8] = [
        Self::Fuel,
        Self::Mileage,
        Self::Equipment,
        Self::Training,
        Self::Insurance,
        Self::Subscriptions,
        Self::ProfessionalFees,
        Self::Other,
    ];

    /// The word of the contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fuel => "fuel",
            Self::Mileage => "mileage",
            Self::Equipment => "equipment",
            Self::Training => "training",
            Self::Insurance => "insurance",
            Self::Subscriptions => "subscriptions",
            Self::ProfessionalFees => "professional_fees",
            Self::Other => "other",
        }
    }
}

/// An account of the chart, by Xero's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Xero's id of the account.
    #[schema(value_type = String, format = Uuid)]
    pub account_id: xero::AccountId,
}

/// How expenses become documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "post_as", rename_all = "snake_case", deny_unknown_fields)]
pub enum ExpenseDocuments {
    /// Bills: reconciling the bank feed matches them, and nothing is doubled.
    Bill {
        /// The status that a bill is made with.
        #[serde(default)]
        status: BillStatus,
    },
    /// Spend money from a bank account.
    SpendMoney {
        /// The bank account.
        #[schema(value_type = String, format = Uuid)]
        bank_account_id: xero::AccountId,
    },
}

/// The status that a bill is made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BillStatus {
    /// Approved, awaiting payment.
    #[default]
    Authorised,
    /// A draft for the user to approve.
    Draft,
}

impl Default for ExpenseDocuments {
    fn default() -> Self {
        Self::Bill { status: BillStatus::default() }
    }
}

/// What the user chose, as the app sends it and reads it back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// Where sales invoices are posted.
    #[serde(default)]
    pub sales: Option<Target>,
    /// Where expenses are posted, by category; a category that is absent is skipped.
    #[serde(default)]
    pub expenses: BTreeMap<ExpenseCategory, Target>,
    /// How expenses become documents.
    #[serde(default)]
    pub expense_documents: ExpenseDocuments,
}

/// The stored mapping of one account and organisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    /// Version of the stored form.
    pub version: u32,
    /// Whose it is.
    pub account: AccountId,
    /// The organisation whose chart it names.
    pub tenant: TenantId,
    /// Counts every write.
    pub revision: u64,
    /// When it was chosen.
    pub chosen_at: Timestamp,
    /// What was chosen.
    #[serde(flatten)]
    pub choices: Choices,
}

impl Choices {
    /// Parses the body of `PUT /account-mapping`.
    ///
    /// # Errors
    /// A [`Problem`] that names the field.
    pub fn parse(json: &[u8]) -> Result<Self, Problem> {
        input::read(json).map_err(|wrong| Problem::invalid(wrong.path, wrong.reason))
    }

    /// Checks every choice against the live chart.
    ///
    /// # Errors
    /// The first choice that cannot be posted to, by its field, with the reason.
    pub fn check(&self, facts: &Facts) -> Result<(), Problem> {
        if let Some(target) = self.sales {
            check_target(facts, target.account_id, Choice::Sales, "sales.account_id".to_owned())?;
        }
        for (category, target) in &self.expenses {
            let field = format!("expenses.{}.account_id", category.word());
            check_target(facts, target.account_id, Choice::Expense, field)?;
        }
        match self.expense_documents {
            ExpenseDocuments::Bill { .. } => Ok(()),
            ExpenseDocuments::SpendMoney { bank_account_id } => {
                let field = "expense_documents.bank_account_id".to_owned();
                check_target(facts, bank_account_id, Choice::Bank, field)
            }
        }
    }

    /// The expense categories that have no account.
    pub fn unmapped(&self) -> impl Iterator<Item = ExpenseCategory> {
        ExpenseCategory::ALL.into_iter().filter(|category| !self.expenses.contains_key(category))
    }
}

fn check_target(facts: &Facts, id: xero::AccountId, choice: Choice, field: String) -> Result<(), Problem> {
    let Some(account) = facts.account(id) else {
        return Err(Problem::invalid(field, "This account is not in the organisation's chart of accounts"));
    };
    match chart::why_not(account, choice) {
        None => Ok(()),
        Some(reason) => Err(Problem::invalid(field, reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_category_is_refused_with_its_field() {
        let problem = Choices::parse(br#"{"expenses":{"rent":{"account_id":"x"}}}"#).unwrap_err();
        assert!(problem.field.unwrap().starts_with("expenses"));
    }

    #[test]
    fn expenses_are_authorised_bills_unless_chosen_otherwise() {
        let choices = Choices::parse(b"{}").unwrap();
        assert_eq!(choices.expense_documents, ExpenseDocuments::Bill { status: BillStatus::Authorised });
        assert_eq!(choices.unmapped().count(), 8);
        let draft = Choices::parse(br#"{"expense_documents":{"post_as":"bill","status":"draft"}}"#).unwrap();
        assert_eq!(draft.expense_documents, ExpenseDocuments::Bill { status: BillStatus::Draft });
    }
}
