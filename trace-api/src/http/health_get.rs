//! Whether the process lives, whether it can answer, and what it counted.

use actix_web::HttpResponse;
use actix_web::web::Data;
use prometheus::{Encoder as _, TextEncoder};

use super::State;
use crate::problem::Problem;

/// `GET /healthz`.
pub async fn live() -> &'static str {
    "alive\n"
}

/// `GET /readyz`: the database answers.
///
/// # Errors
///
/// [`Problem::Unavailable`] while it does not.
pub async fn ready(state: Data<State>) -> Result<&'static str, Problem> {
    state.db.ping().await?;
    Ok("ready\n")
}

/// `GET /metrics`.
///
/// # Errors
///
/// [`Problem::Internal`] if they cannot be written as text.
pub async fn metrics(state: Data<State>) -> Result<HttpResponse, Problem> {
    let mut text = Vec::new();
    TextEncoder::new()
        .encode(&state.metrics.registry.gather(), &mut text)
        .map_err(|error| Problem::Internal(error.to_string()))?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text))
}
