//! Proofs of logs that are not ours: that an entry is in a transparency log, at a checkpoint that the log signed and
//! witnesses cosigned.
//!
//! The way through:
//!
//! ```text
//! file  -> Kind::of -> TlogProof or SigsumProof -> verify() -> ForeignReport
//! policy file -> Trust (logs, witnesses, quorum) ---^   ^--- Claim: the data, or its leaf hash
//! ```
//!
//! What holds: which keys count, and how many witnesses, comes from the policy alone; a file that has not the form of
//! its kind to the byte is never proved; whether a log signed is decided where it is for our own ledgers
//! ([`crate::policy::Policy::open_foreign_checkpoint`]); a witness counts once, however often it signed.
//!
//! [`cosigners`] counts the witnesses of a checkpoint of our own ledgers.
//!
//! Not here: our own bundles ([`crate::bundle`]); ML-DSA-44 cosignatures, which count as missing; times of witnesses
//! are shown and compared with nothing.
//!
//! Sources: C2SP tlog-proof, tlog-checkpoint, tlog-cosignature, tlog-policy, signed-note; the Sigsum proof format
//! (versions 1 and 2), policy format and log protocol v1; docs/formats/foreign-proofs.md.

mod lines;
mod sigsum;
mod tlog;
mod trust;
mod verify;
mod witnesses;

pub use lines::{FormError, MAX_BYTES};
pub use sigsum::{SigsumCosignature, SigsumProof};
pub use tlog::TlogProof;
pub use trust::Trust;
pub use verify::{Claim, Entry, ForeignReport, verify};
pub use witnesses::cosigners;

/// Which format a file says that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// C2SP tlog-proof.
    TlogProof,
    /// A Sigsum proof.
    Sigsum,
}

impl Kind {
    /// By the first bytes of a file; `None` if it is neither.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"c2sp.org/tlog-proof@") {
            Some(Self::TlogProof)
        } else if bytes.starts_with(b"version=") {
            Some(Self::Sigsum)
        } else {
            None
        }
    }

    /// Its name, for people and programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TlogProof => "tlog-proof",
            Self::Sigsum => "sigsum-proof",
        }
    }
}
