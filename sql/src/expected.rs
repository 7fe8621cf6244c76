//! Despatch advices, and how receipts differed from them.

use jiff::Timestamp;

use crate::db::{Db, Transaction, execute, query, signed, system_time, timestamp, unsigned};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{
    EXPECTED_DIFFERENCES, EXPECTED_INSERT, EXPECTED_INSERT_DIFFERENCE, EXPECTED_OVERLAPPING,
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

/// Announcements to `ledger` that share an item with `items`: reference and items, by reference.
///
/// # Errors
///
/// [`Error`].
pub async fn overlapping(
    tx: &Transaction<'_>,
    ledger: LedgerId,
    items: &[String],
) -> Result<Vec<(String, Vec<String>)>, Error> {
    let rows = query(tx, EXPECTED_OVERLAPPING, &[&ledger.0, &items]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Stores an announcement; an existing one is not changed.
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
