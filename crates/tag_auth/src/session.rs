//! What a chip computes at one tap: the number of chip and tap from encrypted data, the code, the encrypted file.
//!
//! What holds: AES and LRP differ here and nowhere else.
//!
//! Sources: NXP AN12196 sections 3.3 and 3.4; NTAG 424 DNA data sheet, section 9.3 (SDM); AN12304.

use crate::block::{BLOCK, Block, Key, shortened};
use crate::lrp::Lrp;

/// Bytes of a chip's number.
pub const UID: usize = 7;
/// Highest counter of taps; the chip then answers no more.
pub const LAST_COUNTER: u32 = 0x00ff_ffff;
/// First byte of the data of the chip: number and counter are both there, the number has seven bytes.
const BOTH: u8 = 0xc7;

/// Which cryptography a chip was set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// AES-128.
    Aes,
    /// The leakage resilient primitive.
    Lrp,
}

/// A chip, and how often it was tapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChipTap {
    /// The chip's number.
    pub uid: [u8; UID],
    /// The tap's number, 0 to [`LAST_COUNTER`].
    pub counter: u32,
}

impl ChipTap {
    /// Number and counter, the latter little-endian, as the chip computes with them.
    fn bytes(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[..UID].copy_from_slice(&self.uid);
        bytes[UID..].copy_from_slice(&self.counter.to_le_bytes()[..3]);
        bytes
    }

    /// Decrypts the data of the chip; none if they are not of the form that this key would have made.
    ///
    /// - `data`: 16 bytes, or 24 with LRP.
    #[must_use]
    pub fn decrypt(mode: Mode, key: &Key, data: &[u8]) -> Option<Self> {
        let plain = match mode {
            Mode::Aes if data.len() == BLOCK => key.cipher().decrypt_cbc([0; BLOCK], data)?,
            Mode::Lrp => {
                let (random, data) = data.split_first_chunk::<8>()?;
                if data.len() != BLOCK {
                    return None;
                }
                Lrp::new(key, 0).decrypt(*random, data)?
            }
            Mode::Aes => return None,
        };
        let (first, rest) = plain.split_first()?;
        let (uid, rest) = rest.split_first_chunk::<UID>()?;
        let [one, two, three] = *rest.first_chunk::<3>()?;
        (*first == BOTH)
            .then_some(Self { uid: *uid, counter: u32::from_le_bytes([one, two, three, 0]) })
    }

    /// What session keys are made from: 16 bytes.
    fn vector(&self, head: [u8; 6]) -> Block {
        let mut vector = [0; BLOCK];
        vector[..6].copy_from_slice(&head);
        vector[6..].copy_from_slice(&self.bytes());
        vector
    }

    fn vector_lrp(&self) -> Block {
        let mut vector = [0; BLOCK];
        vector[..4].copy_from_slice(&[0x00, 0x01, 0x00, 0x80]);
        vector[4..14].copy_from_slice(&self.bytes());
        vector[14..].copy_from_slice(&[0x1e, 0xe1]);
        vector
    }

    fn session_lrp(&self, key: &Key) -> Key {
        Key::new(Lrp::new(key, 0).cmac(&self.vector_lrp()))
    }

    /// The code that the chip computes over `text`.
    #[must_use]
    pub fn code(&self, mode: Mode, key: &Key, text: &[u8]) -> [u8; 8] {
        shortened(match mode {
            Mode::Aes => {
                let head = [0x3c, 0xc3, 0x00, 0x01, 0x00, 0x80];
                Key::new(key.cipher().cmac(&self.vector(head))).cipher().cmac(text)
            }
            Mode::Lrp => Lrp::new(&self.session_lrp(key), 0).cmac(text),
        })
    }

    /// Decrypts data of the file that the chip encrypted; none if they are not made of whole blocks.
    #[must_use]
    pub fn file(&self, mode: Mode, key: &Key, data: &[u8]) -> Option<Vec<u8>> {
        let [one, two, three, _] = self.counter.to_le_bytes();
        match mode {
            Mode::Aes => {
                let head = [0xc3, 0x3c, 0x00, 0x01, 0x00, 0x80];
                let cipher = Key::new(key.cipher().cmac(&self.vector(head))).cipher();
                let mut counter = [0; BLOCK];
                counter[..3].copy_from_slice(&[one, two, three]);
                cipher.decrypt_cbc(cipher.encrypt(counter), data)
            }
            Mode::Lrp => {
                Lrp::new(&self.session_lrp(key), 1).decrypt([one, two, three, 0, 0, 0], data)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    #[test]
    fn codes_of_an12196_are_those_that_its_chip_made() {
        let key = Key::new([0; BLOCK]);
        let data = bytes("EF963FF7828658A599F3041510671E88");
        let tap = ChipTap::decrypt(Mode::Aes, &key, &data).unwrap();
        assert_eq!((hex::encode_upper(tap.uid), tap.counter), ("04DE5F1EACC040".to_owned(), 61));
        assert_eq!(hex::encode_upper(tap.code(Mode::Aes, &key, b"")), "94EED9EE65337086");
        let data = bytes("FD91EC264309878BE6345CBE53BADF40");
        let tap = ChipTap::decrypt(Mode::Aes, &key, &data).unwrap();
        assert_eq!((hex::encode_upper(tap.uid), tap.counter), ("04958CAA5C5E80".to_owned(), 8));
        let text = b"CEE9A53E3E463EF1F459635736738962&cmac=";
        assert_eq!(hex::encode_upper(tap.code(Mode::Aes, &key, text)), "ECC1E7F6C6C73BF6");
        let file = tap.file(Mode::Aes, &key, &bytes("CEE9A53E3E463EF1F459635736738962")).unwrap();
        assert_eq!(file, [b'x'; 16]);
    }

    #[test]
    fn codes_in_lrp_mode_are_those_that_a_chip_made() {
        let key = Key::new([0; BLOCK]);
        let chip = "AAE1508939ECF6FF26BCE407959AB1A5EC022819A35CD293";
        let tap = ChipTap::decrypt(Mode::Lrp, &key, &bytes(chip)).unwrap();
        assert_eq!((hex::encode_upper(tap.uid), tap.counter), ("042E1D222A6380".to_owned(), 0x6a));
        let text = format!("{chip}x");
        assert_eq!(
            hex::encode_upper(tap.code(Mode::Lrp, &key, text.as_bytes())),
            "5E3DB82C19E3865F"
        );

        let chip = "65628ED36888CF9C84797E43ECACF114C6ED9A5E101EB592";
        let file = "4ADE304B5AB9474CB40AFFCAB0607A85";
        let tap = ChipTap::decrypt(Mode::Lrp, &key, &bytes(chip)).unwrap();
        let text = format!("any.domain/?m={chip}x{file}x");
        assert_eq!(
            hex::encode_upper(tap.code(Mode::Lrp, &key, text.as_bytes())),
            "87E287E8135BFC06"
        );
        let file = tap.file(Mode::Lrp, &key, &bytes(file)).unwrap();
        assert_eq!(file, b"0102030400000000");
    }

    #[test]
    fn data_of_another_key_or_length_name_no_chip() {
        let data = bytes("EF963FF7828658A599F3041510671E88");
        assert_eq!(ChipTap::decrypt(Mode::Aes, &Key::new([1; BLOCK]), &data), None);
        for length in [0, 15, 17, 24, 32] {
            let data = vec![0; length];
            assert_eq!(ChipTap::decrypt(Mode::Aes, &Key::new([0; BLOCK]), &data), None, "{length}");
        }
        for length in [0, 7, 8, 16, 23, 25, 40] {
            let data = vec![0; length];
            assert_eq!(ChipTap::decrypt(Mode::Lrp, &Key::new([0; BLOCK]), &data), None, "{length}");
        }
    }
}
