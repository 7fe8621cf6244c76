//! One ledger against itself: its rows, its checkpoints, its head, and the item index, both ways.
//!
//! The way through: [`Auditor::new`] reads every ledger's head and then the item index; [`Auditor::ledger`] takes what the `pipeline`
//! computed on all cores, in order, up to that head, and keeps the position.
//!
//! What holds: nothing is written to the database; what is wrong becomes a finding, never an error. What a running ledger appends
//! meanwhile is left to the next audit; rows behind the head are a finding.
//!
//! Not here: what other ledgers and the chain hold of it (`published`).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use ledger::audit::{AuditSummary, Finding, LedgerAudit, MAX_FINDINGS};
use ledger::policy::Policy;
use process::Clock;
use sql::erasures::Erasure;
use sql::ledgers::{Head, LedgerRow};
use sql::{Db, LedgerId};

use super::erasures::Erasures;
use super::item_index::{self, Doubts, Indexed, RECORDS, Sums};
use super::pipeline::{self, Pace, Step, Task};
use super::position::{PositionFile, Stand};
use super::progress::Progress;
use crate::terminal::problem;

/// What of a ledger an earlier audit recomputed, and this one did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// Records below this index.
    pub size: u64,
    /// When.
    pub at: Timestamp,
}

/// What there is to know beside the ledgers.
pub struct Setting<'a> {
    /// The database.
    pub db: Db,
    /// The keys that checkpoints must be signed with.
    pub policy: Arc<Policy>,
    /// Where the audit stands, if it is to be continued.
    pub position: Option<PositionFile>,
    /// Whether the audit should end here and keep its position.
    pub stop: &'a dyn Fn() -> bool,
    /// Whether progress is shown.
    pub is_shown: bool,
    /// How much is read at a time.
    pub pace: Pace,
}

/// Adds findings, as far as there is room for them.
fn add(summary: &mut AuditSummary, found: Vec<Finding>) {
    let room = MAX_FINDINGS.saturating_sub(summary.findings.len());
    summary.more_findings += found.len().saturating_sub(room) as u64;
    summary.findings.extend(found.into_iter().take(room));
}

/// Audits one ledger after the other.
pub struct Auditor<'a> {
    setting: Setting<'a>,
    heads: HashMap<LedgerId, Head>,
    sums: Arc<Sums>,
    indexed: Indexed,
    erasures: Erasures,
    progress: Progress,
    now: Timestamp,
}

impl<'a> Auditor<'a> {
    /// Reads the heads, and then the item index.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn new(setting: Setting<'a>, rows: &[LedgerRow]) -> anyhow::Result<Self> {
        let mut heads = HashMap::new();
        for row in rows {
            heads.insert(row.id, sql::ledgers::head(&setting.db, row.id).await?);
        }
        let sizes: HashMap<LedgerId, u64> =
            heads.iter().map(|(ledger, head)| (*ledger, head.size)).collect();
        let sums = Arc::new(Sums::default());
        let indexed = Indexed::read(&setting.db, &sums, &sizes).await?;
        let erasures = Erasures::read(&setting.db, rows).await?;
        let progress = Progress::new(sizes.values().sum(), setting.is_shown);
        let now = Clock::system().now();
        Ok(Self { setting, heads, sums, indexed, erasures, progress, now })
    }

    /// The records of a ledger that were erased.
    pub fn erased(&self, row: &LedgerRow) -> Vec<Erasure> {
        self.erasures.of(row.id).values().map(|one| one.erasure.clone()).collect()
    }

    /// Audits one ledger; none if the audit was stopped.
    ///
    /// # Errors
    ///
    /// If the database cannot be read, or the position not be written.
    pub async fn ledger(
        &mut self,
        row: &LedgerRow,
    ) -> anyhow::Result<Option<(AuditSummary, Option<Earlier>)>> {
        let policy = Arc::clone(&self.setting.policy);
        let mut head = *self.heads.get(&row.id).context("the ledger has no head")?;
        let (mut audit, earlier, groups) = self.begin(&policy, row).await?;
        let from = audit.size();
        self.progress.skip(from);
        let mut doubts = Doubts::new(&mut self.indexed, row.id, from, groups);
        let at = earlier.map_or(self.now, |earlier: Earlier| earlier.at);
        if !self.pass(row, &mut audit, &mut doubts, (head.size, head.size), at).await? {
            return Ok(None);
        }
        doubts.compare_all(head.size);
        if sql::ledgers::exceeds_head(&self.setting.db, row.id).await? {
            head = sql::ledgers::head(&self.setting.db, row.id).await?;
            if !self.pass(row, &mut audit, &mut doubts, (head.size, u64::MAX), at).await? {
                return Ok(None);
            }
        }
        self.keep(row, &audit, &doubts, at, false)?;
        let mut summary = audit.finish(head.size, &head.root);
        if !doubts.groups.is_empty() {
            let erased = self.erasures.of(row.id);
            let (db, groups) = (&self.setting.db, &doubts.groups);
            let compared = item_index::compare(db, row, groups, head.size, &erased).await?;
            add(&mut summary, compared);
        }
        add(&mut summary, self.erasures.findings(row, head.size));
        Ok(Some((summary, earlier)))
    }

    /// The audit of a ledger from where it stands, or from the beginning.
    async fn begin<'p>(
        &mut self,
        policy: &'p Policy,
        row: &LedgerRow,
    ) -> anyhow::Result<(LedgerAudit<'p>, Option<Earlier>, BTreeSet<u64>)> {
        let new = || match row.kind.as_str() {
            "hub" => LedgerAudit::of_hub(&row.origin, policy),
            _ => LedgerAudit::of_site(&row.origin, policy),
        };
        let position = self.setting.position.as_mut();
        let stand = position.and_then(|position| position.of(&row.origin).cloned());
        let Some(Stand { standing, groups, at }) = stand else {
            return Ok((new(), None, BTreeSet::new()));
        };
        let size = standing.size;
        let found = sql::ledgers::checkpoint_at(&self.setting.db, row.id, size).await?;
        let resumed = match found.filter(|found| found.size == size) {
            Some(found) => new().resume(&standing, &found.note).map_err(|why| why.to_string()),
            None => Err(format!("the database has no checkpoint of size {size}")),
        };
        match resumed {
            Ok(audit) => Ok((audit, Some(Earlier { size, at }), groups)),
            Err(why) => {
                problem!(
                    "the position of `{}` is not used, it is audited from its beginning: {why}",
                    row.origin
                );
                if let Some(position) = &mut self.setting.position {
                    position.forget(&row.origin);
                }
                Ok((new(), None, BTreeSet::new()))
            }
        }
    }

    /// Takes rows and checkpoints in order; gives whether it came to the end.
    ///
    /// - `sizes`: of the ledger, and up to which rows are read.
    /// - `at`: when the rows that are recomputed first were.
    async fn pass(
        &mut self,
        row: &LedgerRow,
        audit: &mut LedgerAudit<'_>,
        doubts: &mut Doubts,
        (size, until): (u64, u64),
        at: Timestamp,
    ) -> anyhow::Result<bool> {
        let Setting { db, policy, pace, .. } = &self.setting;
        let mut steps = pipeline::start(Task {
            db: db.clone(),
            row: row.clone(),
            policy: Arc::clone(policy),
            open: audit.open(),
            from: audit.size(),
            after: audit.last_size(),
            until,
            pace: *pace,
            sums: Arc::clone(&self.sums),
            erased: self.erasures.of(row.id),
        });
        while let Some(computing) = steps.recv().await {
            match computing?.await?? {
                Step::Rows(rows, named) => {
                    self.progress.add(rows.len() as u64);
                    for row in rows {
                        audit.row(row.index, row.computed, &row.stored);
                    }
                    doubts.add(&named, size);
                    doubts.compare_to(audit.size().min(size));
                }
                Step::Checkpoints(opened) => {
                    for one in opened {
                        audit.opened(one);
                    }
                    self.keep(row, audit, doubts, at, true)?;
                }
            }
            if (self.setting.stop)() {
                self.keep(row, audit, doubts, at, false)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Keeps where a ledger stands.
    ///
    /// - `if_due`: only if the file is to be written now.
    fn keep(
        &mut self,
        row: &LedgerRow,
        audit: &LedgerAudit<'_>,
        doubts: &Doubts,
        at: Timestamp,
        if_due: bool,
    ) -> anyhow::Result<()> {
        let Some(position) = &mut self.setting.position else { return Ok(()) };
        if if_due && !position.is_due() {
            return Ok(());
        }
        let Some(standing) = audit.standing() else { return Ok(()) };
        let whole = standing.size / RECORDS;
        let groups = doubts.groups.range(..whole).copied().collect();
        position.put(&row.origin, Stand { standing, groups, at })
    }

    /// Ends the audit.
    ///
    /// - `is_complete`: whether all ledgers were audited. Then the position is removed, else saved.
    ///
    /// # Errors
    ///
    /// If the position cannot be written or removed.
    pub fn end(&mut self, is_complete: bool) -> anyhow::Result<()> {
        self.progress.end();
        match &mut self.setting.position {
            Some(position) if is_complete => position.remove(),
            Some(position) => {
                position.save()?;
                for origin in &position.left_out {
                    problem!(
                        "the position of `{origin}` is not saved, since its findings do not fit into the file: it is audited from its beginning again"
                    );
                }
                Ok(())
            }
            None => Ok(()),
        }
    }
}
