//! The plainest statements that store or fetch the rows of a ledger, for the bench: what our own way is compared with.
//!
//! The way through: [`prepare`] makes the tables; [`insert`] is one row in a transaction of its own, [`rows_naming`] one
//! prepared query for the records that name some items, [`Copied`] the stored rows of a ledger, copied once more by one
//! client.
//!
//! What holds: the tables lie in a schema of their own; a copy has the columns, constraints and indexes of the table that
//! it is compared with. No process of the product calls anything here.
//!
//! Not here: clocks and rounds (`demo`).

use bytes::{Bytes, BytesMut};
use futures::{SinkExt as _, TryStreamExt as _};

use crate::db::{Db, execute, query, signed};
use crate::error::Error;
use crate::ledgers;

/// What [`insert`] does.
const INSERT: &str = "insert into floors.bodies (body) values ($1)";

/// What [`rows_naming`] does: places of the records by the index, then each record by its slices.
const ROWS_NAMING: &str = "
select substring(c.texts from s.first for greatest(c.text_ends[s.place] - s.first + 1, 0)),
       substring(c.secrets from 16 * s.place - 15 for 16),
       substring(c.leaf_hashes from 32 * s.place - 31 for 32)
from (select distinct ledger_id, leaf_index from item_records where item_key = any($1)) as i
cross join lateral (
  select first_leaf, leaf_hashes, secrets, texts, text_ends from record_chunks
  where ledger_id = i.ledger_id and first_leaf <= i.leaf_index
  order by first_leaf desc limit 1
) as c
cross join lateral (
  select n.place, coalesce(c.text_ends[n.place - 1], 0) + 1 as first
  from (select (i.leaf_index - c.first_leaf + 1)::integer) as n (place)
) as s";

/// Makes the schema `floors`, empty.
///
/// # Errors
///
/// [`Error`]; only the owner may.
pub async fn prepare(db: &Db) -> Result<(), Error> {
    let text = "drop schema if exists floors cascade; create schema floors; \
                create table floors.bodies (id bigint generated always as identity primary key, \
                body bytea not null, at timestamptz not null default now())";
    Ok(db.client().await?.batch_execute(text).await?)
}

/// Inserts one row, in a transaction of its own.
///
/// # Errors
///
/// [`Error`].
pub async fn insert(db: &Db, body: &[u8]) -> Result<(), Error> {
    execute(&db.client().await?, INSERT, &[&body]).await.map(drop)
}

/// Inserts so many small rows more, in one statement.
///
/// # Errors
///
/// [`Error`].
pub async fn fill(db: &Db, count: u64) -> Result<(), Error> {
    let text = "insert into floors.bodies (body) select sha256(n::text::bytea) from generate_series(1, $1::bigint) as n";
    let client = db.client().await?;
    client.batch_execute("create schema if not exists floors; create table if not exists floors.bodies \
        (id bigint generated always as identity primary key, body bytea not null, at timestamptz not null default now())").await?;
    execute(&client, text, &[&signed(count)?]).await.map(drop)
}

/// One row by its primary key: the bytes that it has, none if there is none.
///
/// # Errors
///
/// [`Error`].
pub async fn one(db: &Db, id: u64) -> Result<Option<usize>, Error> {
    let text = "select body from floors.bodies where id = $1";
    let rows = query(&db.client().await?, text, &[&signed(id)?]).await?;
    Ok(rows.first().map(|row| row.get::<_, &[u8]>(0).len()))
}

/// The records that name any of `keys` ([`crate::items::key`]), each once, by one prepared query: their number, and the bytes of
/// their texts, secrets and hashes together.
///
/// # Errors
///
/// [`Error`].
pub async fn rows_naming(db: &Db, keys: &[i64]) -> Result<(usize, usize), Error> {
    let rows = query(&db.client().await?, ROWS_NAMING, &[&keys]).await?;
    let bytes = |row: &tokio_postgres::Row| {
        (0..3).map(|column| row.get::<_, &[u8]>(column).len()).sum::<usize>()
    };
    Ok((rows.len(), rows.iter().map(bytes).sum()))
}

/// Cleans up records and their index and takes statistics of them, as PostgreSQL does by itself some time after many were added. Before that
/// [`rows_naming`] has the plan of an empty table and reads many times as much, and every look into the index visits the rows; so a measure
/// was of both states, one after the other.
///
/// # Errors
///
/// [`Error`]; only the owner may.
pub async fn clean_up(db: &Db) -> Result<(), Error> {
    let client = db.client().await?;
    for text in [
        "set statement_timeout = 0",
        "vacuum (analyze) item_records",
        "vacuum (analyze) record_chunks",
        "reset statement_timeout",
    ] {
        client.batch_execute(text).await?;
    }
    Ok(())
}

/// The stored rows of a ledger, as PostgreSQL's COPY gives and takes them.
#[derive(Debug)]
pub struct Copied {
    /// Chunks of records, and the index from items to records.
    parts: [Part; 2],
}

/// Rows of one table.
#[derive(Debug)]
struct Part {
    /// The table, and the table of the same form that they are copied to.
    tables: [&'static str; 2],
    rows: Bytes,
}

impl Copied {
    /// Takes the rows of the records of `origin` from `from` on, and makes empty tables of the same form.
    ///
    /// # Errors
    ///
    /// [`Error`], also if there is no such ledger.
    pub async fn of(db: &Db, origin: &str, from: u64) -> Result<Self, Error> {
        let ledger = ledgers::find(db, origin).await?;
        let ledger = ledger.ok_or_else(|| Error::data(format!("there is no ledger `{origin}`")))?;
        let (id, from) = (ledger.id.0, signed(from)?);
        let client = db.client().await?;
        let mut parts = Vec::with_capacity(2);
        for (tables, place) in [
            (["record_chunks", "floors.record_chunks"], "first_leaf"),
            (["item_records", "floors.item_records"], "leaf_index"),
        ] {
            let [table, copy] = tables;
            let make = format!(
                "drop table if exists {copy}; create table {copy} (like {table} including all)"
            );
            client.batch_execute(&make).await?;
            let out = format!(
                "copy (select * from {table} where ledger_id = {id} and {place} >= {from}) to stdout (format binary)"
            );
            let stream = client.copy_out(&out).await?;
            let rows = stream
                .try_fold(BytesMut::new(), |mut all, part| async move {
                    all.extend_from_slice(&part);
                    Ok(all)
                })
                .await?;
            parts.push(Part { tables, rows: rows.freeze() });
        }
        let parts = parts.try_into().map_err(|_| Error::data("there are two tables"))?;
        Ok(Self { parts })
    }

    /// Bytes of all rows.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.rows.len()).sum()
    }

    /// Copies the rows into the empty tables, in one transaction, as one client does; gives the number of rows.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn load(&self, db: &Db) -> Result<u64, Error> {
        let mut client = db.client().await?;
        let tx = client.transaction().await?;
        let mut count = 0;
        for Part { tables: [_, table], rows } in &self.parts {
            let sink = tx.copy_in(&format!("copy {table} from stdin (format binary)")).await?;
            let mut sink = std::pin::pin!(sink);
            sink.send(rows.clone()).await?;
            count += sink.finish().await?;
        }
        tx.commit().await?;
        Ok(count)
    }

    /// Empties the tables again.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn clear(&self, db: &Db) -> Result<(), Error> {
        let client = db.client().await?;
        for Part { tables: [_, table], .. } in &self.parts {
            client.batch_execute(&format!("truncate {table}")).await?;
        }
        Ok(())
    }
}

/// Bytes of the records of all site ledgers, and their number.
///
/// # Errors
///
/// [`Error`].
pub async fn totals(db: &Db) -> Result<(u64, u64), Error> {
    let text = "select coalesce(sum(octet_length(texts)), 0)::bigint, coalesce(sum(leaf_count), 0)::bigint from record_chunks";
    let row = db.client().await?.query_one(text, &[]).await?;
    Ok((crate::db::unsigned(row.get(0))?, crate::db::unsigned(row.get(1))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;

    #[tokio::test]
    async fn a_row_is_inserted_in_a_transaction_of_its_own() {
        let db = TestDb::migrated("floor_insert").await;
        prepare(&db).await.unwrap();
        insert(&db, b"one").await.unwrap();
        insert(&db, b"two").await.unwrap();
        assert_eq!(one(&db, 2).await.unwrap(), Some(3));
        fill(&db, 4).await.unwrap();
        assert_eq!((one(&db, 6).await.unwrap(), one(&db, 7).await.unwrap()), (Some(32), None));
        let rows = db
            .client()
            .await
            .unwrap()
            .query("select distinct xmin::text from floors.bodies where id <= 2", &[])
            .await;
        assert_eq!(rows.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn the_rows_of_a_ledger_are_copied_into_tables_of_the_same_form_and_found_by_one_query() {
        let db = TestDb::migrated("floor_copy").await;
        let client = db.client().await.unwrap();
        client
            .batch_execute(
                "insert into ledgers (origin, kind, party, created_at) values ('a', 'site', 'A', now());
                 insert into record_chunks values (1, 0, 2, decode(repeat('00', 64), 'hex'),
                   decode(repeat('11', 32), 'hex'), 'onethree', array[3, 8]);
                 insert into record_chunks values (1, 2, 1, decode(repeat('22', 32), 'hex'),
                   decode(repeat('33', 16), 'hex'), 'seventh', array[7]);
                 insert into item_records values (7, 1, 1), (7, 1, 2), (8, 1, 0), (8, 1, 2)",
            )
            .await
            .unwrap();
        assert_eq!(rows_naming(&db, &[7]).await.unwrap(), (2, 5 + 7 + 2 * 48));
        assert_eq!(rows_naming(&db, &[7, 8]).await.unwrap(), (3, 3 + 5 + 7 + 3 * 48));
        assert_eq!(totals(&db).await.unwrap(), (15, 3));
        clean_up(&db).await.unwrap();
        assert_eq!(rows_naming(&db, &[7]).await.unwrap(), (2, 5 + 7 + 2 * 48));
        prepare(&db).await.unwrap();
        let copied = Copied::of(&db, "a", 0).await.unwrap();
        assert_eq!(copied.load(&db).await.unwrap(), 6);
        assert!(copied.load(&db).await.is_err(), "the copy has the primary key");
        copied.clear(&db).await.unwrap();
        assert_eq!(copied.load(&db).await.unwrap(), 6);
        assert_eq!(Copied::of(&db, "a", 2).await.unwrap().load(&db).await.unwrap(), 3);
        assert!(Copied::of(&db, "b", 0).await.is_err());
    }
}
