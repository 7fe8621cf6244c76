//! Liveness (`GET /healthz`), readiness (`/readyz`) and metrics (`/metrics`) of the worker.
//!
//! What holds: read-only; nothing can be changed through these endpoints.

use actix_web::http::header::ContentType;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer, dev};
use prometheus::{Encoder as _, TextEncoder};
use sql::Db;

use crate::metrics::Metrics;

/// What the handlers read.
struct State {
    db: Db,
    metrics: Metrics,
}

/// Starts to listen on `address`.
///
/// # Errors
///
/// If the address is in use or not this machine's.
pub fn serve(
    address: std::net::SocketAddr,
    db: Db,
    metrics: Metrics,
) -> std::io::Result<dev::Server> {
    let state = Data::new(State { db, metrics });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .route("/healthz", web::get().to(async || "alive\n"))
            .route("/readyz", web::get().to(ready))
            .route("/metrics", web::get().to(metrics_text))
    });
    Ok(server.workers(1).disable_signals().shutdown_timeout(2).bind(address)?.run())
}

/// Ready: the database answers, and the hub was compared with the chain, so it may sign.
async fn ready(state: Data<State>) -> HttpResponse {
    if let Err(error) = state.db.ping().await {
        tracing::warn!(%error, "not ready");
        return HttpResponse::ServiceUnavailable().body("the database does not answer\n");
    }
    if state.metrics.may_sign.get() == 0 {
        return HttpResponse::ServiceUnavailable()
            .body("the hub is not yet compared with the chain\n");
    }
    HttpResponse::Ok().content_type(ContentType::plaintext()).body("ready\n")
}

async fn metrics_text(state: Data<State>) -> HttpResponse {
    let mut text = Vec::new();
    match TextEncoder::new().encode(&state.metrics.registry.gather(), &mut text) {
        Ok(()) => HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text),
        Err(error) => {
            tracing::error!(%error, "metrics could not be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}
