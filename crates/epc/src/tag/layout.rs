//! The fields of each classic encoding.
//!
//! The way through: [`find`] returns the [`Layout`] of a header, a name or an encoding: one row of the table.
//!
//! What holds: one row per encoding, one encoding per header; the rows are in the order of their headers.
//!
//! Not here: decoding and encoding the fields ([`crate::tag`]), headers of TDS 2.x ([`crate::plus`]).
//!
//! Source: TDS 2.x tables 14-1 to 14-20; GS1 tag data tables 2.2.

use super::encoding::Encoding;
use crate::scheme::Scheme;

/// One row of the table.
#[derive(Debug)]
pub(super) struct Layout {
    pub encoding: Encoding,
    pub header: u8,
    pub name: &'static str,
    pub scheme: Scheme,
    /// Number of bits of the filter; 0 if there is none.
    pub filter_bits: u32,
    pub body: Body,
}

/// What follows the filter.
#[derive(Debug)]
pub(super) enum Body {
    /// Partition, company prefix, reference, serial: all GS1 schemes.
    Partitioned(Partitioned),
    /// Three numbers of 28, 24 and 36 bits.
    Gid,
    /// Six characters of eight bits, a number of 36 bits.
    Usdod,
    /// Six characters of six bits, then part number and serial of six bits per character, each ended by six
    /// zero bits.
    Adi,
}

/// The fields after a partition.
#[derive(Debug)]
pub(super) struct Partitioned {
    /// Number of bits of company prefix and reference together; 0 for [`Reference::SixBit`], whose length varies.
    pub key_bits: u32,
    pub reference: Reference,
    pub serial: Serial,
    /// Number of zero bits at the end.
    pub reserved: u32,
}

/// How a reference is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference {
    /// A fixed number of digits, stated by the scheme, with leading zeros.
    Digits,
    /// [`Reference::Digits`], then piece and total of an ITIP, seven bits each.
    Pieces,
    /// A number without leading zeros. Company prefix and number have at most this many digits together.
    Number(usize),
    /// Characters of seven bits, padded with zero bits.
    SevenBit,
    /// Characters of six bits, ended by six zero bits.
    SixBit,
}

/// How a serial is encoded.
#[derive(Debug, Clone, Copy)]
pub(super) enum Serial {
    /// The scheme has no serial.
    None,
    /// A number without leading zeros: number of bits, exclusive upper limit.
    Number(u32, u64),
    /// Digits with a 1 before them, which keeps leading zeros, as one number: number of bits.
    Digits(u32),
    /// Characters of seven bits, padded with zero bits: number of bits.
    SevenBit(u32),
}

/// Number of bits of the company prefix, by partition. It has 12 minus the partition digits.
pub(super) const PREFIX_BITS: [u32; 7] = [40, 37, 34, 30, 27, 24, 20];

/// No limit but the number of bits.
const ANY: u64 = u64::MAX;

const fn row(
    encoding: Encoding,
    header: u8,
    name: &'static str,
    scheme: Scheme,
    filter_bits: u32,
    body: Body,
) -> Layout {
    Layout { encoding, header, name, scheme, filter_bits, body }
}

const fn fields(key_bits: u32, reference: Reference, serial: Serial, reserved: u32) -> Body {
    Body::Partitioned(Partitioned { key_bits, reference, serial, reserved })
}

/// All encodings, by header.
pub(super) const LAYOUTS: [Layout; 22] = {
    use Reference::{Digits, Number, Pieces, SevenBit, SixBit};
    [
        row(
            Encoding::Gdti96,
            0x2C,
            "gdti-96",
            Scheme::Gdti,
            3,
            fields(41, Digits, Serial::Number(41, ANY), 0),
        ),
        row(
            Encoding::Gsrn96,
            0x2D,
            "gsrn-96",
            Scheme::Gsrn,
            3,
            fields(58, Digits, Serial::None, 24),
        ),
        row(
            Encoding::Gsrnp96,
            0x2E,
            "gsrnp-96",
            Scheme::Gsrnp,
            3,
            fields(58, Digits, Serial::None, 24),
        ),
        row(Encoding::Usdod96, 0x2F, "usdod-96", Scheme::Usdod, 4, Body::Usdod),
        row(
            Encoding::Sgtin96,
            0x30,
            "sgtin-96",
            Scheme::Sgtin,
            3,
            fields(44, Digits, Serial::Number(38, ANY), 0),
        ),
        row(
            Encoding::Sscc96,
            0x31,
            "sscc-96",
            Scheme::Sscc,
            3,
            fields(58, Digits, Serial::None, 24),
        ),
        row(
            Encoding::Sgln96,
            0x32,
            "sgln-96",
            Scheme::Sgln,
            3,
            fields(41, Digits, Serial::Number(41, ANY), 0),
        ),
        row(
            Encoding::Grai96,
            0x33,
            "grai-96",
            Scheme::Grai,
            3,
            fields(44, Digits, Serial::Number(38, ANY), 0),
        ),
        row(
            Encoding::Giai96,
            0x34,
            "giai-96",
            Scheme::Giai,
            3,
            fields(82, Number(25), Serial::None, 0),
        ),
        row(Encoding::Gid96, 0x35, "gid-96", Scheme::Gid, 0, Body::Gid),
        row(
            Encoding::Sgtin198,
            0x36,
            "sgtin-198",
            Scheme::Sgtin,
            3,
            fields(44, Digits, Serial::SevenBit(140), 0),
        ),
        row(
            Encoding::Grai170,
            0x37,
            "grai-170",
            Scheme::Grai,
            3,
            fields(44, Digits, Serial::SevenBit(112), 0),
        ),
        row(
            Encoding::Giai202,
            0x38,
            "giai-202",
            Scheme::Giai,
            3,
            fields(188, SevenBit, Serial::None, 0),
        ),
        row(
            Encoding::Sgln195,
            0x39,
            "sgln-195",
            Scheme::Sgln,
            3,
            fields(41, Digits, Serial::SevenBit(140), 0),
        ),
        row(
            Encoding::Gdti113,
            0x3A,
            "gdti-113",
            Scheme::Gdti,
            3,
            fields(41, Digits, Serial::Digits(58), 0),
        ),
        row(Encoding::AdiVar, 0x3B, "adi-var", Scheme::Adi, 6, Body::Adi),
        row(
            Encoding::Cpi96,
            0x3C,
            "cpi-96",
            Scheme::Cpi,
            3,
            fields(51, Number(15), Serial::Number(31, ANY), 0),
        ),
        row(
            Encoding::CpiVar,
            0x3D,
            "cpi-var",
            Scheme::Cpi,
            3,
            fields(0, SixBit, Serial::Number(40, 1_000_000_000_000), 0),
        ),
        row(
            Encoding::Gdti174,
            0x3E,
            "gdti-174",
            Scheme::Gdti,
            3,
            fields(41, Digits, Serial::SevenBit(119), 0),
        ),
        row(
            Encoding::Sgcn96,
            0x3F,
            "sgcn-96",
            Scheme::Sgcn,
            3,
            fields(41, Digits, Serial::Digits(41), 0),
        ),
        row(
            Encoding::Itip110,
            0x40,
            "itip-110",
            Scheme::Itip,
            3,
            fields(44, Pieces, Serial::Number(38, ANY), 0),
        ),
        row(
            Encoding::Itip212,
            0x41,
            "itip-212",
            Scheme::Itip,
            3,
            fields(44, Pieces, Serial::SevenBit(140), 0),
        ),
    ]
};

impl Encoding {
    /// The row of this encoding.
    pub(super) fn layout(self) -> &'static Layout {
        find(|layout| layout.encoding == self).unwrap_or(&LAYOUTS[0])
    }

    /// The name in tag URIs: `sgtin-96`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.layout().name
    }

    /// The scheme of the identities that it encodes.
    #[must_use]
    pub fn scheme(self) -> Scheme {
        self.layout().scheme
    }

    /// The highest filter value: 7, 15 or 63; 0 if the encoding has no filter.
    #[must_use]
    pub fn highest_filter(self) -> u8 {
        u8::try_from((1u32 << self.layout().filter_bits) - 1).unwrap_or(u8::MAX)
    }
}

impl Layout {
    /// Total number of bits; `None` if the length varies.
    pub fn bits(&self) -> Option<usize> {
        let Body::Partitioned(fields) = &self.body else {
            return (self.encoding != Encoding::AdiVar).then_some(96);
        };
        let pieces = if fields.reference == Reference::Pieces { 14 } else { 0 };
        let serial = match fields.serial {
            Serial::None => 0,
            Serial::Number(bits, _) | Serial::Digits(bits) | Serial::SevenBit(bits) => bits,
        };
        let sum = 8 + self.filter_bits + 3 + fields.key_bits + pieces + serial + fields.reserved;
        (fields.reference != Reference::SixBit).then_some(sum as usize)
    }
}

/// The first row for which `is_match` is true.
pub(super) fn find(is_match: impl Fn(&Layout) -> bool) -> Option<&'static Layout> {
    LAYOUTS.iter().find(|layout| is_match(layout))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_has_the_length_in_its_name() {
        for layout in &LAYOUTS {
            let (_, length) = layout.name.rsplit_once('-').unwrap();
            assert_eq!(layout.bits(), length.parse().ok(), "{}", layout.name);
        }
        assert!(LAYOUTS.is_sorted_by_key(|layout| layout.header));
    }
}
