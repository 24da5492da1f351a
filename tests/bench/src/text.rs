//! Numbers as tables show them.

use rust_decimal::Decimal;

/// A whole number with commas.
#[must_use]
pub fn count(number: Decimal) -> String {
    let digits = number.round().normalize().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with three digits that count, or whole.
#[must_use]
pub fn rounded(number: Decimal) -> String {
    if number >= Decimal::ONE_HUNDRED {
        return count(number);
    }
    number.round_sf(3).unwrap_or(number).normalize().to_string()
}

/// Money, to the cent where there are some.
#[must_use]
pub fn money(sum: Decimal) -> String {
    if sum >= Decimal::ONE_HUNDRED {
        count(sum)
    } else if sum >= Decimal::ONE {
        format!("{:.2}", sum.round_dp(2))
    } else {
        rounded(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_are_exact() {
        assert_eq!(count(Decimal::from(1_234_567)), "1,234,567");
        assert_eq!(count(Decimal::from(100)), "100");
        assert_eq!(rounded(Decimal::new(123_456, 4)), "12.3");
        assert_eq!(rounded(Decimal::new(12_345, 7)), "0.00123");
        assert_eq!(
            (money(Decimal::new(123_456, 4)), money(Decimal::new(5, 3))),
            ("12.35".to_owned(), "0.005".to_owned())
        );
    }
}
