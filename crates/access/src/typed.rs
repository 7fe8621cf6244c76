//! Codes that people read, type and say: groups of letters and digits of Crockford's base 32.
//!
//! The way through: [`digits`] reads what was typed, [`grouped`] writes it; [`LongCode`] is the code of 80 bits that a receipt, an owner and
//! their links have.
//!
//! What holds: there is one reading of the alphabet, whoever takes a code: in either case, with or without hyphens and spaces, O for 0 and I
//! or L for 1; reading looks at no more than the code is long.
//!
//! Not here: hidden codes and their check symbol ([`crate::hidden_code`]).
//!
//! Source: Douglas Crockford, "Base 32".

use std::fmt;

/// No letter of it is taken for a digit.
pub const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Digits between two hyphens.
const GROUP: usize = 4;
/// Bytes of a [`LongCode`].
pub const LONG_BYTES: usize = 10;
/// Digits of a [`LongCode`].
const LONG_DIGITS: usize = LONG_BYTES * 8 / 5;

/// The digits of a code, each 0 to 31; none if there are not `count` of them, or a character is none.
#[must_use]
pub fn digits(text: &str, count: usize) -> Option<Vec<u8>> {
    let plain = text.chars().filter(|c| !matches!(c, '-' | ' ')).take(count + 1);
    let digits: Option<Vec<u8>> = plain.map(digit).collect();
    digits.filter(|digits| digits.len() == count)
}

fn digit(c: char) -> Option<u8> {
    let c = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    };
    (0..).zip(ALPHABET).find_map(|(value, &one)| (char::from(one) == c).then_some(value))
}

/// Digits in groups of four, with hyphens between them.
#[must_use]
pub fn grouped(digits: impl IntoIterator<Item = u8>) -> String {
    let mut text = String::new();
    for (place, digit) in digits.into_iter().enumerate() {
        if place > 0 && place % GROUP == 0 {
            text.push('-');
        }
        text.extend(ALPHABET.get(usize::from(digit)).map(|&symbol| char::from(symbol)));
    }
    text
}

/// A code of 80 bits: `XXXX-XXXX-XXXX-XXXX`. It is all that is needed for what it opens, so it is never printed for debugging.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct LongCode(pub [u8; LONG_BYTES]);

impl fmt::Debug for LongCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("LongCode")
    }
}

impl LongCode {
    /// Reads a code as people type it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = digits(text, LONG_DIGITS)?;
        let number = digits.iter().fold(0_u128, |number, &digit| number << 5 | u128::from(digit));
        let mut bytes = [0; LONG_BYTES];
        bytes.copy_from_slice(&number.to_be_bytes()[16 - LONG_BYTES..]);
        Some(Self(bytes))
    }
}

impl fmt::Display for LongCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0.iter().fold(0_u128, |number, &byte| number << 8 | u128::from(byte));
        let digit = |place: usize| {
            let shift = 5 * (LONG_DIGITS - 1 - place);
            u8::try_from(number >> shift & 31).unwrap_or_default()
        };
        out.write_str(&grouped((0..LONG_DIGITS).map(digit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it_and_only_then() {
        let code = LongCode([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x5a, 0xa5]);
        let text = code.to_string();
        assert_eq!((text.len(), text.matches('-').count()), (19, 3), "{text}");
        for (typed, expected) in [
            (text.clone(), Some(code)),
            (text.to_lowercase().replace('-', " "), Some(code)),
            (text.replace('-', ""), Some(code)),
            ("oOo0-OOOO-0000-0000".into(), Some(LongCode::default())),
            ("0000-0000-0000-000i".into(), LongCode::parse("0000-0000-0000-0001")),
            (text[..18].to_owned(), None),
            (format!("{text}0"), None),
            ("U000-0000-0000-0000".into(), None),
            ("é".into(), None),
            (String::new(), None),
            ("x".repeat(10_000), None),
        ] {
            assert_eq!(LongCode::parse(&typed), expected, "{typed}");
        }
        assert_eq!(LongCode([0xff; LONG_BYTES]).to_string(), "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
        assert_eq!(format!("{code:?}"), "LongCode");
    }

    #[test]
    fn every_digit_is_written_and_read_as_itself() {
        let all = grouped(0..32);
        assert_eq!(digits(&all, 32), Some((0..32).collect()));
        assert_eq!(digits(&all, 31), None);
        assert_eq!(digits(&all, 33), None);
        assert_eq!(grouped([32]), "", "what is no digit is left out");
    }
}
