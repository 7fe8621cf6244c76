//! What everybody is answered: the style sheet, a script, two drawings, and the choice of a language.

use actix_web::http::header::{CACHE_CONTROL, SET_COOKIE};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpResponse, Responder};
use serde::Deserialize;

use crate::assets;
use crate::cookies::{self, header};
use crate::failure::Failure;
use crate::pages::see_other;
use crate::state::DeskState;

/// `GET /assets/desk.css`.
pub async fn style() -> impl Responder {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(include_str!("../../assets/desk.css"))
}

/// `GET /assets/{version}/progress.js`.
///
/// # Errors
///
/// [`Failure::NotFound`] for the script of another version.
pub async fn progress(version: Path<String>) -> Result<HttpResponse, Failure> {
    if !assets::is_now(&version) {
        return Err(Failure::NotFound);
    }
    Ok(HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(assets::PROGRESS))
}

/// `GET /assets/icon.svg`.
pub async fn icon() -> impl Responder {
    drawing(include_str!("../../assets/icon.svg"))
}

/// `GET /assets/outline.svg`: the continents, below maps.
pub async fn outline() -> impl Responder {
    drawing(inquiry::map::OUTLINE)
}

/// A drawing of ours.
fn drawing(svg: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((CACHE_CONTROL, "max-age=86400"))
        .body(svg)
}

/// Parameters of [`language`].
#[derive(Debug, Deserialize)]
pub struct WayBack {
    /// The path of ours to go to.
    #[serde(default)]
    to: String,
}

/// `GET /language/{tag}?to=PATH`: remembers the language and leads back.
///
/// # Errors
///
/// [`Failure::NotFound`] for a language that there is not.
pub async fn language(
    tag: Path<String>,
    back: Query<WayBack>,
    state: Data<DeskState>,
) -> Result<HttpResponse, Failure> {
    if !["zh", "en"].contains(&tag.as_str()) {
        return Err(Failure::NotFound);
    }
    // The login is no path to come back to for anything else, but its language is chosen too.
    let mut answer = match back.to.split('?').next() {
        Some("/login") => see_other_login(&back.to),
        _ => see_other(&back.to),
    };
    let cookie = cookies::LANGUAGE.set(state.config.origin.channel, &tag);
    answer.headers_mut().append(SET_COOKIE, header(&cookie));
    Ok(answer)
}

/// Leads to the login, with the way back that its address has.
fn see_other_login(login: &str) -> HttpResponse {
    let query = login.split_once('?').map_or("", |(_, query)| query);
    let back = Query::<WayBack>::from_query(query).map(Query::into_inner);
    let to = crate::pages::login_link(&back.map(|back| back.to).unwrap_or_default());
    HttpResponse::SeeOther().insert_header(("Location", header(&to))).finish()
}
