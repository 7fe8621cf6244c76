//! Where a process that nobody watches gets a passphrase from: a file, or a credential of systemd.
//!
//! What holds: a file must be for its owner alone; the name of a credential cannot lead out of its folder.
//!
//! Not here: asking a person ([`crate::prompt`]).
//!
//! Source: systemd.exec(5), "Credentials".

use std::path::Path;

use thiserror::Error;

use crate::passphrase::{Passphrase, PassphraseError};
use crate::private::{self, PrivateError};

/// Where a passphrase is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Source<'a> {
    /// A file, mode 0600.
    pub file: Option<&'a Path>,
    /// Name of a credential.
    pub credential: Option<&'a str>,
}

/// Why there is no passphrase.
#[derive(Debug, Error)]
pub enum SourceError {
    /// Neither or both were named.
    #[error("got {0} passphrases, expected one file or one credential")]
    Count(usize),
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] PrivateError),
    /// The name is none.
    #[error("got credential `{0}`, expected the name of a file")]
    Name(String),
    /// systemd gave none.
    #[error(
        "got no $CREDENTIALS_DIRECTORY, expected systemd to set it (LoadCredential= of the service)"
    )]
    NoCredentials,
    /// It is not usable.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The terminal cannot be used.
    #[error("could not ask for the passphrase on the terminal")]
    Terminal(#[source] std::io::Error),
    /// The two that were typed differ.
    #[error("the two passphrases differ")]
    Differ,
}

impl Source<'_> {
    /// Whether nothing was named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.file.is_none() && self.credential.is_none()
    }

    /// Reads the passphrase.
    ///
    /// - `credentials`: the folder that systemd put the service's credentials into, `$CREDENTIALS_DIRECTORY`.
    ///
    /// # Errors
    ///
    /// [`SourceError`].
    pub fn read(&self, credentials: Option<&Path>) -> Result<Passphrase, SourceError> {
        let text = match (self.file, self.credential) {
            (Some(file), None) => private::read(file)?,
            (None, Some(name)) => {
                if name.is_empty() || name.contains(['/', '\0']) || name.starts_with('.') {
                    return Err(SourceError::Name(name.to_owned()));
                }
                let folder = credentials.ok_or(SourceError::NoCredentials)?;
                private::read_any_mode(&folder.join(name))?
            }
            (None, None) => return Err(SourceError::Count(0)),
            (Some(_), Some(_)) => return Err(SourceError::Count(2)),
        };
        Ok(Passphrase::new(&text)?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_passphrase_comes_from_a_file_for_its_owner_alone_or_from_a_credential() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passphrase");
        private::create(&file, "correct horse\n").unwrap();
        let from = |file, credential| Source { file, credential };
        let credentials = Some(folder.path());
        let read = from(Some(&*file), None).read(None).unwrap();
        assert_eq!(read.text(), "correct horse");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o440)).unwrap();
        assert!(matches!(from(Some(&*file), None).read(None), Err(SourceError::File(_))));
        let read = from(None, Some("passphrase")).read(credentials).unwrap();
        assert_eq!(read.text(), "correct horse");
    }

    #[test]
    fn a_credential_cannot_lead_out_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        private::create(&folder.path().join("outside"), "correct horse\n").unwrap();
        let inside = folder.path().join("inside");
        fs::create_dir(&inside).unwrap();
        let read = |name| Source { file: None, credential: Some(name) }.read(Some(&inside));
        for name in ["../outside", "", "..", "/etc/passwd"] {
            assert!(matches!(read(name), Err(SourceError::Name(_))), "{name}");
        }
        assert!(matches!(read("none"), Err(SourceError::File(_))));
        let nowhere = Source { file: None, credential: Some("outside") }.read(None);
        assert!(matches!(nowhere, Err(SourceError::NoCredentials)));
        let both = Source { file: Some(&inside), credential: Some("outside") };
        assert!(matches!(both.read(None), Err(SourceError::Count(2))));
    }
}
