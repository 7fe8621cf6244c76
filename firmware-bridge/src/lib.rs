//! Reader to observation: drivers, settling, spool, delivery.
//!
//! The way through:
//!
//! ```text
//! line, broker (a thread each) -> Input -> Keeper: spool, acknowledge, settle -> outbox -> Deliverer -> ingest
//! ```
//!
//! What holds:
//!
//! - a read is forgotten only after ingest said its delivery is durable;
//! - whatever is dropped or refused is counted, and kept where it can be;
//! - a lost cable, broker or ingest comes back without a hand; a full disk is waited for.
//!
//! Not here: what an observation means (`ingest`).
//!
//! Sources: READERS' manuals as named in each driver; docs/formats/observation-v1.md.

pub mod broker;
pub mod config;
pub mod crash;
pub mod deliver;
pub mod detect;
pub mod http;
pub mod line;
pub mod metrics;
pub mod port;
pub mod replay;
pub mod socket;
pub mod spool;
pub mod windows;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use thiserror::Error;
use tokio::sync::watch;

use crate::broker::Subscription;
use crate::config::device::Reached;
use crate::config::{Config, ConfigError};
use crate::deliver::Deliverer;
use crate::http::Shown;
use crate::line::bus::Unit;
use crate::line::{Opener, Sink, Supervisor, Talk};
use crate::metrics::Metrics;
use crate::port::Port;
use crate::spool::{Spool, SpoolError};
use crate::windows::{Keeper, KeeperSettings};

/// Inputs that wait for the spool; a serial line that must wait longer loses reads to the kernel's buffer.
const QUEUE: usize = 10_000;

/// Time that ingest has to answer the last delivery when the bridge stops.
const GOODBYE: Duration = Duration::from_secs(2);

/// Why a bridge stopped or could not start.
#[derive(Debug, Error)]
pub enum Error {
    /// The spool failed.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The configuration is not usable.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address could not be listened on, or serving failed.
    #[error("health and metrics could not be served at {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A thread of the bridge broke.
    #[error("a part of the bridge ended unexpectedly")]
    Broken,
}

/// Runs a bridge until `shutdown` turns true; then it settles what is open, and stops.
///
/// # Errors
///
/// [`enum@Error`].
pub async fn run(config: Config, mut shutdown: watch::Receiver<bool>) -> Result<(), Error> {
    let metrics = Metrics::new();
    let stop_inputs = Arc::new(AtomicBool::new(false));
    let stop_rest = Arc::new(AtomicBool::new(false));
    let Some((keeper, spool)) = open_spool(&config, &metrics, &mut shutdown).await? else {
        return Ok(());
    };
    let shown = shown(&config, &metrics);
    let deliverer =
        Deliverer::new(&config.ingest_url, &config.id, config.key, spool, metrics.clone());
    let (inputs, taken) = sync_channel(QUEUE);
    let mut reached = Vec::new();
    for source in 0..config.readers.len() {
        metrics.begin(&config.readers[source].id);
        let session = format!("chopmark-{}-{}", config.id, config.readers[source].id);
        let way = config.readers[source].device.reach(&config.base, &session)?;
        let sink = Sink {
            source,
            reader: config.readers[source].id.clone(),
            inputs: inputs.clone(),
            metrics: metrics.clone(),
        };
        reached.push((way, sink));
    }
    drop(inputs);
    let lines = start_lines(reached, &stop_inputs);
    let stop = Arc::clone(&stop_rest);
    let keeper = spawn(move || keeper.run(&taken, &stop));
    let stop = Arc::clone(&stop_rest);
    let deliverer = spawn(move || deliverer.run(&stop));

    let is_writable = metrics.spool_writable.clone();
    let ended = http::serve(config.listen, shown, async {
        loop {
            tokio::select! {
                stopped = shutdown.wait_for(|stop| *stop) => { drop(stopped); return; }
                () = tokio::time::sleep(Duration::from_millis(500)) => {
                    // A damaged spool ends these threads; then nothing may be taken any more.
                    if keeper.is_finished() && !lines.is_empty() || deliverer.is_finished() { return; }
                }
            }
        }
    })
    .await;

    // First the lines, so that every read they took is settled; then the rest.
    stop_inputs.store(true, Ordering::Relaxed);
    let stopped = tokio::task::spawn_blocking(move || {
        // While the spool cannot be written a line may wait with what it took; it ends when the keeper does.
        while lines.iter().any(|line| !line.is_finished()) && is_writable.get() == 1 {
            std::thread::sleep(Duration::from_millis(20));
        }
        stop_rest.store(true, Ordering::Relaxed);
        for line in lines {
            line.join().map_err(|_| Error::Broken)?;
        }
        let keeper = keeper.join().map_err(|_| Error::Broken)?;
        let until = Instant::now() + GOODBYE;
        while !deliverer.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        if deliverer.is_finished() {
            deliverer.join().map_err(|_| Error::Broken)??;
        } else {
            // It holds no transaction while it waits for ingest, and what was sent without an answer is sent again.
            tracing::warn!("ingest does not answer; what it did not record waits in the spool");
        }
        keeper?;
        Ok(())
    })
    .await
    .unwrap_or(Err(Error::Broken));
    ended.and(stopped)
}

fn shown(config: &Config, metrics: &Metrics) -> Shown {
    let readers = config.readers.iter().map(|reader| reader.id.clone()).collect();
    Shown { metrics: metrics.clone(), spool: config.spool.clone(), readers }
}

/// Opens the spool for the thread that fills it and the one that empties it. If it cannot be written just now, waits
/// until it can, and serves metrics meanwhile; none if `shutdown` came before.
async fn open_spool(
    config: &Config,
    metrics: &Metrics,
    shutdown: &mut watch::Receiver<bool>,
) -> Result<Option<(Keeper, Spool)>, Error> {
    let open = || -> Result<_, SpoolError> {
        let settings = KeeperSettings {
            bridge: config.id.clone(),
            spool: config.spool.clone(),
            max_spool_bytes: config.max_spool_bytes,
            keep_windows: SignedDuration::from_hours(i64::from(config.keep_windows_h)),
            readers: config.readers.clone(),
        };
        Ok((Keeper::open(settings, metrics.clone())?, Spool::open(&config.spool)?))
    };
    match open() {
        Err(error) if error.passes() => {
            tracing::error!(%error, "the spool cannot be written; the bridge begins when it can");
        }
        other => return Ok(Some(other?)),
    }
    metrics.spool_writable.set(0);
    let mut opened = Ok(None);
    http::serve(config.listen, shown(config, metrics), async {
        loop {
            tokio::select! {
                stopped = shutdown.wait_for(|stop| *stop) => { drop(stopped); return; }
                () = tokio::time::sleep(spool::RETRY) => match open() {
                    Err(error) if error.passes() => {}
                    other => { opened = other.map(Some); return; }
                }
            }
        }
    })
    .await?;
    metrics.spool_writable.set(1);
    Ok(opened?)
}

/// Starts a thread for each reader, broker or serial line of Modbus sensors.
#[must_use]
pub fn start_lines(reached: Vec<(Reached, Sink)>, stop: &Arc<AtomicBool>) -> Vec<JoinHandle<()>> {
    let mut buses: Vec<(Port, Vec<Unit>)> = Vec::new();
    let mut lines = Vec::new();
    let supervise = |opener: Box<dyn Opener>, talk: Talk| {
        let stop = Arc::clone(stop);
        spawn(move || Supervisor { opener, talk }.run(&stop))
    };
    for (way, sink) in reached {
        match way {
            Reached::Line(opener, dialect) => {
                lines.push(supervise(opener, Talk::Reader(dialect, Box::new(sink))));
            }
            Reached::Modbus(port, sensor, every) => {
                let unit = Unit { sensor, every, sink };
                match buses.iter_mut().find(|(other, _)| *other == port) {
                    Some((_, units)) => units.push(unit),
                    None => buses.push((port, vec![unit])),
                }
            }
            Reached::Broker(broker, format) => {
                let stop = Arc::clone(stop);
                lines.push(spawn(move || Subscription { broker, format, sink }.run(&stop)));
            }
        }
    }
    for (port, units) in buses {
        lines.push(supervise(Box::new(port), Talk::Modbus(units)));
    }
    lines
}
