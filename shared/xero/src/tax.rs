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

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::from_str_exact(text).unwrap()
    }

    fn line(quantity: &str, each: &str, tax_type: &str) -> NewLineItem {
        NewLineItem {
            quantity: Some(decimal(quantity)),
            unit_amount: Some(decimal(each)),
            tax_type: Some(tax_type.to_owned()),
            ..NewLineItem::default()
        }
    }

    fn rates() -> Vec<TaxRate> {
        serde_json::from_str(
            r#"[{"Name":"20% (VAT on Income)","TaxType":"OUTPUT2","EffectiveRate":20.0},
                {"Name":"5%","TaxType":"RROUTPUT","EffectiveRate":5.0000},
                {"Name":"No VAT","TaxType":"NONE","EffectiveRate":0}]"#,
        )
        .unwrap()
    }

    fn predict(lines: &[NewLineItem], amounts: LineAmountTypes) -> Option<(String, String, String)> {
        let rates = rates();
        let rate = |line: &NewLineItem| effective_rate(&rates, line.tax_type.as_deref()?);
        let totals = predict_totals(lines, &amounts, rate)?;
        let text = |amount: Decimal| format!("{amount:.2}");
        Some((text(totals.sub_total), text(totals.total_tax), text(totals.total)))
    }

    fn sums(sub_total: &str, tax: &str, total: &str) -> Option<(String, String, String)> {
        Some((sub_total.to_owned(), tax.to_owned(), total.to_owned()))
    }

    #[test]
    fn tax_comes_on_top_of_exclusive_amounts() {
        let lines = [line("3", "150.00", "OUTPUT2")];
        assert_eq!(predict(&lines, LineAmountTypes::Exclusive), sums("450.00", "90.00", "540.00"));
    }

    #[test]
    fn tax_is_taken_out_of_inclusive_amounts() {
        let lines = [line("1", "100.00", "OUTPUT2"), line("1", "21.00", "RROUTPUT")];
        assert_eq!(predict(&lines, LineAmountTypes::Inclusive), sums("103.33", "17.67", "121.00"));
    }

    #[test]
    fn tax_is_rounded_line_by_line_and_not_on_the_sum() {
        // 0.33 × 20% = 0.066 → 0.07 each; on the sum it would be 0.20.
        let lines = vec![line("1", "0.33", "OUTPUT2"); 3];
        assert_eq!(predict(&lines, LineAmountTypes::Exclusive), sums("0.99", "0.21", "1.20"));
    }

    #[test]
    fn a_line_is_rounded_before_its_tax_with_halves_away_from_zero() {
        // 1.5 × 0.0033 = 0.00495 → 0.00; 3 × 0.115 = 0.345 → 0.35, tax 0.07.
        let lines = [line("1.5", "0.0033", "OUTPUT2"), line("3", "0.115", "OUTPUT2")];
        assert_eq!(predict(&lines, LineAmountTypes::Exclusive), sums("0.35", "0.07", "0.42"));
        let credit = [line("1", "-0.125", "RROUTPUT")];
        assert_eq!(predict(&credit, LineAmountTypes::Exclusive), sums("-0.13", "-0.01", "-0.14"));
    }

    #[test]
    fn without_tax_the_rates_do_not_matter() {
        let lines = [line("2", "10.00", "UNKNOWN")];
        assert_eq!(predict(&lines, LineAmountTypes::NoTax), sums("20.00", "0.00", "20.00"));
    }

    #[test]
    fn an_unknown_rate_or_basis_means_no_prediction() {
        let lines = [line("2", "10.00", "UNKNOWN")];
        assert_eq!(predict(&lines, LineAmountTypes::Exclusive), None);
        let lines = [line("2", "10.00", "NONE")];
        assert_eq!(predict(&lines, LineAmountTypes::from("Mixed")), None);
    }

    #[test]
    fn amounts_too_large_for_a_decimal_mean_no_prediction() {
        let lines = [line("79228162514264337593543950335", "2", "OUTPUT2")];
        assert_eq!(predict(&lines, LineAmountTypes::Exclusive), None);
    }
}
