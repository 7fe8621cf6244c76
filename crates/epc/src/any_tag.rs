//! A tag of any scheme.
//!
//! The way through: [`Tag::decode`] chooses the decoder by the header, the first byte.
//!
//! What holds: `decode(encode(x)) == x`; an unknown header is refused and named in the error, and so is a length that
//! the scheme does not have ([`crate::length`]).
//!
//! Not here: the bits of classic tags ([`crate::tag`]) and of `+` and `++` tags ([`crate::plus`]).
//!
//! Source: TDS 2.3 table 14-1.

use crate::bits::{BitWriter, Bits, from_digits};
use crate::digital_link::DigitalLink;
use crate::error::EpcError;
use crate::identity::Epc;
use crate::length::Unit;
use crate::plus::{self, PlusTag};
use crate::prefix_length::PrefixLength;
use crate::tag::{self, TagEpc};

/// The content of an EPC bank, of any scheme.
///
/// ```
/// let tag = epc::Tag::decode_hex("FA3952114132E83C2BF10000")?;
/// assert_eq!(tag.name(), "giai+");
/// assert_eq!(tag.to_digital_link().unwrap(), "https://id.gs1.org/8004/952114132a%2Fb");
/// # Ok::<(), epc::EpcError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    /// A scheme up to TDS 1.13, header below 0x42. States the length of the company prefix.
    Classic(TagEpc),
    /// A `+` or `++` scheme of TDS 2.x, header from 0xE6 on. Holds the whole key, without that length.
    Plus(PlusTag),
}

impl Tag {
    /// Decodes an EPC bank.
    ///
    /// - `bytes`: the bank from its header on, as many 16-bit words as the scheme has. A scheme whose length varies
    ///   may be followed by words of zeros.
    ///
    /// # Errors
    ///
    /// [`EpcError::Header`] if no supported scheme has this header; [`EpcError::Length`], [`EpcError::Words`],
    /// [`EpcError::Short`] or [`EpcError::Long`] for a length that the scheme does not have; other variants of
    /// [`EpcError`] for content that the scheme does not allow.
    pub fn decode(bytes: &[u8]) -> Result<Self, EpcError> {
        Self::read(Bits::new(bytes, "a tag"), Unit::Word)
    }

    /// Decodes the bits of a tag, which come in such units.
    pub(crate) fn read(bits: Bits<'_>, unit: Unit) -> Result<Self, EpcError> {
        let header = bits.clone().take_small(8)?;
        if plus::is_plus(header) {
            return PlusTag::read(bits, unit).map(Self::Plus);
        }
        if tag::is_classic(header) {
            return TagEpc::read(bits, unit).map(Self::Classic);
        }
        Err(EpcError::Header(header))
    }

    /// Decodes an EPC bank given as hex of either case.
    ///
    /// ```
    /// let cut = epc::Tag::decode_hex("3074257BF7194E4000001A8").unwrap_err();
    /// assert_eq!(cut.to_string(), "got 92 bits, expected 96 for sgtin-96");
    /// ```
    ///
    /// # Errors
    ///
    /// [`EpcError::Hex`] for other characters; otherwise as [`Tag::decode`], also for an odd number of digits.
    pub fn decode_hex(hex: &str) -> Result<Self, EpcError> {
        let (bytes, len) = from_digits(hex)?;
        Self::read(Bits::with_length(&bytes, len, "a tag"), Unit::Word)
    }

    /// Decodes the fields of a tag alone, without the zero bits up to a whole 16-bit word, as TDS annex E prints them: as
    /// many hex digits as the fields need, and no other number. What a reader reports is for [`Tag::decode_hex`].
    ///
    /// ```
    /// let tag = epc::Tag::decode_fields_hex("FB342CDE795211411234538566CB0AFC4")?; // 33 digits, 132 bits
    /// assert_eq!(tag.name(), "dsgtin+");
    /// assert!(epc::Tag::decode_fields_hex("3074257BF7194E4000001A8").is_err()); // one digit was lost
    /// # Ok::<(), epc::EpcError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Tag::decode_hex`].
    pub fn decode_fields_hex(hex: &str) -> Result<Self, EpcError> {
        let (bytes, len) = from_digits(hex)?;
        Self::read(Bits::with_length(&bytes, len, "a tag"), Unit::Character(4))
    }

    /// Encodes the EPC bank in whole 16-bit words.
    ///
    /// # Errors
    ///
    /// [`EpcError`] if a field does not fit the encoding.
    pub fn encode(&self) -> Result<Vec<u8>, EpcError> {
        Ok(self.write()?.into_words())
    }

    /// Encodes the fields without padding.
    pub(crate) fn write(&self) -> Result<BitWriter, EpcError> {
        match self {
            Self::Classic(tag) => tag.write(),
            Self::Plus(tag) => tag.write(),
        }
    }

    /// The name of the encoding: `sgtin-96`, `dsgtin++`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Classic(tag) => tag.encoding.name(),
            Self::Plus(tag) => tag.scheme.name(tag.hostname.is_some()),
        }
    }

    /// Key, qualifiers and attributes; `None` for schemes without a GS1 key (GID, `USDoD`, ADI).
    #[must_use]
    pub fn to_link(&self) -> Option<DigitalLink> {
        match self {
            Self::Classic(tag) => tag.epc.link(),
            Self::Plus(tag) => Some(tag.to_link()),
        }
    }

    /// The Digital Link URI, at the tag's host name or id.gs1.org; `None` for schemes without a GS1 key.
    #[must_use]
    pub fn to_digital_link(&self) -> Option<String> {
        match self {
            Self::Classic(tag) => tag.epc.link().map(|link| link.to_uri("id.gs1.org")),
            Self::Plus(tag) => Some(tag.to_digital_link()),
        }
    }

    /// The pure identity.
    ///
    /// - `lengths`: lengths of company prefixes, needed for `+` and `++` tags only.
    ///
    /// `None` if `lengths` does not know the company prefix of a `+` or `++` tag.
    #[must_use]
    pub fn to_epc(&self, lengths: &dyn PrefixLength) -> Option<Epc> {
        match self {
            Self::Classic(tag) => Some(tag.epc.clone()),
            Self::Plus(tag) => tag.link.to_epc(lengths).ok(),
        }
    }
}
