//! `chopmark-demo bench`: speed as ratios to plain floors, measured in the same run on the same machine.
//!
//! What holds: each figure is the minimum, median and maximum of several rounds; absolute figures of shared
//! machines mean little, so each stands beside a floor that was measured a moment before.

mod fleet;
mod readers;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use devices::message::{Format as _, Message};
use devices::reader::impinj_r700::ImpinjR700;
use devices::reader::llrp::{self, Llrp};
use devices::reader::r200::frame::Frame;
use devices::reader::r200::{self, R200};
use devices::reader::{Dialect, FrameData};
use jiff::Timestamp;
use ledger::json::{Json, object};
use ledger::record::Record;
use reads::Read;
use settling::closing::Closing;
use settling::settings::{DirectionRule, Settings};
use settling::settle;

/// What to measure.
#[derive(clap::Args)]
pub struct Arguments {
    /// Rounds of each measurement
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds that the fleet of 64 readers runs; 0 leaves it out
    #[arg(long, default_value_t = 60)]
    fleet_seconds: u64,
}

/// Measures and prints a table in Markdown.
///
/// # Errors
///
/// If a temporary file cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    println!("| what | floor | per second: min / median / max | of the floor (median) |");
    println!("|---|---|---|---|");
    let rounds = arguments.rounds.max(1);
    hashing(rounds)?;
    settling(rounds)?;
    framing(rounds)?;
    reporting(rounds)?;
    spooling(rounds)?;
    readers::run(rounds)?;
    if arguments.fleet_seconds > 0 {
        fleet::run(arguments.fleet_seconds)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Things a second over `rounds` runs of `work`, which does `count` of them: minimum, median, maximum.
fn rates(
    rounds: usize,
    count: f64,
    mut work: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<[f64; 3]> {
    work()?;
    let mut found = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let begun = Instant::now();
        work()?;
        found.push(count / begun.elapsed().as_secs_f64());
    }
    found.sort_by(f64::total_cmp);
    Ok([found[0], found[found.len() / 2], found[found.len() - 1]])
}

fn row(what: &str, floor: &str, rate: [f64; 3], floor_rate: [f64; 3]) {
    println!(
        "| {what} | {floor}: {:.0} | {:.0} / {:.0} / {:.0} | {:.3} |",
        floor_rate[1],
        rate[0],
        rate[1],
        rate[2],
        rate[1] / floor_rate[1]
    );
}

/// Committing to a record of 1,700 items against its bare hashing.
fn hashing(rounds: usize) -> anyhow::Result<()> {
    const ITEMS: u32 = 1_700;
    let epcs =
        (0..ITEMS).map(|n| Json::from(format!("urn:epc:id:sgtin:9521141.012345.{n}"))).collect();
    let record = Record::from_json(object([("epcList", Json::Array(epcs))]))?;
    let secret = [7; 16];
    // Per item: a salt (HMAC, four compressions), an element, a leaf, and a node on average.
    let floor = rates(rounds, f64::from(ITEMS), || {
        for n in 0..ITEMS {
            let mut bytes = [0; 65];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            for _ in 0..5 {
                std::hint::black_box(ledger::hash::sha256(&bytes));
            }
        }
        Ok(())
    })?;
    let rate = rates(rounds, f64::from(ITEMS), || {
        std::hint::black_box(record.leaf_hash(&secret));
        Ok(())
    })?;
    row("items committed to in one record", "five SHA-256 of 65 bytes an item", rate, floor);
    Ok(())
}

/// Decoding and settling R700 messages against parsing their JSON.
fn settling(rounds: usize) -> anyhow::Result<()> {
    const READS: u32 = 34_000;
    let at: Timestamp = "2026-11-20T08:00:00Z".parse().context("a fixed time")?;
    let messages: Vec<String> = (0..READS)
        .map(|n| {
            format!(
                "{{\"timestamp\":\"2026-11-20T08:00:00.278427551Z\",\"hostname\":\"r700\",\"eventType\":\"tagInventory\",\
                 \"tagInventoryEvent\":{{\"epcHex\":\"3034257BF7194E40{:08X}\",\"antennaPort\":{},\"peakRssiCdbm\":-5400}}}}",
                n % 1_700,
                1 + n / 1_700 % 2
            )
        })
        .collect();
    let floor = rates(rounds, f64::from(READS), || {
        for message in &messages {
            std::hint::black_box(serde_json::from_str::<serde_json::Value>(message)?);
        }
        Ok(())
    })?;
    let rate = rates(rounds, f64::from(READS), || {
        let mut reads = Vec::with_capacity(messages.len());
        let mut format = ImpinjR700::new("door", None);
        for message in &messages {
            let payload = message.as_bytes();
            let parsed = format.take(&Message { topic: "door", payload, is_retained: false, at });
            reads.extend(parsed.map_err(|error| anyhow::anyhow!(error))?.reads);
        }
        settle(at, &reads);
        Ok(())
    })?;
    row("R700 reads decoded and settled", "the same messages through a JSON parser", rate, floor);
    Ok(())
}

/// Decoding and settling R200 frames against adding up their bytes, as their checksum does.
fn framing(rounds: usize) -> anyhow::Result<()> {
    const READS: u32 = 34_000;
    let at: Timestamp = "2026-11-20T08:00:00Z".parse().context("a fixed time")?;
    let mut stream = Vec::new();
    for n in 0..READS {
        let mut parameters = vec![0xCE, 0x30, 0x00, 0x30, 0x34, 0x25, 0x7B, 0xF7, 0x19, 0x4E, 0x40];
        parameters.extend_from_slice(&(n % 1_700).to_be_bytes());
        parameters.extend_from_slice(&[0xBE, 0xEF]);
        let notice = Frame { kind: 2, command: 0x22, parameters };
        stream.extend(notice.to_bytes());
    }
    let floor = rates(rounds, f64::from(READS), || {
        let sum =
            stream.iter().fold(0u8, |sum, byte| std::hint::black_box(sum.wrapping_add(*byte)));
        std::hint::black_box(sum);
        Ok(())
    })?;
    let rate = rates(rounds, f64::from(READS), || {
        let settings = r200::Settings { power_cdbm: 2000, ..r200::Settings::default() };
        decode_and_settle(&mut R200::new(settings), &stream, at, READS)
    })?;
    row("R200 reads decoded and settled", "the bytes of the same frames added up", rate, floor);
    Ok(())
}

/// Decoding and settling LLRP tag reports against copying their bytes.
fn reporting(rounds: usize) -> anyhow::Result<()> {
    const READS: u32 = 34_000;
    let at: Timestamp = "2026-11-20T08:00:00Z".parse().context("a fixed time")?;
    let mut stream = Vec::new();
    for n in 0..READS {
        // EPC-96, antenna, RSSI, last seen: as a reader reports each tag by itself.
        let mut tag = vec![0x8D, 0x30, 0x34, 0x25, 0x7B, 0xF7, 0x19, 0x4E, 0x40];
        tag.extend_from_slice(&(n % 1_700).to_be_bytes());
        tag.extend_from_slice(&[0x81, 0, if n / 1_700 % 2 == 0 { 1 } else { 2 }, 0x86, 0xCE, 0x84]);
        tag.extend_from_slice(&u64::try_from(at.as_microsecond())?.to_be_bytes());
        let length = u16::try_from(tag.len() + 4)?;
        stream.extend_from_slice(&[0x04, 61]);
        stream.extend_from_slice(&(u32::from(length) + 10).to_be_bytes());
        stream.extend_from_slice(&n.to_be_bytes());
        stream.extend_from_slice(&[0x00, 240]);
        stream.extend_from_slice(&length.to_be_bytes());
        stream.extend(tag);
    }
    let floor = rates(rounds, f64::from(READS), || {
        std::hint::black_box(stream.clone());
        Ok(())
    })?;
    let rate = rates(rounds, f64::from(READS), || {
        let settings = llrp::Settings {
            power_dbm: 30.0,
            antennas: vec![],
            session: 1,
            read_tid: false,
            active_low: vec![],
        };
        decode_and_settle(&mut Llrp::new(settings), &stream, at, READS)
    })?;
    row("LLRP reports decoded and settled", "the bytes of the same reports copied", rate, floor);
    Ok(())
}

/// Feeds a stream as a line does, 4 KiB at a time, and settles what comes out.
fn decode_and_settle(
    dialect: &mut dyn Dialect,
    stream: &[u8],
    at: Timestamp,
    reads: u32,
) -> anyhow::Result<()> {
    let mut fed = FrameData::default();
    dialect.open();
    for bytes in stream.chunks(4096) {
        dialect.feed(bytes, at, &mut fed);
    }
    anyhow::ensure!(fed.reads.len() == reads as usize, "{} reads came out", fed.reads.len());
    settle(at, &fed.reads);
    Ok(())
}

/// Settles reads as the window of a door that tells directions, down to the bytes of its deliveries.
fn settle(at: Timestamp, reads: &[Read]) {
    let direction = DirectionRule {
        inside_antennas: vec![1],
        outside_antennas: vec![2],
        ..DirectionRule::default()
    };
    let closing = Closing {
        bridge: "bench".into(),
        boot: 1,
        seq: 1,
        reader: "door".into(),
        read_point: "urn:epc:id:sgln:9521141.00001.1".into(),
        antenna_read_points: BTreeMap::new(),
        opened: at,
        closed: at,
        settings: Settings { direction: Some(direction), ..Settings::default() },
        suspect_clock: false,
        late: false,
        gaps: Vec::new(),
        edges: Vec::new(),
        sensors: Vec::new(),
        neighbour_reads: BTreeMap::new(),
        residents: BTreeSet::new(),
        held: BTreeSet::new(),
        presence: BTreeMap::new(),
    };
    for delivery in settle::close(&closing, reads, "").deliveries {
        std::hint::black_box(delivery.to_bytes());
    }
}

/// The spool at 100 reads a commit against appending the same bytes to a file and syncing it.
fn spooling(rounds: usize) -> anyhow::Result<()> {
    const COMMITS: u32 = 100;
    const PER_COMMIT: u32 = 100;
    let folder = tempfile::tempdir()?;
    let bytes = vec![0x5A; 36 * PER_COMMIT as usize];
    let count = f64::from(COMMITS * PER_COMMIT);
    let mut file = std::fs::File::create(folder.path().join("floor"))?;
    let floor = rates(rounds, count, || {
        for _ in 0..COMMITS {
            file.write_all(&bytes)?;
            file.sync_data()?;
        }
        Ok(())
    })?;
    let mut spool = firmware_bridge::spool::Spool::open(&folder.path().join("spool"))?;
    let mut batch = spool.begin()?;
    let window = batch.open_window("bench", Timestamp::UNIX_EPOCH)?;
    batch.commit()?;
    let rate = rates(rounds, count, || {
        for _ in 0..COMMITS {
            let mut batch = spool.begin()?;
            batch.add_raw(window, &bytes)?;
            batch.commit()?;
        }
        Ok(())
    })?;
    row("raw reads spooled, 100 a commit", "append and fdatasync of the same bytes", rate, floor);
    Ok(())
}
