//! Which version of a row was read, so that what it said need not be read again.
//!
//! What holds: no statement changes what a version says. PostgreSQL never writes over a row: an update makes another version, at another place
//! and of another transaction. Whoever changes the files below PostgreSQL changes what a version says without making another one.
//!
//! Not here: what is remembered of a version (`history::cache`).
//!
//! Source: PostgreSQL's documentation, "System Columns" (`ctid`, `xmin`).

use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

/// A version of a row: its place in the table's files, and the transaction that wrote it there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct RowVersion {
    /// Block and line, as PostgreSQL sends them.
    place: [u8; 6],
    /// Number of the transaction, as PostgreSQL sends it.
    written_by: [u8; 4],
}

impl RowVersion {
    /// Reads `ctid` and `xmin` from the columns from `first` on; none if there was no row.
    pub(crate) fn of_row(row: &Row, first: usize) -> Option<Self> {
        let place: Option<Bytes<6>> = row.get(first);
        let written_by: Option<Bytes<4>> = row.get(first + 1);
        Some(Self { place: place?.0, written_by: written_by?.0 })
    }
}

/// A system column of a fixed number of bytes.
struct Bytes<const COUNT: usize>([u8; COUNT]);

impl<'a, const COUNT: usize> FromSql<'a> for Bytes<COUNT> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.try_into()?))
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::TID | Type::XID)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;

    #[tokio::test]
    async fn a_row_has_one_version_until_a_statement_changes_it() {
        let db = TestDb::empty("row_version").await;
        let session = db.session().await;
        session.batch_execute("create table t (a integer, b text)").await.unwrap();
        session.batch_execute("insert into t values (1, 'one'), (2, 'two')").await.unwrap();
        let version = async |of: i32| {
            let row = session.query_one("select ctid, xmin from t where a = $1", &[&of]).await;
            RowVersion::of_row(&row.unwrap(), 0).unwrap()
        };
        let (first, other) = (version(1).await, version(2).await);
        assert_ne!(first, other, "rows of one transaction have places of their own");
        session.batch_execute("vacuum freeze t").await.unwrap();
        assert_eq!(version(1).await, first);
        let mut seen = vec![first, other];
        for change in [
            "update t set b = 'altered' where a = 1",
            "update t set b = 'one' where a = 1",
            "update t set b = b where a = 1",
            "vacuum full t",
            "begin; delete from t where a = 1; insert into t values (1, 'again'); commit",
        ] {
            for statement in change.split("; ") {
                session.batch_execute(statement).await.unwrap();
            }
            let now = version(1).await;
            assert!(!seen.contains(&now), "{change}: {now:?}");
            seen.push(now);
        }
    }
}
