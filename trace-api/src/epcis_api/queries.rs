//! `/queries`: queries that a caller stores under a name, and their results.
//!
//! What holds: a query belongs to the caller who stored it: nobody else sees, uses or deletes it, and everybody has names of their own;
//! it is checked when it is stored and never changed; its results are what the one who asks may see at that moment; bodies and
//! numbers are bounded.
//!
//! Not here: the rows (`sql::queries_stored`), subscriptions ([`super::subscriptions`]).
//!
//! Source: EPCIS 2.0 REST binding, `/queries` to `/queries/{queryName}/events`; decision 0061.

use access::Act;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use epcis::query::Query;
use ledger::json::{Json, Limits, object};
use sql::queries_stored::{self, MOST_QUERIES, NamedQuery, Stored};

use super::address::{Parameters, named};
use super::caller::Caller;
use super::document::escaped;
use super::events::{Asked, answer, refused};
use super::exception::Exception;
use super::negotiation::Wanted;
use super::reply;
use super::sockets::refuse_controls;
use super::token::Purpose;
use crate::state::AppState;

/// Longest body.
pub const LONGEST_BODY: usize = 64 * 1024;

/// A body, within [`LONGEST_BODY`], as JSON.
///
/// # Errors
///
/// [`Exception::UnsupportedMediaType`], [`Exception::TooLarge`], [`Exception::Validation`].
pub async fn body(request: &HttpRequest, payload: Payload) -> Result<Json, Exception> {
    let kind = request.headers().get("Content-Type").and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !["application/json", "application/ld+json"].contains(&&*essence) {
        return Err(Exception::UnsupportedMediaType(kind.chars().take(100).collect()));
    }
    let bytes = match payload.to_bytes_limited(LONGEST_BODY).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => {
            return Err(Exception::Validation(format!("the body was not received: {error}")));
        }
        Err(_) => return Err(Exception::TooLarge(LONGEST_BODY)),
    };
    parsed(&bytes)
}

fn parsed(bytes: &Bytes) -> Result<Json, Exception> {
    let limits = Limits { max_bytes: LONGEST_BODY, max_depth: 32 };
    ledger::json::parse(bytes, &limits)
        .map_err(|error| Exception::Validation(format!("the body is not JSON: {error}")))
}

/// Checks a name: letters, digits, `.`, `_`, `~` and `-`, at most 100.
fn checked(name: &str) -> Result<&str, Exception> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    if (1..=100).contains(&name.len()) && name.bytes().all(is_part) && ![".", ".."].contains(&name)
    {
        return Ok(name);
    }
    let got: String = name.chars().take(100).collect();
    Err(Exception::Validation(format!(
        "name: got `{got}`, expected 1 to 100 letters, digits, `.`, `_`, `~` or `-`"
    )))
}

/// `POST /queries`.
///
/// # Errors
///
/// [`Exception`].
pub async fn create(
    state: Data<AppState>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Exception> {
    Wanted::of(&request)?;
    let caller = Caller::admit(&state, &request, Act::ManageQueries, "a query is stored").await?;
    let body = body(&request, payload).await?;
    let (name, query) = definition(&body)?;
    let new = NamedQuery {
        name: name.to_owned(),
        query: query.canonical(),
        created_at: state.clock.now(),
    };
    match queries_stored::store(&state.db, &caller.identity.subject, &new).await? {
        Stored::Yes => {}
        Stored::Taken | Stored::Missing => {
            return Err(Exception::AlreadyExists(format!(
                "got the name `{name}`, which you gave to another query, expected a new one: a query is never changed"
            )));
        }
        Stored::TooMany => {
            return Err(Exception::Forbidden(format!(
                "got one more query, expected at most {MOST_QUERIES}: delete one that is not needed"
            )));
        }
    }
    let mut response = reply::empty(StatusCode::CREATED);
    let location = format!("{}/queries/{}", state.config().public_url, escaped(name));
    if let Ok(value) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, value);
    }
    Ok(response)
}

/// Name and query of a body.
fn definition(body: &Json) -> Result<(&str, &Json), Exception> {
    let members = body.as_object().unwrap_or_default();
    let unknown =
        members.iter().find(|(name, _)| !["name", "query", "@context"].contains(&&**name));
    let name = body.get("name").and_then(Json::as_str);
    let query = body.get("query").filter(|query| query.as_object().is_some());
    let (None, Some(name), Some(query)) = (unknown, name, query) else {
        let expected = "an object with `name`, a text, and `query`, an object of criteria";
        let got: String = body.canonical().chars().take(100).collect();
        return Err(Exception::Validation(format!("got `{got}`, expected {expected}")));
    };
    checked(name)?;
    Query::from_json(query).map_err(|problems| refused(&problems))?;
    Ok((name, query))
}

/// The query of that name of a caller, as text and read.
///
/// # Errors
///
/// [`Exception::NoSuchName`].
pub async fn load(
    state: &AppState,
    caller: &Caller,
    name: &str,
) -> Result<(NamedQuery, Json, Query), Exception> {
    let none = || {
        let name: String = name.chars().take(100).collect();
        Exception::NoSuchName(format!("you have no query of the name `{name}`"))
    };
    let stored =
        queries_stored::find(&state.db, &caller.identity.subject, name).await?.ok_or_else(none)?;
    let json = ledger::json::parse(stored.query.as_bytes(), &Limits::default());
    let json = json.map_err(|error| {
        Exception::Validation(format!("the stored query cannot be read: {error}"))
    })?;
    let query = Query::from_json(&json).map_err(|problems| refused(&problems))?;
    Ok((stored, json, query))
}

fn shown(name: &str, query: Json) -> Json {
    object([("name", Json::from(name)), ("query", query)])
}

/// `GET /queries`: those of the caller, by name.
///
/// # Errors
///
/// [`Exception`].
pub async fn list(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Exception> {
    let wanted = Wanted::of(&request)?;
    let parameters = Parameters::of_list(&request)?;
    let caller = Caller::admit(&state, &request, Act::ManageQueries, "/queries").await?;
    let purpose = Purpose::of("/queries", &caller.key());
    let after = reply::name_before(&state, &parameters, purpose)?;
    let most = u32::try_from(parameters.per_page).unwrap_or(u32::MAX);
    let mut found =
        queries_stored::list(&state.db, &caller.identity.subject, &after, most + 1).await?;
    let has_more = found.len() > parameters.per_page;
    found.truncate(parameters.per_page);
    let last = found.last().map(|query| query.name.clone());
    let items = found.into_iter().map(|query| {
        let json = ledger::json::parse(query.query.as_bytes(), &Limits::default());
        shown(&query.name, json.unwrap_or(Json::Null))
    });
    let mut response = reply::json(StatusCode::OK, &wanted, &Json::Array(items.collect()));
    if let Some(last) = last.filter(|_| has_more) {
        let token = state.page_tokens.make(purpose, reply::token_ends(&state), last.as_bytes());
        reply::link_next(&mut response, &state, &request, &parameters, &token);
    }
    Ok(response)
}

/// `GET /queries/{name}`. The standard describes an array of the one query.
///
/// # Errors
///
/// [`Exception`].
pub async fn get(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Exception> {
    let wanted = Wanted::of(&request)?;
    let name = named(&request, "/queries/", "")?;
    let caller =
        Caller::admit(&state, &request, Act::ManageQueries, &format!("query {name}")).await?;
    let (stored, json, _) = load(&state, &caller, &name).await?;
    Ok(reply::json(StatusCode::OK, &wanted, &Json::Array(vec![shown(&stored.name, json)])))
}

/// `DELETE /queries/{name}`; its subscriptions end with it.
///
/// # Errors
///
/// [`Exception`].
pub async fn delete(
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Exception> {
    let name = named(&request, "/queries/", "")?;
    let text = format!("query {name} is deleted");
    let caller = Caller::admit(&state, &request, Act::ManageQueries, &text).await?;
    if queries_stored::delete(&state.db, &caller.identity.subject, &name).await? {
        return Ok(reply::empty(StatusCode::NO_CONTENT));
    }
    let name: String = name.chars().take(100).collect();
    Err(Exception::NoSuchName(format!("you have no query of the name `{name}`")))
}

/// `GET /queries/{name}/events`.
///
/// # Errors
///
/// [`Exception`].
pub async fn events(
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Exception> {
    refuse_controls(&request)?;
    let wanted = Wanted::of_events(&request)?;
    let name = named(&request, "/queries/", "/events")?;
    let parameters = Parameters::of_list(&request)?;
    let path = format!("/queries/{name}/events");
    let caller = Caller::admit_unrecorded(&state, &request, Act::QueryEvents).await?;
    let (stored, json, query) = load(&state, &caller, &name).await?;
    // The record of the read says what was asked, and not only under which name.
    let list = format!("{path} {}", json.canonical());
    let asked = Asked { wanted, parameters, query, name: &stored.name, list };
    answer(&state, &request, &asked, &caller).await
}
