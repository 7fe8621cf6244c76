//! `POST /logout`: ends the session.
//!
//! What holds: a form of this session sends it; the secret before ends it as well, because ending is never wrong.

use actix_web::http::header::SET_COOKIE;
use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::cookies::{self, header};
use crate::failure::Failure;
use crate::state::DeskState;
use crate::visitor::{form, shown_secret};

#[derive(Deserialize)]
struct Token {
    csrf: String,
}

/// `POST /logout`.
///
/// # Errors
///
/// [`Failure`].
pub async fn post(
    request: HttpRequest,
    body: Bytes,
    state: Data<DeskState>,
) -> Result<HttpResponse, Failure> {
    let secret = shown_secret(&request, &state).ok_or(Failure::LoginNeeded)?;
    let token = Query::<Token>::from_query(form(&request, &body)?)
        .map_err(|_| Failure::Forged("the form has no token, or more than one"))?;
    if !secret.is_csrf(&token.csrf) {
        return Err(Failure::Forged("the token is not that of this session"));
    }
    state.gate.log_out(&secret).await?;
    let end = cookies::SESSION.end(state.config.origin.channel);
    let to = ("Location", "/login?out=1");
    let mut answer = HttpResponse::SeeOther().insert_header(to).finish();
    answer.headers_mut().append(SET_COOKIE, header(&end));
    Ok(answer)
}
