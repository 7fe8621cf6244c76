//! Liveness (`GET /healthz`), readiness (`/readyz`) and metrics (`/metrics`) of the worker.
//!
//! What holds: read-only; nothing can be changed through these endpoints.

use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer, dev};
use process::Service;
use process::health::{self, NotReady, Probe};
use prometheus::Registry;
use sql::Db;

use crate::metrics::Metrics;

/// What the handlers read.
struct State {
    db: Db,
    metrics: Metrics,
}

/// Ready: the database answers, and the hub was compared with the chain, so that it may be signed.
impl Probe for State {
    type NotReady = NotReady;

    async fn ready(&self) -> Result<(), NotReady> {
        if let Err(error) = self.db.ping().await {
            tracing::warn!(%error, "the database does not answer");
            return Err(NotReady("the database does not answer".into()));
        }
        if self.metrics.may_sign.get() == 0 {
            return Err(NotReady("the hub was not compared with the chain yet".into()));
        }
        Ok(())
    }

    fn registry(&self) -> &Registry {
        &self.metrics.registry
    }
}

/// Starts to listen on `address`; its worker tells `service` that it is alive.
///
/// # Errors
///
/// If the address is in use or not this machine's.
pub fn serve(
    address: std::net::SocketAddr,
    db: Db,
    metrics: Metrics,
    service: Service,
) -> std::io::Result<dev::Server> {
    let state = Data::new(State { db, metrics });
    let server = HttpServer::new(move || {
        service.beat_here();
        App::new()
            .wrap(from_fn(process::problem::documented))
            .app_data(state.clone())
            .configure(health::routes::<State>)
    });
    Ok(server.workers(1).disable_signals().shutdown_timeout(2).bind(address)?.run())
}
