//! Documents that partners sent, and the answers they got.

use jiff::Timestamp;
use ledger::Hash;

use crate::db::{Db, Transaction, execute, query_opt, system_time, timestamp};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{CAPTURES_FIND, CAPTURES_INSERT, CAPTURES_OUTCOME};

/// A document to store the answer of.
#[derive(Debug, Clone, Copy)]
pub struct NewCapture<'a> {
    /// Capture id.
    pub capture_id: &'a str,
    /// The partner.
    pub party: &'a str,
    /// The ledger it went to.
    pub ledger: LedgerId,
    /// SHA-256 of the document.
    pub document_sha256: &'a Hash,
    /// The answer, JSON.
    pub outcome: &'a str,
    /// When.
    pub received_at: Timestamp,
}

/// A stored answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCapture {
    /// The answer, JSON.
    pub outcome: String,
    /// When.
    pub received_at: Timestamp,
}

/// The answer that was given to a document, if it was recorded before.
///
/// # Errors
///
/// [`Error`].
pub async fn outcome_by_document(
    tx: &Transaction<'_>,
    party: &str,
    document_sha256: &Hash,
) -> Result<Option<String>, Error> {
    let row = query_opt(tx, CAPTURES_OUTCOME, &[&party, &&document_sha256.0[..]]).await?;
    Ok(row.map(|row| row.get(0)))
}

/// The capture job of that id, if it is this partner's.
///
/// # Errors
///
/// [`Error`].
pub async fn find(db: &Db, party: &str, capture: &str) -> Result<Option<StoredCapture>, Error> {
    let row = query_opt(&db.client().await?, CAPTURES_FIND, &[&party, &capture]).await?;
    row.map(|row| Ok(StoredCapture { outcome: row.get(0), received_at: timestamp(row.get(1))? }))
        .transpose()
}

/// Stores the answer of a document.
///
/// # Errors
///
/// [`Error::Conflict`] if a concurrent transaction stored it.
pub async fn insert(tx: &Transaction<'_>, new: &NewCapture<'_>) -> Result<(), Error> {
    execute(
        tx,
        CAPTURES_INSERT,
        &[
            &new.capture_id,
            &new.party,
            &new.ledger.0,
            &&new.document_sha256.0[..],
            &new.outcome,
            &system_time(new.received_at),
        ],
    )
    .await?;
    Ok(())
}
