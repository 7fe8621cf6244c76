//! One ledger against itself: its rows, its checkpoints, its head, and the item index, both ways.
//!
//! What holds: nothing is written; what is wrong becomes a finding, never an error.
//!
//! Not here: what other ledgers and the chain hold of it (`published`).

use std::collections::HashSet;

use ledger::audit::{AuditSummary, Finding, LedgerAudit};
use ledger::policy::Policy;
use ledger::record::Record;
use sql::Db;
use sql::ledgers::LedgerRow;

/// An entry of the item index: key of the item, index of the record.
type IndexEntry = (i64, u64);

/// Audits the rows of one ledger.
///
/// # Errors
///
/// If the database cannot be read.
pub async fn audit_ledger(
    db: &Db,
    policy: &Policy,
    row: &LedgerRow,
) -> anyhow::Result<AuditSummary> {
    let mut audit = if row.kind == "hub" {
        LedgerAudit::of_hub(&row.origin, policy)
    } else {
        LedgerAudit::of_site(&row.origin, policy)
    };
    let named = audit_rows(db, row, &mut audit).await?;
    audit_checkpoints(db, row, &mut audit).await?;
    let head = sql::ledgers::head(db, row.id).await?;
    let indexed = index_entries(db, row, head.size).await?;
    let mut summary = audit.finish(head.size, &head.root);
    let missing = findings(
        row,
        named.difference(&indexed),
        "the item index leaves out an item that the record names",
    );
    let invented = findings(
        row,
        indexed.difference(&named),
        "the item index has an item that the record does not name",
    );
    let mut both: Vec<Finding> = missing.chain(invented).collect();
    both.sort_by_key(|finding| finding.index);
    summary.findings.extend(both);
    Ok(summary)
}

/// Passes every row to the audit; returns what the item index must hold of them.
async fn audit_rows(
    db: &Db,
    row: &LedgerRow,
    audit: &mut LedgerAudit<'_>,
) -> anyhow::Result<HashSet<IndexEntry>> {
    let mut named = HashSet::new();
    sql::ledgers::for_each_record(db, row.id, async |stored| {
        match &stored.secret {
            Some(secret) => {
                audit.record(stored.index, &stored.text, secret, &stored.leaf_hash);
                if let Ok(record) = Record::parse(&stored.text) {
                    let keys = record.names().into_iter().map(|name| sql::items::key(&name));
                    named.extend(keys.map(|key| (key, stored.index)));
                }
            }
            None if row.kind == sql::directory::KIND => {
                audit.directory_entry(stored.index, &stored.text, &stored.leaf_hash);
            }
            None => audit.hub_entry(stored.index, &stored.text, &stored.leaf_hash),
        }
        Ok(())
    })
    .await?;
    Ok(named)
}

/// Passes every checkpoint to the audit, in order of size.
async fn audit_checkpoints(
    db: &Db,
    row: &LedgerRow,
    audit: &mut LedgerAudit<'_>,
) -> anyhow::Result<()> {
    let mut size = 0;
    loop {
        let checkpoints = sql::ledgers::checkpoints_after(db, row.id, size, 1000).await?;
        let Some(last) = checkpoints.last() else { return Ok(()) };
        size = last.size;
        for checkpoint in &checkpoints {
            audit.checkpoint(checkpoint.size, &checkpoint.note);
        }
    }
}

/// The item index of a ledger of `size` records.
async fn index_entries(db: &Db, row: &LedgerRow, size: u64) -> anyhow::Result<HashSet<IndexEntry>> {
    const RECORDS: u64 = 10_000;
    let mut entries = HashSet::new();
    let mut from = 0;
    while from < size {
        let to = from + RECORDS;
        entries.extend(sql::items::of_ledger(db, row.id, from, to).await?);
        from = to;
    }
    Ok(entries)
}

/// One finding for each record that has such an entry.
fn findings<'a>(
    row: &LedgerRow,
    entries: impl Iterator<Item = &'a IndexEntry>,
    what: &str,
) -> impl Iterator<Item = Finding> {
    let records: HashSet<u64> = entries.map(|(_, index)| *index).collect();
    records.into_iter().map(move |index| Finding {
        ledger: row.origin.clone(),
        index: Some(index),
        what: what.to_owned(),
    })
}
