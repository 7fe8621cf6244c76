//! Reading a JSON object whose members are all known, as bundles and disclosed records have them.
//!
//! What holds: an unknown member is an error at every level; hex is lowercase; a number is one that every JSON reader
//! keeps.
//!
//! Source: docs/formats/bundle-v1.md, "Form" and "Members".

use thiserror::Error;

use crate::{checkpoint::parse_decimal, hash::Hash, json::Json};

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

    /// A whole number that every JSON reader keeps: RFC 8259 section 6.
    pub(crate) fn number(&self, name: &str) -> Result<u64, ShapeError> {
        self.get(name)
            .and_then(Json::as_number)
            .and_then(parse_decimal)
            .filter(|number| *number < 1 << 53)
            .ok_or_else(|| self.wrong(name, "a whole number below 2^53"))
    }

    /// Bytes in lowercase hex.
    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>, ShapeError> {
        self.str(name).ok().and_then(strict_hex).ok_or_else(|| self.wrong(name, "lowercase hex"))
    }

    pub(crate) fn salt(&self, name: &str) -> Result<[u8; 16], ShapeError> {
        let wrong = |_| self.wrong(name, "32 lowercase hex digits");
        self.bytes(name)?.try_into().map_err(wrong)
    }

    pub(crate) fn hash(&self, name: &str) -> Result<Hash, ShapeError> {
        let wrong = |_| self.wrong(name, "64 lowercase hex digits");
        self.str(name)?.parse().map_err(wrong)
    }

    pub(crate) fn hashes(&self, name: &str) -> Result<Vec<Hash>, ShapeError> {
        let wrong = || self.wrong(name, "an array of 64 lowercase hex digits each");
        self.array(name)?
            .iter()
            .map(|hash| hash.as_str().and_then(|hash| hash.parse().ok()).ok_or_else(wrong))
            .collect()
    }
}

/// Bytes of lowercase hex.
pub(crate) fn strict_hex(text: &str) -> Option<Vec<u8>> {
    let lowercase = text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    lowercase.then(|| hex::decode(text).ok())?
}
