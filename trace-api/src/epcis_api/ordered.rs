//! A page in the order of an extension field, for which the projection has no index.
//!
//! The way through: all events that match are looked at and their places in the order noted; those of the page are then read again.
//!
//! What holds: the number of candidates is bounded, and a query with more is refused; in memory are a key for each event that may be
//! shown, and the events of one page; every page of a list looks at the same state of the projection, so its order is the same. Events without
//! the field come last in either direction, in the order of the projection.
//!
//! Source: EPCIS 2.0 section 8.2.7.1, parameter `orderBy`; decision 0066.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use access::Sight;
use epcis::query::{Direction, SortKey};
use sql::events::Place;

use super::document::Shown;
use super::exception::Exception;
use super::search::{Judged, Page, Walk, judge};

/// Most candidates that are looked at to order a list.
const MOST_ORDERED: usize = 20_000;
/// Longest text by which events are ordered, in bytes; longer ones are compared by their beginning.
const LONGEST_KEY: usize = 256;
/// Bytes of records after which a page is full.
const MOST_BYTES: usize = 8 << 20;

/// Fills a page; gives the place behind which the list goes on, if it does.
///
/// - `walk`: begins at the beginning of the list.
/// - `after`: the place of the last event of the page before, and the most events of this one.
///
/// # Errors
///
/// [`Exception::QueryTooComplex`] if more than 20,000 candidates must be looked at.
pub async fn fill<'a>(
    walk: impl Fn() -> Walk<'a>,
    sight: &Sight,
    (after, most): (Option<Place>, usize),
    page: &mut Page,
) -> Result<Option<Place>, Exception> {
    let mut first = walk();
    let order = order_of(&mut first, sight, page).await?;
    page.head = first.head();
    page.broken += first.faults();
    let generation = first.generation();
    page.generation = generation;
    let begin = match after {
        Some(place) => order.iter().position(|at| *at == place.position).map_or(0, |at| at + 1),
        None => 0,
    };
    let wanted: Vec<u64> = order.iter().skip(begin).take(most).copied().collect();
    let mut found = read_again(walk(), sight, &wanted).await?;
    let mut bytes = 0;
    for position in &wanted {
        let Some((shown, size)) = found.remove(position) else { continue };
        page.events.push(shown);
        bytes += size;
        if bytes > MOST_BYTES {
            break;
        }
    }
    let last = page.events.last().map(|shown| shown.position);
    let is_more = last.is_some() && last != order.last().copied();
    Ok(last.filter(|_| is_more).map(|position| Place { generation, at: 0, position }))
}

/// The positions of all events that are shown, in order; what is hidden or broken is counted.
async fn order_of(
    walk: &mut Walk<'_>,
    sight: &Sight,
    page: &mut Page,
) -> Result<Vec<u64>, Exception> {
    let query = walk.query();
    let mut keys: Vec<(Option<SortKey>, u64)> = Vec::new();
    let mut count = 0;
    loop {
        let Some((projected, stored)) = walk.next().await? else {
            if !walk.has_looked_enough() {
                break;
            }
            if walk.looked_at() > 10 * MOST_ORDERED {
                return Err(too_many());
            }
            continue;
        };
        count += 1;
        if count > MOST_ORDERED {
            return Err(too_many());
        }
        match judge(walk.state(), query, sight, (&projected, &stored)) {
            Judged::Other => {}
            Judged::Hidden => page.hidden += 1,
            Judged::Broken => page.broken += 1,
            Judged::Shown(_) => {
                let own = walk.state().checked.check(&projected, &stored).ok();
                let key = own.and_then(|own| query.0.sort_key(&own.event, own.record_time));
                keys.push((key.map(shortened), projected.position));
            }
        }
    }
    keys.sort_by(|one, other| compare(one, other, query.0.direction));
    Ok(keys.into_iter().map(|(_, position)| position).collect())
}

fn too_many() -> Exception {
    Exception::QueryTooComplex(format!(
        "orderBy: got a query for which more than {MOST_ORDERED} events must be looked at, expected narrower criteria: the index \
         has no order by this field"
    ))
}

fn shortened(key: SortKey) -> SortKey {
    match key {
        SortKey::Text(mut text) => {
            text.truncate(text.floor_char_boundary(LONGEST_KEY));
            text.shrink_to_fit();
            SortKey::Text(text)
        }
        other => other,
    }
}

/// By key in the direction of the query; without one last; of equal ones by place.
fn compare(
    (one, at): &(Option<SortKey>, u64),
    (other, other_at): &(Option<SortKey>, u64),
    direction: Direction,
) -> Ordering {
    let by_key = match (one, other) {
        (Some(one), Some(other)) if direction == Direction::Descending => other.cmp(one),
        (Some(one), Some(other)) => one.cmp(other),
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
    };
    by_key.then(at.cmp(other_at))
}

/// The events at these positions, with the bytes of their records.
async fn read_again(
    mut walk: Walk<'_>,
    sight: &Sight,
    wanted: &[u64],
) -> Result<BTreeMap<u64, (Shown, usize)>, Exception> {
    let query = walk.query();
    let mut found = BTreeMap::new();
    while found.len() < wanted.len() {
        let Some((projected, stored)) = walk.next().await? else {
            if walk.has_looked_enough() {
                continue;
            }
            break;
        };
        if !wanted.contains(&projected.position) {
            continue;
        }
        if let Judged::Shown(shown) = judge(walk.state(), query, sight, (&projected, &stored)) {
            found.insert(projected.position, (*shown, stored.text.len()));
        }
    }
    Ok(found)
}
