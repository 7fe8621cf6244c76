//! AES-128 on single blocks, CBC decryption and CMAC, the latter over any block function, because LRP has one of its own.
//!
//! What holds: no function panics; a key is wiped when it is dropped and never printed; [`same`] takes the same time
//! wherever two codes differ.
//!
//! Sources: FIPS 197, RFC 4493; NXP AN12304 section 3.2.3 (CMAC over LRP).

use std::fmt;

use aes::Aes128;
use aes::cipher::{
    Block as CipherBlock, BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _,
};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Bytes of a block, and of a key.
pub const BLOCK: usize = 16;
/// One block.
pub type Block = [u8; BLOCK];

/// A key of AES-128.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Zeroizing<Block>);

impl Key {
    /// A key of these bytes.
    #[must_use]
    pub fn new(bytes: Block) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A key of 32 hexadecimal digits; none of another text.
    #[must_use]
    pub fn of_hex(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; BLOCK]);
        hex::decode_to_slice(text, &mut *bytes).ok()?;
        Some(Self(bytes))
    }

    /// The cipher under this key.
    #[must_use]
    pub fn cipher(&self) -> Cipher {
        Cipher(Aes128::new((&*self.0).into()))
    }

    /// By which people compare keys without seeing them: the first three bytes of a block of zeros under it.
    #[must_use]
    pub fn check_value(&self) -> [u8; 3] {
        let [one, two, three, ..] = self.cipher().encrypt([0; BLOCK]);
        [one, two, three]
    }

    /// Its bytes, for what derives keys from it.
    pub(crate) fn bytes(&self) -> &Block {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Key(hidden)")
    }
}

/// AES-128 under one key; its round keys are wiped when it is dropped.
pub struct Cipher(Aes128);

impl Cipher {
    /// Encrypts one block.
    #[must_use]
    pub fn encrypt(&self, block: Block) -> Block {
        let mut block: CipherBlock<Aes128> = block.into();
        self.0.encrypt_block(&mut block);
        block.into()
    }

    /// Decrypts one block.
    #[must_use]
    pub fn decrypt(&self, block: Block) -> Block {
        let mut block: CipherBlock<Aes128> = block.into();
        self.0.decrypt_block(&mut block);
        block.into()
    }

    /// Decrypts whole blocks in CBC mode; none if `data` is not made of whole blocks.
    #[must_use]
    pub fn decrypt_cbc(&self, iv: Block, data: &[u8]) -> Option<Vec<u8>> {
        let (blocks, rest) = data.as_chunks::<BLOCK>();
        if !rest.is_empty() {
            return None;
        }
        let mut before = iv;
        let mut plain = Vec::with_capacity(data.len());
        for block in blocks {
            plain.extend_from_slice(&xor(self.decrypt(*block), before));
            before = *block;
        }
        Some(plain)
    }

    /// The CMAC of `data`.
    #[must_use]
    pub fn cmac(&self, data: &[u8]) -> Block {
        cmac(|block| self.encrypt(block), data)
    }
}

/// CMAC of `data` over the block function `function`.
pub fn cmac(function: impl Fn(Block) -> Block, data: &[u8]) -> Block {
    let (one, two) = subkeys(&function);
    let (blocks, rest) = data.as_chunks::<BLOCK>();
    let (before, last) = match (rest, blocks.split_last()) {
        ([], Some((last, before))) => (before, xor(*last, one)),
        _ => (blocks, xor(padded(rest), two)),
    };
    let state = before.iter().fold([0; BLOCK], |state, block| function(xor(state, *block)));
    function(xor(state, last))
}

/// The two subkeys of CMAC: for a last block that is whole, and for one that was padded.
pub(crate) fn subkeys(function: impl Fn(Block) -> Block) -> (Block, Block) {
    let one = doubled(function([0; BLOCK]));
    (one, doubled(one))
}

/// Fewer than 16 bytes, a bit 1, and zeros.
fn padded(rest: &[u8]) -> Block {
    let bytes = rest.iter().copied().chain([0x80]);
    let mut block = [0; BLOCK];
    for (place, byte) in block.iter_mut().zip(bytes) {
        *place = byte;
    }
    block
}

/// Twice an element of GF(2^128), without a branch on it.
fn doubled(block: Block) -> Block {
    let number = u128::from_be_bytes(block);
    let reduction = 0x87 & 0_u128.wrapping_sub(number >> 127);
    ((number << 1) ^ reduction).to_be_bytes()
}

/// Bit by bit, one or the other and not both.
pub(crate) fn xor(one: Block, other: Block) -> Block {
    (u128::from_be_bytes(one) ^ u128::from_be_bytes(other)).to_be_bytes()
}

/// The bytes at odd places: how NTAG 424 DNA shortens a CMAC.
pub(crate) fn shortened(mac: Block) -> [u8; 8] {
    std::array::from_fn(|place| mac[2 * place + 1])
}

/// Whether two codes are the same, in constant time for codes of one length.
#[must_use]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(text: &str) -> Block {
        *Key::of_hex(text).unwrap().bytes()
    }

    #[test]
    fn aes_and_its_cmac_give_the_answers_of_fips_197_and_rfc_4493() {
        let cipher = Key::of_hex("000102030405060708090a0b0c0d0e0f").unwrap().cipher();
        let plain = block("00112233445566778899aabbccddeeff");
        assert_eq!(cipher.encrypt(plain), block("69c4e0d86a7b0430d8cdb78070b4c55a"));
        assert_eq!(cipher.decrypt(cipher.encrypt(plain)), plain);
        let cipher = Key::of_hex("2b7e151628aed2a6abf7158809cf4f3c").unwrap().cipher();
        let message = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
                       30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
        let message = hex::decode(message).unwrap();
        for (length, mac) in [
            (0, "bb1d6929e95937287fa37d129b756746"),
            (16, "070a16b46b4d4144f79bdd9dd04a287c"),
            (40, "dfa66747de9ae63030ca32611497c827"),
            (64, "51f0bebf7e3b9d92fc49741779363cfe"),
        ] {
            assert_eq!(cipher.cmac(&message[..length]), block(mac), "{length} bytes");
        }
    }

    #[test]
    fn a_check_value_is_that_of_a_block_of_zeros() {
        // FIPS 197 under the key of zeros: 66e94bd4ef8a2c3b884cfa59ca342b2e.
        assert_eq!(Key::new([0; BLOCK]).check_value(), [0x66, 0xe9, 0x4b]);
    }

    #[test]
    fn a_key_is_never_printed_and_is_32_digits() {
        let key = Key::of_hex("2b7e151628aed2a6abf7158809cf4f3c").unwrap();
        assert_eq!(format!("{key:?}"), "Key(hidden)");
        for bad in ["", "2b", "2b7e151628aed2a6abf7158809cf4f3", "zb7e151628aed2a6abf7158809cf4f3c"]
        {
            assert!(Key::of_hex(bad).is_none(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_bit_changes_the_cmac(mut data in prop::collection::vec(any::<u8>(), 1..70), at in any::<usize>(), bit in 0_u8..8) {
            let cipher = Key::new([7; BLOCK]).cipher();
            let before = cipher.cmac(&data);
            let place = at % data.len();
            data[place] ^= 1 << bit;
            prop_assert!(!same(&cipher.cmac(&data), &before));
        }
    }
}
