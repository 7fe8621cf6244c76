//! Ledgers to answers: verdict pages, histories, proofs, bundles.
//!
//! The way through:
//!
//! ```text
//! scan -> candidates -> history (records recomputed) -> state -> verdict -> page or JSON
//!                         \-> bundle (disclosed records, paths, checkpoints, hub, anchor)
//! ```
//!
//! What holds: every stored record is recomputed before it is used; a verdict rests on facts that can be listed; only
//! scans are written.
//!
//! Not here: what records add up to (`history`), recording (`ingest`), publishing (`anchor`), verifying offline
//! (`ledger::bundle`).
//!
//! Sources: GS1 Digital Link 1.4, RFC 9457, docs/formats/bundle-v1.md.

pub mod answer;
pub mod config;
pub mod http;
pub mod lamps;
pub mod language;
pub mod metrics;
pub mod notices;
pub mod page;
pub mod problem;
pub mod scan;
pub mod scan_result;
pub mod state;
#[cfg(test)]
mod testing;
pub mod words;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use process::Context;
use sql::Db;
use thiserror::Error;

use crate::config::Config;
use crate::state::AppState;

/// Why trace-api stopped or could not start.
#[derive(Debug, Error)]
pub enum Error {
    /// The address could not be listened on.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The HTTP server failed.
    #[error("http server failed")]
    Serve(#[source] std::io::Error),
}

/// Runs trace-api until `context.shutdown` turns true.
///
/// # Errors
///
/// [`enum@Error`].
pub async fn run(config: Config, db: Db, context: Context) -> Result<(), Error> {
    let address = config.listen;
    let mut shutdown = context.shutdown;
    let state = web::Data::new(AppState::new(config, db, context.clock));
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(process::requests::traced))
            .app_data(state.clone())
            .configure(http::routes)
    })
    .workers(2)
    .disable_signals()
    .shutdown_timeout(10)
    .bind(address)
    .map_err(|source| Error::Listen { address, source })?
    .run();
    let handle = server.handle();
    tracing::info!(%address, "listening");
    tokio::spawn(async move {
        shutdown.wait_for(|stop| *stop).await.ok();
        handle.stop(true).await;
    });
    server.await.map_err(Error::Serve)
}
