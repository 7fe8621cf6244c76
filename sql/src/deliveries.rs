//! Deliveries of bridges, and the answers they got.

use jiff::Timestamp;

use crate::db::{Db, Transaction, execute, query, query_opt, signed, system_time, unsigned};
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
    /// The ledger it went to.
    pub ledger: LedgerId,
    /// Body as received.
    pub body: &'a str,
    /// The bridge's signature, base64.
    pub signature: &'a str,
    /// The answer, JSON.
    pub outcome: &'a str,
    /// When.
    pub received_at: Timestamp,
}

/// The answer that was given to the delivery of this number, if there was one, and its body as received.
///
/// # Errors
///
/// [`Error`].
pub async fn outcome(
    tx: &Transaction<'_>,
    bridge: &str,
    boot: u64,
    seq: u64,
) -> Result<Option<(String, String)>, Error> {
    let row = query_opt(tx, DELIVERIES_OUTCOME, &[&bridge, &signed(boot)?, &signed(seq)?]).await?;
    Ok(row.map(|row| (row.get(0), row.get(1))))
}

/// Stores a delivery.
///
/// # Errors
///
/// [`Error::Conflict`] if a concurrent transaction stored it.
pub async fn insert(tx: &Transaction<'_>, new: &NewDelivery<'_>) -> Result<(), Error> {
    let (boot, seq) = (signed(new.boot)?, signed(new.seq)?);
    execute(
        tx,
        DELIVERIES_INSERT,
        &[
            &new.bridge,
            &boot,
            &seq,
            &new.ledger.0,
            &new.body,
            &new.signature,
            &new.outcome,
            &system_time(new.received_at),
        ],
    )
    .await?;
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
