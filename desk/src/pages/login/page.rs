//! `GET /login`: the ways to log in. Whoever is logged in is led on.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use process::language::Language;
use serde::Deserialize;

use crate::failure::Failure;
use crate::language::language;
use crate::own_path::own_path;
use crate::pages::{html, see_other};
use crate::shell::language_link;
use crate::state::DeskState;
use crate::visitor::Visitor;
use crate::words::login::{KEY, KEY_HINT, LOG_IN, LOGGED_OUT, WITH, WITH_KEY};

/// Parameters of the login.
#[derive(Debug, Default, Deserialize)]
pub struct LoginQuery {
    /// The path of ours to go to afterwards.
    #[serde(default)]
    to: String,
    /// Whether somebody just logged out.
    #[serde(default)]
    out: Option<String>,
}

struct Texts {
    with: &'static str,
    key: &'static str,
    key_hint: &'static str,
    with_key: &'static str,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Page {
    lang: Language,
    title: &'static str,
    other_language: String,
    leads_to: String,
    note: &'static str,
    providers: Vec<(String, String)>,
    has_key: bool,
    to: String,
    texts: Texts,
}

/// `GET /login`.
///
/// # Errors
///
/// [`Failure`].
pub async fn get(
    visitor: Option<Visitor>,
    query: Query<LoginQuery>,
    request: HttpRequest,
    state: Data<DeskState>,
) -> Result<HttpResponse, Failure> {
    if visitor.is_some() {
        return Ok(see_other(&query.to));
    }
    let lang = language(&request);
    let note = if query.out.is_some() { lang.of(LOGGED_OUT) } else { "" };
    show(&request, &state, &query.to, note)
}

/// The page.
///
/// - `note`: what happened before, or nothing.
///
/// # Errors
///
/// [`Failure::Internal`] if it cannot be made.
pub fn show(
    request: &HttpRequest,
    state: &DeskState,
    to: &str,
    note: &'static str,
) -> Result<HttpResponse, Failure> {
    let lang = language(request);
    let to = own_path(to);
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let link = |(issuer, name): (&str, &str)| {
        let link = format!("/login/provider?issuer={}&to={}", encoded(issuer), encoded(to));
        (link, name.to_owned())
    };
    html(&Page {
        lang,
        title: lang.of(LOG_IN),
        other_language: language_link(request, lang.other()),
        leads_to: String::new(),
        note,
        providers: state.gate.login_providers().map(link).collect(),
        has_key: state.config.key_login,
        to: to.to_owned(),
        texts: Texts {
            with: lang.of(WITH),
            key: lang.of(KEY),
            key_hint: lang.of(KEY_HINT),
            with_key: lang.of(WITH_KEY),
        },
    })
}
