//! Which hub entry is which ledger's checkpoint, and forks that were found.

use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use crate::db::{
    Connection, Db, Transaction, execute, query, query_opt, signed, timestamp, unsigned,
    unsigned_or_none,
};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::ledgers::StoredCheckpoint;
use crate::queries::{
    HUB_COVERING, HUB_ENTRIES, HUB_ENTRY_FOR, HUB_FORKS, HUB_HEADS, HUB_INDEXED, HUB_INSERT_ENTRY,
    HUB_INSERT_FORK, HUB_IS_INDEXED, HUB_LAST_ENTRY, HUB_LAST_OF_LEDGER, HUB_NEWEST, HUB_SEALS,
    HUB_UNINDEXED, HUB_UNINDEXED_ENTRY,
};

/// A ledger's checkpoint in the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubEntry {
    /// Index in the hub.
    pub hub_index: u64,
    /// Size of the ledger at that checkpoint.
    pub ledger_size: u64,
}

fn entry(row: &tokio_postgres::Row) -> Result<HubEntry, Error> {
    Ok(HubEntry { hub_index: unsigned(row.get(0))?, ledger_size: unsigned(row.get(1))? })
}

/// The latest entry of `ledger` in `hub`.
///
/// # Errors
///
/// [`Error`].
pub async fn last_entry(
    db: &Db,
    hub: LedgerId,
    ledger: LedgerId,
) -> Result<Option<HubEntry>, Error> {
    let row = query_opt(&db.client().await?, HUB_LAST_ENTRY, &[&hub.0, &ledger.0]).await?;
    row.as_ref().map(entry).transpose()
}

/// A ledger's checkpoint in some hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedEntry {
    /// The hub.
    pub hub: LedgerId,
    /// Index in the hub.
    pub hub_index: u64,
    /// Size of the ledger at that checkpoint.
    pub ledger_size: u64,
}

/// The entry of the largest checkpoint of `ledger` in any hub.
///
/// # Errors
///
/// [`Error`].
pub async fn last_of_ledger(db: &Db, ledger: LedgerId) -> Result<Option<PublishedEntry>, Error> {
    let row = query_opt(&db.client().await?, HUB_LAST_OF_LEDGER, &[&ledger.0]).await?;
    Ok(row.map(|row| PublishedEntry {
        hub: LedgerId(row.get(0)),
        hub_index: unsigned_or_none(row.get(1)),
        ledger_size: unsigned_or_none(row.get(2)),
    }))
}

/// Whether every entry of every hub is in the index of entries.
///
/// # Errors
///
/// [`Error`].
pub async fn is_indexed(db: &Db) -> Result<bool, Error> {
    let row = query_opt(&db.client().await?, HUB_IS_INDEXED, &[]).await?;
    Ok(row.and_then(|row| row.get::<_, Option<bool>>(0)).unwrap_or(true))
}

/// The newest entry of any hub that is a checkpoint of `origin` by its text, and by the index not one of `ledger`.
///
/// - Cost: reads all entries of all hubs, within the database.
///
/// # Errors
///
/// [`Error`].
pub async fn unindexed_entry(
    db: &Db,
    ledger: LedgerId,
    origin: &str,
) -> Result<Option<u64>, Error> {
    let begin = format!("{origin}\n");
    let values: [&(dyn ToSql + Sync); 2] = [&ledger.0, &begin.as_bytes()];
    let row = query_opt(&db.client().await?, HUB_UNINDEXED_ENTRY, &values).await?;
    row.map(|row| unsigned(row.get(0))).transpose()
}

/// The first entry of `ledger` in `hub` that covers `size` leaves.
///
/// # Errors
///
/// [`Error`].
pub async fn entry_for(
    db: &Db,
    hub: LedgerId,
    ledger: LedgerId,
    size: u64,
) -> Result<Option<HubEntry>, Error> {
    let row =
        query_opt(&db.client().await?, HUB_ENTRY_FOR, &[&hub.0, &ledger.0, &signed(size)?]).await?;
    row.as_ref().map(entry).transpose()
}

/// How many entries each hub has.
///
/// # Errors
///
/// [`Error`].
pub async fn heads(connection: &Connection) -> Result<Vec<(LedgerId, u64)>, Error> {
    let rows = query(connection.client(), HUB_HEADS, &[]).await?;
    rows.iter().map(|row| Ok((LedgerId(row.get(0)), unsigned(row.get(1))?))).collect()
}

/// Some entries of a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The hub.
    pub hub: LedgerId,
    /// The first entry.
    pub from: u64,
    /// The first entry behind it.
    pub to: u64,
}

/// What the index of entries has of one ledger within a [`Stretch`], or of all ledgers before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indexed {
    /// The hub.
    pub hub: LedgerId,
    /// The ledger; none for the count of all entries before the stretch.
    pub ledger: Option<LedgerId>,
    /// How many entries are there.
    pub count: u64,
}

/// What the index of entries has within some stretches, and how many entries before each.
///
/// - Cost: reads the index of the hub's entries from the first on.
///
/// # Errors
///
/// [`Error`].
pub async fn indexed(
    connection: &Connection,
    stretches: &[Stretch],
) -> Result<Vec<Indexed>, Error> {
    let hubs: Vec<i32> = stretches.iter().map(|stretch| stretch.hub.0).collect();
    let all = |of: fn(&Stretch) -> u64| {
        stretches.iter().map(|stretch| signed(of(stretch))).collect::<Result<Vec<_>, _>>()
    };
    let (from, to) = (all(|stretch| stretch.from)?, all(|stretch| stretch.to)?);
    let rows = query(connection.client(), HUB_INDEXED, &[&hubs, &from, &to]).await?;
    rows.iter()
        .map(|row| {
            Ok(Indexed {
                hub: LedgerId(row.get(0)),
                ledger: row.get::<_, Option<i32>>(1).map(LedgerId),
                count: unsigned(row.get(2))?,
            })
        })
        .collect()
}

/// Those of some ledgers of which a hub has an entry by its text and not by the index.
///
/// - `from`: the entries of each hub that are looked at.
/// - `ledgers`: with their origins.
/// - Cost: reads these entries, within the database.
///
/// # Errors
///
/// [`Error`].
pub async fn unindexed(
    connection: &Connection,
    from: &[(LedgerId, u64)],
    ledgers: &[(LedgerId, &str)],
) -> Result<Vec<LedgerId>, Error> {
    let hubs: Vec<i32> = from.iter().map(|(hub, _)| hub.0).collect();
    let low = from.iter().map(|(_, low)| signed(*low)).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<i32> = ledgers.iter().map(|(ledger, _)| ledger.0).collect();
    let heads: Vec<Vec<u8>> =
        ledgers.iter().map(|(_, origin)| format!("{origin}\n").into_bytes()).collect();
    let rows = query(connection.client(), HUB_UNINDEXED, &[&hubs, &low, &ids, &heads]).await?;
    Ok(rows.iter().map(|row| LedgerId(row.get(0))).collect())
}

/// A hub's entry of a ledger, and the checkpoint that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covering {
    /// The ledger.
    pub ledger: LedgerId,
    /// The entry.
    pub entry: HubEntry,
    /// The ledger's first checkpoint of at least that size; none if the ledger has none.
    pub checkpoint: Option<StoredCheckpoint>,
}

/// Of each ledger the first entry in a hub that covers as many leaves; in no order, those that have one.
///
/// - `hub`: its origin.
/// - `needed`: ledgers and leaves.
///
/// # Errors
///
/// [`Error`].
pub async fn covering(
    connection: &Connection,
    hub: &str,
    needed: &[(LedgerId, u64)],
) -> Result<Vec<Covering>, Error> {
    let ledgers: Vec<i32> = needed.iter().map(|(ledger, _)| ledger.0).collect();
    let sizes = needed.iter().map(|(_, size)| signed(*size)).collect::<Result<Vec<_>, _>>()?;
    let rows = query(connection.client(), HUB_COVERING, &[&hub, &ledgers, &sizes]).await?;
    rows.iter()
        .map(|row| {
            Ok(Covering {
                ledger: LedgerId(row.get(0)),
                entry: HubEntry {
                    hub_index: unsigned(row.get(1))?,
                    ledger_size: unsigned(row.get(2))?,
                },
                checkpoint: StoredCheckpoint::of_row(row, 3),
            })
        })
        .collect()
}

/// The largest checkpoint of a ledger, of at most `largest` leaves, among the first `entries` entries of a hub.
///
/// # Errors
///
/// [`Error`].
pub async fn newest(
    connection: &Connection,
    (hub, entries): (LedgerId, u64),
    (ledger, largest): (LedgerId, u64),
) -> Result<Option<Covering>, Error> {
    let (entries, largest) = (signed(entries)?, signed(largest)?);
    let values: [&(dyn ToSql + Sync); 4] = [&hub.0, &ledger.0, &largest, &entries];
    let row = query_opt(connection.client(), HUB_NEWEST, &values).await?;
    let Some(row) = row else { return Ok(None) };
    let checkpoint = StoredCheckpoint::of_row(&row, 2);
    Ok(Some(Covering { ledger, entry: entry(&row)?, checkpoint }))
}

/// When a hub first had a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// The record's ledger.
    pub ledger: LedgerId,
    /// The record's place in it.
    pub leaf_index: u64,
    /// The hub's first entry that covers it, and when the hub was first signed with that entry.
    pub in_hub: Option<(u64, Timestamp)>,
    /// When the record's ledger was first signed with it.
    pub committed: Option<Timestamp>,
}

impl Seal {
    /// Reads hub index, the hub's time and the ledger's time from the columns from `first` on. A place or time that there cannot
    /// be is none.
    pub(crate) fn of_row(
        row: &tokio_postgres::Row,
        (ledger, leaf_index): (LedgerId, u64),
        first: usize,
    ) -> Self {
        let place: Option<i64> = row.get(first);
        let at: Option<_> = row.get(first + 1);
        let committed: Option<_> = row.get(first + 2);
        let place = place.and_then(|place| u64::try_from(place).ok());
        let at = at.and_then(|at| timestamp(at).ok());
        let committed = committed.and_then(|at| timestamp(at).ok());
        Self { ledger, leaf_index, in_hub: place.zip(at), committed }
    }
}

/// When the hub first had records of any ledgers; in no order. A ledger is in one hub only.
///
/// # Errors
///
/// [`Error`].
pub async fn seals(
    connection: &Connection,
    places: &[(LedgerId, u64)],
) -> Result<Vec<Seal>, Error> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let ledgers: Vec<i32> = places.iter().map(|(ledger, _)| ledger.0).collect();
    let indexes = places.iter().map(|(_, index)| signed(*index)).collect::<Result<Vec<_>, _>>()?;
    let rows = query(connection.client(), HUB_SEALS, &[&ledgers, &indexes]).await?;
    rows.iter()
        .map(|row| Ok(Seal::of_row(row, (LedgerId(row.get(0)), unsigned(row.get(1))?), 2)))
        .collect()
}

/// All entries of `hub`: index, ledger, size.
///
/// # Errors
///
/// [`Error`].
pub async fn entries(db: &Db, hub: LedgerId) -> Result<Vec<(u64, LedgerId, u64)>, Error> {
    let rows = query(&db.client().await?, HUB_ENTRIES, &[&hub.0]).await?;
    let number = |row: &tokio_postgres::Row, column: usize| unsigned_or_none(row.get(column));
    Ok(rows.iter().map(|row| (number(row, 0), LedgerId(row.get(1)), number(row, 2))).collect())
}

/// Stores that the hub's entry `hub_index` is `ledger`'s checkpoint of `ledger_size` leaves.
///
/// # Errors
///
/// [`Error::Conflict`] if that checkpoint is in the hub already.
pub async fn insert_entry(
    tx: &Transaction<'_>,
    hub: LedgerId,
    hub_index: u64,
    ledger: LedgerId,
    ledger_size: u64,
) -> Result<(), Error> {
    let (index, size) = (signed(hub_index)?, signed(ledger_size)?);
    execute(tx, HUB_INSERT_ENTRY, &[&hub.0, &index, &ledger.0, &size]).await?;
    Ok(())
}

/// Stores the evidence of a ledger that forked or shrank; the same evidence is stored once.
///
/// # Errors
///
/// [`Error`].
pub async fn insert_fork(
    tx: &Transaction<'_>,
    ledger: LedgerId,
    old_note: &str,
    new_note: &str,
    reason: &str,
) -> Result<(), Error> {
    execute(tx, HUB_INSERT_FORK, &[&ledger.0, &old_note, &new_note, &reason]).await?;
    Ok(())
}

/// Evidence of a fork.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The ledger.
    pub ledger: LedgerId,
    /// The checkpoint that the hub had.
    pub old_note: String,
    /// The one that does not extend it.
    pub new_note: String,
    /// Why not.
    pub reason: String,
    /// When it was found.
    pub at: Timestamp,
}

/// All forks that were found.
///
/// # Errors
///
/// [`Error`].
pub async fn forks(db: &Db) -> Result<Vec<Fork>, Error> {
    let rows = query(&db.client().await?, HUB_FORKS, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Fork {
                ledger: LedgerId(row.get(0)),
                old_note: row.get(1),
                new_note: row.get(2),
                reason: row.get(3),
                at: timestamp(row.get(4))?,
            })
        })
        .collect()
}
