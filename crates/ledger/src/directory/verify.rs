//! Checks a proof of directory entries, from the pinned root on.
//!
//! The way through: roots upward from the pin, the checkpoint under the last root's keys, the state record as its last
//! entry, the shown entries in the state's tree; then what they say: keys of ledgers, and who is licensed.
//!
//! What holds: nothing is trusted but the pin. Whether root and state still hold today is for the caller, who has the
//! time ([`ProvedDirectory::root_until`], [`ProvedDirectory::state_until`]); until then everything up to
//! [`ProvedDirectory::state_at`] is proved.
//!
//! Not here: the hub's own checkpoint ([`ProvedDirectory::check_in_hub`] takes it); cosignatures of auditors, which no
//! proof carries.
//!
//! Source: docs/formats/directory-v1.md, "Verification".

use std::collections::BTreeMap;

use thiserror::Error;

use super::{
    entry::{Entry, parse_canonical},
    fields::{FieldError, Fields},
    keyset::KeysetInterval,
    proof::{DirectoryProof, ProvedEntry},
    root::{Root, is_origin},
    state::{State, state_leaf},
};
use crate::{
    checkpoint::Checkpoint,
    hub::entry_leaf,
    json::Json,
    policy::{DirectoryPin, Policy},
    proof::verify_inclusion,
};

/// A step of the verification failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{step}: {problem}")]
pub struct VerifyError {
    /// Which step of docs/formats/directory-v1.md.
    pub step: &'static str,
    /// What is wrong.
    pub problem: String,
}

/// What a proof shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedDirectory {
    /// The root in force.
    pub root: Root,
    /// Until when the root tells what holds today.
    pub root_until: String,
    /// When the state was written.
    pub state_at: String,
    /// Until when the state tells what holds today.
    pub state_until: String,
    /// Keys of the directory, of the hub, and of the ledgers that are shown; contracts.
    pub policy: Policy,
    /// Keysets of the ledgers that are shown, by origin.
    pub ledgers: BTreeMap<String, Vec<KeysetInterval>>,
    /// Whether the root names auditors, whose cosignatures are not checked.
    pub has_auditors: bool,
    count: u64,
    entries: Vec<ProvedEntry>,
}

/// A licence, with its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    /// The licensee.
    pub party: String,
    /// How it was checked: A, B or C.
    pub grade: String,
    /// First moment.
    pub from: String,
    /// First moment at which it no longer holds.
    pub until: String,
}

/// What a proof says about a key of the state's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T> {
    /// It is there.
    Found(T),
    /// It is proved that it is not there.
    Absent,
    /// The proof does not show it.
    NotShown,
}

/// Checks a proof against the pin.
///
/// - Cost: one signature check for each approval of a root and two for the checkpoint; one hash for each hash.
///
/// # Errors
///
/// [`VerifyError`] with the first step that fails.
pub fn verify_proof(
    proof: &DirectoryProof,
    pin: &DirectoryPin,
) -> Result<ProvedDirectory, VerifyError> {
    let root = last_root(proof, pin).map_err(at("roots"))?;
    let mut policy = root.policy();
    let checkpoint = policy
        .open_checkpoint(&pin.origin, &proof.checkpoint)
        .map_err(|error| failed("checkpoint", error.to_string()))?;
    let state = check_state(proof, &root, &checkpoint).map_err(at("state"))?;
    check_entries(&proof.entries, &state).map_err(at("entries"))?;
    let mut ledgers = BTreeMap::new();
    for entry in &proof.entries {
        if let Some(origin) = entry.key.strip_prefix("keyset/") {
            let keysets = keysets(entry, origin).map_err(at("entries"))?;
            policy.logs.extend(keysets.iter().flat_map(KeysetInterval::trusted));
            ledgers.insert(origin.to_owned(), keysets);
        }
        if entry.key.starts_with("prefix/") {
            intervals(entry, licence).map_err(at("entries"))?;
        }
    }
    Ok(ProvedDirectory {
        root_until: root.until.clone(),
        state_at: state.at,
        state_until: state.until,
        policy,
        ledgers,
        has_auditors: root.auditors.is_some(),
        count: state.count,
        entries: proof.entries.clone(),
        root,
    })
}

fn failed(step: &'static str, problem: String) -> VerifyError {
    VerifyError { step, problem }
}

fn at(step: &'static str) -> impl Fn(String) -> VerifyError {
    move |problem| failed(step, problem)
}

/// Step 1: the roots, from the pinned one on.
fn last_root(proof: &DirectoryProof, pin: &DirectoryPin) -> Result<Root, String> {
    let mut last: Option<Root> = None;
    for text in &proof.roots {
        let entry = Entry::parse(text).map_err(|error| error.to_string())?;
        let root = Root::read(&entry).map_err(|error| error.to_string())?;
        let checked = match &last {
            None if root.version != pin.version => {
                let (got, expected) = (root.version, pin.version);
                return Err(format!(
                    "the first has version {got}, expected {expected}, the pinned one"
                ));
            }
            None => root.check_pin(pin).and_then(|()| root.check_threshold(&entry.note)),
            Some(last) => last.check_step(&root, &entry.note),
        };
        checked.map_err(|error| error.to_string())?;
        last = Some(root);
    }
    last.ok_or_else(|| format!("got none, expected root version {}", pin.version))
}

/// Step 3: the state record is the last entry of the directory, and was written under this root.
fn check_state(proof: &DirectoryProof, root: &Root, top: &Checkpoint) -> Result<State, String> {
    let shown = &proof.state;
    let entry = Entry::parse(&shown.note).map_err(|error| error.to_string())?;
    let state = State::read(&entry).map_err(|error| error.to_string())?;
    verify_inclusion(shown.index, &entry.leaf, top.size, &shown.path, &top.root)
        .map_err(|error| error.to_string())?;
    if shown.index + 1 != top.size || state.size != shown.index {
        return Err(format!(
            "got the state of size {} at index {}, expected the last entry of {}",
            state.size, shown.index, top.size
        ));
    }
    if state.version != root.version {
        return Err(format!(
            "it was written under root version {}, the roots shown end with {}",
            state.version, root.version
        ));
    }
    Ok(state)
}

/// Step 4: every entry is in the state's tree; keys rise with the index.
fn check_entries(entries: &[ProvedEntry], state: &State) -> Result<(), String> {
    let mut last: Option<&ProvedEntry> = None;
    for entry in entries {
        let wrong = |problem: String| format!("`{}`: {problem}", short(&entry.key));
        if !entry.key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong("got a key that is not printable ASCII".into()));
        }
        if last.is_some_and(|last| last.index >= entry.index || last.key >= entry.key) {
            return Err(wrong("it is not above the entry before, by index and key".into()));
        }
        let leaf = state_leaf(&entry.key, &entry.value);
        verify_inclusion(entry.index, &leaf, state.count, &entry.path, &state.root)
            .map_err(|error| wrong(error.to_string()))?;
        last = Some(entry);
    }
    Ok(())
}

fn short(key: &str) -> String {
    key.escape_default().take(120).collect()
}

/// The intervals of an entry: the member `intervals` of its value.
fn intervals<T>(
    entry: &ProvedEntry,
    read: impl Fn(&str, &Json) -> Result<T, FieldError>,
) -> Result<Vec<T>, String> {
    let wrong = |problem: String| format!("`{}`: {problem}", short(&entry.key));
    let json = parse_canonical(&entry.value).map_err(|error| wrong(error.to_string()))?;
    let fields =
        Fields::new("", &json, &[&["intervals"]]).map_err(|error| wrong(error.to_string()))?;
    let items = fields.array("intervals").map_err(|error| wrong(error.to_string()))?;
    let read = |(place, item)| read(&format!("intervals/{place}"), item);
    items
        .iter()
        .enumerate()
        .map(read)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(error.to_string()))
}

fn keysets(entry: &ProvedEntry, origin: &str) -> Result<Vec<KeysetInterval>, String> {
    if !is_origin(origin) {
        return Err(format!("`{}`: got no name of a ledger", short(&entry.key)));
    }
    intervals(entry, |place, json| KeysetInterval::read(place, json, origin))
}

fn licence(place: &str, json: &Json) -> Result<Licence, FieldError> {
    const KNOWN: &[&str] = &["digits", "evidence", "from", "grade", "party", "record", "until"];
    let fields = Fields::new(place, json, &[KNOWN])?;
    Ok(Licence {
        party: fields.name("party")?,
        grade: fields.matching("grade", "A, B or C", |grade| matches!(grade, "A" | "B" | "C"))?,
        from: fields.time("from")?,
        until: fields.time("until")?,
    })
}

impl ProvedDirectory {
    /// Checks that the proof's checkpoint is in the hub.
    ///
    /// - `hub`: a checkpoint of the hub that [`Self::policy`] accepts.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] if the proof shows no place in the hub, or the path does not lead to the hub's root.
    pub fn check_in_hub(
        &self,
        proof: &DirectoryProof,
        hub: &Checkpoint,
    ) -> Result<(), VerifyError> {
        let place = proof.hub.as_ref().ok_or_else(|| {
            failed("hub", "the proof shows no place of the directory in the hub".to_owned())
        })?;
        let leaf = entry_leaf(&proof.checkpoint);
        verify_inclusion(place.index, &leaf, hub.size, &place.path, &hub.root)
            .map_err(|error| failed("hub", error.to_string()))
    }

    /// The greatest shown entry not above `key`, if the proof shows that no other lies between.
    fn greatest_not_above(&self, key: &str) -> Lookup<&ProvedEntry> {
        let above = self.entries.partition_point(|entry| entry.key.as_str() <= key);
        let next = self.entries.get(above).map_or(self.count, |entry| entry.index);
        match above.checked_sub(1).and_then(|place| self.entries.get(place)) {
            Some(found) if found.index + 1 == next => Lookup::Found(found),
            None if next == 0 => Lookup::Absent,
            _ => Lookup::NotShown,
        }
    }

    /// The entry of a subject: `party/bamboo-spring`.
    #[must_use]
    pub fn entry(&self, key: &str) -> Lookup<&ProvedEntry> {
        if let Some(found) = self.entries.iter().find(|entry| entry.key == key) {
            return Lookup::Found(found);
        }
        match self.greatest_not_above(key) {
            Lookup::NotShown => Lookup::NotShown,
            _ => Lookup::Absent,
        }
    }

    /// The prefix that `digits` begin with, and who was and is licensed to it.
    ///
    /// - `digits`: those of the key, company prefix first, 4 to 30 digits.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] if the entry is not of the form of a prefix.
    pub fn licensee(&self, digits: &str) -> Result<Lookup<(String, Vec<Licence>)>, VerifyError> {
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Lookup::Absent);
        }
        let entry = match self.greatest_not_above(&format!("prefix/{digits}")) {
            Lookup::Found(entry) => entry,
            Lookup::Absent => return Ok(Lookup::Absent),
            Lookup::NotShown => return Ok(Lookup::NotShown),
        };
        let Some(prefix) = entry.key.strip_prefix("prefix/") else { return Ok(Lookup::Absent) };
        if !digits.starts_with(prefix) {
            return Ok(Lookup::Absent);
        }
        let licences = intervals(entry, licence).map_err(at("entries"))?;
        Ok(Lookup::Found((prefix.to_owned(), licences)))
    }

    /// The party whose record `index` of the ledger `origin` is.
    #[must_use]
    pub fn speaker(&self, origin: &str, index: u64) -> Option<&str> {
        super::keyset::speaker(self.ledgers.get(origin)?, index)
    }
}
