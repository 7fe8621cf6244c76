//! Which files a configuration names: keys, policies, rules, mappings, secrets.
//!
//! The way through: [`files`] looks at every text of the configuration and takes those that are the path of a regular file. So a new key
//! that names a file is part of the backup without anybody remembering it.
//!
//! What holds: a path is taken as the configuration takes it, relative ones from `data_dir`; a device, a socket or a folder is no file; the
//! spool is not taken, because a copy of it needs SQLite.
//!
//! Not here: files that only other files name.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use process::config::{Installation, reference};

/// A file that a configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// As the configuration has it.
    pub path: String,
    /// Where it is.
    pub at: PathBuf,
    /// Its permission bits.
    pub mode: u32,
    /// Whether it is secret: others may not read it, or it holds a private key.
    pub is_secret: bool,
}

/// The files that the text of a configuration names, by path, each once.
///
/// - `spool`: the bridge's, which is left out.
///
/// # Errors
///
/// If the text is no TOML, or a file that is there cannot be read.
pub fn files(
    installation: &Installation,
    text: &str,
    spool: Option<&Path>,
) -> anyhow::Result<Vec<NamedFile>> {
    let table: toml::Table = text.parse().context("the configuration is no TOML")?;
    let mut found = BTreeMap::new();
    collect(installation, &toml::Value::Table(table), spool, &mut found)?;
    Ok(found.into_values().collect())
}

fn collect(
    installation: &Installation,
    value: &toml::Value,
    spool: Option<&Path>,
    into: &mut BTreeMap<String, NamedFile>,
) -> anyhow::Result<()> {
    match value {
        toml::Value::Table(table) => {
            table.values().try_for_each(|value| collect(installation, value, spool, into))
        }
        toml::Value::Array(values) => {
            values.iter().try_for_each(|value| collect(installation, value, spool, into))
        }
        toml::Value::String(path) if !path.is_empty() && !path.contains('\0') => {
            let at = installation.at(Path::new(path));
            let Ok(metadata) = fs::metadata(&at) else { return Ok(()) };
            if !metadata.is_file() || spool == Some(at.as_path()) {
                return Ok(());
            }
            let mode = metadata.permissions().mode() & 0o777;
            let bytes =
                fs::read(&at).with_context(|| format!("could not read {}", at.display()))?;
            let is_secret = mode.trailing_zeros() >= 6 || holds_private_key(&bytes);
            into.insert(path.clone(), NamedFile { path: path.clone(), at, mode, is_secret });
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Files that keys of a configuration name and that are not there: path, and the section and key.
///
/// # Errors
///
/// If the text is no TOML.
pub fn missing(installation: &Installation, text: &str) -> anyhow::Result<Vec<(String, String)>> {
    let table: toml::Table = text.parse().context("the configuration is no TOML")?;
    let mut missing = Vec::new();
    for (name, value) in &table {
        let (section, entries) = match value {
            toml::Value::Table(entry) => (format!("[{name}]"), vec![entry]),
            toml::Value::Array(all) => {
                (format!("[[{name}]]"), all.iter().filter_map(toml::Value::as_table).collect())
            }
            _ => continue,
        };
        let keys = reference::section(&section).unwrap_or_default();
        // A bridge that has not run yet has no spool.
        for key in keys.iter().filter(|key| key.is_path && key.name != "spool") {
            for path in entries.iter().filter_map(|entry| entry.get(&key.name)?.as_str()) {
                let is_token = path.starts_with(keystore::uri::SCHEME);
                if !is_token && !installation.at(Path::new(path)).exists() {
                    missing.push((path.to_owned(), format!("{section} {}", key.name)));
                }
            }
        }
    }
    Ok(missing)
}

/// Adds files that the configuration does not name.
///
/// # Errors
///
/// If one cannot be read, or is none: nothing is left out that was asked for.
pub fn add(
    installation: &Installation,
    also: &[PathBuf],
    into: &mut Vec<NamedFile>,
) -> anyhow::Result<()> {
    let data_dir = fs::canonicalize(installation.at(Path::new("."))).ok();
    for given in also {
        let wrong = || {
            let given = given.display();
            format!("--also {given}: expected a file that can be read; no backup was made")
        };
        let at = given.canonicalize().with_context(wrong)?;
        let bytes = fs::read(&at).with_context(wrong)?;
        if into.iter().any(|file| file.at.canonicalize().is_ok_and(|there| there == at)) {
            continue;
        }
        let inside = data_dir.as_deref().and_then(|folder| at.strip_prefix(folder).ok());
        let path = inside.unwrap_or(&at).to_string_lossy().into_owned();
        let mode = fs::metadata(&at)?.permissions().mode() & 0o777;
        let is_secret = mode.trailing_zeros() >= 6 || holds_private_key(&bytes);
        into.push(NamedFile { path, at, mode, is_secret });
    }
    Ok(())
}

/// Private keys in the folders of those that are taken, which are not taken themselves: the directory's, perhaps.
///
/// - `config`: the configuration file itself.
pub fn beside(installation: &Installation, taken: &[NamedFile], config: &Path) -> Vec<String> {
    let canonical = |path: &Path| path.canonicalize().ok();
    let known: Vec<PathBuf> =
        taken.iter().map(|file| file.at.as_path()).chain([config]).filter_map(canonical).collect();
    let data_dir = canonical(&installation.at(Path::new(".")));
    let folders: std::collections::BTreeSet<PathBuf> = taken
        .iter()
        .filter(|file| file.is_secret)
        .filter_map(|file| canonical(file.at.parent()?))
        .collect();
    let mut beside = Vec::new();
    for entry in folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten() {
        let Ok(path) = entry.map(|entry| entry.path()) else { continue };
        let is_small = fs::metadata(&path)
            .is_ok_and(|metadata| metadata.is_file() && metadata.len() <= LARGEST_KEY);
        let is_known = canonical(&path).is_some_and(|path| known.contains(&path));
        if is_small && !is_known && fs::read(&path).is_ok_and(|bytes| is_key(&bytes)) {
            let inside = data_dir.as_deref().and_then(|folder| path.strip_prefix(folder).ok());
            let shown = inside.unwrap_or(&path);
            beside.push(shown.to_string_lossy().into_owned());
        }
    }
    beside.sort();
    beside
}

/// Bytes of the largest file that is looked at for a key.
const LARGEST_KEY: u64 = 64 * 1024;

/// Whether a file holds a private key in one of the forms that `chopmark` writes.
fn is_key(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let word = text.trim();
    let is_hex = word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    holds_private_key(bytes) || is_hex
}

fn holds_private_key(bytes: &[u8]) -> bool {
    const MARK: &[u8] = b"PRIVATE KEY-----";
    bytes.windows(MARK.len()).any(|window| window == MARK)
}

/// Whether the text of a configuration holds the password of a database.
pub fn holds_password(text: &str) -> bool {
    let is_with_password = |url: &str| {
        let authority = url.split(['/', '?', '"', '\'']).next().unwrap_or("");
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        let line = url.split(['"', '\'', '\n']).next().unwrap_or("");
        user.contains(':') || line.contains("password=")
    };
    text.split("postgresql://")
        .skip(1)
        .chain(text.split("postgres://").skip(1))
        .any(is_with_password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_regular_file_that_a_value_names_is_found_once_and_secrets_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let put = |name: &str, text: &str, mode| {
            fs::write(at(name), text).unwrap();
            fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        put("site.pem", "anything", 0o600);
        put("rules.toml", "version = 1", 0o644);
        put("tls.pem", "-----BEGIN PRIVATE KEY-----\n", 0o644);
        put("spool.db", "", 0o600);
        fs::create_dir(at("folder")).unwrap();
        let text = "[[ledger]]\norigin = \"a\"\nkeys = \"site.pem\"\nrules = \"rules.toml\"\n[ingest]\n\
                    more = [\"rules.toml\", { deep = \"tls.pem\" }, \"folder\", \"/dev/null\", \"missing\", \"spool.db\"]\n";
        let path = at("chopmark.toml");
        let installation = Installation::parse(&path, "").unwrap();
        let found = files(&installation, text, Some(&at("spool.db"))).unwrap();
        let found: Vec<_> = found.iter().map(|file| (file.path.as_str(), file.is_secret)).collect();
        assert_eq!(found, [("rules.toml", false), ("site.pem", true), ("tls.pem", true)]);
    }

    #[test]
    fn a_key_that_the_configuration_does_not_name_is_pointed_out_and_can_be_added() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, text) in [
            ("site.pem", "-----BEGIN PRIVATE KEY-----\n"),
            ("directory.pem", "-----BEGIN PRIVATE KEY-----\n"),
            ("notes.txt", "no key"),
        ] {
            fs::write(at(name), text).unwrap();
            fs::set_permissions(at(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
        let path = at("chopmark.toml");
        let text = "[[ledger]]\nkeys = \"site.pem\"\n";
        fs::write(&path, text).unwrap();
        let installation = Installation::parse(&path, "").unwrap();
        let mut named = files(&installation, text, None).unwrap();
        assert_eq!(beside(&installation, &named, &path), ["directory.pem"]);
        add(&installation, &[at("directory.pem"), at("site.pem")], &mut named).unwrap();
        let paths: Vec<_> = named.iter().map(|file| (file.path.as_str(), file.is_secret)).collect();
        assert_eq!(paths, [("site.pem", true), ("directory.pem", true)]);
        assert!(beside(&installation, &named, &path).is_empty());
        assert!(add(&installation, &[at("missing")], &mut named).is_err());
    }

    #[test]
    fn a_file_that_a_key_names_and_that_is_not_there_is_told_with_the_key() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("policy.txt"), "").unwrap();
        let text = "[[ledger]]\norigin = \"a.example/1\"\nkeys = \"gone.pem\"\n\
                    [[ledger]]\norigin = \"b.example/1\"\nkeys = \"pkcs11:token=site;object=b\"\n\
                    [ingest]\npolicy = \"policy.txt\"\ntls_key = \"host.key\"\n\
                    [firmware_bridge]\nspool = \"spool.db\"\n";
        let installation = Installation::parse(&folder.path().join("chopmark.toml"), "").unwrap();
        let missing = missing(&installation, text).unwrap();
        let missing: Vec<_> = missing.iter().map(|(path, key)| (&**path, &**key)).collect();
        let expected = [("host.key", "[ingest] tls_key"), ("gone.pem", "[[ledger]] keys")];
        assert_eq!(missing, expected);
    }

    #[test]
    fn a_password_in_a_url_is_noticed() {
        for (text, expected) in [
            ("url = \"postgresql://a:secret@h/d\"", true),
            ("url = \"postgresql://a@h/d?password=secret\"", true),
            ("url = \"postgresql://a@h:5432/d\"\npath = \"a:b@c\"", false),
            ("listen = \"127.0.0.1:8081\"", false),
        ] {
            assert_eq!(holds_password(text), expected, "{text}");
        }
    }
}
