//! Despatch advices, and how receipts differed from them.
//!
//! What holds: every record that announces items is a row of its own, so no advice shadows another one, whatever its
//! number; items are looked up by [`epc::thing_key`], so one item is the same in every spelling.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::db::{
    Connection, Db, Transaction, execute, query, signed, system_time, timestamp, unsigned,
};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{
    EXPECTED_ANNOUNCED, EXPECTED_DIFFERENCES, EXPECTED_INSERT, EXPECTED_INSERT_DIFFERENCE,
    EXPECTED_OVERLAPPING,
};

/// An announcement to store.
#[derive(Debug, Clone, Copy)]
pub struct NewExpected<'a> {
    /// Ledger of the receiving site.
    pub ledger: LedgerId,
    /// Reference.
    pub despatch_advice: &'a str,
    /// Who sent it.
    pub shipped_by: &'a str,
    /// What was announced.
    pub epcs: &'a [String],
    /// The sender's ledger.
    pub recorded_in: LedgerId,
    /// The sender's record.
    pub leaf_index: u64,
}

/// A difference to store.
#[derive(Debug, Clone, Copy)]
pub struct NewDifference<'a> {
    /// Ledger of the receiving site.
    pub ledger: LedgerId,
    /// The receiving record.
    pub leaf_index: u64,
    /// Reference of the announcement.
    pub despatch_advice: &'a str,
    /// Who sent the announcement.
    pub shipped_by: &'a str,
    /// How many were announced.
    pub announced: usize,
    /// How many were received.
    pub received: usize,
    /// Announced and not received.
    pub missing: &'a [String],
    /// Received and not announced.
    pub unexpected: &'a [String],
    /// When.
    pub at: Timestamp,
}

/// A stored difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Origin of the receiving ledger.
    pub ledger: String,
    /// The receiving record.
    pub leaf_index: u64,
    /// Reference of the announcement.
    pub despatch_advice: String,
    /// Who sent it.
    pub shipped_by: String,
    /// How many were announced.
    pub announced: u64,
    /// How many were received.
    pub received: u64,
    /// Announced and not received.
    pub missing: Vec<String>,
    /// Received and not announced.
    pub unexpected: Vec<String>,
    /// When.
    pub at: Timestamp,
}

/// A stored announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Reference.
    pub despatch_advice: String,
    /// Who sent it.
    pub shipped_by: String,
    /// What was announced, as written.
    pub epcs: Vec<String>,
}

/// Announcements to `ledger` that share an item with `items`, those that share most first; at most 100.
///
/// - `items`: URIs in any spelling.
///
/// # Errors
///
/// [`Error`].
pub async fn overlapping(
    connection: &Connection,
    ledger: LedgerId,
    items: &[String],
) -> Result<Vec<Announcement>, Error> {
    let rows =
        query(connection.client(), EXPECTED_OVERLAPPING, &[&ledger.0, &things_of(items), &items])
            .await?;
    let announcement = |row: &tokio_postgres::Row| Announcement {
        despatch_advice: row.get(0),
        shipped_by: row.get(1),
        epcs: row.get(2),
    };
    Ok(rows.iter().map(announcement).collect())
}

/// The keys of items, each once.
fn things_of(items: &[String]) -> Vec<String> {
    let things: BTreeSet<String> = items.iter().map(|item| epc::thing_key(item)).collect();
    things.into_iter().collect()
}

/// What `shipped_by` announced before under the number `despatch_advice` in the ledger `recorded_in`, latest first; at
/// most 100.
///
/// # Errors
///
/// [`Error`].
pub async fn announced(
    connection: &Connection,
    ledger: LedgerId,
    shipped_by: &str,
    despatch_advice: &str,
    recorded_in: LedgerId,
) -> Result<Vec<Vec<String>>, Error> {
    let rows = query(
        connection.client(),
        EXPECTED_ANNOUNCED,
        &[&ledger.0, &shipped_by, &despatch_advice, &recorded_in.0],
    )
    .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Stores an announcement. One of the same shipper and number in the same record is not changed; one of another
/// record is kept beside it.
///
/// # Errors
///
/// [`Error`].
pub async fn insert(tx: &Transaction<'_>, new: &NewExpected<'_>) -> Result<(), Error> {
    let index = signed(new.leaf_index)?;
    execute(
        tx,
        EXPECTED_INSERT,
        &[
            &new.ledger.0,
            &new.despatch_advice,
            &new.shipped_by,
            &new.epcs,
            &things_of(new.epcs),
            &new.recorded_in.0,
            &index,
        ],
    )
    .await?;
    Ok(())
}

/// Stores a difference.
///
/// # Errors
///
/// [`Error`].
pub async fn insert_difference(tx: &Transaction<'_>, new: &NewDifference<'_>) -> Result<(), Error> {
    let index = signed(new.leaf_index)?;
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    execute(
        tx,
        EXPECTED_INSERT_DIFFERENCE,
        &[
            &new.ledger.0,
            &index,
            &new.despatch_advice,
            &new.shipped_by,
            &count(new.announced),
            &count(new.received),
            &new.missing,
            &new.unexpected,
            &system_time(new.at),
        ],
    )
    .await?;
    Ok(())
}

/// Differences, newest first, of one announcement or of all.
///
/// # Errors
///
/// [`Error`].
pub async fn differences(db: &Db, despatch_advice: Option<&str>) -> Result<Vec<Difference>, Error> {
    let rows = query(&db.client().await?, EXPECTED_DIFFERENCES, &[&despatch_advice]).await?;
    rows.iter()
        .map(|row| {
            Ok(Difference {
                ledger: row.get(0),
                leaf_index: unsigned(row.get(1))?,
                despatch_advice: row.get(2),
                shipped_by: row.get(3),
                announced: unsigned(i64::from(row.get::<_, i32>(4)))?,
                received: unsigned(i64::from(row.get::<_, i32>(5)))?,
                missing: row.get(6),
                unexpected: row.get(7),
                at: timestamp(row.get(8))?,
            })
        })
        .collect()
}
