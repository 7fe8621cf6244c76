//! What cases ask of companies, so that the logins of a company find it.
//!
//! What holds: a row is written with the act that asks, and is never changed or deleted (triggers refuse it); it says nothing by itself.
//!
//! Not here: what is asked (`inquiry::inbox` reads it from the acts of the case), who speaks for a company (`access`).
//!
//! Source: docs/decisions/0096-companies-reply-themselves.md.

use tokio_postgres::types::ToSql;

use crate::db::{Db, Transaction, execute, query, query_opt};
use crate::error::Error;
use crate::queries::{INBOX_INSERT, INBOX_OF_PARTIES, INBOX_PARTY_OF};

/// Where something is asked of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The key of the company.
    pub party: String,
    /// The case.
    pub case: i64,
    /// Number of the act that asks.
    pub number: u32,
}

fn stored(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Stores what a case asks of companies, as far as it is not stored: the key of each with the number of the act.
///
/// # Errors
///
/// [`Error`].
pub async fn insert(tx: &Transaction<'_>, case: i64, asked: &[(&str, u32)]) -> Result<(), Error> {
    if asked.is_empty() {
        return Ok(());
    }
    let parties: Vec<&str> = asked.iter().map(|(party, _)| *party).collect();
    let numbers: Vec<i32> = asked.iter().map(|(_, number)| stored(*number)).collect();
    execute(tx, INBOX_INSERT, &[&case, &parties, &numbers]).await?;
    Ok(())
}

/// What is asked of some companies, the newest case first, and in a case the newest act.
///
/// - `before`: only what stands before this case and number.
///
/// # Errors
///
/// [`Error`].
pub async fn of_parties(
    db: &Db,
    parties: &[&str],
    before: Option<(i64, u32)>,
    most: u16,
) -> Result<Vec<Row>, Error> {
    let (case, number) = before.map_or((i64::MAX, 0), |(case, number)| (case, stored(number)));
    let values: [&(dyn ToSql + Sync); 4] = [&parties, &case, &number, &i64::from(most)];
    let rows = query(&db.client().await?, INBOX_OF_PARTIES, &values).await?;
    let rows = rows.iter().map(|row| {
        let number = u32::try_from(row.get::<_, i32>(2));
        let number = number.map_err(|_| Error::data("an act has a number below 0"))?;
        Ok(Row { party: row.get(0), case: row.get(1), number })
    });
    rows.collect()
}

/// Of which of some companies something is asked in an act of a case.
///
/// # Errors
///
/// [`Error`].
pub async fn party_of(
    db: &Db,
    parties: &[&str],
    case: i64,
    number: u32,
) -> Result<Option<String>, Error> {
    let values: [&(dyn ToSql + Sync); 3] = [&parties, &case, &stored(number)];
    let row = query_opt(&db.client().await?, INBOX_PARTY_OF, &values).await?;
    Ok(row.map(|row| row.get(0)))
}
