//! Answers with the headers of the standard: bodies, links to the next page, what a resource can do.
//!
//! What holds: every answer names the versions that it is in; the link to the next page repeats the request and nothing else.
//!
//! Source: EPCIS 2.0 REST binding (headers, `Link`, `GS1-Next-Page-Token-Expires`); RFC 8288.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderName, HeaderValue, LINK};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use ledger::json::Json;

use super::address::Parameters;
use super::exception::Exception;
use super::negotiation::{Wanted, announce, describe};
use super::token::{HOLDS_S, Purpose, TokenError};
use crate::state::AppState;

/// An answer with a body.
#[must_use]
pub fn json(status: StatusCode, wanted: &Wanted, body: &Json) -> HttpResponse {
    let mut response =
        HttpResponse::build(status).content_type(wanted.media_type).body(body.canonical());
    announce(response.headers_mut());
    response
}

/// An answer without a body.
#[must_use]
pub fn empty(status: StatusCode) -> HttpResponse {
    let mut response = HttpResponse::new(status);
    announce(response.headers_mut());
    response
}

/// What a resource can do: the answer to `OPTIONS`.
///
/// - `methods`: as `Allow` lists them.
/// - `has_events`: whether its answers have events.
#[must_use]
pub fn options(methods: &'static str, has_events: bool) -> HttpResponse {
    let mut response = HttpResponse::new(StatusCode::NO_CONTENT);
    describe(response.headers_mut(), has_events);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

/// When a token ends that is made now.
#[must_use]
pub fn token_ends(state: &AppState) -> Timestamp {
    let now = state.clock.now();
    Timestamp::from_second(now.as_second() + HOLDS_S).unwrap_or(now)
}

/// The name behind which a page of a list begins; empty for the first page.
///
/// - `purpose`: the list and who asks for it.
///
/// # Errors
///
/// [`Exception`] for a token that does not open for them, or that was given back.
pub fn name_before(
    state: &AppState,
    parameters: &Parameters,
    purpose: Purpose,
) -> Result<String, Exception> {
    let Some(token) = &parameters.token else { return Ok(String::new()) };
    let place = state.page_tokens.open(token, purpose, state.clock.now())?;
    state.given_back.refuse(token)?;
    Ok(String::from_utf8(place).map_err(|_| TokenError::Forged)?)
}

/// Adds the link to the next page.
pub fn link_next(
    response: &mut HttpResponse,
    state: &AppState,
    request: &HttpRequest,
    parameters: &Parameters,
    token: &str,
) {
    let mut pairs: Vec<(&str, &str)> =
        parameters.criteria.iter().map(|(name, value)| (&**name, &**value)).collect();
    let per_page = parameters.per_page.to_string();
    if parameters.states_per_page {
        pairs.push(("perPage", &per_page));
    }
    pairs.push(("nextPageToken", token));
    let query: Vec<String> = pairs
        .iter()
        .map(|(name, value)| {
            format!("{}={}", super::document::escaped(name), super::document::escaped(value))
        })
        .collect();
    let base = &state.config().public_url;
    let link = format!("<{base}{}?{}>; rel=\"next\"", request.uri().path(), query.join("&"));
    let expires = token_ends(state).to_string();
    let headers = response.headers_mut();
    for (name, value) in
        [(LINK, link), (HeaderName::from_static("gs1-next-page-token-expires"), expires)]
    {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}
