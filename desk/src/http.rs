//! The routes of the desk, all on one screen, and how a page is added.
//!
//! | route | who | file |
//! |---|---|---|
//! | `GET /` | logged in | [`crate::pages::home`] |
//! | `GET /search`, `POST /searches`; `GET /item`; `GET /tree`; `GET`, `POST /list` | logged in | [`crate::pages::inquiry`] |
//! | `GET`, `POST /cases`; `GET`, `POST /cases/{id}` | logged in | [`crate::pages::cases`] |
//! | `GET /reports`, `GET /reports/{id}`, `GET /reports/{id}/photo` | logged in | [`crate::pages::reports`] |
//! | `GET`, `POST /exports`; `GET`, `POST /exports/{id}`; `GET /exports/{id}/{part}` | logged in | [`crate::pages::exports`] |
//! | `GET /log` | logged in | [`crate::pages::log`] |
//! | `GET /login`, `POST /login/key`, `GET /login/provider`, `GET /login/callback` | everybody | [`crate::pages::login`] |
//! | `POST /logout` | everybody | [`crate::pages::logout`] |
//! | `GET /language/{tag}`, `GET /assets/…` | everybody | [`crate::pages::open`] |
//! | `GET /healthz` | everybody | `process::health` |
//! | `GET /healthz`, `/readyz`, `/metrics` | operator's address | `process::health` |
//!
//! # Adding a page
//!
//! 1. A file below `pages/`, named after its noun, with the handler: `async fn get(visitor: Visitor, state: Data<DeskState>, …) ->
//!    Result<HttpResponse, Failure>`. Taking [`crate::visitor::Visitor`] is what keeps strangers out: without a session its handler is
//!    not reached, and the login leads back to the page.
//! 2. What may be seen: `visitor.sight(Act::QueryEvents, &state)?` gives the `access::Sight`; show only what it sees. Where
//!    `Sight::is_recorded`, record the read with its reason before anything is answered.
//! 3. A template `desk/pages/<noun>.html` that begins with `{% extends "shell.html" %}` and fills the block `main`; its struct has the
//!    field `shell: Shell`, made by `Shell::of(&visitor, &request, TITLE)`. Answer with [`crate::pages::html`]. Words go into
//!    `words/<noun>.rs` (both languages); styles into `assets/desk.css`; nothing inline. A page works without script; one that is better with a
//!    script brings it in `assets/` and allows it alone ([`guard::script_policy`]). Values in a template are escaped; never use `|safe`.
//! 4. The route in `people` and a line in [`PATHS`], in the order of the table. A page that is reached from everywhere gets a line in
//!    `NAVIGATION` of `shell.rs`.
//! 5. A change is a `<form method="post">` with `<input type="hidden" name="csrf" value="{{ shell.csrf }}">`, and a handler that takes
//!    [`crate::visitor::Posted`] in place of the visitor (`posted.visitor`, `posted.form`). It answers 303 with `pages::see_other`, so
//!    that a reload sends nothing again. Bodies of up to [`MOST_BODY`] bytes are taken.
//! 6. Tables that the page reads: grant `chopmark_desk` the right in your own migration, and list it in `sql/tests/rights/expected.rs`.
//!
//! What holds: [`PATHS`] says who is answered where, and a test asks every path that needs a session without one, and every one that
//! changes something from another site.

pub mod guard;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{NormalizePath, TrailingSlash, from_fn};
use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{App, Error};
use process::problem::at;

use crate::config::CALLBACK;
use crate::failure::Failure;
use crate::pages::inquiry::{item, paste, search, tree};
use crate::pages::{cases, exports, home, inbox, log, login, logout, open, reports};
use crate::state::{Audience, DeskState};

/// Most bytes of a form: a pasted list of ten thousand things.
pub const MOST_BODY: usize = 1 << 20;

/// Who is answered at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody.
    Everybody,
    /// Whoever is logged in.
    LoggedIn,
}

/// Every path that people are answered at, with its method.
pub const PATHS: &[(&str, &str, Who)] = &[
    ("GET", "/", Who::LoggedIn),
    ("GET", "/search", Who::LoggedIn),
    ("POST", "/searches", Who::LoggedIn),
    ("GET", "/item", Who::LoggedIn),
    ("GET", "/tree", Who::LoggedIn),
    ("GET", "/list", Who::LoggedIn),
    ("POST", "/list", Who::LoggedIn),
    ("GET", "/cases", Who::LoggedIn),
    ("POST", "/cases", Who::LoggedIn),
    ("GET", "/cases/{id}", Who::LoggedIn),
    ("POST", "/cases/{id}", Who::LoggedIn),
    ("GET", "/inbox", Who::LoggedIn),
    ("GET", "/inbox/{case}/{number}", Who::LoggedIn),
    ("POST", "/inbox/{case}/{number}", Who::LoggedIn),
    ("GET", "/reports", Who::LoggedIn),
    ("GET", "/reports/{id}", Who::LoggedIn),
    ("GET", "/reports/{id}/photo", Who::LoggedIn),
    ("GET", "/exports", Who::LoggedIn),
    ("POST", "/exports", Who::LoggedIn),
    ("GET", "/exports/{id}", Who::LoggedIn),
    ("POST", "/exports/{id}", Who::LoggedIn),
    ("GET", "/exports/{id}/{part}", Who::LoggedIn),
    ("GET", "/log", Who::LoggedIn),
    ("GET", "/login", Who::Everybody),
    ("POST", "/login/key", Who::Everybody),
    ("GET", "/login/provider", Who::Everybody),
    ("GET", CALLBACK, Who::Everybody),
    ("POST", "/logout", Who::LoggedIn),
    ("GET", "/language/{tag}", Who::Everybody),
    ("GET", "/assets/desk.css", Who::Everybody),
    ("GET", "/assets/{version}/progress.js", Who::Everybody),
    ("GET", "/assets/icon.svg", Who::Everybody),
    ("GET", "/assets/outline.svg", Who::Everybody),
    ("GET", "/healthz", Who::Everybody),
];

/// The application that answers one audience.
pub fn application(
    state: Data<DeskState>,
    audience: Audience,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .wrap(from_fn(process::requests::traced))
        .wrap(NormalizePath::new(TrailingSlash::Trim))
        .wrap(from_fn(guard::guarded))
        .app_data(state)
        .app_data(audience)
        .app_data(PayloadConfig::new(MOST_BODY))
        .configure(match audience {
            Audience::People => people,
            Audience::Operator => process::health::routes::<DeskState>,
        })
        .default_service(web::to(async || Err::<String, _>(Failure::NotFound)))
}

fn people(service: &mut web::ServiceConfig) {
    service
        .service(at("/", home::get))
        .service(at("/search", search::get))
        .route("/searches", web::post().to(search::keep))
        .service(at("/item", item::get))
        .service(at("/tree", tree::get))
        .service(
            web::resource("/list")
                .route(web::get().to(paste::get))
                .route(web::head().to(paste::get))
                .route(web::post().to(paste::post)),
        )
        .service(
            web::resource("/cases")
                .route(web::get().to(cases::get))
                .route(web::head().to(cases::get))
                .route(web::post().to(cases::post)),
        )
        .service(
            web::resource("/cases/{id}")
                .route(web::get().to(cases::one::get))
                .route(web::head().to(cases::one::get))
                .route(web::post().to(cases::one::post)),
        )
        .service(at("/inbox", inbox::get))
        .service(
            web::resource("/inbox/{case}/{number}")
                .route(web::get().to(inbox::one::get))
                .route(web::head().to(inbox::one::get))
                .route(web::post().to(inbox::one::post)),
        )
        .service(at("/reports", reports::get))
        .service(at("/reports/{id}", reports::one::get))
        // To open a photo is recorded: HEAD is not answered.
        .route("/reports/{id}/photo", web::get().to(reports::photo::get))
        .service(
            web::resource("/exports")
                .route(web::get().to(exports::get))
                .route(web::head().to(exports::get))
                .route(web::post().to(exports::post)),
        )
        .service(
            web::resource("/exports/{id}")
                .route(web::get().to(exports::one::get))
                .route(web::head().to(exports::one::get))
                .route(web::post().to(exports::one::post)),
        )
        // A file that is taken is recorded: HEAD is not answered.
        .route("/exports/{id}/{part}", web::get().to(exports::part::get))
        // Each look is recorded: HEAD is not answered.
        .route("/log", web::get().to(log::get))
        .configure(logins)
        .service(at("/language/{tag}", open::language))
        .service(at("/assets/desk.css", open::style))
        .service(at("/assets/{version}/progress.js", open::progress))
        .service(at("/assets/icon.svg", open::icon))
        .service(at("/assets/outline.svg", open::outline))
        .configure(process::health::liveness);
}

/// Logging in and out.
fn logins(service: &mut web::ServiceConfig) {
    service
        .service(at("/login", login::page::get))
        .route("/login/key", web::post().to(login::key::post))
        // A request that begins or ends a login is no mere look: HEAD is not answered.
        .route("/login/provider", web::get().to(login::provider::begin))
        .route(CALLBACK, web::get().to(login::provider::callback))
        .route("/logout", web::post().to(logout::post));
}
