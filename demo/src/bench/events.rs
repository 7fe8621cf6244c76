//! The projection of events: whether it keeps up with capture, and how long queries and traces of it take.
//!
//! What holds: the running trace-api projects, as in any installation; an answer to a query is read from the ledgers and compared with its leaf
//! hash, where the floor is one row of one table by its primary key.

use std::time::Instant;

use anyhow::Context as _;
use demo::traffic::{Request, Target};
use epcis::query::{NoMasterData, Order, Query, Term};
use sql::events::{Candidates, Search};

use super::clients::{self, Expected};
use super::goods;
use super::measure::{Row, float, quantile};
use super::report::Report;
use super::site::Site;

/// Connections and events of a document while the projection follows.
const CAPTURE: (usize, u64) = (8, 100);
/// Events of a page.
const PAGE: usize = 100;

/// Capture at full rate, and the projection of what was captured.
///
/// # Errors
///
/// If a document is refused, or the projection does not end.
pub fn rate(site: &Site, rounds: usize, events: u64, report: &mut Report) -> anyhow::Result<()> {
    Report::part("Projection of events");
    let (connections, per_document) = CAPTURE;
    let (mut captured, mut projected, mut behind) = (Vec::new(), Vec::new(), Vec::new());
    site.settled()?;
    for _ in 0..rounds.max(1) {
        let sender = site.sender();
        let make = |_| sender.request(&goods::making(site.fresh(per_document), per_document, 1));
        let documents = events.div_ceil(per_document);
        let begun = Instant::now();
        let sources = clients::shared(connections, documents, &make);
        let sent = clients::run(sender.ingest, sources, &Expected::RECORDED)?;
        behind.push(float(site.settled()?));
        let count = float(documents * per_document);
        captured.push(count / sent.seconds);
        projected.push(count / begun.elapsed().as_secs_f64());
    }
    let what = "events projected while they are captured, until none waits";
    let floor = "captured, 8 connections, 100 events a document";
    report.add(Row::new("events", what, "events/s", projected).against(floor, captured));
    let what = "records that wait when capture ends";
    report.add(Row::new("events", what, "records", behind));
    Ok(())
}

/// The history of an EPC by query against one row by its primary key, and a deep page against the first.
///
/// # Errors
///
/// If the database does not answer, or an item is not found.
pub fn queries(
    site: &Site,
    (rounds, asked): (usize, u64),
    report: &mut Report,
) -> anyhow::Result<()> {
    site.settled()?;
    Report::part(&format!("Queries of the projection at {} items", site.items()));
    site.wait(async |db| sql::floors::fill(db, asked).await)?;
    let (mut floors, mut ours) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for round in 0..rounds.max(1) {
        let (mut bare, mut own) = (Vec::new(), Vec::new());
        for number in 0..asked {
            let begun = Instant::now();
            site.wait(async |db| sql::floors::one(db, number + 1).await)?;
            bare.push(begun.elapsed().as_secs_f64() * 1000.0);
            let item = (number * 7919 + round as u64) % site.items().max(1);
            let pair = ("MATCH_anyEPC".to_owned(), goods::item(item));
            let query =
                Query::from_pairs(&[pair]).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
            let groups = query.groups(&NoMasterData);
            let begun = Instant::now();
            let found = page(site, &groups, (Order::Unstated, None))?;
            for (row, record) in &found.found {
                history::projected::check(row, record)?;
            }
            own.push(begun.elapsed().as_secs_f64() * 1000.0);
            anyhow::ensure!(!found.found.is_empty(), "the item {item} has no event");
        }
        for (place, share) in [0.5, 0.99].into_iter().enumerate() {
            floors[place].push(quantile(&bare, share));
            ours[place].push(quantile(&own, share));
        }
    }
    for (name, (ours, floor)) in ["p50", "p99"].into_iter().zip(ours.into_iter().zip(floors)) {
        let what = format!("events of an EPC by query, {name}");
        let row = Row::new("events", what, "ms", ours).against("one row by its primary key", floor);
        report.add(if name == "p99" { row.ratio_at_most(5.0) } else { row });
    }
    deep(site, rounds, report)
}

fn page(
    site: &Site,
    groups: &[Vec<Term>],
    (order, after): (Order, Option<sql::events::Place>),
) -> anyhow::Result<Candidates> {
    let search = Search { groups, order, after, most: PAGE, ..Search::default() };
    Ok(site.wait(async |db| sql::events::candidates(db, &search).await)?)
}

/// The first page by event time, and the last full one.
fn deep(site: &Site, rounds: usize, report: &mut Report) -> anyhow::Result<()> {
    let (mut first, mut last) = (Vec::new(), Vec::new());
    // Where the pages are that lie far behind: by hops of places, not by reading what lies between.
    let mut after = None;
    for _ in 0..200 {
        match page(site, &[], (Order::EventTime, after))?.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    for _ in 0..rounds.max(1) {
        for (after, times) in [(None, &mut first), (after, &mut last)] {
            let begun = Instant::now();
            for _ in 0..20 {
                page(site, &[], (Order::EventTime, after))?;
            }
            times.push(begun.elapsed().as_secs_f64() * 50.0);
        }
    }
    let row = Row::new("events", "page of 100 events behind 200 pages", "ms", last);
    report.add(row.against("the first page", first).ratio_at_most(1.5));
    Ok(())
}

/// A lot with all items of the installation, forward.
///
/// # Errors
///
/// If it is not answered.
pub fn lot(site: &Site, rounds: usize, report: &mut Report) -> anyhow::Result<()> {
    site.settled()?;
    let target = Target::from(site.addresses.operator);
    let path = "/trace?lot=urn:epc:class:lgtin:9521141.012345.B1&depth=3&perPage=1";
    let (mut seconds, mut things) = (Vec::new(), 0);
    for _ in 0..rounds.max(1) {
        let requests = std::iter::once(Request::get(&target, path, &[]));
        let sent = clients::run(target.address, vec![requests], &Expected::with("\"links\""))?;
        seconds.push(sent.seconds);
        let answer: serde_json::Value =
            serde_json::from_slice(&sent.last).context("the trace is no JSON")?;
        things = answer.get("things").and_then(serde_json::Value::as_u64).unwrap_or_default();
    }
    let what = format!("a lot forward over {things} things, three levels");
    let row = Row::new("events", what, "s", seconds);
    // More items than that are cut off by the limits of a trace.
    report.add(if things <= 150_000 { row.at_most(5.0) } else { row });
    Ok(())
}
