//! A key set as it is imported and stored, of whichever kind of tag.
//!
//! The way through: [`TagKeys::parse`] looks at the line `mode` and reads the rest as [`KeySet`] or [`TamKeys`].

use crate::key_set::{KeySet, KeySetError};
use crate::session::Mode;
use crate::tam_keys::TamKeys;

/// How key sets of UHF tags are listed and stored.
pub const TAM1: &str = "tam1";

/// Keys of the tags of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagKeys {
    /// Of chips that write addresses.
    Address(KeySet),
    /// Of UHF tags that answer a challenge.
    Challenge(TamKeys),
}

impl TagKeys {
    /// Reads a key set.
    ///
    /// # Errors
    ///
    /// [`KeySetError`].
    pub fn parse(text: &str) -> Result<Self, KeySetError> {
        let mode = text.lines().find_map(|line| line.trim().strip_prefix("mode:"));
        match mode.map(str::trim) {
            Some(TAM1) => TamKeys::parse(text).map(Self::Challenge),
            _ => KeySet::parse(text).map(Self::Address),
        }
    }

    /// What the operator calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Address(set) => &set.name,
            Self::Challenge(set) => &set.name,
        }
    }

    /// First digits of the GTINs of its products.
    #[must_use]
    pub fn products(&self) -> &[String] {
        match self {
            Self::Address(set) => &set.products,
            Self::Challenge(set) => &set.products,
        }
    }

    /// How it is listed and stored: `aes`, `lrp` or `tam1`.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Address(KeySet { mode: Mode::Aes, .. }) => "aes",
            Self::Address(KeySet { mode: Mode::Lrp, .. }) => "lrp",
            Self::Challenge(_) => TAM1,
        }
    }

    /// By which people compare key sets without seeing keys.
    #[must_use]
    pub fn check_value(&self) -> String {
        match self {
            Self::Address(set) => set.check_value(),
            Self::Challenge(set) => set.check_value(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_says_what_kind_of_tags_a_key_set_is_of() {
        let chip = "name: a\nproducts: 0952\nmode: lrp\nuid: u\ncounter: n\ncmac: c\ncmac_from: path\n\
                    file_key: 00112233445566778899aabbccddeeff\n";
        let uhf = "name: b\nproducts: 0952\nmode: tam1\nkey_id: 0\ntag_key: 00112233445566778899aabbccddeeff\n";
        let read = |text| TagKeys::parse(text).unwrap();
        assert_eq!((read(chip).algorithm(), read(uhf).algorithm()), ("lrp", "tam1"));
        assert_eq!((read(chip).name(), read(uhf).name()), ("a", "b"));
        let mixed = chip.replace("mode: lrp", "mode: tam1");
        assert!(TagKeys::parse(&mixed).is_err(), "lines of one kind with the mode of the other");
    }
}
