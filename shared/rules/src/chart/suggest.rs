//! Suggestions for the mapping, from the organisation's own chart: its names, its types, its reporting codes,
//! and where names say nothing, the codes of Xero's UK default chart. Each says how sure it is and why, and
//! none is ever applied by itself.

use super::{Choice, why_not};
use crate::mapping::ExpenseCategory;
use crate::organisation::Facts;
use serde::Serialize;
use utoipa::ToSchema;
use xero::models::{Account, AccountClass, AccountType};

/// How sure a suggestion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A guess from a code or a broad word.
    Low,
    /// A name that usually means this.
    Medium,
    /// A name or reporting code that says so.
    High,
}

/// A suggestion for one category.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct Suggestion {
    /// `sales` or an expense category.
    pub category: &'static str,
    /// The account.
    #[schema(value_type = String, format = Uuid)]
    pub account_id: xero::AccountId,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why it is suggested.
    pub reason: String,
}

/// What speaks for an account.
struct Evidence {
    confidence: Confidence,
    reason: String,
}

/// Words in the names of accounts that speak for a category, the most telling first.
struct Hints {
    words: &'static [(&'static str, Confidence)],
    /// The account of Xero's UK default chart, by code and name.
    default: (&'static str, &'static str),
}

/// Accounts with these in their names are for something else, whatever else they say.
const NEVER: &[&str] = &["depreciation", "amortisation", "national insurance", "medical insurance", "interest", "tax"];

use Confidence::{High, Low, Medium};

const SALES: Hints = Hints {
    words: &[("sales", High), ("turnover", High), ("fees", Medium), ("income", Medium), ("revenue", Medium)],
    default: ("200", "Sales"),
};

/// One suggestion at most for each category.
pub(super) fn suggest(facts: &Facts) -> Vec<Suggestion> {
    let expenses = ExpenseCategory::ALL.into_iter().filter_map(|category| {
        best(facts, Choice::Expense, &hints(category)).map(|found| suggestion(category.word(), found))
    });
    best(facts, Choice::Sales, &SALES).map(|found| suggestion("sales", found)).into_iter().chain(expenses).collect()
}

fn suggestion(category: &'static str, (account, evidence): (&Account, Evidence)) -> Suggestion {
    Suggestion { category, account_id: account.account_id, confidence: evidence.confidence, reason: evidence.reason }
}

/// The account for which most speaks; of equals, one of the profit and loss before one of the balance sheet,
/// and then the first of the chart.
fn best<'f>(facts: &'f Facts, choice: Choice, hints: &Hints) -> Option<(&'f Account, Evidence)> {
    let mut found: Vec<(&Account, usize, Evidence)> = facts
        .accounts
        .iter()
        .filter(|account| why_not(account, choice).is_none())
        .filter_map(|account| evidence(account, choice, hints).map(|(rank, evidence)| (account, rank, evidence)))
        .collect();
    found.sort_by_key(|(account, rank, evidence)| {
        (std::cmp::Reverse(evidence.confidence), on_balance_sheet(account), *rank)
    });
    found.into_iter().next().map(|(account, _, evidence)| (account, evidence))
}

fn on_balance_sheet(account: &Account) -> bool {
    matches!(account.class, AccountClass::Asset | AccountClass::Liability)
}

/// What speaks for an account, with the rank of the word among its category's.
fn evidence(account: &Account, choice: Choice, hints: &Hints) -> Option<(usize, Evidence)> {
    let name = account.name.to_lowercase();
    if NEVER.iter().any(|word| name.contains(word)) || account.account_type == AccountType::Depreciatn {
        return None;
    }
    by_name(&name, account, hints)
        .or_else(|| by_reporting_code(account, choice))
        .or_else(|| by_code(&name, account, hints))
}

fn by_name(name: &str, account: &Account, hints: &Hints) -> Option<(usize, Evidence)> {
    let (rank, (word, confidence)) = hints.words.iter().enumerate().find(|(_, (word, _))| name.contains(word))?;
    // Something on the balance sheet is seldom where a running cost goes, and other income seldom where sales go.
    let unusual =
        on_balance_sheet(account) || account.account_type == AccountType::OtherIncome || name.contains("other re");
    let confidence = if unusual { Low } else { *confidence };
    Some((rank, Evidence { confidence, reason: format!("Its name contains \u{201c}{word}\u{201d}") }))
}

/// Trading revenue has a reporting code of its own; expenses mostly share one.
fn by_reporting_code(account: &Account, choice: Choice) -> Option<(usize, Evidence)> {
    let code = account.reporting_code.as_deref().filter(|code| code.starts_with("REV.TRA"))?;
    let reason = format!("Xero reports it as trading revenue ({code})");
    (choice == Choice::Sales).then_some((0, Evidence { confidence: High, reason }))
}

/// A name without letters says nothing: then the code may be the one of Xero's UK default chart.
fn by_code(name: &str, account: &Account, hints: &Hints) -> Option<(usize, Evidence)> {
    let (code, meaning) = hints.default;
    let nameless = !name.chars().any(char::is_alphabetic);
    let same = nameless && account.code.as_deref() == Some(code);
    let reason = format!("Its code {code} is \u{201c}{meaning}\u{201d} in Xero\u{2019}s UK chart of accounts");
    same.then_some((0, Evidence { confidence: Low, reason }))
}

fn hints(category: ExpenseCategory) -> Hints {
    match category {
        ExpenseCategory::Fuel => Hints {
            words: &[
                ("fuel", High),
                ("petrol", High),
                ("diesel", High),
                ("motor", Medium),
                ("vehicle", Medium),
                ("travel", Low),
            ],
            default: ("449", "Motor Vehicle Expenses"),
        },
        ExpenseCategory::Mileage => Hints {
            words: &[("mileage", High), ("motor", Medium), ("vehicle", Medium), ("travel", Low)],
            default: ("449", "Motor Vehicle Expenses"),
        },
        ExpenseCategory::Equipment => Hints {
            words: &[("equipment", High), ("tools", Medium), ("hardware", Medium), ("consumables", Low)],
            default: ("463", "IT Software and Consumables"),
        },
        ExpenseCategory::Training => Hints {
            words: &[("training", High), ("education", Medium), ("courses", Medium)],
            default: ("480", "Staff Training"),
        },
        ExpenseCategory::Insurance => Hints { words: &[("insurance", High)], default: ("433", "Insurance") },
        ExpenseCategory::Subscriptions => Hints {
            words: &[("subscription", High), ("membership", Medium), ("software", Medium)],
            default: ("485", "Subscriptions"),
        },
        ExpenseCategory::ProfessionalFees => Hints {
            words: &[
                ("accountancy", High),
                ("professional", High),
                ("accounting", Medium),
                ("legal", Medium),
                ("consult", Medium),
            ],
            default: ("401", "Audit & Accountancy fees"),
        },
        ExpenseCategory::Other => Hints {
            words: &[("general expenses", High), ("sundry", High), ("miscellaneous", Medium), ("other", Low)],
            default: ("429", "General Expenses"),
        },
    }
}

#[cfg(test)]
mod tests;
