//! Capture: one-event documents against a bare handler, larger documents against COPY of the same rows.
//!
//! What holds: the floor inserts or copies what ours recorded, on the same PostgreSQL, just before ours; what is sent and what is copied
//! is made before the time begins; at the end the ledger holds what was answered for, no more and no less.

use std::cell::{Cell, RefCell};

use anyhow::Context as _;
use demo::traffic::{Request, Target};
use sql::floors::Copied;

use super::clients::{self, Expected};
use super::floor::Floor;
use super::goods;
use super::measure::{Row, alternate, float};
use super::process::{family_seconds, thread_seconds};
use super::report::Report;
use super::site::{FACTORY, Site};

/// What siglog accepted a second on the machine on which this was planned, without an order of its entries.
const SIGLOG: f64 = 10_368.0;

/// How much is sent.
#[derive(Debug, Clone, Copy)]
pub struct Amounts {
    /// Rounds.
    pub rounds: usize,
    /// One-event documents in a round, over 128 connections.
    pub singles: u64,
    /// Events in a round of documents of 100, and of 500.
    pub events: u64,
    /// Items in a round of events of 1,700.
    pub items: u64,
}

/// One-event documents.
///
/// # Errors
///
/// If something is not recorded.
pub fn singles(site: &Site, amounts: Amounts, report: &mut Report) -> anyhow::Result<()> {
    Report::part("Capture, one event a document");
    site.wait(sql::floors::prepare)?;
    let floor = Floor::start(site.world.cluster.url())?;
    let sender = site.sender();
    for connections in [128, 16, 2] {
        let count = (amounts.singles * connections / 128).max(200);
        let width = usize::try_from(connections)?;
        let before = site.size(FACTORY)?;
        let first = || site.fresh(count);
        let (floors, ours) = alternate(
            amounts.rounds,
            |_| {
                let first = first();
                let make = |number| plain(&floor, &goods::making(first + number, 1, 1).text);
                let sources = clients::ready(width, count, &make);
                Ok(clients::run(floor.address, sources, &Expected::DONE)?.rate())
            },
            |_| {
                let first = first();
                let make = |number| sender.request(&goods::making(first + number, 1, 1));
                let sources = clients::ready(width, count, &make);
                Ok(clients::run(sender.ingest, sources, &Expected::RECORDED)?.rate())
            },
        )?;
        check_size(site, before, count * amounts.rounds.max(1) as u64)?;
        let what = format!(
            "1-event documents, {connections} connections, one ledger, under a signed checkpoint"
        );
        let row = Row::new("singles", what, "documents/s", ours.clone())
            .against("actix-web, one row a request in its own transaction", floors);
        report.add(if connections == 128 { row.ratio_at_least(3.0) } else { row });
        if connections == 128 {
            let what = "the same, as a figure of its own (siglog accepted 10,368 without order)";
            report.add(Row::new("singles", what, "documents/s", ours).at_least(SIGLOG));
        }
    }
    Ok(())
}

fn plain(floor: &Floor, text: &str) -> Request {
    Request::post(&Target::from(floor.address), "/row", &[], text.as_bytes())
}

/// Fails unless the factory's ledger grew by `count`.
fn check_size(site: &Site, before: u64, count: u64) -> anyhow::Result<()> {
    let grew = site.size(FACTORY)? - before;
    anyhow::ensure!(grew == count, "the ledger grew by {grew} records, expected {count}");
    Ok(())
}

/// A shape of documents.
#[derive(Debug, Clone, Copy)]
struct Shape {
    what: &'static str,
    unit: &'static str,
    /// Events of a document, and items of an event.
    events: u64,
    items: u64,
    /// Documents in a round.
    documents: u64,
    /// What is counted for one document.
    counted: u64,
    connections: usize,
    aim: f64,
}

/// Documents of many events, and events of many items.
///
/// # Errors
///
/// If something is not recorded.
pub fn documents(site: &Site, amounts: Amounts, report: &mut Report) -> anyhow::Result<()> {
    Report::part(
        "Capture, larger documents, against COPY of the same records and item keys by one client",
    );
    site.wait(sql::floors::prepare)?;
    for shape in [
        Shape {
            what: "100-event documents",
            unit: "events/s",
            events: 100,
            items: 1,
            documents: (amounts.events / 100).max(16),
            counted: 100,
            connections: 16,
            aim: 30_000.0,
        },
        Shape {
            what: "500-event documents",
            unit: "events/s",
            events: 500,
            items: 1,
            documents: (amounts.events / 500).max(16),
            counted: 500,
            connections: 8,
            aim: 30_000.0,
        },
        Shape {
            what: "1,700-item events",
            unit: "items/s",
            events: 1,
            items: 1_700,
            documents: (amounts.items / 1_700).max(8),
            counted: 1_700,
            connections: 8,
            aim: 200_000.0,
        },
    ] {
        let costs = RefCell::new(Costs::default());
        let (floors, ours) = against_copy(site, shape, amounts.rounds, &costs)?;
        let Shape { what, unit, aim, .. } = shape;
        for (part, who) in ProcessorTime::NAMES.into_iter().enumerate() {
            let used = costs.borrow().ours.iter().skip(1).map(|cost| cost.parts()[part]).collect();
            let what = format!("{what}, processor time of {who} for each");
            report.add(Row::new("documents", what, "us", used));
        }
        let what_copy_takes = format!("{what}, processor time of PostgreSQL for each with COPY");
        report.add(Row::new("documents", what_copy_takes, "us", costs.take().copy));
        report.add(
            Row::new("documents", what, unit, ours.clone())
                .against("COPY into the same tables", floors)
                .ratio_at_least(0.5),
        );
        report.add(
            Row::new("documents", format!("{what}, as a figure of its own"), unit, ours)
                .at_least(aim),
        );
    }
    Ok(())
}

/// Seconds, or microseconds for each event or item.
#[derive(Debug, Clone, Copy)]
struct ProcessorTime {
    ingest: f64,
    database: f64,
    sender: f64,
}

/// What each run used, the first of ours included.
#[derive(Debug, Default)]
struct Costs {
    ours: Vec<ProcessorTime>,
    /// Of PostgreSQL alone.
    copy: Vec<f64>,
}

impl ProcessorTime {
    /// Whose time [`Self::parts`] are.
    const NAMES: [&'static str; 3] = ["ingest", "PostgreSQL", "the sender"];

    fn parts(self) -> [f64; 3] {
        [self.ingest, self.database, self.sender]
    }

    /// What was used so far.
    fn of(site: &Site) -> anyhow::Result<Self> {
        let database = site.world.cluster.pid().context("PostgreSQL does not run")?;
        let ingest = site.world.pid("ingest").context("ingest does not run")?;
        Ok(Self {
            ingest: family_seconds(ingest)?,
            database: family_seconds(database)?,
            sender: thread_seconds()?,
        })
    }

    fn since(self, before: Self) -> Self {
        Self {
            ingest: self.ingest - before.ingest,
            database: self.database - before.database,
            sender: self.sender - before.sender,
        }
    }

    fn of_each(self, count: u64) -> Self {
        let each = |seconds: f64| seconds * 1e6 / float(count);
        Self { ingest: each(self.ingest), database: each(self.database), sender: each(self.sender) }
    }
}

/// The rates of COPY and of ours, for documents of this shape; what each run used is added to `costs`.
fn against_copy(
    site: &Site,
    shape: Shape,
    rounds: usize,
    costs: &RefCell<Costs>,
) -> anyhow::Result<(Vec<f64>, Vec<f64>)> {
    let Shape { events, items, documents, counted, connections, .. } = shape;
    let sender = site.sender();
    let before = Cell::new(0);
    let once = || {
        before.set(site.size(FACTORY)?);
        let first = site.fresh(documents * events * items);
        let make = |number: u64| {
            sender.request(&goods::making(first + number * events * items, events, items))
        };
        let sources = clients::ready(connections, documents, &make);
        let used = ProcessorTime::of(site)?;
        let sent = clients::run(sender.ingest, sources, &Expected::RECORDED)?;
        let used = ProcessorTime::of(site)?.since(used).of_each(documents * counted);
        costs.borrow_mut().ours.push(used);
        check_size(site, before.get(), documents * events)?;
        anyhow::Ok(sent.rate() * float(counted))
    };
    // The first run gives the rows that the first floor copies.
    once()?;
    alternate(
        rounds,
        |_| {
            let rows = site.wait(async |db| Copied::of(db, FACTORY, before.get()).await)?;
            let used = ProcessorTime::of(site)?;
            let begun = std::time::Instant::now();
            site.wait(async |db| rows.load(db).await)?;
            let rate = float(documents * counted) / begun.elapsed().as_secs_f64();
            let used = ProcessorTime::of(site)?.since(used).of_each(documents * counted);
            costs.borrow_mut().copy.push(used.database);
            site.wait(async |db| rows.clear(db).await)?;
            Ok(rate)
        },
        |_| once(),
    )
}
