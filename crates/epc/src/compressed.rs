//! Digital Links that contain the bits of a tag: `/eh` and hex, `/ex` and base64url.
//!
//! The way through: [`crate::parse`] calls `read_segment` if a path has no key; [`Tag::to_compressed_link`]
//! writes a link.
//!
//! What holds: a tag and a link use the same decoder, so the same bits name the same object; a link has as many
//! characters as its fields need and no more ([`crate::length`]); bits without a GS1 key (GID, `USDoD`, ADI) are refused.
//!
//! Not here: the compression of 2020, which has no tag header.
//!
//! Source: GS1, Compression of GS1 Digital Link for EPC binary strings 1.0.0; RFC 4648 sections 5 and 8.

use std::fmt::Write as _;

use crate::any_tag::Tag;
use crate::bits::{BitWriter, Bits};
use crate::digital_link::DigitalLink;
use crate::error::{EpcError, field};
use crate::length::Unit;
use crate::plus::{base64_char, base64_value};

/// How a link spells the bits of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// `eh` and four bits per character.
    Hex,
    /// `ex` and six bits per character.
    Base64url,
}

impl Form {
    /// Bits of a character.
    fn width(self) -> u32 {
        match self {
            Self::Hex => 4,
            Self::Base64url => 6,
        }
    }
}

/// Most characters of a segment. An EPC bank of 496 bits needs 124; the limit only bounds the work on input
/// from outside.
const LONGEST: usize = 4096;

/// Decodes a path segment; `None` if it does not start with `eh` or `ex`.
pub(crate) fn read_segment(segment: &str) -> Option<Result<DigitalLink, EpcError>> {
    let (text, form) = match segment.split_at_checked(2)? {
        ("eh", text) => (text, Form::Hex),
        ("ex", text) => (text, Form::Base64url),
        _ => return None,
    };
    Some(read(text, form))
}

fn read(text: &str, form: Form) -> Result<DigitalLink, EpcError> {
    if text.is_empty() || text.len() > LONGEST {
        return Err(field("compressed link", text, "the bits of a tag, at most 4096 characters"));
    }
    let width = form.width();
    let mut bits = BitWriter::default();
    for byte in text.bytes() {
        let value = match form {
            Form::Hex => char::from(byte).to_digit(16),
            Form::Base64url => base64_value(byte).map(u32::from),
        };
        let value = value.ok_or_else(|| {
            field("compressed link", text, "hex after eh, letters, digits, - and _ after ex")
        })?;
        bits.put(u128::from(value), width);
    }
    let len = bits.len();
    let bytes = bits.into_bytes();
    let tag = Tag::read(Bits::with_length(&bytes, len, "a tag"), Unit::Character(width as usize))?;
    tag.to_link().ok_or_else(|| field("compressed link", text, "a tag with a GS1 key"))
}

impl Tag {
    /// The Digital Link that contains this tag's bits without padding to 16-bit words.
    ///
    /// - `host`: host name and, if needed, path, without `https://`.
    ///
    /// ```
    /// use epc::{Form, Tag};
    /// let tag = Tag::decode_hex("30164596F40C0E5CBE991A83")?;
    /// let link = tag.to_compressed_link("example.com", Form::Base64url)?;
    /// assert_eq!(link, "https://example.com/exMBZFlvQMDly-mRqD");
    /// let read = epc::parse_digital_link(&link)?;
    /// assert_eq!(read.to_uri("id.gs1.org"), "https://id.gs1.org/01/09528765123457/21/123456789123");
    /// # Ok::<(), epc::EpcError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`EpcError::Field`] if the scheme has no GS1 key; any variant of [`EpcError`] if a field does not fit the
    /// encoding.
    pub fn to_compressed_link(&self, host: &str, form: Form) -> Result<String, EpcError> {
        if self.to_link().is_none() {
            return Err(field("scheme", self.name(), "one with a GS1 key"));
        }
        let written = self.write()?;
        let name = match form {
            Form::Hex => "eh",
            Form::Base64url => "ex",
        };
        let width = form.width();
        let characters = written.len().div_ceil(width as usize);
        let mut bytes = written.into_bytes();
        // The last character may extend past the last byte.
        bytes.push(0);
        let mut bits = Bits::new(&bytes, self.name());
        let mut out = format!("https://{host}/{name}");
        for _ in 0..characters {
            let value = bits.take_small(width)?;
            match form {
                Form::Hex => write!(out, "{value:X}").unwrap_or_default(),
                Form::Base64url => out.push(base64_char(value)),
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_digital_link;

    #[test]
    fn both_forms_of_the_published_example_are_the_plain_link() {
        let plain = parse_digital_link("https://x/01/09528765123457/21/123456789123").unwrap();
        for segment in
            ["eh30164596f40c0e5cbe991a83", "eh30164596F40C0E5CBE991A83", "exMBZFlvQMDly-mRqD"]
        {
            for start in ["https://example.com", "http://example.com/a/path", "https://x/01"] {
                let read = parse_digital_link(&format!("{start}/{segment}/")).ok();
                let is_plain_key = start.ends_with("01");
                assert_eq!(read.as_ref(), (!is_plain_key).then_some(&plain), "{start}/{segment}");
            }
        }
    }

    #[test]
    fn the_data_of_a_tag_and_of_the_query_are_attributes() {
        let link =
            parse_digital_link("https://x/ehFB342CDE795211411234538566CB0AFC4?10=L1").unwrap();
        assert_eq!(
            link.to_uri("id.gs1.org"),
            "https://id.gs1.org/01/79521141123453/21/32a%2Fb?17=220630&10=L1"
        );
    }

    #[test]
    fn a_serial_that_looks_compressed_is_a_serial() {
        let text = "https://x/01/09528765123457/21/eh30164596f40c0e";
        let link = parse_digital_link(text).unwrap();
        assert_eq!(link.qualifier("21"), Some("eh30164596f40c0e"));
    }

    #[test]
    fn a_segment_that_is_no_tag_is_refused_with_a_short_error() {
        for segment in
            ["eh", "ex", "ehzz", "ex!", "eh00", "ex====", "eh3500E86F8000A9E000000586", "eh3016"]
        {
            let error = parse_digital_link(&format!("https://x/{segment}")).unwrap_err();
            assert!(!error.to_string().is_empty() && error.to_string().len() < 400, "{segment}");
        }
        let long = format!("https://x/eh30{}", "0".repeat(LONGEST));
        assert!(parse_digital_link(&long).is_err());
        let gid = Tag::decode_hex("3500E86F8000A9E000000586").unwrap();
        assert!(gid.to_compressed_link("x", Form::Hex).is_err());
    }
}
