//! Finds the events that may match a query.
//!
//! The way through: if a group of terms has few events, these are gathered, narrowed by the other groups, and sorted; otherwise
//! the events are scanned in their order, or the blocks that have the terms are read in theirs. Either way at most `most` of them are read with
//! their records.
//!
//! What holds: every event that has a term of each group and lies within the times is found once, on one page; which page that is
//! never changes within a generation.

use epcis::query::{Direction, Order, Term};
use jiff::Timestamp;

use super::links::head;
use super::narrow::{FEW, all_with, block_of, matching, positions, rarest, times};
use super::place::{Place, Projected};
use super::read::{Read, read};
use super::scan::Scan;
use super::spot::{Bounds, Key, Spot};
use crate::db::{Connection, Db};
use crate::error::Error;
use crate::ledgers::StoredRecord;

/// Most candidates of one call.
const MOST: usize = 10_000;

/// What is searched.
#[derive(Debug, Clone, Default)]
pub struct Search<'a> {
    /// An event is a candidate if for every group it has one of the group's terms.
    pub groups: &'a [Vec<Term>],
    /// Event time: not before the first, before the second.
    pub event_time: (Option<Timestamp>, Option<Timestamp>),
    /// Record time, likewise.
    pub record_time: (Option<Timestamp>, Option<Timestamp>),
    /// The order; events of one time are ordered by position. By an extension field nothing is ordered here: the caller asks
    /// for all candidates.
    pub order: Order,
    /// Its direction.
    pub direction: Direction,
    /// Where an earlier search stopped.
    pub after: Option<Place>,
    /// Events behind this position are not seen: the head of the first page, for all pages of one query.
    pub head: Option<u64>,
    /// Most candidates, at most 10,000.
    pub most: usize,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidates {
    /// Events in the order that was asked for, with their records as their ledgers have them, not compared with their hashes.
    pub found: Vec<(Projected, StoredRecord)>,
    /// Where the next call goes on; none if there is nothing more. There may be more although little was found.
    pub next: Option<Place>,
    /// Position of the newest event that was seen.
    pub head: u64,
    /// Generation of the projection.
    pub generation: u64,
    /// The projection was begun anew since the place of `after`: nothing was searched.
    pub is_outdated: bool,
    /// Rows that name records which their ledgers do not have: somebody altered the projection.
    pub faults: u64,
}

/// Events that may match, with their records.
///
/// - Whether they match is the caller's to decide: terms are hashes, times are cut to microseconds.
/// - At most nine queries as a rule; more for a scan (two for each of eight windows), or if many blocks must be read to find a page.
///
/// # Errors
///
/// [`Error`].
pub async fn candidates(db: &Db, search: &Search<'_>) -> Result<Candidates, Error> {
    let connection = db.connection().await?;
    let now = head(&connection).await?;
    let newest = search.head.unwrap_or(now.position).min(now.position);
    let mut candidates = Candidates {
        found: Vec::new(),
        next: None,
        head: newest,
        generation: now.generation,
        is_outdated: search.after.is_some_and(|after| after.generation != now.generation),
        faults: 0,
    };
    let is_empty = search.groups.iter().any(Vec::is_empty) || search.most == 0;
    if candidates.is_outdated || is_empty {
        return Ok(candidates);
    }
    let bounds = Bounds::new(search.event_time, search.record_time);
    let key = key_of(&search.order, &bounds);
    let scan = Scan {
        groups: search.groups,
        bounds: &bounds,
        key,
        is_back: search.direction == Direction::Descending,
        newest,
        most: search.most.min(MOST),
    };
    let after = search.after.map(|place| (place.at, place.position));
    let (spots, mut stopped) = match gathered(&connection, &scan).await? {
        Some(spots) => page(spots, &scan, after),
        None => scan.run(&connection, after).await?,
    };
    let wanted: Vec<u64> = spots.iter().map(|spot| spot.position).collect();
    let rows = read(&connection, &wanted).await?;
    candidates.faults = (wanted.len() - rows.len()) as u64;
    for row in rows {
        match row {
            Read::Found(projected, record) => candidates.found.push((projected, record)),
            Read::Missing(_) => candidates.faults += 1,
            Read::Unread(projected) => {
                let before = spots.iter().take_while(|spot| spot.position != projected.position);
                stopped = before.last().map(|spot| spot.place(key));
                break;
            }
        }
    }
    let generation = now.generation;
    candidates.next = stopped.map(|(at, position)| Place { generation, at, position });
    Ok(candidates)
}

/// The order in which events are scanned: where none is asked for, one that a bound of time makes short.
fn key_of(order: &Order, bounds: &Bounds) -> Key {
    match order {
        Order::EventTime => Key::EventTime,
        Order::RecordTime => Key::RecordTime,
        Order::Unstated | Order::Extension(_) => {
            let narrow = [Key::RecordTime, Key::EventTime];
            narrow.into_iter().find(|key| bounds.narrow(*key)).unwrap_or(Key::Position)
        }
    }
}

/// All candidates, in no order, if they are few.
async fn gathered(connection: &Connection, scan: &Scan<'_>) -> Result<Option<Vec<Spot>>, Error> {
    if let Some(place) = rarest(connection, scan.groups).await?
        && let Some(found) = all_with(connection, &scan.groups[place]).await?
    {
        let blocks: Vec<u64> = found.keys().copied().collect();
        let mut others = scan.groups.to_vec();
        others.remove(place);
        let found = if others.is_empty() {
            found
        } else {
            let mut narrowed = matching(connection, &others, &blocks).await?;
            for (block, bits) in &mut narrowed {
                found.get(block).inspect(|own| bits.and(own));
            }
            narrowed
        };
        let all: Vec<u64> = positions(&found).filter(|at| (1..=scan.newest).contains(at)).collect();
        if scan.key == Key::Position {
            return Ok(Some(all.into_iter().map(Spot::at).collect()));
        }
        let mut spots = times(connection, &all).await?;
        spots.retain(|spot| scan.bounds.hold(spot));
        return Ok(Some(spots));
    }
    // A short span of the other time is gathered too.
    let other = match scan.key {
        Key::EventTime => Key::RecordTime,
        Key::Position | Key::RecordTime => Key::EventTime,
    };
    if !scan.bounds.narrow(other) {
        return Ok(None);
    }
    let by_other = Scan { key: other, is_back: false, ..*scan };
    let mut spots = by_other.rows(connection, None, FEW + 1).await?;
    if spots.len() > FEW {
        return Ok(None);
    }
    spots.retain(|spot| scan.bounds.hold(spot));
    let mut blocks: Vec<u64> = spots.iter().map(|spot| block_of(spot.position)).collect();
    blocks.sort_unstable();
    blocks.dedup();
    let bits = matching(connection, scan.groups, &blocks).await?;
    spots.retain(|spot| {
        let block = bits.get(&block_of(spot.position));
        block.is_some_and(|bits| bits.has(spot.position % super::postings::BLOCK))
    });
    Ok(Some(spots))
}

/// One page of candidates that are all known: in order, behind `after`, and where it stops if there are more.
fn page(
    mut spots: Vec<Spot>,
    scan: &Scan<'_>,
    after: Option<(i64, u64)>,
) -> (Vec<Spot>, Option<(i64, u64)>) {
    let place = |spot: &Spot| spot.place(scan.key);
    spots.sort_unstable_by_key(place);
    if scan.is_back {
        spots.reverse();
    }
    if let Some(after) = after {
        spots.retain(|spot| if scan.is_back { place(spot) < after } else { place(spot) > after });
    }
    let is_more = spots.len() > scan.most;
    spots.truncate(scan.most);
    let stopped = spots.last().filter(|_| is_more).map(place);
    (spots, stopped)
}
