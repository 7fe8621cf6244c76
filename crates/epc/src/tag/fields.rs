//! The kinds of fields in classic encodings.
//!
//! The way through: each kind has a function that reads it and one that writes it.
//!
//! What holds: writing a value that was read gives the same bits.
//!
//! Not here: which encoding has which fields ([`super::layout`]).
//!
//! Source: TDS 2.x sections 14.3 and 14.4. Six- and seven-bit characters are the lowest bits of ASCII.

use crate::bits::{BitWriter, Bits};
use crate::error::{EpcError, field};

/// Formats `value` with exactly `digits` digits; an error if it has more.
pub(super) fn decimal(name: &'static str, value: u128, digits: usize) -> Result<String, EpcError> {
    if digits == 0 && value == 0 {
        return Ok(String::new());
    }
    let text = format!("{value:0digits$}");
    if text.len() > digits {
        return Err(field(name, &text, "a number of at most the digits that the partition leaves"));
    }
    Ok(text)
}

/// Parses a decimal text as a number of at most `bits` bits.
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

/// Reads characters of seven bits, padded with zero bits to `count` bits.
pub(super) fn take_seven_bit(bits: &mut Bits<'_>, count: u32) -> Result<String, EpcError> {
    const ENDED: &str = "characters of seven bits, then only zero bits";
    let mut out = String::new();
    let mut is_ended = false;
    for _ in 0..count / 7 {
        match bits.take_small(7)? {
            0 => is_ended = true,
            _ if is_ended => return Err(field("text", &out, ENDED)),
            byte => out.push(char::from(byte)),
        }
    }
    if bits.take(count % 7)? != 0 {
        return Err(field("text", &out, ENDED));
    }
    Ok(out)
}

/// Writes characters of seven bits, padded with zero bits to `count` bits.
pub(super) fn put_seven_bit(bits: &mut BitWriter, text: &str, count: u32) -> Result<(), EpcError> {
    let end = bits.len() + count as usize;
    if text.len() > (count / 7) as usize {
        return Err(field("text", text, "at most the characters that this encoding holds"));
    }
    text.bytes().for_each(|byte| bits.put(u128::from(byte), 7));
    while bits.len() < end {
        bits.put(0, 1);
    }
    Ok(())
}

/// The character that six bits stand for.
fn six_bit_char(value: u8) -> char {
    // ASCII letters lose their bit 0x40; digits, punctuation and space do not have it.
    char::from(if value < 0x20 { value | 0x40 } else { value })
}

/// Reads at most `longest` characters of six bits, ended by six zero bits.
pub(super) fn take_six_bit(bits: &mut Bits<'_>, longest: usize) -> Result<String, EpcError> {
    let mut out = String::new();
    loop {
        match bits.take_small(6)? {
            0 => return Ok(out),
            _ if out.len() == longest => {
                return Err(field(
                    "text",
                    &out,
                    "fewer characters of six bits, ended by zero bits",
                ));
            }
            value => out.push(six_bit_char(value)),
        }
    }
}

/// Writes characters of six bits, ended by six zero bits.
pub(super) fn put_six_bit(bits: &mut BitWriter, text: &str) {
    text.bytes().for_each(|byte| bits.put(u128::from(byte & 0x3F), 6));
    bits.put(0, 6);
}

/// Reads a CAGE code or `DoDAAC`: six characters of `width` bits, of which the first is a space if the code has
/// five.
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

/// Writes a CAGE code or `DoDAAC` as six characters of `width` bits.
pub(super) fn put_cage(bits: &mut BitWriter, text: &str, width: u32) {
    for byte in format!("{text:>6}").bytes() {
        bits.put(u128::from(if width == 6 { byte & 0x3F } else { byte }), width);
    }
}
