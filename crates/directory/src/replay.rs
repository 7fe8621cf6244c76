//! The directory: its records, replayed one after the other.
//!
//! The way through: [`replay`] reads the entries of the directory's ledger in order and checks each against those
//! before ([`crate::rules`]); [`Directory`] then gives rights, policy, proofs, and says whether a further record would be
//! accepted.
//!
//! What holds: one entry that is not accepted refuses all: there is no directory with a hole. Every state record is
//! recomputed. Entries are dated by the state record after them, so the last entry is a state record.
//!
//! Not here: whether a checkpoint covers the entries (`history::directory`).
//!
//! Source: docs/formats/directory-v1.md, "Replay".

use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};
use ledger::Hash;
use ledger::directory::proof::ProvedState;
use ledger::directory::{
    DirectoryProof, Entry, KeysetInterval, Root, Signer, State, StateTree, signers,
};
use ledger::json::{Json, object};
use ledger::policy::{DirectoryPin, Policy};

use crate::book::Book;
use crate::derive;
use crate::problem::{DirectoryError, Problem};
use crate::record::{ActRecord, Body, Record};
use crate::rights::Rights;
use crate::rules::Check;

/// Longest time for which a state tells what holds today.
pub const LONGEST_STATE: SignedDuration = SignedDuration::from_hours(31 * 24);

/// A directory whose records were all accepted.
#[derive(Debug, Clone)]
pub struct Directory {
    origin: String,
    pin: Option<DirectoryPin>,
    book: Book,
    /// Leaf hashes of all entries.
    leaves: Vec<Hash>,
    /// Version and note of each root.
    roots: Vec<(u64, String)>,
    /// Note of the last state.
    state_note: String,
    /// Made when it is asked for: it is one of all subjects, and only states and proofs need it.
    tree: OnceLock<StateTree>,
}

/// Equal by what their records say; whether a tree was made of it already is no difference.
impl PartialEq for Directory {
    fn eq(&self, other: &Self) -> bool {
        let Self { origin, pin, book, leaves, roots, state_note, tree: _ } = self;
        (origin, pin, leaves, roots, state_note)
            == (&other.origin, &other.pin, &other.leaves, &other.roots, &other.state_note)
            && *book == other.book
    }
}

impl Eq for Directory {}

/// A subject and its records, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectView {
    /// `party/bamboo-spring`.
    pub subject: String,
    /// Number of records.
    pub records: u64,
    /// Leaf hash of the last one.
    pub last: Hash,
    /// Its intervals, a party's acts, or the root in force without `seq` and `prev`, canonical JSON; none for states.
    pub value: Option<String>,
}

/// Replays the entries of a directory.
///
/// - `origin`: name of the directory's ledger.
/// - `pin`: the root that the verifier trusts.
/// - `entries`: all of them, from the first on; the last is a state record.
/// - Cost: a signature check for each approval; for each state record one hash for each subject.
///
/// # Errors
///
/// [`DirectoryError`] with the first entry that is not accepted.
pub fn replay(
    origin: &str,
    pin: &DirectoryPin,
    entries: &[String],
) -> Result<Directory, DirectoryError> {
    let mut directory = Directory::empty(origin, Some(pin.clone()));
    directory.extend(entries)?;
    let is_reached = directory.roots.iter().any(|(version, _)| *version == pin.version);
    if !is_reached || pin.origin != origin {
        let problem = format!("the directory has no root of the pin `{pin}`");
        return Err(DirectoryError {
            index: directory.size(),
            problem: Problem::Rule { subject: "root".to_owned(), problem },
        });
    }
    Ok(directory)
}

impl Directory {
    /// A directory without any record; the first one must be a root.
    ///
    /// - `pin`: the root that is trusted; none for a directory that is being made.
    #[must_use]
    pub fn empty(origin: &str, pin: Option<DirectoryPin>) -> Self {
        Self {
            origin: origin.to_owned(),
            pin,
            book: Book::default(),
            leaves: Vec::new(),
            roots: Vec::new(),
            state_note: String::new(),
            tree: OnceLock::new(),
        }
    }

    /// Replays further entries, of which the last is a state record.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`] with the first entry that is not accepted; the directory is then of no use.
    pub fn extend(&mut self, entries: &[String]) -> Result<(), DirectoryError> {
        let first = self.size();
        let mut records = Vec::new();
        for (index, text) in (first..).zip(entries) {
            records.push(Record::parse(text).map_err(|problem| DirectoryError { index, problem })?);
        }
        let mut next: Option<Timestamp> = None;
        let mut times: Vec<Option<Timestamp>> = Vec::new();
        for record in records.iter().rev() {
            if let Body::State(state) = &record.body {
                next = state.at.parse().ok();
            }
            times.push(next);
        }
        times.reverse();
        for ((index, text), (record, at)) in (first..).zip(entries).zip(records.iter().zip(times)) {
            let at = at.ok_or_else(|| Problem::Rule {
                subject: record.head.subject.clone(),
                problem: "got no state record after it, which would date it".to_owned(),
            });
            at.and_then(|at| self.add(text, record, at))
                .map_err(|problem| DirectoryError { index, problem })?;
        }
        Ok(())
    }

    fn add(&mut self, text: &str, record: &Record, at: Timestamp) -> Result<(), Problem> {
        self.check(record, at)?;
        self.book.apply(record, at);
        match &record.body {
            Body::Root(root) => self.roots.push((root.version, text.to_owned())),
            Body::State(_) => text.clone_into(&mut self.state_note),
            _ => {}
        }
        if !matches!(record.body, Body::State(_) | Body::Act(_)) {
            self.tree = OnceLock::new();
        }
        self.leaves.push(record.entry.leaf);
        Ok(())
    }

    fn check(&self, record: &Record, at: Timestamp) -> Result<(), Problem> {
        Check { book: &self.book, record, at }.run()?;
        match &record.body {
            Body::Root(root) => self.check_root(root),
            Body::State(state) => self.check_state(state, record),
            _ => Ok(()),
        }
    }

    fn check_root(&self, root: &Root) -> Result<(), Problem> {
        if root.origin() != self.origin {
            let (got, expected) = (root.origin().to_owned(), self.origin.clone());
            return Err(ledger::directory::RootError::OtherDirectory { got, expected }.into());
        }
        match &self.pin {
            Some(pin) => Ok(root.check_pin(pin)?),
            None => Ok(()),
        }
    }

    /// Recomputes a state record and checks that the directory's own key signed it.
    fn check_state(&self, state: &State, record: &Record) -> Result<(), Problem> {
        let broken = |problem: String| Problem::Rule { subject: "state".to_owned(), problem };
        let expected = self.state_at(&state.at, &state.until);
        for (name, got, expected) in [
            ("size", state.size.to_string(), expected.size.to_string()),
            ("version", state.version.to_string(), expected.version.to_string()),
            ("count", state.count.to_string(), expected.count.to_string()),
            ("root", state.root.to_string(), expected.root.to_string()),
            ("policy_sha256", state.policy_sha256.to_string(), expected.policy_sha256.to_string()),
        ] {
            if got != expected {
                return Err(broken(format!("got {name} {got}, the records give {expected}")));
            }
        }
        if self.book.state.as_ref().is_some_and(|last| state.at < last.at) {
            return Err(broken(format!("got `at` {}, which is before the last state", state.at)));
        }
        let length = match (state.at.parse::<Timestamp>(), state.until.parse::<Timestamp>()) {
            (Ok(at), Ok(until)) => until.duration_since(at),
            _ => SignedDuration::MAX,
        };
        if length > LONGEST_STATE {
            return Err(broken("got a state that holds for more than 31 days".to_owned()));
        }
        let size = self.size() + 1;
        let own = derive::policy(&self.book).logs;
        let own: Vec<Signer> = own
            .into_iter()
            .filter(|trusted| trusted.key.name() == self.origin && trusted.window.contains(size))
            .filter(|trusted| trusted.key.algorithm() == ledger::keys::Algorithm::Ed25519)
            .map(|trusted| Signer {
                holder: self.origin.clone(),
                party: String::new(),
                key: trusted.key,
            })
            .collect();
        if signers(&record.entry.note, &own)?.is_empty() {
            return Err(broken(format!("expected a signature of `{}`, got none", self.origin)));
        }
        Ok(())
    }

    fn tree(&self) -> &StateTree {
        self.tree.get_or_init(|| derive::tree(&self.book))
    }

    fn state_at(&self, at: &str, until: &str) -> State {
        let last = self.book.last.get("state");
        State {
            seq: last.map_or(0, |(seq, _)| *seq) + 1,
            prev: last.map(|(_, leaf)| *leaf),
            size: self.size(),
            version: self.book.root.as_ref().map_or(0, |root| root.version),
            count: self.tree().count(),
            root: self.tree().root(),
            policy_sha256: ledger::hash::sha256(derive::policy(&self.book).to_string().as_bytes()),
            at: at.to_owned(),
            until: until.to_owned(),
        }
    }

    /// The state record that must follow the records so far, to be signed with the directory's keys.
    ///
    /// - `at`, `until`: whole seconds are used.
    #[must_use]
    pub fn next_state(&self, at: Timestamp, until: Timestamp) -> Json {
        self.state_at(&whole_seconds(at), &whole_seconds(until)).to_json()
    }

    /// Whether this entry would be accepted next.
    ///
    /// - `at`: when it would be written; whole seconds.
    ///
    /// # Errors
    ///
    /// [`Problem`] with the first rule that it breaks.
    pub fn admits(&self, note: &str, at: Timestamp) -> Result<(), Problem> {
        self.check(&Record::parse(note)?, at)
    }

    /// Adds an entry that a state record has yet to follow.
    ///
    /// # Errors
    ///
    /// [`Problem`] with the first rule that it breaks; the directory is as before.
    pub fn push(&mut self, note: &str, at: Timestamp) -> Result<(), Problem> {
        let record = Record::parse(note)?;
        self.add(note, &record, at)
    }

    /// Name of its ledger.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Number of entries.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// Leaf hashes of the entries, in order.
    #[must_use]
    pub fn leaves(&self) -> &[Hash] {
        &self.leaves
    }

    /// The root in force; none before the first record.
    #[must_use]
    pub fn root(&self) -> Option<&Root> {
        self.book.root.as_ref()
    }

    /// Until when the root tells what holds today.
    #[must_use]
    pub fn root_until(&self) -> Option<Timestamp> {
        self.root()?.until.parse().ok()
    }

    /// Until when the last state tells what holds today.
    #[must_use]
    pub fn state_until(&self) -> Option<Timestamp> {
        self.book.state.as_ref()?.until.parse().ok()
    }

    /// The last state record.
    #[must_use]
    pub fn state(&self) -> Option<&State> {
        self.book.state.as_ref()
    }

    /// The rights that the records add up to.
    #[must_use]
    pub fn rights(&self) -> Rights {
        derive::rights(&self.book)
    }

    /// The policy of a verifier who trusts this directory, with the line that pins it.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let pin = self.pin.clone().or_else(|| self.root().map(Root::pin));
        Policy { directory: pin, ..derive::policy(&self.book) }
    }

    /// Number of records and last leaf hash of a subject.
    #[must_use]
    pub fn last(&self, subject: &str) -> Option<(u64, Hash)> {
        self.book.last.get(subject).copied()
    }

    /// Every subject in order of its name.
    #[must_use]
    pub fn subjects(&self) -> Vec<SubjectView> {
        let view = |(subject, (records, last)): (&String, &(u64, Hash))| SubjectView {
            subject: subject.clone(),
            records: *records,
            last: *last,
            value: self.value_of(subject),
        };
        self.book.last.iter().map(view).collect()
    }

    /// Administrative acts, in the order in which they were recorded.
    pub fn acts(&self) -> impl Iterator<Item = &ActRecord> {
        self.book.acts.iter().map(|(act, _)| act)
    }

    fn value_of(&self, subject: &str) -> Option<String> {
        if subject == "root" {
            let mut json = Entry::parse(&self.roots.last()?.1).ok()?.json;
            for name in ["seq", "prev"] {
                json.remove(name);
            }
            return Some(json.canonical());
        }
        self.tree().get(subject).map(str::to_owned).or_else(|| self.acts_of(subject))
    }

    /// The acts of the subject `act/<party>`, `{"acts": […]}`.
    fn acts_of(&self, subject: &str) -> Option<String> {
        let party = subject.strip_prefix("act/")?;
        let own = self.book.acts.iter().filter(|(act, _)| act.party == party);
        let acts = Json::Array(own.map(|(_, shown)| shown.clone()).collect());
        Some(object([("acts", acts)]).canonical())
    }

    /// The keys of a ledger, first to last; none if the directory does not know it.
    #[must_use]
    pub fn keysets(&self, origin: &str) -> &[KeysetInterval] {
        self.book.keysets.get(origin).map_or(&[], Vec::as_slice)
    }

    /// A proof of the entries that answer for `wanted` keys.
    ///
    /// - `pin`: the root from which the verifier starts.
    /// - `checkpoint`: a signed checkpoint of [`Self::size`]; none of another size fits.
    /// - `wanted`: keys of the state's tree: `keyset/<origin>`, `prefix/<digits of an item>`, `party/<id>`.
    #[must_use]
    pub fn proof(
        &self,
        pin: &DirectoryPin,
        checkpoint: String,
        wanted: &[String],
    ) -> DirectoryProof {
        let index = self.size().saturating_sub(1);
        let roots = self.roots.iter().filter(|(version, _)| *version >= pin.version);
        DirectoryProof {
            checkpoint,
            hub: None,
            roots: roots.map(|(_, note)| note.clone()).collect(),
            state: ProvedState {
                note: self.state_note.clone(),
                index,
                path: ledger::tree::inclusion_path(index, &self.leaves),
            },
            entries: self.tree().prove(wanted),
        }
    }
}

/// A time without its fraction, as records state it.
#[must_use]
pub fn whole_seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}
