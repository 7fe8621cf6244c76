//! Which events an export holds: those that match a query, or those that a search at the desk finds.
//!
//! The way through: a request makes one and states it in the manifest; a verifier of a pack reads it there again (`Wanted::of_json`).
//!
//! What holds: what is stated in a manifest selects the same events as what was asked for; nothing is asked of master data.
//!
//! Not here: what a search selects ([`inquiry::Selection`]), the query language (`epcis::query`).

use epcis::query::{NoMasterData, Query, Term};
use history::projected::LedgerEvent;
use inquiry::{Reading, Selection, Window, read};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ledger::json::{Json, object};

use crate::error::Error;

/// Which events are wanted.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// Those that match a query.
    Query(Box<Query>),
    /// Those that a search finds: what is searched, in the only spelling that has no other reading, and what that selects.
    Search(String, Box<Selection>),
}

/// From the first time on, before the second.
type Bounds = (Option<Timestamp>, Option<Timestamp>);

impl Wanted {
    /// What a search finds.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if no event can be what is searched.
    pub(crate) fn of_search(reading: &Reading, window: Window) -> Result<Self, Error> {
        let selection = Selection::of(reading, window);
        let selection = selection.map_err(|problem| Error::Request(problem.to_string()))?;
        Ok(Self::Search(reading.text(), Box::new(selection)))
    }

    /// What the request of a manifest states; none if it states nothing that can be read.
    pub(crate) fn of_json(request: &Json) -> Option<Self> {
        if let Some(search) = request.get("search") {
            let text = search.get("for")?.as_str()?;
            let time = |name: &str| match search.get(name)? {
                Json::Null => Some(None),
                at => Some(Some(at.as_str()?.parse::<Timestamp>().ok()?)),
            };
            let window = Window { from: time("from")?, until: time("until")? };
            let found = read(text, &TimeZone::UTC).ok()?;
            let reading = found.readings.iter().find(|reading| reading.text() == text)?;
            return Self::of_search(reading, window).ok();
        }
        let pair = |pair: &Json| {
            let [name, value] = pair.as_array()? else { return None };
            Some((name.as_str()?.to_owned(), value.as_str()?.to_owned()))
        };
        let pairs = request.get("query").and_then(Json::as_array).unwrap_or_default();
        let pairs: Option<Vec<(String, String)>> = pairs.iter().map(pair).collect();
        Query::from_pairs(&pairs?).ok().map(|query| Self::Query(Box::new(query)))
    }

    /// The member `search` of a manifest's request; none of a query.
    pub(crate) fn search_json(&self) -> Option<Json> {
        let Self::Search(text, selection) = self else { return None };
        let time =
            |at: Option<Timestamp>| at.map_or(Json::Null, |at| Json::from(at.to_string().as_str()));
        let Window { from, until } = selection.window;
        let members = [("for", Json::from(text.as_str())), ("from", time(from))];
        Some(object(members.into_iter().chain([("until", time(until))])))
    }

    /// What the projection is asked for.
    pub(crate) fn groups(&self) -> Vec<Vec<Term>> {
        match self {
            Self::Query(query) => query.groups(&NoMasterData),
            Self::Search(_, selection) => selection.groups(),
        }
    }

    /// When wanted events happened.
    pub(crate) fn event_time(&self) -> Bounds {
        match self {
            Self::Query(query) => query.event_time(),
            Self::Search(_, selection) => (selection.window.from, selection.window.until),
        }
    }

    /// When wanted events were recorded.
    pub(crate) fn record_time(&self) -> Bounds {
        match self {
            Self::Query(query) => query.record_time(),
            Self::Search(..) => (None, None),
        }
    }

    /// Whether an event is wanted.
    pub(crate) fn has(&self, own: &LedgerEvent) -> bool {
        match self {
            Self::Query(query) => query.matches(&own.event, own.record_time, &NoMasterData),
            Self::Search(_, selection) => selection.has(own),
        }
    }
}
