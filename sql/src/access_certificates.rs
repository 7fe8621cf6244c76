//! Client certificates of machines, and what each may see.
//!
//! What holds: a certificate is known by the SHA-256 of its public key, so that a renewed one with the same key is the same machine;
//! enrolments are never removed; a key that was revoked is never enrolled again.
//!
//! Not here: chains and validity of certificates (`process::tls`), what a role may do (`access`).
//!
//! Source: decision 0073.

use jiff::Timestamp;
use ledger::Hash;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::access_limits::{StoredLimits, optional_time};
use crate::db::{Db, Transaction, execute, hash, query, query_opt, system_time, timestamp};
use crate::error::Error;
use crate::queries::{
    ACCESS_CERTIFICATES_FIND, ACCESS_CERTIFICATES_INSERT, ACCESS_CERTIFICATES_LIST,
    ACCESS_CERTIFICATES_REVOKE, ACCESS_CERTIFICATES_USED,
};

/// An enrolled public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCertificate {
    /// SHA-256 of its `SubjectPublicKeyInfo` (DER).
    pub spki_sha256: Hash,
    /// Whose it is.
    pub subject: String,
    /// Role and limits.
    pub limits: StoredLimits,
    /// When it was enrolled.
    pub created_at: Timestamp,
    /// When the enrolment ends, whatever the certificate says.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

fn stored(row: &Row) -> Result<StoredCertificate, Error> {
    Ok(StoredCertificate {
        spki_sha256: hash(row.get(0))?,
        subject: row.get(1),
        limits: StoredLimits::of(row, 2)?,
        created_at: timestamp(row.get(8))?,
        expires_at: timestamp(row.get(9))?,
        revoked_at: optional_time(row, 10)?,
        last_used_at: optional_time(row, 11)?,
    })
}

/// Enrols a public key; gives false, and stores nothing, if it is enrolled already or was ever revoked.
///
/// # Errors
///
/// [`Error`].
pub async fn insert(tx: &Transaction<'_>, new: &StoredCertificate) -> Result<bool, Error> {
    let times = new.limits.times();
    let (created, expires) = (system_time(new.created_at), system_time(new.expires_at));
    let key = &new.spki_sha256.0[..];
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&key, &new.subject];
    values.extend(new.limits.parameters(&times));
    values.extend([&created as &(dyn ToSql + Sync), &expires]);
    Ok(execute(tx, ACCESS_CERTIFICATES_INSERT, &values).await? == 1)
}

/// The newest enrolment of a public key.
///
/// # Errors
///
/// [`Error`].
pub async fn find(db: &Db, spki_sha256: &Hash) -> Result<Option<StoredCertificate>, Error> {
    let client = db.client().await?;
    let row = query_opt(&client, ACCESS_CERTIFICATES_FIND, &[&&spki_sha256.0[..]]).await?;
    row.as_ref().map(stored).transpose()
}

/// Up to 500 enrolments, in order of their keys; those behind `after`, or the first ones.
///
/// # Errors
///
/// [`Error`].
pub async fn list(
    db: &Db,
    after: Option<(Hash, Timestamp)>,
) -> Result<Vec<StoredCertificate>, Error> {
    let (key, at) = after.unwrap_or((Hash([0; 32]), Timestamp::UNIX_EPOCH));
    let parameters: [&(dyn ToSql + Sync); 2] = [&&key.0[..], &system_time(at)];
    let rows = query(&db.client().await?, ACCESS_CERTIFICATES_LIST, &parameters).await?;
    rows.iter().map(stored).collect()
}

/// Revokes a public key for ever; gives whether it was enrolled and not revoked.
///
/// # Errors
///
/// [`Error`].
pub async fn revoke(tx: &Transaction<'_>, key: &Hash, at: Timestamp) -> Result<bool, Error> {
    let parameters: [&(dyn ToSql + Sync); 2] = [&&key.0[..], &system_time(at)];
    Ok(execute(tx, ACCESS_CERTIFICATES_REVOKE, &parameters).await? > 0)
}

/// Notes that a certificate was used.
///
/// # Errors
///
/// [`Error`].
pub async fn used(
    tx: &Transaction<'_>,
    of: &StoredCertificate,
    at: Timestamp,
) -> Result<(), Error> {
    let (key, created, at) = (&of.spki_sha256.0[..], system_time(of.created_at), system_time(at));
    execute(tx, ACCESS_CERTIFICATES_USED, &[&key, &created, &at]).await?;
    Ok(())
}
