//! Who runs the cluster of a folder: one process, by a lock on a file that the system releases when it ends.
//!
//! What holds: the lock is never left behind, whatever ends the process; the number in the file is only told, and
//! never believed.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::Path;

use super::files;
use crate::error::Error;

/// Name of the file in the cluster's folder.
const NAME: &str = "in-use";

/// Takes the folder; none if another process has it.
pub(super) fn take(folder: &Path) -> Result<Option<File>, Error> {
    let path = folder.join(NAME);
    let failed = |error: std::io::Error| Error::Cluster(format!("{}: {error}", path.display()));
    let mut file = files::open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let number = format!("{}\n", std::process::id());
    file.set_len(0).and_then(|()| file.write_all(number.as_bytes())).map_err(failed)?;
    Ok(Some(file))
}

/// The error of a folder that another process has.
pub(super) fn in_use(folder: &Path) -> Error {
    let by = fs::read_to_string(folder.join(NAME)).unwrap_or_default();
    Error::Cluster(format!(
        "the database in {} is run by another process (number {}); expected one `chopmark up` for each data folder: \
         give it all roles that use this database, or wait until it has stopped",
        folder.display(),
        by.trim()
    ))
}
