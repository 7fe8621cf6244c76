//! Adds events to the projection, in the caller's transaction.
//!
//! What holds: the head is locked first, so of two projectors the second waits and then finds that its batch begins where nothing
//! begins any more; everything is written by a fixed number of statements, whatever is in the batch.

use std::collections::BTreeMap;

use epcis::query::Term;
use futures::join;
use jiff::Timestamp;
use ledger::hash::sha256;
use tokio_postgres::types::ToSql;

use super::narrow::block_of;
use super::place::micros;
use super::postings::Rows;
use super::values::listed;
use crate::db::{Transaction, execute, query_opt, signed, unsigned};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{
    EVENTS_INSERT, EVENTS_INSERT_BLOCKS, EVENTS_INSERT_LINKS, EVENTS_INSERT_POSTINGS,
    EVENTS_INSERT_SKIPS, EVENTS_INSERT_VALUES, EVENTS_LOCK_HEAD, EVENTS_MOVE_HEAD,
    EVENTS_MOVE_LEDGERS,
};

/// Longest id of an event that is stored; of a longer one the key alone is of use. In bytes.
const MOST_ID: usize = 1024;

/// What a thing is in an event, for traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Link {
    /// Key of the thing ([`crate::items::key_of_thing`]).
    pub thing: i64,
    /// What it is; numbers of `history::trace`.
    pub role: i16,
}

/// An event to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The ledger.
    pub ledger: LedgerId,
    /// The record's place in it.
    pub index: u64,
    /// When the event happened.
    pub event_time: Timestamp,
    /// When its ledger recorded it.
    pub record_time: Timestamp,
    /// The event's own id, or its event hash.
    pub event_id: String,
    /// What it is found by.
    pub terms: Vec<Term>,
    /// Values of top-level resources: the resource's number, and the value.
    pub values: Vec<(i16, String)>,
    /// What traces follow.
    pub links: Vec<Link>,
}

/// A record that is not added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The ledger.
    pub ledger: LedgerId,
    /// The record's place in it.
    pub index: u64,
    /// Why, for people.
    pub reason: String,
}

/// How far a ledger is after a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The ledger.
    pub ledger: LedgerId,
    /// The first record that was not looked at before.
    pub from: u64,
    /// The first that is not looked at after.
    pub to: u64,
}

/// What one transaction adds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Events, in the order in which they get their positions.
    pub events: Vec<NewEvent>,
    /// Records that are no events.
    pub skipped: Vec<Skipped>,
    /// The ledgers that they are of; each once.
    pub moves: Vec<Move>,
}

/// Adds a batch; gives the position of the newest event.
///
/// # Errors
///
/// [`Error::Conflict`] if another projector moved one of the ledgers since the batch was read.
pub async fn apply(tx: &Transaction<'_>, batch: &Batch) -> Result<u64, Error> {
    let row = query_opt(tx, EVENTS_LOCK_HEAD, &[]).await?;
    let row = row.ok_or_else(|| Error::data("the projection has no head, expected one row"))?;
    let old = unsigned(row.get(0))?;
    let new = old + batch.events.len() as u64;
    // First alone: a batch that comes too late writes nothing.
    move_ledgers(tx, &batch.moves).await?;
    let head = signed(new)?;
    let head: [&(dyn ToSql + Sync); 1] = [&head];
    let (events, blocks, postings, values, links, skips, moved) = join!(
        insert_events(tx, old, &batch.events),
        insert_blocks(tx, old, &batch.events),
        insert_postings(tx, old, &batch.events),
        insert_values(tx, &batch.events),
        insert_links(tx, old, &batch.events),
        insert_skips(tx, &batch.skipped),
        execute(tx, EVENTS_MOVE_HEAD, &head),
    );
    Error::first_cause([events, blocks, postings, values, links, skips, moved.map(drop)])?;
    Ok(new)
}

async fn move_ledgers(tx: &Transaction<'_>, moves: &[Move]) -> Result<(), Error> {
    let ledgers: Vec<i32> = moves.iter().map(|it| it.ledger.0).collect();
    let from = moves.iter().map(|it| signed(it.from)).collect::<Result<Vec<_>, _>>()?;
    let to = moves.iter().map(|it| signed(it.to)).collect::<Result<Vec<_>, _>>()?;
    let written = execute(tx, EVENTS_MOVE_LEDGERS, &[&ledgers, &from, &to]).await?;
    if written == moves.len() as u64 {
        return Ok(());
    }
    Err(Error::Conflict("another projector has added these records".to_owned()))
}

/// Each event with its position.
fn placed(old: u64, events: &[NewEvent]) -> impl Iterator<Item = (u64, &NewEvent)> {
    (old + 1..).zip(events)
}

/// An id as it is stored: one that PostgreSQL does not take as text is left out.
fn stored_id(id: &str) -> &str {
    if id.len() > MOST_ID || id.contains('\0') { "" } else { id }
}

async fn insert_events(tx: &Transaction<'_>, old: u64, events: &[NewEvent]) -> Result<(), Error> {
    if events.is_empty() {
        return Ok(());
    }
    let positions = placed(old, events).map(|(at, _)| signed(at)).collect::<Result<Vec<_>, _>>()?;
    let ledgers: Vec<i32> = events.iter().map(|event| event.ledger.0).collect();
    let indexes = events.iter().map(|event| signed(event.index)).collect::<Result<Vec<_>, _>>()?;
    let event_times: Vec<i64> = events.iter().map(|event| micros(event.event_time)).collect();
    let record_times: Vec<i64> = events.iter().map(|event| micros(event.record_time)).collect();
    let keys: Vec<i64> = events.iter().map(|event| id_key(&event.event_id)).collect();
    let ids: Vec<&str> = events.iter().map(|event| stored_id(&event.event_id)).collect();
    let values: [&(dyn ToSql + Sync); 7] =
        [&positions, &ledgers, &indexes, &event_times, &record_times, &keys, &ids];
    execute(tx, EVENTS_INSERT, &values).await.map(drop)
}

/// Between which times the events of each block are, beside what was known of it.
async fn insert_blocks(tx: &Transaction<'_>, old: u64, events: &[NewEvent]) -> Result<(), Error> {
    let mut blocks: BTreeMap<u64, [i64; 4]> = BTreeMap::new();
    for (position, event) in placed(old, events) {
        let (event, record) = (micros(event.event_time), micros(event.record_time));
        let own = blocks.entry(block_of(position)).or_insert([event, event, record, record]);
        let [first_event, last_event, first_record, last_record] = *own;
        *own = [
            first_event.min(event),
            last_event.max(event),
            first_record.min(record),
            last_record.max(record),
        ];
    }
    if blocks.is_empty() {
        return Ok(());
    }
    let numbers = blocks.keys().map(|block| signed(*block)).collect::<Result<Vec<_>, _>>()?;
    let column = |place: usize| blocks.values().map(|times| times[place]).collect::<Vec<i64>>();
    let [first_event, last_event, first_record, last_record] = [0, 1, 2, 3].map(column);
    let values: [&(dyn ToSql + Sync); 5] =
        [&numbers, &first_event, &last_event, &first_record, &last_record];
    execute(tx, EVENTS_INSERT_BLOCKS, &values).await.map(drop)
}

/// The key of an event's id: the first 8 bytes of its SHA-256, big-endian.
#[must_use]
pub fn id_key(id: &str) -> i64 {
    let mut head = [0; 8];
    head.copy_from_slice(&sha256(id.as_bytes()).as_bytes()[..8]);
    i64::from_be_bytes(head)
}

async fn insert_postings(tx: &Transaction<'_>, old: u64, events: &[NewEvent]) -> Result<(), Error> {
    let mut rows = Rows::default();
    placed(old, events).for_each(|(position, event)| rows.add(position, &event.terms));
    let (mut terms, mut blocks, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for (term, block, row) in rows.into_iter() {
        terms.push(term);
        blocks.push(signed(block)?);
        places.push(row);
    }
    if terms.is_empty() {
        return Ok(());
    }
    execute(tx, EVENTS_INSERT_POSTINGS, &[&terms, &blocks, &places]).await.map(drop)
}

async fn insert_values(tx: &Transaction<'_>, events: &[NewEvent]) -> Result<(), Error> {
    let all = events.iter().flat_map(|event| &event.values);
    let mut all: Vec<(i16, &str)> = all.map(|(resource, value)| (*resource, &**value)).collect();
    all.retain(|(_, value)| listed(value));
    all.sort_unstable();
    all.dedup();
    if all.is_empty() {
        return Ok(());
    }
    let (resources, values): (Vec<i16>, Vec<&str>) = all.into_iter().unzip();
    execute(tx, EVENTS_INSERT_VALUES, &[&resources, &values]).await.map(drop)
}

async fn insert_links(tx: &Transaction<'_>, old: u64, events: &[NewEvent]) -> Result<(), Error> {
    let mut all = Vec::new();
    for (position, event) in placed(old, events) {
        let position = signed(position)?;
        all.extend(event.links.iter().map(|link| (link.thing, position, link.role)));
    }
    all.sort_unstable();
    all.dedup();
    if all.is_empty() {
        return Ok(());
    }
    let things: Vec<i64> = all.iter().map(|(thing, ..)| *thing).collect();
    let positions: Vec<i64> = all.iter().map(|(_, position, _)| *position).collect();
    let roles: Vec<i16> = all.iter().map(|(.., role)| *role).collect();
    execute(tx, EVENTS_INSERT_LINKS, &[&things, &positions, &roles]).await.map(drop)
}

async fn insert_skips(tx: &Transaction<'_>, skipped: &[Skipped]) -> Result<(), Error> {
    if skipped.is_empty() {
        return Ok(());
    }
    let ledgers: Vec<i32> = skipped.iter().map(|it| it.ledger.0).collect();
    let indexes = skipped.iter().map(|it| signed(it.index)).collect::<Result<Vec<_>, _>>()?;
    let reason = |it: &Skipped| it.reason.replace('\0', " ").chars().take(200).collect::<String>();
    let reasons: Vec<String> = skipped.iter().map(reason).collect();
    execute(tx, EVENTS_INSERT_SKIPS, &[&ledgers, &indexes, &reasons]).await.map(drop)
}
