//! Recomputes a whole ledger from its rows and reports every contradiction.
//!
//! The way through: make a [`LedgerAudit`], pass it every row in ledger order (a site's [`LedgerAudit::record`], a
//! hub's [`LedgerAudit::hub_entry`], the directory's [`LedgerAudit::directory_entry`]) and every checkpoint in order of size, each not before the rows that it covers,
//! then [`LedgerAudit::finish`]. What costs time needs no order: [`record_leaf`], [`hub_entry_leaf`], [`directory_entry_leaf`] and
//! [`Opened::new`] run on as many threads as there are, and [`LedgerAudit::row`] and [`LedgerAudit::opened`] take their results in order.
//! [`LedgerAudit::standing`] says how far it came, [`LedgerAudit::resume`] continues from there.
//!
//! What holds: one altered row gives one finding: the tree continues with the stored leaf hash, and an altered leaf
//! hash is found by the next checkpoint. Findings of rows come before those of checkpoints, in whatever order both were passed.
//! Memory: 32 bytes for each row after the last checkpoint, and the first [`MAX_FINDINGS`] findings; further ones are counted.
//!
//! Not here: reading the rows (`chopmark audit`), whether rows were removed together with their checkpoints
//! (`history::continuity` compares a ledger with the hub, and the hub with its anchors).

mod compute;
mod finding;
mod standing;

pub use compute::{Open, Opened, directory_entry_leaf, hub_entry_leaf, record_leaf};
pub use finding::{Finding, MAX_FINDINGS};
pub use standing::{Standing, StandingError};

use std::collections::VecDeque;

use self::standing::Good;
use crate::{
    hash::Hash,
    policy::{OpenError, Policy},
    record::Secret,
    tree::Frontier,
};

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSummary {
    /// Name of the ledger.
    pub origin: String,
    /// Records, or entries of the hub, that were recomputed.
    pub records: u64,
    /// Checkpoints whose root and signatures were checked.
    pub checkpoints: u64,
    /// The contradictions, in the order in which they were found.
    pub findings: Vec<Finding>,
    /// Findings beyond [`MAX_FINDINGS`], only counted.
    pub more_findings: u64,
    /// Checkpoints of which the policy cannot tell whether they are signed: it has no key of this ledger at all. That
    /// contradicts nothing, so it is no finding.
    pub without_key: u64,
}

impl AuditSummary {
    /// Whether nothing was found, and every checkpoint's signatures were checked.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty() && self.without_key == 0
    }
}

/// The audit of one ledger.
#[derive(Debug)]
pub struct LedgerAudit<'a> {
    origin: String,
    policy: &'a Policy,
    /// How the policy opens a checkpoint of this kind of ledger.
    open: Open,
    /// Rows so far.
    rows: u64,
    /// Leaf hashes of the rows behind the last checkpoint.
    pending: VecDeque<Hash>,
    /// The tree up to the last checkpoint.
    frontier: Frontier,
    /// Size of the last checkpoint and, if the policy accepts it, its root, whether the rows give it or not.
    last: Option<(u64, Option<Hash>)>,
    /// After one wrong root every later one is wrong; only the first is reported.
    root_is_lost: bool,
    checkpoints: u64,
    /// Findings of rows, each with the number of rows before it.
    of_rows: Vec<(u64, Finding)>,
    /// The others.
    findings: Vec<Finding>,
    more_findings: u64,
    without_key: u64,
    /// The last checkpoint that the policy accepts and whose root the rows give.
    good: Option<Good>,
}

impl<'a> LedgerAudit<'a> {
    /// Begins the audit of a site's ledger.
    ///
    /// - `policy`: the keys that its checkpoints must be signed with.
    #[must_use]
    pub fn of_site(origin: &str, policy: &'a Policy) -> Self {
        Self::new(origin, policy, Policy::open_checkpoint)
    }

    /// Begins the audit of a hub.
    ///
    /// - `policy`: the keys that its checkpoints must be signed with.
    #[must_use]
    pub fn of_hub(origin: &str, policy: &'a Policy) -> Self {
        Self::new(origin, policy, Policy::open_hub_checkpoint)
    }

    fn new(origin: &str, policy: &'a Policy, open: Open) -> Self {
        Self {
            origin: origin.to_owned(),
            policy,
            open,
            rows: 0,
            pending: VecDeque::new(),
            frontier: Frontier::new(),
            last: None,
            root_is_lost: false,
            checkpoints: 0,
            of_rows: Vec::new(),
            findings: Vec::new(),
            more_findings: 0,
            without_key: 0,
            good: None,
        }
    }

    /// How a checkpoint of this ledger is opened, for [`Opened::new`].
    #[must_use]
    pub fn open(&self) -> Open {
        self.open
    }

    /// Number of rows so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.rows
    }

    /// Size of the last checkpoint so far, as it is stored; 0 for none.
    #[must_use]
    pub fn last_size(&self) -> u64 {
        self.last.map_or(0, |(size, _)| size)
    }

    /// Appends rows to the tree up to `size`, as far as there are rows.
    fn grow(&mut self, size: u64) {
        while self.frontier.size() < size
            && let Some(leaf) = self.pending.pop_front()
        {
            self.frontier.append(leaf);
        }
    }

    /// Keeps a finding that concerns no single row.
    fn report(&mut self, what: String) {
        if self.findings.len() < MAX_FINDINGS {
            let ledger = self.origin.clone();
            self.findings.push(Finding { ledger, index: None, what });
        } else {
            self.more_findings += 1;
        }
    }

    /// Keeps a finding of the row that comes next.
    fn report_row(&mut self, index: u64, what: String) {
        if self.of_rows.len() < MAX_FINDINGS {
            let finding = Finding { ledger: self.origin.clone(), index: Some(index), what };
            self.of_rows.push((self.rows, finding));
        } else {
            self.more_findings += 1;
        }
    }

    /// Adds the next row.
    ///
    /// - `index`: its index as stored; rows come in order from 0, or from where the audit was resumed.
    /// - `computed`: what [`record_leaf`], [`hub_entry_leaf`] or [`directory_entry_leaf`] gave for it.
    pub fn row(&mut self, index: u64, computed: Result<Hash, String>, stored_leaf_hash: &Hash) {
        if index != self.rows {
            let what = format!("got this row, expected row {}", self.rows);
            self.report_row(index, what);
        }
        match computed {
            Ok(leaf) if leaf == *stored_leaf_hash => {}
            Ok(leaf) => self.report_row(
                index,
                format!(
                    "the stored text and secret give leaf hash {leaf}, the ledger committed to {stored_leaf_hash}"
                ),
            ),
            Err(what) => self.report_row(index, what),
        }
        self.pending.push_back(*stored_leaf_hash);
        self.rows += 1;
    }

    /// Computes and adds the next record of a site's ledger.
    ///
    /// - `index`: its index as stored.
    pub fn record(&mut self, index: u64, text: &str, secret: &Secret, stored_leaf_hash: &Hash) {
        let computed = record_leaf(text, secret).map(|(leaf, _)| leaf);
        self.row(index, computed, stored_leaf_hash);
    }

    /// Computes and adds the next entry of a hub.
    ///
    /// - `note`: the checkpoint that it is, a signed note.
    pub fn hub_entry(&mut self, index: u64, note: &str, stored_leaf_hash: &Hash) {
        self.row(index, hub_entry_leaf(note), stored_leaf_hash);
    }

    /// Computes and adds the next entry of the directory.
    ///
    /// - `note`: the signed record that it is.
    pub fn directory_entry(&mut self, index: u64, note: &str, stored_leaf_hash: &Hash) {
        self.row(index, directory_entry_leaf(note), stored_leaf_hash);
    }

    /// Opens and adds the next checkpoint, after at least `size` rows.
    ///
    /// - `size`: as stored beside the note.
    pub fn checkpoint(&mut self, size: u64, note: &str) {
        self.opened(Opened::new(self.open, self.policy, &self.origin, size, note));
    }

    /// Adds the next checkpoint, after at least as many rows as it covers.
    pub fn opened(&mut self, opened: Opened) {
        let Opened { size, note, outcome } = opened;
        self.checkpoints += 1;
        let before = self.last_size();
        self.grow(size);
        if size > self.rows {
            let rows = self.rows;
            self.report(format!("got a checkpoint of size {size}, but there are {rows} rows"));
        } else if size < self.frontier.size() {
            self.report(format!("got a checkpoint of size {size} after a larger one"));
        }
        let checkpoint = match outcome {
            Ok(checkpoint) => checkpoint,
            Err(OpenError::UnknownLedger { .. }) => {
                self.last = Some((size, None));
                self.without_key += 1;
                return;
            }
            Err(error) => {
                self.last = Some((size, None));
                return self.report(format!("stored checkpoint of size {size}: {error}"));
            }
        };
        if checkpoint.size != size {
            let signed = checkpoint.size;
            self.report(format!("stored checkpoint of size {size} is signed for size {signed}"));
        }
        let agrees = self.compare_root(before, size, &checkpoint.root);
        self.last = Some((size, Some(checkpoint.root)));
        if agrees && checkpoint.size == size {
            self.note_good(note);
        }
    }

    /// Compares the rows' root with a signed one, if the rows reach exactly to it; gives whether they agree.
    fn compare_root(&mut self, before: u64, size: u64, signed: &Hash) -> bool {
        if size != self.frontier.size() || self.root_is_lost {
            return false;
        }
        let root = self.frontier.root();
        if root != *signed {
            self.root_is_lost = true;
            let last = size.saturating_sub(1);
            self.report(format!(
                "rows {before} to {last} give root {root}, the checkpoint of size {size} was signed with {signed}"
            ));
        }
        !self.root_is_lost
    }

    /// Ends the audit and compares with the ledger's head.
    #[must_use]
    pub fn finish(mut self, head_size: u64, head_root: &Hash) -> AuditSummary {
        let rows = self.rows;
        self.grow(rows);
        let root = self.frontier.root();
        if rows != head_size {
            self.report(format!("got {rows} rows, but the head has size {head_size}"));
        } else if root != *head_root && !self.root_is_lost {
            self.report(format!("the rows give root {root}, the head has {head_root}"));
        }
        match self.last {
            None if head_size == 0 => {}
            Some((size, _)) if size != head_size => {
                self.report(format!("the last checkpoint has size {size}, the head {head_size}"));
            }
            Some((_, Some(signed))) if signed != *head_root => {
                self.report(format!("the head has root {head_root}, {signed} was signed"));
            }
            // Of a checkpoint that the policy does not accept, that is reported and nothing else compared.
            Some(_) => {}
            None => self.report(format!("{head_size} rows without a checkpoint")),
        }
        let mut findings: Vec<Finding> =
            self.of_rows.into_iter().map(|(_, finding)| finding).collect();
        findings.append(&mut self.findings);
        let beyond = findings.len().saturating_sub(MAX_FINDINGS);
        findings.truncate(MAX_FINDINGS);
        AuditSummary {
            origin: self.origin,
            records: rows,
            checkpoints: self.checkpoints,
            findings,
            more_findings: self.more_findings + beyond as u64,
            without_key: self.without_key,
        }
    }
}

impl LedgerAudit<'_> {
    /// Remembers that the frontier stands on a checkpoint. Once findings are only counted, the audit stands where it was:
    /// what is counted could not be told again.
    fn note_good(&mut self, note: Hash) {
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
