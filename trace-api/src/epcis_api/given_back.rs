//! `DELETE /nextPageToken/{token}`: a caller that needs no more pages gives its token back.
//!
//! Not here: which tokens were given back ([`super::ended_tokens`]).
//!
//! Source: EPCIS 2.0 REST binding, `/nextPageToken/{token}`.

use access::Act;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::address::named;
use super::caller::Caller;
use super::exception::Exception;
use super::reply;
use super::token::TokenError;
use crate::problem::Problem;
use crate::state::AppState;

/// The handler.
///
/// # Errors
///
/// [`Exception`].
pub async fn delete(
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Exception> {
    let token = named(&request, "/nextPageToken/", "")?;
    Caller::admit(&state, &request, Act::QueryEvents, "nextPageToken is given back").await?;
    let now = state.clock.now();
    let ends = state.page_tokens.ends(&token).ok_or(TokenError::Forged)?;
    if ends > now && !state.given_back.remember(&token, ends, now) {
        return Err(Problem::Unavailable.into());
    }
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
