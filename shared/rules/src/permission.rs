//! Permissions at Xero that are asked for only when a choice needs them: the first consent asks for as little as invoices,
//! bills and contacts take.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a choice needs of Xero beyond the usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Expenses as spend money, which are bank transactions.
    SpendMoney,
}

impl Permission {
    /// Xero's granular scope for it.
    #[must_use]
    pub fn scope(self) -> &'static str {
        match self {
            Self::SpendMoney => "accounting.banktransactions",
        }
    }

    /// Why Xero is asked once more, for the user.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Self::SpendMoney => {
                "Spend money is a bank transaction in Xero, and Sessional has not asked for those yet. Allow it in Xero, \
                 then save the mapping again, or choose bills for expenses"
            }
        }
    }
}
