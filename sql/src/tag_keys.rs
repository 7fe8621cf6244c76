//! Keys of chips, encrypted.
//!
//! What holds: a key set is stored as it was encrypted and read by whoever has the secret; at most one of a name holds; rows are kept
//! when they are retired, and a retired one stays retired.
//!
//! Not here: what a key set says (`tag_auth::tag_keys`), its encryption (`keystore::wrapped`).
//!
//! Source: docs/decisions/0081-taps-are-checked-once.md.

use std::time::SystemTime;

use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use crate::db::{
    Db, Transaction, execute, query, query_opt, signed, system_time, timestamp, unsigned,
};
use crate::error::Error;
use crate::queries::{TAG_KEYS_INSERT, TAG_KEYS_LIST, TAG_KEYS_OF_PRODUCT, TAG_KEYS_RETIRE};

/// Fewest first digits of a GTIN that name products.
const LEAST_DIGITS: usize = 4;

/// A key set to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKeySet<'a> {
    /// What the operator calls it.
    pub name: &'a str,
    /// GTINs of 14 digits, or their first digits, at least 4.
    pub products: &'a [String],
    /// `aes`, `lrp` or `tam1`.
    pub algorithm: &'a str,
    /// By which people compare keys.
    pub check_value: &'a str,
    /// The encrypted text.
    pub wrapped: &'a [u8],
    /// When.
    pub imported_at: Timestamp,
}

/// What is known of a key set without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKeySet {
    /// Its number.
    pub id: u64,
    /// What the operator calls it.
    pub name: String,
    /// As in [`NewKeySet`].
    pub products: Vec<String>,
    /// `aes`, `lrp` or `tam1`.
    pub algorithm: String,
    /// By which people compare keys.
    pub check_value: String,
    /// When it was imported.
    pub imported_at: Timestamp,
    /// When it was retired.
    pub retired_at: Option<Timestamp>,
}

/// A key set that holds, encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKeySet {
    /// What the operator calls it.
    pub name: String,
    /// As in [`NewKeySet`].
    pub products: Vec<String>,
    /// As in [`NewKeySet`].
    pub algorithm: String,
    /// The encrypted text.
    pub wrapped: Vec<u8>,
}

/// Stores a key set and gives its number; none if one of this name holds.
///
/// # Errors
///
/// [`Error`]; only the owner may.
pub async fn insert(tx: &Transaction<'_>, new: &NewKeySet<'_>) -> Result<Option<u64>, Error> {
    let values: [&(dyn ToSql + Sync); 6] = [
        &new.name,
        &new.products,
        &new.algorithm,
        &new.check_value,
        &new.wrapped,
        &system_time(new.imported_at),
    ];
    let row = query_opt(tx, TAG_KEYS_INSERT, &values).await?;
    row.map(|row| unsigned(row.get(0))).transpose()
}

/// Key sets with numbers above `after`, at most 500, in order, those that were retired among them.
///
/// # Errors
///
/// [`Error`]; only the owner may.
pub async fn list(db: &Db, after: u64) -> Result<Vec<ListedKeySet>, Error> {
    let rows = query(&db.client().await?, TAG_KEYS_LIST, &[&signed(after)?]).await?;
    let listed = rows.iter().map(|row| {
        let retired: Option<SystemTime> = row.get(6);
        Ok(ListedKeySet {
            id: unsigned(row.get(0))?,
            name: row.get(1),
            products: row.get(2),
            algorithm: row.get(3),
            check_value: row.get(4),
            imported_at: timestamp(row.get(5))?,
            retired_at: retired.map(timestamp).transpose()?,
        })
    });
    listed.collect()
}

/// Retires a key set; gives whether there was one of this number that held.
///
/// # Errors
///
/// [`Error`]; only the owner may.
pub async fn retire(tx: &Transaction<'_>, id: u64, now: Timestamp) -> Result<bool, Error> {
    Ok(execute(tx, TAG_KEYS_RETIRE, &[&signed(id)?, &system_time(now)]).await? == 1)
}

/// The key sets that hold for a product, the oldest first.
///
/// - `gtin`: 14 digits.
///
/// # Errors
///
/// [`Error`].
pub async fn of_product(db: &Db, gtin: &str) -> Result<Vec<WrappedKeySet>, Error> {
    let firsts: Vec<&str> =
        (LEAST_DIGITS..=gtin.len()).filter_map(|digits| gtin.get(..digits)).collect();
    let rows = query(&db.client().await?, TAG_KEYS_OF_PRODUCT, &[&firsts]).await?;
    let wrapped = rows.iter().map(|row| WrappedKeySet {
        name: row.get(0),
        products: row.get(1),
        algorithm: row.get(2),
        wrapped: row.get(3),
    });
    Ok(wrapped.collect())
}
