//! Decodes and encodes classic tags: header, filter, partition, and the fields of the schemes up to TDS 1.13.
//!
//! All numbers are big-endian bit fields. The partition value determines how many bits and digits the company
//! prefix has; the rest belongs to the reference (bits/digits):
//!
//! | partition | prefix bits/digits | SGTIN | SSCC, GSRN | SGLN, GDTI, SGCN | GRAI | GIAI-96 | CPI-96 |
//! |---|---|---|---|---|---|---|---|
//! | 0 | 40/12 | 4/1 | 18/5 | 1/0 | 4/0 | 42 | 11/3 |
//! | … | … | … | … | … | … | … | … |
//! | 6 | 20/6 | 24/7 | 38/11 | 21/6 | 24/6 | 62 | 31/9 |
//!
//! The way through: `layout` lists the fields of each encoding, `fields` reads and writes each kind of field.
//!
//! What holds: `decode(encode(x)) == x`; only the lengths that an encoding has are decoded ([`crate::length`]), and
//! bits after the last field are zero; a tag is untrusted input and never causes a panic.
//!
//! Not here: the schemes of TDS 2.x, whose headers start at 0xE6 ([`crate::plus`]).
//!
//! Source: TDS 2.x section 14, tables 14-1 to 14-20. The serial of GDTI-113 has a 1 before its digits, as TDS
//! section 14.3.6 requires; GS1's machine-readable tag data tables omit it.

mod encoding;
mod fields;
mod layout;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::bits::{BitWriter, Bits, from_digits};
use crate::error::{EpcError, field, uri};
use crate::identity::Epc;
use crate::length::Unit;
use crate::scheme::{Parts, Scheme};
use crate::text::is_number;
use fields::{
    decimal, number, put_cage, put_seven_bit, put_six_bit, take_cage, take_seven_bit, take_six_bit,
};
use layout::{Body, PREFIX_BITS, Partitioned, Reference, Serial, find};

pub use encoding::Encoding;

/// The content of a classic tag.
///
/// ```
/// let tag = epc::TagEpc::decode_hex("3074257BF7194E4000001A85")?;
/// assert_eq!(tag.to_tag_uri(), "urn:epc:tag:sgtin-96:3.0614141.812345.6789");
/// assert_eq!(tag.epc.to_uri(), "urn:epc:id:sgtin:0614141.812345.6789");
/// # Ok::<(), epc::EpcError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagEpc {
    /// Filter value, the kind of unit, by which a reader can select tags: 0 to 7; USDoD-96 0 to 15, ADI-var 0
    /// to 63, GID-96 always 0.
    pub filter: u8,
    /// The binary encoding.
    pub encoding: Encoding,
    /// The identity.
    pub epc: Epc,
}

/// Whether `header` belongs to a classic encoding.
pub(crate) fn is_classic(header: u8) -> bool {
    find(|layout| layout.header == header).is_some()
}

impl TagEpc {
    /// Decodes an EPC bank.
    ///
    /// - `bytes`: the bank from its header on, as many 16-bit words as the encoding has: 6 for 96 bits, 13 for 198.
    ///   An encoding whose length varies may be followed by words of zeros.
    ///
    /// # Errors
    ///
    /// [`EpcError::Header`] if the header belongs to no classic encoding; [`EpcError::Length`],
    /// [`EpcError::Words`], [`EpcError::Short`] or [`EpcError::Long`] if the encoding does not have this length;
    /// [`EpcError::Partition`] or [`EpcError::Field`] if a field has a value that the standard does not allow.
    pub fn decode(bytes: &[u8]) -> Result<Self, EpcError> {
        Self::read(Bits::new(bytes, "a tag"), Unit::Word)
    }

    /// Decodes the bits of a tag, which come in such units.
    pub(crate) fn read(mut bits: Bits<'_>, unit: Unit) -> Result<Self, EpcError> {
        let header = bits.take_small(8)?;
        let layout = find(|layout| layout.header == header).ok_or(EpcError::Header(header))?;
        bits.scheme = layout.name;
        match layout.bits() {
            Some(used) => unit.check_fixed(layout.name, used, bits.len)?,
            None => unit.check_whole(layout.name, bits.len)?,
        }
        let filter = bits.take_small(layout.filter_bits)?;
        let epc = match &layout.body {
            Body::Partitioned(fields) => take_partitioned(&mut bits, layout.scheme, fields)?,
            Body::Gid => {
                let [prefix, reference, serial] =
                    [bits.take(28)?, bits.take(24)?, bits.take(36)?].map(|value| value.to_string());
                make(Scheme::Gid, &prefix, &reference, "", &serial)?
            }
            Body::Usdod => {
                let cage = take_cage(&mut bits, 8)?;
                make(Scheme::Usdod, &cage, "", "", &bits.take(36)?.to_string())?
            }
            Body::Adi => {
                let cage = take_cage(&mut bits, 6)?;
                let part = take_six_bit(&mut bits, 32)?;
                let serial = take_six_bit(&mut bits, 30)?;
                make(Scheme::Adi, &cage, &part, "", &serial)?
            }
        };
        bits.check_padding()?;
        if layout.bits().is_none() {
            unit.check_varying(layout.name, bits.at, bits.len)?;
        }
        Ok(Self { filter, encoding: layout.encoding, epc })
    }

    /// Decodes an EPC bank given as hex of either case.
    ///
    /// # Errors
    ///
    /// [`EpcError::Hex`] for other characters; otherwise as [`TagEpc::decode`], also for an odd number of digits.
    pub fn decode_hex(hex: &str) -> Result<Self, EpcError> {
        let (bytes, len) = from_digits(hex)?;
        Self::read(Bits::with_length(&bytes, len, "a tag"), Unit::Word)
    }

    /// Encodes the EPC bank in whole 16-bit words: 12 bytes for 96 bits, 26 for 198.
    ///
    /// # Errors
    ///
    /// [`EpcError::Field`] if the identity does not fit this encoding.
    pub fn encode(&self) -> Result<Vec<u8>, EpcError> {
        Ok(self.write()?.into_words())
    }

    /// Encodes the fields without padding.
    pub(crate) fn write(&self) -> Result<BitWriter, EpcError> {
        let layout = self.encoding.layout();
        if self.epc.scheme() != layout.scheme {
            return Err(field("scheme", self.epc.scheme().name(), "the scheme of the encoding"));
        }
        if self.filter > self.encoding.highest_filter() {
            let expected = "0 to 7 (USDoD 0 to 15, ADI 0 to 63, GID 0)";
            return Err(field("filter", &self.filter.to_string(), expected));
        }
        let (prefix, reference) = (self.epc.company_prefix(), self.epc.reference());
        let serial = self.epc.serial().unwrap_or_default();
        let mut bits = BitWriter::default();
        bits.put(u128::from(layout.header), 8);
        bits.put(u128::from(self.filter), layout.filter_bits);
        match &layout.body {
            Body::Partitioned(fields) => put_partitioned(&mut bits, &self.epc, fields)?,
            Body::Gid => {
                bits.put(number("general manager", prefix, 28, false)?, 28);
                bits.put(number("object class", reference, 24, false)?, 24);
                bits.put(number("serial", serial, 36, false)?, 36);
            }
            Body::Usdod => {
                put_cage(&mut bits, prefix, 8);
                bits.put(number("serial", serial, 36, false)?, 36);
            }
            Body::Adi => {
                put_cage(&mut bits, prefix, 6);
                put_six_bit(&mut bits, reference);
                put_six_bit(&mut bits, serial);
            }
        }
        Ok(bits)
    }

    /// Parses `urn:epc:tag:ENCODING:FILTER.…`; a GID has no filter.
    ///
    /// # Errors
    ///
    /// [`EpcError::Uri`] for any other form or an unknown encoding, [`EpcError::Field`] if a part breaks the rules
    /// of the scheme or does not fit the encoding.
    pub fn from_tag_uri(text: &str) -> Result<Self, EpcError> {
        const FORM: &str = "urn:epc:tag:sgtin-96|sgtin-198|sscc-96|sgln-96|grai-96|giai-96|…:FILTER.PREFIX.REFERENCE[.SERIAL]";
        let wrong = || uri(text, FORM);
        let rest = text.strip_prefix("urn:epc:tag:").ok_or_else(wrong)?;
        let (name, body) = rest.split_once(':').ok_or_else(wrong)?;
        let layout = find(|layout| layout.name == name).ok_or_else(wrong)?;
        let (filter, body) = if layout.filter_bits == 0 {
            (0, body)
        } else {
            let (filter, body) = body.split_once('.').ok_or_else(wrong)?;
            let number = is_number(filter).then(|| filter.parse().ok()).flatten();
            let highest = layout.encoding.highest_filter();
            let number = number.filter(|number| *number <= highest).ok_or_else(|| {
                field("filter", filter, "0 to 7 (USDoD 0 to 15, ADI 0 to 63) without leading zeros")
            })?;
            (number, body)
        };
        let epc = Epc::from_body(layout.scheme, body)?;
        let tag = Self { filter, encoding: layout.encoding, epc };
        tag.encode()?;
        Ok(tag)
    }

    /// The tag URI: `urn:epc:tag:sgtin-96:3.0614141.812345.6789`.
    #[must_use]
    pub fn to_tag_uri(&self) -> String {
        let (name, body) = (self.encoding.name(), self.epc.body());
        if self.encoding.layout().filter_bits == 0 {
            return format!("urn:epc:tag:{name}:{body}");
        }
        format!("urn:epc:tag:{name}:{}.{body}", self.filter)
    }
}

fn make(
    scheme: Scheme,
    prefix: &str,
    reference: &str,
    pieces: &str,
    serial: &str,
) -> Result<Epc, EpcError> {
    Epc::from_parts(scheme, Parts { prefix, reference, pieces, serial })
}

fn take_partitioned(
    bits: &mut Bits<'_>,
    scheme: Scheme,
    fields: &Partitioned,
) -> Result<Epc, EpcError> {
    let partition = bits.take_small(3)?;
    let prefix_bits =
        *PREFIX_BITS.get(usize::from(partition)).ok_or(EpcError::Partition(partition))?;
    let prefix_digits = 12 - usize::from(partition);
    let prefix = decimal("company prefix", bits.take(prefix_bits)?, prefix_digits)?;
    let reference_bits = fields.key_bits.saturating_sub(prefix_bits);
    let digits = scheme.digits().unwrap_or_default().saturating_sub(prefix_digits);
    let mut pieces = String::new();
    let reference = match fields.reference {
        Reference::Digits => decimal("reference", bits.take(reference_bits)?, digits)?,
        Reference::Pieces => {
            let reference = decimal("reference", bits.take(reference_bits)?, digits)?;
            pieces = decimal("piece", bits.take(7)?, 2)?;
            pieces += &decimal("total", bits.take(7)?, 2)?;
            reference
        }
        Reference::Number(digits) => {
            let text = bits.take(reference_bits)?.to_string();
            fitting_number(&text, digits, prefix_digits)?;
            text
        }
        Reference::SevenBit => take_seven_bit(bits, reference_bits)?,
        Reference::SixBit => take_six_bit(bits, 30)?,
    };
    let serial = match fields.serial {
        Serial::None => String::new(),
        Serial::Number(count, limit) => {
            let value = bits.take(count)?;
            below(limit, value)?;
            value.to_string()
        }
        Serial::Digits(count) => {
            let text = bits.take(count)?.to_string();
            let expected = "a number that starts with 1, the mark before the digits";
            text.strip_prefix('1').ok_or_else(|| field("serial", &text, expected))?.to_owned()
        }
        Serial::SevenBit(count) => take_seven_bit(bits, count)?,
    };
    if bits.take(fields.reserved)? != 0 {
        return Err(field("reserved bits", "not zero", "24 zero bits"));
    }
    make(scheme, &prefix, &reference, &pieces, &serial)
}

fn put_partitioned(bits: &mut BitWriter, epc: &Epc, fields: &Partitioned) -> Result<(), EpcError> {
    let (prefix, reference) = (epc.company_prefix(), epc.reference());
    let partition = 12usize.saturating_sub(prefix.len());
    let prefix_bits = PREFIX_BITS.get(partition).copied().unwrap_or_default();
    bits.put(partition as u128, 3);
    bits.put(number("company prefix", prefix, prefix_bits, true)?, prefix_bits);
    let reference_bits = fields.key_bits.saturating_sub(prefix_bits);
    match fields.reference {
        Reference::Digits | Reference::Pieces => {
            bits.put(number("reference", reference, reference_bits, true)?, reference_bits);
        }
        // The number does not keep leading zeros, so a reference that has some is refused.
        Reference::Number(digits) => {
            fitting_number(reference, digits, prefix.len())?;
            bits.put(number("reference", reference, reference_bits, false)?, reference_bits);
        }
        Reference::SevenBit => put_seven_bit(bits, reference, reference_bits)?,
        Reference::SixBit => put_six_bit(bits, reference),
    }
    if fields.reference == Reference::Pieces {
        let (piece, total) = epc.pieces().split_at_checked(2).unwrap_or_default();
        bits.put(number("piece", piece, 7, true)?, 7);
        bits.put(number("total", total, 7, true)?, 7);
    }
    let serial = epc.serial().unwrap_or_default();
    match fields.serial {
        Serial::None => {}
        Serial::Number(count, limit) => {
            let value = number("serial", serial, count, false)?;
            below(limit, value)?;
            bits.put(value, count);
        }
        Serial::Digits(count) => {
            bits.put(number("serial", &format!("1{serial}"), count, false)?, count);
        }
        Serial::SevenBit(count) => put_seven_bit(bits, serial, count)?,
    }
    bits.put(0, fields.reserved);
    Ok(())
}

/// Checks that a numeric reference and the company prefix have at most `digits` digits together.
fn fitting_number(text: &str, digits: usize, prefix_digits: usize) -> Result<(), EpcError> {
    if text.len() + prefix_digits > digits {
        return Err(field("reference", text, "at most the digits that the partition leaves"));
    }
    Ok(())
}

fn below(limit: u64, value: u128) -> Result<(), EpcError> {
    if value >= u128::from(limit) {
        return Err(field("serial", &value.to_string(), "at most 12 digits"));
    }
    Ok(())
}

impl fmt::Display for TagEpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_tag_uri())
    }
}
