//! Scans of tags by people.
//!
//! What holds: no address is kept, only a keyed hash of it; a place only if a trusted proxy reported it.

use jiff::Timestamp;

use crate::db::{Db, Transaction, execute, query, system_time, timestamp};
use crate::error::Error;
use crate::queries::{SCANS_INSERT, SCANS_OF_ITEM};

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

/// One scan.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// URI of the item.
    pub item: String,
    /// When.
    pub at: Timestamp,
    /// Keyed hash of address and browser.
    pub device: Vec<u8>,
    /// `consumer`, `shop` or `robot`.
    pub role: String,
    /// Where; none if not reported.
    pub place: Option<Place>,
    /// The verdict in the answer.
    pub verdict: String,
}

/// Stores a scan.
///
/// # Errors
///
/// [`Error`].
pub async fn insert(tx: &Transaction<'_>, scan: &Scan) -> Result<(), Error> {
    let place = scan.place.as_ref();
    execute(
        tx,
        SCANS_INSERT,
        &[
            &crate::items::key(&scan.item),
            &scan.item,
            &system_time(scan.at),
            &scan.device,
            &scan.role,
            &place.map(|place| place.name.as_str()),
            &place.map(|place| place.latitude),
            &place.map(|place| place.longitude),
            &place.map(|place| place.uncertainty_km),
            &scan.verdict,
        ],
    )
    .await?;
    Ok(())
}

/// Scans of an item, newest first, at most 500.
///
/// # Errors
///
/// [`Error`].
pub async fn of_item(db: &Db, item: &str) -> Result<Vec<Scan>, Error> {
    let rows = query(&db.client().await?, SCANS_OF_ITEM, &[&crate::items::key(item)]).await?;
    let mut scans = Vec::with_capacity(rows.len());
    for row in &rows {
        let uri: String = row.get(0);
        if uri != item {
            continue;
        }
        let name: Option<String> = row.get(4);
        scans.push(Scan {
            item: uri,
            at: timestamp(row.get(1))?,
            device: row.get(2),
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
