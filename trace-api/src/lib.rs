//! Ledgers to answers: verdict pages, histories, proofs, bundles.
//!
//! The way through:
//!
//! ```text
//! scan -> candidates -> story (records checked again) -> facts -> verdict -> page or JSON
//!                         \-> bundle (disclosed records, paths, checkpoints, hub, anchor)
//! ```
//!
//! What holds: nothing stored is believed before it was recomputed; a verdict rests on facts that can be
//! listed; nothing here writes but scans.
//!
//! Not here: recording (`ingest`), publishing (`anchor`), verifying offline (`ledger::bundle`).
//!
//! Sources: GS1 Digital Link 1.4, RFC 9457, docs/formats/bundle-v1.md.

pub mod config;
pub mod http;
pub mod metrics;
pub mod page;
pub mod problem;
pub mod scan;
pub mod words;

use std::num::NonZeroU32;

use actix_web::{App, HttpServer, web};
use governor::{Quota, RateLimiter};
use sql::Db;
use thiserror::Error;
use tokio::sync::watch;

use crate::config::Config;
use crate::http::State;
use crate::metrics::Metrics;
use crate::problem::Problem;

/// Unknown codes that one address may ask for in a minute.
const UNKNOWN_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).expect("thirty is not zero");

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

/// Runs trace-api until `shutdown` turns true.
///
/// # Errors
///
/// [`enum@Error`].
pub async fn run(config: Config, db: Db, mut shutdown: watch::Receiver<bool>) -> Result<(), Error> {
    let address = config.listen;
    let state = web::Data::new(State {
        db,
        config,
        metrics: Metrics::new(),
        unknown: RateLimiter::keyed(Quota::per_minute(UNKNOWN_PER_MINUTE)),
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .default_service(web::to(|| async {
                Err::<String, _>(Problem::NotFound("no such page; / is the start".into()))
            }))
            .configure(http::routes)
    })
    .workers(2)
    .disable_signals()
    .shutdown_timeout(10)
    .bind(address)
    .map_err(|source| Error::Listen { address, source })?
    .run();
    let handle = server.handle();
    tracing::info!(%address, "trace-api listens");
    tokio::spawn(async move {
        shutdown.wait_for(|stop| *stop).await.ok();
        handle.stop(true).await;
    });
    server.await.map_err(Error::Serve)
}
