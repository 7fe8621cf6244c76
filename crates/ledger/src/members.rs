//! Reading a JSON object whose members are all known, as bundles and disclosed records have them.
//!
//! What holds: an unknown member is an error at every level; bytes have one spelling; a number is one that every JSON
//! reader keeps.
//!
//! Source: docs/formats/bundle-v2.md, "Form" and "Members".

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use thiserror::Error;

use crate::{checkpoint::parse_decimal, hash::Hash, json::Json};

/// What bytes are written as, in words.
pub(crate) const BYTES: &str = "base64 without padding";
const HASH: &str = "32 bytes in base64 without padding";
const NUMBER: &str = "a whole number below 2^53";

/// A member is missing, of another kind, or not known.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: expected {wanted}")]
pub struct ShapeError {
    /// Where: a JSON pointer.
    pub place: String,
    /// What was expected.
    pub wanted: &'static str,
}

/// An object whose members are all known, read one by one.
pub(crate) struct Members<'a> {
    place: &'a str,
    json: &'a Json,
}

impl<'a> Members<'a> {
    /// Refuses anything but an object with no other members than `known`.
    pub(crate) fn new(place: &'a str, json: &'a Json, known: &[&str]) -> Result<Self, ShapeError> {
        let found = Self { place, json };
        let Some(members) = json.as_object() else {
            return Err(found.wrong("", "an object"));
        };
        match members.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => Err(found.wrong(name, "no member of this name")),
            None => Ok(found),
        }
    }

    pub(crate) fn wrong(&self, name: &str, wanted: &'static str) -> ShapeError {
        let name: String = name.chars().take(80).collect();
        ShapeError { place: format!("{}/{name}", self.place), wanted }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Json> {
        self.json.get(name)
    }

    pub(crate) fn array(&self, name: &str) -> Result<&'a [Json], ShapeError> {
        self.get(name).and_then(Json::as_array).ok_or_else(|| self.wrong(name, "an array"))
    }

    pub(crate) fn str(&self, name: &str) -> Result<&'a str, ShapeError> {
        self.get(name).and_then(Json::as_str).ok_or_else(|| self.wrong(name, "a string"))
    }

    pub(crate) fn text(&self, name: &str) -> Result<String, ShapeError> {
        self.str(name).map(str::to_owned)
    }

    pub(crate) fn number(&self, name: &str) -> Result<u64, ShapeError> {
        self.get(name).and_then(number_of).ok_or_else(|| self.wrong(name, NUMBER))
    }

    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>, ShapeError> {
        self.get(name).and_then(bytes_of).ok_or_else(|| self.wrong(name, BYTES))
    }

    pub(crate) fn hash(&self, name: &str) -> Result<Hash, ShapeError> {
        self.get(name).and_then(hash_of).ok_or_else(|| self.wrong(name, HASH))
    }

    pub(crate) fn hashes(&self, name: &str) -> Result<Vec<Hash>, ShapeError> {
        let found = self.get(name).and_then(hashes_of);
        found
            .ok_or_else(|| self.wrong(name, "an array of 32 bytes each, in base64 without padding"))
    }
}

/// A whole number that every JSON reader keeps: RFC 8259 section 6.
pub(crate) fn number_of(json: &Json) -> Option<u64> {
    json.as_number().and_then(parse_decimal).filter(|number| *number < 1 << 53)
}

/// Bytes in base64 (RFC 4648 section 4) without padding and stray bits.
pub(crate) fn bytes_of(json: &Json) -> Option<Vec<u8>> {
    BASE64.decode(json.as_str()?).ok()
}

pub(crate) fn hash_of(json: &Json) -> Option<Hash> {
    Some(Hash(bytes_of(json)?.try_into().ok()?))
}

pub(crate) fn hashes_of(json: &Json) -> Option<Vec<Hash>> {
    json.as_array()?.iter().map(hash_of).collect()
}

/// Bytes as [`bytes_of`] reads them.
pub(crate) fn json_of(bytes: &[u8]) -> Json {
    Json::from(BASE64.encode(bytes))
}

/// Hashes as [`hashes_of`] reads them.
pub(crate) fn json_of_hashes(hashes: &[Hash]) -> Json {
    Json::Array(hashes.iter().map(|hash| json_of(&hash.0)).collect())
}

/// Bytes of lowercase hex.
pub(crate) fn strict_hex(text: &str) -> Option<Vec<u8>> {
    let lowercase = text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    lowercase.then(|| hex::decode(text).ok())?
}
