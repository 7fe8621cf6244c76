//! Health, metrics and readers of a bridge.
//!
//! What holds: `/readers` reads the spool beside the bridge and changes nothing; it contains no secret, since passwords
//! are in files of their own.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, web};
use process::Service;
use process::health::{self, NotReady, Probe};
use process::problem::{answer, at};
use prometheus::Registry;
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

/// Serves `/healthz`, `/readyz`, `/metrics` and `/readers` until `until` ends; its worker tells `service` that it is alive.
///
/// # Errors
///
/// [`ListenError`].
pub async fn serve(
    address: SocketAddr,
    status: StatusPage,
    service: &Service,
    until: impl Future<Output = ()>,
) -> Result<(), ListenError> {
    let failed = |source| ListenError { address, source };
    let status = web::Data::new(status);
    let alive = service.clone();
    let server = HttpServer::new(move || {
        alive.beat_here();
        App::new()
            .wrap(from_fn(process::problem::documented))
            .app_data(status.clone())
            .configure(routes)
    })
    .workers(1)
    .shutdown_timeout(1)
    .disable_signals()
    .bind(address)
    .map_err(failed)?
    .run();
    service.started("bridge");
    let handle = server.handle();
    let server = tokio::spawn(server);
    until.await;
    handle.stop(true).await;
    match server.await {
        Ok(ended) => ended.map_err(failed),
        Err(_) => Ok(()),
    }
}

fn routes(service: &mut web::ServiceConfig) {
    service
        .configure(health::routes::<StatusPage>)
        .service(at("/readers", readers))
        .default_service(web::to(nothing_here));
}

/// Names the paths that there are.
async fn nothing_here() -> HttpResponse {
    let detail = "no such resource; a bridge has /readers, /healthz, /readyz and /metrics";
    answer(StatusCode::NOT_FOUND, "not-found", detail)
}

/// Ready while the spool can be read and written.
impl Probe for StatusPage {
    type NotReady = NotReady;

    async fn ready(&self) -> Result<(), NotReady> {
        if self.metrics.spool_writable.get() == 0 {
            return Err(NotReady("the spool cannot be written".into()));
        }
        let path = self.spool.clone();
        match web::block(move || Spool::look(&path)?.waiting()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(NotReady(error.to_string().into())),
            Err(_) => Err(NotReady("the bridge is stopping".into())),
        }
    }

    fn registry(&self) -> &Registry {
        &self.metrics.registry
    }
}

/// Findings and changes that are shown, newest first.
const ROWS: u32 = 100;

async fn readers(status: web::Data<StatusPage>) -> Result<HttpResponse, NotReady> {
    match web::block(move || status.readers()).await {
        Ok(Ok(json)) => Ok(HttpResponse::Ok().json(json)),
        Ok(Err(error)) => Err(NotReady(error.to_string().into())),
        Err(_) => Err(NotReady("the bridge is stopping".into())),
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
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use jiff::Timestamp;

    use super::*;

    #[actix_web::test]
    async fn a_bridge_is_ready_while_its_spool_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join("spool.sqlite");
        Spool::open(&spool).unwrap();
        let status =
            |spool: PathBuf| StatusPage { metrics: Metrics::new(), spool, readers: Vec::new() };
        status(spool.clone()).ready().await.unwrap();
        std::fs::write(&spool, "no database any more, only text in its place").unwrap();
        status(spool.clone()).ready().await.unwrap_err();
        status(folder.path().join("none")).ready().await.unwrap_err();
        Spool::open(&folder.path().join("other.sqlite")).unwrap();
        let full = status(folder.path().join("other.sqlite"));
        full.metrics.spool_writable.set(0);
        assert_eq!(full.ready().await.unwrap_err().to_string(), "the spool cannot be written");
    }

    #[actix_web::test]
    async fn what_a_bridge_does_not_answer_is_a_problem_document() {
        let folder = tempfile::tempdir().unwrap();
        let status = StatusPage {
            metrics: Metrics::new(),
            spool: folder.path().join("none"),
            readers: Vec::new(),
        };
        let app = App::new()
            .wrap(from_fn(process::problem::documented))
            .app_data(web::Data::new(status))
            .configure(routes);
        let app = init_service(app).await;
        let (get, post) = (TestRequest::get, TestRequest::post);
        for (request, expected, allow) in [
            (get().uri("/"), 404, None),
            (get().uri("/nothing"), 404, None),
            (post().uri("/nothing"), 404, None),
            (get().uri("/readers"), 503, None),
            (get().uri("/readyz"), 503, None),
            (post().uri("/readers"), 405, Some("GET, HEAD")),
            (post().uri("/healthz"), 405, Some("GET, HEAD")),
            (post().uri("/metrics"), 405, Some("GET, HEAD")),
        ] {
            let answer = call_service(&app, request.to_request()).await;
            assert_eq!(answer.status().as_u16(), expected);
            let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
            assert_eq!(header("content-type"), Some("application/problem+json"), "{expected}");
            assert_eq!(header("allow"), allow);
            let problem: serde_json::Value =
                serde_json::from_slice(&read_body(answer).await).unwrap();
            assert_eq!(problem["status"], expected);
            let detail = problem["detail"].as_str().unwrap();
            assert!(!detail.is_empty());
            for path in ["/readers", "/healthz", "/readyz", "/metrics"] {
                assert!(expected != 404 || detail.contains(path), "{detail}");
            }
        }
        let ready = call_service(&app, get().uri("/healthz?unknown=1").to_request()).await;
        assert_eq!(ready.status().as_u16(), 200, "an unknown parameter changes nothing");
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
