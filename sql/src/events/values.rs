//! Values of the standard's top-level resources that were seen.

use epcis::query::Resource;
use tokio_postgres::types::ToSql;

use crate::db::{Db, query};
use crate::error::Error;
use crate::queries::EVENTS_VALUES;

/// Bytes of the longest value that is listed. Events with a longer one are found as all others.
pub const MOST_VALUE: usize = 1024;

/// Whether a value is listed: one that is longer, or that PostgreSQL does not take as text, is not.
pub(super) fn listed(value: &str) -> bool {
    !value.is_empty() && value.len() <= MOST_VALUE && !value.contains('\0')
}

/// The distinct values of a resource, in order of their bytes.
///
/// - `after`: only those behind this one.
/// - `most`: at most so many.
///
/// # Errors
///
/// [`Error`].
pub async fn values(
    db: &Db,
    resource: i16,
    after: Option<&str>,
    most: i64,
) -> Result<Vec<String>, Error> {
    let (after, most) = (after.unwrap_or_default().replace('\0', "\u{1}"), most.max(0));
    let parameters: [&(dyn ToSql + Sync); 3] = [&resource, &after, &most];
    let rows = query(&db.client().await?, EVENTS_VALUES, &parameters).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The number of a resource in the tables; it never changes.
#[must_use]
pub fn number_of(resource: Resource) -> i16 {
    match resource {
        Resource::EventType => 1,
        Resource::Epc => 2,
        Resource::BizStep => 3,
        Resource::BizLocation => 4,
        Resource::ReadPoint => 5,
        Resource::Disposition => 6,
    }
}
