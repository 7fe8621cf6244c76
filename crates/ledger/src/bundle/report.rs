//! The report of a verification: the outcome, what was checked and what was not.
//!
//! What holds: the outcome is never better than the worst check allows; what was not checked is listed beside what
//! was; the lines of the checks hold no character that could change how they are displayed ([`escaped`]).
//! [`Report::item`] and the [`RecordSummary`]s hold the file's own text: whoever prints them escapes it.
//!
//! Not here: the checking ([`super::verify()`]), printing (`chopmark verify`).

use crate::{hash::Hash, text::escaped};

/// The outcome of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Everything in the file that can be checked was checked against the policy and holds.
    Proved,
    /// A check failed.
    Refuted,
    /// No check failed, but the policy or the file holds too little for some of them.
    CannotTell,
}

/// The outcome of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CheckOutcome {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It was not checked, or could not be.
    NotChecked,
}

/// One check and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What is checked; escaped.
    pub name: String,
    /// Its outcome.
    pub outcome: CheckOutcome,
    /// What was found, in one sentence; escaped.
    pub detail: String,
}

/// The disclosed part of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSummary {
    /// Name of its ledger.
    pub origin: String,
    /// Its index there.
    pub index: u64,
    /// Names and canonical JSON texts of the disclosed fields; of a list, the disclosed elements.
    pub fields: Vec<(String, String)>,
    /// Names of the hidden fields.
    pub hidden: Vec<String>,
    /// How many elements of the lists in `fields` are left out.
    pub elements_left_out: u64,
}

/// What the anchor states, for a caller that can ask the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorClaim {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The registry contract.
    pub contract: [u8; 20],
    /// The block's hash.
    pub block_hash: Hash,
    /// The block's number.
    pub block_number: u64,
    /// The block's time, seconds since 1970 UTC.
    pub block_time: u64,
}

/// Name of the check that lists what a directory's state cannot tell: what holds today.
pub const TODAY: &str = "what holds today";

/// Until when the proved directory tells what holds, for a caller that knows the time. Times are of the form
/// `2026-11-01T00:00:00Z`, so that the order of texts is the order of times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryDates {
    /// When the state was written: up to then everything is proved.
    pub state_at: String,
    /// Until when the state tells what holds.
    pub state_until: String,
    /// Until when the root does.
    pub root_until: String,
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The outcome.
    pub outcome: Outcome,
    /// The item, if the file could be read.
    pub item: Option<String>,
    /// What was checked and what was not, in order.
    pub checks: Vec<Check>,
    /// The records that were found to be in their ledgers.
    pub records: Vec<RecordSummary>,
    /// What the anchor states, if its receipt was accepted.
    pub anchor: Option<AnchorClaim>,
    /// The dates of the directory, if its proof was accepted.
    pub directory: Option<DirectoryDates>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self {
            outcome: Outcome::Proved,
            item: None,
            checks: Vec::new(),
            records: Vec::new(),
            anchor: None,
            directory: None,
        }
    }

    /// Adds a check to the list, name and detail escaped; the outcome stays as it is.
    pub fn add_check(&mut self, name: &str, outcome: CheckOutcome, detail: &str) {
        self.checks.push(Check { name: escaped(name), outcome, detail: escaped(detail) });
    }

    pub(crate) fn pass(&mut self, name: &str, detail: &str) {
        self.add_check(name, CheckOutcome::Passed, detail);
    }

    /// A check failed: the bundle is refuted.
    pub(crate) fn fail(&mut self, name: &str, detail: &str) {
        self.add_check(name, CheckOutcome::Failed, detail);
        self.outcome = Outcome::Refuted;
    }

    /// Something that the file states could not be checked: proved becomes cannot tell.
    pub(crate) fn miss(&mut self, name: &str, detail: &str) {
        self.add_check(name, CheckOutcome::NotChecked, detail);
        if self.outcome == Outcome::Proved {
            self.outcome = Outcome::CannotTell;
        }
    }

    /// Something that no bundle of this kind can prove, or that this one does not state; the outcome stays.
    pub(crate) fn leave(&mut self, name: &str, detail: &str) {
        self.add_check(name, CheckOutcome::NotChecked, detail);
    }
}
