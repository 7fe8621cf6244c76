//! Deliveries of bridges, and the answers they got.

use std::time::SystemTime;

use jiff::Timestamp;
use ledger::Hash;
use tokio_postgres::types::ToSql;

use crate::db::{
    Connection, Db, Transaction, execute, hash, place, query, signed, system_time, unsigned,
};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{DELIVERIES_INSERT, DELIVERIES_LIST, DELIVERIES_OUTCOME};

/// A delivery to store.
#[derive(Debug, Clone, Copy)]
pub struct NewDelivery<'a> {
    /// The bridge.
    pub bridge: &'a str,
    /// Its boot number.
    pub boot: u64,
    /// Number in the boot's sequence.
    pub seq: u64,
    /// Body as received.
    pub body: &'a str,
    /// The bridge's signature, base64.
    pub signature: &'a str,
    /// The answer, JSON.
    pub outcome: &'a str,
    /// When.
    pub received_at: Timestamp,
}

/// An answer that was given to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Place of the number among those asked for.
    pub place: usize,
    /// The answer, JSON.
    pub outcome: String,
    /// SHA-256 of the body that it was given to.
    pub body_sha256: Hash,
}

/// The answers that were given to the deliveries of these numbers, as far as there were any.
///
/// - `numbers`: bridge, boot, sequence.
///
/// # Errors
///
/// [`Error`].
pub async fn outcomes(
    connection: &Connection,
    numbers: &[(&str, u64, u64)],
) -> Result<Vec<Answered>, Error> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let bridges: Vec<&str> = numbers.iter().map(|(bridge, ..)| *bridge).collect();
    let boots = numbers.iter().map(|(_, boot, _)| signed(*boot)).collect::<Result<Vec<_>, _>>()?;
    let seqs = numbers.iter().map(|(.., seq)| signed(*seq)).collect::<Result<Vec<_>, _>>()?;
    let rows = query(connection.client(), DELIVERIES_OUTCOME, &[&bridges, &boots, &seqs]).await?;
    rows.iter()
        .map(|row| {
            Ok(Answered { place: place(row)?, outcome: row.get(1), body_sha256: hash(row.get(2))? })
        })
        .collect()
}

/// Stores deliveries that went to `ledger`.
///
/// # Errors
///
/// [`Error::Conflict`] if a concurrent transaction stored one of them.
pub async fn insert(
    tx: &Transaction<'_>,
    ledger: LedgerId,
    new: &[NewDelivery<'_>],
) -> Result<(), Error> {
    if new.is_empty() {
        return Ok(());
    }
    let boots = new.iter().map(|one| signed(one.boot)).collect::<Result<Vec<_>, _>>()?;
    let seqs = new.iter().map(|one| signed(one.seq)).collect::<Result<Vec<_>, _>>()?;
    let times: Vec<SystemTime> = new.iter().map(|one| system_time(one.received_at)).collect();
    let bridges: Vec<&str> = new.iter().map(|one| one.bridge).collect();
    let bodies: Vec<&str> = new.iter().map(|one| one.body).collect();
    let signatures: Vec<&str> = new.iter().map(|one| one.signature).collect();
    let outcomes: Vec<&str> = new.iter().map(|one| one.outcome).collect();
    let values: [&(dyn ToSql + Sync); 8] =
        [&ledger.0, &bridges, &boots, &seqs, &bodies, &signatures, &outcomes, &times];
    execute(tx, DELIVERIES_INSERT, &values).await?;
    Ok(())
}

/// One stored delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDelivery {
    /// The bridge.
    pub bridge: String,
    /// Its boot number.
    pub boot: u64,
    /// Number in the boot's sequence.
    pub seq: u64,
    /// Body as received.
    pub body: String,
    /// The answer, JSON.
    pub outcome: String,
}

/// All deliveries, by bridge, boot and sequence.
///
/// # Errors
///
/// [`Error`].
pub async fn list(db: &Db) -> Result<Vec<StoredDelivery>, Error> {
    let rows = query(&db.client().await?, DELIVERIES_LIST, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(StoredDelivery {
                bridge: row.get(0),
                boot: unsigned(row.get(1))?,
                seq: unsigned(row.get(2))?,
                body: row.get(3),
                outcome: row.get(4),
            })
        })
        .collect()
}
