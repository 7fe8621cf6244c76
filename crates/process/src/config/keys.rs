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
    if source.is_empty() {
        let expected = "`keys_passphrase_file` or `keys_passphrase_credential`, or `pin-source` in the address";
        return Err(Problem::value(file.section, "keys", "a token without its PIN", expected));
    }
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

#[cfg(test)]
mod tests {
    use keystore::{Passphrase, armour, private};
    use ledger::keys::SystemRandom;

    use super::*;

    const CHEAP: armour::Cost = armour::Cost { memory_kib: 64, passes: 1, lanes: 1 };

    fn ledger(origin: &str, keys: &str) -> String {
        format!(
            "[[ledger]]\norigin = \"{origin}\"\n{keys}\n\
             party = {{ name = \"a party\", pgln = \"urn:epc:id:pgln:9521141.00000\" }}\n"
        )
    }

    #[test]
    fn keys_are_opened_with_their_passphrase_and_plain_files_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let put =
            |name: &str, text: &str| private::create(&folder.path().join(name), text).unwrap();
        let made = LedgerKeys::generate("a.example/1", &SystemRandom::new()).unwrap();
        let own = Passphrase::new("correct horse").unwrap();
        let random = SystemRandom::new();
        put("plain", &made.to_pem_file());
        put("sealed", &armour::seal(&made.to_pem_file(), &own, CHEAP, &random).unwrap());
        put("passphrase", "correct horse\n");
        let text = [
            ledger("a.example/1", "keys = \"plain\""),
            ledger("a.example/1", "keys = \"sealed\"\nkeys_passphrase_file = \"passphrase\""),
            ledger("a.example/1", "keys = \"sealed\""),
            ledger("b.example/1", "keys = \"plain\""),
            ledger("a.example/1", "keys = \"pkcs11:token=a\""),
            ledger("a.example/1", "keys = \"pkcs11:token=a;object=b?module-path=/none.so\""),
            ledger("a.example/1", "keys = \"none\""),
        ];
        let installation =
            Installation::parse(&folder.path().join("chopmark.toml"), &text.concat()).unwrap();
        let open = |place: usize| {
            ledger_keys(&installation, &installation.ledgers[place])
                .map(|keys| keys.verifier_keys())
                .map_err(|problem| problem.to_string())
        };
        assert_eq!(open(0).unwrap(), made.verifier_keys());
        assert_eq!(open(1).unwrap(), made.verifier_keys());
        for (place, words) in [
            (2, "sealed, which is encrypted, expected `keys_passphrase_file` or"),
            (3, "with keys of `a.example/1`, expected keys of `b.example/1`"),
            (4, "got no `object` in the token's address"),
            (5, "got a token without its PIN, expected `keys_passphrase_file` or"),
            (6, "No such file or directory (os error 2); `chopmark keys ledger` makes it"),
        ] {
            let problem = open(place).unwrap_err();
            assert!(problem.contains(words) && problem.contains("` keys: "), "{problem}");
        }
        let plain = plain_files(&installation);
        let own = "[[ledger]] `a.example/1`".to_owned();
        assert_eq!(plain[0], (own, folder.path().join("plain")));
        assert_eq!(plain.len(), 2, "{plain:?}");
    }
}
