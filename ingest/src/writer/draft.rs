//! What a batch adds to the tables, complete but for its commit.
//!
//! What holds: nothing of it is in the tables or in the committed tree; it is dropped when the batch is not committed.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use ledger::tree::Frontier;
use sql::ledgers::Entry;
use sql::refusals::NewRefusal;
use sql::rules::StateKey;

use super::work::{Announced, ReadyRecord};
use crate::facts::PendingFacts;
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::rules::interpret::Difference;

/// The draft of a batch.
#[derive(Debug)]
pub(super) struct Draft {
    /// The tree before the batch.
    pub(super) before: Frontier,
    /// New records in order.
    pub(super) entries: Vec<Entry>,
    /// Keys of the index, and the records that name the items.
    pub(super) item_keys: Vec<(i64, u64)>,
    /// What the batch says about items, sensors and advices.
    pub(super) pending: PendingFacts,
    /// The same of the batch before it, which is being committed.
    pub(super) earlier: Arc<PendingFacts>,
    /// The answers, in the order of the jobs.
    pub(super) answers: Vec<Result<Outcome, Problem>>,
    /// Jobs to be stored with their answer.
    pub(super) stored: Vec<Stored>,
    pub(super) refusals: Vec<RefusalRow>,
    /// New states of sensors, JSON.
    pub(super) states: HashMap<StateKey, String>,
    pub(super) announced: Vec<AnnouncedRow>,
    pub(super) differences: Vec<DifferenceRow>,
    /// Events of documents that were refused: code, and how many.
    pub(super) refused_events: Vec<(&'static str, u64)>,
    /// Observations in the deliveries that were recorded.
    pub(super) observations: u64,
}

/// A delivery or document to be stored with the answer that it gets.
#[derive(Debug)]
pub(super) struct Stored {
    /// Place of its job in the batch.
    pub(super) job: usize,
    /// The answer, JSON.
    pub(super) outcome: String,
    pub(super) at: Timestamp,
}

/// A refusal to be stored.
#[derive(Debug)]
pub(super) struct RefusalRow {
    pub(super) at: Timestamp,
    pub(super) source: String,
    pub(super) kind: &'static str,
    pub(super) code: &'static str,
    pub(super) detail: String,
    pub(super) body_sha256: ledger::Hash,
    pub(super) excerpt: Vec<u8>,
    pub(super) count: u64,
}

impl RefusalRow {
    /// The row as it is stored.
    pub(super) fn as_new(&self) -> NewRefusal<'_> {
        NewRefusal {
            at: self.at,
            source: &self.source,
            kind: self.kind,
            code: self.code,
            detail: &self.detail,
            body_sha256: &self.body_sha256,
            excerpt: &self.excerpt,
            count: self.count,
        }
    }
}

/// An announcement to be stored, and the record that makes it.
#[derive(Debug)]
pub(super) struct AnnouncedRow {
    pub(super) announced: Announced,
    pub(super) index: u64,
}

/// A difference to be stored, and the record that it is about.
#[derive(Debug)]
pub(super) struct DifferenceRow {
    pub(super) difference: Difference,
    pub(super) index: u64,
    pub(super) at: Timestamp,
}

impl Draft {
    /// An empty draft on top of a tree, and of what is about to be stored before it.
    pub(super) fn on(before: Frontier, earlier: Arc<PendingFacts>) -> Self {
        Self {
            before,
            entries: Vec::new(),
            item_keys: Vec::new(),
            pending: PendingFacts::default(),
            earlier,
            answers: Vec::new(),
            stored: Vec::new(),
            refusals: Vec::new(),
            states: HashMap::new(),
            announced: Vec::new(),
            differences: Vec::new(),
            refused_events: Vec::new(),
            observations: 0,
        }
    }

    /// Size of the ledger with the records so far.
    pub(super) fn size(&self) -> u64 {
        self.before.size() + self.entries.len() as u64
    }

    /// Gives a record its place.
    pub(super) fn add(&mut self, record: ReadyRecord) -> u64 {
        let index = self.size();
        let ReadyRecord { entry, keys, things, last } = record;
        self.entries.push(entry);
        self.item_keys.extend(keys.into_iter().map(|key| (key, index)));
        self.pending.add_record(&things, &last);
        index
    }
}
