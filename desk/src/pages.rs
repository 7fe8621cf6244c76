//! The pages, one file for each noun, and how an answer is made of them.
//!
//! The way through: `http.rs` says which path leads to which page, and how one is added.

pub mod cases;
pub mod exports;
pub mod home;
pub mod inbox;
pub mod inquiry;
pub mod log;
pub mod login;
pub mod logout;
pub mod open;
pub mod reports;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use process::language::Language;

use crate::cookies::header;
use crate::failure::{Failure, Kind};
use crate::language::language;
use crate::own_path::own_path;
use crate::shell::language_link;
use crate::words::failures;

/// The answer that shows a page.
///
/// # Errors
///
/// [`Failure::Internal`] if the page cannot be made.
pub fn html(page: &impl Template) -> Result<HttpResponse, Failure> {
    let text = page.render()?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(text))
}

/// The answer that leads to a page of ours, after something was changed.
#[must_use]
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, header(own_path(path)))).finish()
}

/// The address of the login that leads back to `path`.
#[must_use]
pub fn login_link(path: &str) -> String {
    format!("/login?to={}", utf8_percent_encode(own_path(path), NON_ALPHANUMERIC))
}

/// A page for somebody who may not be logged in, with one link.
#[derive(Template)]
#[template(path = "notice.html")]
pub struct Notice {
    /// The language.
    pub lang: Language,
    /// The heading.
    pub title: &'static str,
    /// The same page in the other language.
    pub other_language: String,
    /// Where the browser goes by itself; empty if it stays.
    pub leads_to: String,
    /// What to do.
    pub hint: &'static str,
    /// Where the link leads.
    pub link: String,
    /// What it is called.
    pub link_name: &'static str,
}

/// The page for a failure.
///
/// # Errors
///
/// If it cannot be made.
pub fn failure(
    request: &HttpRequest,
    status: StatusCode,
    kind: Kind,
) -> Result<HttpResponse, askama::Error> {
    let lang = language(request);
    let is_login = kind.words == &failures::LOGIN_NEEDED;
    // A change is not repeated after a login; its page is not known.
    let here = request.uri().path_and_query().map_or("/", |here| here.as_str());
    let back = if request.method().is_safe() { here } else { "/" };
    let (link, link_name) = match kind.words {
        words if words == &failures::LOGIN_NEEDED => (login_link(back), failures::TO_LOGIN),
        words if words == &failures::LOGIN_FAILED => (login_link("/"), failures::TO_LOGIN),
        _ => ("/".to_owned(), failures::TO_HOME),
    };
    let page = Notice {
        lang,
        title: lang.of(kind.words.main),
        other_language: language_link(request, lang.other()),
        // The browser sends no session with what another site led to, but with what this page leads to: whoever is logged in then is
        // shown what they asked for.
        leads_to: if is_login { link.clone() } else { String::new() },
        hint: lang.of(kind.words.hint),
        link,
        link_name: lang.of(link_name),
    };
    let text = page.render()?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(text))
}
