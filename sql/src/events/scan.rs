//! Candidates of a search whose terms are all common: the events in their order, a window at a time, narrowed by postings.
//!
//! The way through: the first window by time; if it does not fill the page, the blocks that have the terms (`blocks.rs`); only if these are
//! too many, further windows.
//!
//! What holds: a call looks at most at [`WINDOWS`] windows of at most [`MOST_ROWS`] events; where it stops is a place from which the next call
//! goes on. Windows by time grow while nothing is found in them, if their events lie in few blocks.

use epcis::query::Term;
use tokio_postgres::types::ToSql;

use super::narrow::{block_of, matching, positions};
use super::postings::BLOCK;
use super::spot::{Bounds, Key, Spot};
use crate::db::{Connection, query, signed};
use crate::error::Error;
use crate::queries::{
    EVENTS_BY_EVENT_TIME, EVENTS_BY_EVENT_TIME_BACK, EVENTS_BY_RECORD_TIME,
    EVENTS_BY_RECORD_TIME_BACK,
};

/// Windows that one call looks at.
const WINDOWS: usize = 8;
/// Events of the first window by time, and of each behind one in which something was found.
const ROWS: usize = 2_048;
/// Most events of a window by time.
const MOST_ROWS: usize = 16_384;
/// Windows grow where a block has at least so many of their events: a look-up for each block then costs less than the rows.
const DENSE: usize = 8;
/// Blocks of a window by position.
const BLOCKS: u64 = 128;

/// A scan in one direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan<'a> {
    pub groups: &'a [Vec<Term>],
    pub bounds: &'a Bounds,
    pub key: Key,
    pub is_back: bool,
    /// The newest position that is seen.
    pub newest: u64,
    pub most: usize,
}

/// What a scan found: events in order, and where it stopped; none if it came to the end.
pub(super) type Scanned = (Vec<Spot>, Option<(i64, u64)>);

impl Scan<'_> {
    /// Goes on behind `after`.
    pub(super) async fn run(
        &self,
        connection: &Connection,
        after: Option<(i64, u64)>,
    ) -> Result<Scanned, Error> {
        let mut found: Vec<Spot> = Vec::new();
        let (mut at, mut rows) = (after, ROWS);
        for number in 0..WINDOWS {
            // What one window does not fill is rare, or lies behind very many events of others.
            if number == 1
                && self.key != Key::Position
                && let Some((spots, next)) =
                    self.by_blocks(connection, at, self.most - found.len()).await?
            {
                found.extend(spots);
                return Ok((found, next));
            }
            let (window, next) = match self.key {
                Key::Position => self.by_position(connection, at.map(|at| at.1)).await?,
                Key::EventTime | Key::RecordTime => {
                    let (scanned, blocks) = self.by_time(connection, at, rows).await?;
                    let grows = scanned.0.is_empty() && blocks * DENSE <= rows;
                    rows = if grows { MOST_ROWS.min(rows * 2) } else { ROWS };
                    scanned
                }
            };
            let room = self.most - found.len();
            if window.len() > room {
                found.extend(window.into_iter().take(room));
                return Ok((found.clone(), found.last().map(|spot| spot.place(self.key))));
            }
            found.extend(window);
            at = next;
            if at.is_none() {
                return Ok((found, None));
            }
            if found.len() == self.most {
                break;
            }
        }
        Ok((found, at))
    }

    /// The next window in order of position.
    async fn by_position(
        &self,
        connection: &Connection,
        after: Option<u64>,
    ) -> Result<Scanned, Error> {
        let (first, last) = if self.is_back {
            let last = after.map_or(self.newest, |after| after.saturating_sub(1)).min(self.newest);
            ((last / BLOCK).saturating_sub(BLOCKS - 1) * BLOCK, last)
        } else {
            let first = after.map_or(1, |after| after.saturating_add(1)).max(1);
            (first, ((first / BLOCK + BLOCKS) * BLOCK - 1).min(self.newest))
        };
        if first > last {
            return Ok((Vec::new(), None));
        }
        let blocks: Vec<u64> = (first / BLOCK..=last / BLOCK).collect();
        let bits = matching(connection, self.groups, &blocks).await?;
        let mut window: Vec<Spot> = Vec::new();
        // Without a filter every position of a window is one: no more are taken than are asked for.
        let within = positions(&bits).filter(|position| (first.max(1)..=last).contains(position));
        if self.is_back {
            let mut positions: Vec<u64> = within.collect();
            positions.reverse();
            window.extend(positions.into_iter().take(self.most + 1).map(Spot::at));
        } else {
            window.extend(within.take(self.most + 1).map(Spot::at));
        }
        let is_end = if self.is_back { first <= 1 } else { last >= self.newest };
        let edge = if self.is_back { first } else { last };
        Ok((window, (!is_end).then_some((0, edge))))
    }

    /// The next window of `most` events in order of a time, and how many blocks they lie in.
    async fn by_time(
        &self,
        connection: &Connection,
        after: Option<(i64, u64)>,
        most: usize,
    ) -> Result<(Scanned, usize), Error> {
        let rows = self.rows(connection, after, most).await?;
        let edge = rows.last().map(|spot| spot.place(self.key));
        let next = edge.filter(|_| rows.len() == most);
        let mut blocks: Vec<u64> = rows.iter().map(|spot| block_of(spot.position)).collect();
        blocks.sort_unstable();
        blocks.dedup();
        let bits = matching(connection, self.groups, &blocks).await?;
        let is_in = |spot: &Spot| {
            let block = bits.get(&block_of(spot.position));
            self.bounds.hold(spot) && block.is_some_and(|bits| bits.has(spot.position % BLOCK))
        };
        Ok(((rows.into_iter().filter(is_in).collect(), next), blocks.len()))
    }

    /// Rows of an index by time, within its bounds.
    pub(super) async fn rows(
        &self,
        connection: &Connection,
        after: Option<(i64, u64)>,
        most: usize,
    ) -> Result<Vec<Spot>, Error> {
        let (first, last) = self.bounds.of(self.key);
        let text = match (self.key, self.is_back) {
            (Key::RecordTime, false) => EVENTS_BY_RECORD_TIME,
            (Key::RecordTime, true) => EVENTS_BY_RECORD_TIME_BACK,
            (_, false) => EVENTS_BY_EVENT_TIME,
            (_, true) => EVENTS_BY_EVENT_TIME_BACK,
        };
        let (begin, end) =
            if self.is_back { ((last, u64::MAX >> 1), first) } else { ((first, 0), last) };
        let (at, position) = match after {
            Some(after) if self.is_back => after.min(begin),
            Some(after) => after.max(begin),
            None => begin,
        };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let parameters: [&(dyn ToSql + Sync); 5] =
            [&at, &signed(position)?, &end, &signed(self.newest)?, &most];
        let rows = query(connection.client(), text, &parameters).await?;
        rows.iter().map(Spot::of_row).collect()
    }
}
