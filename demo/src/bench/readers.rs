//! Speed of the bridge's way from bytes to deliveries, each part beside a floor that does the least that it must do.
//!
//! The way through: [`families`] makes the bytes of every family; each is decoded alone, decoded and settled, and
//! compared with its floors; then settling alone, and the whole way with spool and windows (`chain`).
//!
//! What holds: a part and its floor take turns, round after round, and the ratio is the median of the rounds' ratios; times
//! of one thread are what the kernel counted for it, so that neighbours on the machine disturb less. The floors of
//! before (bytes added up, bytes copied, a JSON parser) stay beside the newer ones.
//!
//! Not here: the fleet on pseudo-terminals (`fleet`).

mod chain;
mod families;
mod spool;

use std::collections::HashMap;
use std::hint::black_box;

use anyhow::Context as _;
use jiff::Timestamp;
use reads::{AntennaCount, Observation, Read};
use settling::closing::Closing;
use settling::settings::{DirectionRule, Settings};
use settling::settle;

use self::families::{Family, READS};
use super::process::thread_seconds;

/// Measures and prints rows of the table.
///
/// # Errors
///
/// If a decoder loses a read, or a temporary file cannot be written.
pub fn run(rounds: usize) -> anyhow::Result<()> {
    let rounds = rounds.max(1);
    let at: Timestamp = "2026-11-20T08:00:00Z".parse().context("a fixed time")?;
    out!(
        "\n### Readers\n\n| what | floor | per second: min / median / max | of the floor (median) |\n|---|---|---|---|"
    );
    for family in families::all(at)? {
        family_rows(rounds, at, &family)?;
    }
    settling_rows(rounds, at)?;
    spool::rows(rounds)?;
    chain::rows(rounds)
}

/// The rows of one family.
fn family_rows(rounds: usize, at: Timestamp, family: &Family) -> anyhow::Result<()> {
    let name = family.name;
    let decode = || {
        let reads = (family.decode)()?;
        anyhow::ensure!(reads.len() == READS as usize, "{name}: {} reads came out", reads.len());
        Ok(reads)
    };
    let decode_only = || decode().map(|reads| drop(black_box(reads)));
    let floor = || {
        (family.floor)(&mut |epc| drop(black_box(epc.to_vec())));
        Ok(())
    };
    compare(rounds, READS, &format!("{name} decoded"), family.floor_text, decode_only, floor)?;
    let both = || {
        settle_reads(at, &decode()?);
        Ok(())
    };
    let text = format!("{}, {WRITTEN}", family.floor_text);
    let counting = || {
        let mut seen = HashMap::new();
        (family.floor)(&mut |epc| count(&mut seen, epc, 1));
        write(at, seen)
    };
    compare(rounds, READS, &format!("{name} decoded and settled"), &text, both, counting)?;
    if let Some((text, old)) = &family.old_floor {
        let old = || {
            old();
            Ok(())
        };
        compare(rounds, READS, &format!("{name} decoded and settled"), text, both, old)?;
    }
    Ok(())
}

/// What the floor of settling does.
const WRITTEN: &str = "reads and strengths of each EPC summed and written as an observation's JSON";

/// Reads and the sum of the strengths of one EPC.
type Sums = HashMap<Vec<u8>, (u32, i32)>;

/// Adds a read of one EPC.
fn count(seen: &mut Sums, epc: &[u8], strength: i32) {
    if let Some(found) = seen.get_mut(epc) {
        found.0 += 1;
        found.1 = found.1.wrapping_add(strength);
    } else {
        seen.insert(epc.to_vec(), (1, strength));
    }
}

/// Writes the sums as observations, which is the form that any settling must give them.
fn write(at: Timestamp, seen: Sums) -> anyhow::Result<()> {
    let observation = |(epc, (count, sum)): (Vec<u8>, (u32, i32))| Observation {
        epc_hex: hex::encode_upper(epc),
        epc: None,
        tid: None,
        count,
        first: at,
        last: at,
        rssi_max_cdbm: sum,
        rssi_mean_cdbm: sum,
        rssi_slope_cdbm_per_s: 0,
        antennas: vec![AntennaCount { antenna: 0, count }],
        direction: None,
        rival: None,
        resident: false,
    };
    let observations: Vec<Observation> = seen.into_iter().map(observation).collect();
    black_box(serde_json::to_vec(&observations)?);
    Ok(())
}

/// Settling without decoding.
fn settling_rows(rounds: usize, at: Timestamp) -> anyhow::Result<()> {
    let reads = (families::r200(at).decode)()?;
    let sums = || {
        let mut seen = Sums::new();
        for read in &reads {
            count(&mut seen, &read.epc, read.rssi_cdbm);
        }
        seen
    };
    let settled = || {
        settle_reads(at, &reads);
        Ok(())
    };
    let what = "reads settled, to the bytes of the deliveries";
    compare(rounds, READS, what, WRITTEN, settled, || write(at, sums()))?;
    let counted = || {
        black_box(sums());
        Ok(())
    };
    compare(rounds, READS, what, "reads and strengths of each EPC summed", settled, counted)
}

/// Settles reads as the window of a door that tells directions, down to the bytes of its deliveries.
fn settle_reads(at: Timestamp, reads: &[Read]) {
    let direction = DirectionRule {
        inside_antennas: vec![1],
        outside_antennas: vec![2],
        ..DirectionRule::default()
    };
    let closing = Closing {
        bridge: "bench".into(),
        settings: Settings { direction: Some(direction), ..Settings::default() },
        ..Closing::of_reads("door", "urn:epc:id:sgln:9521141.00001.1", at, at)
    };
    for delivery in settle::close(&closing, reads, "").deliveries {
        black_box(delivery.to_bytes());
    }
}

/// Runs `work` and `floor` in turn and prints their row.
fn compare(
    rounds: usize,
    count: u32,
    what: &str,
    floor_text: &str,
    work: impl Fn() -> anyhow::Result<()>,
    floor: impl Fn() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    floor()?;
    work()?;
    let (mut rates, mut floors, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (floor, rate) = (rate(count, &floor)?, rate(count, &work)?);
        floors.push(floor);
        rates.push(rate);
        ratios.push(rate / floor);
    }
    for values in [&mut rates, &mut floors, &mut ratios] {
        values.sort_by(f64::total_cmp);
    }
    let middle = rounds / 2;
    out!(
        "| {what} | {floor_text}: {:.0} | {:.0} / {:.0} / {:.0} | {:.3} |",
        floors[middle],
        rates[0],
        rates[middle],
        rates[rounds - 1],
        ratios[middle]
    );
    Ok(())
}

/// How many a second of this thread's processor time.
fn rate(count: u32, work: impl Fn() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let begun = thread_seconds()?;
    work()?;
    Ok(f64::from(count) / (thread_seconds()? - begun))
}
