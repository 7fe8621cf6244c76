//! Candidates in order of time of a search whose terms are in few blocks: only these blocks are read, in the order of their times.
//!
//! The way through: [`Scan::by_blocks`] lists the blocks that have a term of each group, asks between which times their events are, and reads
//! block after block. An event is given out once no block that is left can have one before it in the order.
//!
//! What holds: the order and the places are those of a scan by time, so that a list may go on with either; a call reads at most
//! [`MOST_READ`] blocks and [`MOST_TIMES`] times; times of a block that nobody stored are taken for any.
//!
//! Not here: when it is worth while (`scan.rs`).
//!
//! Source: docs/decisions/0098-what-a-party-stated-long-ago.md.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::types::ToSql;

use super::narrow::{block_of, matching, positions, times};
use super::place::bits;
use super::scan::{Scan, Scanned};
use super::spot::{Key, Spot};
use crate::db::{Connection, query, signed, unsigned_or_none};
use crate::error::Error;
use crate::queries::{EVENTS_BLOCK_TIMES, EVENTS_BLOCKS_OF};
use epcis::query::Term;

/// Most blocks that a group of terms may be in.
const MOST_BLOCKS: usize = 16_384;
/// Groups whose blocks are listed.
const MOST_GROUPS: usize = 3;
/// Most blocks that one call reads.
const MOST_READ: usize = 2_048;
/// Most blocks that are read at once; the first time it is one.
const AT_ONCE: usize = 64;
/// Most events whose times one call looks up, and as many more as a block has.
const MOST_TIMES: usize = 16_384;

/// A block, and between which times its events are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    number: u64,
    first: i64,
    last: i64,
}

/// The blocks of a group of terms; none if they are too many.
async fn blocks_of(
    connection: &Connection,
    group: &[Term],
) -> Result<Option<BTreeSet<u64>>, Error> {
    let terms: Vec<i64> = group.iter().copied().map(bits).collect();
    let most = i64::try_from(MOST_BLOCKS + 1).unwrap_or(i64::MAX);
    let parameters: [&(dyn ToSql + Sync); 2] = [&terms, &most];
    let rows = query(connection.client(), EVENTS_BLOCKS_OF, &parameters).await?;
    let is_all = rows.len() <= MOST_BLOCKS;
    Ok(is_all.then(|| rows.iter().map(|row| unsigned_or_none(row.get(0))).collect()))
}

impl Scan<'_> {
    /// Goes on behind `after`, by time, with at most `most` events; none if too many blocks have these terms, or if their times are no help.
    pub(super) async fn by_blocks(
        &self,
        connection: &Connection,
        after: Option<(i64, u64)>,
        most: usize,
    ) -> Result<Option<Scanned>, Error> {
        let mut numbers: Option<BTreeSet<u64>> = None;
        for group in self.groups.iter().take(MOST_GROUPS) {
            let Some(own) = blocks_of(connection, group).await? else { continue };
            numbers = Some(match numbers {
                Some(others) => &others & &own,
                None => own,
            });
        }
        let Some(mut numbers) = numbers else { return Ok(None) };
        numbers.retain(|number| *number <= block_of(self.newest));
        let mut left = self.in_order(block_times(connection, self.key, &numbers).await?, after);
        left.reverse();
        let mut merge = Merge { found: Vec::new(), looked_at: 0, read: 0 };
        let mut at_once = 1;
        loop {
            let edge = left.last().map(|block| self.near(block));
            let (settled, is_full) = merge.settled(self, edge, most);
            let Some(edge) = edge.filter(|_| !is_full) else {
                let next = settled.last().filter(|_| is_full).map(|spot| spot.place(self.key));
                return Ok(Some((settled, next)));
            };
            if merge.read >= MOST_READ || merge.looked_at >= MOST_TIMES {
                // All that lie before this place are settled.
                let next = if self.is_back {
                    (edge.saturating_add(1), 0)
                } else {
                    (edge.saturating_sub(1), u64::MAX >> 1)
                };
                let is_further = after
                    .is_none_or(|after| if self.is_back { next < after } else { next > after });
                return Ok(is_further.then_some((settled, Some(next))));
            }
            let taken = left.split_off(left.len().saturating_sub(at_once));
            at_once = (at_once * 2).min(AT_ONCE);
            merge.read(self, connection, &taken, after).await?;
        }
    }

    /// The time of a block at which it comes in the order.
    fn near(&self, block: &Block) -> i64 {
        if self.is_back { block.last } else { block.first }
    }

    /// The blocks that may have events behind `after` and within the bounds, in the order in which these can come.
    fn in_order(&self, mut blocks: Vec<Block>, after: Option<(i64, u64)>) -> Vec<Block> {
        let (mut from, mut until) = self.bounds.of(self.key);
        if let Some((at, _)) = after {
            if self.is_back {
                until = until.min(at);
            } else {
                from = from.max(at);
            }
        }
        blocks.retain(|block| block.first <= until && block.last >= from);
        if self.is_back {
            blocks.sort_unstable_by_key(|block| Reverse((block.last, block.number)));
        } else {
            blocks.sort_unstable_by_key(|block| (block.first, block.number));
        }
        blocks
    }

    /// Whether an event comes behind `after` in the order.
    fn is_behind(&self, spot: &Spot, after: Option<(i64, u64)>) -> bool {
        let place = spot.place(self.key);
        after.is_none_or(|after| if self.is_back { place < after } else { place > after })
    }
}

/// Between which times of an order the events of blocks are.
async fn block_times(
    connection: &Connection,
    key: Key,
    numbers: &BTreeSet<u64>,
) -> Result<Vec<Block>, Error> {
    let asked = numbers.iter().map(|number| signed(*number)).collect::<Result<Vec<_>, _>>()?;
    let rows = query(connection.client(), EVENTS_BLOCK_TIMES, &[&asked]).await?;
    let column = if key == Key::RecordTime { 3 } else { 1 };
    let known: BTreeMap<u64, (i64, i64)> = rows
        .iter()
        .map(|row| (unsigned_or_none(row.get(0)), (row.get(column), row.get(column + 1))))
        .collect();
    let block = |number: &u64| {
        let (first, last) = known.get(number).copied().unwrap_or((i64::MIN, i64::MAX));
        Block { number: *number, first, last }
    };
    Ok(numbers.iter().map(block).collect())
}

/// What was read of blocks.
struct Merge {
    /// Events, in no order.
    found: Vec<Spot>,
    /// Events whose times were looked up.
    looked_at: usize,
    /// Blocks that were read.
    read: usize,
}

impl Merge {
    async fn read(
        &mut self,
        scan: &Scan<'_>,
        connection: &Connection,
        blocks: &[Block],
        after: Option<(i64, u64)>,
    ) -> Result<(), Error> {
        let mut numbers: Vec<u64> = blocks.iter().map(|block| block.number).collect();
        numbers.sort_unstable();
        let bits = matching(connection, scan.groups, &numbers).await?;
        let within: Vec<u64> =
            positions(&bits).filter(|at| (1..=scan.newest).contains(at)).collect();
        self.read += blocks.len();
        self.looked_at += within.len();
        let mut spots = times(connection, &within).await?;
        spots.retain(|spot| scan.bounds.hold(spot) && scan.is_behind(spot, after));
        self.found.append(&mut spots);
        Ok(())
    }

    /// The first `most` events in their order that no block which comes at `edge` can have one before; and whether there are more.
    fn settled(&mut self, scan: &Scan<'_>, edge: Option<i64>, most: usize) -> (Vec<Spot>, bool) {
        let place = |spot: &Spot| spot.place(scan.key);
        if scan.is_back {
            self.found.sort_unstable_by_key(|spot| Reverse(place(spot)));
        } else {
            self.found.sort_unstable_by_key(place);
        }
        let is_before = |spot: &&Spot| match edge {
            Some(edge) if scan.is_back => place(spot).0 > edge,
            Some(edge) => place(spot).0 < edge,
            None => true,
        };
        let settled = self.found.iter().take_while(is_before).count();
        let is_full = settled > most || (settled == most && edge.is_some());
        (self.found[..settled.min(most)].to_vec(), is_full)
    }
}
