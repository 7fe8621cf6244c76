//! Pages for people who log in: inspectors, auditors, operators and partners, each with what they may see.
//!
//! The way through:
//!
//! ```text
//! browser -> http/guard.rs (headers, host, origin) -> visitor.rs (cookie -> session -> identity) -> pages/ -> shell.rs
//! ```
//!
//! What holds: nobody is shown anything but the login and the style sheet without a session; a change needs a form of ours
//! ([`visitor::Posted`]); who somebody is and what they may do is found out by `gate` and `access` alone.
//!
//! Not here: verdicts for the public (`trace-api`), sessions and tokens (`gate`), what a role may see (`access`).
//!
//! Source: decision 0071.

pub mod assets;
pub mod attempts;
pub mod config;
pub mod cookies;
#[cfg(test)]
mod export_tests;
pub mod failure;
pub mod http;
#[cfg(test)]
mod identity_provider;
#[cfg(test)]
mod inbox_tests;
#[cfg(test)]
mod inquiry_tests;
pub mod jobs;
pub mod language;
#[cfg(test)]
mod log_tests;
pub mod metrics;
pub mod names;
pub mod own_path;
pub mod pages;
pub mod reads;
#[cfg(test)]
mod report_tests;
pub mod shell;
pub mod state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod visitor;
pub mod words;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::Server;
use actix_web::web::Data;
use process::metrics::TlsMetrics;
use process::tls::HANDSHAKE_WITHIN;
use process::{Context, Service};
use sql::Db;
use thiserror::Error;

use crate::config::Config;
use crate::state::{Audience, DeskState};

/// Why the desk stopped or could not start.
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

/// Time between two deletions of old sessions.
const DELETE_EVERY: Duration = Duration::from_hours(1);

/// Runs the desk until `context.shutdown` turns true.
///
/// # Errors
///
/// [`enum@Error`].
pub async fn run(config: Config, db: Db, context: Context) -> Result<(), Error> {
    let (public, internal) = (config.listen, config.internal_listen);
    let mut shutdown = context.shutdown.clone();
    let state = DeskState::new(config, db, context.clock.clone(), context.random.clone());
    let state = Data::new(state);
    context.metrics.show_in(&state.metrics.registry);
    let tls_metrics = TlsMetrics::new(&state.metrics.registry);
    if let Some(tls) = state.config.tls.clone() {
        tokio::spawn(tls.follow(context.clone(), tls_metrics));
    }
    let [public_server, internal_server] =
        [(Audience::People, public), (Audience::Operator, internal)]
            .map(|(audience, address)| serve(&state, &context.service, audience, address));
    let servers = [public_server?, internal_server?];
    context.service.started("desk");
    tracing::info!(address = %public, internal = %internal, "listening");
    let handles = servers.each_ref().map(Server::handle);
    tokio::spawn(async move {
        shutdown.wait_for(|stop| *stop).await.ok();
        let [public, internal] = handles;
        tokio::join!(public.stop(true), internal.stop(true));
    });
    let [public, internal] = servers;
    tokio::select! {
        (public, internal) = async { tokio::join!(public, internal) } => {
            public.and(internal).map_err(Error::Serve)
        }
        never = delete_hourly(&state) => match never {},
        never = jobs::sweep_often(&state) => match never {},
    }
}

/// The server of one audience; that of people has TLS if there is a certificate.
fn serve(
    state: &Data<DeskState>,
    service: &Service,
    audience: Audience,
    address: SocketAddr,
) -> Result<Server, Error> {
    let is_public = audience == Audience::People;
    let tls = state.config.tls.clone().filter(|_| is_public);
    let (state, service) = (state.clone(), service.clone());
    let server = HttpServer::new(move || {
        service.beat_here();
        http::application(state.clone(), audience)
    })
    .workers(if is_public { 2 } else { 1 })
    .tls_handshake_timeout(HANDSHAKE_WITHIN)
    .disable_signals()
    .shutdown_timeout(10);
    let bound = match tls {
        Some(tls) => server.bind_rustls_0_23(address, tls.server_config()),
        None => server.bind(address),
    };
    Ok(bound.map_err(|source| Error::Listen { address, source })?.run())
}

/// Deletes old sessions now and every hour.
async fn delete_hourly(state: &DeskState) -> Infallible {
    let mut hours = tokio::time::interval(DELETE_EVERY);
    loop {
        hours.tick().await;
        match state.gate.delete_old_sessions().await {
            Ok(deleted) => state.metrics.deleted_sessions.inc_by(deleted),
            Err(error) => {
                tracing::warn!(%error, "old sessions could not be deleted; the next attempt is in an hour");
            }
        }
    }
}
