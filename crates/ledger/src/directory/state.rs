//! The state record and the tree over all subjects that its root commits to.
//!
//! What holds: a leaf is `key 0x00 value`, keys are ASCII without 0x00 and sorted, so that a key is absent if two
//! neighbours in the tree enclose it; a value shows all intervals of its subject, ended ones included.
//!
//! Not here: which intervals a subject has (`directory`).
//!
//! Source: docs/formats/directory-v1.md, "state" and "State tree".

use std::collections::BTreeMap;

use super::{
    entry::{COMMON, Entry, draft},
    fields::{FieldError, Fields},
    proof::ProvedEntry,
};
use crate::{
    hash::{self, Hash},
    json::Json,
    tree,
};

/// A state record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Place among the state records, from 1.
    pub seq: u64,
    /// Leaf hash of the state before.
    pub prev: Option<Hash>,
    /// Entries of the directory before this one: its own index.
    pub size: u64,
    /// Version of the root in force.
    pub version: u64,
    /// Leaves of the state's tree.
    pub count: u64,
    /// Root of the state's tree.
    pub root: Hash,
    /// SHA-256 of the text of the policy that follows from the records, without its `directory` line.
    pub policy_sha256: Hash,
    /// When it was written.
    pub at: String,
    /// Until when it tells what holds today.
    pub until: String,
}

const KNOWN: &[&str] = &["size", "version", "count", "root", "policy_sha256", "at", "until"];

impl State {
    /// Reads a state record. Nothing is compared with the directory.
    ///
    /// # Errors
    ///
    /// [`FieldError`] with the first member that is not accepted.
    pub fn read(entry: &Entry) -> Result<Self, FieldError> {
        let head = entry.head()?;
        let fields = Fields::new("", &entry.json, &[COMMON, KNOWN])?;
        fields.matching("kind", "`state`", |kind| kind == "state")?;
        fields.matching("subject", "`state`", |subject| subject == "state")?;
        let (at, until) = (fields.time("at")?, fields.time("until")?);
        if at >= until {
            return Err(fields.wrong("until", "a time after `at`"));
        }
        Ok(Self {
            seq: head.seq,
            prev: head.prev,
            size: fields.number("size")?,
            version: fields.number("version")?,
            count: fields.number("count")?,
            root: fields.hash("root")?,
            policy_sha256: fields.hash("policy_sha256")?,
            at,
            until,
        })
    }

    /// The record.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut json = draft("state", "state", self.seq, self.prev.as_ref());
        for (name, value) in [
            ("size", Json::from(self.size)),
            ("version", Json::from(self.version)),
            ("count", Json::from(self.count)),
            ("root", Json::from(self.root.to_string())),
            ("policy_sha256", Json::from(self.policy_sha256.to_string())),
            ("at", Json::from(self.at.as_str())),
            ("until", Json::from(self.until.as_str())),
        ] {
            json.set(name, value);
        }
        json
    }
}

/// Leaf hash of an entry of the state: `H(0x00 ‖ key ‖ 0x00 ‖ value)`.
#[must_use]
pub fn state_leaf(key: &str, value: &str) -> Hash {
    hash::leaf(&[key.as_bytes(), &[0], value.as_bytes()].concat())
}

/// The tree over all subjects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StateTree {
    entries: Vec<(String, String)>,
    leaves: Vec<Hash>,
}

impl StateTree {
    /// The tree over entries: key and canonical JSON.
    #[must_use]
    pub fn new(entries: BTreeMap<String, String>) -> Self {
        let entries: Vec<(String, String)> = entries.into_iter().collect();
        let leaves = entries.iter().map(|(key, value)| state_leaf(key, value)).collect();
        Self { entries, leaves }
    }

    /// Number of leaves.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// Root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        tree::root(&self.leaves)
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let place = self.entries.binary_search_by(|(own, _)| own.as_str().cmp(key)).ok()?;
        self.entries.get(place).map(|(_, value)| value.as_str())
    }

    /// The entries that answer for `wanted` keys: for each the greatest entry not above it, and the next one.
    ///
    /// - Returns them in order of the tree, each once.
    #[must_use]
    pub fn prove(&self, wanted: &[String]) -> Vec<ProvedEntry> {
        let mut places: Vec<usize> = Vec::new();
        for key in wanted {
            let above = self.entries.partition_point(|(own, _)| own <= key);
            places.extend(above.checked_sub(1));
            places.extend((above < self.entries.len()).then_some(above));
        }
        places.sort_unstable();
        places.dedup();
        let prove = |place: usize| {
            let (key, value) = &self.entries[place];
            let index = place as u64;
            let path = tree::inclusion_path(index, &self.leaves);
            ProvedEntry { key: key.clone(), value: value.clone(), index, path }
        };
        places.into_iter().map(prove).collect()
    }
}
