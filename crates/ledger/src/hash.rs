//! SHA-256 and everything that is made of it; with `hash/short.rs` the only file that names the digest libraries.
//!
//! The way through: what is short, which nearly everything is, is hashed by `sha2` (up to some blocks in `short.rs`), whose state is a value on
//! the stack; what is long is hashed by AWS-LC, which is fast without SHA instructions as well, at the cost of a context for each hash.
//!
//! What holds: each use begins with its own byte, so that a value of one kind never equals one of another.
//!
//! ```text
//! 0x00 leaf of a tree      0x01 node of a tree
//! 0x10 plain field         0x11 list element      0x12 list field      0x13 record commitment
//! ```
//!
//! Not here: how trees are built ([`crate::tree`]), signatures ([`crate::keys`]).
//!
//! Sources: FIPS 180-4, RFC 2104 (HMAC), RFC 9162 section 2.1 (leaf and node).

mod short;

use std::{fmt, str::FromStr};

use aws_lc_rs::digest;
use sha2::Digest as _;
use thiserror::Error;

use self::short::HmacStates;

/// First byte of what is hashed for a tree's leaf.
pub const LEAF: u8 = 0x00;
/// First byte of what is hashed for a tree's node.
pub const NODE: u8 = 0x01;
/// First byte of what is hashed for a record's plain field.
pub const PLAIN_FIELD: u8 = 0x10;
/// First byte of what is hashed for one element of a record's list.
pub const LIST_ELEMENT: u8 = 0x11;
/// First byte of what is hashed for a record's list.
pub const LIST_FIELD: u8 = 0x12;
/// First byte of what is hashed for a record's commitment.
pub const COMMITMENT: u8 = 0x13;

/// A SHA-256 value, 32 bytes. Written as 64 lowercase hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// A text is not the hex form of a hash.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("got hash `{0}`, expected 64 lowercase hex digits")]
pub struct HashError(pub String);

impl Hash {
    /// SHA-256 of nothing: the root of the empty tree.
    pub const EMPTY: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A hash from exactly 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<[u8; 32]> for Hash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let mut bytes = [0; 32];
        let lowercase = text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        if !lowercase || hex::decode_to_slice(text, &mut bytes).is_err() {
            return Err(HashError(text.chars().take(80).collect()));
        }
        Ok(Self(bytes))
    }
}

/// Bytes of a block: a longer key of an HMAC is hashed first.
const BLOCK: usize = 64;
/// Most bytes of what is short: a context costs about as much as two blocks.
const SHORT: usize = 1024;

/// SHA-256 of `data`.
#[must_use]
pub fn sha256(data: &[u8]) -> Hash {
    if data.len() <= short::MOST {
        return Hash(short::of_parts(&[data]));
    }
    if data.len() <= SHORT {
        return Hash(sha2::Sha256::digest(data).into());
    }
    close(&digest::digest(&digest::SHA256, data))
}

/// SHA-256 of all parts, one after the other, with nothing between them.
#[must_use]
pub fn sha256_parts(parts: &[&[u8]]) -> Hash {
    let total = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.len()));
    if total <= short::MOST {
        return Hash(short::of_parts(parts));
    }
    if total <= SHORT {
        let mut state = sha2::Sha256::new();
        for part in parts {
            state.update(part);
        }
        return Hash(state.finalize().into());
    }
    let mut state = Sha256::new();
    for part in parts {
        state.update(part);
    }
    state.finish()
}

/// SHA-256 of something that is not in memory at once.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl Sha256 {
    /// Begins, with nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all that was added.
    #[must_use]
    pub fn finish(self) -> Hash {
        close(&self.0.finish())
    }
}

fn close(digest: &digest::Digest) -> Hash {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    Hash(bytes)
}

/// HMAC-SHA-256 of `data` under `key`, 32 bytes.
#[must_use]
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    HmacKey::new(key).sign(data)
}

/// An HMAC-SHA-256 key that is used many times: its padded blocks are hashed once. What was made of the key is wiped when this is dropped.
pub struct HmacKey(HmacStates);

impl HmacKey {
    /// Takes a key of any length.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        if key.len() > BLOCK {
            return Self(HmacStates::new(sha256(key).as_bytes()));
        }
        Self(HmacStates::new(key))
    }

    /// HMAC of `data`, 32 bytes.
    #[must_use]
    pub fn sign(&self, data: &[u8]) -> [u8; 32] {
        self.0.sign(data)
    }
}

/// Hash of a leaf: `H(0x00 ‖ data)`.
#[must_use]
pub fn leaf(data: &[u8]) -> Hash {
    sha256_parts(&[&[LEAF], data])
}

/// Hash of a node: `H(0x01 ‖ left ‖ right)`.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0; 65];
    bytes[0] = NODE;
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..].copy_from_slice(&right.0);
    sha256(&bytes)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac as other;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// What both libraries say by themselves.
    fn independent(data: &[u8]) -> [u8; 32] {
        let one = sha2::Sha256::digest(data).into();
        assert_eq!(close(&digest::digest(&digest::SHA256, data)), Hash(one));
        one
    }

    #[test]
    fn the_hash_of_nothing_is_the_constant() {
        assert_eq!(sha256(b""), Hash::EMPTY);
    }

    #[test]
    fn every_length_around_the_edges_of_blocks_gives_what_the_other_libraries_give() {
        let data: Vec<u8> =
            (0..=SHORT + 100).map(|place| u8::try_from(place % 251).unwrap()).collect();
        let key = other::Key::new(other::HMAC_SHA256, &data[..20]);
        for length in 0..data.len() {
            let data = &data[..length];
            assert_eq!(sha256(data).0, independent(data), "{length}");
            let parts: Vec<&[u8]> = data.chunks(19).collect();
            assert_eq!(sha256_parts(&parts).0, independent(data), "{length} in parts");
            let hmac = HmacKey::new(&key_bytes()).sign(data);
            assert_eq!(&hmac[..], other::sign(&key, data).as_ref(), "HMAC of {length}");
        }
    }

    fn key_bytes() -> [u8; 20] {
        std::array::from_fn(|place| u8::try_from(place).unwrap())
    }

    #[test]
    fn hmac_gives_the_second_value_of_rfc_4231() {
        assert_eq!(
            hex::encode(hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn only_the_strict_hex_form_is_a_hash() {
        let text = Hash::EMPTY.to_string();
        assert_eq!(text.parse(), Ok(Hash::EMPTY));
        for wrong in [text.to_uppercase(), text[1..].to_owned(), format!("{text}0"), "0x".into()] {
            assert!(wrong.parse::<Hash>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn two_independent_libraries_agree(
            data in vec(any::<u8>(), 0..2 * SHORT),
            left: [u8; 32],
            right: [u8; 32],
            cut: usize,
        ) {
            prop_assert_eq!(sha256(&data).0, independent(&data));
            let (head, tail) = data.split_at(cut % (data.len() + 1));
            prop_assert_eq!(sha256_parts(&[head, tail]).0, independent(&data));
            prop_assert_eq!(leaf(&data).0, independent(&[&[0][..], &data].concat()));
            let both = [&[1][..], &left, &right].concat();
            prop_assert_eq!(node(&Hash(left), &Hash(right)).0, independent(&both));
        }

        #[test]
        fn an_hmac_is_that_of_the_other_library_whatever_the_length_of_the_key(
            key in vec(any::<u8>(), 0..200),
            data in vec(any::<u8>(), 0..400),
        ) {
            let other = other::sign(&other::Key::new(other::HMAC_SHA256, &key), &data);
            prop_assert_eq!(&hmac_sha256(&key, &data)[..], other.as_ref());
        }
    }
}
