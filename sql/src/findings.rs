//! Findings about items, and what the issuers decided about them.
//!
//! What holds: a finding is never changed or removed; of two that are opened for one rule at the same time one is
//! stored; at most one resolution is stored for a finding; an item has the same findings in every spelling.
//!
//! Not here: which scans are a finding (`history::scans`), who may resolve one (`history::findings`): a row here shows
//! only that somebody wrote it.

use jiff::Timestamp;
use tokio_postgres::Row;

use crate::db::{
    Connection, Db, Transaction, execute, query, query_opt, signed, system_time, timestamp,
    unsigned,
};
use crate::error::Error;
use crate::queries::{
    FINDINGS_FIND, FINDINGS_INSERT, FINDINGS_LIST, FINDINGS_LOCK_ITEM, FINDINGS_OF_ITEM,
    FINDINGS_RESOLVE,
};
use crate::stretches::divide;

/// A finding to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFinding<'a> {
    /// URI of the item.
    pub item: &'a str,
    /// Code of the rule.
    pub rule: &'a str,
    /// JSON, at most 64 KiB.
    pub evidence: &'a str,
    /// When.
    pub opened_at: Timestamp,
    /// Number of the item's last finding that was known when this one was found; 0 for none.
    pub last_known: u64,
}

/// A stored finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFinding {
    /// Its number.
    pub id: u64,
    /// URI of the item.
    pub item: String,
    /// Code of the rule.
    pub rule: String,
    /// JSON.
    pub evidence: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// What was decided about it.
    pub resolution: Option<Resolution>,
}

/// A stored decision about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// Who decided.
    pub party: String,
    /// Why.
    pub reason: String,
    /// When.
    pub resolved_at: Timestamp,
    /// The signed note.
    pub note: String,
}

/// Stores a finding, unless one of the same rule was stored after `last_known`; gives whether it was.
///
/// # Errors
///
/// [`Error`].
pub async fn open(tx: &Transaction<'_>, finding: &NewFinding<'_>) -> Result<bool, Error> {
    let key = crate::items::key(finding.item);
    query(tx, FINDINGS_LOCK_ITEM, &[&key]).await?;
    let stored = execute(
        tx,
        FINDINGS_INSERT,
        &[
            &key,
            &finding.item,
            &finding.rule,
            &finding.evidence,
            &system_time(finding.opened_at),
            &signed(finding.last_known)?,
        ],
    )
    .await?;
    Ok(stored == 1)
}

/// All findings of an item, in the order in which they were opened.
///
/// - `item`: its URI in any spelling; each finding names the one that was used when it was opened.
///
/// # Errors
///
/// [`Error`].
pub async fn of_item(db: &Db, item: &str) -> Result<Vec<StoredFinding>, Error> {
    of_key(&db.connection().await?, crate::items::key(item)).await
}

/// As [`of_item`], of the item with this key ([`crate::items::key`]), on a connection that the caller has.
///
/// # Errors
///
/// [`Error`].
pub async fn of_key(connection: &Connection, key: i64) -> Result<Vec<StoredFinding>, Error> {
    of_keys(connection, &[key]).await?.pop().unwrap_or_else(|| Ok(Vec::new()))
}

/// As [`of_key`], of several items, by one query; of each its findings, or why they cannot be read.
pub(crate) async fn of_keys(
    connection: &Connection,
    keys: &[i64],
) -> Result<Vec<Result<Vec<StoredFinding>, Error>>, Error> {
    let rows = query(connection.client(), FINDINGS_OF_ITEM, &[&keys]).await?;
    let divided = divide(&rows, 9, keys.len())?;
    Ok(divided.into_iter().map(|rows| rows.into_iter().map(stored).collect()).collect())
}

/// The finding with this number.
///
/// # Errors
///
/// [`Error`].
pub async fn find(db: &Db, id: u64) -> Result<Option<StoredFinding>, Error> {
    let row = query_opt(&db.client().await?, FINDINGS_FIND, &[&signed(id)?]).await?;
    row.as_ref().map(stored).transpose()
}

/// Findings with numbers above `after`, at most 500, in order.
///
/// - `unresolved_only`: without those for which a resolution is stored.
///
/// # Errors
///
/// [`Error`].
pub async fn list(db: &Db, after: u64, unresolved_only: bool) -> Result<Vec<StoredFinding>, Error> {
    let client = db.client().await?;
    let rows = query(&client, FINDINGS_LIST, &[&signed(after)?, &unresolved_only]).await?;
    rows.iter().map(stored).collect()
}

/// Stores a decision, unless there is one; gives whether it was stored.
///
/// # Errors
///
/// [`Error`], also if there is no such finding.
pub async fn resolve(
    tx: &Transaction<'_>,
    id: u64,
    resolution: &Resolution,
) -> Result<bool, Error> {
    let stored = execute(
        tx,
        FINDINGS_RESOLVE,
        &[
            &signed(id)?,
            &resolution.party,
            &resolution.reason,
            &system_time(resolution.resolved_at),
            &resolution.note,
        ],
    )
    .await?;
    Ok(stored == 1)
}

fn stored(row: &Row) -> Result<StoredFinding, Error> {
    let party: Option<String> = row.get(5);
    let resolution = party
        .map(|party| {
            Ok::<_, Error>(Resolution {
                party,
                reason: row.get(6),
                resolved_at: timestamp(row.get(7))?,
                note: row.get(8),
            })
        })
        .transpose()?;
    Ok(StoredFinding {
        id: unsigned(row.get(0))?,
        item: row.get(1),
        rule: row.get(2),
        evidence: row.get(3),
        opened_at: timestamp(row.get(4))?,
        resolution,
    })
}
