//! Keys of programs and people, and what each may see.
//!
//! What holds: only a key's SHA-256 is stored; keys are never removed, and a revoked one stays revoked.
//!
//! Not here: the form of a key and what a role may do (`access`).
//!
//! Source: decision 0058.

use std::time::SystemTime;

use jiff::Timestamp;
use ledger::Hash;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::db::{Db, Transaction, execute, hash, query, query_opt, system_time, timestamp};
use crate::error::Error;
use crate::queries::{
    ACCESS_KEYS_FIND, ACCESS_KEYS_INSERT, ACCESS_KEYS_LIST, ACCESS_KEYS_REVOKE, ACCESS_KEYS_USED,
};

/// Most keys that [`list`] gives at once.
pub const MOST_LISTED: usize = 500;

/// A stored key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// What names it: `chm_` and 8 letters.
    pub prefix: String,
    /// SHA-256 of the whole key.
    pub key_sha256: Hash,
    /// Whose it is.
    pub subject: String,
    /// Name of the role.
    pub role: String,
    /// Products that it is limited to, as stated.
    pub products: Vec<String>,
    /// Parties.
    pub parties: Vec<String>,
    /// Jurisdictions.
    pub jurisdictions: Vec<String>,
    /// From when on, and before when, events are seen.
    pub period: (Option<Timestamp>, Option<Timestamp>),
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

fn stored(row: &Row) -> Result<StoredKey, Error> {
    let time = |column: usize| row.get::<_, Option<SystemTime>>(column).map(timestamp).transpose();
    Ok(StoredKey {
        prefix: row.get(0),
        key_sha256: hash(row.get(1))?,
        subject: row.get(2),
        role: row.get(3),
        products: row.get(4),
        parties: row.get(5),
        jurisdictions: row.get(6),
        period: (time(7)?, time(8)?),
        created_at: timestamp(row.get(9))?,
        expires_at: timestamp(row.get(10))?,
        revoked_at: time(11)?,
        last_used_at: time(12)?,
    })
}

/// Stores a new key.
///
/// # Errors
///
/// [`Error`], also if a key with this prefix is stored.
pub async fn insert(tx: &Transaction<'_>, key: &StoredKey) -> Result<(), Error> {
    let times = [key.period.0, key.period.1].map(|time| time.map(system_time));
    let (created, expires) = (system_time(key.created_at), system_time(key.expires_at));
    let values: [&(dyn ToSql + Sync); 11] = [
        &key.prefix,
        &&key.key_sha256.0[..],
        &key.subject,
        &key.role,
        &key.products,
        &key.parties,
        &key.jurisdictions,
        &times[0],
        &times[1],
        &created,
        &expires,
    ];
    execute(tx, ACCESS_KEYS_INSERT, &values).await?;
    Ok(())
}

/// The key that `prefix` names.
///
/// # Errors
///
/// [`Error`].
pub async fn find(db: &Db, prefix: &str) -> Result<Option<StoredKey>, Error> {
    let row = query_opt(&db.client().await?, ACCESS_KEYS_FIND, &[&prefix]).await?;
    row.as_ref().map(stored).transpose()
}

/// Up to [`MOST_LISTED`] keys after `prefix`, in the order of their prefixes; from the first with an empty one.
///
/// # Errors
///
/// [`Error`].
pub async fn list(db: &Db, after: &str) -> Result<Vec<StoredKey>, Error> {
    query(&db.client().await?, ACCESS_KEYS_LIST, &[&after]).await?.iter().map(stored).collect()
}

/// Revokes a key; gives whether there was one that was not revoked.
///
/// # Errors
///
/// [`Error`].
pub async fn revoke(tx: &Transaction<'_>, prefix: &str, at: Timestamp) -> Result<bool, Error> {
    Ok(execute(tx, ACCESS_KEYS_REVOKE, &[&prefix, &system_time(at)]).await? == 1)
}

/// Notes that a key was used.
///
/// # Errors
///
/// [`Error`].
pub async fn used(tx: &Transaction<'_>, prefix: &str, at: Timestamp) -> Result<(), Error> {
    execute(tx, ACCESS_KEYS_USED, &[&prefix, &system_time(at)]).await?;
    Ok(())
}
