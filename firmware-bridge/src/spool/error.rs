//! What can go wrong with the spool, and how long to wait before trying again.

use std::path::PathBuf;
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
    /// Others may use a file of the spool, and that could not be changed.
    #[error("could not make {path} a file for its owner alone (mode 0600): {source}")]
    Access {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Anybody can replace the files of the spool's folder.
    #[error(
        "folder {path} of the spool: got mode {mode:04o}, expected one in which not everybody can write"
    )]
    Folder {
        /// Which folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
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
