//! The outcome of the audit of one ledger, and the exit status of all.
//!
//! What holds: the worst that was found decides; that records wait for the hub or the chain is said, and is no fault
//! unless it was asked for.

use history::continuity::Continuity;
use ledger::audit::AuditSummary;
use sql::erasures::Erasure;

use super::published::Holdings;
use super::rows::Earlier;
use crate::words::CANNOT_TELL;

/// What became of a ledger, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing contradicts anything.
    Whole,
    /// Nothing contradicts anything, but the policy has no key of it: whether it is signed is not known.
    CannotTell,
    /// Rows were changed.
    Changed,
    /// It has less than was published of it.
    RolledBack,
    /// It has another past than was published.
    Forked,
}

impl State {
    /// The word in the text.
    pub fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::CannotTell => CANNOT_TELL.1,
            Self::Changed => "CHANGED",
            Self::RolledBack => "ROLLED BACK",
            Self::Forked => "FORKED",
        }
    }

    /// The code in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::CannotTell => "cannot_tell",
            Self::Changed => "changed",
            Self::RolledBack => "rolled_back",
            Self::Forked => "forked",
        }
    }
}

/// What the audit found of one ledger.
pub struct AuditedLedger {
    /// Its rows against one another.
    pub summary: AuditSummary,
    /// `site`, `hub`, `directory` or `audit`.
    pub kind: String,
    /// Whether it is a hub.
    pub is_hub: bool,
    /// What was published of it.
    pub holdings: Holdings,
    /// Whether it extends what was published last.
    pub continuity: Continuity,
    /// What an earlier audit recomputed, and this one did not.
    pub earlier: Option<Earlier>,
    /// Records that were erased.
    pub erased: Vec<Erasure>,
}

impl AuditedLedger {
    /// What became of it.
    pub fn state(&self) -> State {
        let Holdings { findings, is_shorter, is_other, .. } = &self.holdings;
        if *is_shorter || matches!(self.continuity, Continuity::Shrunk { .. }) {
            State::RolledBack
        } else if *is_other || matches!(self.continuity, Continuity::Forked { .. }) {
            State::Forked
        } else if !findings.is_empty() || !self.summary.findings.is_empty() {
            State::Changed
        } else if self.summary.without_key > 0 {
            State::CannotTell
        } else {
            State::Whole
        }
    }

    /// Why it cannot be told whether the ledger is signed; none if it can.
    pub fn without_key(&self) -> Option<String> {
        let (count, origin) = (self.summary.without_key, &self.summary.origin);
        let line = if self.is_hub { "hub" } else { "log" };
        (count > 0).then(|| {
            format!(
                "the policy has no key of `{origin}`, so whether its {count} checkpoints are signed is not known; expected its keys in lines \
                 `{line} KEY`, or a line `directory …` of a directory that names them"
            )
        })
    }

    /// Records (of a hub: entries) that are not published yet.
    pub fn waiting(&self) -> u64 {
        self.summary.records.saturating_sub(self.holdings.size)
    }
}

/// The exit status: 0 whole, 1 changed, 2 cannot tell, 3 rolled back or forked; with `must_be_anchored` also 4 for records that wait
/// for the hub and 5 for entries of the hub that wait for the chain.
pub fn status(audited: &[AuditedLedger], must_be_anchored: bool) -> u8 {
    let waits = |hub: bool| audited.iter().any(|one| one.is_hub == hub && one.waiting() > 0);
    match audited.iter().map(AuditedLedger::state).max().unwrap_or(State::Whole) {
        State::RolledBack | State::Forked => 3,
        State::Changed => 1,
        State::CannotTell => 2,
        State::Whole if must_be_anchored && waits(false) => 4,
        State::Whole if must_be_anchored && waits(true) => 5,
        State::Whole => 0,
    }
}
