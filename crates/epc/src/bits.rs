//! Reads and writes big-endian bit fields of any width.
//!
//! The way through: [`Bits`] reads fields one after the other; [`BitWriter`] appends fields and pads the result
//! to whole 16-bit words, the unit of a tag's memory.
//!
//! What holds: a read past the end changes nothing and is an error that states how many bits are needed; a
//! decimal of any length keeps its leading zeros.
//!
//! Not here: the fields of each scheme ([`crate::tag`], [`crate::plus`]).
//!
//! Source: TDS 2.x sections 14.3.1, 14.5.2 (integers, numeric strings of fixed width).

use crate::error::{EpcError, cut, field};

/// Number of bits that any decimal number of `digits` digits needs: 4 for one digit, 47 for fourteen.
pub(crate) fn bits_for_digits(digits: usize) -> usize {
    if digits == 0 { 0 } else { digits * 3322 / 1000 + 1 }
}

/// Reads bit fields.
#[derive(Debug, Clone)]
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    /// Number of bits.
    pub len: usize,
    /// Index of the next bit.
    pub at: usize,
    /// Index after the last bit that is set.
    end: usize,
    /// Name of the scheme, for errors.
    pub scheme: &'static str,
}

impl<'a> Bits<'a> {
    pub fn new(bytes: &'a [u8], scheme: &'static str) -> Self {
        let last = bytes.iter().enumerate().rev().find(|(_, byte)| **byte != 0);
        let end = last.map_or(0, |(place, byte)| (place + 1) * 8 - byte.trailing_zeros() as usize);
        Self { bytes, len: bytes.len() * 8, at: 0, end, scheme }
    }

    /// The first `len` bits of `bytes`; those after them are zero.
    pub fn with_length(bytes: &'a [u8], len: usize, scheme: &'static str) -> Self {
        let all = Self::new(bytes, scheme);
        Self { len: len.min(all.len), ..all }
    }

    /// Number of bits not yet read.
    pub fn left(&self) -> usize {
        self.len.saturating_sub(self.at)
    }

    fn need(&self, count: usize) -> Result<(), EpcError> {
        if count <= self.left() {
            return Ok(());
        }
        let (scheme, got) = (self.scheme, self.len);
        Err(EpcError::Short { scheme, got, want: self.at.saturating_add(count) })
    }

    fn bit(&mut self) -> bool {
        let byte = self.bytes.get(self.at / 8).copied().unwrap_or(0);
        let bit = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        bit
    }

    /// Reads `count` bits, at most 128.
    pub fn take(&mut self, count: u32) -> Result<u128, EpcError> {
        self.need(count as usize)?;
        Ok((0..count).fold(0, |out, _| out << 1 | u128::from(self.bit())))
    }

    /// Reads `count` bits, at most 8.
    pub fn take_small(&mut self, count: u32) -> Result<u8, EpcError> {
        Ok(u8::try_from(self.take(count)?).unwrap_or(u8::MAX))
    }

    /// Reads `count` bits, at most 8, as a length.
    pub fn take_length(&mut self, count: u32) -> Result<usize, EpcError> {
        Ok(usize::from(self.take_small(count)?))
    }

    /// Reads a number of exactly `digits` digits from [`bits_for_digits`] bits.
    pub fn take_digits(&mut self, name: &'static str, digits: usize) -> Result<String, EpcError> {
        let count = bits_for_digits(digits);
        self.need(count)?;
        let mut decimal = vec![0u8; digits];
        for _ in 0..count {
            let mut carry = u8::from(self.bit());
            for digit in decimal.iter_mut().rev() {
                let doubled = *digit * 2 + carry;
                *digit = doubled % 10;
                carry = doubled / 10;
            }
            if carry != 0 {
                return Err(field(
                    name,
                    "a larger number",
                    "a number of the announced number of digits",
                ));
            }
        }
        Ok(decimal.into_iter().map(|digit| char::from(b'0' + digit)).collect())
    }

    /// Reads `digits` digits of four bits each.
    pub fn take_bcd(&mut self, name: &'static str, digits: usize) -> Result<String, EpcError> {
        let mut out = String::with_capacity(digits);
        for _ in 0..digits {
            match self.take_small(4)? {
                digit @ 0..=9 => out.push(char::from(b'0' + digit)),
                _ => return Err(field(name, &out, "decimal digits of four bits each")),
            }
        }
        Ok(out)
    }

    /// Checks that all remaining bits are zero.
    pub fn check_padding(&self) -> Result<(), EpcError> {
        if self.is_only_padding() {
            return Ok(());
        }
        Err(field("bits after the last field", "1", "zero bits only"))
    }

    /// Whether all remaining bits are zero.
    pub fn is_only_padding(&self) -> bool {
        self.at >= self.end
    }
}

/// Writes bit fields.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    at: usize,
}

impl BitWriter {
    /// Appends the lowest `count` bits of `value`.
    pub fn put(&mut self, value: u128, count: u32) {
        for place in (0..count).rev() {
            self.push(value >> place & 1 == 1);
        }
    }

    fn push(&mut self, bit: bool) {
        if self.at.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if bit && let Some(last) = self.bytes.last_mut() {
            *last |= 0x80 >> (self.at % 8);
        }
        self.at += 1;
    }

    /// Appends a length of `count` bits.
    pub fn put_length(&mut self, length: usize, count: u32) {
        self.put(length as u128, count);
    }

    /// Appends decimal digits as one number in [`bits_for_digits`] bits.
    pub fn put_digits(&mut self, text: &str) {
        let mut decimal: Vec<u8> = text.bytes().map(|byte| byte & 15).collect();
        let mut bits = Vec::new();
        for _ in 0..bits_for_digits(decimal.len()) {
            let mut rest = 0;
            for digit in &mut decimal {
                let value = rest * 10 + *digit;
                *digit = value / 2;
                rest = value % 2;
            }
            bits.push(rest == 1);
        }
        bits.into_iter().rev().for_each(|bit| self.push(bit));
    }

    /// Appends decimal digits, four bits each.
    pub fn put_bcd(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.put(u128::from(byte & 15), 4));
    }

    /// Number of bits written.
    pub fn len(&self) -> usize {
        self.at
    }

    /// Returns the bytes, the last one padded with zero bits.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Returns the bytes, padded with zero bits to whole 16-bit words.
    pub fn into_words(mut self) -> Vec<u8> {
        if self.bytes.len() % 2 == 1 {
            self.bytes.push(0);
        }
        self.bytes
    }
}

/// Decodes hex of either case with any number of digits, and counts its bits: four for each digit. After an odd
/// number of digits the last byte ends in four zero bits.
pub(crate) fn from_digits(text: &str) -> Result<(Vec<u8>, usize), EpcError> {
    let wrong = |_| EpcError::Hex(cut(text));
    let padded = if text.len().is_multiple_of(2) { text } else { &format!("{text}0") };
    Ok((from_hex(padded).map_err(wrong)?, text.len() * 4))
}

/// Decodes hex of either case.
pub(crate) fn from_hex(text: &str) -> Result<Vec<u8>, EpcError> {
    let wrong = || EpcError::Hex(cut(text));
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(wrong());
    }
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| {
            let [high, low] = pair else { return Err(wrong()) };
            let high = char::from(*high).to_digit(16).ok_or_else(wrong)?;
            let low = char::from(*low).to_digit(16).ok_or_else(wrong)?;
            u8::try_from(high * 16 + low).map_err(|_| wrong())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_for_a_number_of_digits_hold_the_largest_such_number() {
        for digits in 1..=38 {
            let largest = 10u128.pow(digits) - 1;
            let want = (128 - largest.leading_zeros()) as usize;
            assert_eq!(bits_for_digits(digits as usize), want, "{digits}");
        }
        // Beyond 128 bits: TDT table B.
        for (digits, want) in [(40, 133), (46, 153), (70, 233), (90, 299)] {
            assert_eq!(bits_for_digits(digits), want, "{digits}");
        }
    }

    #[test]
    fn a_decimal_of_ninety_digits_keeps_its_zeros() {
        for text in ["0", "007", &"9".repeat(90), &format!("{:0>90}", 12)] {
            let mut writer = BitWriter::default();
            writer.put_digits(text);
            assert_eq!(writer.len(), bits_for_digits(text.len()));
            let bytes = writer.into_bytes();
            let mut bits = Bits::new(&bytes, "test");
            assert_eq!(bits.take_digits("number", text.len()).unwrap(), text);
        }
    }

    #[test]
    fn a_number_with_more_digits_than_announced_is_refused() {
        assert!(Bits::new(&[0xF0], "test").take_digits("number", 1).is_err());
        assert!(Bits::new(&[0xA0], "test").take_bcd("number", 1).is_err());
        assert_eq!(Bits::new(&[0x90], "test").take_digits("number", 1).unwrap(), "9");
    }

    #[test]
    fn padding_begins_after_the_last_bit_that_is_set() {
        for (bytes, end) in [(&[][..], 0), (&[0, 0], 0), (&[0x80, 0], 1), (&[1, 0x10, 0], 12)] {
            let mut bits = Bits::new(bytes, "test");
            for at in 0..bytes.len() * 8 {
                assert_eq!(bits.is_only_padding(), at >= end, "{bytes:?} {at}");
                bits.take(1).unwrap();
            }
            assert!(bits.is_only_padding());
        }
    }

    #[test]
    fn reading_past_the_end_states_how_many_bits_are_needed() {
        let mut bits = Bits::new(&[0xFF], "sgtin+");
        assert_eq!(bits.take(5), Ok(31));
        let error = bits.take(4).unwrap_err();
        assert_eq!(error, EpcError::Short { scheme: "sgtin+", got: 8, want: 9 });
        assert_eq!(bits.take(3), Ok(7), "a refused read does not advance");
    }
}
