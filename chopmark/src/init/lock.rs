//! The passphrase with which `chopmark init --encrypt` encrypts the keys that processes use.
//!
//! What holds: every key that a process or the directory signs with is encrypted before it is written, with one passphrase
//! that is in a file already; the configuration names that file, and never holds the passphrase.
//!
//! Not here: the form of an encrypted key (`keystore::armour`); a person's key, the scan secret and a partner's token, which
//! leave this machine or are no keys.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use keystore::{Passphrase, Zeroizing};

/// A passphrase, and the file that has it.
pub struct Lock {
    passphrase: Passphrase,
    file: PathBuf,
}

impl Lock {
    /// Reads the passphrase.
    ///
    /// # Errors
    ///
    /// If others could read the file too, or what it holds is too short.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let wrong = || {
            let file = file.display();
            format!(
                "--passphrase-file {file}: expected a file of mode 0600 with the passphrase; nothing was written"
            )
        };
        let source = keystore::source::Source { file: Some(file), credential: None };
        let passphrase = source.read(None).with_context(wrong)?;
        let passphrase = passphrase.for_encrypting().with_context(wrong)?;
        Ok(Self { passphrase, file: file.canonicalize().with_context(wrong)? })
    }

    /// The path of the file, as a configuration names it.
    pub fn file(&self) -> String {
        self.file.display().to_string()
    }

    /// Encrypts the text of a key file.
    ///
    /// # Errors
    ///
    /// If the operating system gives no random bytes.
    pub fn seal(&self, text: &str) -> anyhow::Result<Zeroizing<String>> {
        crate::keys::sealed(text, &self.passphrase).map(Zeroizing::new)
    }
}
