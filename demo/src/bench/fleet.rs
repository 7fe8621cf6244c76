//! Sixty-four readers at once, with ingest away for half of the time: what is lost, what it costs.
//!
//! The way through: readers on pseudo-terminals, a bridge and (from half time on) an ingest as processes of
//! their own, a private PostgreSQL. At the end every raw read in the bridge's spool is compared with what the
//! readers sent, one after the other.
//!
//! What holds: the bridge's processor time and memory are those that the kernel counted for its process.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use demo::simulators::fleet::{self, Fleet};
use firmware_bridge::spool::Spool;
use ledger::json::Json;
use reads::Bank;

use super::door::Door;
use super::process::{cpu_seconds, peak_megabytes};
use crate::web;
use crate::world::{World, free_address, prepare_folder};

/// How many readers, and how many reads a second each of them sends.
const READERS: usize = 64;
const READS_PER_S: u64 = 100;
/// Longest wait for what waited while ingest was away.
const DRAIN: Duration = Duration::from_mins(5);

/// Runs it for `seconds`, and prints what came of it.
///
/// # Errors
///
/// If a read is missing or out of order, or a process cannot be started.
pub fn run(seconds: u64) -> anyhow::Result<()> {
    out!("\n### Fleet\n");
    let folder = tempfile::tempdir()?;
    // PostgreSQL runs as another user when we are root, who must be able to pass.
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711))?;
    let data = folder.path().join("data");
    prepare_folder(&data)?;
    let mut world = World::build(data.clone())?;
    world.watch_database()?;
    let (ingest, bridge) = (free_address()?, free_address()?);
    let readers = Fleet::start(READERS, READS_PER_S)?;
    write_files(&data, world.cluster.url(), &readers, ingest, bridge)?;
    world.start("bridge", "bridge.toml", "bridge", bridge)?;
    let pid = world.pid("bridge").context("the bridge was just started")?;
    let begun = Instant::now();
    let half = Duration::from_secs(seconds / 2);
    sleep_until(begun + half);
    world.start("ingest", "chopmark.toml", "ingest", ingest)?;
    sleep_until(begun + half * 2);
    let cpu = cpu_seconds(pid)?;
    let ran = begun.elapsed().as_secs_f64();
    readers.clear();
    let drained = Instant::now();
    wait_until_drained(bridge)?;
    let drained = drained.elapsed().as_secs_f64();
    let memory = peak_megabytes(pid)?;
    world.stop("bridge")?;
    let spool = Spool::look(&data.join("spool.sqlite"))?;
    anyhow::ensure!(spool.dead_letters()?.is_empty(), "dead letters: {:?}", spool.dead_letters()?);
    let sent = readers.sent();
    let windows = compare(&spool, &sent)?;
    let total: u64 = sent.iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "some hundred thousand reads")]
    let rate = total as f64 / ran;
    println!();
    println!(
        "{READERS} readers for {ran:.0} s, ingest away for the first half: {total} reads ({rate:.0} a second), \
         every one in a raw window and in its order; {windows} windows. \
         Bridge: {:.2} of one core, {memory:.0} MB at most; the backlog was gone {drained:.1} s after the end.",
        cpu / ran
    );
    Ok(())
}

/// Writes the keys and the configuration of ingest and of a bridge with all readers.
fn write_files(
    data: &Path,
    database: &str,
    readers: &Fleet,
    ingest: SocketAddr,
    bridge: SocketAddr,
) -> anyhow::Result<()> {
    let read_point = "urn:epc:id:sgln:9521142.00001.1";
    let lines: Vec<String> = readers
        .paths
        .iter()
        .enumerate()
        .map(|(number, path)| {
            format!(
                "[[firmware_bridge.reader]]\nid = \"r{number}\"\nread_point = \"{read_point}\"\n\
                 settle = {{ quiet_ms = 1500, longest_ms = 5000 }}\n\
                 device.r200 = {{ port = \"{}\", power_dbm = 20.0 }}\n",
                path.display()
            )
        })
        .collect();
    let ledger = "bench.example/fleet";
    let door = Door { ledger, bridge: "fleet", read_point, database, ingest, listen: bridge };
    door.write(data, &lines.concat())
}

fn sleep_until(when: Instant) {
    if let Some(wait) = when.checked_duration_since(Instant::now()) {
        std::thread::sleep(wait);
    }
}

/// Waits until every window is closed and delivered: the queue is empty, and stays so for longer than a window
/// may be open.
fn wait_until_drained(bridge: SocketAddr) -> anyhow::Result<()> {
    let url = format!("http://{bridge}/readers");
    let deadline = Instant::now() + DRAIN;
    let mut empty_since: Option<Instant> = None;
    loop {
        let answer = web::get_json(&url, &[])?;
        let waiting = answer.get("waitingDeliveries").and_then(Json::as_number).unwrap_or("?");
        if waiting != "0" {
            empty_since = None;
        } else if empty_since.get_or_insert_with(Instant::now).elapsed() > Duration::from_secs(6) {
            return Ok(());
        }
        anyhow::ensure!(Instant::now() < deadline, "{waiting} deliveries still wait");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Compares the raw windows of every reader with what it sent; gives how many windows there are.
fn compare(spool: &Spool, sent: &[u64]) -> anyhow::Result<usize> {
    let mut next = vec![0u64; sent.len()];
    let mut windows = spool.last_windows(1_000_000)?;
    windows.reverse();
    // Tags that were passing when a window had lasted long enough: the next window of the reader begins with their
    // reads.
    let mut carried: Vec<Vec<Bank>> = vec![Vec::new(); sent.len()];
    for (window, source, _, _) in &windows {
        let reader: usize = source.trim_start_matches('r').parse()?;
        let kept = spool.closed_window(&window.to_string())?.context("the window is closed")?;
        let reads = reads::Window::parse(&kept.raw)?;
        let (again, fresh) = reads
            .split_at_checked(carried[reader].len())
            .with_context(|| format!("window {window} lacks reads that it must begin with"))?;
        let begins_rightly = again.iter().map(|read| &read.epc).eq(&carried[reader]);
        anyhow::ensure!(begins_rightly, "window {window} begins with other reads than it must");
        for read in fresh {
            let right = fleet::epc(reader, next[reader]);
            anyhow::ensure!(
                read.epc == right,
                "reader {reader}: read {} is {} and should be {}",
                next[reader],
                hex::encode_upper(&read.epc),
                hex::encode_upper(&right)
            );
            next[reader] += 1;
        }
        let is_held = |epc: &Bank| kept.closing.held.contains(&hex::encode_upper(epc));
        carried[reader] = reads.into_iter().map(|read| read.epc).filter(is_held).collect();
    }
    anyhow::ensure!(next == sent, "readers sent {sent:?}, the windows hold {next:?}");
    Ok(windows.len())
}
