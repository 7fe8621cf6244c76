//! Role and limits of somebody as they are stored: the same columns for keys, certificates and rights of an emergency.
//!
//! What holds: limits are kept as they were stated; what they mean, and whether they are enough for the role, is decided when they are
//! read (`access`).
//!
//! Source: decision 0058.

use std::time::SystemTime;

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::access_keys::StoredKey;
use crate::db::{system_time, timestamp};
use crate::error::Error;

/// Role and limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredLimits {
    /// Name of the role.
    pub role: String,
    /// Products, as stated.
    pub products: Vec<String>,
    /// Parties.
    pub parties: Vec<String>,
    /// Jurisdictions.
    pub jurisdictions: Vec<String>,
    /// From when on, and before when, events are seen.
    pub period: (Option<Timestamp>, Option<Timestamp>),
}

impl StoredLimits {
    /// Those of six columns, the role first.
    pub(crate) fn of(row: &Row, first: usize) -> Result<Self, Error> {
        let at = |column| optional_time(row, column);
        Ok(Self {
            role: row.get(first),
            products: row.get(first + 1),
            parties: row.get(first + 2),
            jurisdictions: row.get(first + 3),
            period: (at(first + 4)?, at(first + 5)?),
        })
    }

    /// Those of a key.
    #[must_use]
    pub fn of_key(key: &StoredKey) -> Self {
        Self {
            role: key.role.clone(),
            products: key.products.clone(),
            parties: key.parties.clone(),
            jurisdictions: key.jurisdictions.clone(),
            period: key.period,
        }
    }

    /// The period, as parameters of a query.
    pub(crate) fn times(&self) -> [Option<SystemTime>; 2] {
        [self.period.0, self.period.1].map(|time| time.map(system_time))
    }

    /// The parameters of a query, in the order of the columns.
    pub(crate) fn parameters<'a>(
        &'a self,
        times: &'a [Option<SystemTime>; 2],
    ) -> [&'a (dyn ToSql + Sync); 6] {
        [&self.role, &self.products, &self.parties, &self.jurisdictions, &times[0], &times[1]]
    }
}

/// A time of a column that may be null.
pub(crate) fn optional_time(row: &Row, column: usize) -> Result<Option<Timestamp>, Error> {
    row.get::<_, Option<SystemTime>>(column).map(timestamp).transpose()
}
