//! The tax basis of a document in Xero never changes: Xero answers such a request with an error for ever. Prices are
//! converted into the basis that the document has, so that the line comes to the same.

use rust_decimal::Decimal;
use xero::models::{LineAmountTypes, NewLineItem};
use xero::money::round2;

/// Decimal places of a unit price in Xero.
const PLACES: u32 = 4;

/// Brings lines that were drawn on one basis onto another. False where that cannot be: a document with tax does not
/// become one without, and a rate that is not known converts nothing.
pub(super) fn convert(
    lines: &mut [NewLineItem],
    from: &LineAmountTypes,
    to: &LineAmountTypes,
    rate: impl Fn(&NewLineItem) -> Option<Decimal>,
) -> bool {
    match (from, to) {
        (from, to) if from == to => true,
        (LineAmountTypes::Exclusive, LineAmountTypes::Inclusive) => {
            lines.iter_mut().all(|line| reprice(line, rate(line), |net, rate| net + tax_on(net, rate)))
        }
        (LineAmountTypes::Inclusive, LineAmountTypes::Exclusive) => {
            lines.iter_mut().all(|line| reprice(line, rate(line), |gross, rate| gross - tax_within(gross, rate)))
        }
        (LineAmountTypes::Exclusive | LineAmountTypes::Inclusive, LineAmountTypes::NoTax) => {
            for line in lines {
                line.tax_type = None;
            }
            true
        }
        _ => false,
    }
}

fn reprice(line: &mut NewLineItem, rate: Option<Decimal>, amount: impl Fn(Decimal, Decimal) -> Decimal) -> bool {
    let (Some(each), Some(rate)) = (line.unit_amount, rate) else { return false };
    let quantity = line.quantity.unwrap_or(Decimal::ONE);
    let Some(before) = quantity.checked_mul(each).map(round2) else { return false };
    line.unit_amount = match amount(before, rate).checked_div(quantity) {
        Some(price) => Some(price.round_dp(PLACES)),
        // Of nothing, the price of one plays no part.
        None => Some(each),
    };
    true
}

fn tax_on(net: Decimal, rate: Decimal) -> Decimal {
    round2(net * rate / Decimal::ONE_HUNDRED)
}

fn tax_within(gross: Decimal, rate: Decimal) -> Decimal {
    round2(gross * rate / (Decimal::ONE_HUNDRED + rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use xero::tax::predict_totals;

    fn line(quantity: i64, each: &str) -> NewLineItem {
        let tax_type = Some("OUTPUT2".to_owned());
        let (quantity, unit_amount) = (Some(Decimal::from(quantity)), each.parse().ok());
        NewLineItem { quantity, unit_amount, tax_type, ..NewLineItem::default() }
    }

    fn twenty(_: &NewLineItem) -> Option<Decimal> {
        Some(Decimal::from(20))
    }

    #[test]
    fn a_line_comes_to_the_same_on_either_basis() {
        for (from, to) in [
            (LineAmountTypes::Exclusive, LineAmountTypes::Inclusive),
            (LineAmountTypes::Inclusive, LineAmountTypes::Exclusive),
        ] {
            let mut lines = vec![line(1, "120.00"), line(3, "19.99"), line(2, "-7.77")];
            let before = predict_totals(&lines, &from, twenty).unwrap().total;
            assert!(convert(&mut lines, &from, &to, twenty));
            let after = predict_totals(&lines, &to, twenty).unwrap().total;
            assert!((before - after).abs() <= Decimal::new(3, 2), "{before} became {after}");
        }
    }

    #[test]
    fn an_untaxed_document_stays_untaxed_and_a_taxed_one_taxed() {
        let mut lines = vec![line(1, "100.00")];
        assert!(convert(&mut lines, &LineAmountTypes::Exclusive, &LineAmountTypes::NoTax, twenty));
        assert_eq!(lines.first().and_then(|line| line.tax_type.clone()), None);
        assert!(!convert(&mut lines, &LineAmountTypes::NoTax, &LineAmountTypes::Exclusive, twenty));
    }

    #[test]
    fn of_an_unknown_rate_nothing_is_converted() {
        let mut lines = vec![line(1, "100.00")];
        assert!(!convert(&mut lines, &LineAmountTypes::Exclusive, &LineAmountTypes::Inclusive, |_| None));
    }
}
