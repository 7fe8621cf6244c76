//! Recomputes a whole ledger from its rows and reports every contradiction.
//!
//! The way through: make a [`LedgerAudit`], pass it every row in ledger order (a site's [`LedgerAudit::record`], a
//! hub's [`LedgerAudit::hub_entry`], the directory's [`LedgerAudit::directory_entry`]) and every checkpoint in order of size, each not before the rows that it covers,
//! then [`LedgerAudit::finish`].
//!
//! What holds: one altered row gives one finding: the tree continues with the stored leaf hash, and an altered leaf
//! hash is found by the next checkpoint. Memory: 32 bytes for each row after the last checkpoint, and the first
//! [`MAX_FINDINGS`] findings; further ones are counted.
//!
//! Not here: reading the rows (`chopmark audit`), whether rows were removed together with their checkpoints
//! (`history::continuity` compares a ledger with the hub, and the hub with its anchors).

use std::{collections::VecDeque, fmt};

use crate::{
    checkpoint::Checkpoint,
    directory::Entry,
    hash::Hash,
    hub,
    note::Note,
    policy::{OpenError, Policy},
    record::{Record, Secret},
    tree::Frontier,
};

/// Findings that are kept in full.
pub const MAX_FINDINGS: usize = 1000;

/// One contradiction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Name of the ledger.
    pub ledger: String,
    /// Index of the row, from 0; none if it concerns no single row.
    pub index: Option<u64>,
    /// What contradicts what.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(index) => write!(out, "{} #{index}: {}", self.ledger, self.what),
            None => write!(out, "{}: {}", self.ledger, self.what),
        }
    }
}

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
}

impl AuditSummary {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }
}

/// The audit of one ledger.
#[derive(Debug)]
pub struct LedgerAudit<'a> {
    origin: String,
    policy: &'a Policy,
    /// How the policy opens a checkpoint of this kind of ledger.
    open: fn(&Policy, &str, &str) -> Result<Checkpoint, OpenError>,
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
    findings: Vec<Finding>,
    more_findings: u64,
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

    fn new(
        origin: &str,
        policy: &'a Policy,
        open: fn(&Policy, &str, &str) -> Result<Checkpoint, OpenError>,
    ) -> Self {
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
            findings: Vec::new(),
            more_findings: 0,
        }
    }

    /// Number of rows so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.rows
    }

    /// Appends rows to the tree up to `size`, as far as there are rows.
    fn grow(&mut self, size: u64) {
        while self.frontier.size() < size
            && let Some(leaf) = self.pending.pop_front()
        {
            self.frontier.append(leaf);
        }
    }

    fn report(&mut self, index: Option<u64>, what: String) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(Finding { ledger: self.origin.clone(), index, what });
        } else {
            self.more_findings += 1;
        }
    }

    fn add_row(&mut self, index: u64, computed: Result<Hash, String>, stored: &Hash) {
        if index != self.rows {
            let what = format!("got this row, expected row {}", self.rows);
            self.report(Some(index), what);
        }
        match computed {
            Ok(leaf) if leaf == *stored => {}
            Ok(leaf) => self.report(
                Some(index),
                format!("the stored text and secret give leaf hash {leaf}, the ledger committed to {stored}"),
            ),
            Err(what) => self.report(Some(index), what),
        }
        self.pending.push_back(*stored);
        self.rows += 1;
    }

    /// Adds the next record of a site's ledger.
    ///
    /// - `index`: its index as stored; rows come in order from 0.
    pub fn record(&mut self, index: u64, text: &str, secret: &Secret, stored_leaf_hash: &Hash) {
        let computed = Record::parse(text)
            .map(|record| record.leaf_hash(secret))
            .map_err(|error| format!("the stored text is not a record: {error}"));
        self.add_row(index, computed, stored_leaf_hash);
    }

    /// Adds the next entry of a hub.
    ///
    /// - `note`: the checkpoint that it is, a signed note.
    pub fn hub_entry(&mut self, index: u64, note: &str, stored_leaf_hash: &Hash) {
        let computed = Note::parse(note)
            .map_err(|error| error.to_string())
            .and_then(|parsed| {
                Checkpoint::parse_body(&parsed.text).map_err(|error| error.to_string())
            })
            .map(|_| hub::entry_leaf(note))
            .map_err(|error| format!("the stored text is not a checkpoint: {error}"));
        self.add_row(index, computed, stored_leaf_hash);
    }

    /// Adds the next entry of the directory.
    ///
    /// - `note`: the signed record that it is.
    pub fn directory_entry(&mut self, index: u64, note: &str, stored_leaf_hash: &Hash) {
        let computed = Entry::parse(note)
            .map(|entry| entry.leaf)
            .map_err(|error| format!("the stored text is not a directory record: {error}"));
        self.add_row(index, computed, stored_leaf_hash);
    }

    /// Adds the next checkpoint, after at least `size` rows.
    ///
    /// - `size`: as stored beside the note.
    pub fn checkpoint(&mut self, size: u64, note: &str) {
        self.checkpoints += 1;
        let before = self.last.map_or(0, |(size, _)| size);
        self.grow(size);
        if size > self.rows {
            let rows = self.rows;
            self.report(
                None,
                format!("got a checkpoint of size {size}, but there are {rows} rows"),
            );
        } else if size < self.frontier.size() {
            self.report(None, format!("got a checkpoint of size {size} after a larger one"));
        }
        let checkpoint = match (self.open)(self.policy, &self.origin, note) {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                self.last = Some((size, None));
                return self.report(None, format!("stored checkpoint of size {size}: {error}"));
            }
        };
        if checkpoint.size != size {
            let signed = checkpoint.size;
            self.report(
                None,
                format!("stored checkpoint of size {size} is signed for size {signed}"),
            );
        }
        self.compare_root(before, size, &checkpoint.root);
        self.last = Some((size, Some(checkpoint.root)));
    }

    /// Compares the rows' root with a signed one, if the rows reach exactly to it.
    fn compare_root(&mut self, before: u64, size: u64, signed: &Hash) {
        if size != self.frontier.size() || self.root_is_lost {
            return;
        }
        let root = self.frontier.root();
        if root != *signed {
            self.root_is_lost = true;
            let last = size.saturating_sub(1);
            self.report(
                None,
                format!(
                    "rows {before} to {last} give root {root}, the checkpoint of size {size} was signed with {signed}"
                ),
            );
        }
    }

    /// Ends the audit and compares with the ledger's head.
    #[must_use]
    pub fn finish(mut self, head_size: u64, head_root: &Hash) -> AuditSummary {
        let rows = self.rows;
        self.grow(rows);
        let root = self.frontier.root();
        if rows != head_size {
            self.report(None, format!("got {rows} rows, but the head has size {head_size}"));
        } else if root != *head_root && !self.root_is_lost {
            self.report(None, format!("the rows give root {root}, the head has {head_root}"));
        }
        match self.last {
            None if head_size == 0 => {}
            Some((size, _)) if size != head_size => {
                self.report(
                    None,
                    format!("the last checkpoint has size {size}, the head {head_size}"),
                );
            }
            Some((_, Some(signed))) if signed != *head_root => {
                self.report(None, format!("the head has root {head_root}, {signed} was signed"));
            }
            // Of a checkpoint that the policy does not accept, that is reported and nothing else compared.
            Some(_) => {}
            None => self.report(None, format!("{head_size} rows without a checkpoint")),
        }
        AuditSummary {
            origin: self.origin,
            records: rows,
            checkpoints: self.checkpoints,
            findings: self.findings,
            more_findings: self.more_findings,
        }
    }
}
