//! What the item index leads to: places of records, with the versions of their rows.
//!
//! What holds: what is read is bounded, however many entries a key has; no text is read.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::db::{Connection, query};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{ITEMS_FOUND, ITEMS_PLACES};
use crate::row_version::RowVersion;
use crate::stretches::{Stretches, divide};

/// An entry of the index.
#[derive(Debug, Clone)]
pub struct Found {
    /// The key that it is an entry of.
    pub key: i64,
    /// The ledger.
    pub ledger: LedgerId,
    /// The record's place in it.
    pub index: u64,
    /// The row that has the record; none if the ledger does not have it.
    pub row: Option<FoundRow>,
}

/// A row that has a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundRow {
    /// Its version.
    pub version: RowVersion,
    /// Bytes of the record's text.
    pub bytes: u64,
}

/// All entries of the index under some keys, in no order; none if there are more than `most`.
///
/// - One query, whatever the number of keys, ledgers and records.
///
/// # Errors
///
/// [`Error`].
pub async fn found(
    connection: &Connection,
    keys: &[i64],
    most: u32,
) -> Result<Option<Vec<Found>>, Error> {
    Ok(found_of_all(connection, &[(keys, most)]).await?.pop().flatten())
}

/// As [`found`], for several who ask, by one query.
pub(crate) async fn found_of_all(
    connection: &Connection,
    asked: &[(&[i64], u32)],
) -> Result<Vec<Option<Vec<Found>>>, Error> {
    let keys: Stretches<i64> = asked.iter().map(|(keys, _)| keys.iter().copied()).collect();
    let most: Vec<i64> = asked.iter().map(|(_, most)| i64::from(*most)).collect();
    let values: [&(dyn ToSql + Sync); 4] = [&keys.all, &keys.first, &keys.last, &most];
    let rows = query(connection.client(), ITEMS_FOUND, &values).await?;
    let divided = divide(&rows, 8, asked.len())?;
    let answers = divided.into_iter().zip(asked).map(|(rows, (_, most))| {
        let is_all = rows.len() <= usize::try_from(*most).unwrap_or(usize::MAX);
        is_all.then(|| rows.into_iter().filter_map(entry).collect())
    });
    Ok(answers.collect())
}

/// None for a negative place: no ledger has a record there.
fn entry(row: &Row) -> Option<Found> {
    let (ledger, index) = (LedgerId(row.get(1)), u64::try_from(row.get::<_, i64>(2)).ok()?);
    let version = RowVersion::of_row(row, 3);
    let found = version.map(|version| FoundRow { version, bytes: bytes(row) });
    Some(Found { key: row.get(0), ledger, index, row: found })
}

/// Bytes between the ends of the text before and its own, within the texts that there are.
fn bytes(row: &Row) -> u64 {
    let column = |place: usize| row.get::<_, Option<i32>>(place).unwrap_or_default().max(0);
    let (all, begin, behind) = (column(5), column(6), column(7));
    u64::try_from(behind.min(all) - begin.min(all)).unwrap_or_default()
}

/// Entries of the index under some keys: of each key in each ledger the newest, in no order.
///
/// - `most`: of one key in one ledger.
///
/// # Errors
///
/// [`Error`].
pub async fn places(
    connection: &Connection,
    keys: &[i64],
    most: u32,
) -> Result<Vec<(i64, LedgerId, u64)>, Error> {
    let values: [&(dyn ToSql + Sync); 2] = [&keys, &i64::from(most)];
    let rows = query(connection.client(), ITEMS_PLACES, &values).await?;
    let place = |row: &Row| {
        let index = u64::try_from(row.get::<_, i64>(2)).ok()?;
        Some((row.get(0), LedgerId(row.get(1)), index))
    };
    Ok(rows.iter().filter_map(place).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;

    #[tokio::test]
    async fn an_index_with_very_many_entries_of_a_key_gives_the_newest_of_each_ledger_and_no_more()
    {
        let db = TestDb::migrated("found_bounded").await;
        let fill = "insert into ledgers (origin, kind, party, created_at)
               select 'l' || n, 'site', '', now() from generate_series(1, 3) as n;
             insert into item_records select 7, min(ledger_id), n from ledgers, generate_series(0, 4999) as n group by n;
             insert into item_records select 7, max(ledger_id), 3 from ledgers;
             insert into item_records select 8, max(ledger_id), -1 from ledgers;
             insert into item_records select 8, max(ledger_id), 4 from ledgers";
        db.execute(fill).await.unwrap();
        let connection = db.connection().await.unwrap();
        assert!(found(&connection, &[7], 200).await.unwrap().is_none());
        assert!(found(&connection, &[7, 8], 5000).await.unwrap().is_none());
        let few = found(&connection, &[8, 9], 200).await.unwrap().unwrap();
        assert_eq!(few.iter().map(|one| (one.key, one.index)).collect::<Vec<_>>(), [(8, 4)]);
        assert!(few[0].row.is_none(), "the ledger has no such record");
        let mut all = places(&connection, &[7, 8, 9], 3).await.unwrap();
        all.sort_unstable_by_key(|(key, ledger, index)| (*key, *ledger, *index));
        let all: Vec<(i64, u64)> = all.into_iter().map(|(key, _, index)| (key, index)).collect();
        assert_eq!(all, [(7, 4997), (7, 4998), (7, 4999), (7, 3), (8, 4)]);
    }
}
