//! Scans of tags by people.
//!
//! The way through: [`insert`] stores the scans of a group in one statement; triggers count them
//! (`migrations/0010_scan_counts.sql`); [`seen`] reads what is counted of one item, in one statement.
//!
//! What holds: no address is kept, only marks: keyed hashes by which scans of one item are compared, whose key changes
//! every week; a place only if a trusted proxy reported it; a scan is never changed, and deleted only when it is old
//! (`delete_scans`), with what was counted of it; scans of an item are found by its key in the item index, so in every
//! spelling; what [`seen`] reads is bounded, however often the item was scanned.
//!
//! Not here: how marks are made (`trace-api`), what scans add up to (`history::scans`).

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::db::{Connection, Db, Transaction, query, query_opt, system_time, timestamp, unsigned};
use crate::error::Error;
use crate::queries::{SCANS_DELETE_BEFORE, SCANS_INSERT, SCANS_OF_ITEM, SCANS_SEEN};
use crate::stretches::divide;

/// Most scans that [`delete_before`] deletes at once, as `delete_scans` has it.
pub const MOST_DELETED: u64 = 10_000;

/// Where a scan was, if reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Name of a city.
    pub name: String,
    /// Degrees.
    pub latitude: f64,
    /// Degrees.
    pub longitude: f64,
    /// Uncertainty of the position, in kilometres.
    pub uncertainty_km: f32,
}

/// A mark under the key of the scan's own week, and under that of the week before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mark {
    /// Under the key of its own week.
    pub own: Vec<u8>,
    /// Under the key of the week before.
    pub before: Vec<u8>,
}

/// One scan.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// URI of the item.
    pub item: String,
    /// When.
    pub at: Timestamp,
    /// Marks of network and browser.
    pub device: Mark,
    /// Marks of the network.
    pub network: Mark,
    /// `consumer`, `shop` or `robot`.
    pub role: String,
    /// Where; none if not reported.
    pub place: Option<Place>,
    /// The verdict in the answer.
    pub verdict: String,
}

/// How often consumers scanned an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScanTotals {
    /// All of them.
    pub all: u64,
    /// The device that asks, this week and the week before.
    pub own: u64,
}

/// Who asks about an item.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// Marks of network and browser.
    pub device: &'a Mark,
    /// As in [`Scan::role`].
    pub role: &'a str,
}

/// When consumers of a network scanned an item, in one week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSeen {
    /// The network, under the key of that week and of the week before.
    pub network: Mark,
    /// First.
    pub first_at: Timestamp,
    /// Last.
    pub last_at: Timestamp,
}

/// A consumer's scan at a position.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub place: Place,
    /// The network.
    pub network: Mark,
}

/// What is counted of an item's scans.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    /// How often consumers scanned it.
    pub totals: ScanTotals,
    /// The last scan of the device that asks, this week and the week before.
    pub last_own: Option<Timestamp>,
    /// The networks that scanned it since the time that was asked for: the last 34 rows, so at least 16 networks besides
    /// the one that asks, if there are so many. A network has a row for each week.
    pub networks: Vec<NetworkSeen>,
    /// For each of the 64 positions where it was scanned last, since the time that was asked for: the latest scan, and the
    /// latest one by another network than that.
    pub sightings: Vec<Sighting>,
}

/// Stores scans, in order of time, but for repeats: scans of one device of one item less than `repeats_within` apart are
/// one. Gives the places in `scans` of those that were stored.
///
/// - Cost: one statement, which is a transaction.
///
/// # Errors
///
/// [`Error`]; [`Error::Value`] if the database refuses a value, and then none is stored.
pub async fn insert(
    db: &Db,
    scans: &[Scan],
    repeats_within: SignedDuration,
) -> Result<Vec<usize>, Error> {
    if scans.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<i64> = scans.iter().map(|scan| crate::items::key(&scan.item)).collect();
    let persons = persons(&keys, scans);
    let window = repeats_within.as_secs_f64();
    let bytes = |of: fn(&Scan) -> &Vec<u8>| scans.iter().map(|scan| &**of(scan)).collect();
    let texts = |of: fn(&Scan) -> &String| scans.iter().map(|scan| &**of(scan)).collect();
    let at: Vec<_> = scans.iter().map(|scan| system_time(scan.at)).collect();
    let (device, device_before): (Vec<&[u8]>, Vec<&[u8]>) =
        (bytes(|scan| &scan.device.own), bytes(|scan| &scan.device.before));
    let (network, network_before): (Vec<&[u8]>, Vec<&[u8]>) =
        (bytes(|scan| &scan.network.own), bytes(|scan| &scan.network.before));
    let (items, roles, verdicts): (Vec<&str>, Vec<&str>, Vec<&str>) =
        (texts(|scan| &scan.item), texts(|scan| &scan.role), texts(|scan| &scan.verdict));
    let places = || scans.iter().map(|scan| scan.place.as_ref());
    let names: Vec<_> = places().map(|place| place.map(|place| &*place.name)).collect();
    let latitudes: Vec<_> = places().map(|place| place.map(|place| place.latitude)).collect();
    let longitudes: Vec<_> = places().map(|place| place.map(|place| place.longitude)).collect();
    let uncertain: Vec<_> = places().map(|place| place.map(|place| place.uncertainty_km)).collect();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 15] = [
        &keys,
        &items,
        &at,
        &device,
        &device_before,
        &network,
        &network_before,
        &roles,
        &names,
        &latitudes,
        &longitudes,
        &uncertain,
        &verdicts,
        &persons,
        &window,
    ];
    let stored = db.query_alone("scans::insert", SCANS_INSERT, &parameters).await?;
    stored.iter().map(crate::db::place).collect()
}

/// For each scan a number that it shares with those of the same device and item, on both sides of a week's end.
fn persons(keys: &[i64], scans: &[Scan]) -> Vec<i32> {
    let mut known: HashMap<(i64, &[u8]), i32> = HashMap::new();
    let mut persons = Vec::with_capacity(scans.len());
    for ((key, scan), next) in keys.iter().zip(scans).zip(0..) {
        let marks = [(*key, &*scan.device.own), (*key, &*scan.device.before)];
        let person = marks.iter().find_map(|mark| known.get(mark).copied()).unwrap_or(next);
        for mark in marks {
            known.entry(mark).or_insert(person);
        }
        persons.push(person);
    }
    persons
}

/// What is counted of the scans of an item.
///
/// - `key`: of the item ([`crate::items::key`]).
/// - `networks_since`: networks whose last scan in a week is earlier are left out.
/// - `places_since`: scans at positions up to then are left out.
///
/// # Errors
///
/// [`Error`].
pub async fn seen(
    connection: &Connection,
    key: i64,
    asker: Asker<'_>,
    (networks_since, places_since): (Timestamp, Timestamp),
) -> Result<Seen, Error> {
    let question = (key, asker, (networks_since, places_since));
    seen_of_all(connection, &[question]).await?.pop().unwrap_or_else(|| Ok(Seen::default()))
}

/// A key, who asks, and since when networks and positions are wanted.
pub(crate) type Asked<'a> = (i64, Asker<'a>, (Timestamp, Timestamp));

/// As [`seen`], for several who ask, by one query; to each what is counted, or why it cannot be read.
pub(crate) async fn seen_of_all(
    connection: &Connection,
    asked: &[Asked<'_>],
) -> Result<Vec<Result<Seen, Error>>, Error> {
    let keys: Vec<i64> = asked.iter().map(|(key, ..)| *key).collect();
    let (devices, before): (Vec<&[u8]>, Vec<&[u8]>) =
        asked.iter().map(|(_, by, _)| (&*by.device.own, &*by.device.before)).unzip();
    let roles: Vec<&str> = asked.iter().map(|(_, by, _)| by.role).collect();
    let (networks, places): (Vec<_>, Vec<_>) = asked
        .iter()
        .map(|(.., (networks, places))| (system_time(*networks), system_time(*places)))
        .unzip();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&keys, &devices, &before, &roles, &networks, &places];
    let rows = query(connection.client(), SCANS_SEEN, &parameters).await?;
    let divided = divide(&rows, 10, asked.len())?;
    Ok(divided.iter().zip(asked).map(|(rows, (_, by, _))| counted(rows, *by)).collect())
}

/// Reads what is counted of one item.
fn counted(rows: &[&Row], asker: Asker<'_>) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    for row in rows {
        let number = || unsigned(cell(row, 1)?);
        match row.get::<_, i32>(0) {
            0 => seen.totals.all = number()?,
            1 => {
                if asker.role == "consumer" {
                    seen.totals.own += number()?;
                }
                seen.last_own = seen.last_own.max(Some(timestamp(cell(row, 3)?)?));
            }
            2 => seen.networks.push(NetworkSeen {
                network: mark(row)?,
                first_at: timestamp(cell(row, 2)?)?,
                last_at: timestamp(cell(row, 3)?)?,
            }),
            _ => seen.sightings.push(sighting(row)?),
        }
    }
    Ok(seen)
}

/// A value that must be there: what the database's owner took away is an error of this item, and of no other.
fn cell<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, Error> {
    row.try_get(column).map_err(|error| Error::data(format!("what is counted of scans: {error}")))
}

fn mark(row: &Row) -> Result<Mark, Error> {
    Ok(Mark { own: cell(row, 4)?, before: cell(row, 5)? })
}

fn sighting(row: &Row) -> Result<Sighting, Error> {
    let place = Place {
        name: row.get::<_, Option<String>>(6).unwrap_or_default(),
        latitude: row.get(7),
        longitude: row.get(8),
        uncertainty_km: row.get::<_, Option<f32>>(9).unwrap_or_default(),
    };
    Ok(Sighting { at: timestamp(cell(row, 3)?)?, place, network: mark(row)? })
}

/// Deletes the oldest scans before `before`, which must be at least eight days ago, and what was counted of them; at most
/// [`MOST_DELETED`]. Gives their number: if it is that, there may be more.
///
/// # Errors
///
/// [`Error`], also if `before` is later.
pub async fn delete_before(tx: &Transaction<'_>, before: Timestamp) -> Result<u64, Error> {
    let row = query_opt(tx, SCANS_DELETE_BEFORE, &[&system_time(before)]).await?;
    row.map_or(Ok(0), |row| unsigned(row.get(0)))
}

/// Scans of an item, newest first, at most 500; of those without a mark it is empty.
///
/// # Errors
///
/// [`Error`].
pub async fn of_item(db: &Db, item: &str) -> Result<Vec<Scan>, Error> {
    let rows = query(&db.client().await?, SCANS_OF_ITEM, &[&crate::items::key(item)]).await?;
    let mut scans = Vec::with_capacity(rows.len());
    for row in &rows {
        let name: Option<String> = row.get(4);
        let mark = |place: usize| row.get::<_, Option<Vec<u8>>>(place).unwrap_or_default();
        scans.push(Scan {
            item: row.get(0),
            at: timestamp(row.get(1))?,
            device: Mark { own: mark(2), before: mark(9) },
            network: Mark { own: mark(10), before: mark(11) },
            role: row.get(3),
            place: name.map(|name| Place {
                name,
                latitude: row.get::<_, Option<f64>>(5).unwrap_or_default(),
                longitude: row.get::<_, Option<f64>>(6).unwrap_or_default(),
                uncertainty_km: row.get::<_, Option<f32>>(7).unwrap_or_default(),
            }),
            verdict: row.get(8),
        });
    }
    Ok(scans)
}
