//! The chart of accounts as the app shows it: which account may be chosen for what, why not the others,
//! and a suggestion for each category that is never applied by itself.

use crate::mapping::ExpenseCategory;
use crate::organisation::Facts;
use jiff::Timestamp;
use serde::Serialize;
use xero::models::{Account, AccountClass, AccountStatus, AccountType};

/// What an account is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Serialize)]
pub struct Chart {
    /// When Xero told it.
    pub fetched_at: Timestamp,
    /// Every account that is not deleted.
    pub accounts: Vec<ChartAccount>,
    /// One suggestion at most for each category.
    pub suggestions: Vec<Suggestion>,
}

/// An account of the chart.
#[derive(Debug, Serialize)]
pub struct ChartAccount {
    /// Xero's id.
    pub account_id: xero::AccountId,
    /// Its code; bank accounts may have none.
    pub code: Option<String>,
    /// Its name.
    pub name: String,
    /// Xero's class.
    pub class: AccountClass,
    /// Xero's type.
    pub r#type: AccountType,
    /// Its default tax type.
    pub tax_type: Option<String>,
    /// What it may be chosen for.
    pub choosable_for: Vec<Choice>,
    /// Why it may be chosen for nothing.
    pub why_not: Option<&'static str>,
}

/// A suggestion for one category.
#[derive(Debug, PartialEq, Serialize)]
pub struct Suggestion {
    /// `sales` or an expense category.
    pub category: &'static str,
    /// The account.
    pub account_id: xero::AccountId,
    /// Why it is suggested.
    pub reason: String,
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
    Chart { fetched_at: facts.fetched_at, accounts: accounts.map(draw_account).collect(), suggestions: suggest(facts) }
}

fn draw_account(account: &Account) -> ChartAccount {
    let choices = [Choice::Sales, Choice::Expense, Choice::Bank];
    let choosable_for: Vec<Choice> = choices.into_iter().filter(|choice| why_not(account, *choice).is_none()).collect();
    let why_not = if choosable_for.is_empty() { why_not(account, Choice::Expense) } else { None };
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

fn suggest(facts: &Facts) -> Vec<Suggestion> {
    let sales = named(facts, Choice::Sales, &["sales", "fees", "income", "revenue"])
        .map(|(account, word)| suggestion("sales", account, word));
    let expenses = ExpenseCategory::ALL.into_iter().filter_map(|category| {
        named(facts, Choice::Expense, words_for(category))
            .map(|(account, word)| suggestion(category.word(), account, word))
    });
    sales.into_iter().chain(expenses).collect()
}

fn suggestion(category: &'static str, account: &Account, word: &str) -> Suggestion {
    Suggestion { category, account_id: account.account_id, reason: format!("Its name contains \u{201c}{word}\u{201d}") }
}

/// The first choosable account whose name contains one of the words, in the words' order.
fn named<'f>(facts: &'f Facts, choice: Choice, words: &[&'static str]) -> Option<(&'f Account, &'static str)> {
    words.iter().find_map(|word| {
        let fits =
            |account: &&Account| why_not(account, choice).is_none() && account.name.to_lowercase().contains(word);
        facts.accounts.iter().find(fits).map(|account| (account, *word))
    })
}

fn words_for(category: ExpenseCategory) -> &'static [&'static str] {
    match category {
        ExpenseCategory::Fuel => &["fuel", "motor vehicle", "vehicle", "travel"],
        ExpenseCategory::Mileage => &["mileage", "motor vehicle", "travel"],
        ExpenseCategory::Equipment => &["equipment", "tools"],
        ExpenseCategory::Training => &["training", "education"],
        ExpenseCategory::Insurance => &["insurance"],
        ExpenseCategory::Subscriptions => &["subscription", "software"],
        ExpenseCategory::ProfessionalFees => {
            &["audit & accountancy", "accountancy", "legal", "professional", "consulting"]
        }
        ExpenseCategory::Other => &["general expenses", "sundry", "other"],
    }
}
