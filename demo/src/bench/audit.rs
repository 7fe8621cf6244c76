//! Audit against hashing, and bundles out of a large ledger.
//!
//! What holds: the floors of the audit are SHA-256 over as many bytes in records of the same size, and over what the format demands
//! ([`super::demanded`]), in memory, on all cores; the
//! audit must find everything whole. A bundle is the consumer's, of an item with eight records in three ledgers, asked of
//! a trace-api that was just started and has answered for one other item before.

use std::time::Instant;

use anyhow::Context as _;
use demo::traffic::{Request, Target};

use super::clients::{self, Expected};
use super::demanded::Demanded;
use super::goods;
use super::measure::{Row, alternate, float};
use super::report::Report;
use super::site::{FACTORY, Site};
use crate::program;

/// Connections and events of a document with which a ledger is filled up.
const FILLING: (usize, u64) = (8, 500);

/// Records small events until the factory's ledger holds `records`.
///
/// # Errors
///
/// If a document is refused.
pub fn fill_up(site: &Site, records: u64) -> anyhow::Result<()> {
    let (connections, events) = FILLING;
    let missing = records.saturating_sub(site.size(FACTORY)?);
    let sender = site.sender();
    let make = |_| sender.request(&goods::making(site.fresh(events), events, 1));
    let sources = clients::shared(connections, missing.div_ceil(events), &make);
    clients::run(sender.ingest, sources, &Expected::RECORDED).map(drop)
}

/// The audit.
///
/// # Errors
///
/// If it does not find everything whole.
pub fn audit(site: &Site, rounds: usize, report: &mut Report) -> anyhow::Result<()> {
    let (bytes, records) = site.wait(async |db| sql::floors::totals(db).await)?;
    Report::part(&format!("Audit of {records} records, {bytes} bytes"));
    let words = ["audit", "--config", "chopmark.toml", "--policy", "policy.txt"];
    let demanded = site.wait(async |db| Demanded::of(db, records).await)?;
    let mut demands = Vec::new();
    let (floors, ours) = alternate(
        rounds,
        |_| {
            demands.push(demanded.seconds(records));
            Ok(hash_all(records, bytes))
        },
        |_| {
            let begun = Instant::now();
            let (status, text) = program::run(&site.world.folder, &words)?;
            anyhow::ensure!(status == 0, "audit ended with {status}:\n{text}");
            Ok(begun.elapsed().as_secs_f64())
        },
    )?;
    report.add(
        Row::new("audit", format!("audit of {records} records"), "s", ours.clone())
            .against("SHA-256 of their bytes in memory, all cores", floors)
            .ratio_at_most(2.0),
    );
    let blocks = demanded.blocks();
    report.add(
        Row::new("audit", "the same against what the format demands to be hashed", "s", ours)
            .against(format!("{blocks:.0} blocks of SHA-256 a record, all cores"), demands),
    );
    Ok(())
}

/// Seconds in which so many records of their mean size are hashed, on all cores.
fn hash_all(records: u64, bytes: u64) -> f64 {
    let text = vec![0x61; usize::try_from(bytes / records.max(1)).unwrap_or_default()];
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for core in 0..cores {
            let text = &text;
            let count = records / cores + u64::from(core < records % cores);
            scope.spawn(move || {
                for _ in 0..count {
                    std::hint::black_box(ledger::hash::sha256(std::hint::black_box(text)));
                }
            });
        }
    });
    begun.elapsed().as_secs_f64()
}

/// Bundles: size, and time to build from cold caches.
///
/// # Errors
///
/// If a bundle is not proved.
pub fn bundle(site: &mut Site, rounds: usize, report: &mut Report) -> anyhow::Result<()> {
    let records = site.size(FACTORY)?;
    Report::part(&format!(
        "Bundle of an item with eight records in three ledgers, at {records} records"
    ));
    let first = site.fresh(rounds.max(1) as u64 + 1);
    let items: Vec<u64> = (first..=first + rounds.max(1) as u64).collect();
    for number in &items {
        site.state(&goods::journey_of_one(*number))?;
    }
    let is_anchored = site.anchor(*items.last().context("there is one at least")?)?;
    let (mut sizes, mut whole, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for pair in items.windows(2) {
        site.restart("trace-api")?;
        let get = |number: u64| {
            let target = Target::from(site.addresses.public);
            let path = format!("/items/{}/bundle", goods::single(number));
            // Both over one connection, the first of them not counted: it opens the connections to the database.
            Request::get(&target, &path, &[("X-Forwarded-For", "203.0.113.7")])
        };
        let sent = clients::run(
            site.addresses.public,
            vec![pair.iter().map(|number| get(*number))],
            &Expected::with("chopmark.org/bundle@v2"),
        )?;
        times.push(sent.latencies.last().copied().unwrap_or(f64::NAN) * 1000.0);
        sizes.push(float(without_directory(&sent.last)? as u64) / 1000.0);
        whole.push(float(sent.last.len() as u64) / 1000.0);
        check(site, &sent.last)?;
    }
    let state = if is_anchored { "anchored" } else { "not anchored" };
    report.add(
        Row::new("bundle", format!("bundle, {state}, without the directory's proofs"), "kB", sizes)
            .at_most(24.0),
    );
    report.add(Row::new("bundle", format!("bundle, {state}, whole"), "kB", whole));
    report.add(
        Row::new(
            "bundle",
            format!("first bundle of an item after a start, at {records} records"),
            "ms",
            times,
        )
        .at_most(5.0),
    );
    Ok(())
}

/// Bytes of a bundle without its member `directory`.
fn without_directory(bytes: &[u8]) -> anyhow::Result<usize> {
    let mut bundle: serde_json::Value =
        serde_json::from_slice(bytes).context("the bundle is no JSON")?;
    bundle.as_object_mut().context("the bundle is no object")?.remove("directory");
    Ok(bundle.to_string().len())
}

fn check(site: &Site, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(site.world.folder.join("item.bundle.json"), bytes)?;
    let words = ["verify", "item.bundle.json", "--policy", "policy.txt"];
    let (status, text) = program::run(&site.world.folder, &words)?;
    anyhow::ensure!(status == 0, "the bundle is not proved ({status}):\n{text}");
    let bundle = ledger::bundle::parse(bytes)?;
    let records: usize = bundle.histories.iter().map(|history| history.records.len()).sum();
    let ledgers = bundle.histories.len();
    anyhow::ensure!(
        (records, ledgers) == (8, 3),
        "the bundle has {records} records of {ledgers} ledgers"
    );
    Ok(())
}
