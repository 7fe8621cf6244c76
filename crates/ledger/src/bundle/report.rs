//! What a verifier says: the outcome, what was checked and what was not, in plain words.
//!
//! What holds: the outcome is never better than the worst check allows; what was not checked is listed beside what
//! was.
//!
//! Not here: the checking ([`super::verify()`]), printing (`chopmark verify`).

use crate::hash::Hash;

/// The outcome of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Everything in the file was checked against the policy and fits.
    Proved,
    /// Something in the file does not fit.
    Refuted,
    /// Nothing contradicts, but the policy or the file holds too little to check everything.
    CannotTell,
}

/// The outcome of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CheckOutcome {
    /// It fits.
    Passed,
    /// It does not fit.
    Failed,
    /// It was not looked at, or could not be.
    NotChecked,
}

/// One thing that was checked or was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What it is about.
    pub name: String,
    /// How it went.
    pub outcome: CheckOutcome,
    /// What was found, in a sentence.
    pub detail: String,
}

/// A record of the bundle, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSummary {
    /// Name of its ledger.
    pub origin: String,
    /// Its place there.
    pub index: u64,
    /// Names and canonical JSON texts of the fields that are shown; of a list, the elements that are shown.
    pub fields: Vec<(String, String)>,
}

/// What the anchor says, for someone who can ask the chain.
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

/// Everything that a verification found.
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
    /// What the anchor says, if its receipt fits.
    pub anchor: Option<AnchorClaim>,
}

impl Report {
    pub(super) fn new() -> Self {
        Self {
            outcome: Outcome::Proved,
            item: None,
            checks: Vec::new(),
            records: Vec::new(),
            anchor: None,
        }
    }

    /// Adds a check to the list; the outcome stays as it is.
    pub fn add_check(&mut self, name: &str, outcome: CheckOutcome, detail: &str) {
        self.checks.push(Check { name: name.to_owned(), outcome, detail: detail.to_owned() });
    }

    pub(super) fn pass(&mut self, name: &str, detail: &str) {
        self.add_check(name, CheckOutcome::Passed, detail);
    }

    /// Something does not fit: the bundle is refuted.
    pub(super) fn fail(&mut self, name: &str, detail: &str) {
        self.add_check(name, CheckOutcome::Failed, detail);
        self.outcome = Outcome::Refuted;
    }

    /// Something that the file holds could not be checked: proved becomes cannot tell.
    pub(super) fn miss(&mut self, name: &str, detail: &str) {
        self.add_check(name, CheckOutcome::NotChecked, detail);
        if self.outcome == Outcome::Proved {
            self.outcome = Outcome::CannotTell;
        }
    }

    /// Something that no bundle of this kind can prove, or that this one does not claim.
    pub(super) fn leave(&mut self, name: &str, detail: &str) {
        self.add_check(name, CheckOutcome::NotChecked, detail);
    }
}
