//! Sessions of people who logged in with a browser.
//!
//! What holds: of secrets only the SHA-256 is stored; a login at a provider begins one session, however often it is shown; a secret is
//! replaced once, by whoever comes first.
//!
//! Not here: how long a session lasts and what its secrets are (`access::Session`), who it is (`gate`).
//!
//! Source: decision 0071.

use std::time::SystemTime;

use jiff::Timestamp;
use ledger::Hash;
use tokio_postgres::Row;

use crate::db::{
    Db, Transaction, execute, hash, query, query_opt, system_time, timestamp, unsigned,
};
use crate::error::Error;
use crate::queries::{
    SESSIONS_DELETE_BEFORE, SESSIONS_END, SESSIONS_FIND, SESSIONS_INSERT, SESSIONS_LIST,
    SESSIONS_ROTATE, SESSIONS_USED,
};

/// Most sessions that [`delete_before`] deletes at once, as `delete_sessions` has it.
pub const MOST_DELETED: u64 = 10_000;

/// How somebody logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoggedInBy {
    /// With the key of this prefix.
    Key(String),
    /// At the provider with this issuer.
    Provider(String),
}

/// A session that begins.
#[derive(Debug, Clone)]
pub struct NewSession<'a> {
    /// SHA-256 of its secret.
    pub secret: &'a Hash,
    /// SHA-256 of the login at the provider; none with a key.
    pub login: Option<&'a Hash>,
    /// How.
    pub by: &'a LoggedInBy,
    /// Whose it is.
    pub subject: &'a str,
    /// What its holder was given, as JSON.
    pub grants: &'a str,
    /// When it begins.
    pub began_at: Timestamp,
}

/// A stored session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// Its number.
    pub id: i64,
    /// SHA-256 of its secret.
    pub secret: Hash,
    /// SHA-256 of the secret before.
    pub previous: Option<Hash>,
    /// How.
    pub by: LoggedInBy,
    /// Whose it is.
    pub subject: String,
    /// What its holder was given, as JSON.
    pub grants: String,
    /// When it began.
    pub began_at: Timestamp,
    /// When its secret was made.
    pub secret_made_at: Timestamp,
    /// When it was last used, to the minute.
    pub used_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
}

fn stored(row: &Row) -> Result<StoredSession, Error> {
    let (key, issuer): (Option<String>, Option<String>) = (row.get(3), row.get(4));
    let by = match (key, issuer) {
        (Some(prefix), None) => LoggedInBy::Key(prefix),
        (None, Some(issuer)) => LoggedInBy::Provider(issuer),
        _ => return Err(Error::data("a session has a key and an issuer, expected one of them")),
    };
    Ok(StoredSession {
        id: row.get(0),
        secret: hash(row.get(1))?,
        previous: row.get::<_, Option<&[u8]>>(2).map(hash).transpose()?,
        by,
        subject: row.get(5),
        grants: row.get(6),
        began_at: timestamp(row.get(7))?,
        secret_made_at: timestamp(row.get(8))?,
        used_at: timestamp(row.get(9))?,
        ended_at: row.get::<_, Option<SystemTime>>(10).map(timestamp).transpose()?,
    })
}

/// Stores a new session; gives whether it was stored. It is not if its login began one before.
///
/// # Errors
///
/// [`Error`].
pub async fn insert(tx: &Transaction<'_>, new: &NewSession<'_>) -> Result<bool, Error> {
    let login = new.login.map(|login| &login.0[..]);
    let (key, issuer) = match new.by {
        LoggedInBy::Key(prefix) => (Some(prefix), None),
        LoggedInBy::Provider(issuer) => (None, Some(issuer)),
    };
    let began = system_time(new.began_at);
    let secret = &new.secret.0[..];
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
        [&secret, &login, &key, &issuer, &new.subject, &new.grants, &began];
    Ok(execute(tx, SESSIONS_INSERT, &values).await? == 1)
}

/// The session whose secret, or secret before, has this SHA-256.
///
/// # Errors
///
/// [`Error`].
pub async fn find(db: &Db, digest: &Hash) -> Result<Option<StoredSession>, Error> {
    let row = query_opt(&db.client().await?, SESSIONS_FIND, &[&&digest.0[..]]).await?;
    row.as_ref().map(stored).transpose()
}

/// Up to 500 sessions after a number, in order of their numbers; from the first with 0. Those that ended are among them for a day.
///
/// # Errors
///
/// [`Error`].
pub async fn list(db: &Db, after: i64) -> Result<Vec<StoredSession>, Error> {
    query(&db.client().await?, SESSIONS_LIST, &[&after]).await?.iter().map(stored).collect()
}

/// Replaces a secret; gives whether this call did. It does not if another one did before, or the session was ended.
///
/// # Errors
///
/// [`Error`].
pub async fn rotate(
    tx: &Transaction<'_>,
    old: &Hash,
    new: &Hash,
    at: Timestamp,
) -> Result<bool, Error> {
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&&old.0[..], &&new.0[..], &system_time(at)];
    Ok(execute(tx, SESSIONS_ROTATE, &values).await? == 1)
}

/// Notes that a session was used.
///
/// # Errors
///
/// [`Error`].
pub async fn used(tx: &Transaction<'_>, id: i64, at: Timestamp) -> Result<(), Error> {
    execute(tx, SESSIONS_USED, &[&id, &system_time(at)]).await?;
    Ok(())
}

/// Ends a session; gives whether it had not ended.
///
/// # Errors
///
/// [`Error`].
pub async fn end(tx: &Transaction<'_>, id: i64, at: Timestamp) -> Result<bool, Error> {
    Ok(execute(tx, SESSIONS_END, &[&id, &system_time(at)]).await? == 1)
}

/// Deletes sessions that began before `before`, at least a day ago; at most [`MOST_DELETED`]. Gives their number.
///
/// # Errors
///
/// [`Error`], also if `before` is later.
pub async fn delete_before(tx: &Transaction<'_>, before: Timestamp) -> Result<u64, Error> {
    let row = query_opt(tx, SESSIONS_DELETE_BEFORE, &[&system_time(before)]).await?;
    row.map_or(Ok(0), |row| unsigned(row.get(0)))
}
