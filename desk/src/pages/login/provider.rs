//! `GET /login/provider` and `GET /login/callback`: logging in at a provider of identities.
//!
//! What holds: the answer of a provider is taken from the browser that began the login, and ends the cookie that says so, whatever comes
//! of it.
//!
//! Not here: what makes the answer valid (`gate::login`).

use access::Cookie;
use actix_web::http::header::{LOCATION, SET_COOKIE};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use gate::Refusal;
use gate::login::{PendingLogin, Returned};
use serde::Deserialize;

use crate::cookies::{self, header};
use crate::failure::Failure;
use crate::language::language;
use crate::own_path::own_path;
use crate::pages::login::{admit, count, hand_over};
use crate::pages::{Notice, html};
use crate::shell::language_link;
use crate::state::DeskState;
use crate::words::login::{CONTINUE, DONE};

const MEANS: &str = "provider";

/// Parameters of [`begin`].
#[derive(Debug, Deserialize)]
pub struct Begin {
    issuer: String,
    #[serde(default)]
    to: String,
}

/// Parameters of [`callback`]; of each at most one, because the query is read into a structure.
#[derive(Debug, Deserialize)]
pub struct Answered {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// `GET /login/provider?issuer=…&to=PATH`: sends the browser to the provider.
///
/// # Errors
///
/// [`Failure`].
pub async fn begin(
    request: HttpRequest,
    query: Query<Begin>,
    state: Data<DeskState>,
) -> Result<HttpResponse, Failure> {
    admit(&state, MEANS, &request)?;
    let origin = &state.config.origin;
    let begun = state
        .gate
        .begin_login(&query.issuer, &origin.callback(), own_path(&query.to), &state.random)
        .await;
    let (pending, url) = begun.map_err(|refusal| match refusal {
        Refusal::NotIdentified(_) => Failure::NotFound,
        other => other.into(),
    })?;
    let mut answer = HttpResponse::SeeOther().insert_header((LOCATION, header(&url))).finish();
    let cookie = cookies::LOGIN.set(origin.channel, &pending.text());
    answer.headers_mut().append(SET_COOKIE, header(&cookie));
    Ok(answer)
}

/// `GET /login/callback`: ends the login.
///
/// A session's cookie is not sent with what the provider led to, so the browser is not led on by a redirect, which would still count as
/// the provider's, but by a page of ours.
pub async fn callback(
    request: HttpRequest,
    query: Query<Answered>,
    state: Data<DeskState>,
) -> HttpResponse {
    let mut answer = match finish(&request, query.into_inner(), &state).await {
        Ok(answer) => answer,
        Err(failure) => failure.error_response(),
    };
    let end = Cookie::end(cookies::LOGIN, state.config.origin.channel);
    answer.headers_mut().append(SET_COOKIE, header(&end));
    answer
}

async fn finish(
    request: &HttpRequest,
    query: Answered,
    state: &DeskState,
) -> Result<HttpResponse, Failure> {
    admit(state, MEANS, request)?;
    let origin = &state.config.origin;
    let pending = cookies::value(request, cookies::LOGIN, origin.channel);
    let pending = pending.as_deref().and_then(PendingLogin::parse);
    let pending = pending.ok_or_else(|| {
        count(state, MEANS, "refused");
        Failure::LoginFailed("the browser did not begin this login".to_owned())
    })?;
    let returned =
        Returned { state: query.state, code: query.code, issuer: query.iss, error: query.error };
    let finished =
        state.gate.finish_login(&pending, &returned, &origin.callback(), &state.random).await;
    let (identity, secret) = finished.map_err(|refusal| match refusal {
        Refusal::NotIdentified(why) => {
            tracing::info!(why, "nobody was logged in");
            count(state, MEANS, "refused");
            Failure::LoginFailed(why)
        }
        other => {
            count(state, MEANS, "unavailable");
            other.into()
        }
    })?;
    count(state, MEANS, "done");
    tracing::info!(subject = identity.subject, "somebody logged in");
    let lang = language(request);
    let way_back = own_path(&pending.way_back).to_owned();
    let mut answer = html(&Notice {
        lang,
        title: lang.of(DONE),
        other_language: language_link(request, lang.other()),
        leads_to: way_back.clone(),
        hint: "",
        link: way_back,
        link_name: lang.of(CONTINUE),
    })?;
    hand_over(&secret, request, state, &mut answer).await?;
    Ok(answer)
}
