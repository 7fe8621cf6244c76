//! Sizes and roots of all ledgers at which an export is made.
//!
//! The way through: [`Snapshot::take`] reads the newest checkpoint of every ledger, or, with [`Pins`] of an earlier export, the
//! checkpoints of the sizes that are stated there.
//!
//! What holds: each size is one of a stored checkpoint, and the root beside it is the one that this checkpoint states; a ledger that had
//! another root at a pinned size is refused; the projection has reached every size.
//!
//! Not here: whether a checkpoint is signed (`ledger::policy`); a manifest says what it found of that.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use ledger::Hash;
use ledger::json::{Json, object};
use ledger::policy::Policy;
use sql::ledgers::{LedgerRow, StoredCheckpoint};
use sql::{Db, LedgerId};

use crate::error::Error;

/// A ledger at a size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerAt {
    /// Its number.
    pub id: LedgerId,
    /// Its name.
    pub origin: String,
    /// `site`, `hub` or `directory`.
    pub kind: String,
    /// Leaves.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
    /// The checkpoint that states both.
    pub note: String,
    /// When that was committed.
    pub recorded_at: Timestamp,
    /// Whether the keys of the policy signed it.
    pub is_signed: bool,
}

/// Sizes of an earlier export, at which another one is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins {
    /// Size and root by origin.
    pub ledgers: BTreeMap<String, (u64, Hash)>,
    /// How far master data were.
    pub master: MasterAt,
}

/// How far master data were: the number of the newest statement, and when the last one was ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MasterAt {
    /// Number of the newest statement.
    pub statement: u64,
    /// When the last one was ended; none if none was.
    pub ended_at: Option<Timestamp>,
}

/// The state of everything at which an export is made.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Ledgers with at least one leaf, in order of origin.
    pub ledgers: Vec<LedgerAt>,
    /// How far master data are.
    pub master: MasterAt,
    /// The projection's newest place.
    pub head: u64,
    /// Its generation.
    pub generation: u64,
    sites: HashMap<LedgerId, (usize, u64)>,
}

impl Snapshot {
    /// Takes it.
    ///
    /// - `policy`: whose keys sign checkpoints ([`history::directory::effective_policy`]).
    /// - `pins`: the sizes of an earlier export; none for the newest ones.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] if a ledger has no checkpoint of the pinned size, or another root there; [`Error::Behind`] while the projection
    /// lacks records.
    pub async fn take(db: &Db, policy: &Policy, pins: Option<&Pins>) -> Result<Self, Error> {
        let mut rows = sql::ledgers::list_ledgers(db).await?;
        rows.sort_unstable_by(|one, other| one.origin.cmp(&other.origin));
        if let Some(pins) = pins {
            refuse_unknown(pins, &rows)?;
        }
        // Asking for an export is recorded in a ledger of reads: with its size, no export would be the same again.
        rows.retain(|row| row.kind != "audit");
        // Before the sizes: what is projected after this was committed after them, or is cut by them.
        let mut ledgers = Vec::new();
        for row in rows {
            let pinned = match pins {
                Some(pins) => match pins.ledgers.get(&row.origin) {
                    Some(pinned) => Some(*pinned),
                    None => continue,
                },
                None => None,
            };
            if let Some(checkpoint) = checkpoint_of(db, &row, pinned).await? {
                ledgers.push(ledger_at(row, checkpoint, policy));
            }
        }
        let newest = sql::master::newest(db).await?;
        let master = MasterAt { statement: newest.statement, ended_at: newest.ended_at };
        let master = pins.map_or(master, |pins| pins.master);
        check_reached(db, &ledgers).await?;
        let lag = sql::events::lag(db).await?;
        let sites = ledgers.iter().enumerate().filter(|(_, ledger)| ledger.kind == "site");
        let sites = sites.map(|(rank, ledger)| (ledger.id, (rank, ledger.size))).collect();
        Ok(Self { ledgers, master, head: lag.position, generation: lag.generation, sites })
    }

    /// The rank of a site's ledger in the order of origins, if it has a record at `index` in this snapshot.
    #[must_use]
    pub fn rank_of(&self, ledger: LedgerId, index: u64) -> Option<usize> {
        let (rank, size) = self.sites.get(&ledger)?;
        (index < *size).then_some(*rank)
    }

    /// When the newest of its checkpoints was committed: the time of everything that is made of it.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.ledgers.iter().map(|ledger| ledger.recorded_at).max().unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The size of the directory's ledger.
    #[must_use]
    pub fn size_of(&self, origin: &str) -> Option<u64> {
        self.ledgers.iter().find(|ledger| ledger.origin == origin).map(|ledger| ledger.size)
    }

    /// The part of a manifest that says at which sizes.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let ledger = |ledger: &LedgerAt| {
            object([
                ("origin", Json::from(ledger.origin.as_str())),
                ("kind", Json::from(ledger.kind.as_str())),
                ("size", Json::from(ledger.size)),
                ("root", Json::from(ledger.root.to_string().as_str())),
                ("signed", Json::Bool(ledger.is_signed)),
            ])
        };
        let ended = self.master.ended_at.map(|at| Json::from(at.to_string().as_str()));
        object([
            ("ledgers", Json::Array(self.ledgers.iter().map(ledger).collect())),
            (
                "masterData",
                object([
                    ("statement", Json::from(self.master.statement)),
                    ("endedAt", ended.unwrap_or(Json::Null)),
                ]),
            ),
        ])
    }
}

fn refuse_unknown(pins: &Pins, rows: &[LedgerRow]) -> Result<(), Error> {
    for (origin, (size, root)) in &pins.ledgers {
        if !rows.iter().any(|row| row.origin == *origin) {
            return Err(Error::Ledger {
                origin: origin.clone(),
                size: *size,
                got: "no such ledger".to_owned(),
                expected: format!("root {root}"),
            });
        }
    }
    Ok(())
}

/// The newest checkpoint, or the one of a pinned size; none of an empty ledger.
async fn checkpoint_of(
    db: &Db,
    row: &LedgerRow,
    pinned: Option<(u64, Hash)>,
) -> Result<Option<StoredCheckpoint>, Error> {
    let Some((size, root)) = pinned else {
        let found = sql::ledgers::latest_checkpoint(db, row.id).await?;
        return Ok(found.filter(|checkpoint| checkpoint.size > 0));
    };
    let found = sql::ledgers::checkpoint_at(db, row.id, size).await?;
    let got = match found {
        Some(found) if (found.size, found.root) == (size, root) => return Ok(Some(found)),
        Some(found) if found.size == size => format!("root {}", found.root),
        Some(found) => format!("no checkpoint of that size, the next one has size {}", found.size),
        None => "a ledger that is shorter".to_owned(),
    };
    Err(Error::Ledger { origin: row.origin.clone(), size, got, expected: format!("root {root}") })
}

fn ledger_at(row: LedgerRow, checkpoint: StoredCheckpoint, policy: &Policy) -> LedgerAt {
    let opened = if row.kind == "hub" {
        policy.open_hub_checkpoint(&row.origin, &checkpoint.note)
    } else {
        policy.open_checkpoint(&row.origin, &checkpoint.note)
    };
    let is_same = |found: &ledger::checkpoint::Checkpoint| {
        (found.size, found.root) == (checkpoint.size, checkpoint.root)
    };
    LedgerAt {
        id: row.id,
        origin: row.origin,
        kind: row.kind,
        size: checkpoint.size,
        root: checkpoint.root,
        is_signed: opened.is_ok_and(|found| is_same(&found)),
        note: checkpoint.note,
        recorded_at: checkpoint.recorded_at,
    }
}

/// Refuses sizes that the projection has not reached.
async fn check_reached(db: &Db, ledgers: &[LedgerAt]) -> Result<(), Error> {
    let sites: Vec<&LedgerAt> = ledgers.iter().filter(|ledger| ledger.kind == "site").collect();
    let ids: Vec<LedgerId> = sites.iter().map(|ledger| ledger.id).collect();
    let reached = sql::events::reached(db, &ids).await?;
    let reached: HashMap<LedgerId, u64> = reached.into_iter().collect();
    for ledger in sites {
        let projected = reached.get(&ledger.id).copied().unwrap_or_default();
        if projected < ledger.size {
            let (origin, size) = (ledger.origin.clone(), ledger.size);
            return Err(Error::Behind { origin, projected, size });
        }
    }
    Ok(())
}
