//! Scans of tags by people.
//!
//! What holds: no address is kept, only marks: keyed hashes by which scans of one item are compared, whose key changes
//! every week; a place only if a trusted proxy reported it; a scan is never changed, and deleted only when it is old
//! (`delete_scans` in `migrations/0005_findings.sql`); scans of an item are found by its key in the item index, so in
//! every spelling.
//!
//! Not here: how marks are made (`trace-api`), what scans add up to (`history::scans`).

use jiff::Timestamp;

use crate::db::{Db, Transaction, execute, query, query_opt, system_time, timestamp, unsigned};
use crate::error::Error;
use crate::queries::{
    SCANS_DELETE_BEFORE, SCANS_ELSEWHERE, SCANS_INSERT, SCANS_NETWORKS, SCANS_OF_ITEM, SCANS_TOTALS,
};

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

/// Stores a scan, unless the same device scanned the item after `repeats_since`; gives whether it was stored.
///
/// # Errors
///
/// [`Error`].
pub async fn insert(
    tx: &Transaction<'_>,
    scan: &Scan,
    repeats_since: Timestamp,
) -> Result<bool, Error> {
    let place = scan.place.as_ref();
    let stored = execute(
        tx,
        SCANS_INSERT,
        &[
            &crate::items::key(&scan.item),
            &scan.item,
            &system_time(scan.at),
            &scan.device.own,
            &scan.device.before,
            &scan.network.own,
            &scan.network.before,
            &scan.role,
            &place.map(|place| place.name.as_str()),
            &place.map(|place| place.latitude),
            &place.map(|place| place.longitude),
            &place.map(|place| place.uncertainty_km),
            &scan.verdict,
            &system_time(repeats_since),
        ],
    )
    .await?;
    Ok(stored == 1)
}

/// The latest scan at each reported position by consumers of other networks, in no order.
///
/// - `since`, `until`: after the first, up to the second.
/// - `network`: who scans now.
///
/// # Errors
///
/// [`Error`].
pub async fn elsewhere(
    db: &Db,
    item: &str,
    (since, until): (Timestamp, Timestamp),
    network: &Mark,
) -> Result<Vec<(Timestamp, Place)>, Error> {
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] = [
        &crate::items::key(item),
        &system_time(since),
        &system_time(until),
        &network.own,
        &network.before,
    ];
    let rows = query(&db.client().await?, SCANS_ELSEWHERE, &parameters).await?;
    rows.iter()
        .map(|row| {
            let place = Place {
                name: row.get::<_, Option<String>>(1).unwrap_or_default(),
                latitude: row.get(2),
                longitude: row.get(3),
                uncertainty_km: row.get::<_, Option<f32>>(4).unwrap_or_default(),
            };
            Ok((timestamp(row.get(0))?, place))
        })
        .collect()
}

/// A span in which networks are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkSpan {
    /// First moment.
    pub since: Timestamp,
    /// Last moment.
    pub until: Timestamp,
    /// First moment of the week after the one whose key tells networks apart; `until` is less than a week later.
    pub week_end: Timestamp,
}

/// The first scan of each network of consumers in a span, the earliest first, at most 100.
///
/// - `except`: mark of a network that is left out, under the key of the week that ends at `week_end`.
///
/// # Errors
///
/// [`Error`].
pub async fn networks(
    db: &Db,
    item: &str,
    span: NetworkSpan,
    except: &[u8],
) -> Result<Vec<Timestamp>, Error> {
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] = [
        &crate::items::key(item),
        &system_time(span.since),
        &system_time(span.until),
        &system_time(span.week_end),
        &except,
    ];
    let rows = query(&db.client().await?, SCANS_NETWORKS, &parameters).await?;
    rows.iter().map(|row| timestamp(row.get(0))).collect()
}

/// How often consumers scanned an item.
///
/// # Errors
///
/// [`Error`].
pub async fn totals(db: &Db, item: &str, device: &Mark) -> Result<ScanTotals, Error> {
    let client = db.client().await?;
    let key = crate::items::key(item);
    let row = query_opt(&client, SCANS_TOTALS, &[&key, &device.own, &device.before]).await?;
    let Some(row) = row else { return Ok(ScanTotals::default()) };
    Ok(ScanTotals { all: unsigned(row.get(0))?, own: unsigned(row.get(1))? })
}

/// Deletes the scans before `before`, which must be at least eight days ago; gives their number.
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
