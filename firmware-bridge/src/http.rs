//! Health, metrics and readers of a bridge.
//!
//! What holds: `/readers` reads the spool beside the bridge and changes nothing; it names no secret, since
//! passwords stand in files of their own.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;

use actix_web::{App, HttpResponse, HttpServer, web};
use prometheus::{Encoder as _, TextEncoder};

use crate::Error;
use crate::metrics::Metrics;
use crate::spool::{Spool, SpoolError};

/// Serves `/healthz`, `/readyz`, `/metrics` and `/readers` until `until` ends.
///
/// - `spool`: where findings and settings are read from.
///
/// # Errors
///
/// [`Error::Listen`].
pub async fn serve(
    address: SocketAddr,
    metrics: Metrics,
    spool: PathBuf,
    until: impl Future<Output = ()>,
) -> Result<(), Error> {
    let failed = |source| Error::Listen { address, source };
    let metrics = web::Data::new(metrics);
    let spool = web::Data::new(spool);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(metrics.clone())
            .app_data(spool.clone())
            .route("/healthz", web::get().to(|| async { "alive\n" }))
            .route("/readyz", web::get().to(|| async { "ready\n" }))
            .route("/metrics", web::get().to(print))
            .route("/readers", web::get().to(readers))
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

/// Findings and changes that are shown, newest first.
const SHOWN: u32 = 100;

/// Whether each reader is connected, its settings, and what was found last.
async fn readers(metrics: web::Data<Metrics>, spool: web::Data<PathBuf>) -> HttpResponse {
    let found = web::block(move || -> Result<serde_json::Value, SpoolError> {
        let spool = Spool::look(&spool)?;
        let mut settings: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (reader, name, value) in spool.settings()? {
            settings.entry(reader).or_default().insert(name, value);
        }
        let readers: Vec<serde_json::Value> = settings
            .into_iter()
            .map(|(reader, settings)| {
                let is_connected = metrics.connected.with_label_values(&[&reader]).get() == 1;
                let reads = metrics.reads.with_label_values(&[&reader]).get();
                serde_json::json!({
                    "reader": reader, "connected": is_connected, "reads": reads, "settings": settings,
                })
            })
            .collect();
        Ok(serde_json::json!({
            "readers": readers,
            "findings": spool.findings(SHOWN)?,
            "changes": spool.changes(SHOWN)?,
            "waitingDeliveries": spool.waiting()?,
        }))
    })
    .await;
    match found {
        Ok(Ok(json)) => HttpResponse::Ok().json(json),
        Ok(Err(error)) => HttpResponse::InternalServerError().body(format!("{error}\n")),
        Err(_) => HttpResponse::InternalServerError().body("the bridge is stopping\n"),
    }
}
