//! What one attempt at a batch has gathered.
//!
//! What holds: nothing of it is in the tables or in the committed tree; it is dropped, and made again, when the
//! transaction is retried.

use ledger::record::{Record, Secret};
use ledger::tree::Frontier;

use crate::facts::PendingFacts;
use crate::outcome::Outcome;
use crate::problem::Problem;

/// The draft of a batch.
pub(super) struct Draft {
    /// The tree, with the records below.
    pub(super) frontier: Frontier,
    /// New records in order, each with the secret of its salts and its leaf hash.
    pub(super) records: Vec<(Record, Secret, ledger::Hash)>,
    /// What these records say about items and sensors.
    pub(super) pending: PendingFacts,
    /// The answers, in the order of the jobs.
    pub(super) answers: Vec<Result<Outcome, Problem>>,
    /// Documents that were refused as a whole: code, and how many of their events were refused.
    pub(super) refused_documents: Vec<(&'static str, u64)>,
    /// Observations in the deliveries that were recorded.
    pub(super) observations: u64,
}

impl Draft {
    /// An empty draft on top of the committed tree.
    pub(super) fn new(before: &Frontier) -> Self {
        Self {
            frontier: before.clone(),
            records: Vec::new(),
            pending: PendingFacts::default(),
            answers: Vec::new(),
            refused_documents: Vec::new(),
            observations: 0,
        }
    }

    /// Extends the tree by one record and returns its index.
    ///
    /// - `secret`: random bytes, the record's own.
    pub(super) fn add(&mut self, record: Record, secret: Secret) -> u64 {
        let index = self.frontier.size();
        let leaf_hash = record.leaf_hash(&secret);
        self.frontier.append(leaf_hash);
        self.pending.add_record(&record);
        self.records.push((record, secret, leaf_hash));
        index
    }
}
