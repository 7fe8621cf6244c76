//! What can go wrong with the spool, and how long to wait before trying again.

use std::time::Duration;

use thiserror::Error;

/// How long to wait before a failed write is retried.
pub const RETRY: Duration = Duration::from_secs(1);

/// What can go wrong with the spool.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// SQLite refused or the disk is full.
    #[error("spool: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// It contains something that another version wrote.
    #[error("the spool contains something that cannot be read: {0}")]
    Data(String),
}

impl SpoolError {
    /// Whether a retry may succeed without a change of this program or its file: the disk is full or fails to write, or
    /// another program holds the file.
    #[must_use]
    pub fn passes(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked, DiskFull, SystemIoFailure};
        let Self::Sqlite(error) = self else { return false };
        matches!(
            error.sqlite_error_code(),
            Some(DatabaseBusy | DatabaseLocked | DiskFull | SystemIoFailure)
        )
    }
}
