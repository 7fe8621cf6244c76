//! Secret keys that a configuration names: files, encrypted or not, and tokens.
//!
//! The way through: [`ledger_keys`] gives the keys of a ledger; [`KeyFile::open`] the text of any other key file;
//! [`plain_files`] names the files that are not encrypted, so that a start and `chopmark doctor` can say so.
//!
//! What holds: ledgers, bridges and the publisher are read the same way: a file that others can use is refused, and no
//! problem holds key material or a passphrase.
//!
//! Not here: reading and decrypting (`keystore`).

use std::path::{Path, PathBuf};

use keystore::Zeroizing;
use keystore::file::FileError;
use keystore::source::Source;
use ledger::keys::LedgerKeys;

use crate::config::installation::Installation;
use crate::config::ledger::LedgerSection;
use crate::config::problem::Problem;

/// A key file, and what the configuration says about it.
#[derive(Debug, Clone, Copy)]
pub struct KeyFile<'a> {
    /// The section that names it.
    pub section: &'a str,
    /// The key in the section.
    pub key: &'a str,
    /// The file; a relative path starts from `data_dir`.
    pub path: &'a Path,
    /// File with its passphrase.
    pub passphrase_file: Option<&'a Path>,
    /// Credential with its passphrase.
    pub credential: Option<&'a str>,
    /// The command that makes such a file.
    pub made_by: &'a str,
}

impl KeyFile<'_> {
    /// The text of the file, decrypted. Secret.
    ///
    /// # Errors
    ///
    /// [`Problem`] with section, key and path.
    pub fn open(&self, installation: &Installation) -> Result<Zeroizing<String>, Problem> {
        let path = installation.at(self.path);
        let file = self.passphrase_file.map(|path| installation.at(path));
        let source = Source { file: file.as_deref(), credential: self.credential };
        let is_without = source.is_empty();
        let passphrase = || source.read(credentials().as_deref());
        match keystore::file::open(&path, passphrase) {
            Ok(opened) => Ok(opened.text),
            Err(FileError::Passphrase { .. }) if is_without => {
                let key = self.key;
                let got = format!("{}, which is encrypted", path.display());
                let expected =
                    format!("`{key}_passphrase_file` or `{key}_passphrase_credential` with it");
                Err(Problem::value(self.section, key, got, expected))
            }
            Err(error) => Err(self.problem(&path, &error)),
        }
    }

    fn problem(&self, path: &Path, error: &FileError) -> Problem {
        let mut problem = Problem::content(self.section, self.key, error);
        if let (Problem::Content { cause, .. }, false) = (&mut problem, path.exists()) {
            *cause = format!("{cause}; `{}` makes it", self.made_by);
        }
        problem
    }
}

/// The folder of the service's credentials, if systemd made one.
fn credentials() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

/// The signing keys of a ledger: from its file, or in its token.
///
/// # Errors
///
/// [`Problem`], also if the keys are another ledger's.
pub fn ledger_keys(
    installation: &Installation,
    ledger: &LedgerSection,
) -> Result<LedgerKeys, Problem> {
    let name = ledger.name();
    let file = KeyFile {
        section: &name,
        key: "keys",
        path: &ledger.keys,
        passphrase_file: ledger.keys_passphrase_file.as_deref(),
        credential: ledger.keys_passphrase_credential.as_deref(),
        made_by: "chopmark keys ledger",
    };
    if let Some(uri) = token(&ledger.keys) {
        return in_token(installation, ledger, &file, uri);
    }
    let path = installation.at(&ledger.keys);
    let keys = LedgerKeys::from_pem_file(&file.open(installation)?).map_err(|error| {
        let got = format!("{} ({error})", path.display());
        Problem::value(name.as_str(), "keys", got, "a file that `chopmark keys ledger` wrote")
    })?;
    if keys.origin() != ledger.origin {
        let got = format!("{} with keys of `{}`", path.display(), keys.origin());
        let expected = format!("keys of `{}`", ledger.origin);
        return Err(Problem::value(name, "keys", got, expected));
    }
    Ok(keys)
}

/// The address of a token, if `keys` is one and not a path.
fn token(keys: &Path) -> Option<&str> {
    keys.to_str().filter(|text| text.starts_with(keystore::uri::SCHEME))
}

fn in_token(
    installation: &Installation,
    ledger: &LedgerSection,
    file: &KeyFile<'_>,
    uri: &str,
) -> Result<LedgerKeys, Problem> {
    let wrong = |error: &dyn std::error::Error| Problem::content(file.section, "keys", error);
    let uri: keystore::uri::TokenUri = uri.parse().map_err(|error| wrong(&error))?;
    let given = file.passphrase_file.map(|path| installation.at(path));
    let source = Source {
        file: given.as_deref().or(if file.credential.is_none() { uri.pin_file() } else { None }),
        credential: file.credential,
    };
    let pin = source.read(credentials().as_deref()).map_err(|error| wrong(&error))?;
    keystore::token::open(&uri, &ledger.origin, &pin).map_err(|error| wrong(&error))
}

/// The key files of the file's sections that are not encrypted, with the section that names each.
///
/// A file that this process may not read is another process's.
#[must_use]
pub fn plain_files(installation: &Installation) -> Vec<(String, PathBuf)> {
    let ledgers = installation.ledgers.iter().map(|ledger| (ledger.name(), &ledger.keys));
    let bridge = installation.firmware_bridge.as_ref();
    let anchor = installation.anchor.as_ref();
    ledgers
        .chain(bridge.map(|section| ("[firmware_bridge]".to_owned(), &section.key)))
        .chain(anchor.map(|section| ("[anchor]".to_owned(), &section.key)))
        .filter(|(_, path)| token(path).is_none())
        .map(|(section, path)| (section, installation.at(path)))
        .filter(|(_, path)| {
            keystore::private::read(path).is_ok_and(|text| !keystore::armour::is_armoured(&text))
        })
        .collect()
}
