//! Hidden codes of items: what is printed under a scratch layer, so that whoever peels it off first can show that it was whole.
//!
//! ```text
//! bits = the first 50 bits of HMAC-SHA256(key, "chopmark.org/hidden-code@v1" LF key of the item LF)
//! code = ten digits of Crockford's base 32, and a check symbol: the sum of digit times place (1 to 10), modulo 31
//! ```
//!
//! What holds: there is no table of codes; an item has one code in every spelling of its number; a code says nothing of that of another item;
//! a digit that was typed wrong is noticed without the key, but for 0 and Z taken for each other; the time of a comparison does not depend on
//! what was guessed; a key is never printed.
//!
//! Not here: the alphabet and how it is read ([`crate::typed`]), first use (`sql::code_uses`), pages (`trace-api`), printing
//! (`chopmark labels`).
//!
//! Source: docs/decisions/0094-hidden-codes.md.

use std::fmt;
use std::sync::Arc;

use ledger::hash::{HmacKey, sha256};

use crate::serial_token::LEAST_TOKEN_KEY;
use crate::typed::{digits, grouped};

/// Digits before the check symbol: 50 bits.
const DIGITS: usize = 10;

/// A code as somebody typed it, whose check symbol fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedCode(String);

impl TypedCode {
    /// Reads a code as people type it ([`digits`]). None if it has another length, a character that no code has, or a check symbol that
    /// does not fit.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = digits(text, DIGITS + 1)?;
        let (number, check) = digits.split_at(DIGITS);
        (check == [check_of(number)]).then(|| Self(written(number)))
    }
}

fn check_of(digits: &[u8]) -> u8 {
    let sum: u32 = (1..).zip(digits).map(|(place, &digit)| place * u32::from(digit)).sum();
    u8::try_from(sum % 31).unwrap_or_default()
}

/// Ten digits with their check symbol, in groups.
fn written(digits: &[u8]) -> String {
    grouped(digits.iter().copied().chain([check_of(digits)]))
}

/// The key under which the hidden codes of a product's items are made.
#[derive(Clone)]
pub struct HiddenCodeKey(Arc<HmacKey>);

impl fmt::Debug for HiddenCodeKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("HiddenCodeKey")
    }
}

impl HiddenCodeKey {
    /// The key in the text of a file, without the white space around it.
    ///
    /// # Errors
    ///
    /// How many bytes it has, if these are fewer than [`LEAST_TOKEN_KEY`].
    pub fn read(text: &str) -> Result<Self, usize> {
        let key = text.trim().as_bytes();
        if key.len() < LEAST_TOKEN_KEY {
            return Err(key.len());
        }
        Ok(Self(Arc::new(HmacKey::new(key))))
    }

    /// The code of an item: `XXXX-XXXX-XXX`.
    ///
    /// - `item`: its URI in any spelling.
    #[must_use]
    pub fn code(&self, item: &str) -> String {
        let text = format!("chopmark.org/hidden-code@v1\n{}\n", epc::thing_key(item));
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0.sign(text.as_bytes())[..8]);
        let bits = u64::from_be_bytes(bytes);
        let digit = |place: usize| u8::try_from(bits >> (59 - 5 * place) & 31).unwrap_or_default();
        written(&std::array::from_fn::<u8, DIGITS, _>(digit))
    }

    /// Whether this is the code of the item.
    ///
    /// - `item`: its URI in any spelling.
    #[must_use]
    pub fn admits(&self, item: &str, typed: &TypedCode) -> bool {
        // Of two hashes it tells nothing how far they are alike.
        sha256(self.code(item).as_bytes()) == sha256(typed.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typed::ALPHABET;

    const ITEM: &str = "urn:epc:id:sgtin:4012345.011111.9876";

    fn key(text: &str) -> HiddenCodeKey {
        HiddenCodeKey::read(text).unwrap()
    }

    #[test]
    fn a_code_is_that_of_its_item_in_every_spelling_and_of_no_other() {
        let one = key("0123456789abcdef0123456789abcdef\n");
        let code = TypedCode::parse(&one.code(ITEM)).unwrap();
        for spelled in [
            "https://brand.example/01/04012345111118/21/9876",
            "urn:epc:id:sgtin:401234.0511111.9876",
        ] {
            assert!(one.admits(spelled, &code), "{spelled}");
        }
        assert!(!one.admits("urn:epc:id:sgtin:4012345.011111.9877", &code));
        assert!(!key("another key of thirty-two bytes.").admits(ITEM, &code));
        assert_eq!(HiddenCodeKey::read(" 0123456789abcdef \n").unwrap_err(), 16);
        assert_eq!(format!("{one:?}"), "HiddenCodeKey");
    }

    #[test]
    fn a_code_is_what_the_description_of_the_module_says() {
        // By Python: hmac.new(b"0123456789abcdef0123456789abcdef", b"chopmark.org/hidden-code@v1\n" + thing_key + b"\n", "sha256").
        let key = key("0123456789abcdef0123456789abcdef");
        assert_eq!(epc::thing_key(ITEM), "https://id.gs1.org/01/04012345111118/21/9876");
        assert_eq!(key.code(ITEM), "6A9Z-XDME-JPB");
    }

    #[test]
    fn a_code_is_read_as_people_type_it_and_a_wrong_digit_is_noticed() {
        let code = key("0123456789abcdef0123456789abcdef").code(ITEM);
        let right = TypedCode::parse(&code);
        assert!(right.is_some() && code.len() == 13);
        for typed in [code.to_lowercase(), code.replace('-', ""), code.replace('-', " - ")] {
            assert_eq!(TypedCode::parse(&typed), right, "{typed}");
        }
        assert_eq!(TypedCode::parse("oOo0-OOOO-ooO"), TypedCode::parse("0000-0000-000"));
        for wrong in
            ["", &code[..12], &format!("{code}0"), "UUUU-UUUU-UUU", "é", &"0".repeat(9_999)]
        {
            assert_eq!(TypedCode::parse(wrong), None, "{wrong}");
        }
        let plain = code.replace('-', "");
        for place in 0..plain.len() {
            for symbol in ALPHABET.map(char::from) {
                let mut other: Vec<char> = plain.chars().collect();
                let was = std::mem::replace(&mut other[place], symbol);
                let is_alike =
                    was == symbol || [was, symbol].iter().all(|c| matches!(c, '0' | 'Z'));
                let other: String = other.iter().collect();
                assert_eq!(TypedCode::parse(&other).is_some(), is_alike, "{plain} {other}");
            }
        }
    }
}
