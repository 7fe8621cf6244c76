//! Root records: whose signatures count for everything else, and the step from one version to the next.
//!
//! What holds: no version is skipped; a new root is signed by enough holders of the old and of the new one, and all its
//! keys were announced by the old one; an expired root may still be replaced.
//!
//! Sources: docs/formats/directory-v1.md, "root"; The Update Framework 1.0.33 section 5.3 (steps, thresholds);
//! did:webvh 1.0 (announced keys).

use thiserror::Error;

use super::{
    entry::{COMMON, Entry, EntryError},
    fields::{FieldError, Fields, is_name},
    keyset::{LedgerKeyset, consecutive},
    signers::{Signer, SignerError, ambiguous, read_signer, signers},
};
use crate::{
    hash::{self, Hash},
    keys::VerifierKey,
    note::{Note, is_key_name},
    policy::{ChainRoot, DirectoryPin, Policy},
};

/// A root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its version, from 1.
    pub version: u64,
    /// Who may sign roots, powers and back-dated revocations.
    pub keys: Vec<Signer>,
    /// How many of them must.
    pub threshold: usize,
    /// Announced keys of the next version: SHA-256 of each verifier key's text.
    pub next: Vec<Hash>,
    /// Who admits parties and prefixes.
    pub registrars: Vec<Signer>,
    /// How many of them, of as many parties, must.
    pub registrar_threshold: usize,
    /// Who may suspend a party.
    pub emergency: Vec<Signer>,
    /// Who replays the directory; none if nobody does.
    pub auditors: Option<Auditors>,
    /// Keys of the directory's own ledger.
    pub directory: Vec<LedgerKeyset>,
    /// Keys of the hub; empty if there is none.
    pub hub: Vec<LedgerKeyset>,
    /// Contracts whose events count as anchors.
    pub chains: Vec<ChainRoot>,
    /// Grace for statements that reach the hub after a right ended, hours.
    pub late_h: u64,
    /// From when on.
    pub from: String,
    /// Until when.
    pub until: String,
    /// Leaf hash of the version before.
    pub prev: Option<Hash>,
    /// Leaf hash of this record.
    pub leaf: Hash,
    /// SHA-256 of its text.
    pub text_hash: Hash,
}

/// A group of auditors: `threshold` of the members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auditors {
    /// How many must have cosigned.
    pub threshold: u64,
    /// Name and verifier key of each.
    pub members: Vec<(String, String)>,
}

/// A record is no root, or not one that is accepted here.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RootError {
    /// No entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// A member is not accepted.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A signature does not verify.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// A version was skipped or repeated.
    #[error("got root version {got}, expected {expected}")]
    Version {
        /// Its version.
        got: u64,
        /// The one that comes next.
        expected: u64,
    },
    /// It follows another root.
    #[error("root version {0} does not follow the root before: got another `prev`")]
    Prev(u64),
    /// Too few signatures.
    #[error("got {got} signatures of holders of root version {version}, expected {expected}")]
    Threshold {
        /// Version whose holders must sign.
        version: u64,
        /// Signatures that count.
        got: usize,
        /// Signatures needed.
        expected: usize,
    },
    /// A key was not announced.
    #[error("the key of `{0}` is not in `next` of the root before")]
    NotAnnounced(String),
    /// Another directory.
    #[error("got a root of the directory `{got}`, expected `{expected}`")]
    OtherDirectory {
        /// The root's.
        got: String,
        /// The pin's.
        expected: String,
    },
    /// Another root than the pinned one.
    #[error("got root version {version} with SHA-256 {got}, expected {expected}, which is pinned")]
    NotPinned {
        /// Its version.
        version: u64,
        /// Hash of its text.
        got: Hash,
        /// The pin.
        expected: Hash,
    },
    /// Keys of ledgers that were listed are gone or changed.
    #[error("root version {0} does not keep the keysets of `{1}` that the root before lists")]
    KeysetsChanged(u64, &'static str),
}

const KNOWN: &[&str] = &[
    "version",
    "keys",
    "threshold",
    "next",
    "registrars",
    "registrar_threshold",
    "emergency",
    "auditors",
    "directory",
    "hub",
    "chains",
    "late_h",
    "from",
    "until",
];

impl Root {
    /// Reads a root record. Its signatures are not checked.
    ///
    /// # Errors
    ///
    /// [`RootError::Field`] with the first member that is not accepted.
    pub fn read(entry: &Entry) -> Result<Self, RootError> {
        let head = entry.head()?;
        let fields = Fields::new("", &entry.json, &[COMMON, KNOWN])?;
        fields.matching("kind", "`root`", |kind| kind == "root")?;
        fields.matching("subject", "`root`", |subject| subject == "root")?;
        let version = fields.number("version")?;
        if version != head.seq {
            return Err(fields.wrong("version", format!("{}, as `seq`", head.seq)).into());
        }
        let keys = people(&fields, "keys")?;
        let registrars = people(&fields, "registrars")?;
        let emergency = people(&fields, "emergency")?;
        let all: Vec<&Signer> = keys.iter().chain(&registrars).chain(&emergency).collect();
        if let Some(holder) = ambiguous(&all) {
            let expected =
                format!("one key and one party for `{holder}`, and that key for nobody else");
            return Err(fields.wrong("keys", expected).into());
        }
        let offices: Vec<&Signer> = registrars.iter().collect();
        let next = fields
            .strings("next", "64 lowercase hex digits", |text| text.parse::<Hash>().is_ok())?;
        let (from, until) = (fields.time("from")?, fields.time("until")?);
        if from >= until {
            return Err(fields.wrong("until", "a time after `from`").into());
        }
        let directory = keysets(&fields, "directory")?;
        if directory.is_empty() {
            return Err(fields.wrong("directory", "the keys of this ledger").into());
        }
        Ok(Self {
            version,
            threshold: threshold(&fields, "threshold", keys.len())?,
            registrar_threshold: threshold(
                &fields,
                "registrar_threshold",
                super::signers::parties(&offices),
            )?,
            next: next.iter().filter_map(|text| text.parse().ok()).collect(),
            auditors: auditors(&fields)?,
            directory,
            hub: keysets(&fields, "hub")?,
            chains: chains(&fields)?,
            late_h: fields.number("late_h")?,
            from,
            until,
            prev: head.prev,
            leaf: entry.leaf,
            text_hash: entry.text_hash(),
            keys,
            registrars,
            emergency,
        })
    }

    /// Name of the directory's ledger.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.directory.first().map_or("", |keyset| keyset.ed25519.name())
    }

    /// Checks that enough holders of this root signed `note`.
    ///
    /// # Errors
    ///
    /// [`RootError::Threshold`] or [`RootError::Signer`].
    pub fn check_threshold(&self, note: &Note) -> Result<(), RootError> {
        let (got, expected) = (signers(note, &self.keys)?.len(), self.threshold);
        if got >= expected {
            return Ok(());
        }
        Err(RootError::Threshold { version: self.version, got, expected })
    }

    /// Checks that this root is the pinned one, if it has the pin's version, and of the pinned directory.
    ///
    /// # Errors
    ///
    /// [`RootError::OtherDirectory`] or [`RootError::NotPinned`].
    pub fn check_pin(&self, pin: &DirectoryPin) -> Result<(), RootError> {
        if self.origin() != pin.origin {
            let (got, expected) = (self.origin().to_owned(), pin.origin.clone());
            return Err(RootError::OtherDirectory { got, expected });
        }
        if self.version == pin.version && self.text_hash != pin.root {
            let (version, got, expected) = (self.version, self.text_hash, pin.root);
            return Err(RootError::NotPinned { version, got, expected });
        }
        Ok(())
    }

    /// Checks that `next`, whose note is `note`, may replace this root.
    ///
    /// # Errors
    ///
    /// [`RootError`] with the first rule that it breaks.
    pub fn check_step(&self, next: &Self, note: &Note) -> Result<(), RootError> {
        if next.version != self.version + 1 {
            return Err(RootError::Version { got: next.version, expected: self.version + 1 });
        }
        if next.prev != Some(self.leaf) {
            return Err(RootError::Prev(next.version));
        }
        if next.origin() != self.origin() {
            let (got, expected) = (next.origin().to_owned(), self.origin().to_owned());
            return Err(RootError::OtherDirectory { got, expected });
        }
        self.check_threshold(note)?;
        next.check_threshold(note)?;
        let is_announced = |key: &VerifierKey| self.next.contains(&announced(key));
        if let Some(signer) = next.keys.iter().find(|signer| !is_announced(&signer.key)) {
            return Err(RootError::NotAnnounced(signer.holder.clone()));
        }
        for (name, old, new) in
            [("directory", &self.directory, &next.directory), ("hub", &self.hub, &next.hub)]
        {
            if !new.starts_with(old) {
                return Err(RootError::KeysetsChanged(next.version, name));
            }
        }
        Ok(())
    }

    /// What the root itself says of a verifier's policy: keys of the directory and of the hub, contracts.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            logs: consecutive(&self.directory),
            hub: consecutive(&self.hub),
            chains: self.chains.clone(),
            ..Policy::default()
        }
    }

    /// The line that pins this root.
    #[must_use]
    pub fn pin(&self) -> DirectoryPin {
        DirectoryPin {
            origin: self.origin().to_owned(),
            version: self.version,
            root: self.text_hash,
        }
    }
}

/// The hash under which a root announces a key of the next version: SHA-256 of its text.
#[must_use]
pub fn announced(key: &VerifierKey) -> Hash {
    hash::sha256(key.to_string().as_bytes())
}

fn people(fields: &Fields<'_>, name: &str) -> Result<Vec<Signer>, FieldError> {
    let mut found: Vec<Signer> = Vec::new();
    for person in fields.objects(name, &["holder", "party", "vkey"])? {
        let signer = read_signer(&person, None)?;
        let is_listed = |other: &Signer| {
            other.holder == signer.holder || other.key.key_bytes() == signer.key.key_bytes()
        };
        if found.iter().any(is_listed) {
            return Err(person.wrong("vkey", "each holder and each key once"));
        }
        found.push(signer);
    }
    Ok(found)
}

fn threshold(fields: &Fields<'_>, name: &str, most: usize) -> Result<usize, FieldError> {
    let found = usize::try_from(fields.number(name)?).unwrap_or(usize::MAX);
    if (1..=most).contains(&found) {
        return Ok(found);
    }
    Err(fields.wrong(name, format!("1 to {most}, the holders or parties that are listed")))
}

/// Pairs of one ledger, in order of size.
fn keysets(fields: &Fields<'_>, name: &str) -> Result<Vec<LedgerKeyset>, FieldError> {
    let mut found: Vec<LedgerKeyset> = Vec::new();
    for pair in fields.objects(name, &["origin", "ed25519", "rsa", "from_size"])? {
        let origin = pair.matching("origin", "the name of a ledger, in ASCII", is_origin)?;
        let keyset = LedgerKeyset::read(&pair, &origin)?;
        let follows = found
            .last()
            .is_none_or(|last| last.ed25519.name() == origin && last.from_size < keyset.from_size);
        let is_reused =
            found.iter().any(|other| other.ed25519 == keyset.ed25519 || other.rsa == keyset.rsa);
        if !follows || is_reused {
            return Err(pair
                .wrong("from_size", "pairs of one ledger, each from a larger size, no key twice"));
        }
        found.push(keyset);
    }
    Ok(found)
}

/// Whether a text can name a ledger in a directory: a key name of printable ASCII.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    is_key_name(text)
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\`".contains(&byte))
}

fn auditors(fields: &Fields<'_>) -> Result<Option<Auditors>, FieldError> {
    if !fields.has("auditors") {
        return Ok(None);
    }
    let group = fields.object("auditors", &["threshold", "members"])?;
    let mut members = Vec::new();
    for member in group.objects("members", &["name", "vkey"])? {
        let is_key = |text: &str| {
            text.matches('+').count() >= 2 && text.split('+').next().is_some_and(is_name)
        };
        members.push((member.name("name")?, member.matching("vkey", "`name+id+key`", is_key)?));
    }
    let threshold = threshold(&group, "threshold", members.len())? as u64;
    Ok(Some(Auditors { threshold, members }))
}

fn chains(fields: &Fields<'_>) -> Result<Vec<ChainRoot>, FieldError> {
    let mut found = Vec::new();
    for chain in fields.objects("chains", &["chain_id", "contract"])? {
        let wrong = || chain.wrong("contract", "0x and 40 lowercase hex digits");
        let bytes = chain
            .str("contract")?
            .strip_prefix("0x")
            .and_then(crate::members::strict_hex)
            .ok_or_else(wrong)?;
        let contract = bytes.try_into().map_err(|_| wrong())?;
        found.push(ChainRoot { chain_id: chain.number("chain_id")?, contract });
    }
    Ok(found)
}
