//! Takes an event out of the projection, in the transaction that erases its record.
//!
//! What holds: the head is locked, so no batch is added meanwhile; where the projection has not come to the record, nobody projects until
//! the transaction ends, so that no projector adds what it read before. Positions of others stay: that of the event has none any more.
//!
//! Not here: what the record said (`history::projected`), the ledger's own row ([`crate::erasures`]).

use epcis::query::Term;
use tokio_postgres::types::ToSql;

use super::apply::NewEvent;
use super::narrow::block_of;
use super::place::bits;
use super::postings::without;
use crate::db::{Transaction, execute, query, query_opt, signed, unsigned};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{
    EVENTS_FORGET_BLOCK, EVENTS_FORGET_EVENT, EVENTS_FORGET_LINKS, EVENTS_FORGET_POSTINGS,
    EVENTS_FORGET_VALUE, EVENTS_KEEP_POSTINGS, EVENTS_LOCK_HEAD, EVENTS_NEXT_LEAF,
    EVENTS_REMOVE_POSTINGS, EVENTS_RENEW_BLOCK, EVENTS_SKIP_ERASED, EVENTS_TRY_LOCK_ONCE,
};

/// A value of a top-level resource that an event has, and the terms of which every other event that has it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenValue {
    /// Number of the resource.
    pub resource: i16,
    /// The value.
    pub value: String,
    /// The terms; empty if none is known, then the value goes.
    pub terms: Vec<Term>,
}

/// Takes a record out of the projection.
///
/// - `(ledger, index)`: the record.
/// - `event`: the row that it became; none if it is no event.
/// - `values`: its values, each with its terms.
/// - `reason`: why the record is left out from now on, for people.
///
/// # Errors
///
/// [`Error::Conflict`] if a projector runs and has not come to this record: its turn is soon.
pub async fn forget(
    tx: &Transaction<'_>,
    (ledger, index): (LedgerId, u64),
    event: Option<&NewEvent>,
    values: &[SeenValue],
    reason: &str,
) -> Result<(), Error> {
    query_opt(tx, EVENTS_LOCK_HEAD, &[]).await?;
    let index = signed(index)?;
    let row = query_opt(tx, EVENTS_NEXT_LEAF, &[&ledger.0]).await?;
    let next: i64 = row.map_or(0, |row| row.get(0));
    if next <= index {
        let row = query_opt(tx, EVENTS_TRY_LOCK_ONCE, &[]).await?;
        if row.is_some_and(|row| row.get(0)) {
            return Ok(());
        }
        let detail = "a trace-api is about to project this record; run the command again";
        return Err(Error::Conflict(detail.to_owned()));
    }
    execute(tx, EVENTS_SKIP_ERASED, &[&ledger.0, &index, &reason]).await?;
    let row = query_opt(tx, EVENTS_FORGET_EVENT, &[&ledger.0, &index]).await?;
    let Some((event, row)) = event.zip(row) else { return Ok(()) };
    let position: i64 = row.get(0);
    let things: Vec<i64> = event.links.iter().map(|link| link.thing).collect();
    execute(tx, EVENTS_FORGET_LINKS, &[&things, &position]).await?;
    let position = unsigned(position)?;
    forget_postings(tx, position, &event.terms).await?;
    for SeenValue { resource, value, terms } in values {
        let terms: Vec<i64> = terms.iter().map(|term| bits(*term)).collect();
        let values: [&(dyn ToSql + Sync); 3] = [resource, value, &terms];
        execute(tx, EVENTS_FORGET_VALUE, &values).await?;
    }
    let block = signed(block_of(position))?;
    execute(tx, EVENTS_FORGET_BLOCK, &[&block]).await?;
    execute(tx, EVENTS_RENEW_BLOCK, &[&block]).await?;
    Ok(())
}

/// Takes a position out of the rows of some terms.
async fn forget_postings(tx: &Transaction<'_>, position: u64, terms: &[Term]) -> Result<(), Error> {
    let block = signed(block_of(position))?;
    let terms: Vec<i64> = terms.iter().map(|term| bits(*term)).collect();
    let rows = query(tx, EVENTS_FORGET_POSTINGS, &[&terms, &block]).await?;
    let (mut kept, mut removed) = ((Vec::new(), Vec::new()), Vec::new());
    for row in &rows {
        let places = without(position, row.get(1));
        if places.is_empty() {
            removed.push(row.get::<_, i64>(0));
        } else {
            kept.0.push(row.get::<_, i64>(0));
            kept.1.push(places);
        }
    }
    execute(tx, EVENTS_KEEP_POSTINGS, &[&kept.0, &kept.1, &block]).await?;
    execute(tx, EVENTS_REMOVE_POSTINGS, &[&removed, &block]).await?;
    Ok(())
}
