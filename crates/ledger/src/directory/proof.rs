//! The JSON form of a proof of directory entries.
//!
//! What holds: `from_json` accepts exactly what `to_json` writes. Values of entries travel as text, so that a verifier
//! hashes bytes.
//!
//! Not here: whether anything in it is true ([`super::verify`]).
//!
//! Source: docs/formats/directory-v1.md, "Proof".

use super::fields::{FieldError, Fields};
use crate::{
    hash::Hash,
    hub::HubEntry,
    json::{Json, object},
};

/// What is shown of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryProof {
    /// The directory's signed checkpoint, a note.
    pub checkpoint: String,
    /// Where that note is in the hub.
    pub hub: Option<HubEntry>,
    /// Roots, notes, from the pinned version on to the one in force.
    pub roots: Vec<String>,
    /// The state record.
    pub state: ProvedState,
    /// Entries of the state's tree, in order of the tree.
    pub entries: Vec<ProvedEntry>,
}

/// The state record and its place in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedState {
    /// The note.
    pub note: String,
    /// Its index in the directory.
    pub index: u64,
    /// Inclusion path in the tree of the checkpoint's size.
    pub path: Vec<Hash>,
}

/// An entry of the state's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedEntry {
    /// Its subject.
    pub key: String,
    /// Its intervals, canonical JSON.
    pub value: String,
    /// Its index in the tree.
    pub index: u64,
    /// Inclusion path in the tree of the state's count.
    pub path: Vec<Hash>,
}

impl DirectoryProof {
    /// The proof as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let entries = self.entries.iter().map(|entry| {
            object([
                ("key", Json::from(entry.key.as_str())),
                ("value", Json::from(entry.value.as_str())),
                ("index", Json::from(entry.index)),
                ("path", hashes(&entry.path)),
            ])
        });
        let mut json = object([
            ("checkpoint", Json::from(self.checkpoint.as_str())),
            (
                "roots",
                Json::Array(self.roots.iter().map(|root| Json::from(root.as_str())).collect()),
            ),
            (
                "state",
                object([
                    ("note", Json::from(self.state.note.as_str())),
                    ("index", Json::from(self.state.index)),
                    ("path", hashes(&self.state.path)),
                ]),
            ),
            ("entries", Json::Array(entries.collect())),
        ]);
        if let Some(hub) = &self.hub {
            json.set(
                "hub",
                object([("index", Json::from(hub.index)), ("path", hashes(&hub.path))]),
            );
        }
        json
    }

    /// Reads a proof.
    ///
    /// - `place`: path of the proof in its file, for errors.
    ///
    /// # Errors
    ///
    /// [`FieldError`] with the first member that is not accepted.
    pub fn from_json(place: &str, json: &Json) -> Result<Self, FieldError> {
        let fields =
            Fields::new(place, json, &[&["checkpoint", "hub", "roots", "state", "entries"]])?;
        let hub = if fields.has("hub") {
            let hub = fields.object("hub", &["index", "path"])?;
            Some(HubEntry { index: hub.number("index")?, path: path(&hub)? })
        } else {
            None
        };
        let state = fields.object("state", &["note", "index", "path"])?;
        let entries = fields.objects("entries", &["key", "value", "index", "path"])?;
        Ok(Self {
            checkpoint: fields.str("checkpoint")?.to_owned(),
            hub,
            roots: fields.strings("roots", "notes", |_| true)?,
            state: ProvedState {
                note: state.str("note")?.to_owned(),
                index: state.number("index")?,
                path: path(&state)?,
            },
            entries: entries.iter().map(ProvedEntry::read).collect::<Result<_, _>>()?,
        })
    }
}

impl ProvedEntry {
    fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            key: fields.str("key")?.to_owned(),
            value: fields.str("value")?.to_owned(),
            index: fields.number("index")?,
            path: path(fields)?,
        })
    }
}

fn path(fields: &Fields<'_>) -> Result<Vec<Hash>, FieldError> {
    let wrong = || fields.wrong("path", "an array of 64 lowercase hex digits each");
    let read = |hash: &Json| hash.as_str().and_then(|text| text.parse().ok()).ok_or_else(wrong);
    fields.array("path")?.iter().map(read).collect()
}

fn hashes(path: &[Hash]) -> Json {
    Json::Array(path.iter().map(|hash| Json::from(hash.to_string())).collect())
}
