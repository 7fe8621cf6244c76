//! The kinds of fields that classic encodings are made of.
//!
//! The way through: each kind has a reader and, where writing can fail, a writer that says why.
//!
//! What holds: what a reader gives, its writer writes back in the same bits.
//!
//! Not here: where the fields stand ([`super::layout`]).
//!
//! Source: TDS 2.x sections 14.3 and 14.4; ASCII, of which six- and seven-bit characters are the lowest bits.

use crate::bits::{BitWriter, Bits};
use crate::error::{EpcError, field};

/// `value` with exactly `digits` digits; none may be left over.
pub(super) fn decimal(name: &'static str, value: u128, digits: usize) -> Result<String, EpcError> {
    if digits == 0 && value == 0 {
        return Ok(String::new());
    }
    let text = format!("{value:0digits$}");
    if text.len() > digits {
        return Err(field(name, &text, "a number of as many digits as the partition has"));
    }
    Ok(text)
}

/// A decimal text as a number of at most `bits` bits.
pub(super) fn number(
    name: &'static str,
    text: &str,
    bits: u32,
    may_begin_with_zero: bool,
) -> Result<u128, EpcError> {
    if text.is_empty() && may_begin_with_zero {
        return Ok(0);
    }
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain || (!may_begin_with_zero && text.len() > 1 && text.starts_with('0')) {
        return Err(field(name, text, "digits without leading zeros"));
    }
    match text.parse::<u128>() {
        Ok(value) if value >> bits == 0 => Ok(value),
        _ => Err(field(name, text, "a number that fits the bits of this encoding")),
    }
}

/// Characters of seven bits in `count` bits, ended by zeros.
pub(super) fn take_seven_bit(bits: &mut Bits<'_>, count: u32) -> Result<String, EpcError> {
    const ENDED: &str = "characters of seven bits and, after them, zeros only";
    let mut out = String::new();
    let mut is_over = false;
    for _ in 0..count / 7 {
        match bits.take_small(7)? {
            0 => is_over = true,
            _ if is_over => return Err(field("text", &out, ENDED)),
            byte => out.push(char::from(byte)),
        }
    }
    if bits.take(count % 7)? != 0 {
        return Err(field("text", &out, ENDED));
    }
    Ok(out)
}

/// Characters of seven bits, filled up to `count` bits.
pub(super) fn put_seven_bit(bits: &mut BitWriter, text: &str, count: u32) -> Result<(), EpcError> {
    let end = bits.len() + count as usize;
    if text.len() > (count / 7) as usize {
        return Err(field("text", text, "fewer characters, as many as this encoding holds,"));
    }
    text.bytes().for_each(|byte| bits.put(u128::from(byte), 7));
    while bits.len() < end {
        bits.put(0, 1);
    }
    Ok(())
}

/// The character that six bits stand for.
fn six_bit_char(value: u8) -> char {
    // Letters and space lose the bit 0x40, digits and marks have none.
    char::from(if value < 0x20 { value | 0x40 } else { value })
}

/// Characters of six bits, ended by six zeros; at most `longest`.
pub(super) fn take_six_bit(bits: &mut Bits<'_>, longest: usize) -> Result<String, EpcError> {
    let mut out = String::new();
    loop {
        match bits.take_small(6)? {
            0 => return Ok(out),
            _ if out.len() == longest => {
                return Err(field("text", &out, "fewer characters of six bits, ended by zeros,"));
            }
            value => out.push(six_bit_char(value)),
        }
    }
}

/// Characters of six bits, ended by six zeros.
pub(super) fn put_six_bit(bits: &mut BitWriter, text: &str) {
    text.bytes().for_each(|byte| bits.put(u128::from(byte & 0x3F), 6));
    bits.put(0, 6);
}

/// CAGE code or `DoDAAC`: six characters of `width` bits, a space before a code of five.
pub(super) fn take_cage(bits: &mut Bits<'_>, width: u32) -> Result<String, EpcError> {
    let mut out = String::new();
    for _ in 0..6 {
        let value = bits.take_small(width)?;
        if width == 8 && !value.is_ascii() {
            return Err(field("CAGE or DoDAAC", &out, "six ASCII characters"));
        }
        out.push(if width == 6 { six_bit_char(value) } else { char::from(value) });
    }
    Ok(out.strip_prefix(' ').map_or_else(|| out.clone(), str::to_owned))
}

/// CAGE code or `DoDAAC` in six characters of `width` bits.
pub(super) fn put_cage(bits: &mut BitWriter, text: &str, width: u32) {
    for byte in format!("{text:>6}").bytes() {
        bits.put(u128::from(if width == 6 { byte & 0x3F } else { byte }), width);
    }
}
