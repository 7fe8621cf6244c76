//! Health and metrics of a bridge.

use std::future::Future;
use std::net::SocketAddr;

use actix_web::{App, HttpResponse, HttpServer, web};
use prometheus::{Encoder as _, TextEncoder};

use crate::Error;
use crate::metrics::Metrics;

/// Serves `/healthz`, `/readyz` and `/metrics` until `until` ends.
///
/// # Errors
///
/// [`Error::Listen`].
pub async fn serve(
    address: SocketAddr,
    metrics: Metrics,
    until: impl Future<Output = ()>,
) -> Result<(), Error> {
    let failed = |source| Error::Listen { address, source };
    let metrics = web::Data::new(metrics);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(metrics.clone())
            .route("/healthz", web::get().to(|| async { "alive\n" }))
            .route("/readyz", web::get().to(|| async { "ready\n" }))
            .route("/metrics", web::get().to(print))
    })
    .workers(1)
    .disable_signals()
    .bind(address)
    .map_err(failed)?
    .run();
    let handle = server.handle();
    let server = tokio::spawn(server);
    until.await;
    handle.stop(true).await;
    match server.await {
        Ok(ended) => ended.map_err(failed),
        Err(_) => Ok(()),
    }
}

async fn print(metrics: web::Data<Metrics>) -> HttpResponse {
    let mut text = Vec::new();
    match TextEncoder::new().encode(&metrics.registry.gather(), &mut text) {
        Ok(()) => HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}
