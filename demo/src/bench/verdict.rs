//! Verdicts: cold and warm, as JSON and as a page, with few ledgers and with a thousand, alone and during capture, as the
//! installation grows.
//!
//! What holds: floor and ours are asked for the same items in the same order; cold is a trace-api that was just started and
//! asks for each item once, while PostgreSQL has had them for the floor before; warm are the same items again.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;

use super::chart;
use super::clients::{self, Expected, Sent, Until};
use super::floor::Floor;
use super::goods;
use super::measure::{Row, alternate, float, quantile, spread};
use super::phones::{Form, Phones};
use super::process::family_seconds;
use super::report::Report;
use super::site::{Plan, Site};

/// The bare handler.
const HANDLER: &str = "actix-web, one prepared query for the same records";
/// Connections that ask for verdicts while others send documents.
const ASKING: usize = 4;
/// Connections that send documents meanwhile.
const SENDING: usize = 8;

/// How much is asked.
#[derive(Debug, Clone, Copy)]
pub struct Amounts {
    /// Rounds.
    pub rounds: usize,
    /// Items that are asked for in a round.
    pub items: u64,
    /// Documents of 100 events that show how fast they are taken at one size.
    pub documents: u64,
}

/// Number of the first scan of the next measure, so that no address scans twice.
#[derive(Debug, Default)]
pub struct Scans(Cell<u32>);

/// Floor and ours of a verdict in one state of the caches.
#[derive(Debug, Default)]
struct Rates {
    floors: Vec<f64>,
    ours: Vec<f64>,
    /// Milliseconds of processor time of the server and PostgreSQL for one answer.
    floor_costs: Vec<f64>,
    costs: Vec<f64>,
    /// What of it is PostgreSQL's.
    floor_database: Vec<f64>,
    database: Vec<f64>,
}

/// Milliseconds of processor time for one answer.
#[derive(Debug, Clone, Copy)]
struct Cost {
    server: f64,
    database: f64,
}

impl Cost {
    fn all(self) -> f64 {
        self.server + self.database
    }
}

impl Rates {
    /// Other work on the same machine changes rates, and processor time much less.
    fn cost_row(&self, what: &str) -> Row {
        Row::new(
            "verdict",
            format!("processor time of a {what}, PostgreSQL included"),
            "ms",
            self.costs.clone(),
        )
        .against(HANDLER, self.floor_costs.clone())
    }

    fn database_row(&self, what: &str) -> Row {
        Row::new("verdict", format!("of a {what} PostgreSQL's part"), "ms", self.database.clone())
            .against(HANDLER, self.floor_database.clone())
    }

    fn row(&self, what: String, share: f64) -> Row {
        Row::new("verdict", what, "verdicts/s", self.ours.clone())
            .against(HANDLER, self.floors.clone())
            .ratio_at_least(share)
    }
}

/// Cold and warm verdicts and pages of `site` against the bare handler.
///
/// # Errors
///
/// If a verdict is not clean.
pub fn verdict(
    site: &mut Site,
    amounts: Amounts,
    scans: &Scans,
    report: &mut Report,
) -> anyhow::Result<()> {
    let items = site.items();
    Report::part(&format!(
        "Verdict at {items} items, eight records an item, two of them through a container of 1,700"
    ));
    site.rest()?;
    let floor = Floor::start(site.world.cluster.url())?;
    let [mut cold, mut warm, mut page] = <[Rates; 3]>::default();
    for round in 0..amounts.rounds.max(1) {
        site.restart("trace-api")?;
        let phones = Phones::new(site, scans.0.get());
        let mut picked = phones.picked(round, amounts.items);
        // Not counted: whoever asks first pays for what PostgreSQL has to fetch from the disk.
        Phones::plain(&floor, &picked)?;
        for (rates, form) in
            [(&mut cold, Form::Json), (&mut warm, Form::Json), (&mut page, Form::Page)]
        {
            let (sent, cost) = costing(site, floor.pid(), || Phones::plain(&floor, &picked))?;
            rates.floors.push(sent.rate());
            rates.floor_costs.push(cost.all());
            rates.floor_database.push(cost.database);
            let server = site.world.pid("trace-api").context("trace-api does not run")?;
            let (sent, cost) = costing(site, server, || phones.scan(&picked, form))?;
            rates.ours.push(sent.rate());
            rates.costs.push(cost.all());
            rates.database.push(cost.database);
            // What there was no time for when it was cold is not warm.
            picked.truncate(sent.latencies.len());
        }
        scans.0.set(phones.scans());
    }
    report.add(cold.row(format!("verdict as JSON, {items} items, cold"), 0.4));
    report.add(warm.row(format!("verdict as JSON, {items} items, warm"), 0.7));
    report.add(page.row(format!("verdict as a page, {items} items, warm"), 0.35));
    for (rates, what) in [
        (&cold, "verdict as JSON, cold"),
        (&warm, "verdict as JSON, warm"),
        (&page, "verdict as a page, warm"),
    ] {
        report.add(rates.cost_row(what));
        report.add(rates.database_row(what));
    }
    Ok(())
}

/// What `work` sent, and the processor time of the process `server` and of PostgreSQL for each answer.
fn costing(
    site: &Site,
    server: u32,
    work: impl FnOnce() -> anyhow::Result<Sent>,
) -> anyhow::Result<(Sent, Cost)> {
    let database = site.world.cluster.pid().context("PostgreSQL does not run")?;
    let used = || anyhow::Ok([family_seconds(server)?, family_seconds(database)?]);
    let before = used()?;
    let sent = work()?;
    let after = used()?;
    let answers = float(u64::try_from(sent.latencies.len()).unwrap_or(u64::MAX));
    let [server, database] = [0, 1].map(|which| (after[which] - before[which]) * 1000.0 / answers);
    Ok((sent, Cost { server, database }))
}

/// Verdicts of an installation with a thousand ledgers against one with few, both filled alike.
///
/// - `further`: ledgers that hold nothing of the items.
///
/// # Errors
///
/// If an installation cannot be built, or a verdict is not clean.
pub fn ledgers(
    folder: &std::path::Path,
    amounts: Amounts,
    further: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    const ITEMS: u64 = 20 * goods::PER_CONTAINER;
    Report::part("Verdict with many ledgers against few");
    let mut few = Site::build(&folder.join("few"), Plan::default())?;
    let mut many =
        Site::build(&folder.join("many"), Plan { further_ledgers: further, ..Plan::default() })?;
    few.fill(ITEMS)?;
    many.fill(ITEMS)?;
    many.fill_further(4)?;
    let scans = [Scans::default(), Scans::default()];
    let mut rates = [const { [Vec::new(), Vec::new()] }; 2];
    for round in 0..amounts.rounds.max(1) {
        for (which, site) in [&mut few, &mut many].into_iter().enumerate() {
            site.restart("trace-api")?;
            let phones = Phones::new(site, scans[which].0.get());
            let mut picked = phones.picked(round, amounts.items);
            for state in &mut rates {
                let sent = phones.scan(&picked, Form::Json)?;
                state[which].push(sent.rate());
                picked.truncate(sent.latencies.len());
            }
            scans[which].0.set(phones.scans());
        }
    }
    for (name, [few, many]) in ["cold", "warm"].into_iter().zip(rates) {
        let what = format!("verdict as JSON with {} ledgers, {name}", further + 3);
        report.add(
            Row::new("ledgers", what, "verdicts/s", many)
                .against("the same items with 3 ledgers", few)
                .ratio_at_least(0.9),
        );
    }
    Ok(())
}

/// p99 of a verdict while documents come in as fast as they are answered, against p99 alone.
///
/// # Errors
///
/// If a verdict is not clean or a document is not recorded.
pub fn latency(
    site: &Site,
    amounts: Amounts,
    scans: &Scans,
    report: &mut Report,
) -> anyhow::Result<()> {
    Report::part("Latency of a verdict during capture");
    let phones = Phones::new(site, scans.0.get());
    let p99 = |latencies: &[f64]| quantile(latencies, 0.99) * 1000.0;
    let captured = Cell::new(Vec::new());
    let (alone, during) = alternate(
        amounts.rounds,
        |round| {
            site.settled()?;
            let picked = phones.picked(round, amounts.items);
            Ok(p99(&phones.ask(&picked, ASKING, Form::Json)?.latencies))
        },
        |round| {
            let picked = phones.picked(round, amounts.items);
            let stop = Arc::new(AtomicBool::new(false));
            let (sent, asked) = std::thread::scope(|scope| {
                let sending = scope.spawn(|| send_until(site, &stop));
                let asked = phones.ask(&picked, ASKING, Form::Json);
                stop.store(true, Ordering::Relaxed);
                (sending.join(), asked)
            });
            let sent = sent.unwrap_or_else(|_| Err(anyhow::anyhow!("the senders panicked")))?;
            let mut all = captured.take();
            all.push(sent);
            captured.set(all);
            Ok(p99(&asked?.latencies))
        },
    )?;
    scans.0.set(phones.scans());
    report.add(
        Row::new(
            "latency",
            "p99 of a verdict during full-rate capture, 4 connections",
            "ms",
            during,
        )
        .against("p99 alone", alone)
        .ratio_at_most(3.0),
    );
    report.add(Row::new(
        "latency",
        "100-event documents meanwhile, 8 connections",
        "events/s",
        captured.take(),
    ));
    Ok(())
}

/// Sends documents of 100 events until `stop` is set; gives the events a second.
fn send_until(site: &Site, stop: &Arc<AtomicBool>) -> anyhow::Result<f64> {
    let sender = site.sender();
    let make = |_| sender.request(&goods::making(site.fresh(100), 100, 1));
    let sources = clients::shared(SENDING, u64::MAX, &make);
    let until = Until { stop: Arc::clone(stop), ..Until::default() };
    let sent = clients::run_until(sender.ingest, sources, &Expected::RECORDED, &until)?;
    Ok(sent.rate() * 100.0)
}

/// What was measured at one size.
#[derive(Debug)]
struct Level {
    items: u64,
    filled: f64,
    captured: Vec<f64>,
    cold: Vec<f64>,
    warm: Vec<f64>,
}

/// Fills `site` step by step, and measures at each.
///
/// - `levels`: numbers of items.
///
/// # Errors
///
/// If something is not recorded or a verdict is not clean.
pub fn growth(
    site: &mut Site,
    levels: &[u64],
    amounts: Amounts,
    scans: &Scans,
    report: &mut Report,
) -> anyhow::Result<()> {
    Report::part("Growth");
    let mut found: Vec<Level> = Vec::new();
    // Of the smallest size: a container that is asked for again is known, and larger ones have more of them.
    let containers = levels.first().map_or(1, |items| items.div_ceil(goods::PER_CONTAINER));
    for items in levels {
        let filled = site.fill(*items)?;
        let mut level =
            Level { items: site.items(), filled, captured: vec![], cold: vec![], warm: vec![] };
        for round in 0..amounts.rounds.max(1) {
            level.captured.push(capture_rate(site, amounts.documents)?);
            site.rest()?;
            site.restart("trace-api")?;
            let phones = Phones::new(site, scans.0.get());
            let picked = phones.picked_of(round, amounts.items, containers);
            let cold = phones.scan(&picked, Form::Json)?;
            level.cold.push(cold.rate());
            level.warm.push(phones.scan(&picked[..cold.latencies.len()], Form::Json)?.rate());
            scans.0.set(phones.scans());
        }
        if let Some(before) = found.last() {
            add_growth(before, &level, report);
        }
        found.push(level);
    }
    let line = |name: &str, of: &dyn Fn(&Level) -> f64| {
        (name.to_owned(), found.iter().map(|level| (float(level.items), of(level))).collect())
    };
    let lines = [
        line("events captured", &|level| spread(&level.captured)[1]),
        line("items filled in, 8 records each", &|level| level.filled),
        line("verdicts, warm", &|level| spread(&level.warm)[1]),
        line("verdicts, cold", &|level| spread(&level.cold)[1]),
    ];
    report.plot(
        "growth.svg",
        chart::lines("Growth", ["items in the installation", "per second"], &lines),
    );
    Ok(())
}

/// The rows that compare two sizes. A decade may cost 1.3 times.
fn add_growth(before: &Level, level: &Level, report: &mut Report) {
    let decades = (float(level.items) / float(before.items)).log10();
    let share = 1.0 / 1.3_f64.powf(decades.max(f64::EPSILON));
    for (what, unit, ours, floor) in [
        ("100-event documents", "events/s", &level.captured, &before.captured),
        ("verdict as JSON, cold", "verdicts/s", &level.cold, &before.cold),
        ("verdict as JSON, warm", "verdicts/s", &level.warm, &before.warm),
    ] {
        report.add(
            Row::new("growth", format!("{what} at {} items", level.items), unit, ours.clone())
                .against(format!("the same at {} items", before.items), floor.clone())
                .ratio_at_least((share * 1000.0).round() / 1000.0),
        );
    }
}

/// Events a second in so many documents of 100 events.
fn capture_rate(site: &Site, documents: u64) -> anyhow::Result<f64> {
    let sender = site.sender();
    let make = |_| sender.request(&goods::making(site.fresh(100), 100, 1));
    let sources = clients::shared(SENDING, documents, &make);
    Ok(clients::run(sender.ingest, sources, &Expected::RECORDED)?.rate() * 100.0)
}
