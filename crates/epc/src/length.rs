//! Which numbers of bits may hold a tag: those of a memory bank, and those of a compressed link.
//!
//! | | fixed length | length that varies |
//! |---|---|---|
//! | EPC bank | the fields, and zero bits up to a whole 16-bit word: 96 for SGTIN-96, 208 for SGTIN-198 | whole words that hold the fields, at most 31; the rest is zero |
//! | link | the fields, and zero bits up to a whole character of 4 or 6 bits: 116 or 114 for GDTI-113 | the same |
//!
//! What holds: any other number is refused, so that a text that lost or gained digits is never another object.
//!
//! Not here: the fields themselves ([`crate::tag`], [`crate::plus`]).
//!
//! Source: TDS 2.3 sections 9.2 (length field of the protocol control word) and 15 (padding to words); Compression of
//! GS1 Digital Link for EPC binary strings 1.0.0.

use crate::error::EpcError;

/// Largest number of bits of an EPC bank: 31 words of 16 bits, the most that the length field in its protocol control
/// word can state.
pub(crate) const MOST_BITS: usize = 496;

/// What the bits come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// The 16-bit words of a tag's memory.
    Word,
    /// The characters of a link, of so many bits each.
    Character(usize),
}

impl Unit {
    fn bits(self) -> usize {
        match self {
            Self::Word => 16,
            Self::Character(bits) => bits.max(1),
        }
    }

    /// Checks the number of bits that hold fields of always the same length.
    ///
    /// - `used`: bits of the fields.
    /// - `got`: bits that were received.
    pub fn check_fixed(
        self,
        scheme: &'static str,
        used: usize,
        got: usize,
    ) -> Result<(), EpcError> {
        let want = used.next_multiple_of(self.bits());
        if got == want { Ok(()) } else { Err(EpcError::Length { scheme, got, want }) }
    }

    /// Checks, before the fields are read, the number of bits that hold fields whose length varies.
    pub fn check_whole(self, scheme: &'static str, got: usize) -> Result<(), EpcError> {
        if got.is_multiple_of(self.bits()) { Ok(()) } else { Err(EpcError::Words { scheme, got }) }
    }

    /// Checks the same after the fields were read.
    ///
    /// - `used`: bits of the fields.
    pub fn check_varying(
        self,
        scheme: &'static str,
        used: usize,
        got: usize,
    ) -> Result<(), EpcError> {
        let too_long = |got| Err(EpcError::Long { scheme, got, most: MOST_BITS });
        match self {
            _ if used > MOST_BITS => too_long(used),
            Self::Word if got > MOST_BITS => too_long(got),
            Self::Word => Ok(()),
            Self::Character(_) => self.check_fixed(scheme, used, got),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::bits::Bits;
    use crate::length::{MOST_BITS, Unit};
    use crate::{Form, PlusScheme, PlusTag, Tag, TagEpc, parse_digital_link};

    /// A tag of each classic encoding, and of `+` and `++` with and without data after the key.
    fn tags() -> Vec<Tag> {
        let classic = [
            "gdti-96:3.0614141.12345.5678",
            "gsrn-96:3.0614141.1234567890",
            "gsrnp-96:3.0614141.1234567890",
            "usdod-96:0.2S194.12345678901",
            "sgtin-96:3.0614141.812345.6789",
            "sscc-96:3.0614141.1234567890",
            "sgln-96:3.0614141.12345.5678",
            "grai-96:3.0614141.12345.5678",
            "giai-96:3.0614141.5678",
            "gid-96:952056.2718.1414",
            "sgtin-198:3.0614141.712345.32a%2Fb",
            "grai-170:3.0614141.12345.32a%2Fb",
            "giai-202:3.0614141.32a%2Fb",
            "sgln-195:3.9521141.12345.32a%2Fb",
            "gdti-113:3.9521141.98765.005678",
            "adi-var:3.35962.PQ7VZ4.M37GXB92",
            "cpi-96:3.9521141.98765.12345",
            "cpi-var:3.9521141.5PQ7%2FZ43.12345",
            "gdti-174:3.9521141.98765.ABCDefgh012345678",
            "sgcn-96:3.9521141.67890.04711",
            "itip-110:3.9521141.012345.01.02.981",
            "itip-212:3.9521141.012345.01.02.mw133",
        ];
        let classic = classic
            .into_iter()
            .map(|uri| Tag::Classic(TagEpc::from_tag_uri(&format!("urn:epc:tag:{uri}")).unwrap()));
        let plus = PlusScheme::ALL.into_iter().flat_map(|scheme| {
            let path = match scheme {
                PlusScheme::Sgtin => "01/09521141123454/21/32a",
                PlusScheme::Dsgtin => "01/09521141123454/21/32a?17=270531",
                PlusScheme::Sscc => "00/095211411234567892",
                PlusScheme::Sgln => "414/9521141123454/254/7",
                PlusScheme::Grai => "8003/0952114112345432a",
                PlusScheme::Giai => "8004/952114132a",
                PlusScheme::Gsrn => "8018/952114112345678906",
                PlusScheme::Gsrnp => "8017/952114112345678906",
                PlusScheme::Gdti => "253/95211419876505678",
                PlusScheme::Cpi => "8010/95211415PQ7/8011/12345",
                PlusScheme::Sgcn => "255/952114167890904711",
                PlusScheme::Itip => "8006/095211411234540102/21/981",
            };
            ["", "15=270228"].into_iter().flat_map(move |data| {
                let mark = if path.contains('?') { "&" } else { "?" };
                let mark = if data.is_empty() { "" } else { mark };
                let link = parse_digital_link(&format!("https://x/{path}{mark}{data}")).unwrap();
                [None, Some("id.example.com".to_owned())].into_iter().map(move |host| {
                    Tag::Plus(PlusTag::from_digital_link(scheme, 1, host, &link).unwrap())
                })
            })
        });
        classic.chain(plus).collect()
    }

    /// The first `len` bits of a tag, zeros after its own.
    fn cut(tag: &Tag, len: usize) -> Vec<u8> {
        let mut bytes = tag.write().unwrap().into_bytes();
        bytes.resize(bytes.len().max(len.div_ceil(8)), 0);
        bytes.truncate(len.div_ceil(8));
        if let Some(last) = bytes.last_mut() {
            let padding = (8 - len % 8) % 8;
            *last = *last >> padding << padding;
        }
        bytes
    }

    /// The lengths of the standard, worked out anew: name to bits for a fixed one.
    fn fixed_bits(tag: &Tag) -> Option<usize> {
        tag.name().rsplit_once('-').and_then(|(_, bits)| bits.parse().ok())
    }

    /// What a tag is without the data after its key, and whether the bits between it and bit `len` are zero: then a
    /// cut at `len` is that tag. The standard allows a toggle without data.
    fn without_data(tag: &Tag, len: usize) -> Option<Tag> {
        let Tag::Plus(plus) = tag else { return None };
        let bare = Tag::Plus(PlusTag { aidc: Vec::new(), ..plus.clone() });
        let used = bare.write().unwrap().len();
        let bytes = cut(tag, len);
        let end = bytes
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| (last + 1) * 8 - bytes[last].trailing_zeros() as usize);
        (len >= used && end <= used && !plus.aidc.is_empty()).then_some(bare)
    }

    #[test]
    fn a_bank_of_every_length_is_taken_only_if_its_scheme_has_that_length() {
        let tags = tags();
        assert_eq!(tags.len(), 22 + 48);
        for tag in &tags {
            let used = tag.write().unwrap().len();
            for len in 0..=MOST_BITS + 16 {
                let whole = match fixed_bits(tag) {
                    _ if len % 16 != 0 || len > MOST_BITS => None,
                    Some(bits) => (len / 16 == bits.div_ceil(16)).then(|| tag.clone()),
                    None if len >= used => Some(tag.clone()),
                    None => without_data(tag, len),
                };
                let bytes = cut(tag, len);
                let read = Tag::read(Bits::with_length(&bytes, len, "a tag"), Unit::Word);
                assert_eq!(read.as_ref().ok(), whole.as_ref(), "{} {len}: {read:?}", tag.name());
                if len % 4 == 0 {
                    let digits = bytes
                        .iter()
                        .fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
                    assert_eq!(Tag::decode_hex(&digits[..len / 4]).ok(), whole, "{digits}");
                }
            }
        }
    }

    #[test]
    fn a_link_of_every_length_is_taken_only_if_it_has_the_characters_that_the_fields_need() {
        for tag in tags().into_iter().filter(|tag| tag.to_link().is_some()) {
            let used = tag.write().unwrap().len();
            for (form, name, width) in [(Form::Hex, "eh", 4), (Form::Base64url, "ex", 6)] {
                let whole = tag.to_compressed_link("x", form).unwrap();
                let text = whole.strip_prefix(&format!("https://x/{name}")).unwrap();
                assert_eq!(text.len(), used.div_ceil(width), "{}", tag.name());
                let zero = if width == 4 { "0" } else { "A" };
                for count in 0..=text.len() + 8 {
                    let segment = if count <= text.len() {
                        text[..count].to_owned()
                    } else {
                        text.to_owned() + &zero.repeat(count - text.len())
                    };
                    let read = parse_digital_link(&format!("https://x/{name}{segment}"));
                    let bare = without_data(&tag, count * width)
                        .filter(|bare| bare.write().unwrap().len().div_ceil(width) == count);
                    let whole = if count == text.len() { tag.to_link() } else { None };
                    let wanted = whole.or(bare.and_then(|bare| bare.to_link()));
                    assert_eq!(read.as_ref().ok(), wanted.as_ref(), "{} {count}", tag.name());
                }
            }
        }
    }

    #[test]
    fn a_refused_length_says_what_came_and_what_the_scheme_has() {
        for (digits, expected) in [
            ("3074257BF7194E4000001A8", "got 92 bits, expected 96 for sgtin-96"),
            ("3074257BF7194E4000001A850", "got 100 bits, expected 96 for sgtin-96"),
            ("3074257BF7194E4000001A850000", "got 112 bits, expected 96 for sgtin-96"),
            ("3674257BF6B7A659B2C2BF1", "got 92 bits, expected 208 for sgtin-198"),
            (
                "FA3952114132E83C2BF10",
                "got 84 bits for giai+, expected whole words of 16 bits, as a tag's memory has them",
            ),
            ("FA3952114132E83C", "got 64 bits, expected at least 67 for giai+"),
            ("3", "got 4 bits, expected at least 8 for a tag"),
            ("30742x", "got `30742x`, expected hex digits, two for each byte"),
            ("30742", "got 20 bits, expected 96 for sgtin-96"),
        ] {
            assert_eq!(Tag::decode_hex(digits).unwrap_err().to_string(), expected, "{digits}");
        }
    }
}
