//! The bits on a tag: header, filter, partition, and the fields of the six schemes read and written here.
//!
//! All numbers are big-endian bit fields. The partition value tells how many bits and digits the company
//! prefix has; what is left belongs to the reference:
//!
//! | partition | prefix bits/digits | SGTIN | SSCC | SGLN | GRAI | GIAI-96 |
//! |---|---|---|---|---|---|---|
//! | 0 | 40/12 | 4/1 | 18/5 | 1/0 | 4/0 | 42 |
//! | … | … | … | … | … | … | … |
//! | 6 | 20/6 | 24/7 | 38/11 | 21/6 | 24/6 | 62 |
//!
//! What holds: `decode(encode(x)) == x`; a reader pads to 16-bit words, so zero bits after the scheme's own
//! are passed over and others refused; a tag is untrusted input and never panics.
//!
//! Not here: schemes with other headers; they go into files beside this one.
//!
//! Source: TDS 2.x section 14, tables 14-1 to 14-20.

use std::fmt;

use crate::error::{EpcError, cut, field, uri};
use crate::identity::{Epc, Scheme};

/// How an identity is written on a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// Header 0x30, serial below 2^38.
    Sgtin96,
    /// Header 0x36, serial of up to 20 characters.
    Sgtin198,
    /// Header 0x31.
    Sscc96,
    /// Header 0x32, extension below 2^41.
    Sgln96,
    /// Header 0x33, serial below 2^38.
    Grai96,
    /// Header 0x34, numeric reference.
    Giai96,
}

/// One row of the scheme table.
struct Layout {
    encoding: Encoding,
    header: u8,
    name: &'static str,
    scheme: Scheme,
    /// Bits of prefix and reference together.
    key_bits: u32,
    /// Bits of the serial; 0 if there is none, 140 if it is text.
    serial_bits: u32,
    /// All bits.
    bits: usize,
}

/// The schemes, by header.
const LAYOUTS: [Layout; 6] = [
    Layout {
        encoding: Encoding::Sgtin96,
        header: 0x30,
        name: "sgtin-96",
        scheme: Scheme::Sgtin,
        key_bits: 44,
        serial_bits: 38,
        bits: 96,
    },
    Layout {
        encoding: Encoding::Sscc96,
        header: 0x31,
        name: "sscc-96",
        scheme: Scheme::Sscc,
        key_bits: 58,
        serial_bits: 0,
        bits: 96,
    },
    Layout {
        encoding: Encoding::Sgln96,
        header: 0x32,
        name: "sgln-96",
        scheme: Scheme::Sgln,
        key_bits: 41,
        serial_bits: 41,
        bits: 96,
    },
    Layout {
        encoding: Encoding::Grai96,
        header: 0x33,
        name: "grai-96",
        scheme: Scheme::Grai,
        key_bits: 44,
        serial_bits: 38,
        bits: 96,
    },
    Layout {
        encoding: Encoding::Giai96,
        header: 0x34,
        name: "giai-96",
        scheme: Scheme::Giai,
        key_bits: 82,
        serial_bits: 0,
        bits: 96,
    },
    Layout {
        encoding: Encoding::Sgtin198,
        header: 0x36,
        name: "sgtin-198",
        scheme: Scheme::Sgtin,
        key_bits: 44,
        serial_bits: 140,
        bits: 198,
    },
];

/// Bits of the company prefix, by partition; its digits are 12 minus the partition.
const PREFIX_BITS: [u32; 7] = [40, 37, 34, 30, 27, 24, 20];

impl Encoding {
    fn layout(self) -> &'static Layout {
        LAYOUTS.iter().find(|layout| layout.encoding == self).unwrap_or(&LAYOUTS[0])
    }

    /// The encoding's name in tag URIs.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.layout().name
    }
}

/// An identity as a tag carries it.
///
/// ```
/// let tag = epc::TagEpc::decode_hex("3074257BF7194E4000001A85")?;
/// assert_eq!(tag.to_tag_uri(), "urn:epc:tag:sgtin-96:3.0614141.812345.6789");
/// assert_eq!(tag.epc.to_uri(), "urn:epc:id:sgtin:0614141.812345.6789");
/// # Ok::<(), epc::EpcError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagEpc {
    /// Filter value, 0 to 7: what kind of unit it is, for readers that choose.
    pub filter: u8,
    /// How it is written.
    pub encoding: Encoding,
    /// What it names.
    pub epc: Epc,
}

/// Reads bit fields.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next `count` bits, at most 128; bits past the end read as zero, lengths are checked before.
    fn take(&mut self, count: u32) -> u128 {
        let mut out = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8).copied().unwrap_or(0);
            out = out << 1 | u128::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        out
    }

    fn take_small(&mut self, count: u32) -> u8 {
        u8::try_from(self.take(count)).unwrap_or(0)
    }
}

/// Writes bit fields.
#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    at: usize,
}

impl BitWriter {
    fn put(&mut self, value: u128, count: u32) {
        for place in (0..count).rev() {
            if self.at.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if value >> place & 1 == 1
                && let Some(last) = self.bytes.last_mut()
            {
                *last |= 0x80 >> (self.at % 8);
            }
            self.at += 1;
        }
    }

    /// The bytes, padded to whole 16-bit words.
    fn finish(mut self) -> Vec<u8> {
        if self.bytes.len() % 2 == 1 {
            self.bytes.push(0);
        }
        self.bytes
    }
}

impl TagEpc {
    /// Reads the EPC bank.
    ///
    /// - `bytes`: the bank from its header on; zero bits after the scheme's own are passed over.
    ///
    /// # Errors
    ///
    /// [`EpcError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, EpcError> {
        let header =
            *bytes.first().ok_or(EpcError::Length { scheme: "a tag", got: 0, want: 96 })?;
        let layout = LAYOUTS.iter().find(|l| l.header == header).ok_or(EpcError::Header(header))?;
        let wrong_length =
            || EpcError::Length { scheme: layout.name, got: bytes.len() * 8, want: layout.bits };
        if bytes.len() * 8 < layout.bits {
            return Err(wrong_length());
        }
        let mut padding = Bits { bytes, at: layout.bits };
        while padding.at < bytes.len() * 8 {
            if padding.take(1) != 0 {
                return Err(wrong_length());
            }
        }
        let mut bits = Bits { bytes, at: 8 };
        let filter = bits.take_small(3);
        let partition = bits.take_small(3);
        let prefix_bits =
            *PREFIX_BITS.get(usize::from(partition)).ok_or(EpcError::Partition(partition))?;
        let prefix_digits = 12 - usize::from(partition);
        let prefix = decimal("company prefix", bits.take(prefix_bits), prefix_digits)?;
        let value = bits.take(layout.key_bits - prefix_bits);
        let reference = match layout.scheme.digits() {
            Some(total) => decimal("reference", value, total - prefix_digits)?,
            None => value.to_string(),
        };
        let serial = match layout.serial_bits {
            0 => String::new(),
            140 => seven_bit_text(&mut bits)?,
            count => bits.take(count).to_string(),
        };
        if layout.encoding == Encoding::Sscc96 && bits.take(24) != 0 {
            return Err(field("reserved bits", "not zero", "24 zero bits"));
        }
        let epc = Epc::new(layout.scheme, &prefix, &reference, &serial)?;
        Ok(Self { filter, encoding: layout.encoding, epc })
    }

    /// Reads the EPC bank from hex, of either case.
    ///
    /// # Errors
    ///
    /// [`EpcError`].
    pub fn decode_hex(hex: &str) -> Result<Self, EpcError> {
        Self::decode(&from_hex(hex)?)
    }

    /// Writes the EPC bank, whole 16-bit words: 12 bytes for 96 bits, 26 for 198.
    ///
    /// # Errors
    ///
    /// [`EpcError::Field`] if the identity does not fit this encoding.
    pub fn encode(&self) -> Result<Vec<u8>, EpcError> {
        let layout = self.encoding.layout();
        if self.epc.scheme() != layout.scheme {
            return Err(field("scheme", self.epc.scheme().name(), "the scheme of the encoding"));
        }
        if self.filter > 7 {
            return Err(field("filter", &self.filter.to_string(), "0 to 7"));
        }
        let prefix = self.epc.company_prefix();
        let partition = 12 - prefix.len();
        let prefix_bits = PREFIX_BITS[partition];
        let mut bits = BitWriter::default();
        bits.put(u128::from(layout.header), 8);
        bits.put(u128::from(self.filter), 3);
        bits.put(partition as u128, 3);
        bits.put(number("company prefix", prefix, prefix_bits, true)?, prefix_bits);
        let reference_bits = layout.key_bits - prefix_bits;
        // A reference of fixed length may begin with zeros; an asset reference may not, they would be lost.
        let is_fixed = layout.scheme.digits().is_some();
        let reference = self.epc.reference();
        bits.put(number("reference", reference, reference_bits, is_fixed)?, reference_bits);
        let serial = self.epc.serial().unwrap_or_default();
        match layout.serial_bits {
            0 => {}
            140 => {
                for place in 0..20 {
                    let byte = serial.as_bytes().get(place).copied().unwrap_or(0);
                    bits.put(u128::from(byte), 7);
                }
            }
            count => bits.put(number("serial", serial, count, false)?, count),
        }
        if layout.encoding == Encoding::Sscc96 {
            bits.put(0, 24);
        }
        Ok(bits.finish())
    }

    /// Reads `urn:epc:tag:SCHEME:FILTER.…`.
    ///
    /// # Errors
    ///
    /// [`EpcError`], also if the identity does not fit the encoding.
    pub fn from_tag_uri(text: &str) -> Result<Self, EpcError> {
        const FORM: &str = "urn:epc:tag:sgtin-96|sgtin-198|sscc-96|sgln-96|grai-96|giai-96:FILTER.PREFIX.REFERENCE[.SERIAL]";
        let wrong = || uri(text, FORM);
        let rest = text.strip_prefix("urn:epc:tag:").ok_or_else(wrong)?;
        let (name, body) = rest.split_once(':').ok_or_else(wrong)?;
        let layout = LAYOUTS.iter().find(|layout| layout.name == name).ok_or_else(wrong)?;
        let (filter, body) = body.split_once('.').ok_or_else(wrong)?;
        let filter = match filter.as_bytes() {
            [digit @ b'0'..=b'7'] => digit - b'0',
            _ => return Err(field("filter", filter, "one digit, 0 to 7,")),
        };
        let epc = Epc::from_body(layout.scheme, body)?;
        let tag = Self { filter, encoding: layout.encoding, epc };
        tag.encode()?;
        Ok(tag)
    }

    /// `urn:epc:tag:…`.
    #[must_use]
    pub fn to_tag_uri(&self) -> String {
        format!("urn:epc:tag:{}:{}.{}", self.encoding.name(), self.filter, self.epc.body())
    }
}

impl fmt::Display for TagEpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_tag_uri())
    }
}

/// `value` with exactly `digits` digits; none may be left over.
fn decimal(name: &'static str, value: u128, digits: usize) -> Result<String, EpcError> {
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
fn number(
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

/// Twenty characters of seven bits, ended by zeros.
fn seven_bit_text(bits: &mut Bits<'_>) -> Result<String, EpcError> {
    const ENDED: &str = "characters of seven bits and, after them, zeros only";
    let mut out = String::new();
    let mut is_over = false;
    for _ in 0..20 {
        match bits.take_small(7) {
            0 => is_over = true,
            _ if is_over => return Err(field("serial", &out, ENDED)),
            byte => out.push(char::from(byte)),
        }
    }
    Ok(out)
}

/// Bytes of hex of either case.
pub(crate) fn from_hex(text: &str) -> Result<Vec<u8>, EpcError> {
    let wrong = || EpcError::Hex(cut(text));
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(wrong());
    }
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| {
            let high = char::from(pair[0]).to_digit(16).ok_or_else(wrong)?;
            let low = char::from(pair[1]).to_digit(16).ok_or_else(wrong)?;
            u8::try_from(high * 16 + low).map_err(|_| wrong())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |out, byte| out + &format!("{byte:02X}"))
    }

    #[test]
    fn published_examples_read_and_write() {
        // TDS 2.x, annex E.3.
        for (hex_text, uri) in [
            ("3074257BF7194E4000001A85", "urn:epc:tag:sgtin-96:3.0614141.812345.6789"),
            (
                "3674257BF6B7A659B2C2BF1000000000000000000000000000 00",
                "urn:epc:tag:sgtin-198:3.0614141.712345.32a%2Fb",
            ),
            ("3174257BF4499602D2000000", "urn:epc:tag:sscc-96:3.0614141.1234567890"),
            ("3274257BF46072000000162E", "urn:epc:tag:sgln-96:3.0614141.12345.5678"),
            ("3374257BF40C0E400000162E", "urn:epc:tag:grai-96:3.0614141.12345.5678"),
            ("3474257BF40000000000162E", "urn:epc:tag:giai-96:3.0614141.5678"),
        ] {
            let text = hex_text.replace(' ', "");
            let tag = TagEpc::decode_hex(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(tag.to_tag_uri(), uri);
            let written = hex(&tag.encode().unwrap());
            let longest = written.len().max(text.len());
            assert_eq!(format!("{written:0<longest$}"), format!("{text:0<longest$}"));
            assert_eq!(TagEpc::from_tag_uri(uri).unwrap(), tag);
        }
    }

    #[test]
    fn every_cut_and_every_reserved_partition_is_refused() {
        for header in [0x30, 0x31, 0x32, 0x33, 0x34, 0x36u8] {
            let want = if header == 0x36 { 25 } else { 12 };
            for length in 0..want {
                let mut bytes = vec![0; length];
                if let Some(first) = bytes.first_mut() {
                    *first = header;
                }
                assert!(TagEpc::decode(&bytes).is_err(), "{header:02X} {length}");
            }
            let mut bytes = vec![0; 26];
            (bytes[0], bytes[1]) = (header, 0b0001_1100);
            assert_eq!(TagEpc::decode(&bytes), Err(EpcError::Partition(7)));
        }
    }

    #[test]
    fn padding_is_zero_or_refused() {
        let mut bytes = from_hex("3074257BF7194E4000001A85").unwrap();
        bytes.extend([0, 0]);
        assert!(TagEpc::decode(&bytes).is_ok());
        bytes[13] = 1;
        assert!(matches!(TagEpc::decode(&bytes), Err(EpcError::Length { .. })));
    }

    #[test]
    fn what_an_encoding_cannot_hold_is_refused() {
        for bad in [
            "urn:epc:tag:sgtin-96:3.0614141.812345.06789",
            "urn:epc:tag:sgtin-96:3.0614141.812345.274877906944",
            "urn:epc:tag:sgtin-96:3.0614141.812345.12a",
            "urn:epc:tag:sgtin-96:8.0614141.812345.1",
            "urn:epc:tag:sgtin-96:3.0614141.81234.1",
            "urn:epc:tag:sgtin-198:3.0614141.812345.123456789012345678901",
            "urn:epc:tag:sgln-96:3.0614141.12345.2199023255552",
            "urn:epc:tag:giai-96:3.0614141.0123",
            "urn:epc:tag:sgtin-97:3.0614141.812345.1",
            "urn:epc:tag:",
        ] {
            assert!(TagEpc::from_tag_uri(bad).is_err(), "{bad}");
        }
        assert!(TagEpc::from_tag_uri("urn:epc:tag:sgtin-96:3.0614141.812345.274877906943").is_ok());
    }

    #[test]
    fn a_twelve_digit_prefix_leaves_an_empty_reference() {
        let uri = "urn:epc:tag:sgln-96:0.061414112345..7";
        let tag = TagEpc::from_tag_uri(uri).unwrap();
        assert_eq!(TagEpc::decode(&tag.encode().unwrap()).unwrap().to_tag_uri(), uri);
    }

    fn digits(count: usize) -> impl Strategy<Value = String> {
        proptest::collection::vec(0..10u8, count)
            .prop_map(|all| all.into_iter().map(|d| char::from(b'0' + d)).collect())
    }

    fn any_tag() -> impl Strategy<Value = String> {
        (6..=12usize, 0..8u8, 0..6usize).prop_flat_map(|(prefix, filter, scheme)| {
            let total = [13, 13, 17, 12, 12, 0][scheme];
            let reference = if scheme == 5 { 0 } else { total - prefix };
            (digits(prefix), digits(reference), 0..1u64 << 38, "[A-Za-z0-9!()*+,:;=_.-]{1,20}")
                .prop_map(move |(prefix, reference, number, text)| match scheme {
                    0 => format!("urn:epc:tag:sgtin-96:{filter}.{prefix}.{reference}.{number}"),
                    1 => format!("urn:epc:tag:sgtin-198:{filter}.{prefix}.{reference}.{text}"),
                    2 => format!("urn:epc:tag:sscc-96:{filter}.{prefix}.{reference}"),
                    3 => format!("urn:epc:tag:sgln-96:{filter}.{prefix}.{reference}.{number}"),
                    4 => format!("urn:epc:tag:grai-96:{filter}.{prefix}.{reference}.{number}"),
                    _ => format!("urn:epc:tag:giai-96:{filter}.{prefix}.{number}"),
                })
        })
    }

    proptest! {
        #[test]
        fn every_tag_reads_back_as_it_was_written(uri in any_tag()) {
            let tag = TagEpc::from_tag_uri(&uri).unwrap();
            let bytes = tag.encode().unwrap();
            prop_assert_eq!(bytes.len() % 2, 0);
            let again = TagEpc::decode(&bytes).unwrap();
            prop_assert_eq!(again.to_tag_uri(), uri);
            prop_assert_eq!(tag.epc.to_uri().parse::<Epc>().unwrap(), tag.epc);
        }

        #[test]
        fn whatever_decodes_encodes_to_the_same_bits(mut bytes in proptest::collection::vec(any::<u8>(), 12..=26), header in 0x30..0x38u8) {
            bytes[0] = header;
            if let Ok(tag) = TagEpc::decode(&bytes) {
                let mut written = tag.encode().unwrap();
                written.resize(bytes.len().max(written.len()), 0);
                bytes.resize(written.len(), 0);
                prop_assert_eq!(written, bytes);
            }
        }
    }
}
