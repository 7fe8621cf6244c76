//! The whole way: bytes of 64 R200 readers through their drivers, into the windows and the spool, and, when the windows
//! close, settled into deliveries that wait in the outbox.
//!
//! What holds: the drivers, the queue and the keeper are those of production, and the spool is on a disk with its syncs.
//! With one thread, everything is decoded into the queue before the keeper begins, on the same thread. With two, one
//! decodes while the other keeps. At the end every read must be in a closed window. "Deduplicated" means that the
//! repeated reads of a tag within a window become one observation with their number; the raw reads stay in the spool.
//!
//! Not here: lines, brokers, sending.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use devices::message::DeviceData;
use devices::reader::r200::{self, R200};
use devices::reader::{Dialect as _, FrameData};
use firmware_bridge::config::Reader;
use firmware_bridge::metrics::Metrics;
use firmware_bridge::sink::Input;
use firmware_bridge::spool::Spool;
use firmware_bridge::windows::{Keeper, KeeperSettings};
use jiff::{SignedDuration, Timestamp};
use process::{Clock, CrashPoints};

use super::families::READS;
use super::families::r200_stream;
use crate::bench::process::thread_seconds;

/// Lines of the bridge.
const LINES: usize = 64;
/// Bytes of one feed: what a line has received when it is looked at.
const FEED: usize = 1024;
/// The keeper's queue in production.
const QUEUE: usize = 10_000;

/// Prints the rows for one thread and for two.
pub(super) fn rows(rounds: usize) -> anyhow::Result<()> {
    let stream = r200_stream();
    for threads in [1, 2] {
        let mut rates = Vec::new();
        let mut shares = Vec::new();
        for _ in 0..rounds {
            let run = run(&stream, threads)?;
            rates.push(f64::from(READS) * 32.0 / run.wall.as_secs_f64());
            shares.push(run);
        }
        rates.sort_by(f64::total_cmp);
        let middle = &shares[rounds / 2];
        out!(
            "| R200 bytes of {LINES} readers decoded, spooled and settled, {threads} thread(s) | of processor time decoding takes {:.2} s, \
             windows, spool and settling {:.2} s, of {:.2} s | {:.0} / {:.0} / {:.0} | |",
            middle.decoding,
            middle.keeping,
            middle.wall.as_secs_f64(),
            rates[0],
            rates[rounds / 2],
            rates[rounds - 1]
        );
    }
    Ok(())
}

/// What one run took.
struct Run {
    wall: Duration,
    /// Processor time, in seconds.
    decoding: f64,
    keeping: f64,
}

fn run(stream: &[u8], threads: usize) -> anyhow::Result<Run> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("spool.sqlite");
    let clock = Clock::system();
    let keeper = Keeper::open(settings(&file)?, Metrics::new(), &clock, &CrashPoints::none())?;
    // Twice: each line sends half of its stream, and the lines take turns.
    let lines: Vec<&[u8]> = (0..LINES).map(|_| &stream[..stream.len() / 2]).collect();
    let queue = if threads == 1 { lines.len() * (stream.len() / 2 / FEED + 2) } else { QUEUE };
    let (sender, inputs) = sync_channel(queue);
    let begun = Instant::now();
    let (decoding, keeping) = if threads == 1 {
        let decoding = decode(&lines, sender)?;
        (decoding, keep(keeper, &inputs)?)
    } else {
        std::thread::scope(|scope| {
            let decoding = scope.spawn(|| decode(&lines, sender));
            let keeping = keep(keeper, &inputs)?;
            let decoding = decoding.join().map_err(|_| anyhow::anyhow!("decoding panicked"))??;
            anyhow::Ok((decoding, keeping))
        })?
    };
    let wall = begun.elapsed();
    check(&file)?;
    Ok(Run { wall, decoding, keeping })
}

/// Feeds every line's bytes to its driver, the lines in turn, and queues what comes out.
fn decode(lines: &[&[u8]], inputs: SyncSender<Input>) -> anyhow::Result<f64> {
    let begun = thread_seconds()?;
    let mut drivers: Vec<R200> = lines
        .iter()
        .map(|_| R200::new(r200::Settings { power_cdbm: 2000, ..r200::Settings::default() }))
        .collect();
    drivers.iter_mut().for_each(devices::reader::Dialect::open);
    let longest = lines.iter().map(|line| line.len()).max().unwrap_or_default();
    for from in (0..longest).step_by(FEED) {
        for (source, (line, driver)) in lines.iter().zip(&mut drivers).enumerate() {
            let bytes = &line[from.min(line.len())..(from + FEED).min(line.len())];
            let mut fed = FrameData::default();
            driver.feed(bytes, Timestamp::now(), &mut fed);
            let input = Input::of(source, DeviceData::from(fed));
            inputs.send(input).map_err(|_| anyhow::anyhow!("the keeper has ended"))?;
        }
    }
    drop(inputs);
    Ok(thread_seconds()? - begun)
}

fn keep(keeper: Keeper, inputs: &Receiver<Input>) -> anyhow::Result<f64> {
    let begun = thread_seconds()?;
    keeper.run(inputs, &AtomicBool::new(false))?;
    Ok(thread_seconds()? - begun)
}

/// Every read is in a closed window, and every window has its deliveries.
fn check(file: &Path) -> anyhow::Result<()> {
    let spool = Spool::look(file)?;
    let mut found = 0;
    for (window, ..) in spool.last_windows(1_000_000)? {
        let kept = spool.closed_window(&window.to_string())?.context("the window is closed")?;
        let held = &kept.closing.held;
        let reads = reads::Window::parse(&kept.raw)?;
        found += reads.iter().filter(|read| !held.contains(&hex::encode_upper(&read.epc))).count();
        anyhow::ensure!(!kept.delivered.is_empty(), "window {window} has no delivery");
    }
    anyhow::ensure!(found == READS as usize * 32, "{found} reads are in closed windows");
    Ok(())
}

fn settings(file: &Path) -> anyhow::Result<KeeperSettings> {
    let reader = |number: usize| -> anyhow::Result<Reader> {
        let section: process::config::bridge::ReaderSection =
            serde_json::from_value(serde_json::json!({
                "id": format!("r{number}"),
                "read_point": "urn:epc:id:sgln:0614141.00001.0",
                "device": { "r200": { "port": "/dev/null", "region": "europe" } },
            }))?;
        Ok(Reader::from(&section))
    };
    Ok(KeeperSettings {
        bridge: "bench".to_owned(),
        spool: file.to_owned(),
        max_spool_bytes: 8 << 30,
        keep_windows: SignedDuration::from_hours(1),
        readers: (0..LINES).map(reader).collect::<anyhow::Result<_>>()?,
    })
}
