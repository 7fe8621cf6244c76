//! The right to write a ledger: a session lock, which PostgreSQL drops together with the connection.

use crate::db::Db;
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::LEDGERS_TRY_LOCK;

/// The right to write a ledger, for as long as its connection is open.
#[derive(Debug)]
pub struct WriterLease {
    client: tokio_postgres::Client,
}

impl WriterLease {
    /// Checks that the right is still held.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the connection, and with it the lock, is lost.
    pub fn check(&self) -> Result<(), Error> {
        if self.client.is_closed() {
            return Err(Error::Unavailable("the writer's connection is lost".into()));
        }
        Ok(())
    }
}

/// Takes the right to write `ledger`; it ends when the lease is dropped or its connection breaks.
///
/// # Errors
///
/// [`Error::Unavailable`] while another process holds it.
pub async fn hold_writer(db: &Db, ledger: LedgerId) -> Result<WriterLease, Error> {
    let client = db.own_client().await?;
    let row = client.query_one(LEDGERS_TRY_LOCK, &[&ledger.0]).await?;
    if row.get::<_, bool>(0) {
        return Ok(WriterLease { client });
    }
    Err(Error::Unavailable(format!("another process writes ledger {}", ledger.0)))
}
