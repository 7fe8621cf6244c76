//! How far an audit came, so that it can continue after an interruption.
//!
//! The way through: [`LedgerAudit::standing`] gives a [`Standing`], which the caller stores; [`LedgerAudit::resume`] takes it
//! together with the checkpoint that the database has at that size now.
//!
//! What holds: an audit stands only on a checkpoint that the policy accepts and whose root the rows gave; it is continued
//! only if that very note is still there, is accepted by the policy of now, and the stored subtree roots give the signed root. An altered
//! size or an altered root is therefore refused. Findings, and the number of checkpoints, are as good as the place where they
//! were stored.
//!
//! Not here: the file ([`Standing`] has no form of its own), rows below the standing: they are not read again.

use thiserror::Error;

use super::{Finding, LedgerAudit, MAX_FINDINGS, Opened};
use crate::{
    hash::Hash,
    policy::OpenError,
    tree::{Frontier, PeaksError},
};

/// How far an audit of a ledger came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Rows that were recomputed: the size of the checkpoint.
    pub size: u64,
    /// Roots of the complete subtrees of the tree of that size, largest first.
    pub peaks: Vec<Hash>,
    /// SHA-256 of the checkpoint's note.
    pub note: Hash,
    /// Checkpoints so far.
    pub checkpoints: u64,
    /// What contradicted in the rows up to here; each has an index.
    pub of_rows: Vec<Finding>,
    /// What contradicted in the checkpoints up to here.
    pub of_checkpoints: Vec<Finding>,
}

/// Why an audit cannot continue from a standing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StandingError {
    /// The number of subtree roots does not fit the size.
    #[error(transparent)]
    Peaks(#[from] PeaksError),
    /// The database has another checkpoint of that size.
    #[error("the checkpoint of size {0} is another one now")]
    OtherNote(u64),
    /// The policy does not accept the checkpoint.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The checkpoint is signed for another size.
    #[error("got size {stands}, the checkpoint is signed for size {signed}")]
    Size {
        /// Of the standing.
        stands: u64,
        /// Of the checkpoint.
        signed: u64,
    },
    /// The subtree roots give another root than was signed.
    #[error(
        "the stored subtree roots give root {got}, the checkpoint of size {size} was signed with {signed}"
    )]
    Root {
        /// Size of the checkpoint.
        size: u64,
        /// Of the standing.
        got: Hash,
        /// Of the checkpoint.
        signed: Hash,
    },
}

/// The last checkpoint on which an audit can stand.
#[derive(Debug)]
pub(super) struct Good {
    frontier: Frontier,
    note: Hash,
    checkpoints: u64,
    /// Findings of checkpoints up to it.
    findings: usize,
}

impl LedgerAudit<'_> {
    /// Remembers that the frontier stands on a checkpoint. Once findings are only counted, the audit stands where it was:
    /// what is counted could not be told again.
    pub(super) fn note_good(&mut self, note: Hash) {
        if self.of_rows.len() + self.findings.len() < MAX_FINDINGS {
            self.good = Some(Good {
                frontier: self.frontier.clone(),
                note,
                checkpoints: self.checkpoints,
                findings: self.findings.len(),
            });
        }
    }

    /// Rows below the last checkpoint on which this audit can stand; 0 for none.
    #[must_use]
    pub fn standing_size(&self) -> u64 {
        self.good.as_ref().map_or(0, |good| good.frontier.size())
    }

    /// How far this audit came; none before the first checkpoint that the policy accepts and whose root the rows give.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        let good = self.good.as_ref()?;
        let size = good.frontier.size();
        let below = self.of_rows.iter().take_while(|(rows, _)| *rows < size);
        Some(Standing {
            size,
            peaks: good.frontier.peaks().to_vec(),
            note: good.note,
            checkpoints: good.checkpoints,
            of_rows: below.map(|(_, finding)| finding.clone()).collect(),
            of_checkpoints: self.findings[..good.findings].to_vec(),
        })
    }

    /// Continues an audit that was begun elsewhere: the rows below `standing` are not passed again.
    ///
    /// - `self`: a new audit of the same ledger.
    /// - `note`: the checkpoint that the database has at that size now.
    ///
    /// # Errors
    ///
    /// [`StandingError`] with the first condition that does not hold.
    pub fn resume(mut self, standing: &Standing, note: &str) -> Result<Self, StandingError> {
        let size = standing.size;
        let opened = Opened::new(self.open, self.policy, &self.origin, size, note);
        if opened.note != standing.note {
            return Err(StandingError::OtherNote(size));
        }
        let checkpoint = opened.outcome?;
        if checkpoint.size != size {
            return Err(StandingError::Size { stands: size, signed: checkpoint.size });
        }
        let frontier = Frontier::from_peaks(size, standing.peaks.clone())?;
        let (got, signed) = (frontier.root(), checkpoint.root);
        if got != signed {
            return Err(StandingError::Root { size, got, signed });
        }
        self.rows = size;
        self.frontier = frontier;
        self.last = Some((size, Some(signed)));
        self.checkpoints = standing.checkpoints;
        // The order is all that counts of the place.
        self.of_rows = standing.of_rows.iter().map(|finding| (0, finding.clone())).collect();
        self.findings.clone_from(&standing.of_checkpoints);
        self.note_good(standing.note);
        Ok(self)
    }
}
