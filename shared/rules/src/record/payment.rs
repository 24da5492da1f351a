//! A payment of a document, as Xero shows it.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xero::PaymentId;

/// A payment. Xero cannot change one: an edited payment is another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShownPayment {
    /// Xero's id.
    #[schema(value_type = Option<String>, format = Uuid)]
    pub id: Option<PaymentId>,
    /// The day it was made.
    pub date: Option<Date>,
    /// How much, in the document's currency.
    pub amount: Decimal,
}
