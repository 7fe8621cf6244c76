//! Ledgers to answers: verdict pages, histories, proofs, bundles.
//!
//! The way through:
//!
//! ```text
//! scan -> candidates -> history (records recomputed), tap -> state -> verdict -> page or JSON
//!                         \-> bundle (disclosed records, paths, checkpoints, hub, anchor)
//! committed records -> projector -> projection of events -> trace
//! ```
//!
//! What holds: every stored record is recomputed before it is used; a verdict rests on facts that can be listed, never on the
//! projection; only scans, taps, findings and the projection are written, and old scans deleted; what the public sees and what the operator sees have an address
//! each.
//!
//! Not here: what records add up to (`history`), recording (`ingest`), publishing (`anchor`), verifying offline
//! (`ledger::bundle`).
//!
//! Sources: GS1 Digital Link 1.4, RFC 9457, docs/formats/bundle-v2.md.

pub mod answer;
pub mod assets;
pub mod authenticators;
pub mod codes;
mod compressed;
pub mod config;
pub mod consumer;
pub mod emergency_watch;
pub mod epcis_api;
pub mod error_page;
pub mod findings;
mod frame;
pub mod http;
pub mod lamps;
pub mod language;
pub mod limits;
pub mod link_set;
pub mod links;
pub mod marks;
pub mod master;
pub mod metrics;
pub mod names;
pub mod naming;
pub mod network;
pub mod notices;
pub mod once;
pub mod owners;
pub mod page;
pub mod pictures;
pub mod places;
pub mod problem;
pub mod projection_metrics;
pub mod projector;
mod reload;
pub mod reports;
pub mod scan;
pub mod scan_queue;
pub mod scan_result;
pub mod scanned;
pub mod scanner;
pub mod seen;
mod signs;
pub mod state;
pub mod tag_exchange;
pub mod taps;
#[cfg(test)]
mod testing;
pub mod typed;
pub mod words;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::Server;
use actix_web::web::Data;
use jiff::SignedDuration;
use process::metrics::TlsMetrics;
use process::one_address::openapi::merged;
use process::one_address::{self, Guest, Joined};
use process::tls::HANDSHAKE_WITHIN;
use process::{Context, OneAddress, Service};
use sql::Db;
use thiserror::Error;

use crate::config::Config;
use crate::http::pages_get::{self, Described};
use crate::state::{AppState, Audience};

/// Why trace-api stopped or could not start.
#[derive(Debug, Error)]
pub enum Error {
    /// The address could not be listened on.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The HTTP server failed.
    #[error("http server failed")]
    Serve(#[source] std::io::Error),
}

/// Most connections of one worker of an address that ingest shares. Each may hold 64 KiB of a body that no handler has asked for yet.
const SHARED_CONNECTIONS: usize = 2048;
/// Time between two deletions of old scans.
const DELETE_EVERY: Duration = Duration::from_hours(24);

/// Runs trace-api until `context.shutdown` turns true.
///
/// # Errors
///
/// [`enum@Error`].
pub async fn run(config: Config, db: Db, context: Context) -> Result<(), Error> {
    let (public, internal) = (config.listen, config.internal_listen);
    // Dropped after the servers and all that they hold.
    let hosting = context.one_address.as_ref().map(OneAddress::hosting);
    let reload = context.reload();
    let mut shutdown = context.shutdown.clone();
    let state = Data::new(AppState::new(config, db, context.clock.clone()));
    state.config().scanner.log();
    let registry = &state.metrics.registry;
    context.metrics.show_in(registry);
    let tls_metrics = TlsMetrics::new(registry);
    if let Some(tls) = state.config().tls.clone() {
        tokio::spawn(tls.follow(context.clone(), tls_metrics));
    }
    let guest = match &context.one_address {
        None => None,
        Some(place) => match place.borrowed(shutdown.clone()).await {
            Some(guest) => Some(Beside::new(guest)?),
            None => return Ok(()),
        },
    };
    let servers =
        [(Audience::Public, public), (Audience::Internal, internal)].map(|(audience, address)| {
            serve(&state, &context.service, (audience, address), guest.clone())
        });
    drop(guest);
    let [public_server, internal_server] = servers;
    let servers = [public_server?, internal_server?];
    context.service.started("trace-api");
    tracing::info!(address = %public, internal = %internal, "listening");
    let handles = servers.each_ref().map(Server::handle);
    let sockets = Arc::clone(&state.sockets);
    tokio::spawn(async move {
        shutdown.wait_for(|stop| *stop).await.ok();
        sockets.close_all();
        let [public, internal] = handles;
        tokio::join!(public.stop(true), internal.stop(true));
    });
    let [public, internal] = servers;
    let watched = (state.projection.clone(), state.metrics.answer_seconds.clone());
    let (clock, crash) = (context.clock.clone(), context.crash.clone());
    let projecting = projector::run(state.db.clone(), watched, clock, crash);
    let served = tokio::select! {
        (public, internal) = async { tokio::join!(public, internal) } => {
            public.and(internal).map_err(Error::Serve)
        }
        never = delete_daily(&state) => match never {},
        never = epcis_api::subscriber::run(&state) => match never {},
        never = reload::follow(&state, reload) => match never {},
        never = master::names::follow(&state) => match never {},
        never = emergency_watch::follow(&state) => match never {},
        never = projecting => match never {},
    };
    state.scans.finish().await;
    drop(hosting);
    served
}

/// Ingest, answered at the address of the public.
#[derive(Clone)]
struct Beside {
    guest: Guest,
    /// The description of both.
    openapi: Arc<str>,
}

impl Beside {
    fn new(guest: Guest) -> Result<Self, Error> {
        let merged = merged(pages_get::OPENAPI, guest.interface.openapi);
        let openapi = merged.map_err(|error| Error::Serve(error.into()))?.into();
        Ok(Self { guest, openapi })
    }
}

/// The server of one audience; the public's has TLS if there is a certificate, and ingest beside it if both share the address.
fn serve(
    state: &Data<AppState>,
    service: &Service,
    (audience, address): (Audience, SocketAddr),
    beside: Option<Beside>,
) -> Result<Server, Error> {
    let config = state.config();
    let is_public = audience == Audience::Public;
    let tls = config.tls.as_ref().filter(|_| is_public);
    let is_shared = is_public && beside.is_some();
    let serves_queries = config.serve_queries;
    let (state, service) = (state.clone(), service.clone());
    let server = HttpServer::new(move || {
        service.beat_here();
        let mut app = http::application(state.clone(), audience);
        if let Some(beside) = &beside {
            app = match audience {
                Audience::Public => app.app_data(Data::new(Described(beside.openapi.clone()))),
                Audience::Internal => app.configure(|service| (beside.guest.operator)(service)),
            };
        }
        let guest = beside.as_ref().filter(|_| is_public).map(|beside| &beside.guest);
        Joined::new(one_address::application(app), guest, serves_queries)
    })
    .workers(if is_public { 2 } else { 1 })
    .on_connect(process::tls::client::note)
    .tls_handshake_timeout(HANDSHAKE_WITHIN)
    .disable_signals()
    .shutdown_timeout(10);
    let server = if is_shared { server.max_connections(SHARED_CONNECTIONS) } else { server };
    let bound = match tls {
        Some(tls) => server.bind_rustls_0_23(address, tls.server_config()),
        None => server.bind(address),
    };
    Ok(bound.map_err(|source| Error::Listen { address, source })?.run())
}

/// Deletes old scans now and every day.
async fn delete_daily(state: &AppState) -> Infallible {
    let mut days = tokio::time::interval(DELETE_EVERY);
    loop {
        days.tick().await;
        if let Err(error) = delete_old_scans(state).await {
            tracing::warn!(%error, "old scans could not be deleted; the next attempt is tomorrow");
        }
    }
}

/// Deletes the scans that are older than the configuration says, the marks of taps and of hidden codes that are, challenges of tags and old reports; gives the number of scans.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn delete_old_scans(state: &AppState) -> Result<u64, sql::Error> {
    let age = SignedDuration::from_hours(24 * i64::from(state.config().keep_scans_days));
    let before = state.clock.now().checked_sub(age).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let delete = async |tx: &sql::Transaction<'_>| sql::scans::delete_before(tx, before).await;
    let forget = async |tx: &sql::Transaction<'_>| sql::tag_taps::forget(tx, before).await;
    state.db.run_tx("trace_api.forget_taps", forget).await?;
    let forget = async |tx: &sql::Transaction<'_>| sql::code_uses::forget(tx, before).await;
    state.db.run_tx("trace_api.forget_code_uses", forget).await?;
    tag_exchange::delete_ended(state).await?;
    reports::delete_old(state).await?;
    let mut all = 0;
    loop {
        let deleted = state.db.run_tx("trace_api.delete_scans", delete).await?;
        state.metrics.deleted_scans.inc_by(deleted);
        all += deleted;
        if deleted < sql::scans::MOST_DELETED {
            return Ok(all);
        }
    }
}
