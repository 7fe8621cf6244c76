//! A key file: plain or armoured, for its owner alone.
//!
//! What holds: every kind of secret key (ledger, bridge, publisher) is read here and nowhere else, so that what is checked
//! of one is checked of all.

use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::armour::{self, ArmourError};
use crate::passphrase::Passphrase;
pub use crate::private::check_mode;
use crate::private::{self, PrivateError};
use crate::source::SourceError;

/// The text of a key file.
pub struct Opened {
    /// What is inside. Secret.
    pub text: Zeroizing<String>,
    /// Whether the file is encrypted.
    pub was_encrypted: bool,
}

/// Why a key file cannot be used. No message holds key material.
#[derive(Debug, Error)]
pub enum FileError {
    /// The file itself.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// It is encrypted, and there is no passphrase.
    #[error("{path} is encrypted: {source}")]
    Passphrase {
        /// Which file.
        path: PathBuf,
        /// Why there is none.
        #[source]
        source: SourceError,
    },
    /// It is encrypted and cannot be decrypted.
    #[error("{path}: {source}")]
    Armour {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ArmourError,
    },
}

/// Reads a key file.
///
/// - `passphrase`: asked for only if the file is encrypted.
///
/// # Errors
///
/// [`FileError`], naming the file.
pub fn open(
    path: &Path,
    passphrase: impl FnOnce() -> Result<Passphrase, SourceError>,
) -> Result<Opened, FileError> {
    let text = private::read(path)?;
    if !armour::is_armoured(&text) {
        return Ok(Opened { text, was_encrypted: false });
    }
    let own = || path.to_owned();
    let passphrase =
        passphrase().map_err(|source| FileError::Passphrase { path: own(), source })?;
    let text = armour::open(&text, &passphrase)
        .map_err(|source| FileError::Armour { path: own(), source })?;
    Ok(Opened { text, was_encrypted: true })
}

#[cfg(test)]
mod tests {
    use ledger::keys::SystemRandom;

    use super::*;

    #[test]
    fn a_plain_file_needs_no_passphrase_and_an_encrypted_one_needs_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, sealed) = (folder.path().join("plain"), folder.path().join("sealed"));
        let own = Passphrase::new("correct horse").unwrap();
        let cost = armour::Cost { memory_kib: 64, passes: 1, lanes: 1 };
        let text = armour::seal("a key", &own, cost, &SystemRandom::new()).unwrap();
        private::create(&plain, "a key").unwrap();
        private::create(&sealed, &text).unwrap();
        let none = || Err(SourceError::Count(0));
        let opened = open(&plain, none).unwrap();
        assert_eq!((&**opened.text, opened.was_encrypted), ("a key", false));
        let opened = open(&sealed, || Ok(own)).unwrap();
        assert_eq!((&**opened.text, opened.was_encrypted), ("a key", true));
        assert!(matches!(open(&sealed, none), Err(FileError::Passphrase { .. })));
        let error = open(&sealed, || Ok(Passphrase::new("another").unwrap())).err().unwrap();
        assert!(error.to_string().ends_with("the passphrase is wrong, or the file was changed"));
    }
}
