//! The TID bank: maker, model and serial number of a tag's chip.
//!
//! | bits | field |
//! |---|---|
//! | 8 | allocation class, 0xE2 for EPC tags |
//! | 3 | flags: extended TID, security, file |
//! | 9 | mask designer (maker) |
//! | 12 | model |
//! | 16 | XTID header, if the first flag is set; its upper three bits give the serial's length |
//! | n | serial number |
//!
//! What holds: the chip's maker writes the TID and a regular chip does not let anybody change it, but an
//! emulated tag can return any TID. A TID is therefore evidence of a chip, not proof.
//!
//! Source: TDS 2.x section 16.

use crate::bits::from_hex;
use crate::error::{EpcError, field};

/// The content of a TID bank.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tid {
    /// Allocation class, 0xE2.
    pub class: u8,
    /// Mask designer id, 9 bits: 0x001 Impinj, 0x006 NXP, 0x003 Alien.
    pub maker: u16,
    /// Model, 12 bits, as the maker numbers it.
    pub model: u16,
    /// Serial number of the chip, 6 to 18 bytes; `None` without an extended TID or if the bytes are cut off.
    pub serial: Option<Vec<u8>>,
}

impl Tid {
    /// Decodes a TID bank of at least four bytes.
    ///
    /// # Errors
    ///
    /// [`EpcError::Field`] if there are fewer bytes or the allocation class is not 0xE2.
    pub fn decode(bytes: &[u8]) -> Result<Self, EpcError> {
        let [class, b1, b2, b3, rest @ ..] = bytes else {
            return Err(field("TID", &format!("{} bytes", bytes.len()), "at least 4 bytes"));
        };
        if *class != 0xE2 {
            return Err(field("TID class", &format!("{class:02X}"), "E2"));
        }
        let has_xtid = b1 & 0x80 != 0;
        let maker = (u16::from(b1 & 0x1F) << 4) | u16::from(b2 >> 4);
        let model = (u16::from(b2 & 0x0F) << 8) | u16::from(*b3);
        let serial = match rest {
            [head, _, serial @ ..] if has_xtid && head >> 5 != 0 => {
                // Length in bits: 48 + 16 * (value - 1), TDS table 16-4.
                let length = 6 + 2 * usize::from((head >> 5) - 1);
                serial.get(..length).map(<[u8]>::to_vec)
            }
            _ => None,
        };
        Ok(Self { class: *class, maker, model, serial })
    }

    /// Decodes a TID bank given as hex of either case.
    ///
    /// # Errors
    ///
    /// [`EpcError::Hex`] if `hex` is not hex; otherwise as [`Tid::decode`].
    pub fn decode_hex(hex: &str) -> Result<Self, EpcError> {
        Self::decode(&from_hex(hex)?)
    }

    /// The maker's name, for the three most common makers.
    #[must_use]
    pub fn maker_name(&self) -> Option<&'static str> {
        match self.maker & 0xFF {
            0x01 => Some("Impinj"),
            0x03 => Some("Alien"),
            0x06 => Some("NXP"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extended_tid_gives_maker_model_and_serial() {
        let tid =
            Tid::decode_hex("E2801190200050 1F800558 17CA".replace(' ', "").as_str()).unwrap();
        assert_eq!((tid.maker, tid.model), (0x001, 0x190));
        assert_eq!(tid.maker_name(), Some("Impinj"));
        assert_eq!(tid.serial.as_deref().map(<[u8]>::len), Some(6));
    }

    #[test]
    fn a_plain_tid_has_no_serial_and_a_short_or_foreign_one_is_refused() {
        assert_eq!(Tid::decode_hex("E2003412").unwrap().serial, None);
        for bad in ["E20034", "", "E0003412", "zz"] {
            assert!(Tid::decode_hex(bad).is_err(), "{bad}");
        }
    }
}
