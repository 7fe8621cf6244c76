//! The HTTP interface of ingest: one file per resource, all routes here.
//!
//! | route | file |
//! |---|---|
//! | `POST /observations` | [`observations_post`] |
//! | `POST /capture`, `GET /capture/{id}` | [`capture`] |
//! | `GET /healthz`, `/readyz`, `/metrics` | `process::health`, [`health`] |

pub mod capture;
pub mod health;
pub mod observations_post;
mod state;
#[cfg(test)]
mod tests;

use actix_web::web;

pub use self::state::State;

/// Adds all routes.
pub fn routes(service: &mut web::ServiceConfig) {
    service
        .route("/observations", web::post().to(observations_post::post))
        .route("/capture", web::post().to(capture::post))
        .route("/capture/{id}", web::get().to(capture::get))
        .configure(process::health::routes::<State>);
}
