//! `chopmark bench`: speed as ratios to plain floors, measured in the same run on the same machine.
//!
//! What holds: each figure is the minimum, median and maximum of several rounds; absolute figures of shared
//! machines mean little, so each stands beside a floor that was measured a moment before.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use jiff::Timestamp;
use ledger::json::{Json, object};
use ledger::record::Record;

/// What to measure.
#[derive(clap::Args)]
pub struct Arguments {
    /// Rounds of each measurement
    #[arg(long, default_value_t = 7)]
    rounds: usize,
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
    spooling(rounds)?;
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
        "| {what} | {floor}: {:.0} | {:.0} / {:.0} / {:.0} | {:.2} |",
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
                 \"tagInventoryEvent\":{{\"epcHex\":\"3034257BF7194E40{:08X}\",\"antennaPort\":1,\"peakRssiCdbm\":-5400}}}}",
                n % 1_700
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
        for message in &messages {
            let parsed = firmware_bridge::reader::impinj_r700::parse(message.as_bytes(), at);
            reads.extend(parsed.map_err(|error| anyhow::anyhow!(error))?.reads);
        }
        std::hint::black_box(firmware_bridge::settle::settle(&reads));
        Ok(())
    })?;
    row("R700 reads decoded and settled", "the same messages through a JSON parser", rate, floor);
    Ok(())
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
