//! Health, metrics and readers of a bridge.
//!
//! What holds: `/readers` reads the spool beside the bridge and changes nothing; it contains no secret, since passwords
//! are in files of their own.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;

use actix_web::{App, HttpResponse, HttpServer, web};
use thiserror::Error;

use crate::metrics::Metrics;
use crate::spool::{Spool, SpoolError};

/// The address could not be listened on, or serving failed.
#[derive(Debug, Error)]
#[error("health and metrics could not be served at {address}")]
pub struct ListenError {
    /// The address.
    pub address: SocketAddr,
    /// Why.
    #[source]
    pub source: std::io::Error,
}

/// What is shown of a bridge.
#[derive(Debug, Clone)]
pub struct StatusPage {
    /// Its metrics.
    pub metrics: Metrics,
    /// Where findings and settings are read from.
    pub spool: PathBuf,
    /// Names of the readers that are configured now.
    pub readers: Vec<String>,
}

/// Serves `/healthz`, `/readyz`, `/metrics` and `/readers` until `until` ends.
///
/// # Errors
///
/// [`ListenError`].
pub async fn serve(
    address: SocketAddr,
    status: StatusPage,
    until: impl Future<Output = ()>,
) -> Result<(), ListenError> {
    let failed = |source| ListenError { address, source };
    let status = web::Data::new(status);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(status.clone())
            .route("/healthz", web::get().to(|| async { "alive\n" }))
            .route("/readyz", web::get().to(ready))
            .route("/metrics", web::get().to(print))
            .route("/readers", web::get().to(readers))
    })
    .workers(1)
    .shutdown_timeout(1)
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

/// Ready while the spool can be read and written.
async fn ready(status: web::Data<StatusPage>) -> HttpResponse {
    if status.metrics.spool_writable.get() == 0 {
        return HttpResponse::ServiceUnavailable().body("the spool cannot be written\n");
    }
    match web::block(move || Spool::look(&status.spool)?.waiting()).await {
        Ok(Ok(_)) => HttpResponse::Ok().body("ready\n"),
        Ok(Err(error)) => HttpResponse::ServiceUnavailable().body(format!("{error}\n")),
        Err(_) => HttpResponse::ServiceUnavailable().body("the bridge is stopping\n"),
    }
}

async fn print(status: web::Data<StatusPage>) -> HttpResponse {
    match status.metrics.text() {
        Ok(text) => HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

/// Most findings and changes that are shown, newest first.
const ROWS: u32 = 100;

async fn readers(status: web::Data<StatusPage>) -> HttpResponse {
    match web::block(move || status.readers()).await {
        Ok(Ok(json)) => HttpResponse::Ok().json(json),
        Ok(Err(error)) => HttpResponse::InternalServerError().body(format!("{error}\n")),
        Err(_) => HttpResponse::InternalServerError().body("the bridge is stopping\n"),
    }
}

impl StatusPage {
    /// Whether each configured reader is connected, its settings, and what was found last.
    fn readers(&self) -> Result<serde_json::Value, SpoolError> {
        let spool = Spool::look(&self.spool)?;
        let mut settings: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (reader, name, value) in spool.settings()? {
            settings.entry(reader).or_default().insert(name, value);
        }
        // Not the readers in the spool: it also keeps settings of readers that are no longer configured.
        let readers: Vec<serde_json::Value> = self
            .readers
            .iter()
            .map(|reader| {
                let is_connected = self.metrics.connected.with_label_values(&[reader]).get() == 1;
                let reads = self.metrics.reads.with_label_values(&[reader]).get();
                let settings = settings.remove(reader).unwrap_or_default();
                serde_json::json!({
                    "reader": reader, "connected": is_connected, "reads": reads, "settings": settings,
                })
            })
            .collect();
        Ok(serde_json::json!({
            "readers": readers,
            "findings": spool.findings(ROWS)?,
            "changes": spool.changes(ROWS)?,
            "waitingDeliveries": spool.waiting()?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[actix_web::test]
    async fn a_bridge_is_ready_while_its_spool_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join("spool.sqlite");
        Spool::open(&spool).unwrap();
        let status = |spool: PathBuf| {
            web::Data::new(StatusPage { metrics: Metrics::new(), spool, readers: Vec::new() })
        };
        assert_eq!(ready(status(spool.clone())).await.status(), 200);
        std::fs::write(&spool, "no database any more, only text that stands in its place").unwrap();
        assert_eq!(ready(status(spool)).await.status(), 503);
        assert_eq!(ready(status(folder.path().join("none"))).await.status(), 503);
    }

    #[test]
    fn a_reader_that_is_no_longer_configured_is_not_shown_and_gets_no_series_by_looking() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool.sqlite");
        let mut spool = Spool::open(&path).unwrap();
        let mut batch = spool.begin().unwrap();
        for reader in ["door 3", "door-3"] {
            batch.put_setting(reader, "region", "europe", Timestamp::UNIX_EPOCH).unwrap();
        }
        batch.commit().unwrap();
        let metrics = Metrics::new();
        metrics.begin("door-3");
        metrics.begin("door-4");
        let status = StatusPage {
            metrics: metrics.clone(),
            spool: path,
            readers: vec!["door-3".into(), "door-4".into()],
        };
        let before = metrics.text().unwrap();
        for line in [
            "bridge_connected_readers{reader=\"door-4\"} 0",
            "bridge_findings_total{code=\"lost\",reader=\"door-4\"} 0",
            "bridge_deliveries_total{outcome=\"refused\"} 0",
        ] {
            assert!(before.contains(line), "`{line}` is not in:\n{before}");
        }
        let json = status.readers().unwrap();
        let names: Vec<_> =
            json["readers"].as_array().unwrap().iter().map(|one| one["reader"].clone()).collect();
        assert_eq!(names, ["door-3", "door-4"]);
        assert_eq!(json["readers"][0]["settings"]["region"], "europe");
        assert_eq!(metrics.text().unwrap(), before);
    }
}
