//! The keys of a ledger: an Ed25519 and an RSA key, and the sizes of the checkpoints that they may sign.
//!
//! What holds: the windows that follow from a directory are those of a policy file: a checkpoint of size `n` needs one
//! signature of each kind in force at `n`.
//!
//! Source: docs/formats/directory-v1.md, "keyset".

use super::fields::{FieldError, Fields};
use crate::{
    hash::Hash,
    json::{Json, object},
    keys::{Algorithm, VerifierKey},
    policy::{TrustedKey, Window},
};

/// A ledger's pair of keys, from a size on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerKeyset {
    /// Ed25519; its name is the ledger's origin.
    pub ed25519: VerifierKey,
    /// RSA-PSS-3072; its name is the ledger's origin.
    pub rsa: VerifierKey,
    /// Smallest checkpoint that the pair may sign.
    pub from_size: u64,
}

/// A size and the root of the tree of that size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeAndRoot {
    /// Leaves.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

/// A keyset as the state of a directory shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysetInterval {
    /// Whose ledger it is.
    pub party: String,
    /// The pair.
    pub keys: LedgerKeyset,
    /// First size at which the pair may no longer sign; none if it still may.
    pub until_size: Option<u64>,
    /// Last checkpoint under the pair before; none for the first pair.
    pub after: Option<SizeAndRoot>,
    /// Last good checkpoint of a pair that was revoked.
    pub last_good: Option<SizeAndRoot>,
    /// Leaf hash of the directory's record.
    pub record: Hash,
}

impl LedgerKeyset {
    /// Reads `ed25519`, `rsa` and `from_size` of an object.
    ///
    /// # Errors
    ///
    /// [`FieldError`] unless both keys are the ledger's and of their kind.
    pub fn read(fields: &Fields<'_>, origin: &str) -> Result<Self, FieldError> {
        let key = |name: &str, algorithm| {
            let key = fields.key(name)?;
            if key.name() == origin && key.algorithm() == algorithm {
                return Ok(key);
            }
            Err(fields.wrong(name, format!("an {algorithm} key of the name `{origin}`")))
        };
        Ok(Self {
            ed25519: key("ed25519", Algorithm::Ed25519)?,
            rsa: key("rsa", Algorithm::RsaPss3072)?,
            from_size: fields.number("from_size")?,
        })
    }

    /// The members of the pair.
    #[must_use]
    pub fn to_json(&self) -> Json {
        object([
            ("origin", Json::from(self.ed25519.name())),
            ("ed25519", Json::from(self.ed25519.to_string())),
            ("rsa", Json::from(self.rsa.to_string())),
            ("from_size", Json::from(self.from_size)),
        ])
    }

    /// Both keys, in force from `from_size` until before `until`; none if that is no size.
    #[must_use]
    pub fn trusted(&self, until: Option<u64>) -> Vec<TrustedKey> {
        let Some(window) = Window::new(self.from_size, until) else { return Vec::new() };
        let trust = |key: &VerifierKey| TrustedKey { key: key.clone(), url: None, window };
        vec![trust(&self.ed25519), trust(&self.rsa)]
    }
}

/// The keys of consecutive pairs, each in force until the next one is.
#[must_use]
pub fn consecutive(keysets: &[LedgerKeyset]) -> Vec<TrustedKey> {
    let next = keysets.iter().skip(1).map(|keyset| Some(keyset.from_size)).chain([None]);
    keysets.iter().zip(next).flat_map(|(keyset, until)| keyset.trusted(until)).collect()
}

impl SizeAndRoot {
    /// Reads the member `name`, if it is there.
    ///
    /// # Errors
    ///
    /// [`FieldError`].
    pub fn read(fields: &Fields<'_>, name: &str) -> Result<Option<Self>, FieldError> {
        if !fields.has(name) {
            return Ok(None);
        }
        let inner = fields.object(name, &["size", "root"])?;
        Ok(Some(Self { size: inner.number("size")?, root: inner.hash("root")? }))
    }

    /// `{size, root}`.
    #[must_use]
    pub fn to_json(&self) -> Json {
        object([("size", Json::from(self.size)), ("root", Json::from(self.root.to_string()))])
    }
}

impl KeysetInterval {
    /// As the state's entry shows it.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut json = self.keys.to_json();
        json.set("party", Json::from(self.party.as_str()));
        json.set("record", Json::from(self.record.to_string()));
        if let Some(until) = self.until_size {
            json.set("until_size", Json::from(until));
        }
        for (name, place) in [("after", &self.after), ("last_good", &self.last_good)] {
            if let Some(place) = place {
                json.set(name, place.to_json());
            }
        }
        json
    }

    /// Reads an interval of the entry of the ledger `origin`.
    ///
    /// # Errors
    ///
    /// [`FieldError`].
    pub fn read(place: &str, json: &Json, origin: &str) -> Result<Self, FieldError> {
        const KNOWN: &[&str] = &[
            "origin",
            "ed25519",
            "rsa",
            "from_size",
            "until_size",
            "party",
            "record",
            "after",
            "last_good",
        ];
        let fields = Fields::new(place, json, &[KNOWN])?;
        fields.matching("origin", &format!("`{origin}`"), |found| found == origin)?;
        Ok(Self {
            party: fields.name("party")?,
            keys: LedgerKeyset::read(&fields, origin)?,
            until_size: if fields.has("until_size") {
                Some(fields.number("until_size")?)
            } else {
                None
            },
            after: SizeAndRoot::read(&fields, "after")?,
            last_good: SizeAndRoot::read(&fields, "last_good")?,
            record: fields.hash("record")?,
        })
    }

    /// Both keys with their window; none if it holds no size.
    #[must_use]
    pub fn trusted(&self) -> Vec<TrustedKey> {
        self.keys.trusted(self.until_size)
    }
}

/// A party's run of records of a ledger: the party, its first record, the first that is no longer its own.
pub type Run<'a> = (&'a str, u64, Option<u64>);

/// Whose the records of a ledger are. A pair that came after another one's last checkpoint has the records from that
/// checkpoint's size on; after a revocation nobody has the records above the last good checkpoint until the next pair.
#[must_use]
pub fn runs(intervals: &[KeysetInterval]) -> Vec<Run<'_>> {
    let begin = |interval: &KeysetInterval| interval.after.map_or(0, |after| after.size);
    let mut found: Vec<Run<'_>> = Vec::new();
    for (place, interval) in intervals.iter().enumerate() {
        let next = intervals.get(place + 1).map(begin);
        let good = interval.last_good.map(|good| good.size);
        let until = match (next, good) {
            (Some(next), Some(good)) => Some(next.min(good)),
            (next, good) => next.or(good),
        };
        let from = begin(interval);
        if until.is_some_and(|until| until <= from) {
            continue;
        }
        match found.last_mut() {
            Some(last) if last.0 == interval.party && last.2 == Some(from) => last.2 = until,
            _ => found.push((&interval.party, from, until)),
        }
    }
    found
}

/// The party whose record `index` is.
#[must_use]
pub fn speaker(intervals: &[KeysetInterval], index: u64) -> Option<&str> {
    let owns = |run: &&Run<'_>| run.1 <= index && run.2.is_none_or(|until| index < until);
    let runs = runs(intervals);
    runs.iter().find(owns).map(|run| run.0)
}
