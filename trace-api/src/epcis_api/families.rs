//! The six top-level resources: event types, EPCs, business steps, places, read points and dispositions, and the events of each.
//!
//! The way through: [`list`] gives the names that occur in events that the caller may see, [`item`] says whether there is such a name,
//! [`events`] is `GET /events` with one criterion more.
//!
//! What holds: the words that the standard itself has are in every list, since they say nothing about anybody; any other name is
//! shown only if one of its events may be seen, which is looked for among a bounded number of its newest. What is left out is
//! counted.
//!
//! Source: EPCIS 2.0 REST binding, `/eventTypes` to `/dispositions`.

use access::{Act, Sight};
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use epcis::query::{Direction, Query, Resource};
use epcis::vocabulary::Vocabulary;
use gate::read_log::Outcome;

use super::address::{Parameters, named};
use super::caller::Caller;
use super::document::collection;
use super::events::{Asked, UNNAMED, answer, from_pairs};
use super::exception::Exception;
use super::negotiation::{HIDDEN, Wanted};
use super::reply;
use super::search::finds_one;
use super::token::{Purpose, TokenError};
use crate::state::AppState;

/// Names that are looked at for one page; those that may not be seen are passed over.
const MOST_LOOKED_AT: i64 = 200;

/// One of the six.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `/eventTypes`.
    EventTypes,
    /// `/epcs`.
    Epcs,
    /// `/bizSteps`.
    BizSteps,
    /// `/bizLocations`.
    BizLocations,
    /// `/readPoints`.
    ReadPoints,
    /// `/dispositions`.
    Dispositions,
}

impl Family {
    /// All.
    pub const ALL: [Self; 6] = [
        Self::EventTypes,
        Self::Epcs,
        Self::BizSteps,
        Self::BizLocations,
        Self::ReadPoints,
        Self::Dispositions,
    ];

    /// Its path.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::EventTypes => "/eventTypes",
            Self::Epcs => "/epcs",
            Self::BizSteps => "/bizSteps",
            Self::BizLocations => "/bizLocations",
            Self::ReadPoints => "/readPoints",
            Self::Dispositions => "/dispositions",
        }
    }

    /// The criterion by which events of a name are found.
    fn criterion(self) -> &'static str {
        match self {
            Self::EventTypes => "eventType",
            Self::Epcs => "MATCH_anyEPC",
            Self::BizSteps => "EQ_bizStep",
            Self::BizLocations => "EQ_bizLocation",
            Self::ReadPoints => "EQ_readPoint",
            Self::Dispositions => "EQ_disposition",
        }
    }

    /// How the projection calls it.
    fn resource(self) -> Resource {
        match self {
            Self::EventTypes => Resource::EventType,
            Self::Epcs => Resource::Epc,
            Self::BizSteps => Resource::BizStep,
            Self::BizLocations => Resource::BizLocation,
            Self::ReadPoints => Resource::ReadPoint,
            Self::Dispositions => Resource::Disposition,
        }
    }

    /// A name without the address or URN of the standard's vocabulary.
    fn word(self, name: &str) -> String {
        match self {
            Self::BizSteps => Vocabulary::BizStep.word(name),
            Self::Dispositions => Vocabulary::Disposition.word(name),
            Self::EventTypes | Self::Epcs | Self::BizLocations | Self::ReadPoints => {
                name.to_owned()
            }
        }
    }

    /// The words that the standard has, sorted.
    fn of_standard(self) -> Vec<&'static str> {
        let mut words = match self {
            Self::EventTypes => {
                vec![
                    "AggregationEvent",
                    "AssociationEvent",
                    "ObjectEvent",
                    "TransactionEvent",
                    "TransformationEvent",
                ]
            }
            Self::BizSteps => Vocabulary::BizStep.words(),
            Self::Dispositions => Vocabulary::Disposition.words(),
            Self::Epcs | Self::BizLocations | Self::ReadPoints => Vec::new(),
        };
        words.sort_unstable();
        words
    }
}

/// `GET /{family}`: its names, those of the standard first.
///
/// # Errors
///
/// [`Exception`].
pub async fn list(
    state: Data<AppState>,
    request: HttpRequest,
    family: Family,
) -> Result<HttpResponse, Exception> {
    let wanted = Wanted::of(&request)?;
    let parameters = Parameters::of_list(&request)?;
    let caller = Caller::admit_unrecorded(&state, &request, Act::QueryEvents).await?;
    let purpose = Purpose::of(family.path(), &caller.key());
    let after = match &parameters.token {
        Some(token) => {
            let place = state.page_tokens.open(token, purpose, state.clock.now())?;
            state.given_back.refuse(token)?;
            Some(String::from_utf8(place).map_err(|_| TokenError::Forged)?)
        }
        None => None,
    };
    let basis = caller.basis(&state).await?;
    let names = names(&state, family, &caller.sight, after.as_deref(), parameters.per_page).await?;
    let counts = Some((names.shown.len() as u64, names.hidden));
    let (asked, outcome) = (parameters.list(family.path()), Outcome { basis, counts });
    caller.record(&state, &request, (Act::QueryEvents, &asked), &outcome).await?;
    let mut response = reply::json(StatusCode::OK, &wanted, &collection(names.shown));
    response.headers_mut().insert(HIDDEN, HeaderValue::from(names.hidden));
    if let Some(next) = names.next {
        let token = state.page_tokens.make(purpose, reply::token_ends(&state), next.as_bytes());
        reply::link_next(&mut response, &state, &request, &parameters, &token);
    }
    Ok(response)
}

/// Names of one page.
#[derive(Default)]
struct Names {
    shown: Vec<String>,
    /// Names that only occur in events that may not be seen.
    hidden: u64,
    /// The name behind which the next page begins: `s` and one of the standard's, or `e` and one of events.
    next: Option<String>,
}

async fn names(
    state: &AppState,
    family: Family,
    sight: &Sight,
    after: Option<&str>,
    most: usize,
) -> Result<Names, Exception> {
    let standard = family.of_standard();
    let mut names = Names::default();
    let of_events = after.and_then(|after| after.strip_prefix('e'));
    if of_events.is_none() {
        let after = after.and_then(|after| after.strip_prefix('s'));
        for word in standard.iter().filter(|word| after.is_none_or(|after| **word > after)) {
            if names.shown.len() == most {
                names.next = names.shown.last().map(|last| format!("s{last}"));
                return Ok(names);
            }
            names.shown.push((*word).to_owned());
        }
    }
    let resource = sql::events::number_of(family.resource());
    let found = sql::events::values(&state.db, resource, of_events, MOST_LOOKED_AT).await?;
    let is_whole_look = i64::try_from(found.len()).is_ok_and(|count| count == MOST_LOOKED_AT);
    let last = found.last().map(|name| format!("e{name}"));
    for name in found {
        if names.shown.len() == most {
            // What is behind the last one that was decided is the next page's.
            return Ok(names);
        }
        let place = format!("e{name}");
        // The list has the standard's words already, in one spelling.
        if !standard.contains(&&*family.word(&name)) {
            if is_seen(state, family, &name, sight).await? {
                names.shown.push(name);
            } else {
                names.hidden += 1;
            }
        }
        names.next = Some(place);
    }
    names.next = last.filter(|_| is_whole_look);
    Ok(names)
}

/// Whether an event of this name may be seen.
async fn is_seen(
    state: &AppState,
    family: Family,
    name: &str,
    sight: &Sight,
) -> Result<bool, Exception> {
    let pair = (family.criterion().to_owned(), name.to_owned());
    // A name that no query can say is of a kind that the query language does not know.
    let Ok(mut query) = Query::from_pairs(&[pair]) else { return Ok(false) };
    query.direction = Direction::Descending;
    finds_one(state, &query, sight).await
}

/// The name in the path of a request, if the caller may know of it; that they may not is recorded here.
///
/// - `text`: what is asked for, for the log of reads.
async fn known(
    state: &AppState,
    request: &HttpRequest,
    (name, family, text): (&str, Family, &str),
    caller: &Caller,
) -> Result<(), Exception> {
    let is_standard = family.of_standard().contains(&&*family.word(name));
    let basis = caller.basis(state).await?;
    if is_standard || is_seen(state, family, name, &caller.sight).await? {
        return Ok(());
    }
    let outcome = Outcome { basis, counts: Some((0, 0)) };
    caller.record(state, request, (Act::QueryEvents, text), &outcome).await?;
    let name: String = name.chars().take(200).collect();
    let detail = format!("no event that you may see has `{name}` here");
    Err(Exception::NoSuchResource { detail, hidden: 0 })
}

/// `GET /{family}/{name}`: what there is below it.
///
/// # Errors
///
/// [`Exception`].
pub async fn item(
    state: Data<AppState>,
    request: HttpRequest,
    family: Family,
) -> Result<HttpResponse, Exception> {
    let wanted = Wanted::of(&request)?;
    let name = named(&request, &format!("{}/", family.path()), "")?;
    let text = format!("{}/{name}", family.path());
    let caller = Caller::admit_unrecorded(&state, &request, Act::QueryEvents).await?;
    let basis = caller.basis(&state).await?;
    known(&state, &request, (&name, family, &text), &caller).await?;
    let outcome = Outcome { basis, counts: Some((1, 0)) };
    caller.record(&state, &request, (Act::QueryEvents, &text), &outcome).await?;
    Ok(reply::json(StatusCode::OK, &wanted, &collection(["events".to_owned()])))
}

/// `GET /{family}/{name}/events`.
///
/// # Errors
///
/// [`Exception`].
pub async fn events(
    state: Data<AppState>,
    request: HttpRequest,
    family: Family,
) -> Result<HttpResponse, Exception> {
    let wanted = Wanted::of_events(&request)?;
    let name = named(&request, &format!("{}/", family.path()), "/events")?;
    let parameters = Parameters::of(&request)?;
    let caller = Caller::admit_unrecorded(&state, &request, Act::QueryEvents).await?;
    let of_name = from_pairs(&wanted, &[(family.criterion().to_owned(), name.clone())])?;
    let query = from_pairs(&wanted, &parameters.criteria)?.and(of_name);
    let list = parameters.list(&format!("{}/{name}/events", family.path()));
    known(&state, &request, (&name, family, &list), &caller).await?;
    let asked = Asked { wanted, parameters, query, name: UNNAMED, list };
    answer(&state, &request, &asked, &caller).await
}
