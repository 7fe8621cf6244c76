//! Who may read the spool: its owner and nobody else.
//!
//! What holds: the file has mode 0600 before SQLite writes the first byte, and SQLite gives the files that it keeps
//! beside it the mode of the file itself; a file of an earlier version that others could read is narrowed, which is
//! logged; a spool in a folder in which anybody could replace it is refused.
//!
//! Source: SQLite, `os_unix.c`, function `findCreateFileMode`.

use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::error::SpoolError;

/// Read and write for the owner.
const OWN: u32 = 0o600;
/// All that others can have.
const OTHERS: u32 = 0o077;
/// Anybody may write.
const ANYBODY_WRITES: u32 = 0o002;
/// Only the owner of a file may replace it.
const STICKY: u32 = 0o1000;

/// Creates the file if there is none, and takes from others what they may do with it and the files beside it.
///
/// # Errors
///
/// [`SpoolError::Folder`], and [`SpoolError::Access`] if a mode cannot be changed.
pub(super) fn prepare(path: &Path) -> Result<(), SpoolError> {
    check_folder(path)?;
    // If it cannot be created, SQLite says why, in a way that tells a full disk from a wrong path.
    OpenOptions::new().write(true).create(true).truncate(false).mode(OWN).open(path).ok();
    for file in beside(path) {
        narrow(&file).map_err(|source| SpoolError::Access { path: file, source })?;
    }
    Ok(())
}

/// The file, and those that SQLite keeps beside it.
fn beside(path: &Path) -> [PathBuf; 4] {
    ["", "-wal", "-shm", "-journal"].map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    })
}

fn narrow(file: &Path) -> io::Result<()> {
    let mode = match fs::metadata(file) {
        Ok(found) => found.permissions().mode() & 0o777,
        Err(_) => return Ok(()),
    };
    if mode & OTHERS == 0 {
        return Ok(());
    }
    fs::set_permissions(file, Permissions::from_mode(mode & !OTHERS))?;
    tracing::warn!(
        file = %file.display(),
        mode = format!("{mode:04o}"),
        "others could use this file of the spool; now only its owner can"
    );
    Ok(())
}

fn check_folder(path: &Path) -> Result<(), SpoolError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let Ok(found) = fs::metadata(folder) else { return Ok(()) };
    let mode = found.permissions().mode() & 0o7777;
    if mode & ANYBODY_WRITES != 0 && mode & STICKY == 0 {
        return Err(SpoolError::Folder { path: folder.to_owned(), mode });
    }
    Ok(())
}
