//! `GET /events` and what answers like it: the events that a query selects, a page at a time.
//!
//! The way through: [`answer`] reads the request, admits the caller, takes a page from [`super::search`] and makes the document.
//!
//! What holds: a page belongs to the query, the caller and their grants with which its list was begun.
//!
//! Source: EPCIS 2.0 REST binding, `/events` and `/events/{eventID}`.

use access::Act;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use epcis::query::{Query, QueryProblem};
use gate::read_log::Outcome;
use sql::events::Place;

use super::address::{Parameters, named};
use super::caller::Caller;
use super::document::Shown;
use super::event_answer;
use super::exception::Exception;
use super::master_data::of_page;
use super::negotiation::Wanted;
use super::pages::page;
use super::reply;
use super::search::{Cursor, Judged, Page, judge};
use super::token::{Purpose, TokenError};
use crate::master::known::Known;
use crate::state::AppState;

/// Name of the query in answers where the request names none.
pub const UNNAMED: &str = "SimpleEventQuery";

/// `GET /events`.
///
/// # Errors
///
/// [`Exception`].
pub async fn list(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Exception> {
    let wanted = Wanted::of_events(&request)?;
    let parameters = Parameters::of(&request)?;
    let caller = Caller::admit_unrecorded(&state, &request, Act::QueryEvents).await?;
    let query = from_pairs(&wanted, &parameters.criteria)?;
    let list = parameters.list("/events");
    let asked = Asked { wanted, parameters, query, name: UNNAMED, list };
    answer(&state, &request, &asked, &caller).await
}

/// A query that was read from a request.
pub struct Asked<'a> {
    /// What its headers want.
    pub wanted: Wanted,
    /// Its parameters.
    pub parameters: Parameters,
    /// The query.
    pub query: Query,
    /// Name of the query.
    pub name: &'a str,
    /// All that decides what the list has, to which its pages belong.
    pub list: String,
}

/// The query of these criteria.
///
/// # Errors
///
/// [`Exception::QueryParameter`].
pub fn from_pairs(wanted: &Wanted, criteria: &[(String, String)]) -> Result<Query, Exception> {
    Query::from_pairs_within(criteria, &wanted.extensions).map_err(|problems| refused(&problems))
}

/// A query's problems.
#[must_use]
pub fn refused(problems: &[QueryProblem]) -> Exception {
    Exception::QueryParameter(problems.iter().map(ToString::to_string).collect())
}

/// A page of a query's events for an admitted caller, recorded where it must be.
///
/// # Errors
///
/// [`Exception`].
pub async fn answer(
    state: &AppState,
    request: &HttpRequest,
    asked: &Asked<'_>,
    caller: &Caller,
) -> Result<HttpResponse, Exception> {
    let purpose = Purpose::of(&asked.list, &caller.key());
    let cursor = match &asked.parameters.token {
        Some(token) => {
            let place = state.page_tokens.open(token, purpose, state.clock.now())?;
            state.given_back.refuse(token)?;
            Some(read_cursor(&place).ok_or(TokenError::Forged)?)
        }
        None => None,
    };
    let basis = caller.basis(state).await?;
    let from = (cursor, basis.as_ref().map(|basis| basis.position));
    let per_page = asked.parameters.per_page;
    let found = page(state, &asked.query, &caller.sight, from, per_page).await;
    // A refusal is recorded too: that too many events match says something of them.
    let outcome = match &found {
        Ok(page) => page.outcome(basis.as_ref()),
        Err(_) => Outcome { basis, counts: None },
    };
    caller.record(state, request, (Act::QueryEvents, &asked.list), &outcome).await?;
    let page = found?;
    let next = page.next;
    let master_data = of_page(state, request, &page).await?;
    let about = (asked.name, master_data.as_ref());
    let mut response = event_answer::respond(state, &asked.wanted, about, page).await?;
    if let Some(next) = next {
        let token = state.page_tokens.make(purpose, reply::token_ends(state), &write_cursor(&next));
        reply::link_next(&mut response, state, request, &asked.parameters, &token);
    }
    Ok(response)
}

/// A cursor as the place of a token: five numbers.
fn write_cursor(cursor: &Cursor) -> Vec<u8> {
    let Place { generation, at, position } = cursor.place;
    let numbers = [
        cursor.head.to_be_bytes(),
        cursor.left.unwrap_or(u64::MAX).to_be_bytes(),
        generation.to_be_bytes(),
        at.to_be_bytes(),
        position.to_be_bytes(),
    ];
    numbers.concat()
}

fn read_cursor(bytes: &[u8]) -> Option<Cursor> {
    let number =
        |place: usize| -> Option<[u8; 8]> { bytes.get(8 * place..8 * place + 8)?.try_into().ok() };
    let place = Place {
        generation: u64::from_be_bytes(number(2)?),
        at: i64::from_be_bytes(number(3)?),
        position: u64::from_be_bytes(number(4)?),
    };
    let left = Some(u64::from_be_bytes(number(1)?)).filter(|left| *left != u64::MAX);
    Some(Cursor { place, head: u64::from_be_bytes(number(0)?), left })
}

/// `GET /events/{eventID}`: the events of that id, of which there may be several, and none if the caller may see none.
///
/// # Errors
///
/// [`Exception`].
pub async fn one(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Exception> {
    let wanted = Wanted::of_events(&request)?;
    let id = named(&request, "/events/", "")?;
    let caller = Caller::admit_unrecorded(&state, &request, Act::QueryEvents).await?;
    let query = Query::from_pairs(&[]).map_err(|problems| refused(&problems))?;
    let basis = caller.basis(&state).await?;
    let is_in = |position| basis.as_ref().is_none_or(|basis| position <= basis.position);
    let mut page = Page::default();
    let found = sql::events::by_event_id(&state.db, &id).await?;
    for (projected, stored) in found.into_iter().filter(|(one, _)| is_in(one.position)) {
        match judge(&state, (&query, &Known::default()), &caller.sight, (&projected, &stored)) {
            Judged::Shown(shown) if shown.event_id == id => page.events.push(*shown),
            Judged::Hidden => page.hidden += 1,
            Judged::Broken | Judged::Shown(_) => page.broken += 1,
            Judged::Other => {}
        }
    }
    state.metrics.broken_records.inc_by(page.broken);
    let counts = Some((page.events.len() as u64, page.hidden));
    let (asked, outcome) = (format!("event {id}"), Outcome { basis, counts });
    caller.record(&state, &request, (Act::QueryEvents, &asked), &outcome).await?;
    if page.events.is_empty() {
        let erased = sql::erasures::of_event(&state.db, &id).await?;
        let detail = match erased.first() {
            Some(one) => format!(
                "the event of this id was erased on {}: {}",
                one.tombstone().day(),
                one.reason
            ),
            None => "no event that you may see has this id".to_owned(),
        };
        return Err(Exception::NoSuchResource { detail, hidden: page.hidden });
    }
    page.events.sort_by(by_place);
    let master_data = of_page(&state, &request, &page).await?;
    event_answer::respond(&state, &wanted, (UNNAMED, master_data.as_ref()), page).await
}

fn by_place(a: &Shown, b: &Shown) -> std::cmp::Ordering {
    (a.record_time, &a.ledger, a.index).cmp(&(b.record_time, &b.ledger, b.index))
}
