//! Reads and writes the values of application identifiers (AI).
//!
//! The way through: a [`Format`] is one part, or a part of fixed length followed by another part.
//!
//! What holds: a value that the format cannot represent is refused, so every written value is read back
//! unchanged. Dates have a month from 01 to 12 and a day from 00 to 31, where 00 stands for the whole month; whether
//! the month has that day is not checked.
//!
//! Not here: which identifier has which format ([`super::table`]).
//!
//! Source: TDS 2.3 sections 14.5.2 to 14.5.15.

use super::text;
use crate::bits::{BitWriter, Bits};
use crate::error::{EpcError, field};
use crate::text::{is_digits, is_gs1_text, is_part_text};

/// The format of a value: one part, or a part of fixed length and another part.
pub(super) type Format = (Part, Option<Part>);

/// The format of a part of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A fixed number of digits, four bits each (14.5.4).
    Bcd(usize),
    /// A fixed number of digits, as one number (14.5.2).
    Number(usize),
    /// Text with indicator and length (14.5.6): bits of the length, smallest and largest number of characters.
    Text(u32, usize, usize),
    /// Digits with a length (14.5.13): bits of the length, smallest and largest number of digits.
    Digits(u32, usize, usize),
    /// Digits of four bits, then 15, or 14 and the rest as text (14.5.5). At most 30 characters.
    Delimited,
    /// YYMMDD (14.5.8).
    Date,
    /// `YYMMDDhhmm` (14.5.9).
    Minute,
    /// One date or two (14.5.10).
    DateOrRange,
    /// YYMMDD, optionally with hours, minutes, seconds (14.5.11).
    Moment,
    /// 0 or 1 (14.5.7).
    Bit,
    /// Two capitals (14.5.12).
    Country,
    /// A minus sign or nothing (14.5.14).
    Minus,
    /// `1/3` (14.5.15).
    Sequence,
}

impl Part {
    /// Number of characters; `None` if it varies.
    fn length(self) -> Option<usize> {
        match self {
            Self::Bcd(digits) | Self::Number(digits) => Some(digits),
            _ => None,
        }
    }
}

/// Reads a value.
pub(super) fn take(bits: &mut Bits<'_>, (first, second): Format) -> Result<String, EpcError> {
    let mut out = take_part(bits, first)?;
    if let Some(second) = second {
        out += &take_part(bits, second)?;
    }
    Ok(out)
}

/// Writes a value.
pub(super) fn put(
    bits: &mut BitWriter,
    (first, second): Format,
    value: &str,
) -> Result<(), EpcError> {
    let Some(second) = second else { return put_part(bits, first, value) };
    let length = first.length().unwrap_or_default();
    let (head, tail) = value
        .split_at_checked(length)
        .ok_or_else(|| field("value", value, "at least the digits that its AI starts with"))?;
    put_part(bits, first, head)?;
    put_part(bits, second, tail)
}

fn take_part(bits: &mut Bits<'_>, part: Part) -> Result<String, EpcError> {
    match part {
        Part::Bcd(digits) => bits.take_bcd("value", digits),
        Part::Number(digits) => bits.take_digits("value", digits),
        Part::Text(width, shortest, longest) => {
            let out = text::take(bits, width, shortest, longest)?;
            if is_gs1_text(&out) { Ok(out) } else { Err(field("text", &out, "GS1 characters")) }
        }
        Part::Digits(width, shortest, longest) => {
            let length = bits.take_length(width)?;
            if length < shortest || length > longest {
                return Err(field(
                    "length of digits",
                    &length.to_string(),
                    "a length that its AI allows",
                ));
            }
            bits.take_digits("value", length)
        }
        Part::Delimited => take_delimited(bits),
        Part::Date => take_date(bits),
        Part::Minute => Ok(take_date(bits)? + &take_time(bits, 2)?),
        Part::DateOrRange => {
            let is_range = bits.take(1)? == 1;
            let mut out = take_date(bits)?;
            if is_range {
                out += &take_date(bits)?;
            }
            Ok(out)
        }
        Part::Moment => {
            // 0: hours; 1: hours, minutes; 2: hours, minutes, seconds; 3: no time.
            let fields = (bits.take_length(2)? + 1) % 4;
            Ok(take_date(bits)? + &take_time(bits, fields)?)
        }
        Part::Bit => Ok(bits.take(1)?.to_string()),
        Part::Country => {
            let out = text::take_base64(bits, 2)?;
            check_country(&out).map(|()| out)
        }
        Part::Minus => Ok(if bits.take(1)? == 1 { "-" } else { "" }.to_owned()),
        Part::Sequence => {
            let (one, of) = (bits.take_small(4)?, bits.take_small(4)?);
            let out = format!("{one}/{of}");
            check_sequence(&out).map(|()| out)
        }
    }
}

fn put_part(bits: &mut BitWriter, part: Part, value: &str) -> Result<(), EpcError> {
    let is_digits_of = |count: usize| is_digits(value) && value.len() == count;
    match part {
        Part::Bcd(count) if is_digits_of(count) => bits.put_bcd(value),
        Part::Number(count) if is_digits_of(count) => bits.put_digits(value),
        Part::Bcd(_) | Part::Number(_) => {
            return Err(field("value", value, "the number of digits that its AI has"));
        }
        Part::Text(width, shortest, longest) => {
            if value.len() < shortest || value.len() > longest || !is_gs1_text(value) {
                return Err(field("value", value, "as many GS1 characters as its AI allows"));
            }
            text::put(bits, value, width)?;
        }
        Part::Digits(width, shortest, longest) => {
            let is_formed = value.is_empty() || is_digits(value);
            if value.len() < shortest || value.len() > longest || !is_formed {
                return Err(field("value", value, "as many digits as its AI allows"));
            }
            bits.put_length(value.len(), width);
            bits.put_digits(value);
        }
        Part::Delimited => put_delimited(bits, value)?,
        Part::Date => put_date(bits, value)?,
        Part::Minute => {
            let (date, time) = split_date(value)?;
            put_date(bits, date)?;
            put_time(bits, time, 2)?;
        }
        Part::DateOrRange => put_date_or_range(bits, value)?,
        Part::Moment => put_moment(bits, value)?,
        Part::Bit => put_flag(bits, value, ["0", "1"], "0 or 1")?,
        Part::Country => {
            check_country(value)?;
            text::put_base64(bits, value);
        }
        Part::Minus => put_flag(bits, value, ["", "-"], "digits and an optional minus sign")?,
        Part::Sequence => {
            check_sequence(value)?;
            bits.put_bcd(&value.replace('/', ""));
        }
    }
    Ok(())
}

/// Writes the index of `value` in `values` as one bit.
fn put_flag(
    bits: &mut BitWriter,
    value: &str,
    values: [&str; 2],
    expected: &'static str,
) -> Result<(), EpcError> {
    let index = values.iter().position(|known| *known == value);
    bits.put_length(index.ok_or_else(|| field("value", value, expected))?, 1);
    Ok(())
}

fn put_date_or_range(bits: &mut BitWriter, value: &str) -> Result<(), EpcError> {
    let (from, to) = split_date(value)?;
    bits.put(u128::from(!to.is_empty()), 1);
    put_date(bits, from)?;
    if to.is_empty() { Ok(()) } else { put_date(bits, to) }
}

fn put_moment(bits: &mut BitWriter, value: &str) -> Result<(), EpcError> {
    let (date, time) = split_date(value)?;
    let fields = time.len() / 2;
    if fields > 3 {
        return Err(field("value", value, "YYMMDD and at most hhmmss"));
    }
    bits.put_length((fields + 3) % 4, 2);
    put_date(bits, date)?;
    put_time(bits, time, fields)
}

fn check_country(text: &str) -> Result<(), EpcError> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(field("country", text, "two capitals"))
}

fn check_sequence(text: &str) -> Result<(), EpcError> {
    let is_digit = |byte: &u8| (b'1'..=b'9').contains(byte);
    match text.as_bytes() {
        [one, b'/', of] if is_digit(one) && is_digit(of) => Ok(()),
        _ => Err(field("sequence", text, "two digits from 1 to 9 with / between them")),
    }
}

fn take_delimited(bits: &mut Bits<'_>) -> Result<String, EpcError> {
    const LONGEST: usize = 30;
    let mut out = String::new();
    loop {
        match bits.take_small(4)? {
            digit @ 0..=9 if out.len() < LONGEST => out.push(char::from(b'0' + digit)),
            15 if !out.is_empty() => return Ok(out),
            14 => {
                let longest = LONGEST - out.len();
                out += &text::take(bits, 5, 1, longest)?;
                if is_gs1_text(&out) || is_part_text(&out) {
                    return Ok(out);
                }
                return Err(field("key", &out, "GS1 characters"));
            }
            _ => return Err(field("key", &out, "1 to 30 characters, digits first, then 14 or 15")),
        }
    }
}

fn put_delimited(bits: &mut BitWriter, value: &str) -> Result<(), EpcError> {
    let is_formed = is_gs1_text(value) || is_part_text(value);
    if value.is_empty() || value.len() > 30 || !is_formed {
        return Err(field("key", value, "1 to 30 GS1 characters"));
    }
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    let (head, tail) = value.split_at_checked(digits).unwrap_or_default();
    bits.put_bcd(head);
    if tail.is_empty() {
        bits.put(15, 4);
        return Ok(());
    }
    bits.put(14, 4);
    text::put(bits, tail, 5)
}

/// Splits a value after its first six characters.
fn split_date(value: &str) -> Result<(&str, &str), EpcError> {
    value
        .split_at_checked(6)
        .ok_or_else(|| field("date", value, "YYMMDD, then a time or date if the AI allows it"))
}

/// Reads YYMMDD in 16 bits.
pub(super) fn take_date(bits: &mut Bits<'_>) -> Result<String, EpcError> {
    let (year, month, day) = (bits.take(7)?, bits.take(4)?, bits.take(5)?);
    let out = format!("{year:02}{month:02}{day:02}");
    check_date(&out)?;
    Ok(out)
}

/// Writes YYMMDD in 16 bits.
pub(super) fn put_date(bits: &mut BitWriter, text: &str) -> Result<(), EpcError> {
    for (value, width) in check_date(text)?.into_iter().zip([7, 4, 5]) {
        bits.put(u128::from(value), width);
    }
    Ok(())
}

/// Year of the century, month and day.
fn check_date(text: &str) -> Result<[u8; 3], EpcError> {
    let wrong = || field("date", text, "YYMMDD, month 01 to 12, day 00 to 31");
    let pairs = pairs(text).ok_or_else(wrong)?;
    match pairs[..] {
        [year, month @ 1..=12, day @ 0..=31] => Ok([year, month, day]),
        _ => Err(wrong()),
    }
}

/// Parses numbers of two digits each; `None` if `text` is anything else.
fn pairs(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !(text.is_empty() || is_digits(text)) {
        return None;
    }
    text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok()?.parse().ok()).collect()
}

/// Widths and highest values of hour, minute and second.
const TIME: [(u32, u8); 3] = [(5, 23), (6, 59), (6, 59)];

/// Reads the first `fields` of hour, minute and second.
fn take_time(bits: &mut Bits<'_>, fields: usize) -> Result<String, EpcError> {
    let mut out = String::new();
    for (width, highest) in TIME.into_iter().take(fields) {
        let value = bits.take_small(width)?;
        if value > highest {
            return Err(field("time", &value.to_string(), "hours to 23, minutes, seconds to 59"));
        }
        out.extend([char::from(b'0' + value / 10), char::from(b'0' + value % 10)]);
    }
    Ok(out)
}

fn put_time(bits: &mut BitWriter, text: &str, fields: usize) -> Result<(), EpcError> {
    let wrong = || field("time", text, "hours to 23, minutes, seconds to 59, two digits each");
    let values = pairs(text).filter(|values| values.len() == fields).ok_or_else(wrong)?;
    for (value, (width, highest)) in values.into_iter().zip(TIME) {
        if value > highest {
            return Err(wrong());
        }
        bits.put(u128::from(value), width);
    }
    Ok(())
}
