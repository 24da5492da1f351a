//! What Xero will compute, computed before: each line rounded, its tax rounded, then the sums.
//!
//! For comparing what the user was shown with what Xero will say, never for sending: tax amounts
//! are Xero's to compute, and its total is the truth once a document is posted.

use crate::models::{LineAmountTypes, NewLineItem, TaxRate};
use crate::money::{Decimal, round2};

/// The sums of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Without tax.
    pub sub_total: Decimal,
    /// The tax.
    pub total_tax: Decimal,
    /// With tax.
    pub total: Decimal,
}

/// Predicts a document's sums. `rate` says each line's percentage; without it, or without amounts,
/// there is no prediction.
pub fn predict_totals(
    lines: &[NewLineItem],
    line_amounts: &LineAmountTypes,
    rate: impl Fn(&NewLineItem) -> Option<Decimal>,
) -> Option<Totals> {
    let mut amounts = Decimal::ZERO;
    let mut total_tax = Decimal::ZERO;
    for line in lines {
        let amount = line_amount(line)?;
        let tax = match line_amounts {
            LineAmountTypes::NoTax => Decimal::ZERO,
            LineAmountTypes::Exclusive => tax_on(amount, rate(line)?)?,
            LineAmountTypes::Inclusive => tax_within(amount, rate(line)?)?,
            LineAmountTypes::Other(_) => return None,
        };
        amounts = amounts.checked_add(amount)?;
        total_tax = total_tax.checked_add(tax)?;
    }
    let (sub_total, total) = match line_amounts {
        LineAmountTypes::Inclusive => (amounts.checked_sub(total_tax)?, amounts),
        _ => (amounts, amounts.checked_add(total_tax)?),
    };
    Some(Totals { sub_total, total_tax, total })
}

/// The percentage of a tax type in the organisation's list.
pub fn effective_rate(rates: &[TaxRate], tax_type: &str) -> Option<Decimal> {
    rates.iter().find(|rate| rate.tax_type == tax_type).and_then(|rate| rate.effective_rate)
}

/// A line's own amount. A description alone is worth nothing; a missing quantity is one.
fn line_amount(line: &NewLineItem) -> Option<Decimal> {
    match (line.quantity, line.unit_amount) {
        (quantity, Some(each)) => Some(round2(quantity.unwrap_or(Decimal::ONE).checked_mul(each)?)),
        (None, None) => Some(Decimal::ZERO),
        (Some(_), None) => None,
    }
}

fn tax_on(net: Decimal, rate: Decimal) -> Option<Decimal> {
    Some(round2(net.checked_mul(rate)?.checked_div(Decimal::ONE_HUNDRED)?))
}

fn tax_within(gross: Decimal, rate: Decimal) -> Option<Decimal> {
    let whole = Decimal::ONE_HUNDRED.checked_add(rate)?;
    Some(round2(gross.checked_mul(rate)?.checked_div(whole)?))
}
