//! What a backup consists of: `manifest.json`.
//!
//! What holds: it is written last, so a folder without one is no backup; every file is named with its size and SHA-256; where the backup is
//! encrypted, `manifest.mac` beside it is the HMAC-SHA256 of the manifest under the passphrase's key, so that nobody without the passphrase
//! can make or change a backup unnoticed.
//!
//! Not here: writing (`backup.rs`) and reading (`restore.rs`) the files.

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use keystore::armour::Cost;
use ledger::Hash;
use serde_json::{Value, json};
use sql::backup::{AnchorAt, LedgerAt};

/// Name of the manifest in the folder of a backup.
pub const NAME: &str = "manifest.json";
/// Name of its authentication.
pub const MAC: &str = "manifest.mac";
const FORMAT: &str = "chopmark-backup/1";

/// What a file of a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file of the database's copy.
    Database,
    /// The configuration file.
    Configuration,
    /// A file that the configuration names.
    Named,
    /// The bridge's spool.
    Spool,
}

impl Kind {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Database, "database"),
        (Self::Configuration, "configuration"),
        (Self::Named, "named"),
        (Self::Spool, "spool"),
    ];
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackedUp {
    /// Its path in the folder of the backup.
    pub stored: String,
    /// What it is.
    pub kind: Kind,
    /// Its path as the configuration has it, its own name for the configuration, its name in the copy for a part of the database.
    pub path: String,
    /// Bytes as stored.
    pub bytes: u64,
    /// SHA-256 as stored.
    pub sha256: Hash,
    /// Permission bits of the original.
    pub mode: u32,
}

/// How a backup is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// What trying a passphrase costs.
    pub cost: Cost,
    /// 16 bytes.
    pub salt: Vec<u8>,
}

/// A finished backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Version of the program that made it.
    pub program: String,
    /// Version of the schema; none without a database.
    pub schema: Option<u32>,
    /// The moment of the database that it holds.
    pub made_at: Timestamp,
    /// Whether the ledgers were closed before, so that nothing newer exists.
    pub is_last: bool,
    /// Every ledger at that moment.
    pub ledgers: Vec<LedgerAt>,
    /// The last final anchor.
    pub anchor: Option<AnchorAt>,
    /// Files that were left out because they are secret, as the configuration names them.
    pub left_out: Vec<String>,
    /// How the files are encrypted; none if they are not.
    pub encryption: Option<Encryption>,
    /// The files.
    pub files: Vec<BackedUp>,
}

impl Manifest {
    /// Its text.
    pub fn to_text(&self) -> String {
        let ledgers = self.ledgers.iter().map(|one| {
            json!({ "origin": one.origin, "kind": one.kind, "size": one.size, "root": one.root.to_string() })
        });
        let files = self.files.iter().map(|one| {
            let kind =
                Kind::ALL.iter().find(|(kind, _)| *kind == one.kind).map_or("", |(_, word)| word);
            json!({
                "stored": one.stored, "kind": kind, "path": one.path, "bytes": one.bytes,
                "sha256": one.sha256.to_string(), "mode": format!("{:04o}", one.mode),
            })
        });
        let anchor = self.anchor.as_ref().map(|one| {
            json!({ "hub": one.hub, "size": one.size, "chain_id": one.chain_id, "block_number": one.block_number })
        });
        let encryption = self.encryption.as_ref().map(|one| {
            let Cost { memory_kib, passes, lanes } = one.cost;
            json!({
                "kdf": "argon2id", "memory_kib": memory_kib, "passes": passes, "lanes": lanes,
                "salt": hex::encode(&one.salt), "cipher": "aes-256-gcm",
            })
        });
        let value = json!({
            "format": FORMAT, "program": self.program, "schema": self.schema,
            "made_at": self.made_at.to_string(), "is_last": self.is_last,
            "ledgers": ledgers.collect::<Vec<_>>(), "anchor": anchor, "left_out": self.left_out,
            "encryption": encryption, "files": files.collect::<Vec<_>>(),
        });
        format!("{value:#}\n")
    }

    /// Reads its text.
    ///
    /// # Errors
    ///
    /// What is missing or malformed, and that it is of another format.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let value: Value = serde_json::from_str(text).context("it is no JSON")?;
        let format = word(&value, "format")?;
        if format != FORMAT {
            bail!("format: got `{format}`, expected `{FORMAT}`; a newer program may read it");
        }
        let anchor = match &value["anchor"] {
            Value::Null => None,
            one => Some(AnchorAt {
                hub: word(one, "hub")?,
                size: number(one, "size")?,
                chain_id: number(one, "chain_id")?,
                block_number: number(one, "block_number")?,
            }),
        };
        let encryption = match &value["encryption"] {
            Value::Null => None,
            one => Some(encryption(one)?),
        };
        let schema = match &value["schema"] {
            Value::Null => None,
            _ => Some(u32::try_from(number(&value, "schema")?)?),
        };
        let left_out =
            list(&value, "left_out")?.iter().filter_map(Value::as_str).map(str::to_owned);
        Ok(Self {
            program: word(&value, "program")?,
            schema,
            made_at: word(&value, "made_at")?.parse().context("made_at")?,
            is_last: value["is_last"].as_bool().context("is_last: expected true or false")?,
            ledgers: list(&value, "ledgers")?.iter().map(ledger).collect::<Result<_, _>>()?,
            anchor,
            left_out: left_out.collect(),
            encryption,
            files: list(&value, "files")?.iter().map(stored).collect::<Result<_, _>>()?,
        })
    }
}

fn word(value: &Value, name: &str) -> anyhow::Result<String> {
    value[name].as_str().map(str::to_owned).with_context(|| format!("{name}: expected a text"))
}

fn number(value: &Value, name: &str) -> anyhow::Result<u64> {
    value[name].as_u64().with_context(|| format!("{name}: expected a number"))
}

fn list<'a>(value: &'a Value, name: &str) -> anyhow::Result<&'a Vec<Value>> {
    value[name].as_array().with_context(|| format!("{name}: expected a list"))
}

fn digest(value: &Value, name: &str) -> anyhow::Result<Hash> {
    let bytes = hex::decode(word(value, name)?).ok();
    bytes
        .and_then(|bytes| Hash::from_slice(&bytes))
        .with_context(|| format!("{name}: expected 64 hex digits"))
}

fn ledger(value: &Value) -> anyhow::Result<LedgerAt> {
    Ok(LedgerAt {
        origin: word(value, "origin")?,
        kind: word(value, "kind")?,
        size: number(value, "size")?,
        root: digest(value, "root")?,
    })
}

fn encryption(value: &Value) -> anyhow::Result<Encryption> {
    let part = |name| anyhow::Ok(u32::try_from(number(value, name)?)?);
    let cost =
        Cost { memory_kib: part("memory_kib")?, passes: part("passes")?, lanes: part("lanes")? };
    Ok(Encryption {
        cost,
        salt: hex::decode(word(value, "salt")?).context("salt: expected hex digits")?,
    })
}

fn stored(value: &Value) -> anyhow::Result<BackedUp> {
    let stored = word(value, "stored")?;
    // A manifest cannot make the restore read or write outside of the folder of the backup.
    let is_inside = std::path::Path::new(&stored)
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    anyhow::ensure!(
        is_inside && !stored.is_empty(),
        "files: got `{stored}`, expected a path inside of the backup"
    );
    let kind = word(value, "kind")?;
    let kind = Kind::ALL.iter().find(|(_, word)| *word == kind).map(|(kind, _)| *kind);
    let path = word(value, "path")?;
    let kind =
        kind.context("files: got another kind, expected database, configuration, named or spool")?;
    anyhow::ensure!(
        kind != Kind::Database || (!path.contains('/') && path != ".." && !path.is_empty()),
        "files: got `{path}`, expected the name of a part of the database"
    );
    Ok(BackedUp {
        stored,
        kind,
        path,
        bytes: number(value, "bytes")?,
        sha256: digest(value, "sha256")?,
        mode: u32::from_str_radix(&word(value, "mode")?, 8)
            .context("mode: expected octal digits")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let (sha256, root) = (ledger::hash::sha256(b"x"), ledger::hash::sha256(b"y"));
        Manifest {
            program: "0.1.0".into(),
            schema: Some(13),
            made_at: "2026-11-20T02:00:00Z".parse().unwrap(),
            is_last: false,
            ledgers: vec![LedgerAt {
                origin: "a.example/1".into(),
                kind: "site".into(),
                size: 7,
                root,
            }],
            anchor: Some(AnchorAt {
                hub: "h.example/1".into(),
                size: 3,
                chain_id: 1,
                block_number: 9,
            }),
            left_out: vec!["site.pem".into()],
            encryption: Some(Encryption { cost: keystore::armour::USUAL, salt: vec![1; 16] }),
            files: vec![BackedUp {
                stored: "database/toc.dat".into(),
                kind: Kind::Database,
                path: "toc.dat".into(),
                bytes: 5,
                sha256,
                mode: 0o600,
            }],
        }
    }

    #[test]
    fn a_manifest_reads_back_as_it_was_written() {
        let manifest = manifest();
        assert_eq!(Manifest::parse(&manifest.to_text()).unwrap(), manifest);
        let bridge = Manifest { schema: None, anchor: None, encryption: None, ..manifest };
        assert_eq!(Manifest::parse(&bridge.to_text()).unwrap(), bridge);
    }

    #[test]
    fn a_manifest_cannot_lead_out_of_its_folder_and_a_malformed_one_is_no_panic() {
        let text = manifest().to_text();
        for (from, to) in [
            ("database/toc.dat", "../../etc/passwd"),
            ("database/toc.dat", "/etc/passwd"),
            ("\"toc.dat\"", "\"../toc.dat\""),
            (FORMAT, "chopmark-backup/2"),
            ("\"schema\": 13", "\"schema\": \"x\""),
            ("\"mode\": \"0600\"", "\"mode\": 600"),
        ] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}");
            assert!(Manifest::parse(&changed).is_err(), "{from} {to}");
        }
        for end in 0..text.len() - 2 {
            assert!(Manifest::parse(&text[..end]).is_err());
        }
    }
}
