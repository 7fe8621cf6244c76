//! The GS1 check digit: modulo 10, weights 3 and 1 from the right.
//!
//! Source: GS1 General Specifications, section 7.9.

/// Returns the check digit for `digits`, which are decimal digits without their check digit.
///
/// `None` if `digits` holds any other character.
///
/// ```
/// assert_eq!(epc::check_digit::of("1061414112345"), Some('9'));
/// ```
#[must_use]
pub fn of(digits: &str) -> Option<char> {
    let mut sum = 0;
    for (place, digit) in digits.chars().rev().enumerate() {
        let weight = if place % 2 == 0 { 3 } else { 1 };
        sum += digit.to_digit(10)? * weight;
    }
    char::from_digit((10 - sum % 10) % 10, 10)
}

/// Whether the last character of `key` is the check digit of the digits before it.
#[must_use]
pub fn is_valid(key: &str) -> bool {
    let mut digits = key.chars();
    let last = digits.next_back();
    last.is_some() && of(digits.as_str()) == last
}

/// `digits` followed by their check digit.
pub(crate) fn append(digits: &str) -> String {
    let check = of(digits).unwrap_or('0');
    format!("{digits}{check}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_keys_have_their_check_digits() {
        for key in ["10614141123459", "4012345000009", "106141412345678908", "95012346"] {
            assert!(is_valid(key), "{key}");
        }
        for key in ["10614141123458", "", "x", "12a4"] {
            assert!(!is_valid(key), "{key}");
        }
    }
}
