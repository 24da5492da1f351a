//! The chart of accounts as the app shows it: which account may be chosen for what, why not the others,
//! and a suggestion for each category that is never applied by itself.

mod suggest;

pub use suggest::{Confidence, Suggestion};

use crate::organisation::Facts;
use crate::plan::PlanView;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use xero::models::{Account, AccountClass, AccountStatus, AccountType};

/// What an account is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Lines of sales invoices.
    Sales,
    /// Lines of bills and spend money.
    Expense,
    /// The account that spend money is paid from.
    Bank,
}

/// The answer of `GET /accounts`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Chart {
    /// When Xero told it.
    pub fetched_at: Timestamp,
    /// Every account that is not deleted.
    pub accounts: Vec<ChartAccount>,
    /// One suggestion at most for each category.
    pub suggestions: Vec<Suggestion>,
    /// What the organisation's plan at Xero cannot do; none where it can do everything.
    pub plan: Option<PlanView>,
}

/// An account of the chart.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChartAccount {
    /// Xero's id.
    #[schema(value_type = String, format = Uuid)]
    pub account_id: xero::AccountId,
    /// Its code; bank accounts may have none.
    pub code: Option<String>,
    /// Its name.
    pub name: String,
    /// Xero's class, such as `REVENUE`.
    #[schema(value_type = String)]
    pub class: AccountClass,
    /// Xero's type, such as `OVERHEADS`.
    #[schema(value_type = String)]
    pub r#type: AccountType,
    /// Its default tax type.
    pub tax_type: Option<String>,
    /// What it may be chosen for.
    pub choosable_for: Vec<Choice>,
    /// Why it may not be chosen for the rest.
    pub why_not: BTreeMap<Choice, &'static str>,
}

/// Why an account cannot be chosen for something; none when it can.
#[must_use]
pub fn why_not(account: &Account, choice: Choice) -> Option<&'static str> {
    match account.status {
        AccountStatus::Active => {}
        AccountStatus::Archived => return Some("It is archived in Xero"),
        AccountStatus::Deleted | AccountStatus::Other(_) => return Some("It is deleted in Xero"),
    }
    if account.system_account.is_some() {
        return Some("Xero keeps this account for itself");
    }
    let bank = account.account_type == AccountType::Bank;
    match choice {
        Choice::Bank if bank => None,
        Choice::Bank => Some("It is not a bank account"),
        Choice::Sales | Choice::Expense if bank => Some("Lines cannot be posted to a bank account"),
        Choice::Sales if account.class == AccountClass::Revenue => None,
        Choice::Sales => Some("Sales are posted to a revenue account"),
        Choice::Expense => match account.class {
            AccountClass::Expense | AccountClass::Asset | AccountClass::Liability => None,
            AccountClass::Revenue | AccountClass::Equity | AccountClass::Other(_) => {
                Some("Expenses are posted to an expense, asset or liability account")
            }
        },
    }
}

/// Draws the chart for the app.
#[must_use]
pub fn draw(facts: &Facts) -> Chart {
    let accounts = facts.accounts.iter().filter(|account| account.status != AccountStatus::Deleted);
    Chart {
        fetched_at: facts.fetched_at,
        accounts: accounts.map(draw_account).collect(),
        suggestions: suggest::suggest(facts),
        plan: PlanView::of(&facts.organisation.class),
    }
}

fn draw_account(account: &Account) -> ChartAccount {
    let choices = [Choice::Sales, Choice::Expense, Choice::Bank];
    let choosable_for = choices.into_iter().filter(|choice| why_not(account, *choice).is_none()).collect();
    let why_not = choices.into_iter().filter_map(|choice| Some((choice, why_not(account, choice)?))).collect();
    ChartAccount {
        account_id: account.account_id,
        code: account.code.clone(),
        name: account.name.clone(),
        class: account.class.clone(),
        r#type: account.account_type.clone(),
        tax_type: account.tax_type.clone(),
        choosable_for,
        why_not,
    }
}
