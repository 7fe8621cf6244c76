//! Ledgers to public chain: the hub, the contract, epochs, receipts.
//!
//! The way through:
//!
//! ```text
//! site ledgers --(checkpoints, checked)--> hub --(size, root)--> AnchorRegistry --(receipts)--> proof
//!              hub.rs                            epoch.rs                        receipts.rs
//! ```
//!
//! What holds:
//!
//! - anchoring never blocks recording: this worker only reads the sites' ledgers;
//! - every step is durable before the next, so that the process may be killed at any point;
//! - a ledger or hub that knows less than it once said is refused, loudly, never signed.
//!
//! Not here: what a checkpoint is and how a proof is verified (`ledger`), tables (`sql`), handing proofs out
//! (`trace-api`).
//!
//! Sources: docs/formats/anchor-v1.md; docs/decisions/0011-chain-client.md.

#[cfg(feature = "devchain")]
pub mod anvil;
pub mod config;
pub mod crash;
pub mod deploy;
pub mod epoch;
pub mod fee;
mod http;
pub mod hub;
pub mod metrics;
pub mod on_chain;
pub mod quantity;
pub mod receipts;
pub mod registry;
pub mod rlp;
pub mod rpc;
pub mod target;
pub mod transaction;
pub mod worker;

use sql::Db;
use tokio::sync::watch;
use tracing::Instrument as _;

pub use crate::config::Config;
use crate::metrics::Metrics;
pub use crate::on_chain::{ChainAnswer, check_on_chain};
use crate::target::TargetError;
use crate::worker::Worker;

/// Why a step failed, or the worker stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused or is away.
    #[error("database: {0}")]
    Sql(#[from] sql::Error),
    /// The chain is away, refused, or is not what was configured.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The hub's checkpoint could not be signed.
    #[error("the hub's checkpoint could not be signed")]
    Sign(#[from] ledger::keys::KeyError),
    /// The chain knows more of the hub, or other things, than the database does.
    #[error("{0}")]
    ChainKnowsMore(String),
    /// The process is stopping.
    #[error("interrupted: the process is stopping")]
    Interrupted,
    /// The address could not be listened on.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// Whether trying again cannot help: a person must decide.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::ChainKnowsMore(_)
                | Self::Listen { .. }
                | Self::Target(TargetError::Misconfigured(_))
        )
    }

    /// Label of the failures' counter.
    fn reason(&self) -> &'static str {
        match self {
            Self::Sql(error) if error.is_unavailable() => "database_unavailable",
            Self::Sql(error) if error.is_conflict() => "conflict",
            Self::Sql(_) => "database",
            Self::Target(TargetError::Rpc(error)) if error.is_unreachable() => "chain_unreachable",
            Self::Target(_) => "chain",
            Self::Sign(_) => "sign",
            Self::ChainKnowsMore(_) => "chain_knows_more",
            Self::Interrupted | Self::Listen { .. } => "process",
        }
    }
}

/// Runs the worker until `shutdown` turns true.
///
/// The hub is created, empty, if there is none of its name.
///
/// # Errors
///
/// [`enum@Error`], if it cannot start, or finds what only a person can decide ([`Error::is_fatal`]).
pub async fn run(config: Config, db: Db, shutdown: watch::Receiver<bool>) -> Result<(), Error> {
    let metrics = Metrics::new();
    let address = config.listen;
    let server = http::serve(address, db.clone(), metrics.clone())
        .map_err(|source| Error::Listen { address, source })?;
    let handle = server.handle();
    let serving = tokio::spawn(server);
    tracing::info!(listen = %address, ?config, "anchor worker listens");
    // On a thread of its own: transactions take async closures, whose futures the compiler cannot show to be
    // `Send` for every lifetime, and callers want to spawn this.
    let runtime = tokio::runtime::Handle::current();
    let working =
        tokio::task::spawn_blocking(move || runtime.block_on(work(config, db, metrics, shutdown)));
    let outcome = working.await.unwrap_or(Err(Error::Interrupted));
    handle.stop(true).await;
    // The server only ends; whatever it says then changes nothing.
    serving.await.ok();
    outcome
}

async fn work(
    config: Config,
    db: Db,
    metrics: Metrics,
    mut shutdown: watch::Receiver<bool>,
) -> Result<(), Error> {
    let mut worker = Worker::new(config, db, metrics).await?;
    loop {
        match worker.tick().instrument(tracing::info_span!("anchor.tick")).await {
            Ok(()) => {}
            Err(error) if error.is_fatal() => {
                tracing::error!(%error, "the anchor worker stops");
                return Err(error);
            }
            Err(error) => tracing::warn!(%error, "step failed; it will be tried again"),
        }
        tokio::select! {
            // Also ends when the sender is gone, which is a reason to stop as well.
            _ = shutdown.wait_for(|stop| *stop) => return Ok(()),
            () = tokio::time::sleep(worker.poll()) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_can_be_spawned() {
        fn spawnable(_: impl Future + Send + 'static) {}
        // That this compiles is the point; it is never called.
        let check: fn(Config, Db, watch::Receiver<bool>) =
            |config, db, shutdown| spawnable(run(config, db, shutdown));
        assert!(size_of_val(&check) > 0);
    }
}
