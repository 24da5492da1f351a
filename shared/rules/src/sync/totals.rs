//! What Xero will compute is compared with what Sessional shows before anything is sent. A difference that rounding
//! alone makes is closed by one line; any other stops the document.

use rust_decimal::Decimal;
use std::collections::BTreeMap;
use xero::models::{LineAmountTypes, NewLineItem};
use xero::money::round2;
use xero::tax::predict_totals;

/// The largest difference that a line may close: Xero's own bound for rounding.
const MAX_ROUNDING: Decimal = Decimal::from_parts(10, 0, 0, false, 2);
/// The largest amount of a line in Xero, 9,999,999,999.99.
const LARGEST_LINE: Decimal = Decimal::from_parts(3_567_587_327, 232, 0, false, 2);
/// The text of the line that closes it.
pub(super) const ROUNDING_TEXT: &str = "Rounding";
/// No tax, in every country that Xero serves.
const NO_TAX: &str = "NONE";

/// How a total that Xero will compute compares with the one that Sessional shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TotalCheck {
    /// The same.
    Equal,
    /// This much is missing in Xero, for rounding tax on the sum and not line by line.
    Rounding(Decimal),
    /// Xero would make it this.
    Differs(Decimal),
    /// It cannot be told before.
    Unknown,
}

/// Compares. `converted` says that prices were converted to Xero's basis, which moves each line by a penny at most.
pub(super) fn check(
    lines: &[NewLineItem],
    basis: &LineAmountTypes,
    shown: Decimal,
    converted: bool,
    rate: impl Fn(&NewLineItem) -> Option<Decimal>,
) -> TotalCheck {
    let Some(computed) = predict_totals(lines, basis, &rate).map(|totals| totals.total) else {
        return TotalCheck::Unknown;
    };
    let missing = shown - computed;
    if missing.is_zero() {
        return TotalCheck::Equal;
    }
    let pennies = Decimal::from(lines.len()) * Decimal::new(1, 2);
    let by_rounding = totals_on_the_sum(lines, basis, rate).contains(&shown) || converted && missing.abs() <= pennies;
    if missing.abs() <= MAX_ROUNDING && by_rounding {
        TotalCheck::Rounding(missing)
    } else {
        TotalCheck::Differs(computed)
    }
}

/// Amounts that Xero takes for no invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AmountError {
    /// It comes to this, which is less than nothing.
    BelowZero(Decimal),
    /// The line of this number, from 1, is larger than a line may be.
    LineTooLarge(usize),
}

/// Finds amounts that Xero would refuse.
pub(super) fn check_amounts(
    lines: &[NewLineItem],
    basis: &LineAmountTypes,
    rate: impl Fn(&NewLineItem) -> Option<Decimal>,
) -> Result<(), AmountError> {
    let is_too_large = |line: &NewLineItem| {
        let amount = line.quantity.unwrap_or(Decimal::ONE).checked_mul(line.unit_amount.unwrap_or_default());
        amount.is_none_or(|amount| round2(amount).abs() > LARGEST_LINE)
    };
    if let Some(index) = lines.iter().position(is_too_large) {
        return Err(AmountError::LineTooLarge(index + 1));
    }
    match predict_totals(lines, basis, rate).map(|totals| totals.total) {
        Some(total) if total < Decimal::ZERO => Err(AmountError::BelowZero(total)),
        Some(_) | None => Ok(()),
    }
}

/// The line that closes a difference of rounding: on the account of the other lines, without tax.
pub(super) fn rounding_line(missing: Decimal, basis: &LineAmountTypes, like: Option<&NewLineItem>) -> NewLineItem {
    NewLineItem {
        description: ROUNDING_TEXT.to_owned(),
        quantity: Some(Decimal::ONE),
        unit_amount: Some(missing),
        account_code: like.and_then(|line| line.account_code.clone()),
        account_id: like.and_then(|line| line.account_id),
        tax_type: (*basis != LineAmountTypes::NoTax).then(|| NO_TAX.to_owned()),
        ..NewLineItem::default()
    }
}

/// What a document comes to where tax is taken of the sum: of each rate's sum, or of all before it is rounded.
fn totals_on_the_sum(
    lines: &[NewLineItem],
    basis: &LineAmountTypes,
    rate: impl Fn(&NewLineItem) -> Option<Decimal>,
) -> Vec<Decimal> {
    if *basis != LineAmountTypes::Exclusive {
        return Vec::new();
    }
    let mut nets: BTreeMap<Decimal, Decimal> = BTreeMap::new();
    for line in lines {
        let (Some(rate), Some(each)) = (rate(line), line.unit_amount) else { continue };
        let amount = line.quantity.unwrap_or(Decimal::ONE).checked_mul(each).map(round2);
        *nets.entry(rate).or_default() += amount.unwrap_or_default();
    }
    let net: Decimal = nets.values().sum();
    let tax = |(rate, net): (&Decimal, &Decimal)| *net * *rate / Decimal::ONE_HUNDRED;
    let by_rate: Decimal = nets.iter().map(tax).map(round2).sum();
    let at_once = round2(nets.iter().map(tax).sum());
    vec![net + by_rate, net + at_once]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lines of three rates; the rate stands in for the tax type.
    fn lines() -> impl Strategy<Value = Vec<NewLineItem>> {
        let line = (1_i64..50_000, 1_i64..2_000_000, prop::sample::select(vec!["20", "5", "0"]));
        let line = line.prop_map(|(quantity, each, percent)| NewLineItem {
            quantity: Some(Decimal::new(quantity, 2)),
            unit_amount: Some(Decimal::new(each, 4)),
            tax_type: Some(percent.to_owned()),
            ..NewLineItem::default()
        });
        prop::collection::vec(line, 1..40)
    }

    fn bases() -> impl Strategy<Value = LineAmountTypes> {
        prop::sample::select(vec![LineAmountTypes::Exclusive, LineAmountTypes::Inclusive, LineAmountTypes::NoTax])
    }

    fn percent(line: &NewLineItem) -> Option<Decimal> {
        line.tax_type.as_deref().map(|tax_type| tax_type.parse().unwrap_or_default())
    }

    fn computed(lines: &[NewLineItem], basis: &LineAmountTypes) -> Decimal {
        predict_totals(lines, basis, percent).unwrap().total
    }

    proptest! {
        #[test]
        fn what_xero_computes_is_never_refused(lines in lines(), basis in bases()) {
            let total = computed(&lines, &basis);
            prop_assert_eq!(check(&lines, &basis, total, false, percent), TotalCheck::Equal);
            prop_assert_eq!(check_amounts(&lines, &basis, percent), Ok(()));
        }

        #[test]
        fn tax_on_the_sum_is_closed_by_one_line_up_to_ten_pence_and_refused_beyond(lines in lines()) {
            let basis = LineAmountTypes::Exclusive;
            let total = computed(&lines, &basis);
            for shown in totals_on_the_sum(&lines, &basis, percent) {
                let expected = match shown - total {
                    missing if missing.is_zero() => TotalCheck::Equal,
                    missing if missing.abs() <= MAX_ROUNDING => TotalCheck::Rounding(missing),
                    _ => TotalCheck::Differs(total),
                };
                prop_assert_eq!(check(&lines, &basis, shown, false, percent), expected);
                if let TotalCheck::Rounding(missing) = expected {
                    let closed = [lines.clone(), vec![rounding_line(missing, &basis, lines.first())]].concat();
                    prop_assert_eq!(computed(&closed, &basis), shown);
                }
            }
        }

        #[test]
        fn any_other_total_is_told_from_rounding(lines in lines(), basis in bases(), pence in 1_i64..100_000) {
            let total = computed(&lines, &basis);
            let shown = total + Decimal::new(pence, 2);
            prop_assume!(!totals_on_the_sum(&lines, &basis, percent).contains(&shown));
            prop_assert_eq!(check(&lines, &basis, shown, false, percent), TotalCheck::Differs(total));
        }
    }

    #[test]
    fn a_refund_and_a_line_beyond_xeros_largest_are_found() {
        let with = |quantity: &str, each: &str| NewLineItem { quantity: quantity.parse().ok(), ..line(each) };
        let rate = |_: &NewLineItem| Some(Decimal::from(20));
        let basis = LineAmountTypes::Exclusive;
        let refund = check_amounts(&[with("-1", "40")], &basis, rate);
        assert_eq!(refund, Err(AmountError::BelowZero(Decimal::from(-48))));
        let large = [with("1", "1"), with("9999999999", "2"), with("-9999999999", "2")];
        assert_eq!(check_amounts(&large, &basis, rate), Err(AmountError::LineTooLarge(2)));
        assert_eq!(check_amounts(&[with("1", "9999999999.99")], &basis, rate), Ok(()));
    }

    fn line(each: &str) -> NewLineItem {
        let (quantity, unit_amount) = (Some(Decimal::ONE), each.parse().ok());
        NewLineItem { quantity, unit_amount, account_code: Some("200".to_owned()), ..NewLineItem::default() }
    }

    fn checked(lines: &[NewLineItem], shown: &str) -> TotalCheck {
        let rate = |_: &NewLineItem| Some(Decimal::from(20));
        check(lines, &LineAmountTypes::Exclusive, shown.parse().unwrap(), false, rate)
    }

    #[test]
    fn a_penny_of_rounding_is_told_from_a_wrong_total() {
        let lines = vec![line("0.33"); 3];
        assert_eq!(checked(&lines, "1.20"), TotalCheck::Equal);
        // 0.99 × 20% = 0.198 → 0.20 on the sum.
        assert_eq!(checked(&lines, "1.19"), TotalCheck::Rounding(Decimal::new(-1, 2)));
        assert_eq!(checked(&lines, "1.21"), TotalCheck::Differs(Decimal::new(120, 2)));
        assert_eq!(checked(&lines, "0.99"), TotalCheck::Differs(Decimal::new(120, 2)));
    }

    #[test]
    fn more_than_ten_pence_is_no_rounding_however_it_came_about() {
        // 100 lines of 0.33: 6.60 on the sum and 7.00 line by line.
        assert_eq!(checked(&vec![line("0.33"); 100], "39.60"), TotalCheck::Differs(Decimal::new(4_000, 2)));
    }

    #[test]
    fn what_closes_it_is_on_the_same_account_and_without_tax() {
        let closing = rounding_line(Decimal::new(-1, 2), &LineAmountTypes::Exclusive, Some(&line("0.33")));
        assert_eq!((closing.account_code.as_deref(), closing.tax_type.as_deref()), (Some("200"), Some("NONE")));
        let closing = rounding_line(Decimal::new(-1, 2), &LineAmountTypes::NoTax, None);
        assert_eq!(closing.tax_type, None);
    }
}
