//! Reader to observation: drivers, settling, spool, delivery.
//!
//! The way through:
//!
//! ```text
//! port, broker (a thread each) -> Input -> Keeper: spool, acknowledge, settle -> outbox -> Deliverer -> ingest
//! ```
//!
//! What holds:
//!
//! - a read is forgotten only after ingest said its delivery is durable;
//! - whatever is dropped or refused is counted, and kept where it can be;
//! - a lost cable, broker or ingest comes back without a hand.
//!
//! Not here: what an observation means (`ingest`).
//!
//! Sources: READERS' manuals as named in each driver; docs/formats/observation-v1.md.

pub mod broker;
pub mod config;
pub mod crash;
pub mod deliver;
pub mod http;
pub mod metrics;
pub mod port;
pub mod reader;
pub mod sensor;
pub mod settle;
pub mod spool;
pub mod windows;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use jiff::SignedDuration;
use thiserror::Error;
use tokio::sync::watch;

use crate::broker::Subscription;
use crate::config::{Config, ConfigError, Device, Reader, read};
use crate::deliver::Deliverer;
use crate::metrics::Metrics;
use crate::port::{Line, Port};
use crate::reader::r200::R200;
use crate::spool::SpoolError;
use crate::windows::{Input, Keeper, KeeperSettings};

/// Inputs that wait for the spool; a serial line that must wait longer loses reads to the kernel's buffer.
const QUEUE: usize = 10_000;

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
    let keeper = Keeper::open(
        KeeperSettings {
            bridge: config.id.clone(),
            spool: config.spool.clone(),
            max_spool_bytes: config.max_spool_bytes,
            keep_windows: SignedDuration::from_hours(i64::from(config.keep_windows_h)),
            readers: config.readers.clone(),
        },
        metrics.clone(),
    )?;
    let deliverer = Deliverer::open(
        &config.ingest_url,
        &config.id,
        config.key,
        &config.spool,
        metrics.clone(),
    )?;
    let (inputs, taken) = sync_channel(QUEUE);
    let mut lines = Vec::new();
    for (source, reader) in config.readers.iter().enumerate() {
        lines.push(start_line(
            source,
            reader,
            &config.base,
            &config.id,
            &inputs,
            &metrics,
            &stop_inputs,
        )?);
    }
    drop(inputs);
    let stop = Arc::clone(&stop_rest);
    let keeper = spawn(move || keeper.run(&taken, &stop));
    let stop = Arc::clone(&stop_rest);
    let deliverer = spawn(move || deliverer.run(&stop));

    let ended = http::serve(config.listen, metrics, async {
        loop {
            tokio::select! {
                stopped = shutdown.wait_for(|stop| *stop) => { drop(stopped); return; }
                () = tokio::time::sleep(Duration::from_millis(500)) => {
                    // A disk that fails ends these threads; then nothing may be taken any more.
                    if keeper.is_finished() && !lines.is_empty() || deliverer.is_finished() { return; }
                }
            }
        }
    })
    .await;

    // First the lines, so that every read they took is settled; then the rest.
    stop_inputs.store(true, Ordering::Relaxed);
    let stopped = tokio::task::spawn_blocking(move || {
        for line in lines {
            line.join().map_err(|_| Error::Broken)?;
        }
        stop_rest.store(true, Ordering::Relaxed);
        let keeper = keeper.join().map_err(|_| Error::Broken)?;
        let deliverer = deliverer.join().map_err(|_| Error::Broken)?;
        keeper?;
        deliverer?;
        Ok(())
    })
    .await
    .unwrap_or(Err(Error::Broken));
    ended.and(stopped)
}

fn start_line(
    source: usize,
    reader: &Reader,
    base: &std::path::Path,
    bridge: &str,
    inputs: &SyncSender<Input>,
    metrics: &Metrics,
    stop: &Arc<AtomicBool>,
) -> Result<JoinHandle<()>, Error> {
    let (inputs, metrics, stop) = (inputs.clone(), metrics.clone(), Arc::clone(stop));
    let port = |path: &str, baud: u32, line: Line| Port {
        source,
        reader: reader.clone(),
        path: path.to_owned(),
        baud,
        line,
        inputs: inputs.clone(),
        metrics: metrics.clone(),
    };
    Ok(match &reader.device {
        Device::R200 { port: path, baud, power_dbm } => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
            let power = (power_dbm * 100.0).clamp(0.0, 4000.0) as u16;
            let port = port(path, *baud, Line::Reader(Box::new(R200::new(power))));
            spawn(move || port.run(&stop))
        }
        Device::XyMd02 { port: path, baud, address, sensor, every_ms } => {
            let every = Duration::from_millis(*every_ms);
            let port = port(path, *baud, Line::Modbus(*address, sensor.clone(), every));
            spawn(move || port.run(&stop))
        }
        Device::ImpinjR700 { broker, topic, user, password_file } => {
            let (host, port) = broker
                .rsplit_once(':')
                .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)))
                .ok_or_else(|| {
                    ConfigError::Value(format!(
                        "broker `{broker}` is not `host:port`, e.g. localhost:1883"
                    ))
                })?;
            let password = match password_file {
                Some(path) => read(&base.join(path))?.trim_end().to_owned(),
                None => String::new(),
            };
            let subscription = Subscription {
                source,
                reader: reader.clone(),
                host,
                port,
                topic: topic.clone(),
                client_id: format!("chopmark-{bridge}-{}", reader.id),
                login: user.clone().map(|user| (user, password)),
                inputs,
                metrics,
            };
            spawn(move || subscription.run(&stop))
        }
    })
}
