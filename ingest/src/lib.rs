//! Observation and event to record: admission, site rules, group commit.
//!
//! The way through:
//!
//! ```text
//! POST /observations -> admit (a key per bridge) -> Delivery ---+
//!                                                               +-> writer of the ledger -> one commit
//! POST /capture -> admit (a token per partner) -> EPCIS events -+      (interpret, compose, sign)
//! ```
//!
//! What holds:
//!
//! - an answer that says "recorded" is given only after the commit;
//! - the same delivery or document is recorded once, however often it is sent;
//! - everything that is refused is stored with its reason and counted.
//!
//! Not here: settling reads (firmware-bridge), publishing (anchor), answering questions (trace-api).
//!
//! Sources: EPCIS 2.0, CBV 2.0; docs/formats/observation-v1.md and record-v1.md.

pub mod admit;
pub mod compose;
pub mod config;
mod excerpt;
pub mod facts;
pub mod http;
pub mod items;
pub mod metrics;
pub mod outcome;
pub mod problem;
pub mod rules;
pub mod writer;

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use process::Context;
use sql::{Db, LedgerId};
use thiserror::Error;

use crate::config::{Config, Site};
use crate::http::State;
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::writer::{SiteLedger, Writer};

/// Why ingest stopped or could not start.
#[derive(Debug, Error)]
pub enum Error {
    /// The database refused or is not available.
    #[error("database: {0}")]
    Sql(#[from] sql::Error),
    /// A ledger was rolled back or forked; nothing is signed.
    #[error(
        "ledger `{origin}` is not signed: {reason}; the hub holds a checkpoint that the database does not extend, so \
         the database was altered, or restored from an older backup; restore a newer backup, or start a new ledger \
         under another origin; `chopmark audit` shows more, and table `forks` has both checkpoints"
    )]
    NotContinuous {
        /// Its origin.
        origin: String,
        /// What contradicts what.
        reason: String,
    },
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

/// Runs ingest until the context's `shutdown` turns true; then it answers what it has accepted, and stops.
///
/// Ledgers that do not exist yet are created, empty.
///
/// # Errors
///
/// [`enum@Error`], if it cannot start.
pub async fn run(config: Config, db: Db, context: Context) -> Result<(), Error> {
    let metrics = Metrics::new();
    let Config { settings, sites, bridges, partners } = config;
    let ledgers = create_ledgers(&db, sites, &context).await?;
    for ledger in &ledgers {
        if let Some(reason) = ledger.refusal(&db).await? {
            return Err(Error::NotContinuous { origin: ledger.site.origin.clone(), reason });
        }
    }
    let mut writers = HashMap::new();
    let mut threads = Vec::new();
    for ledger in ledgers {
        let origin = ledger.site.origin.clone();
        let max_jobs = settings.group_commit_max_jobs;
        let (writer, thread) = Writer::start(db.clone(), ledger, metrics.clone(), max_jobs);
        writers.insert(origin, writer);
        threads.push(thread);
    }
    let listen = settings.listen;
    let max_body = settings.max_body_bytes;
    let config = Config { settings, sites: Vec::new(), bridges, partners };
    let state = web::Data::new(State { db, config, writers, metrics, clock: context.clock });
    let shared = state.clone();
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(process::requests::traced))
            .app_data(shared.clone())
            .app_data(web::PayloadConfig::new(max_body))
            .default_service(web::to(|| async {
                Err::<String, _>(Problem::NotFound("no such resource".into()))
            }))
            .configure(http::routes)
    })
    .workers(2)
    .disable_signals()
    .shutdown_timeout(10)
    .bind(listen)
    .map_err(|source| Error::Listen { address: listen, source })?
    .run();
    let handle = server.handle();
    tracing::info!(%listen, "listening");
    let mut shutdown = context.shutdown;
    tokio::spawn(async move {
        // Errors only when the sender is gone, which is a reason to stop as well.
        shutdown.wait_for(|stop| *stop).await.ok();
        handle.stop(true).await;
    });
    server.await.map_err(Error::Serve)?;
    // This drops the last senders of the queues; the writers finish the jobs that they have.
    drop(state);
    let wait = move || threads.into_iter().for_each(|thread| drop(thread.join()));
    tokio::task::spawn_blocking(wait).await.ok();
    Ok(())
}

/// Creates the ledgers of `sites` where they do not exist yet.
async fn create_ledgers(
    db: &Db,
    sites: Vec<Site>,
    context: &Context,
) -> Result<Vec<SiteLedger>, Error> {
    let mut ids: Vec<LedgerId> = Vec::with_capacity(sites.len());
    let mut destinations = HashMap::new();
    for site in &sites {
        let id = sql::ledgers::create_ledger(db, &site.origin, "site", &site.party.name).await?;
        ids.push(id);
        if let Some(rules) = &site.rules {
            destinations.insert(rules.location.clone(), id);
        }
    }
    let destinations = Arc::new(destinations);
    Ok(ids
        .into_iter()
        .zip(sites)
        .map(|(id, site)| SiteLedger {
            id,
            site: Arc::new(site),
            destinations: Arc::clone(&destinations),
            context: context.clone(),
        })
        .collect())
}
