//! Decimal numbers: their digits without exponent.
//!
//! What holds: digits are kept, never floating point; an exponent beyond 400 is left as it is, so that a short text cannot
//! become a long one.
//!
//! Source: RFC 8259 section 6; XML Schema part 2 section 3.2.3.

/// The digits of a JSON number without exponent, which a decimal of XML has not, and which the event hash does
/// not have either.
pub(crate) fn plain(digits: &str) -> String {
    let Some((mantissa, exponent)) = digits.split_once(['e', 'E']) else {
        return digits.to_owned();
    };
    let Some(exponent) = exponent.parse::<i32>().ok().filter(|found| found.abs() <= 400) else {
        return digits.to_owned();
    };
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).unwrap_or_default() + exponent;
    let length = i32::try_from(all.len()).unwrap_or_default();
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    if point <= 0 {
        return format!("{sign}0.{}{all}", zeros(-point));
    }
    if point >= length {
        return format!("{sign}{all}{}", zeros(point - length));
    }
    let (whole, fraction) = all.split_at(usize::try_from(point).unwrap_or_default());
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_exponent_becomes_a_plain_decimal() {
        for (number, expected) in [
            ("12.50", "12.50"),
            ("1e3", "1000"),
            ("-1.25E1", "-12.5"),
            ("1.5e-3", "0.0015"),
            ("125e-2", "1.25"),
            ("0e0", "0"),
            ("1e9999", "1e9999"),
        ] {
            assert_eq!(plain(number), expected, "{number}");
        }
    }
}
