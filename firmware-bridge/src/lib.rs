//! Reader to observation: lines and brokers, spool, settling, delivery.
//!
//! The way through:
//!
//! ```text
//! supervisor, broker (a thread each) -> Input -> Keeper: spool, acknowledge, settle -> outbox -> Deliverer -> ingest
//! ```
//!
//! What holds:
//!
//! - a read is deleted only after ingest confirmed that its delivery is durable;
//! - whatever is dropped or refused is counted, and kept where possible;
//! - after a lost cable, broker or ingest everything reconnects by itself; a full disk is waited for.
//!
//! Not here: drivers (`devices`), settling (`settling`), what an observation means (`ingest`).
//!
//! Sources: the makers' manuals as named in each driver; docs/formats/observation-v1.md.

mod back_off;
pub mod broker;
pub mod config;
pub mod deliver;
pub mod detect;
pub mod http;
pub mod line;
pub mod metrics;
mod pause;
pub mod port;
pub mod replay;
pub mod sink;
pub mod socket;
pub mod spool;
pub mod supervisor;
pub mod tls;
pub mod windows;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use jiff::SignedDuration;
use process::{Clock, Context};
use thiserror::Error;

use crate::broker::Subscription;
use crate::config::device::Reached;
use crate::config::{Config, ConfigError};
use crate::deliver::{Deliverer, Route};
use crate::http::{ListenError, StatusPage};
use crate::line::Opener;
use crate::metrics::Metrics;
use crate::port::Port;
use crate::sink::{Input, Sink};
use crate::spool::{Spool, SpoolError};
use crate::supervisor::modbus_bus::Unit;
use crate::supervisor::{Supervisor, Talk};
use crate::windows::{Keeper, KeeperSettings};

/// Inputs that wait for the spool; a serial line that must wait longer loses reads in the kernel's buffer.
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
    /// Health and metrics could not be served.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A thread of the bridge panicked.
    #[error("a thread of the bridge ended unexpectedly")]
    Broken,
}

/// The threads of a running bridge.
struct Threads {
    lines: Vec<JoinHandle<()>>,
    keeper: JoinHandle<Result<(), SpoolError>>,
    deliverer: JoinHandle<Result<(), SpoolError>>,
    stop_inputs: Arc<AtomicBool>,
    stop_rest: Arc<AtomicBool>,
}

/// Runs a bridge until the context's `shutdown` turns true; then it settles the open windows and stops.
///
/// # Errors
///
/// [`enum@Error`].
pub async fn run(config: Config, context: Context) -> Result<(), Error> {
    let metrics = Metrics::new();
    let mut shutdown = context.shutdown.clone();
    let Some((keeper, spool)) = open_spool(&config, &metrics, &context).await? else {
        return Ok(());
    };
    let status = status_page(&config, &metrics);
    let listen = config.listen;
    let service = context.service.clone();
    let threads = start(config, keeper, spool, &metrics, &context)?;
    let ended = http::serve(listen, status, &service, async {
        loop {
            tokio::select! {
                stopped = shutdown.wait_for(|stop| *stop) => { drop(stopped); return; }
                () = tokio::time::sleep(Duration::from_millis(500)) => {
                    // A damaged spool ends these threads; then nothing may be accepted any more.
                    if threads.have_ended() { return; }
                }
            }
        }
    })
    .await
    .map_err(Error::from);
    let clock = context.clock.clone();
    let stopped = tokio::task::spawn_blocking(move || threads.stop(&clock, &metrics))
        .await
        .unwrap_or(Err(Error::Broken));
    ended.and(stopped)
}

/// Starts all threads.
fn start(
    config: Config,
    keeper: Keeper,
    spool: Spool,
    metrics: &Metrics,
    context: &Context,
) -> Result<Threads, Error> {
    let (inputs, queue) = sync_channel(QUEUE);
    let reached = reach(&config, &inputs, metrics, &context.clock)?;
    drop(inputs);
    let route = Route {
        url: config.ingest_url,
        ca: config.ingest_ca,
        ledger: config.ledger,
        bridge: config.id,
        key: config.key,
    };
    let deliverer =
        Deliverer::new(route, spool, metrics.clone(), context.clock.clone(), context.crash.clone());
    let (stop_inputs, stop_rest) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let lines = start_lines(reached, &stop_inputs);
    let stop = Arc::clone(&stop_rest);
    let keeper = spawn(move || keeper.run(&queue, &stop));
    let stop = Arc::clone(&stop_rest);
    let deliverer = spawn(move || deliverer.run(&stop));
    Ok(Threads { lines, keeper, deliverer, stop_inputs, stop_rest })
}

/// How each configured reader is reached, and where its results go.
fn reach(
    config: &Config,
    inputs: &SyncSender<Input>,
    metrics: &Metrics,
    clock: &Clock,
) -> Result<Vec<(Reached, Sink)>, ConfigError> {
    let mut all = Vec::new();
    for (source, reader) in config.readers.iter().enumerate() {
        metrics.begin(&reader.id);
        let session = format!("chopmark-{}-{}", config.id, reader.id);
        let reached = reader.device.reach(&config.base, &session)?;
        let sink = Sink {
            source,
            reader: reader.id.clone(),
            inputs: inputs.clone(),
            metrics: metrics.clone(),
            clock: clock.clone(),
        };
        all.push((reached, sink));
    }
    Ok(all)
}

impl Threads {
    /// Whether the keeper or the deliverer has ended by itself.
    fn have_ended(&self) -> bool {
        self.keeper.is_finished() && !self.lines.is_empty() || self.deliverer.is_finished()
    }

    /// Stops the lines first, so that every read they received is settled; then the rest.
    fn stop(self, clock: &Clock, metrics: &Metrics) -> Result<(), Error> {
        let Self { lines, keeper, deliverer, stop_inputs, stop_rest } = self;
        stop_inputs.store(true, Ordering::Relaxed);
        // While the spool cannot be written a line may wait with what it received; it ends when the keeper does.
        let is_writable = || metrics.spool_writable.get() == 1;
        while lines.iter().any(|line| !line.is_finished()) && is_writable() {
            std::thread::sleep(Duration::from_millis(20));
        }
        stop_rest.store(true, Ordering::Relaxed);
        for line in lines {
            line.join().map_err(|_| Error::Broken)?;
        }
        let keeper = keeper.join().map_err(|_| Error::Broken)?;
        let until = clock.instant() + GOODBYE;
        while !deliverer.is_finished() && clock.instant() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        if deliverer.is_finished() {
            deliverer.join().map_err(|_| Error::Broken)??;
        } else {
            // It holds no transaction while it waits for ingest; a delivery without an answer is sent again.
            tracing::warn!(
                "ingest does not answer; deliveries without an answer stay in the spool"
            );
        }
        keeper?;
        Ok(())
    }
}

fn status_page(config: &Config, metrics: &Metrics) -> StatusPage {
    let readers = config.readers.iter().map(|reader| reader.id.clone()).collect();
    StatusPage { metrics: metrics.clone(), spool: config.spool.clone(), readers }
}

/// Opens the spool for the keeper and for the deliverer. If it cannot be written just now, waits until it can, and
/// serves metrics meanwhile; none if `shutdown` came before.
async fn open_spool(
    config: &Config,
    metrics: &Metrics,
    context: &Context,
) -> Result<Option<(Keeper, Spool)>, Error> {
    let open = || -> Result<_, SpoolError> {
        let settings = KeeperSettings {
            bridge: config.id.clone(),
            spool: config.spool.clone(),
            max_spool_bytes: config.max_spool_bytes,
            keep_windows: SignedDuration::from_hours(i64::from(config.keep_windows_h)),
            readers: config.readers.clone(),
        };
        let keeper = Keeper::open(settings, metrics.clone(), &context.clock, &context.crash)?;
        Ok((keeper, Spool::open(&config.spool)?.with_crash_points(context.crash.clone())))
    };
    match open() {
        Err(error) if error.passes() => {
            tracing::error!(%error, "the spool cannot be written; the bridge starts when it can");
        }
        other => return Ok(Some(other?)),
    }
    metrics.spool_writable.set(0);
    let mut shutdown = context.shutdown.clone();
    let mut opened = Ok(None);
    http::serve(config.listen, status_page(config, metrics), &context.service, async {
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
