//! A label: the address in its code, and the content of its chip.
//!
//! What holds: what [`Label::of`] gives was read back: the address names the item, and so does the EPC bank.
//!
//! Source: GS1 Digital Link URI syntax 1.4; TDS 2.3 sections 14 and 15.

use epc::{Encoding, EpcError, PlusScheme, PlusTag, PrefixTable, Tag, TagEpc, parse_digital_link};
use thiserror::Error;

use crate::code::{Code, MOST_VERSION};

/// How an item is written to a chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChipEncoding {
    /// 96 bits; serials of digits below 2^38.
    Sgtin96,
    /// 198 bits; serials of up to 20 characters.
    Sgtin198,
    /// TDS 2: length by content, no length of the company prefix.
    SgtinPlus,
}

impl ChipEncoding {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sgtin96, Self::Sgtin198, Self::SgtinPlus];

    /// Its name, as TDS writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgtin96 => "sgtin-96",
            Self::Sgtin198 => "sgtin-198",
            Self::SgtinPlus => "sgtin+",
        }
    }

    /// The encoding of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// What all labels of a batch share.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Address before the keys, without a slash at the end: `https://id.example.com`.
    pub base: String,
    /// GTIN of 8 to 14 digits.
    pub gtin: String,
    /// The company prefix, 6 to 12 digits; `sgtin+` needs none.
    pub company_prefix: Option<String>,
    /// How chips are written.
    pub encoding: ChipEncoding,
    /// Filter value of the chip, 0 to 7; 1 is an item for the point of sale.
    pub filter: u8,
}

/// Why there is no label.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LabelError {
    /// Address, GTIN or serial are none.
    #[error("the address `{link}`: {why}")]
    Link {
        /// The address.
        link: String,
        /// What is wrong.
        why: EpcError,
    },
    /// The chip's encoding cannot hold the item.
    #[error("{encoding} cannot hold the serial `{serial}`: {why}")]
    Chip {
        /// The encoding.
        encoding: &'static str,
        /// The serial.
        serial: String,
        /// Why not.
        why: EpcError,
    },
    /// The length of the company prefix is not known.
    #[error(
        "got no company prefix of the GTIN {0}, expected one of 6 to 12 digits: chips with {1} state its length"
    )]
    NoPrefix(String, &'static str),
    /// The address is too long for a code of the size of a label.
    #[error(
        "got an address of {0} bytes, `{1}`, expected at most 152: its QR code would be larger than version {MOST_VERSION}, which phones do not read at the size of a label"
    )]
    TooLong(usize, String),
    /// The chip would name another item.
    #[error(
        "the chip of the serial `{0}` would name another item; expected a serial without a leading zero"
    )]
    Other(String),
}

/// A label.
#[derive(Debug, Clone)]
pub struct Label {
    /// GTIN, 14 digits.
    pub gtin: String,
    /// Serial.
    pub serial: String,
    /// The address in the code.
    pub link: String,
    /// The code.
    pub code: Code,
    /// The EPC bank behind its protocol bits, in whole 16-bit words.
    pub epc: Vec<u8>,
    /// What is printed in plain text, to be covered by a scratch layer.
    pub hidden: Option<String>,
}

impl Label {
    /// The label of an item.
    ///
    /// # Errors
    ///
    /// [`LabelError`].
    pub fn of(wanted: &Wanted, serial: &str) -> Result<Self, LabelError> {
        let gtin = format!("{:0>14}", wanted.gtin);
        let escaped = escape(serial);
        let link = format!("{}/01/{gtin}/21/{escaped}", wanted.base.trim_end_matches('/'));
        let wrong = |why| LabelError::Link { link: link.clone(), why };
        let parsed = parse_digital_link(&link).map_err(wrong)?;
        let code = Code::of(&link).ok_or_else(|| LabelError::TooLong(link.len(), link.clone()))?;
        let epc = chip(wanted, &parsed, serial)?;
        let read = Tag::decode(&epc).ok().and_then(|tag| tag.to_link());
        let is_same =
            read.is_some_and(|read| read.value == gtin && read.qualifier("21") == Some(serial));
        if !is_same {
            return Err(LabelError::Other(serial.to_owned()));
        }
        Ok(Self { gtin, serial: serial.to_owned(), link, code, epc, hidden: None })
    }

    /// The same with a token in its code, and not on its chip.
    ///
    /// - `token`: of this item, letters and digits.
    ///
    /// # Errors
    ///
    /// [`LabelError::TooLong`].
    pub fn with_token(self, token: &str) -> Result<Self, LabelError> {
        let link = format!("{}?t={token}", self.link);
        let code = Code::of(&link).ok_or_else(|| LabelError::TooLong(link.len(), link.clone()))?;
        Ok(Self { link, code, ..self })
    }

    /// The same with a hidden code beside its code: letters, digits and hyphens.
    #[must_use]
    pub fn with_hidden(self, code: String) -> Self {
        Self { hidden: Some(code), ..self }
    }

    /// The EPC bank in hex.
    #[must_use]
    pub fn epc_hex(&self) -> String {
        hex::encode_upper(&self.epc)
    }
}

/// The EPC bank of an item.
fn chip(wanted: &Wanted, link: &epc::DigitalLink, serial: &str) -> Result<Vec<u8>, LabelError> {
    let name = wanted.encoding.name();
    let wrong = |why| LabelError::Chip { encoding: name, serial: serial.to_owned(), why };
    let encoding = match wanted.encoding {
        ChipEncoding::SgtinPlus => {
            let tag = PlusTag::from_digital_link(PlusScheme::Sgtin, wanted.filter, None, link);
            return tag.and_then(|tag| tag.encode()).map_err(wrong);
        }
        ChipEncoding::Sgtin96 => Encoding::Sgtin96,
        ChipEncoding::Sgtin198 => Encoding::Sgtin198,
    };
    let prefix = wanted.company_prefix.as_ref();
    let prefix = prefix.ok_or_else(|| LabelError::NoPrefix(wanted.gtin.clone(), name))?;
    let epc = link.to_epc(&PrefixTable::new([prefix])).map_err(wrong)?;
    TagEpc { filter: wanted.filter, encoding, epc }.encode().map_err(wrong)
}

/// A serial as it stands in an address: what is no letter, digit, `-`, `.`, `_` or `~` has percent escapes.
fn escape(serial: &str) -> String {
    serial
        .bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub fn wanted(encoding: ChipEncoding) -> Wanted {
        Wanted {
            base: "https://id.example.com/".to_owned(),
            gtin: "9521141123454".to_owned(),
            company_prefix: Some("952114112".to_owned()),
            encoding,
            filter: 1,
        }
    }

    #[test]
    fn code_and_chip_name_the_same_item() {
        for (encoding, hex) in [
            (ChipEncoding::Sgtin96, "302F8C01BC00564000001A85"),
            (ChipEncoding::SgtinPlus, "F7109521141123454046A140"),
            (ChipEncoding::Sgtin198, "362F8C01BC00565B3770E4000000000000000000000000000000"),
        ] {
            let label = Label::of(&wanted(encoding), "6789").unwrap();
            assert_eq!(label.link, "https://id.example.com/01/09521141123454/21/6789");
            let tag = Tag::decode(&label.epc).unwrap();
            assert_eq!(tag.name(), encoding.name());
            let link = tag.to_digital_link().unwrap();
            assert!(link.ends_with("/01/09521141123454/21/6789"), "{link}");
            assert_eq!(label.epc_hex(), hex);
            assert_eq!(label.epc.len() % 2, 0, "whole words");
        }
    }

    #[test]
    fn a_token_is_in_the_code_and_not_on_the_chip() {
        let plain = Label::of(&wanted(ChipEncoding::Sgtin96), "6789").unwrap();
        let label = plain.clone().with_token("0123456789abcdef").unwrap();
        assert_eq!(label.link, format!("{}?t=0123456789abcdef", plain.link));
        assert_eq!(label.epc, plain.epc);
        let read = parse_digital_link(&label.link).unwrap();
        assert_eq!((read.value.as_str(), read.qualifier("21")), ("09521141123454", Some("6789")));
        assert!(plain.with_token(&"0".repeat(120)).is_err(), "too long for a label");
    }

    #[test]
    fn what_a_chip_cannot_hold_is_refused_with_the_reason() {
        let refused =
            |encoding, serial: &str| Label::of(&wanted(encoding), serial).unwrap_err().to_string();
        for (serial, says) in [
            ("007", "leading"),
            ("ABC", "sgtin-96 cannot hold the serial `ABC`"),
            ("274877906944", "sgtin-96 cannot hold"),
            ("", "the address"),
            ("123456789012345678901", "the address"),
        ] {
            let why = refused(ChipEncoding::Sgtin96, serial);
            assert!(why.contains(says), "{serial}: {why}");
        }
        assert!(Label::of(&wanted(ChipEncoding::Sgtin198), "007-A/b").is_ok());
        let none = Wanted { company_prefix: None, ..wanted(ChipEncoding::Sgtin96) };
        assert!(Label::of(&none, "1").unwrap_err().to_string().contains("got no company prefix"));
        let other = Wanted { company_prefix: Some("4012345".into()), ..none };
        assert!(Label::of(&other, "1").is_err());
        let wrong = Wanted { gtin: "9521141123455".into(), ..wanted(ChipEncoding::SgtinPlus) };
        let why = Label::of(&wrong, "1").unwrap_err().to_string();
        assert!(why.contains("check digit"), "{why}");
        let long = Wanted { base: format!("https://{}.example", "a".repeat(120)), ..wrong };
        let long = Wanted { gtin: "9521141123454".into(), ..long };
        let why = Label::of(&long, "1").unwrap_err().to_string();
        assert!(why.contains("expected at most 152"), "{why}");
    }

    proptest! {
        #[test]
        fn whatever_a_serial_is_a_label_names_it_or_there_is_none(serial in "[!-~]{1,20}", place in 0_usize..3) {
            let encoding = ChipEncoding::ALL[place];
            if let Ok(label) = Label::of(&wanted(encoding), &serial) {
                let link = parse_digital_link(&label.link).unwrap();
                prop_assert_eq!(link.qualifier("21"), Some(serial.as_str()));
                let chip = Tag::decode(&label.epc).unwrap().to_link().unwrap();
                prop_assert_eq!(chip.qualifier("21"), Some(serial.as_str()));
                prop_assert_eq!(chip.value, label.gtin);
            }
        }
    }
}
