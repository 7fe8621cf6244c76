//! One entry of the directory: a signed note whose text is a heading and canonical JSON.
//!
//! What holds: `parse` accepts exactly one form of each record; the leaf hash is that of the whole note, signatures
//! included.
//!
//! Not here: whether anybody may say it ([`super::signers()`], `directory`).
//!
//! Source: docs/formats/directory-v1.md, "Entry".

use thiserror::Error;

use super::{
    HEADING,
    fields::{FieldError, Fields, is_time},
};
use crate::{
    hash::{self, Hash},
    json::{self, Json, JsonError, Limits, object},
    note::{Note, NoteError},
};

/// Members that every record has.
pub const COMMON: &[&str] = &["kind", "subject", "seq", "prev", "evidence"];

/// An entry, read but not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The note.
    pub note: Note,
    /// The record.
    pub json: Json,
    /// Leaf hash of the whole note.
    pub leaf: Hash,
}

/// What every record begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Kind of record.
    pub kind: String,
    /// What it is about: `party/bamboo-spring`.
    pub subject: String,
    /// Place among the records of the subject, from 1.
    pub seq: u64,
    /// Leaf hash of the subject's record before; none for the first.
    pub prev: Option<Hash>,
}

/// A text is not an entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EntryError {
    /// No signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Another text.
    #[error("got first line `{0}`, expected `{HEADING}`, one line of JSON, and nothing else")]
    Heading(String),
    /// The second line is not JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// JSON, but not in its one form.
    #[error("the record is not canonical JSON from byte {0} on")]
    NotCanonical(usize),
    /// A member is not accepted.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl Entry {
    /// Reads an entry.
    ///
    /// # Errors
    ///
    /// [`EntryError`] with the first thing that is not accepted.
    pub fn parse(text: &str) -> Result<Self, EntryError> {
        let note = Note::parse(text)?;
        let line = note
            .text
            .strip_prefix(HEADING)
            .and_then(|rest| rest.strip_prefix('\n')?.strip_suffix('\n'))
            .filter(|line| !line.contains('\n'));
        let Some(line) = line else {
            let first = note.text.lines().next().unwrap_or_default();
            return Err(EntryError::Heading(first.chars().take(80).collect()));
        };
        let json = parse_canonical(line)?;
        Ok(Self { json, leaf: hash::leaf(text.as_bytes()), note })
    }

    /// The members of every record.
    ///
    /// # Errors
    ///
    /// [`FieldError`].
    pub fn head(&self) -> Result<Head, FieldError> {
        let Some(members) = self.json.as_object() else {
            return Err(FieldError {
                member: String::new(),
                got: "no object".to_owned(),
                expected: "an object".to_owned(),
            });
        };
        let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        let fields = Fields::new("", &self.json, &[&names])?;
        let prev = match fields.get("prev") {
            Some(Json::Null) => None,
            _ => Some(fields.hash("prev").map_err(|_| {
                fields.wrong("prev", "64 lowercase hex digits, or null in a subject's first record")
            })?),
        };
        let seq = fields.number("seq")?;
        if seq == 0 || (seq == 1) != prev.is_none() {
            return Err(fields.wrong("seq", "1 with `prev` null, or more with `prev`"));
        }
        check_evidence(&fields)?;
        let (kind, subject) = (fields.str("kind")?.to_owned(), fields.str("subject")?.to_owned());
        Ok(Head { kind, subject, seq, prev })
    }

    /// SHA-256 of the note's text, which a pin names.
    #[must_use]
    pub fn text_hash(&self) -> Hash {
        hash::sha256(self.note.text.as_bytes())
    }
}

/// Reads JSON that must be in its canonical form.
pub(crate) fn parse_canonical(text: &str) -> Result<Json, EntryError> {
    let json = json::parse(text.as_bytes(), &Limits { max_bytes: 1 << 20, max_depth: 8 })?;
    let canonical = json.canonical();
    if canonical == text {
        return Ok(json);
    }
    let same = canonical.bytes().zip(text.bytes()).take_while(|(one, other)| one == other).count();
    Err(EntryError::NotCanonical(same))
}

/// `evidence`: an array of {type, sha256, checked, grade}.
fn check_evidence(fields: &Fields<'_>) -> Result<(), FieldError> {
    for evidence in fields.objects("evidence", &["type", "sha256", "checked", "grade"])? {
        evidence.name("type")?;
        evidence.hash("sha256")?;
        evidence.matching("checked", "a time like 2026-11-01T00:00:00Z", is_time)?;
        evidence.matching("grade", "A, B or C", |grade| matches!(grade, "A" | "B" | "C"))?;
    }
    Ok(())
}

/// The text of a record's note, to be signed.
#[must_use]
pub fn text_of(record: &Json) -> String {
    format!("{HEADING}\n{}\n", record.canonical())
}

/// The members of every record, for a new one without evidence.
#[must_use]
pub fn draft(kind: &str, subject: &str, seq: u64, prev: Option<&Hash>) -> Json {
    object([
        ("kind", Json::from(kind)),
        ("subject", Json::from(subject)),
        ("seq", Json::from(seq)),
        ("prev", prev.map_or(Json::Null, |hash| Json::from(hash.to_string()))),
        ("evidence", Json::Array(Vec::new())),
    ])
}
