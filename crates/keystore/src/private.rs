//! Files for their owner alone: read, created, replaced.
//!
//! What holds: the mode is that of the file that was opened, not of a name that may mean another one a moment later;
//! a file that others can use is refused; a new one has mode 0600 before the first byte is in it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

/// Largest file that is read, in bytes.
const MOST_BYTES: u64 = 64 * 1024;

/// Why a file for its owner alone cannot be used.
#[derive(Debug, Error)]
pub enum PrivateError {
    /// It could not be read or written.
    #[error("could not {what} {path}")]
    File {
        /// Which file.
        path: PathBuf,
        /// `read`, `create`, …
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others can use it.
    #[error("{path}: got mode {mode:04o}, expected 0600: a file for its owner alone")]
    Mode {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is larger than any key.
    #[error("{path}: got more than {MOST_BYTES} bytes, expected a key or a passphrase")]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
}

fn failed(path: &Path, what: &'static str) -> impl Fn(io::Error) -> PrivateError {
    move |source| PrivateError::File { path: path.to_owned(), what, source }
}

fn refuse_wide(path: &Path, file: &File) -> Result<(), PrivateError> {
    let mode = file.metadata().map_err(failed(path, "read"))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(PrivateError::Mode { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Refuses a file that others can use.
///
/// # Errors
///
/// [`PrivateError`], naming the file.
pub fn check_mode(path: &Path) -> Result<(), PrivateError> {
    refuse_wide(path, &File::open(path).map_err(failed(path, "read"))?)
}

/// The text of a file that nobody but its owner can use.
///
/// # Errors
///
/// [`PrivateError`], naming the file.
pub fn read(path: &Path) -> Result<Zeroizing<String>, PrivateError> {
    let file = File::open(path).map_err(failed(path, "read"))?;
    refuse_wide(path, &file)?;
    text_of(path, &file)
}

/// The text of a file whose mode is somebody else's business: systemd gives its credentials to the service alone.
///
/// # Errors
///
/// [`PrivateError`], naming the file.
pub fn read_any_mode(path: &Path) -> Result<Zeroizing<String>, PrivateError> {
    text_of(path, &File::open(path).map_err(failed(path, "read"))?)
}

fn text_of(path: &Path, file: &File) -> Result<Zeroizing<String>, PrivateError> {
    // All the room at once, so that growing leaves no copy behind.
    let mut text = Zeroizing::new(String::with_capacity(4096));
    file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(failed(path, "read"))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(PrivateError::TooLarge { path: path.to_owned() });
    }
    Ok(text)
}

/// Writes a new file, mode 0600; an existing one is never overwritten, and none is left behind that could not be written.
///
/// # Errors
///
/// [`PrivateError`], naming the file.
pub fn create(path: &Path, text: &str) -> Result<(), PrivateError> {
    let wrong = failed(path, "create");
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(&wrong)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // What was made above is ours; the reason that is reported is why it could not be written.
        fs::remove_file(path).ok();
    }
    written.map_err(wrong)
}

/// Replaces the content of a file at once: whatever happens, either the old or the new text is there. The new file has
/// mode 0600.
///
/// # Errors
///
/// [`PrivateError`], naming the file.
pub fn replace(path: &Path, text: &str) -> Result<(), PrivateError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let beside = PathBuf::from(name);
    create(&beside, text)?;
    fs::rename(&beside, path).map_err(failed(path, "replace"))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(failed(path, "replace"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_is_for_its_owner_alone_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        create(&path, "one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(create(&path, "two"), Err(PrivateError::File { what: "create", .. })));
        assert_eq!(*read(&path).unwrap(), "one");
        for wide in [0o640, 0o604, 0o660] {
            mode(wide);
            assert!(matches!(read(&path), Err(PrivateError::Mode { mode, .. }) if mode == wide));
            assert!(check_mode(&path).is_err());
        }
        assert_eq!(*read_any_mode(&path).unwrap(), "one");
        replace(&path, "three").unwrap();
        assert_eq!(*read(&path).unwrap(), "three");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_larger_than_any_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        create(&path, &"x".repeat(64 * 1024 + 1)).unwrap();
        assert!(matches!(read(&path), Err(PrivateError::TooLarge { .. })));
    }
}
