//! A simulated NTAG 424 DNA in AES mode: the address that it writes at each tap of a phone.
//!
//! What holds: the counter rises with each tap; the code is computed over path and query, so that it names the item.
//!
//! Not here: LRP, keys of each chip's own; whether a tap passes (`tag_auth::tap`, `trace-api/src/taps.rs`).
//!
//! Source: NXP AN12196 sections 3.3 and 3.4.

use tag_auth::block::{BLOCK, Block, Key};
use tag_auth::session::{ChipTap, Mode, UID};

/// What the encrypted number and counter begin with: both are there, the number has seven bytes.
const BOTH: u8 = 0xc7;

/// The keys that chips are given, 32 hexadecimal digits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys<'a> {
    /// Of number and counter.
    pub meta: &'a str,
    /// Of codes and of the file.
    pub file: &'a str,
}

impl Keys<'_> {
    /// The text that `chopmark tags keys import` takes for chips with these keys.
    ///
    /// - `products`: GTINs, or their first digits, with spaces between.
    #[must_use]
    pub fn set(&self, name: &str, products: &str) -> String {
        format!(
            "name: {name}\nproducts: {products}\nmode: aes\npicc: p\nenc: e\nseal: 0\ncmac: c\ncmac_from: path\n\
             meta_key: {}\nfile_key: {}\n",
            self.meta, self.file
        )
    }
}

/// A chip, as somebody programmed it.
#[derive(Debug)]
pub struct Ntag424 {
    path: String,
    meta_key: Key,
    file_key: Key,
    now: ChipTap,
    /// The letters of the seal: whether it was ever open, whether it is.
    seal: [u8; 2],
}

impl Ntag424 {
    /// A chip with a closed seal that was never tapped; none if a key has not 32 hexadecimal digits.
    ///
    /// - `path`: what is written on it before its own parameters, `/01/…/21/…`.
    #[must_use]
    pub fn new(uid: [u8; UID], path: &str, keys: Keys<'_>) -> Option<Self> {
        Some(Self {
            path: path.to_owned(),
            meta_key: Key::of_hex(keys.meta)?,
            file_key: Key::of_hex(keys.file)?,
            now: ChipTap { uid, counter: 0 },
            seal: *b"CC",
        })
    }

    /// The same with a seal that somebody opened.
    #[must_use]
    pub fn opened(self) -> Self {
        Self { seal: *b"OO", ..self }
    }

    /// The next tap: path and query of the address that a phone opens.
    pub fn tap(&mut self) -> String {
        self.now.counter += 1;
        let data = format!(
            "{}?p={}&e={}&c=",
            self.path,
            hex::encode_upper(self.identity()),
            hex::encode_upper(self.file())
        );
        let code = self.now.code(Mode::Aes, &self.file_key, data.as_bytes());
        data + &hex::encode_upper(code)
    }

    fn counter(&self) -> [u8; 3] {
        let [one, two, three, _] = self.now.counter.to_le_bytes();
        [one, two, three]
    }

    /// Number and counter, encrypted. The chip fills the block with random bytes, which nobody reads.
    fn identity(&self) -> Block {
        let mut plain = [0; BLOCK];
        plain[0] = BOTH;
        plain[1..8].copy_from_slice(&self.now.uid);
        plain[8..11].copy_from_slice(&self.counter());
        self.meta_key.cipher().encrypt(plain)
    }

    /// The file's data with the seal, encrypted.
    fn file(&self) -> Block {
        let mut vector = [0; BLOCK];
        vector[..6].copy_from_slice(&[0xc3, 0x3c, 0, 1, 0, 0x80]);
        vector[6..13].copy_from_slice(&self.now.uid);
        vector[13..].copy_from_slice(&self.counter());
        let session = Key::new(self.file_key.cipher().cmac(&vector)).cipher();
        let mut begin = [0; BLOCK];
        begin[..3].copy_from_slice(&self.counter());
        let begin = session.encrypt(begin);
        let mut plain = [b'0'; BLOCK];
        plain[..2].copy_from_slice(&self.seal);
        session.encrypt(std::array::from_fn(|place| plain[place] ^ begin[place]))
    }
}

#[cfg(test)]
mod tests {
    use tag_auth::key_set::KeySet;
    use tag_auth::tap::{Fault, Seal, check};

    use super::*;

    const KEYS: Keys<'_> =
        Keys { meta: "00112233445566778899aabbccddeeff", file: "ffeeddccbbaa99887766554433221100" };
    const NUMBER: [u8; UID] = [0x04, 0x95, 0x8c, 0xaa, 0x5c, 0x5e, 0x80];

    #[test]
    fn a_tap_passes_with_the_keys_of_the_chip_and_with_no_other_and_counts() {
        let set = KeySet::parse(&KEYS.set("tea", "09521141")).unwrap();
        let path = "/01/09521141123454/21/7";
        let mut chip = Ntag424::new(NUMBER, path, KEYS).unwrap();
        let (first, second) = (chip.tap(), chip.tap());
        for (address, counter) in [(&first, 1), (&second, 2)] {
            let tap = check(&set, address).unwrap();
            assert_eq!((tap.chip.uid, tap.chip.counter), (NUMBER, counter));
            assert_eq!((tap.seal, tap.names_item), (Some(Seal::Closed), true));
        }
        let open = check(&set, &chip.opened().tap()).unwrap();
        assert_eq!((open.seal, open.chip.counter), (Some(Seal::Opened), 3));
        let copied = first.replace("/21/7", "/21/8");
        assert_eq!(check(&set, &copied), Err(Fault::Code), "a copy on another item");
        let keys = Keys { file: KEYS.meta, ..KEYS };
        let forged = Ntag424::new(NUMBER, path, keys).unwrap().tap();
        assert_eq!(check(&set, &forged), Err(Fault::Code));
        assert!(Ntag424::new(NUMBER, path, Keys { meta: "", ..KEYS }).is_none());
    }
}
