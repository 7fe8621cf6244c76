//! The proof of each event of a pack: its record, and the path from its leaf to the checkpoint.
//!
//! What holds: a line of `events.jsonl` is canonical JSON of `index`, `origin`, `path`, `secret`, `size`, `text`, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use ledger::Hash;
use ledger::json::{Json, Limits, object, parse};
use ledger::record::Secret;
use ledger::tree::{inclusion_nodes, prove_inclusion};
use sql::Db;
use sql::ledgers::TileName;

use crate::error::Error;
use crate::job::Source;
use crate::snapshot::{LedgerAt, Snapshot};
use crate::walk::Row;

/// Most bytes of a line: a record of the largest size, escaped.
pub const MOST_BYTES: usize = 64 << 20;

/// An event with its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// Its ledger.
    pub origin: String,
    /// Its place there.
    pub index: u64,
    /// The size of the checkpoint to which the path leads.
    pub size: u64,
    /// From the leaf up.
    pub path: Vec<Hash>,
    /// The secret of the record's salts.
    pub secret: Secret,
    /// The record.
    pub text: String,
}

/// Proves events of a snapshot.
pub struct Prover<'a> {
    db: &'a Db,
    ledgers: BTreeMap<&'a str, &'a LedgerAt>,
}

impl<'a> Prover<'a> {
    /// - `snapshot`: with the checkpoints to which the paths lead.
    pub fn new(db: &'a Db, snapshot: &'a Snapshot) -> Self {
        let ledgers = snapshot.ledgers.iter().map(|it| (it.origin.as_str(), it)).collect();
        Self { db, ledgers }
    }

    /// The proofs of these rows, in their order.
    ///
    /// # Errors
    ///
    /// [`Error`] if nodes of a tree are missing.
    pub async fn prove(&self, rows: &[Box<Row>]) -> Result<Vec<Proved>, Error> {
        let mut names = BTreeSet::new();
        for row in rows {
            let ledger = self.ledger(&row.origin)?;
            let spans = inclusion_nodes(row.index, ledger.size);
            names.extend(spans.into_iter().map(|span| TileName::with(ledger.id, span)));
        }
        let connection = self.db.connection().await?;
        let tiles = sql::ledgers::tiles(&connection, &names).await?;
        drop(connection);
        let mut proved = Vec::with_capacity(rows.len());
        for row in rows {
            let LedgerAt { id, size, .. } = *self.ledger(&row.origin)?;
            let nodes = tiles.nodes(id, &inclusion_nodes(row.index, size))?;
            let path = prove_inclusion(row.index, size, &nodes)
                .map_err(|error| sql::Error::data(error.to_string()))?;
            proved.push(Proved {
                origin: row.origin.clone(),
                index: row.index,
                size,
                path,
                secret: row.secret,
                text: row.text.clone(),
            });
        }
        Ok(proved)
    }

    fn ledger(&self, origin: &str) -> Result<&'a LedgerAt, Error> {
        let found = self.ledgers.get(origin).copied();
        let missing = || sql::Error::data(format!("{origin} is not in the snapshot"));
        Ok(found.ok_or_else(missing)?)
    }
}

/// The line of an event.
pub fn line(proved: &Proved) -> String {
    let path = proved.path.iter().map(|hash| Json::from(hash.to_string().as_str())).collect();
    let secret = format!("{:032x}", u128::from_be_bytes(proved.secret));
    let json = object([
        ("origin", Json::from(proved.origin.as_str())),
        ("index", Json::from(proved.index)),
        ("size", Json::from(proved.size)),
        ("path", Json::Array(path)),
        ("secret", Json::from(secret.as_str())),
        ("text", Json::from(proved.text.as_str())),
    ]);
    json.canonical() + "\n"
}

/// Reads a line without its end.
///
/// # Errors
///
/// What is wrong with it.
pub fn read(line: &[u8]) -> Result<Proved, String> {
    let limits = Limits { max_bytes: MOST_BYTES, ..Limits::default() };
    let json = parse(line, &limits).map_err(|error| error.to_string())?;
    let text = |name: &str| {
        let found = json.get(name).and_then(Json::as_str).map(str::to_owned);
        found.ok_or_else(|| format!("{name}: expected a text"))
    };
    let number = |name: &str| {
        let found = json.get(name).and_then(Json::as_number).and_then(|it| it.parse::<u64>().ok());
        found.ok_or_else(|| format!("{name}: expected a whole number"))
    };
    let path = json.get("path").and_then(Json::as_array).unwrap_or_default().iter();
    let path = path.map(|hash| hash.as_str()?.parse().ok()).collect::<Option<Vec<Hash>>>();
    let secret = secret(&text("secret")?).ok_or("secret: expected 32 lowercase hex digits")?;
    let proved = Proved {
        origin: text("origin")?,
        index: number("index")?,
        size: number("size")?,
        path: path.ok_or("path: expected hashes")?,
        secret,
        text: text("text")?,
    };
    if self::line(&proved).trim_end().as_bytes() == line {
        return Ok(proved);
    }
    Err("it is not canonical, or has members that are not known".to_owned())
}

fn secret(text: &str) -> Option<Secret> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = text
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect();
    bytes?.try_into().ok()
}

/// The directory's proof of the keys of all sites, if there is a directory.
pub fn directory(source: &Source<'_>, snapshot: &Snapshot) -> Option<Json> {
    let loaded = source.current.loaded.as_deref()?;
    let pin = loaded.directory.policy().directory?;
    let wanted: Vec<String> =
        snapshot.ledgers.iter().map(|ledger| format!("keyset/{}", ledger.origin)).collect();
    Some(loaded.directory.proof(&pin, loaded.checkpoint.note.clone(), &wanted).to_json())
}
