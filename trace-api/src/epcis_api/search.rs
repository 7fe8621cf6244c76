//! The events that a query selects and a caller may see, one after the other.
//!
//! The way through: [`Walk`] goes through the candidates of the projection in the query's order, [`judge`] decides about each;
//! [`super::pages`] collects them.
//!
//! What holds:
//!
//! - the projection only proposes: a candidate is recomputed from its stored text and secret before anything of it is used, the query
//!   is asked again, and what a caller may not see is counted and nothing more;
//! - a list is what the projection had when its first page was asked for: events that come later are not in it, so no event is shown
//!   twice and none is left out, whatever is captured meanwhile;
//! - work and memory of a page are bounded; a page that stops for that reason is short, and the next goes on from there.
//!
//! Not here: the projection (`sql::events`), the query (`epcis::query`), what a caller may see (`access`).
//!
//! Source: EPCIS 2.0 section 8.2.7 and REST binding; decision 0061.

use std::collections::VecDeque;

use access::Sight;
use epcis::Event;
use epcis::query::{Direction, Order, Query, Term};
use gate::read_log::{Basis, Outcome};
use history::sight::sees;
use jiff::Timestamp;
use sql::events::{Candidates, Place, Projected, Search};
use sql::ledgers::StoredRecord;

use super::document::Shown;
use super::exception::Exception;
use super::token::TokenError;
use crate::master::known::Known;
use crate::state::AppState;

/// Most candidates of one look at the projection.
const AT_ONCE: usize = 256;
/// Most candidates that one page looks at.
const MOST_PER_PAGE: usize = 8 * AT_ONCE;

/// From the first time on, before the second.
type Bounds = (Option<Timestamp>, Option<Timestamp>);

/// Where a list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Behind this place.
    pub place: Place,
    /// The projection's last place when the list was begun.
    pub head: u64,
    /// How many events it may still have, if the query limits them.
    pub left: Option<u64>,
}

/// A page.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Its events, in the query's order.
    pub events: Vec<Shown>,
    /// Events that match and that the caller may not see.
    pub hidden: u64,
    /// Records that do not fit their ledger.
    pub broken: u64,
    /// Where the list goes on; none at its end.
    pub next: Option<Cursor>,
    /// The projection's last place when the list was begun.
    pub head: u64,
    /// Generation of the projection.
    pub generation: u64,
}

impl Page {
    /// What came of the query, for the log of reads.
    ///
    /// - `basis`: the projection as it was when the query began.
    #[must_use]
    pub fn outcome(&self, basis: Option<&Basis>) -> Outcome {
        let basis = basis.map(|basis| basis.at(self.generation, self.head));
        Outcome { basis, counts: Some((self.events.len() as u64, self.hidden)) }
    }
}

/// What is decided about a candidate.
pub enum Judged {
    /// It is shown.
    Shown(Box<Shown>),
    /// It matches, and the caller may not see it.
    Hidden,
    /// It does not match.
    Other,
    /// It does not fit its ledger.
    Broken,
}

/// Candidates one after the other.
pub struct Walk<'a> {
    state: &'a AppState,
    query: &'a Query,
    /// What the query asks of master data.
    known: &'a Known,
    groups: Vec<Vec<Term>>,
    order: Order,
    direction: Direction,
    /// Whether the query's bounds of time narrow the search.
    is_bounded: bool,
    generation: u64,
    waiting: VecDeque<(Projected, StoredRecord)>,
    /// Where the last candidate that was given stands.
    place: Option<Place>,
    /// Whether the projection goes on after those that wait.
    beyond: Beyond,
    /// The projection's last place; none until it was asked.
    head: Option<u64>,
    looked_at: usize,
    /// Rows of the projection that name no record.
    faults: u64,
}

impl<'a> Walk<'a> {
    /// Candidates from a place on.
    #[must_use]
    pub fn new(
        state: &'a AppState,
        (query, known): (&'a Query, &'a Known),
        place: Option<Place>,
        head: Option<u64>,
    ) -> Self {
        Self {
            state,
            query,
            known,
            groups: query.groups(known),
            order: order(query),
            direction: query.direction,
            is_bounded: true,
            generation: place.map_or(0, |place| place.generation),
            waiting: VecDeque::new(),
            place,
            beyond: Beyond::After(place),
            head,
            looked_at: 0,
            faults: 0,
        }
    }

    /// Candidates in the order in which they were projected, behind a place of a generation. If the projection was begun anew since,
    /// they begin at its beginning.
    ///
    /// # Errors
    ///
    /// [`Exception`].
    pub async fn by_position(
        state: &'a AppState,
        query: (&'a Query, &'a Known),
        generation: u64,
        position: u64,
    ) -> Result<Self, Exception> {
        let lag = sql::events::lag(&state.db).await?;
        let position = if lag.generation == generation { position } else { 0 };
        let place = Place { generation: lag.generation, at: 0, position };
        let walk = Self::new(state, query, Some(place), Some(lag.position));
        let (order, direction) = (Order::Unstated, Direction::Ascending);
        Ok(Self { order, direction, is_bounded: false, ..walk })
    }

    /// Whose projection it is.
    #[must_use]
    pub fn state(&self) -> &'a AppState {
        self.state
    }

    /// Generation of the projection.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The query.
    #[must_use]
    pub fn query(&self) -> (&'a Query, &'a Known) {
        (self.query, self.known)
    }

    /// The projection's last place when the list was begun; 0 until it was asked.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.head.unwrap_or_default()
    }

    /// Rows of the projection so far that name no record.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// The place of the last candidate that was given.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.place
    }

    /// The place behind which nothing was looked at yet; none if there is nothing.
    #[must_use]
    pub fn next_place(&self) -> Option<Place> {
        self.beyond.place()
    }

    /// How many candidates were looked at, at most.
    #[must_use]
    pub fn looked_at(&self) -> usize {
        self.looked_at
    }

    /// The position behind which candidates come next.
    #[must_use]
    pub fn from(&self) -> u64 {
        self.place.map_or(0, |place| place.position)
    }

    /// The position up to which was looked, when there is no candidate more.
    #[must_use]
    pub fn reached(&self) -> u64 {
        match self.beyond.place() {
            Some(place) => place.position,
            None => self.head.unwrap_or_default().max(self.from()),
        }
    }

    /// The next candidate that was there when the list was begun.
    ///
    /// # Errors
    ///
    /// [`Exception`].
    pub async fn next(&mut self) -> Result<Option<(Projected, StoredRecord)>, Exception> {
        loop {
            if let Some((projected, record)) = self.waiting.pop_front() {
                self.place = Some(self.place_of(&projected));
                return Ok(Some((projected, record)));
            }
            let Beyond::After(after) = std::mem::replace(&mut self.beyond, Beyond::Nothing) else {
                return Ok(None);
            };
            let found = self.ask(after).await?;
            if found.is_outdated {
                // The projection was begun anew: places of before mean nothing any more.
                return Err(TokenError::Ended.into());
            }
            self.head = Some(found.head);
            self.generation = found.generation;
            self.looked_at += AT_ONCE;
            self.faults += found.faults;
            self.beyond = found.next.map_or(Beyond::Nothing, |next| Beyond::After(Some(next)));
            self.waiting = found.found.into();
            // Other requests get their turn between two looks.
            tokio::task::yield_now().await;
            if self.waiting.is_empty() && self.looked_at >= MOST_PER_PAGE {
                return Ok(None);
            }
        }
    }

    /// Whether as many candidates were looked at as a page may, all are decided about, and there are more.
    #[must_use]
    pub fn has_looked_enough(&self) -> bool {
        self.looked_at >= MOST_PER_PAGE && self.waiting.is_empty() && self.beyond != Beyond::Nothing
    }

    async fn ask(&self, after: Option<Place>) -> Result<Candidates, Exception> {
        let bounds = |bounds: Bounds| if self.is_bounded { bounds } else { (None, None) };
        let search = Search {
            groups: &self.groups,
            event_time: bounds(self.query.event_time()),
            record_time: bounds(self.query.record_time()),
            order: self.order.clone(),
            direction: self.direction,
            after,
            head: self.head,
            most: AT_ONCE,
        };
        Ok(sql::events::candidates(&self.state.db, &search).await?)
    }

    /// Where a candidate stands in the order of the search.
    fn place_of(&self, projected: &Projected) -> Place {
        let time = match self.order {
            Order::EventTime => projected.event_time.as_microsecond(),
            Order::RecordTime => projected.record_time.as_microsecond(),
            Order::Unstated | Order::Extension(_) => 0,
        };
        Place { generation: self.generation, at: time, position: projected.position }
    }
}

/// The order in which a query is searched: the one that it states, else one that its bounds of time make short.
fn order(query: &Query) -> Order {
    let is_bounded = |(from, until): Bounds| from.is_some() || until.is_some();
    match query.order {
        Order::EventTime => Order::EventTime,
        Order::Unstated if is_bounded(query.event_time()) && !is_bounded(query.record_time()) => {
            Order::EventTime
        }
        Order::RecordTime | Order::Unstated | Order::Extension(_) => Order::RecordTime,
    }
}

/// Decides about a candidate.
#[must_use]
pub fn judge(
    state: &AppState,
    (query, known): (&Query, &Known),
    sight: &Sight,
    (projected, stored): (&Projected, &StoredRecord),
) -> Judged {
    let Ok(own) = state.checked.check(projected, stored) else { return Judged::Broken };
    if !query.matches(&own.event, own.record_time, known) {
        return Judged::Other;
    }
    if !sees(sight, &own.stated_by, &own.event) {
        return Judged::Hidden;
    }
    Judged::Shown(Box::new(Shown {
        thing: first_thing(&own.event),
        event: own.event.json().clone(),
        event_id: own.event_id.clone(),
        ledger: projected.origin.clone(),
        position: projected.position,
        index: stored.index,
        leaf_hash: stored.leaf_hash,
        record_time: own.record_time,
    }))
}

fn first_thing(event: &Event) -> Option<String> {
    let lists = ["epcList", "childEPCs", "outputEPCList", "inputEPCList"];
    let in_list = |name: &&str| event.json().get(name)?.as_array()?.first()?.as_str();
    let in_lists = lists.iter().find_map(in_list).or_else(|| event.parent_id());
    in_lists.map(str::to_owned)
}

/// What of the projection was not fetched yet.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Beyond {
    Nothing,
    /// What follows this place; everything if there is none.
    After(Option<Place>),
}

impl Beyond {
    fn place(self) -> Option<Place> {
        match self {
            Self::Nothing => None,
            Self::After(place) => place,
        }
    }
}

/// Whether a query finds an event that may be seen among its first candidates.
///
/// # Errors
///
/// [`Exception`].
pub async fn finds_one(state: &AppState, query: &Query, sight: &Sight) -> Result<bool, Exception> {
    let known = Known::load(state, &query.master_data()).await?;
    let query = (query, &known);
    let mut walk = Walk::new(state, query, None, None);
    while let Some((projected, stored)) = walk.next().await? {
        if matches!(judge(state, query, sight, (&projected, &stored)), Judged::Shown(_)) {
            return Ok(true);
        }
        if walk.has_looked_enough() {
            break;
        }
    }
    Ok(false)
}
