//! The mapping from Sessional's categories to the organisation's chart of accounts. Always chosen by the
//! user from the live list; an account is remembered by id, because its code can be edited in Xero.

use crate::account::AccountId;
use crate::chart::{self, Choice};
use crate::organisation::Facts;
use crate::problem::{FieldError, Problem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use xero::TenantId;

/// The version of the stored mapping.
pub const VERSION: u32 = 1;

/// How many earlier mappings are kept: far more than anybody looks back at.
pub const EARLIER: usize = 20;

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

/// A choice whose account cannot be posted to any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// `sales` or an expense category.
    pub category: &'static str,
    /// The account's name, where Xero still tells it.
    pub account: Option<String>,
    /// Why not.
    pub reason: &'static str,
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
    /// What was chosen before, newest first; [`EARLIER`] at most.
    #[serde(default)]
    pub earlier: Vec<Earlier>,
}

/// What was chosen before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Earlier {
    /// Its version.
    pub version: u64,
    /// When it was chosen.
    pub chosen_at: Timestamp,
    /// What was chosen.
    #[serde(flatten)]
    pub choices: Choices,
}

impl Mapping {
    /// A mapping of which nothing is stored yet.
    #[must_use]
    pub fn new(account: AccountId, tenant: TenantId, now: Timestamp) -> Self {
        let choices = Choices::default();
        Self { version: VERSION, account, tenant, revision: 0, chosen_at: now, choices, earlier: Vec::new() }
    }

    /// Takes over other choices and keeps the present ones; whether anything changed.
    pub fn change(&mut self, choices: Choices, now: Timestamp) -> bool {
        if self.revision > 0 {
            if self.choices == choices {
                return false;
            }
            let before = std::mem::take(&mut self.choices);
            self.earlier.insert(0, Earlier { version: self.revision, chosen_at: self.chosen_at, choices: before });
            self.earlier.truncate(EARLIER);
        }
        self.choices = choices;
        self.chosen_at = now;
        true
    }
}

impl Choices {
    /// Checks every choice against the live chart.
    ///
    /// # Errors
    /// Every choice that cannot be posted to, by its field, with the reason.
    pub fn check(&self, facts: &Facts) -> Result<(), Problem> {
        let sales = self.sales.map(|target| (target.account_id, Choice::Sales, "sales.account_id".to_owned()));
        let expenses = self.expenses.iter().map(|(category, target)| {
            (target.account_id, Choice::Expense, format!("expenses.{}.account_id", category.word()))
        });
        let bank = match self.expense_documents {
            ExpenseDocuments::Bill { .. } => None,
            ExpenseDocuments::SpendMoney { bank_account_id } => {
                Some((bank_account_id, Choice::Bank, "expense_documents.bank_account_id".to_owned()))
            }
        };
        let targets = sales.into_iter().chain(expenses).chain(bank);
        let errors: Vec<FieldError> =
            targets.filter_map(|(id, choice, field)| check_target(facts, id, choice, field)).collect();
        if errors.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(errors)) }
    }

    /// The choices whose account cannot be posted to any more: it was archived or deleted in Xero, or became
    /// another kind of account.
    #[must_use]
    pub fn broken(&self, facts: &Facts) -> Vec<Broken> {
        let sales = self.sales.map(|target| ("sales", target.account_id, Choice::Sales));
        let expenses = self.expenses.iter().map(|(word, target)| (word.word(), target.account_id, Choice::Expense));
        let judged = sales.into_iter().chain(expenses).filter_map(|(category, id, choice)| {
            let account = facts.account(id);
            let reason = account.map_or(Some("It is deleted in Xero"), |account| chart::why_not(account, choice))?;
            Some(Broken { category, account: account.map(|account| account.name.clone()), reason })
        });
        judged.collect()
    }

    /// The expense categories that have no account.
    pub fn unmapped(&self) -> impl Iterator<Item = ExpenseCategory> {
        ExpenseCategory::ALL.into_iter().filter(|category| !self.expenses.contains_key(category))
    }
}

fn check_target(facts: &Facts, id: xero::AccountId, choice: Choice, field: String) -> Option<FieldError> {
    let reason = match facts.account(id) {
        Some(account) => chart::why_not(account, choice)?,
        None => "This account is not in the organisation's chart of accounts",
    };
    Some(FieldError { field, detail: reason.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_keeps_what_was_chosen_before() {
        let id = |number| xero::AccountId::from_uuid(uuid::Uuid::from_u128(number));
        let sales = |number| Choices { sales: Some(Target { account_id: id(number) }), ..Choices::default() };
        let account = AccountId::parse("acc_1").unwrap();
        let mut mapping = Mapping::new(account, TenantId::from_uuid(uuid::Uuid::nil()), Timestamp::UNIX_EPOCH);
        assert!(mapping.change(sales(1), Timestamp::UNIX_EPOCH));
        mapping.revision = 1;
        assert!(!mapping.change(sales(1), Timestamp::UNIX_EPOCH), "the same again is no change");
        for revision in 2..40 {
            assert!(mapping.change(sales(u128::from(revision)), Timestamp::UNIX_EPOCH));
            mapping.revision = revision;
        }
        assert_eq!((mapping.earlier.len(), mapping.earlier[0].version), (EARLIER, 38));
        assert_eq!(mapping.earlier[0].choices, sales(38));
    }
}
