//! `chopmark-demo bench`: speed as ratios to plain floors, measured in the same run on the same machine.
//!
//! The way through: [`run`] goes through the groups that were asked for, in the order of [`GROUPS`]; groups that follow one another on
//! the same installation share it ([`Stage`]). Each group adds rows to the [`Report`], which prints them and leaves files.
//!
//! What holds: each figure is the minimum, median and maximum of several rounds; absolute figures of shared machines mean
//! little, so each stands beside a floor that was measured a moment before; a group that fails is named, with its reason,
//! and the others go on.
//!
//! Not here: the bridge's readers' own table ([`readers`]), load on an installation that exists.

mod access;
mod audit;
mod burst;
mod chart;
mod clients;
mod demanded;
mod door;
mod events;
mod exports;
mod fleet;
pub mod floor;
mod goods;
mod hashing;
mod history;
mod measure;
mod memory;
mod phones;
mod process;
mod readers;
mod report;
mod search;
mod site;
mod taps;
mod verdict;
mod write;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::ValueEnum as _;
use serde_json::json;

use self::report::Report;
use self::site::{Plan, Site};

/// What to measure.
#[derive(clap::Args)]
pub struct Arguments {
    /// Groups to measure, with commas between; default: all
    #[arg(long, value_delimiter = ',', value_name = "GROUP")]
    only: Vec<Group>,
    /// Lists the groups and measures nothing
    #[arg(long)]
    list: bool,
    /// Items in the large installation, each with eight records; 10000000 for the last decade of the growth
    #[arg(long, default_value_t = 1_000_000)]
    items: u64,
    /// Records in the ledger that is audited and that bundles are taken from
    #[arg(long, default_value_t = 1_000_000)]
    records: u64,
    /// Ledgers beside three in the installation with many
    #[arg(long, default_value_t = 1000)]
    ledgers: usize,
    /// Rounds of each measurement
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Small amounts and two rounds: minutes instead of an hour; what comes out shows that it works and little more
    #[arg(long)]
    quick: bool,
    /// Also installs a peer from its registry and measures it in the same run
    #[arg(long)]
    peer: bool,
    /// Seconds that the fleet of 64 readers runs
    #[arg(long, default_value_t = 60)]
    fleet_seconds: u64,
    /// Folder for the data; what an earlier bench left there is removed
    #[arg(long, env = "CHOPMARK_BENCH_DATA", default_value = "./var/bench")]
    data: PathBuf,
    /// Folder for results.md, results.json and the plots. Default: `results` in the folder of the data
    #[arg(long)]
    out: Option<PathBuf>,
}

/// A part of the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Group {
    Hashing,
    Access,
    Taps,
    Readers,
    Fleet,
    Burst,
    Singles,
    Documents,
    Memory,
    Audit,
    Bundle,
    Growth,
    Verdict,
    History,
    Events,
    Latency,
    Ledgers,
}

/// Every group in the order in which they are measured, and what it is about.
const GROUPS: [(Group, &str); 17] = [
    (Group::Hashing, "committing to a record of 1,700 items against bare hashing"),
    (Group::Access, "one decision who may see what against comparing names as text"),
    (Group::Taps, "checking the code of one tap against the blocks of AES that it needs"),
    (Group::Readers, "decoding and settling of each family of readers, and the spool"),
    (
        Group::Fleet,
        "64 readers on pseudo-terminals for a minute: is anything lost, what does it cost",
    ),
    (Group::Burst, "1,700 items with 20 reads each in 3 s: window closed to record, memory"),
    (Group::Singles, "1-event documents against a bare handler that inserts one row a request"),
    (
        Group::Documents,
        "documents of 100 and 500 events and events of 1,700 items against COPY of the same rows",
    ),
    (
        Group::Memory,
        "6 documents of 60,000 events at once: memory, losses, small senders meanwhile",
    ),
    (Group::Audit, "audit of a million records against hashing their bytes"),
    (Group::Bundle, "size of a bundle, and time to build it from cold caches"),
    (Group::Growth, "capture and verdicts while the installation grows by decades; fills it"),
    (Group::Verdict, "verdicts, cold and warm, and pages against a bare handler"),
    (Group::History, "histories of items at 16 connections, against a peer with --peer"),
    (
        Group::Events,
        "the projection of events: does it keep up, queries against a primary key, a lot forward, an export",
    ),
    (Group::Latency, "p99 of a verdict during capture against p99 alone"),
    (Group::Ledgers, "verdicts with a thousand ledgers against three"),
];

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Amounts {
    rounds: usize,
    items: u64,
    records: u64,
    ledgers: usize,
    fleet_seconds: u64,
    /// Items that are asked for in a round.
    asked: u64,
    singles: u64,
    events: u64,
    items_in_events: u64,
    events_in_large: u64,
}

impl Amounts {
    fn of(arguments: &Arguments) -> Self {
        if arguments.quick {
            return Self {
                rounds: arguments.rounds.min(2),
                items: arguments.items.min(17_000),
                records: arguments.records.min(20_000),
                ledgers: arguments.ledgers.min(40),
                fleet_seconds: arguments.fleet_seconds.min(10),
                asked: 100,
                singles: 2_000,
                events: 5_000,
                items_in_events: 34_000,
                events_in_large: 5_000,
            };
        }
        Self {
            rounds: arguments.rounds.max(1),
            items: arguments.items,
            records: arguments.records,
            ledgers: arguments.ledgers,
            fleet_seconds: arguments.fleet_seconds,
            asked: 4_000,
            singles: 40_000,
            events: 100_000,
            items_in_events: 680_000,
            events_in_large: 60_000,
        }
    }

    fn write(self) -> write::Amounts {
        let Self { rounds, singles, events, items_in_events: items, .. } = self;
        write::Amounts { rounds, singles, events, items }
    }

    fn verdict(self) -> verdict::Amounts {
        verdict::Amounts {
            rounds: self.rounds,
            items: self.asked,
            documents: (self.events / 100).max(16),
        }
    }

    /// The numbers of items at which growth is measured: by decades up to all.
    fn levels(self) -> Vec<u64> {
        let mut levels: Vec<u64> =
            std::iter::successors(Some(self.items), |items| Some(items / 10))
                .take_while(|items| *items >= 1_700)
                .take(3)
                .collect();
        // The smallest that is not by option; a million begins at a hundred thousand.
        levels.retain(|items| *items >= 100_000 || self.items < 1_000_000);
        levels.reverse();
        levels
    }
}

/// The installation that the present group works on.
struct Stage {
    data: PathBuf,
    site: Option<(&'static str, Site)>,
    scans: verdict::Scans,
}

impl Stage {
    /// The installation called `name`; another one is stopped and removed before.
    fn site(&mut self, name: &'static str) -> anyhow::Result<&mut Site> {
        if self.site.as_ref().is_none_or(|(running, _)| *running != name) {
            self.clear();
            let plan = Plan { anchored: name == "events", ..Plan::default() };
            let site = Site::build(&self.data.join(name), plan)?;
            self.site = Some((name, site));
            self.scans = verdict::Scans::default();
        }
        let (_, site) = self.site.as_mut().context("it was just built")?;
        Ok(site)
    }

    fn clear(&mut self) {
        if let Some((name, site)) = self.site.take() {
            drop(site);
            std::fs::remove_dir_all(self.data.join(name)).ok();
        }
    }
}

/// Measures, prints tables in Markdown and writes the results; status 1 if a group could not be measured.
///
/// # Errors
///
/// If the results cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.list {
        for (group, about) in GROUPS {
            out!("{:<10} {about}", name(group));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let data = std::path::absolute(&arguments.data)?;
    let amounts = Amounts::of(arguments);
    let mut report = Report::default();
    let mut stage = Stage { data: data.clone(), site: None, scans: verdict::Scans::default() };
    let peer = if arguments.peer { Some(history::measure_peer()) } else { None };
    let peer = match peer.transpose() {
        Ok(peer) => peer,
        Err(error) => {
            report.missing("peer", format!("{error:#}"));
            None
        }
    };
    let mut failed = 0;
    for (group, _) in GROUPS {
        if !arguments.only.is_empty() && !arguments.only.contains(&group) {
            continue;
        }
        if let Err(error) = measure(group, amounts, peer.as_ref(), &mut stage, &mut report) {
            report.missing(group_name(group), format!("{error:#}"));
            failed += 1;
        }
    }
    stage.clear();
    let out = arguments.out.clone().unwrap_or_else(|| data.join("results"));
    report.write(&out, &about(amounts))?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn name(group: Group) -> String {
    group.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Its name in reports.
fn group_name(group: Group) -> &'static str {
    GROUPS.iter().find(|(one, _)| *one == group).map_or("", |(_, about)| about)
}

fn measure(
    group: Group,
    amounts: Amounts,
    peer: Option<&history::Peer>,
    stage: &mut Stage,
    report: &mut Report,
) -> anyhow::Result<()> {
    let rounds = amounts.rounds;
    match group {
        Group::Hashing => hashing::run(rounds, report),
        Group::Access => access::run(rounds, report),
        Group::Taps => taps::run(rounds, report),
        Group::Readers => readers::run(rounds),
        Group::Fleet => fleet::run(amounts.fleet_seconds.max(2)),
        Group::Burst => burst::run(&folder(&stage.data, "burst")?, rounds, report),
        Group::Singles => write::singles(stage.site("events")?, amounts.write(), report),
        Group::Documents => write::documents(stage.site("events")?, amounts.write(), report),
        Group::Memory => memory::run(stage.site("events")?, amounts.events_in_large, report),
        Group::Audit => {
            let site = stage.site("events")?;
            audit::fill_up(site, amounts.records)?;
            audit::audit(site, rounds, report)
        }
        Group::Bundle => {
            let site = stage.site("events")?;
            audit::fill_up(site, amounts.records)?;
            audit::bundle(site, rounds, report)
        }
        Group::Growth | Group::Verdict | Group::History | Group::Events | Group::Latency => {
            stage.site("items")?;
            let Stage { site, scans, .. } = stage;
            let (_, site) = site.as_mut().context("it was just built")?;
            on_items(group, (amounts, peer), site, scans, report)
        }
        Group::Ledgers => {
            stage.clear();
            let folder = folder(&stage.data, "ledgers")?;
            verdict::ledgers(&folder, amounts.verdict(), amounts.ledgers, report)
        }
    }
}

/// What is measured in the installation with many items.
fn on_items(
    group: Group,
    (amounts, peer): (Amounts, Option<&history::Peer>),
    site: &mut Site,
    scans: &verdict::Scans,
    report: &mut Report,
) -> anyhow::Result<()> {
    if group == Group::Growth {
        return verdict::growth(site, &amounts.levels(), amounts.verdict(), scans, report);
    }
    site.fill(amounts.items)?;
    match group {
        Group::Verdict => verdict::verdict(site, amounts.verdict(), scans, report),
        Group::History => history::run(site, (amounts.rounds, amounts.asked), peer, report),
        Group::Events => {
            events::rate(site, amounts.rounds, amounts.events, report)?;
            events::queries(site, (amounts.rounds, amounts.asked), report)?;
            events::lot(site, amounts.rounds, report)?;
            audit::fill_up(site, amounts.records)?;
            exports::fsma(site, amounts.rounds, report)?;
            search::keys(site, amounts.rounds, report)
        }
        _ => verdict::latency(site, amounts.verdict(), scans, report),
    }
}

/// A folder below `data` that does not exist yet, or was left by an earlier bench.
fn folder(data: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let folder = data.join(name);
    std::fs::create_dir_all(data).with_context(|| format!("could not make {}", data.display()))?;
    Ok(folder)
}

/// What whoever compares two runs must know.
fn about(amounts: Amounts) -> serde_json::Value {
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor =
        processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    json!({
        "at": jiff::Timestamp::now().to_string(),
        "version": env!("CARGO_PKG_VERSION"),
        "build": if cfg!(debug_assertions) { "debug" } else { "release" },
        "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        "processor": processor.map(|(_, name)| name),
        "rounds": amounts.rounds,
        "items": amounts.items,
        "records": amounts.records,
        "ledgers": amounts.ledgers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_is_listed_once_and_can_be_named() {
        assert_eq!(GROUPS.len(), Group::value_variants().len());
        for group in Group::value_variants() {
            assert!(!group_name(*group).is_empty(), "{group:?}");
            assert_eq!(Group::from_str(&name(*group), false), Ok(*group));
        }
    }

    #[test]
    fn growth_is_measured_by_decades_up_to_all_items() {
        let levels = |items| {
            let arguments = Arguments {
                only: Vec::new(),
                list: false,
                items,
                records: 1,
                ledgers: 1,
                rounds: 1,
                quick: false,
                peer: false,
                fleet_seconds: 1,
                data: PathBuf::new(),
                out: None,
            };
            Amounts::of(&arguments).levels()
        };
        assert_eq!(levels(1_000_000), [100_000, 1_000_000]);
        assert_eq!(levels(10_000_000), [100_000, 1_000_000, 10_000_000]);
        assert_eq!(levels(17_000), [1_700, 17_000]);
    }
}
