//! Tax rates. The same code means different rates in different countries: always read the list.

use serde::{Deserialize, Serialize};

use super::account::AccountClass;
use super::lenient;
use super::open::open_enum;
use crate::money::{self, Decimal};

open_enum! {
    /// Whether a rate may be used.
    TaxRateStatus {
        /// In use.
        Active = "ACTIVE",
        /// Gone, and still listed.
        Deleted = "DELETED",
        /// Put away.
        Archived = "ARCHIVED",
        /// Not yet in use.
        Pending = "PENDING",
    }
}

/// An element of `GET /TaxRates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaxRate {
    /// The name shown in Xero.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// What lines refer to, such as `OUTPUT2`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub tax_type: String,
    /// Whether it may be used.
    #[serde(default)]
    pub status: TaxRateStatus,
    /// The percentage, compounded where components compound.
    #[serde(default, with = "money::plain::option")]
    pub effective_rate: Option<Decimal>,
    /// The percentage as shown.
    #[serde(default, with = "money::plain::option")]
    pub display_tax_rate: Option<Decimal>,
    /// Whether it fits asset accounts.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub can_apply_to_assets: bool,
    /// Whether it fits equity accounts.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub can_apply_to_equity: bool,
    /// Whether it fits expense accounts.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub can_apply_to_expenses: bool,
    /// Whether it fits liability accounts.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub can_apply_to_liabilities: bool,
    /// Whether it fits revenue accounts.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub can_apply_to_revenue: bool,
}

impl TaxRate {
    /// Whether it fits accounts of this class. An unknown class fits nothing.
    pub fn can_apply_to(&self, class: &AccountClass) -> bool {
        match class {
            AccountClass::Asset => self.can_apply_to_assets,
            AccountClass::Liability => self.can_apply_to_liabilities,
            AccountClass::Equity => self.can_apply_to_equity,
            AccountClass::Revenue => self.can_apply_to_revenue,
            AccountClass::Expense => self.can_apply_to_expenses,
            AccountClass::Other(_) => false,
        }
    }
}
