//! The content of a policy: keys with the sizes at which they are in force, witnesses, contracts.
//!
//! What holds: a [`Window`] is never empty.
//!
//! Not here: the text form ([`super::file`]), checking a checkpoint ([`super::open`]).

use std::fmt;

use crate::{hash::Hash, keys::VerifierKey};

/// Trust roots.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Keys of ledgers.
    pub logs: Vec<TrustedKey>,
    /// Keys of hubs.
    pub hub: Vec<TrustedKey>,
    /// Witnesses, kept as text.
    pub witnesses: Vec<Witness>,
    /// Groups of witnesses.
    pub groups: Vec<Group>,
    /// Witness or group whose cosignatures are required; `None` if none are.
    pub quorum: Option<String>,
    /// Contracts whose events count as anchors.
    pub chains: Vec<ChainRoot>,
    /// The directory that says who is who, and its root; `None` if nobody's authority is known.
    pub directory: Option<DirectoryPin>,
}

/// The one line from which everything that a directory states is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryPin {
    /// Name of the directory's ledger.
    pub origin: String,
    /// Version of the root record, from 1.
    pub version: u64,
    /// SHA-256 of the text of that root's note, without its signatures.
    pub root: Hash,
}

/// As in a policy file: `directory <origin> <version> <sha256>`.
impl fmt::Display for DirectoryPin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "directory {} {} {}", self.origin, self.version, self.root)
    }
}

/// A key and the checkpoints that it may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    /// The key; its name is the ledger's origin.
    pub key: VerifierKey,
    /// Where the ledger is reached.
    pub url: Option<String>,
    /// Sizes of the checkpoints that the key may sign.
    pub window: Window,
}

/// A key that is in force at every size.
impl From<VerifierKey> for TrustedKey {
    fn from(key: VerifierKey) -> Self {
        Self { key, url: None, window: Window::default() }
    }
}

/// The checkpoint sizes `n` at which a key is in force: `from <= n < until`. The default has no bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    from: u64,
    until: Option<u64>,
}

impl Window {
    /// A window from `from` until before `until`; `None` if it holds no size.
    #[must_use]
    pub fn new(from: u64, until: Option<u64>) -> Option<Self> {
        until.is_none_or(|until| from < until).then_some(Self { from, until })
    }

    /// Whether a key with this window is in force at `size`.
    #[must_use]
    pub fn contains(&self, size: u64) -> bool {
        self.from <= size && self.until.is_none_or(|until| size < until)
    }

    /// The first size at which the key is no longer in force; none if it still is at every later one.
    #[must_use]
    pub fn until(&self) -> Option<u64> {
        self.until
    }

    /// The sizes that are in both windows; `None` if there are none.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let until = match (self.until, other.until) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self::new(self.from.max(other.from), until)
    }

    /// Whether some size is in both windows.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.until.is_none_or(|until| other.from < until)
            && other.until.is_none_or(|until| self.from < until)
    }
}

/// As in a policy file, with a space in front; nothing for a window without bounds.
impl fmt::Display for Window {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from > 0 {
            write!(out, " from {}", self.from)?;
        }
        self.until.map_or(Ok(()), |until| write!(out, " until {until}"))
    }
}

/// A witness as the file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its name in this file.
    pub name: String,
    /// Its verifier key, as text.
    pub key: String,
    /// Where it is reached.
    pub url: Option<String>,
}

/// A group of witnesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name in this file.
    pub name: String,
    /// How many of its members must have signed: `any`, `all` or a number.
    pub threshold: String,
    /// Names of witnesses and groups.
    pub members: Vec<String>,
}

/// The registry contract on one chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainRoot {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Address of the contract, 20 bytes.
    pub contract: [u8; 20],
}
