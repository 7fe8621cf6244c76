//! The schemes of pure identities: their names, and the rules for their parts.
//!
//! The way through: one `match` per property; every constructor of [`crate::Epc`] calls `Scheme::check`.
//!
//! What holds: all rules about lengths, digits and characters of a pure identity are in this file.
//!
//! Not here: bits on a tag ([`crate::tag`]), keys in links ([`crate::digital_link`]).
//!
//! Source: TDS 2.x section 6.3; GS1 General Specifications section 3; GS1 tag data tables 2.2.

use crate::error::{EpcError, field};
use crate::text::{is_digits, is_gs1_text, is_number, is_part_text};

/// What kind of object or party an identity names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Serialised trade item.
    Sgtin,
    /// Logistic unit: case, pallet.
    Sscc,
    /// Location, with or without extension.
    Sgln,
    /// Returnable asset.
    Grai,
    /// Individual asset.
    Giai,
    /// Recipient of a service: patient, member.
    Gsrn,
    /// Provider of a service: nurse, technician.
    Gsrnp,
    /// Document.
    Gdti,
    /// Component or part.
    Cpi,
    /// Coupon.
    Sgcn,
    /// One piece of a trade item that consists of several.
    Itip,
    /// An object named by the holder of a general manager number (GID).
    Gid,
    /// An object named by the US Department of Defense or one of its suppliers.
    Usdod,
    /// An aircraft part or another object of the aerospace and defence industry.
    Adi,
}

/// The parts of an identity, unescaped; empty where the scheme has none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub prefix: &'a str,
    pub reference: &'a str,
    /// Piece and total, two digits each.
    pub pieces: &'a str,
    pub serial: &'a str,
}

impl Scheme {
    /// All schemes.
    pub const ALL: [Self; 14] = [
        Self::Sgtin,
        Self::Sscc,
        Self::Sgln,
        Self::Grai,
        Self::Giai,
        Self::Gsrn,
        Self::Gsrnp,
        Self::Gdti,
        Self::Cpi,
        Self::Sgcn,
        Self::Itip,
        Self::Gid,
        Self::Usdod,
        Self::Adi,
    ];

    /// The name in URIs: `sgtin`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgtin => "sgtin",
            Self::Sscc => "sscc",
            Self::Sgln => "sgln",
            Self::Grai => "grai",
            Self::Giai => "giai",
            Self::Gsrn => "gsrn",
            Self::Gsrnp => "gsrnp",
            Self::Gdti => "gdti",
            Self::Cpi => "cpi",
            Self::Sgcn => "sgcn",
            Self::Itip => "itip",
            Self::Gid => "gid",
            Self::Usdod => "usdod",
            Self::Adi => "adi",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == name)
    }

    /// Whether identities start with a GS1 company prefix, and therefore have a key and a Digital Link.
    #[must_use]
    pub fn is_gs1(self) -> bool {
        !matches!(self, Self::Gid | Self::Usdod | Self::Adi)
    }

    /// Number of digits of company prefix and reference together; `None` if the reference has no fixed length.
    pub(crate) fn digits(self) -> Option<usize> {
        match self {
            Self::Sgtin | Self::Itip => Some(13),
            Self::Sscc | Self::Gsrn | Self::Gsrnp => Some(17),
            Self::Sgln | Self::Grai | Self::Gdti | Self::Sgcn => Some(12),
            Self::Giai | Self::Cpi | Self::Gid | Self::Usdod | Self::Adi => None,
        }
    }

    /// The parts of a URI's body, separated by dots.
    pub(crate) fn body_form(self) -> &'static str {
        match self {
            Self::Sscc | Self::Giai | Self::Gsrn | Self::Gsrnp => "PREFIX.REFERENCE",
            Self::Itip => "PREFIX.REFERENCE.PIECE.TOTAL.SERIAL",
            Self::Gid => "MANAGER.CLASS.SERIAL",
            Self::Usdod => "CAGE.SERIAL",
            Self::Adi => "CAGE.PART.SERIAL",
            _ => "PREFIX.REFERENCE.SERIAL",
        }
    }

    /// Number of parts of a URI's body.
    pub(crate) fn part_count(self) -> usize {
        self.body_form().split('.').count()
    }

    /// Checks lengths and characters of `parts`.
    pub(crate) fn check(self, parts: Parts<'_>) -> Result<(), EpcError> {
        match self {
            Self::Gid => return check_gid(parts),
            Self::Usdod | Self::Adi => return self.check_defence(parts),
            _ => {}
        }
        let Parts { prefix, reference, pieces, .. } = parts;
        if !is_digits(prefix) || !(6..=12).contains(&prefix.len()) {
            return Err(field("company prefix", prefix, "6 to 12 digits"));
        }
        if let Some(total) = self.digits() {
            let want = total.saturating_sub(prefix.len());
            if reference.len() != want || !(want == 0 || is_digits(reference)) {
                let expected = match total {
                    13 => "digits, 13 together with the company prefix",
                    17 => "digits, 17 together with the company prefix",
                    _ => "digits, 12 together with the company prefix",
                };
                return Err(field("reference", reference, expected));
            }
        } else {
            let has_length = !reference.is_empty() && reference.len() + prefix.len() <= 30;
            if self == Self::Cpi {
                if !has_length || !is_part_text(reference) {
                    let expected = "digits, capitals, # - /, at most 30 together with the prefix";
                    return Err(field("part reference", reference, expected));
                }
            } else if !has_length || !is_gs1_text(reference) {
                let expected = "GS1 characters, at most 30 together with the company prefix";
                return Err(field("asset reference", reference, expected));
            }
        }
        if self == Self::Itip && !(pieces.len() == 4 && is_digits(pieces)) {
            return Err(field("piece and total", pieces, "two digits each"));
        }
        self.check_serial(parts.serial)
    }

    fn check_serial(self, serial: &str) -> Result<(), EpcError> {
        let (longest, expected) = match self {
            Self::Sgtin | Self::Sgln | Self::Itip => (20, "1 to 20 GS1 characters"),
            Self::Grai => (16, "1 to 16 GS1 characters"),
            Self::Gdti => (17, "1 to 17 GS1 characters"),
            Self::Sgcn => (12, "1 to 12 digits"),
            Self::Cpi => (12, "1 to 12 digits without leading zeros"),
            _ => (0, "no serial"),
        };
        let is_formed = match self {
            Self::Cpi => is_number(serial),
            Self::Sgcn => is_digits(serial),
            _ => is_gs1_text(serial) && serial.is_empty() == (longest == 0),
        };
        if is_formed && serial.len() <= longest {
            return Ok(());
        }
        Err(field("serial", serial, expected))
    }

    fn check_defence(self, parts: Parts<'_>) -> Result<(), EpcError> {
        let Parts { prefix, reference, serial, .. } = parts;
        let is_code = |byte: u8| {
            byte.is_ascii_digit() || byte.is_ascii_uppercase() && !matches!(byte, b'I' | b'O')
        };
        if !(5..=6).contains(&prefix.len()) || !prefix.bytes().all(is_code) {
            return Err(field("CAGE or DoDAAC", prefix, "5 or 6 digits and capitals without I, O"));
        }
        if self == Self::Usdod {
            if !is_number_below(serial, 36) {
                return Err(field("serial", serial, "a number below 2^36 without leading zeros"));
            }
            return Ok(());
        }
        let is_plain = |text: &str| is_part_text(text) && !text.contains('#');
        if reference.len() > 32 || !is_plain(reference) {
            return Err(field("part number", reference, "at most 32 digits, capitals, - /"));
        }
        let body = serial.strip_prefix('#').unwrap_or(serial);
        if body.is_empty() || serial.len() > 30 || !is_plain(body) {
            let expected = "1 to 30 digits, capitals, - /, of which the first may be #";
            return Err(field("serial", serial, expected));
        }
        Ok(())
    }
}

fn check_gid(parts: Parts<'_>) -> Result<(), EpcError> {
    for (name, value, bits, expected) in [
        ("general manager", parts.prefix, 28, "a number below 2^28 without leading zeros"),
        ("object class", parts.reference, 24, "a number below 2^24 without leading zeros"),
        ("serial", parts.serial, 36, "a number below 2^36 without leading zeros"),
    ] {
        if !is_number_below(value, bits) {
            return Err(field(name, value, expected));
        }
    }
    Ok(())
}

fn is_number_below(text: &str, bits: u32) -> bool {
    is_number(text) && text.parse::<u64>().is_ok_and(|value| value >> bits == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_is_found_by_its_name() {
        for scheme in Scheme::ALL {
            assert_eq!(Scheme::from_name(scheme.name()), Some(scheme));
        }
        assert_eq!(Scheme::from_name("SGTIN"), None);
    }

    #[test]
    fn each_rule_refuses_an_identity_that_breaks_it() {
        for uri in [
            "urn:epc:id:gsrn:0614141.123456789",
            "urn:epc:id:gsrnp:0614141.1234567890.1",
            "urn:epc:id:gdti:0614141.12345.",
            "urn:epc:id:gdti:0614141.12345.123456789012345678",
            "urn:epc:id:sgcn:4012345.67890.1234567890123",
            "urn:epc:id:sgcn:4012345.67890.12a",
            "urn:epc:id:cpi:0614141.abc.1",
            "urn:epc:id:cpi:0614141.ABC.01",
            "urn:epc:id:cpi:0614141..1",
            "urn:epc:id:cpi:0614141.ABC.1234567890123",
            "urn:epc:id:itip:4012345.012345.1.02.987",
            "urn:epc:id:itip:4012345.012345.01.02",
            "urn:epc:id:gid:268435456.1.1",
            "urn:epc:id:gid:01.1.1",
            "urn:epc:id:gid:1.16777216.1",
            "urn:epc:id:usdod:2S1.1",
            "urn:epc:id:usdod:2O194.1",
            "urn:epc:id:usdod:2S194.68719476736",
            "urn:epc:id:adi:2S194..",
            "urn:epc:id:adi:2S194.A%23.1",
            "urn:epc:id:adi:2S194..1%23",
            "urn:epc:id:adi:2S194..%23",
            "urn:epc:id:adi:2S194.A.1.2",
        ] {
            let error = crate::Epc::from_uri(uri).expect_err(uri).to_string();
            assert!(error.starts_with("got ") && error.contains(", expected "), "{uri}: {error}");
        }
    }
}
