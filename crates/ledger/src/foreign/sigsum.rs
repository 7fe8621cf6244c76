//! The form of a Sigsum proof, versions 1 and 2, and the texts that its signatures are over.
//!
//! ```text
//! version=2
//! log=<hash of the log's key>
//! leaf=<hash of the submitter's key> <signature>        version 1: the first 2 bytes of the checksum before these
//! (empty line)
//! size=<number>
//! root_hash=<hash>
//! signature=<signature of the log>
//! cosignature=<hash of the witness's key> <seconds since 1970> <signature>     none or more
//! (empty line)                                          this and what follows only if the size is above 1
//! leaf_index=<number>
//! node_hash=<hash>                                      one or more, from the leaf's sibling up
//! ```
//!
//! Sources: sigsum-proof.md (versions 1 and 2); Sigsum log protocol v1, section 2.2.

use super::lines::{FormError, Lines, MAX_PATH};
use crate::{
    checkpoint::ForeignCheckpoint,
    hash::{self, Hash},
    note::MAX_SIGNATURES,
};

/// A tree head signed by a log and witnesses, and the place of a leaf in that tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigsumProof {
    /// The first two bytes of the checksum, which version 1 has.
    pub short_checksum: Option<[u8; 2]>,
    /// SHA-256 of the log's key.
    pub log: Hash,
    /// SHA-256 of the submitter's key.
    pub submitter: Hash,
    /// The submitter's signature of the leaf.
    pub leaf_signature: [u8; 64],
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
    /// The log's signature.
    pub signature: [u8; 64],
    /// Signatures of witnesses.
    pub cosignatures: Vec<SigsumCosignature>,
    /// Place of the leaf.
    pub index: u64,
    /// Inclusion path, from the leaf's sibling up.
    pub path: Vec<Hash>,
}

/// A witness's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigsumCosignature {
    /// SHA-256 of the witness's key.
    pub witness: Hash,
    /// When it signed, as it says: seconds since 1970 UTC.
    pub time: u64,
    /// The signature.
    pub signature: [u8; 64],
}

impl SigsumProof {
    /// Reads a proof.
    ///
    /// # Errors
    ///
    /// [`FormError`] with the line that is not accepted.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        let mut lines = Lines::new(bytes)?;
        let version = lines.value("version")?;
        if !matches!(version, "1" | "2") {
            return Err(lines.wrong(version, "version 1 or 2"));
        }
        let log = Hash(hash_value(&mut lines, "log")?);
        let (short_checksum, submitter, leaf_signature) = leaf(&mut lines, version == "1")?;
        lines.expect_empty()?;
        let size = lines.number("size")?;
        let root = Hash(hash_value(&mut lines, "root_hash")?);
        let signature = hash_value(&mut lines, "signature")?;
        let mut cosignatures = Vec::new();
        while !lines.is_at_end() && !lines.is_at_empty_line() {
            if cosignatures.len() == MAX_SIGNATURES {
                return Err(lines.wrong("one more", "at most 100 cosignatures"));
            }
            let cosignature = cosignature(&mut lines)?;
            let is_twice = |one: &SigsumCosignature| one.witness == cosignature.witness;
            if cosignatures.iter().any(is_twice) {
                let witness = cosignature.witness.to_string();
                return Err(lines.wrong(&witness, "one cosignature of each witness"));
            }
            cosignatures.push(cosignature);
        }
        let (mut index, mut path) = (0, Vec::new());
        if size > 1 {
            lines.expect_empty()?;
            index = lines.number("leaf_index")?;
            path.push(Hash(hash_value(&mut lines, "node_hash")?));
            while !lines.is_at_end() {
                path.push(Hash(hash_value(&mut lines, "node_hash")?));
                if path.len() > MAX_PATH {
                    return Err(lines.wrong("one more", "at most 64 hashes in a path"));
                }
            }
        }
        lines.expect_end()?;
        Ok(Self {
            short_checksum,
            log,
            submitter,
            leaf_signature,
            size,
            root,
            signature,
            cosignatures,
            index,
            path,
        })
    }

    /// Name of the log whose key has this hash, as in the first line of its checkpoints.
    #[must_use]
    pub fn origin_of(log: &Hash) -> String {
        format!("sigsum.org/v1/tree/{log}")
    }

    /// What log and witnesses signed.
    #[must_use]
    pub fn checkpoint(&self) -> ForeignCheckpoint {
        ForeignCheckpoint {
            origin: Self::origin_of(&self.log),
            size: self.size,
            root: self.root,
            extensions: Vec::new(),
        }
    }

    /// What the submitter of a checksum signed.
    #[must_use]
    pub fn leaf_message(checksum: &Hash) -> Vec<u8> {
        [b"sigsum.org/v1/tree-leaf\0", &checksum.0[..]].concat()
    }

    /// Leaf hash of a checksum that was submitted by the proof's submitter.
    #[must_use]
    pub fn leaf_hash(&self, checksum: &Hash) -> Hash {
        hash::leaf(&[&checksum.0[..], &self.leaf_signature, &self.submitter.0].concat())
    }
}

fn hash_value<const N: usize>(lines: &mut Lines<'_>, key: &str) -> Result<[u8; N], FormError> {
    let value = lines.value(key)?;
    lines.hex(value)
}

type Leaf = (Option<[u8; 2]>, Hash, [u8; 64]);

fn leaf(lines: &mut Lines<'_>, has_checksum: bool) -> Result<Leaf, FormError> {
    let value = lines.value("leaf")?;
    let words: Vec<&str> = value.split(' ').collect();
    match words[..] {
        [submitter, signature] if !has_checksum => {
            Ok((None, Hash(lines.hex(submitter)?), lines.hex(signature)?))
        }
        [short, submitter, signature] if has_checksum => {
            let short = lines.hex(short)?;
            Ok((Some(short), Hash(lines.hex(submitter)?), lines.hex(signature)?))
        }
        _ => Err(lines.wrong(value, "the hash of a key and a signature, with one space between")),
    }
}

fn cosignature(lines: &mut Lines<'_>) -> Result<SigsumCosignature, FormError> {
    let value = lines.value("cosignature")?;
    let words: Vec<&str> = value.split(' ').collect();
    let [witness, time, signature] = words[..] else {
        return Err(lines.wrong(value, "the hash of a key, a time and a signature"));
    };
    Ok(SigsumCosignature {
        witness: Hash(lines.hex(witness)?),
        time: lines.decimal(time)?,
        signature: lines.hex(signature)?,
    })
}
