//! One ledger at one moment: its newest checkpoint, and why it cannot be relied on.
//!
//! What holds: it may be used again as long as all rows from which it was found are the same, and so is the policy
//! ([`Standing::is_of`]); one with a fault is never used again.
//!
//! Not here: what the rows are compared with ([`crate::continuity`]), which ledgers are needed
//! ([`crate::known_ledgers`]).

use std::sync::Arc;

use ledger::policy::Policy;
use sql::LedgerId;
use sql::ledgers::{LedgerState, StoredCheckpoint};

use crate::continuity::Continuity;
use crate::entry::Fault;
use crate::tiles::Edge;

/// A site's ledger and its latest checkpoint.
#[derive(Debug, Clone)]
pub struct LedgerHead {
    /// Its number.
    pub id: LedgerId,
    /// Its origin.
    pub origin: Arc<str>,
    /// The party that keeps it.
    pub party: Arc<str>,
    /// Its latest checkpoint.
    pub checkpoint: StoredCheckpoint,
    /// Why that checkpoint cannot be relied on.
    pub fault: Option<Fault>,
}

/// Sizes of all hubs.
pub type HubSizes = Vec<(LedgerId, u64)>;

/// What was found of a ledger, and the rows from which it was found.
#[derive(Debug)]
pub struct Standing {
    /// The ledger.
    pub head: LedgerHead,
    /// The edge of the tree of its checkpoint; none if the stored hashes do not lead to that.
    pub edge: Option<Edge>,
    state: LedgerState,
    policy: Arc<Policy>,
    /// Entries of the hubs that were looked through for its checkpoints, and are none that the index does not have; none if there was
    /// no reason to look.
    clean: HubSizes,
}

impl Standing {
    /// What was found of a ledger.
    ///
    /// - `checkpoint`: the newest of `state`.
    /// - `clean`: the hubs' entries that were looked through for its checkpoints; empty if they were not.
    #[must_use]
    pub fn new(
        (state, checkpoint): (LedgerState, StoredCheckpoint),
        policy: &Arc<Policy>,
        edge: Option<Edge>,
        fault: Option<Fault>,
        clean: HubSizes,
    ) -> Self {
        let head = LedgerHead {
            id: state.row.id,
            origin: state.row.origin.as_str().into(),
            party: state.row.party.as_str().into(),
            checkpoint,
            fault,
        };
        Self { head, edge, state, policy: policy.clone(), clean }
    }

    /// Whether it was found from exactly these rows, under this policy.
    ///
    /// - `doubtful`: sizes of the hubs, if the index may lack an entry of it: then they must have been looked through.
    #[must_use]
    pub fn is_of(
        &self,
        state: &LedgerState,
        policy: &Arc<Policy>,
        doubtful: Option<&HubSizes>,
    ) -> bool {
        let is_same_policy = || Arc::ptr_eq(&self.policy, policy) || self.policy == *policy;
        let is_clean = || doubtful.is_none_or(|hubs| self.clean == *hubs);
        self.head.fault.is_none() && self.state == *state && is_clean() && is_same_policy()
    }

    /// Entries of the hubs that need not be looked through again for checkpoints of this ledger.
    #[must_use]
    pub fn clean_of(&self, state: &LedgerState) -> Option<&HubSizes> {
        (self.state.row.origin == state.row.origin).then_some(&self.clean)
    }

    /// Bytes that it takes, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        let notes = 2 * self.head.checkpoint.note.len()
            + self.state.evidence.iter().map(String::len).sum::<usize>();
        size_of::<Self>() + notes + self.edge.as_ref().map_or(0, Edge::weight)
    }
}

/// Why a stored checkpoint cannot be relied on.
#[must_use]
pub fn checkpoint_fault(policy: &Policy, origin: &str, stored: &StoredCheckpoint) -> Option<Fault> {
    match policy.open_checkpoint(origin, &stored.note) {
        Ok(opened) if opened.size == stored.size && opened.root == stored.root => None,
        Ok(opened) => Some(Fault::CheckpointRow { size: opened.size }),
        Err(error) => Some(Fault::Checkpoint(error)),
    }
}

/// Why a ledger cannot be relied on that the hub holds more of, or something else, or of which another past was signed.
#[must_use]
pub fn continuity_fault(found: Continuity) -> Option<Fault> {
    match found {
        Continuity::Fits { .. } | Continuity::NotInHubYet => None,
        Continuity::Shrunk { hub_size, own_size } => Some(Fault::Shrunk { hub_size, own_size }),
        Continuity::Forked { reason, .. } => Some(Fault::Forked(reason)),
    }
}
