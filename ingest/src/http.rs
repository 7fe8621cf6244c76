//! The HTTP interface of ingest: one file per resource, all routes here.
//!
//! | route | file |
//! |---|---|
//! | `POST /observations` | [`observations_post`] |
//! | `POST /capture` | [`capture`], `long.rs` for long documents |
//! | `POST /events` | [`events_post`] |
//! | `GET /capture` | [`captures_get`] |
//! | `GET /capture/{id}`, `/capture/{id}/document` | [`capture_job`] |
//! | `OPTIONS` of these | [`standard`] |
//! | `GET /openapi.json` | here |
//! | `GET /healthz`, `/readyz`, `/metrics` | `process::health`, [`health`] |
//!
//! The way of a request: `guard.rs` (characters, headers of the answer) -> head: is the sender known? -> `intake.rs`
//! (the body, within limits) -> the work, away from the HTTP workers -> the ledger's writer.

mod addresses;
pub mod capture;
pub mod capture_job;
pub mod captures_get;
pub mod events_post;
mod guard;
pub mod health;
mod intake;
mod job_xml;
mod jobs;
mod judged;
mod long;
pub mod observations_post;
pub mod standard;
mod state;
mod strangers;
#[cfg(test)]
mod tests;
mod who;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, web};
use process::Service;
use process::one_address::{self, Divided, Guest, Interface};
use process::problem::{at, method_not_allowed};
use process::tls::HANDSHAKE_WITHIN;

pub use self::state::State;
use crate::problem::Problem;

/// Seconds within which the head of a request must have arrived.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// Most connections of one worker. Each may hold 64 KiB that no handler has asked for yet.
const CONNECTIONS: usize = 512;

/// Adds all routes.
pub fn routes(service: &mut web::ServiceConfig) {
    let refused = |allowed: &'static str| {
        web::to(move |request: HttpRequest| async move { method_not_allowed(&request, allowed) })
    };
    let options = || web::method(Method::OPTIONS);
    service
        .service(
            web::resource("/observations")
                .route(web::post().to(observations_post::post))
                .default_service(refused("POST")),
        )
        .service(
            web::resource("/capture")
                .route(web::post().to(capture::post))
                .route(web::get().to(captures_get::get))
                .route(web::head().to(captures_get::get))
                .route(options().to(standard::capture))
                .default_service(refused(standard::CAPTURE))
                .wrap(from_fn(standard::typed)),
        )
        .service(
            web::resource("/events")
                .route(web::post().to(events_post::post))
                .route(options().to(standard::events))
                .default_service(refused(standard::EVENTS))
                .wrap(from_fn(standard::typed)),
        )
        .service(
            web::resource("/capture/{id}")
                .route(web::get().to(capture_job::get))
                .route(web::head().to(capture_job::get))
                .route(options().to(standard::job))
                .default_service(refused(standard::JOB))
                .wrap(from_fn(standard::typed)),
        )
        .service(
            web::resource("/capture/{id}/document")
                .route(web::get().to(capture_job::document))
                .route(web::head().to(capture_job::document))
                .route(options().to(standard::job))
                .default_service(refused(standard::JOB))
                .wrap(from_fn(standard::typed)),
        )
        .service(at("/openapi.json", openapi))
        .configure(process::health::routes::<State>);
}

/// What this interface has where trace-api answers at the same address.
pub const INTERFACE: Interface = Interface {
    paths: &["/observations", "/capture"],
    divided: &[Divided { path: "/events", methods: &["POST"] }],
    openapi: include_str!("http/openapi.json"),
};

/// `GET /openapi.json`: what this interface has.
async fn openapi() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(INTERFACE.openapi)
}

/// What is lent to trace-api, if both are answered at one address: this interface, and for the operator `/ingest/readyz` and
/// `/ingest/metrics`.
#[must_use]
pub fn guest(state: Data<State>) -> Guest {
    let shown = state.clone();
    Guest {
        application: Arc::new(move || one_address::application(application(state.clone()))),
        operator: Arc::new(move |service| {
            let own = web::scope("/ingest").configure(process::health::routes::<State>);
            service.app_data(shown.clone()).service(own);
        }),
        interface: INTERFACE,
    }
}

/// The application: every route, and what holds for all of them.
pub fn application(
    state: Data<State>,
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
        .wrap(from_fn(process::problem::documented))
        .wrap(from_fn(process::requests::traced))
        .wrap(from_fn(guard::guarded))
        .app_data(state)
        .default_service(web::to(|| async {
            Err::<String, _>(Problem::NotFound("no such resource".into()))
        }))
        .configure(routes)
}

/// The server of `state` on `listener`, not yet started: it runs while it is awaited. With TLS if the settings have a
/// certificate.
///
/// - `service`: its workers tell it that they are alive.
///
/// # Errors
///
/// If the listener cannot be used.
pub fn server(
    state: Data<State>,
    service: &Service,
    listener: TcpListener,
) -> std::io::Result<Server> {
    let service = service.clone();
    let tls = state.config.settings.tls.clone();
    let server = HttpServer::new(move || {
        service.beat_here();
        application(state.clone())
    })
    .workers(2)
    .max_connections(CONNECTIONS)
    // Handshakes under way are connections; they are not fewer than these.
    .max_connection_rate(CONNECTIONS)
    .on_connect(process::tls::client::note)
    .tls_handshake_timeout(HANDSHAKE_WITHIN)
    .client_request_timeout(HEAD_WITHIN)
    .disable_signals()
    .shutdown_timeout(10);
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls.server_config())?,
        None => server.listen(listener)?,
    };
    Ok(server.run())
}
