//! A page of the events that a query selects and a caller may see.
//!
//! The way through: [`page`] takes the candidates of a [`Walk`] until the page is full, the list ends, or enough was looked at; a list in
//! the order of an extension field is [`ordered`]'s.
//!
//! What holds: bytes of a page are bounded; what is hidden behind the last event that is shown belongs to the next page.
//!
//! Not here: candidates and what is decided about each ([`super::search`]).
//!
//! Source: EPCIS 2.0 section 8.2.7 and REST binding; decision 0061.

use access::Sight;
use epcis::query::{Limit, Order, Query};
use sql::events::Place;

use super::exception::Exception;
use super::ordered;
use super::search::{Cursor, Judged, Page, Walk, judge};
use crate::master::known::Known;
use crate::state::AppState;

/// Most candidates that are looked at to know whether `maxEventCount` is reached.
const MOST_TO_COUNT: usize = 200_000;
/// Bytes of records after which a page is full.
const MOST_BYTES: usize = 8 << 20;
/// A page of a query's events.
///
/// - `cursor`: where it begins; none for the first page.
/// - `newest`: the first page sees no event behind this position of the projection; none sees all that there are.
/// - `most`: most events on it, at least 1.
///
/// # Errors
///
/// [`Exception`].
pub async fn page(
    state: &AppState,
    query: &Query,
    sight: &Sight,
    (cursor, newest): (Option<Cursor>, Option<u64>),
    most: usize,
) -> Result<Page, Exception> {
    let known = Known::load(state, &query.master_data()).await?;
    let query = (query, &known);
    let is_first = cursor.is_none();
    let (place, head, left) = match cursor {
        Some(Cursor { place, head, left }) => (Some(place), Some(head), left),
        None => {
            (None, newest, if let Limit::First(count) = query.0.limit { Some(count) } else { None })
        }
    };
    if is_first && let Limit::AtMost(count) = query.0.limit {
        refuse_more(state, query, sight, count).await?;
    }
    let most = left.map_or(most, |left| most.min(usize::try_from(left).unwrap_or(most)));
    let mut page = Page::default();
    let mut next = None;
    if matches!(query.0.order, Order::Extension(_)) {
        let walk = || Walk::new(state, query, None, head);
        next = ordered::fill(walk, sight, (place, most), &mut page).await?;
    } else {
        let mut walk = Walk::new(state, query, place, head);
        if most > 0 {
            next = collect(&mut walk, sight, most, &mut page).await?;
        }
        (page.head, page.generation) = (walk.head(), walk.generation());
        page.broken += walk.faults();
    }
    state.metrics.broken_records.inc_by(page.broken);
    let left = left.map(|left| left.saturating_sub(page.events.len() as u64));
    let next = next.filter(|_| left != Some(0));
    page.next = next.map(|place| Cursor { place, head: page.head, left });
    Ok(page)
}

/// A page that is full, before it is known whether anything follows.
struct Full {
    next: Option<Place>,
    hidden: u64,
    broken: u64,
}

/// Fills a page; gives the place behind which the list goes on, if it does.
async fn collect(
    walk: &mut Walk<'_>,
    sight: &Sight,
    most: usize,
    page: &mut Page,
) -> Result<Option<Place>, Exception> {
    let mut full: Option<Full> = None;
    let mut bytes = 0;
    loop {
        if walk.has_looked_enough() {
            return Ok(match full {
                Some(full) => end_at(page, &full),
                None => walk.next_place(),
            });
        }
        let Some((projected, stored)) = walk.next().await? else {
            if walk.has_looked_enough() {
                continue;
            }
            // At the end, what is hidden behind the last event that is shown belongs to this page.
            return Ok(None);
        };
        match judge(walk.state(), walk.query(), sight, (&projected, &stored)) {
            Judged::Other => {}
            Judged::Hidden => page.hidden += 1,
            Judged::Broken => page.broken += 1,
            Judged::Shown(shown) => {
                if let Some(full) = full {
                    return Ok(end_at(page, &full));
                }
                bytes += stored.text.len();
                page.events.push(*shown);
                if page.events.len() == most || bytes > MOST_BYTES {
                    let (hidden, broken) = (page.hidden, page.broken);
                    full = Some(Full { next: walk.place(), hidden, broken });
                }
            }
        }
    }
}

/// Ends a page where it was full: what was counted behind belongs to the next.
fn end_at(page: &mut Page, full: &Full) -> Option<Place> {
    (page.hidden, page.broken) = (full.hidden, full.broken);
    full.next
}

/// Refuses a query of which more events match than it allows.
async fn refuse_more(
    state: &AppState,
    query: (&Query, &Known),
    sight: &Sight,
    most: u64,
) -> Result<(), Exception> {
    let mut walk = Walk::new(state, query, None, None);
    let mut count = 0;
    while let Some((projected, stored)) = walk.next().await? {
        if matches!(judge(state, query, sight, (&projected, &stored)), Judged::Shown(_)) {
            count += 1;
        }
        if count > most {
            return Err(Exception::QueryTooLarge(most));
        }
        if walk.looked_at() > MOST_TO_COUNT {
            let detail = format!(
                "maxEventCount: got a query for which more than {MOST_TO_COUNT} events must be looked at, expected narrower criteria"
            );
            return Err(Exception::QueryTooComplex(detail));
        }
    }
    Ok(())
}
