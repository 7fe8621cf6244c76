//! Any tag: classic or of TDS 2.x, told apart by its header.
//!
//! The way through: [`Tag::decode`] looks at the first byte and hands over.
//!
//! What holds: `decode(encode(x)) == x`; a header that no scheme has is refused by its number.
//!
//! Not here: the bits of either ([`crate::tag`], [`crate::plus`]).
//!
//! Source: TDS 2.3 table 14-1.

use crate::bits::{BitWriter, from_hex};
use crate::digital_link::{DigitalLink, PrefixLength};
use crate::error::EpcError;
use crate::identity::Epc;
use crate::plus::{self, PlusTag};
use crate::tag::{self, TagEpc};

/// Any tag.
///
/// ```
/// let tag = epc::Tag::decode_hex("FA3952114132E83C2BF10")?;
/// assert_eq!(tag.name(), "giai+");
/// assert_eq!(tag.to_digital_link().unwrap(), "https://id.gs1.org/8004/952114132a%2Fb");
/// # Ok::<(), epc::EpcError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    /// Header below 0x42: the company prefix can be told from the reference.
    Classic(TagEpc),
    /// Header from 0xE6 on: a key in full.
    Plus(PlusTag),
}

impl Tag {
    /// Reads the EPC bank.
    ///
    /// - `bytes`: the bank from its header on; zero bits after the scheme's own are passed over.
    ///
    /// # Errors
    ///
    /// [`EpcError`]; [`EpcError::Header`] if no scheme has this header.
    pub fn decode(bytes: &[u8]) -> Result<Self, EpcError> {
        let header = *bytes.first().ok_or(EpcError::Short { scheme: "a tag", got: 0, want: 8 })?;
        if plus::is_plus(header) {
            return PlusTag::decode(bytes).map(Self::Plus);
        }
        if tag::is_classic(header) {
            return TagEpc::decode(bytes).map(Self::Classic);
        }
        Err(EpcError::Header(header))
    }

    /// Reads the EPC bank from hex of either case; the last byte may lack its second digit.
    ///
    /// # Errors
    ///
    /// [`EpcError`].
    pub fn decode_hex(hex: &str) -> Result<Self, EpcError> {
        if hex.len() % 2 == 1 {
            return Self::decode(&from_hex(&format!("{hex}0"))?);
        }
        Self::decode(&from_hex(hex)?)
    }

    /// Writes the EPC bank, whole 16-bit words.
    ///
    /// # Errors
    ///
    /// [`EpcError`] if a field does not fit the encoding.
    pub fn encode(&self) -> Result<Vec<u8>, EpcError> {
        Ok(self.write()?.into_words())
    }

    /// The bits, none too many.
    pub(crate) fn write(&self) -> Result<BitWriter, EpcError> {
        match self {
            Self::Classic(tag) => tag.write(),
            Self::Plus(tag) => tag.write(),
        }
    }

    /// The name of its encoding: `sgtin-96`, `dsgtin++`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Classic(tag) => tag.encoding.name(),
            Self::Plus(tag) => tag.scheme.name(tag.hostname.is_some()),
        }
    }

    /// Key, qualifiers and attributes; none for what is not GS1's (GID, `USDoD`, ADI).
    #[must_use]
    pub fn to_link(&self) -> Option<DigitalLink> {
        match self {
            Self::Classic(tag) => tag.epc.link(),
            Self::Plus(tag) => Some(tag.to_link()),
        }
    }

    /// The Digital Link URI, at the tag's host name or id.gs1.org; none for what is not GS1's.
    #[must_use]
    pub fn to_digital_link(&self) -> Option<String> {
        match self {
            Self::Classic(tag) => tag.epc.link().map(|link| link.to_uri("id.gs1.org")),
            Self::Plus(tag) => Some(tag.to_digital_link()),
        }
    }

    /// The pure identity; none if the key of a `+` tag begins with a company prefix of unknown length.
    #[must_use]
    pub fn to_epc(&self, lengths: &dyn PrefixLength) -> Option<Epc> {
        match self {
            Self::Classic(tag) => Some(tag.epc.clone()),
            Self::Plus(tag) => tag.link.to_epc(lengths).ok(),
        }
    }
}
