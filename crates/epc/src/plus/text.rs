//! Text, encoded in the shortest of six alphabets.
//!
//! Three bits of indicator, the number of characters, then the characters:
//!
//! | indicator | alphabet | bits |
//! |---|---|---|
//! | 0 | digits, as one number | 3.32 per digit |
//! | 1 | digits and A to F | 4 per character |
//! | 2 | digits and a to f | 4 per character |
//! | 3 | letters, digits, `-` and `_` | 6 per character |
//! | 4 | ASCII | 7 per character |
//! | 5 | digits, capitals, `-`, `.` and `:` | 16 per 3 characters |
//!
//! What holds: leading zeros are kept, because the number of characters is stored; if two alphabets need the same
//! number of bits, the one with the lower indicator is used.
//!
//! Not here: which values are text ([`super::table`]).
//!
//! Source: TDS 2.x section 14.5.6; tag data tables B and E; RFC 4648 section 5; TDS annex on URN Code 40.

use crate::bits::{BitWriter, Bits, bits_for_digits};
use crate::error::{EpcError, field};

/// Number of alphabets; indicators are 0 to 5.
const ALPHABETS: u8 = 6;

/// Characters of URN Code 40: `A` has the value 1, padding 0.
const URN_CODE_40: &[u8; 39] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789";

const BASE_64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The base64url character for the six bits of `value`.
pub(crate) fn base64_char(value: u8) -> char {
    BASE_64.get(usize::from(value)).map_or('A', |byte| char::from(*byte))
}

/// The six bits of a base64url character; `None` for other bytes.
pub(crate) fn base64_value(byte: u8) -> Option<u8> {
    BASE_64.iter().position(|own| *own == byte).and_then(|place| u8::try_from(place).ok())
}

fn has(alphabet: u8, byte: u8) -> bool {
    match alphabet {
        0 => byte.is_ascii_digit(),
        1 => byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte),
        2 => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        3 => BASE_64.contains(&byte),
        4 => byte.is_ascii_graphic(),
        _ => URN_CODE_40.contains(&byte),
    }
}

fn bits_in(alphabet: u8, length: usize) -> usize {
    match alphabet {
        0 => bits_for_digits(length),
        1 | 2 => length * 4,
        3 => length * 6,
        4 => length * 7,
        _ => length.div_ceil(3) * 16,
    }
}

/// Writes indicator, length and characters.
///
/// - `length_bits`: number of bits of the length field.
pub(super) fn put(bits: &mut BitWriter, text: &str, length_bits: u32) -> Result<(), EpcError> {
    if text.len() >> length_bits != 0 {
        return Err(field("text", text, "fewer characters"));
    }
    let alphabet = (0..ALPHABETS)
        .filter(|alphabet| text.bytes().all(|byte| has(*alphabet, byte)))
        .min_by_key(|alphabet| bits_in(*alphabet, text.len()))
        .ok_or_else(|| field("text", text, "GS1 characters"))?;
    bits.put(u128::from(alphabet), 3);
    bits.put_length(text.len(), length_bits);
    match alphabet {
        0 => bits.put_digits(text),
        1 | 2 => {
            for digit in text.chars() {
                bits.put(u128::from(digit.to_digit(16).unwrap_or(0)), 4);
            }
        }
        3 => put_base64(bits, text),
        4 => text.bytes().for_each(|byte| bits.put(u128::from(byte), 7)),
        _ => put_code_40(bits, text),
    }
    Ok(())
}

/// Reads indicator, length and `shortest` to `longest` characters.
pub(super) fn take(
    bits: &mut Bits<'_>,
    length_bits: u32,
    shortest: usize,
    longest: usize,
) -> Result<String, EpcError> {
    let alphabet = bits.take_small(3)?;
    let length = bits.take_length(length_bits)?;
    if length < shortest || length > longest {
        return Err(field("length of text", &length.to_string(), "a length that its AI allows"));
    }
    let mut out = String::with_capacity(length);
    match alphabet {
        0 => return bits.take_digits("number", length),
        1 | 2 => {
            for _ in 0..length {
                let digit = char::from_digit(u32::from(bits.take_small(4)?), 16).unwrap_or('0');
                out.push(if alphabet == 1 { digit.to_ascii_uppercase() } else { digit });
            }
        }
        3 => return take_base64(bits, length),
        4 => {
            for _ in 0..length {
                out.push(char::from(bits.take_small(7)?));
            }
        }
        5 => return take_code_40(bits, length),
        _ => {
            return Err(field("encoding indicator", &alphabet.to_string(), "0 to 5"));
        }
    }
    Ok(out)
}

/// Writes base64url characters of six bits.
pub(super) fn put_base64(bits: &mut BitWriter, text: &str) {
    for byte in text.bytes() {
        bits.put(u128::from(base64_value(byte).unwrap_or(0)), 6);
    }
}

/// Reads `length` base64url characters of six bits.
pub(super) fn take_base64(bits: &mut Bits<'_>, length: usize) -> Result<String, EpcError> {
    (0..length).map(|_| Ok(base64_char(bits.take_small(6)?))).collect()
}

/// Whether all characters of `text` are in URN Code 40.
pub(super) fn is_code_40(text: &str) -> bool {
    text.bytes().all(|byte| has(5, byte))
}

/// Writes three characters in 16 bits each time, the last group padded.
pub(super) fn put_code_40(bits: &mut BitWriter, text: &str) {
    let value = |byte: Option<&u8>| {
        let place = byte.and_then(|byte| URN_CODE_40.iter().position(|own| own == byte));
        place.map_or(0, |place| place as u128 + 1)
    };
    for three in text.as_bytes().chunks(3) {
        let sum = value(three.first()) * 1600 + value(three.get(1)) * 40 + value(three.get(2));
        bits.put(sum + 1, 16);
    }
}

/// Reads `length` characters, three in 16 bits each time.
pub(super) fn take_code_40(bits: &mut Bits<'_>, length: usize) -> Result<String, EpcError> {
    const EXPECTED: &str = "three characters of URN Code 40 in 16 bits, padding only at the end";
    let mut out = String::with_capacity(length + 2);
    for _ in 0..length.div_ceil(3) {
        let word = bits.take(16)?;
        let sum = word.checked_sub(1).filter(|sum| *sum < 64_000);
        let sum = sum.ok_or_else(|| field("URN Code 40", &word.to_string(), EXPECTED))?;
        for value in [sum / 1600, sum / 40 % 40, sum % 40] {
            let place = usize::try_from(value).unwrap_or(0);
            match place.checked_sub(1).and_then(|place| URN_CODE_40.get(place)) {
                Some(byte) if out.len() < length => out.push(char::from(*byte)),
                None if out.len() == length => {}
                _ => return Err(field("URN Code 40", &word.to_string(), EXPECTED)),
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> (u8, usize, String) {
        let mut bits = BitWriter::default();
        put(&mut bits, text, 7).unwrap();
        let length = bits.len();
        let bytes = bits.into_bytes();
        let mut bits = Bits::new(&bytes, "test");
        let again = take(&mut bits, 7, 0, 127).unwrap();
        assert_eq!(bits.at, length);
        (Bits::new(&bytes, "test").take_small(3).unwrap(), length - 10, again)
    }

    #[test]
    fn the_shortest_alphabet_is_used() {
        for (text, indicator, bits) in [
            ("", 0, 0),
            ("0", 0, 4),
            ("0012", 0, 14),
            ("CAFE", 1, 16),
            ("cafe", 2, 16),
            ("CaFe", 3, 24),
            ("rif981", 3, 36),
            ("XYZ", 5, 16),
            ("XY", 3, 12),
            ("X.Y", 5, 16),
            ("A:B:C", 5, 32),
            ("32a/b", 4, 35),
        ] {
            assert_eq!(written(text), (indicator, bits, text.to_owned()), "{text}");
        }
    }

    #[test]
    fn padding_inside_a_text_is_refused() {
        // Three times padding for a text of one character.
        assert!(take_code_40(&mut Bits::new(&[0, 1], "test"), 1).is_err());
        assert!(take_code_40(&mut Bits::new(&[0, 0], "test"), 1).is_err());
        assert!(take_code_40(&mut Bits::new(&[0xFF, 0xFF], "test"), 3).is_err());
        // "AB" where "A" is announced.
        assert!(take_code_40(&mut Bits::new(&[0x06, 0x91], "test"), 1).is_err());
        assert_eq!(take_code_40(&mut Bits::new(&[0x06, 0x91], "test"), 2).unwrap(), "AB");
    }

    #[test]
    fn indicators_and_lengths_out_of_range_are_refused() {
        for (byte, shortest, longest) in [(0b110_00001, 0, 31), (0b000_00000, 1, 31), (7, 0, 6)] {
            assert!(take(&mut Bits::new(&[byte, 0, 0, 0], "test"), 5, shortest, longest).is_err());
        }
    }

    proptest! {
        #[test]
        fn every_text_decodes_to_what_was_encoded(text in "[!-~]{0,90}|[0-9]{0,90}|[0-9A-F]{0,90}|[A-Z0-9.:-]{0,90}") {
            prop_assert_eq!(written(&text).2, text);
        }
    }
}
