//! The chart of accounts.

use serde::{Deserialize, Serialize};

use super::open::open_enum;
use super::{lenient, shows};
use crate::ids::AccountId;

open_enum! {
    /// Whether an account may be used.
    AccountStatus {
        /// In use.
        Active = "ACTIVE",
        /// Put away; documents that use it are refused.
        Archived = "ARCHIVED",
        /// Gone.
        Deleted = "DELETED",
    }
}

open_enum! {
    /// The side of the books an account is on. Xero computes it; never derive it from the type.
    AccountClass {
        /// What is owned.
        Asset = "ASSET",
        /// What is owed.
        Liability = "LIABILITY",
        /// The owners' share.
        Equity = "EQUITY",
        /// Income.
        Revenue = "REVENUE",
        /// Costs.
        Expense = "EXPENSE",
    }
}

open_enum! {
    /// The kind of an account.
    AccountType {
        /// A bank account, credit card or payment service.
        Bank = "BANK",
        /// A current asset.
        Current = "CURRENT",
        /// A fixed asset.
        Fixed = "FIXED",
        /// Stock.
        Inventory = "INVENTORY",
        /// A non-current asset.
        NonCurrent = "NONCURRENT",
        /// A prepayment.
        Prepayment = "PREPAYMENT",
        /// A current liability.
        CurrLiab = "CURRLIAB",
        /// A liability.
        Liability = "LIABILITY",
        /// A long-term liability.
        TermLiab = "TERMLIAB",
        /// Tax withheld from pay.
        Payg = "PAYG",
        /// Equity.
        Equity = "EQUITY",
        /// Revenue.
        Revenue = "REVENUE",
        /// Sales.
        Sales = "SALES",
        /// Other income.
        OtherIncome = "OTHERINCOME",
        /// An expense.
        Expense = "EXPENSE",
        /// Direct costs.
        DirectCosts = "DIRECTCOSTS",
        /// Overheads.
        Overheads = "OVERHEADS",
        /// Depreciation.
        Depreciatn = "DEPRECIATN",
    }
}

/// An element of `GET /Accounts`, archived ones included.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Account {
    /// The stable name of the account.
    #[serde(rename = "AccountID")]
    pub account_id: AccountId,
    /// What lines refer to. Editable by the user; bank accounts may have none.
    #[serde(default, deserialize_with = "lenient::non_empty")]
    pub code: Option<String>,
    /// The name shown in Xero.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The kind.
    #[serde(default, rename = "Type")]
    pub account_type: AccountType,
    /// The side of the books.
    #[serde(default)]
    pub class: AccountClass,
    /// Whether it may be used.
    #[serde(default)]
    pub status: AccountStatus,
    /// The tax type of a line that names none.
    #[serde(default, deserialize_with = "lenient::non_empty")]
    pub tax_type: Option<String>,
    /// Set for accounts that Xero keeps itself, such as `DEBTORS`; lines must not use them.
    #[serde(default, deserialize_with = "lenient::non_empty")]
    pub system_account: Option<String>,
    /// The tax return's code.
    #[serde(default, deserialize_with = "lenient::non_empty")]
    pub reporting_code: Option<String>,
    /// The user's description.
    #[serde(default, deserialize_with = "lenient::non_empty")]
    pub description: Option<String>,
    /// The currency of a bank account.
    #[serde(default, deserialize_with = "lenient::non_empty")]
    pub currency_code: Option<String>,
    /// `BANK`, `CREDITCARD`, `PAYPAL`, for bank accounts.
    #[serde(default, deserialize_with = "lenient::non_empty")]
    pub bank_account_type: Option<String>,
    /// Whether payments may be booked to it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub enable_payments_to_account: bool,
}

shows!(Account { account_id, code, account_type, class, status, tax_type, system_account });

impl Account {
    /// Whether lines of documents may be booked to it: active, not a bank, not Xero's own.
    pub fn takes_lines(&self) -> bool {
        self.status == AccountStatus::Active
            && self.account_type != AccountType::Bank
            && self.system_account.is_none()
            && self.code.is_some()
    }
}
