//! The GS1 check digit: modulo 10, weights 3 and 1 from the right. That of freight containers: modulo 11, weights 1, 2, 4 …
//!
//! Sources: GS1 General Specifications, section 7.9; ISO 6346, annex A.

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
    for (place, byte) in digits.bytes().rev().enumerate() {
        if !byte.is_ascii_digit() {
            return None;
        }
        let weight = if place % 2 == 0 { 3 } else { 1 };
        sum += u32::from(byte - b'0') * weight;
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

/// Returns the check digit of a freight container: of its owner code, category and serial number, ten characters. TDS does not
/// ask for it, so no URI is refused by it.
///
/// `None` if `code` is anything else than four capitals and six digits.
///
/// ```
/// assert_eq!(epc::check_digit::of_container("CSQU305438"), Some('3'));
/// ```
#[must_use]
pub fn of_container(code: &str) -> Option<char> {
    if code.len() != 10 {
        return None;
    }
    let mut sum = 0;
    for (place, c) in code.chars().enumerate() {
        let value = match c {
            'A'..='Z' if place < 4 => {
                // Letters count from 10, and no letter is a multiple of 11.
                let number = u32::from(c) - u32::from('A');
                10 + number + number.div_ceil(10)
            }
            '0'..='9' if place >= 4 => c.to_digit(10)?,
            _ => return None,
        };
        sum += value << place;
    }
    char::from_digit(sum % 11 % 10, 10)
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
    fn containers_have_the_check_digits_painted_on_them() {
        for code in ["CSQU3054383", "MSCU6639870", "TGHU7599330", "BICU1234565"] {
            let (start, digit) = code.split_at(10);
            assert_eq!(of_container(start).map(String::from).as_deref(), Some(digit), "{code}");
        }
        for code in ["CSQU30543", "CSQ13054380", "csqu305438", "CSQUA05438", "", "CSQU30543é"] {
            assert_eq!(of_container(code), None, "{code}");
        }
    }

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
