//! Payments, as they appear inside an invoice.

use jiff::civil::Date;
use serde::Deserialize;

use super::lenient;
use super::open::open_enum;
use crate::dates;
use crate::ids::PaymentId;
use crate::money::{self, Decimal};

open_enum! {
    /// Whether a payment stands. Inside an invoice it is usually left out.
    PaymentStatus {
        /// It stands.
        Authorised = "AUTHORISED",
        /// It was removed.
        Deleted = "DELETED",
    }
}

/// A payment. A bonus where it is present: "paid" follows from the invoice's own amounts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Payment {
    /// The stable name of the payment.
    #[serde(default, rename = "PaymentID", deserialize_with = "lenient::id")]
    pub payment_id: Option<PaymentId>,
    /// The day it was made.
    #[serde(default, deserialize_with = "dates::date::deserialize")]
    pub date: Option<Date>,
    /// How much, in the invoice's currency.
    #[serde(default, deserialize_with = "money::amount")]
    pub amount: Option<Decimal>,
    /// Whether it stands.
    #[serde(default)]
    pub status: PaymentStatus,
}
