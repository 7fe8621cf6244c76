//! LRP: the leakage resilient primitive that NTAG 424 DNA can use instead of AES.
//!
//! The way through: [`Lrp::new`] makes 16 secret plaintexts and the updated key of a number from a key; [`Lrp::evaluate`] takes
//! the digits of an input one after another; [`Lrp::decrypt`] (LRICB) and [`Lrp::cmac`] stand on it.
//!
//! What holds: this side of the contact only: a chip must not leak, a server that is not probed needs no such care.
//!
//! Source: NXP AN12304, algorithms 1 to 3 and section 3.2.

use zeroize::Zeroizing;

use crate::block::{BLOCK, Block, Key, cmac};

/// A key of LRP, ready for use.
pub struct Lrp {
    plaintexts: Zeroizing<[Block; 16]>,
    key: Key,
}

fn step(key: &Key, block: u8) -> Key {
    Key::new(key.cipher().encrypt([block; BLOCK]))
}

impl Lrp {
    /// From a key.
    ///
    /// - `number`: of the updated key, from 0: 0 for codes, 1 for encryption with a session's key.
    #[must_use]
    pub fn new(key: &Key, number: usize) -> Self {
        let mut plaintexts = Zeroizing::new([[0; BLOCK]; 16]);
        let mut state = step(key, 0x55);
        for plaintext in plaintexts.iter_mut() {
            *plaintext = *step(&state, 0xaa).bytes();
            state = step(&state, 0x55);
        }
        let mut state = step(key, 0xaa);
        for _ in 0..number {
            state = step(&state, 0x55);
        }
        Self { plaintexts, key: step(&state, 0xaa) }
    }

    /// The value of an input, given as digits of four bits; only the lower four bits of each count.
    #[must_use]
    pub fn evaluate(&self, digits: impl Iterator<Item = u8>, is_final: bool) -> Key {
        let next = |key: Key, digit: u8| {
            Key::new(key.cipher().encrypt(self.plaintexts[usize::from(digit & 15)]))
        };
        let value = digits.fold(self.key.clone(), next);
        if is_final { step(&value, 0) } else { value }
    }

    fn of_bytes(&self, bytes: &[u8]) -> Key {
        self.evaluate(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]), true)
    }

    /// Decrypts whole blocks with a counter that begins at `counter`, big-endian; none if `data` is not made of whole blocks.
    #[must_use]
    pub fn decrypt<const N: usize>(&self, mut counter: [u8; N], data: &[u8]) -> Option<Vec<u8>> {
        let (blocks, rest) = data.as_chunks::<BLOCK>();
        if !rest.is_empty() {
            return None;
        }
        let mut plain = Vec::with_capacity(data.len());
        for block in blocks {
            plain.extend_from_slice(&self.of_bytes(&counter).cipher().decrypt(*block));
            for byte in counter.iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
        }
        Some(plain)
    }

    /// The CMAC of `data`.
    #[must_use]
    pub fn cmac(&self, data: &[u8]) -> Block {
        cmac(|block| *self.of_bytes(&block).bytes(), data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lrp(key: &str, number: usize) -> Lrp {
        Lrp::new(&Key::of_hex(key).unwrap(), number)
    }

    #[test]
    fn plaintexts_and_updated_keys_are_those_of_an12304() {
        let key = "567826B8DA8E768432A9548DBE4AA3A0";
        let first = lrp(key, 0);
        assert_eq!(hex::encode_upper(first.plaintexts[0]), "AC20D39F5341FE98DFCA21DA86BA7914");
        assert_eq!(hex::encode_upper(first.plaintexts[15]), "71B444AF257A93215311D758DD333247");
        assert_eq!(hex::encode_upper(first.key.bytes()), "163D14ED24ED935373568EC521E96CF4");
        assert_eq!(hex::encode_upper(lrp(key, 2).key.bytes()), "FE30AB50467E61783BFE6B5E0560160E");
    }

    #[test]
    fn evaluations_are_those_of_an12304() {
        for (key, number, input, is_final, expected) in [
            (
                "567826B8DA8E768432A9548DBE4AA3A0",
                2,
                "1359",
                true,
                "1BA2C0C578996BC497DD181C6885A9DD",
            ),
            (
                "88B95581002057A93E421EFE4076338B",
                2,
                "77299D",
                true,
                "E9C04556A214AC3297B83E4BDF46F142",
            ),
            (
                "9AFF3EF56FFEC3153B1CADB48B445409",
                3,
                "4B073B247CD48F7E0A",
                false,
                "909415E5C8BE77563050F2227E17C0E4",
            ),
            (
                "6983FC665FBB8BEA35DADBB2EF446656",
                1,
                "BDF09818B0A7AFFF9C8",
                true,
                "E0A4144033A1CACD1DBCE30F9883A1DB",
            ),
            (
                "1EBB6DF4E251A10B9503AE6B3EEB0ACA",
                3,
                "CDD68EFF713C8",
                false,
                "28740D45D92737D6CF8F05D05B961424",
            ),
        ] {
            let digits =
                input.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap());
            let value = lrp(key, number).evaluate(digits, is_final);
            assert_eq!(hex::encode_upper(value.bytes()), expected, "{input}");
        }
    }

    #[test]
    fn an_encrypted_text_and_codes_are_those_of_an12304() {
        let data = "FCBBACAA4F29182464F99DE41085266F480E863E487BAAF687B43ED1ECE0D623";
        let plain = lrp("E0C4935FF0C254CD2CEF8FDDC32460CF", 0)
            .decrypt([0xc3, 0x31, 0x5d, 0xbf], &hex::decode(data).unwrap())
            .unwrap();
        assert_eq!(hex::encode_upper(&plain[..16]), "012D7F1653CAF6503C6AB0C1010E8CB0");
        assert_eq!(plain[16..], [&[0x80][..], &[0; 15]].concat());
        for (key, message, mac) in [
            ("63A0169B4D9FE42C72B2784C806EAC21", "", "0E07C601970814A4176FDA633C6FC3DE"),
            (
                "8195088CE6C393708EBBE6C7914ECB0B",
                "BBD5B85772C7",
                "AD8595E0B49C5C0DB18E77355F5AAFF6",
            ),
            (
                "5AA9F6C6DE5138113DF5D6B6C77D5D52",
                "A4434D740C2CB665FE5396959189383F",
                "8B43ADF767E46B692E8F24E837CB5EFC",
            ),
        ] {
            let found = lrp(key, 0).cmac(&hex::decode(message).unwrap());
            assert_eq!(hex::encode_upper(found), mac, "{message}");
        }
    }

    #[test]
    fn a_counter_at_its_end_begins_again_and_half_a_block_is_refused() {
        let lrp = lrp("63A0169B4D9FE42C72B2784C806EAC21", 0);
        let two = lrp.decrypt([0xff, 0xff], &[1; 32]).unwrap();
        assert_eq!(two[16..], lrp.decrypt([0, 0], &[1; 16]).unwrap());
        assert_eq!(lrp.decrypt([0], &[1; 17]), None);
    }
}
