//! The digests that a record's commitment is made of.
//!
//! ```text
//! salt(path) = HMAC-SHA256(secret, path)[0..16]        path = name, or name ‖ "/" ‖ decimal index
//! plain      d   = H(0x10 ‖ salt ‖ u64 len(name) ‖ name ‖ value)
//! list       e_i = H(0x11 ‖ salt_i ‖ value_i)
//!            d   = H(0x12 ‖ u64 len(name) ‖ name ‖ u64 count ‖ MTH(e_0 … e_n-1))
//! record     c   = H(0x13 ‖ u64 k ‖ u64 len(name_1) ‖ name_1 ‖ d_1 ‖ … ‖ d_k)     in bytewise order of name
//! ```
//!
//! What holds: a value is text, so that a verifier hashes bytes and needs no JSON writer; without the secret no
//! hidden value can be guessed; the names are hashed outside the digests, so that whoever sees a digest sees the name
//! it belongs to.
//!
//! Source: docs/formats/record-v1.md, "Secret and salts" and "Digests".

use std::fmt::Write as _;

use crate::{
    hash::{self, Hash, HmacKey},
    json::Json,
};

/// Members whose elements are committed to one by one, so that one can be disclosed without the others.
pub const LIST_FIELDS: &[&str] = &[
    "epcList",
    "childEPCs",
    "inputEPCList",
    "outputEPCList",
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputQuantityList",
    "sensorElementList",
];

/// Plain fields that nobody may hide: what happened, when, by whose statement, and whether it was withdrawn. A record
/// of which one of these is hidden would tell another story.
pub const MANDATORY_FIELDS: &[&str] = &[
    "type",
    "action",
    "bizStep",
    "disposition",
    "persistentDisposition",
    "eventTime",
    "eventTimeZoneOffset",
    "errorDeclaration",
    "chopmark:by",
];

/// Source of the salts of a record: 16 random bytes, stored beside the record, deleted to erase its content.
pub type Secret = [u8; 16];

/// 16 bytes that keep a field's value from being guessed from its digest.
pub type Salt = [u8; 16];

/// The salts of one record.
pub(super) struct Salts(HmacKey);

impl Salts {
    pub(super) fn new(secret: &Secret) -> Self {
        Self(HmacKey::new(secret))
    }

    pub(super) fn field(&self, path: &str) -> Salt {
        let mut salt = [0; 16];
        salt.copy_from_slice(&self.0.sign(path.as_bytes())[..16]);
        salt
    }

    pub(super) fn element(&self, name: &str, index: usize) -> Salt {
        self.field(&format!("{name}/{index}"))
    }

    /// As [`Self::element`] for one after the other, with one buffer.
    fn next_element(&self, name: &str, index: usize, path: &mut String) -> Salt {
        path.clear();
        path.push_str(name);
        // Writing to a string cannot fail.
        write!(path, "/{index}").ok();
        self.field(path)
    }

    /// Leaf hashes of a list's tree.
    pub(super) fn element_leaves(&self, name: &str, elements: &[Json]) -> Vec<Hash> {
        let (mut path, mut text) = (String::new(), String::new());
        let leaf = |(index, value): (usize, &Json)| {
            let salt = self.next_element(name, index, &mut path);
            element_leaf(&salt, value.canonical_into(&mut text))
        };
        elements.iter().enumerate().map(leaf).collect()
    }
}

fn length(text: &str) -> [u8; 8] {
    (text.len() as u64).to_be_bytes()
}

/// `H(0x10 ‖ salt ‖ u64 len(name) ‖ name ‖ value)`.
pub(super) fn plain_digest(name: &str, salt: &Salt, value: &str) -> Hash {
    hash::sha256_parts(&[
        &[hash::PLAIN_FIELD],
        salt,
        &length(name),
        name.as_bytes(),
        value.as_bytes(),
    ])
}

/// Leaf hash over `e_i = H(0x11 ‖ salt_i ‖ value_i)`.
pub(super) fn element_leaf(salt: &Salt, value: &str) -> Hash {
    let digest = hash::sha256_parts(&[&[hash::LIST_ELEMENT], salt, value.as_bytes()]);
    hash::leaf(digest.as_bytes())
}

/// `H(0x12 ‖ u64 len(name) ‖ name ‖ u64 count ‖ root)`.
pub(super) fn list_digest(name: &str, count: u64, root: &Hash) -> Hash {
    hash::sha256_parts(&[
        &[hash::LIST_FIELD],
        &length(name),
        name.as_bytes(),
        &count.to_be_bytes(),
        &root.0,
    ])
}

/// `H(0x13 ‖ u64 k ‖ u64 len(name_1) ‖ name_1 ‖ d_1 ‖ … ‖ u64 len(name_k) ‖ name_k ‖ d_k)`.
///
/// - `fields`: names and digests, in bytewise order of name.
pub(super) fn commitment_of(fields: &[(&str, Hash)]) -> Hash {
    let count = (fields.len() as u64).to_be_bytes();
    let lengths: Vec<_> = fields.iter().map(|(name, _)| length(name)).collect();
    let mut parts: Vec<&[u8]> = vec![&[hash::COMMITMENT], &count];
    for ((name, digest), length) in fields.iter().zip(&lengths) {
        parts.extend([length, name.as_bytes(), digest.as_ref()]);
    }
    hash::sha256_parts(&parts)
}
