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
//! - everything that is refused is counted, and stored with its reason; of what strangers send a sample is stored.
//!
//! Not here: settling reads (firmware-bridge), publishing (anchor), answering questions (trace-api).
//!
//! Sources: EPCIS 2.0, CBV 2.0; docs/formats/observation-v1.md and record-v1.md.

pub mod admit;
pub mod approvals;
pub mod compose;
pub mod config;
pub mod document;
mod excerpt;
pub mod facts;
pub mod http;
pub mod items;
pub mod metrics;
pub mod outcome;
pub mod problem;
pub mod read_points;
pub mod rights;
pub mod rules;
pub mod split;
pub mod statement;
pub mod terms;
pub mod writer;

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::web;
use ledger::policy::Policy;
use process::Context;
use process::metrics::TlsMetrics;
use sql::{Db, LedgerId};
use thiserror::Error;

use crate::config::{Config, Site};
use crate::http::State;
use crate::metrics::Metrics;
use crate::terms::Terms;
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
    context.metrics.show_in(&metrics.registry);
    let Config { settings, policy, sites, bridges, partners, parties, gate } = config;
    let terms = Terms {
        clock: context.clock.clone(),
        rights: rights::follow(policy, db.clone(), context.shutdown.clone()).await,
        require_licence: settings.require_licence,
    };
    let ledgers = create_ledgers(&db, sites, &context, &terms).await?;
    for ledger in &ledgers {
        if let Some(reason) = ledger.refusal(&db).await? {
            return Err(Error::NotContinuous { origin: ledger.site.origin.clone(), reason });
        }
        let hold = ledger.hold(&db).await?;
        metrics.show_hold(&ledger.site.origin, hold.is_some());
        if let Some(hold) = hold {
            tracing::error!(ledger.origin = ledger.site.origin, %hold, "nothing is signed for this ledger");
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
    let tls_metrics = TlsMetrics::new(&metrics.registry);
    if let Some(tls) = settings.tls.clone() {
        tokio::spawn(tls.follow(context.clone(), tls_metrics));
    }
    let (policy, sites) = (Policy::default(), Vec::new());
    let config = Config { settings, policy, sites, bridges, partners, parties, gate };
    let state = web::Data::new(State::new(db, config, writers, metrics, terms));
    match context.one_address.clone() {
        None => serve(&state, context).await?,
        Some(shared) => {
            context.service.started("ingest");
            tracing::info!(%listen, "answered at the address of trace-api");
            shared.lend(http::guest(state.clone()), context.shutdown).await;
        }
    }
    state.store_rest().await;
    // This drops the last senders of the queues; the writers finish the jobs that they have.
    drop(state);
    let wait = move || threads.into_iter().for_each(|thread| drop(thread.join()));
    tokio::task::spawn_blocking(wait).await.ok();
    Ok(())
}

/// Answers requests until the process must stop.
async fn serve(state: &web::Data<State>, context: Context) -> Result<(), Error> {
    let listen = state.config.settings.listen;
    let failed = |source| Error::Listen { address: listen, source };
    let listener = std::net::TcpListener::bind(listen).map_err(failed)?;
    let server = http::server(state.clone(), &context.service, listener).map_err(failed)?;
    let handle = server.handle();
    context.service.started("ingest");
    tracing::info!(%listen, "listening");
    let mut shutdown = context.shutdown;
    tokio::spawn(async move {
        // Errors only when the sender is gone, which is a reason to stop as well.
        shutdown.wait_for(|stop| *stop).await.ok();
        handle.stop(true).await;
    });
    server.await.map_err(Error::Serve)
}

/// Creates the ledgers of `sites` where they do not exist yet.
async fn create_ledgers(
    db: &Db,
    sites: Vec<Site>,
    context: &Context,
    terms: &Terms,
) -> Result<Vec<SiteLedger>, Error> {
    let mut ids: Vec<LedgerId> = Vec::with_capacity(sites.len());
    let mut destinations = HashMap::new();
    for site in &sites {
        let id = sql::ledgers::create_ledger(db, &site.origin, "site", &site.party.name).await?;
        ids.push(id);
        if let Some(rules) = &site.rules {
            destinations.insert(epc::thing_key(&rules.location), id);
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
            terms: terms.clone(),
            context: context.clone(),
        })
        .collect())
}
