//! The item index as a whole, for the audit.
//!
//! What holds: one pass over the table whatever it holds, in no order, with a few rows in memory; there is no limit on the
//! time of this one statement, since its work is bounded by the table.
//!
//! Source: PostgreSQL manual, COPY, "Binary Format".

use bytes::{Buf as _, BytesMut};
use futures::TryStreamExt as _;

use crate::db::Db;
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::ITEMS_EVERYTHING;

/// Bytes of the header without its extension: signature, flags, length of the extension.
const HEADER: usize = 11 + 4 + 4;
/// Bytes of a row: number of columns, and each column with its length.
const ROW: usize = 2 + (4 + 8) + (4 + 4) + (4 + 8);

/// Gives every entry of the index, of all ledgers, to `each`: ledger, key, index of the record. Entries that were added since this
/// began are left out.
///
/// # Errors
///
/// [`Error`], or what `each` returns: then the pass ends there.
pub async fn for_each_entry(
    db: &Db,
    mut each: impl FnMut(LedgerId, i64, i64) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut client = db.client().await?;
    let tx = client.transaction().await?;
    tx.batch_execute("set local statement_timeout = 0").await?;
    let statement = tx.prepare_cached(ITEMS_EVERYTHING).await?;
    let mut stream = std::pin::pin!(tx.copy_out(&statement).await?);
    let mut buffer = BytesMut::new();
    let mut is_begun = false;
    while let Some(bytes) = stream.try_next().await? {
        buffer.extend_from_slice(&bytes);
        if !is_begun {
            if buffer.len() < HEADER {
                continue;
            }
            buffer.advance(HEADER - 4);
            let extension = buffer.get_u32();
            if extension != 0 {
                return Err(Error::data(format!(
                    "got a COPY header with {extension} more bytes, expected none"
                )));
            }
            is_begun = true;
        }
        while buffer.len() >= ROW {
            // Each column has its length before it.
            let columns = buffer.get_i16();
            let key = (buffer.get_i32(), buffer.get_i64());
            let ledger = (buffer.get_i32(), buffer.get_i32());
            let index = (buffer.get_i32(), buffer.get_i64());
            let lengths = (columns, key.0, ledger.0, index.0);
            if lengths != (3, 8, 4, 8) {
                return Err(Error::data(format!(
                    "got columns and lengths {lengths:?} in the item index, expected (3, 8, 4, 8)"
                )));
            }
            each(LedgerId(ledger.1), key.1, index.1)?;
        }
    }
    Ok(())
}
