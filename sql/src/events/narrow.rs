//! Asks the inverted index: how common groups of terms are, and which events have one of each.

use std::collections::BTreeMap;

use epcis::query::Term;
use tokio_postgres::types::ToSql;

use super::place::bits;
use super::postings::{BLOCK, Bits};
use super::spot::Spot;
use crate::db::{Connection, query, signed, unsigned_or_none};
use crate::error::Error;
use crate::queries::{EVENTS_GROUP_SIZES, EVENTS_POSTINGS, EVENTS_POSTINGS_IN, EVENTS_TIMES};

/// Most rows of one term that are looked at to learn how common it is.
const MOST_ROWS: i64 = 512;
/// Most events of a group that is rare.
pub(super) const FEW: usize = 8_192;
/// Most terms of a group that may be rare.
const MOST_TERMS: usize = 512;
/// Most look-ups of a term in a block by one call; groups beyond them are left to the caller's matcher.
const MOST_LOOKUPS: usize = 16_384;

/// Blocks, and which of their positions there are.
pub(super) type Found = BTreeMap<u64, Bits>;

fn number(place: usize) -> i32 {
    i32::try_from(place).unwrap_or(i32::MAX)
}

/// The place of the group that has the fewest events, if that is few.
pub(super) async fn rarest(
    connection: &Connection,
    groups: &[Vec<Term>],
) -> Result<Option<usize>, Error> {
    let small = || groups.iter().enumerate().filter(|(_, group)| group.len() <= MOST_TERMS);
    if let ([group], true) = (groups, small().next().is_some()) {
        // Alone, it is as quick to read it.
        return Ok((!group.is_empty()).then_some(0));
    }
    let numbers: Vec<i32> =
        small().flat_map(|(place, group)| group.iter().map(move |_| number(place))).collect();
    let terms: Vec<i64> = small().flat_map(|(_, group)| group.iter().copied().map(bits)).collect();
    let parameters: [&(dyn ToSql + Sync); 3] = [&numbers, &terms, &MOST_ROWS];
    let rows = query(connection.client(), EVENTS_GROUP_SIZES, &parameters).await?;
    let sizes = rows.iter().filter_map(|row| {
        let place = usize::try_from(row.get::<_, i32>(0)).ok()?;
        let (bytes, most): (i64, i64) = (row.get(2), row.get(3));
        (most < MOST_ROWS).then_some((bytes, place))
    });
    Ok(sizes.min().map(|(_, place)| place))
}

/// All events that have one of the terms, if they are few.
pub(super) async fn all_with(
    connection: &Connection,
    terms: &[Term],
) -> Result<Option<Found>, Error> {
    let terms: Vec<i64> = terms.iter().copied().map(bits).collect();
    let most = i64::try_from(FEW).unwrap_or(i64::MAX);
    let parameters: [&(dyn ToSql + Sync); 3] = [&terms, &MOST_ROWS, &most];
    let rows = query(connection.client(), EVENTS_POSTINGS, &parameters).await?;
    let mut of_terms: BTreeMap<i64, i64> = BTreeMap::new();
    let mut found = Found::new();
    for row in &rows {
        *of_terms.entry(row.get(2)).or_default() += 1;
        let bits = Bits::of(row.get(1));
        found.entry(unsigned_or_none(row.get(0))).or_insert(Bits::NONE).or(&bits);
    }
    let is_cut = rows.len() >= FEW || of_terms.values().any(|rows| *rows >= MOST_ROWS);
    let total: usize = found.values().map(Bits::count).sum();
    Ok((!is_cut && total <= FEW).then_some(found))
}

/// Which positions of some blocks have one term of each group; a group for which it would take too many look-ups is passed
/// over, so there may be more of them than have all.
pub(super) async fn matching(
    connection: &Connection,
    groups: &[Vec<Term>],
    blocks: &[u64],
) -> Result<Found, Error> {
    let mut found: Found = blocks.iter().map(|block| (*block, Bits::ALL)).collect();
    let mut asked: Vec<(usize, &Vec<Term>)> = groups.iter().enumerate().collect();
    asked.sort_by_key(|(_, group)| group.len());
    let mut room = MOST_LOOKUPS / blocks.len().max(1);
    asked.retain(|(_, group)| {
        let fits = group.len() <= room;
        room -= if fits { group.len() } else { 0 };
        fits
    });
    if asked.is_empty() || blocks.is_empty() {
        return Ok(found);
    }
    let each = || asked.iter().flat_map(|(place, group)| group.iter().map(move |it| (*place, *it)));
    let numbers: Vec<i32> = each().map(|(place, _)| number(place)).collect();
    let terms: Vec<i64> = each().map(|(_, term)| bits(term)).collect();
    let blocks = blocks.iter().map(|block| signed(*block)).collect::<Result<Vec<_>, _>>()?;
    let parameters: [&(dyn ToSql + Sync); 3] = [&numbers, &terms, &blocks];
    let rows = query(connection.client(), EVENTS_POSTINGS_IN, &parameters).await?;
    let mut have: BTreeMap<(i32, u64), Bits> = BTreeMap::new();
    for row in &rows {
        let place = (row.get(0), unsigned_or_none(row.get(1)));
        have.entry(place).or_insert(Bits::NONE).or(&Bits::of(row.get(2)));
    }
    for (place, _) in &asked {
        for (block, bits) in &mut found {
            bits.and(have.get(&(number(*place), *block)).unwrap_or(&Bits::NONE));
        }
    }
    found.retain(|_, bits| *bits != Bits::NONE);
    Ok(found)
}

/// The events at some positions, with their times, in no order.
pub(super) async fn times(connection: &Connection, positions: &[u64]) -> Result<Vec<Spot>, Error> {
    let positions = positions.iter().map(|at| signed(*at)).collect::<Result<Vec<_>, _>>()?;
    let rows = query(connection.client(), EVENTS_TIMES, &[&positions]).await?;
    rows.iter().map(Spot::of_row).collect()
}

/// The positions of blocks, in order.
pub(super) fn positions(found: &Found) -> impl Iterator<Item = u64> {
    found.iter().flat_map(|(block, bits)| bits.positions(*block))
}

/// The block of a position.
pub(super) fn block_of(position: u64) -> u64 {
    position / BLOCK
}
