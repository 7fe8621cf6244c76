//! Which ledgers there are, and how far each has been committed.

use ledger::Hash;
use tokio_postgres::Row;

use crate::db::{Db, Transaction, execute, hash, query, query_opt, unsigned};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{
    LEDGERS_FIND, LEDGERS_HEAD, LEDGERS_INSERT, LEDGERS_INSERT_HEAD, LEDGERS_LIST,
};

/// A ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Its number.
    pub id: LedgerId,
    /// Its name.
    pub origin: String,
    /// `site`, `hub` or `directory`.
    pub kind: String,
    /// Whose it is.
    pub party: String,
}

/// Size and root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Leaves.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

/// Creates a ledger, empty, unless there is one of that name.
///
/// # Errors
///
/// [`Error::Data`] if there is one of another kind.
pub async fn create_ledger(
    db: &Db,
    origin: &str,
    kind: &str,
    party: &str,
) -> Result<LedgerId, Error> {
    db.run_tx("ledgers.create", async |tx: &Transaction<'_>| {
        execute(tx, LEDGERS_INSERT, &[&origin, &kind, &party]).await?;
        execute(tx, LEDGERS_INSERT_HEAD, &[&origin, &&Hash::EMPTY.0[..]]).await?;
        let row = query_opt(tx, LEDGERS_FIND, &[&origin])
            .await?
            .ok_or_else(|| Error::data(format!("ledger `{origin}` was not created")))?;
        let found = ledger_row(&row);
        if found.kind != kind {
            return Err(Error::data(format!(
                "ledger `{origin}` is a {}, not a {kind}",
                found.kind
            )));
        }
        Ok(found.id)
    })
    .await
}

fn ledger_row(row: &Row) -> LedgerRow {
    LedgerRow { id: LedgerId(row.get(0)), origin: row.get(1), kind: row.get(2), party: row.get(3) }
}

/// The ledger of that name.
///
/// # Errors
///
/// [`Error`].
pub async fn find(db: &Db, origin: &str) -> Result<Option<LedgerRow>, Error> {
    let row = query_opt(&db.client().await?, LEDGERS_FIND, &[&origin]).await?;
    Ok(row.as_ref().map(ledger_row))
}

/// All ledgers.
///
/// # Errors
///
/// [`Error`].
pub async fn list_ledgers(db: &Db) -> Result<Vec<LedgerRow>, Error> {
    Ok(query(&db.client().await?, LEDGERS_LIST, &[]).await?.iter().map(ledger_row).collect())
}

/// Size and root as committed.
///
/// # Errors
///
/// [`Error::Data`] if there is no such ledger.
pub async fn head(db: &Db, ledger: LedgerId) -> Result<Head, Error> {
    let row = query_opt(&db.client().await?, LEDGERS_HEAD, &[&ledger.0])
        .await?
        .ok_or_else(|| Error::data(format!("there is no ledger {}", ledger.0)))?;
    Ok(Head { size: unsigned(row.get(0))?, root: hash(row.get(1))? })
}
