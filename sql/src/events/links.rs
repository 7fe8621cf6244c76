//! The steps of a trace: in which events a thing is moved, and as what.

use tokio_postgres::types::ToSql;

use crate::db::{Connection, query, query_opt, signed, unsigned, unsigned_or_none};
use crate::error::Error;
use crate::queries::{EVENTS_HEAD, EVENTS_LINKS};

/// Most rows that are given of one thing.
pub const MOST_OF_A_THING: u32 = 1_000;

/// Position of the newest event, and the generation of the projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The position; 0 if there is no event.
    pub position: u64,
    /// How often the projection was begun anew.
    pub generation: u64,
}

/// A thing in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkRow {
    /// Key of the thing.
    pub thing: i64,
    /// The event.
    pub position: u64,
    /// What the thing is there.
    pub role: i16,
}

/// How far the projection is.
///
/// # Errors
///
/// [`Error`].
pub async fn head(connection: &Connection) -> Result<Head, Error> {
    let row = query_opt(connection.client(), EVENTS_HEAD, &[]).await?;
    let row = row.ok_or_else(|| Error::data("the projection has no head, expected one row"))?;
    Ok(Head { position: unsigned(row.get(0))?, generation: unsigned(row.get(1))? })
}

/// The events in which things have one of `roles`, in no order; of each thing the first [`MOST_OF_A_THING`].
///
/// - `newest`: events behind this position are left out.
/// - `most`: at most so many rows. One query, whatever the number of things.
///
/// # Errors
///
/// [`Error`].
pub async fn links(
    connection: &Connection,
    things: &[i64],
    roles: &[i16],
    (newest, most): (u64, u32),
) -> Result<Vec<LinkRow>, Error> {
    if things.is_empty() {
        return Ok(Vec::new());
    }
    let (newest, of_one, most) = (signed(newest)?, i64::from(MOST_OF_A_THING), i64::from(most));
    let parameters: [&(dyn ToSql + Sync); 5] = [&things, &newest, &of_one, &roles, &most];
    let rows = query(connection.client(), EVENTS_LINKS, &parameters).await?;
    let link = |row: &tokio_postgres::Row| LinkRow {
        thing: row.get(0),
        position: unsigned_or_none(row.get(1)),
        role: row.get(2),
    };
    Ok(rows.iter().map(link).collect())
}
