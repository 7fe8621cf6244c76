//! Cases of the desk as the acts that made them, and the searches that people keep.
//!
//! What holds: an act is stored once under its number, so of two people who act at the same time the second is refused and sees what the
//! first did; nothing of a case is changed or deleted (triggers refuse it).
//!
//! Not here: which acts may follow (`inquiry::case`), who may act (`access`).
//!
//! Source: docs/decisions/0077-cases-are-acts.md.

use std::time::SystemTime;

use jiff::Timestamp;
use ledger::Hash;
use tokio_postgres::types::ToSql;

use crate::db::{Db, Transaction, execute, hash, query, query_opt, system_time, timestamp};
use crate::error::Error;
use crate::queries::{
    CASES_ACTS, CASES_FORGET, CASES_INSERT, CASES_INSERT_ACT, CASES_INSERT_MEMBER, CASES_IS_MEMBER,
    CASES_OF_MEMBER, CASES_SAVE, CASES_SAVED,
};

/// An act to store.
#[derive(Debug, Clone, Copy)]
pub struct NewAct<'a> {
    /// Its number within the case, from 1.
    pub number: u32,
    /// Who.
    pub who: &'a str,
    /// Name of the act.
    pub act: &'a str,
    /// The step as JSON.
    pub text: &'a str,
    /// Digest over the digest before and the text.
    pub digest: &'a Hash,
}

/// Begins a case; gives its number.
///
/// # Errors
///
/// [`Error`].
pub async fn insert(tx: &Transaction<'_>, by: &str, at: Timestamp) -> Result<i64, Error> {
    let row = query_opt(tx, CASES_INSERT, &[&by, &system_time(at)]).await?;
    row.map(|row| row.get(0)).ok_or_else(|| Error::data("a new case got no number"))
}

/// Stores an act.
///
/// # Errors
///
/// [`Error::Conflict`] if the case has an act of this number.
pub async fn insert_act(tx: &Transaction<'_>, case: i64, new: &NewAct<'_>) -> Result<(), Error> {
    let number = i32::try_from(new.number).unwrap_or(i32::MAX);
    let digest = &new.digest.0[..];
    let values: [&(dyn ToSql + Sync); 6] = [&case, &number, &new.who, &new.act, &new.text, &digest];
    execute(tx, CASES_INSERT_ACT, &values).await?;
    Ok(())
}

/// Lets somebody work on a case.
///
/// # Errors
///
/// [`Error`].
pub async fn insert_member(tx: &Transaction<'_>, case: i64, subject: &str) -> Result<(), Error> {
    execute(tx, CASES_INSERT_MEMBER, &[&subject, &case]).await?;
    Ok(())
}

/// The acts of a case, in order: text and digest. None if there is no such case.
///
/// # Errors
///
/// [`Error`].
pub async fn acts(db: &Db, case: i64) -> Result<Vec<(String, Hash)>, Error> {
    let rows = query(&db.client().await?, CASES_ACTS, &[&case]).await?;
    rows.iter().map(|row| Ok((row.get(0), hash(row.get(1))?))).collect()
}

/// Whether somebody may work on a case.
///
/// # Errors
///
/// [`Error`].
pub async fn is_member(db: &Db, case: i64, subject: &str) -> Result<bool, Error> {
    let row = query_opt(&db.client().await?, CASES_IS_MEMBER, &[&subject, &case]).await?;
    Ok(row.is_some_and(|row| row.get(0)))
}

/// Cases that somebody may work on, the newest first.
///
/// - `before`: only those of smaller numbers; `i64::MAX` for the first page.
///
/// # Errors
///
/// [`Error`].
pub async fn of_member(db: &Db, subject: &str, before: i64, most: u16) -> Result<Vec<i64>, Error> {
    let values: [&(dyn ToSql + Sync); 3] = [&subject, &before, &i64::from(most)];
    let rows = query(&db.client().await?, CASES_OF_MEMBER, &values).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// A search that somebody keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSearch {
    /// What it is called.
    pub name: String,
    /// What was typed.
    pub search: String,
    /// When.
    pub saved_at: Timestamp,
}

/// The searches that somebody keeps, by name; at most 200.
///
/// # Errors
///
/// [`Error`].
pub async fn saved(db: &Db, subject: &str) -> Result<Vec<SavedSearch>, Error> {
    let rows = query(&db.client().await?, CASES_SAVED, &[&subject]).await?;
    let saved = rows.iter().map(|row| {
        let saved_at = timestamp(row.get::<_, SystemTime>(2))?;
        Ok(SavedSearch { name: row.get(0), search: row.get(1), saved_at })
    });
    saved.collect()
}

/// Keeps a search under a name, in place of one that had it.
///
/// # Errors
///
/// [`Error`].
pub async fn save(
    tx: &Transaction<'_>,
    subject: &str,
    (name, search): (&str, &str),
    at: Timestamp,
) -> Result<(), Error> {
    let values: [&(dyn ToSql + Sync); 4] = [&subject, &name, &search, &system_time(at)];
    execute(tx, CASES_SAVE, &values).await?;
    Ok(())
}

/// Gives a kept search up; gives whether there was one.
///
/// # Errors
///
/// [`Error`].
pub async fn forget(
    tx: &Transaction<'_>,
    subject: &str,
    name: &str,
    at: Timestamp,
) -> Result<bool, Error> {
    let values: [&(dyn ToSql + Sync); 3] = [&subject, &name, &system_time(at)];
    Ok(execute(tx, CASES_FORGET, &values).await? == 1)
}
