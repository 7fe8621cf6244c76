//! Six documents of 60,000 events at once, and small senders beside them.
//!
//! What holds: ingest was just started, so that the most memory that it held is that of this; a sender that is asked to try
//! again does so, and its waiting is part of its latency; every event is counted in the ledgers afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::clients::{self, Expected, Sent, Until};
use super::goods::{self, Speaker};
use super::measure::Row;
use super::report::Report;
use super::site::{CENTRE, FACTORY, Site};

/// Documents at once.
const DOCUMENTS: u64 = 6;

/// Runs it.
///
/// - `events`: of each of the large documents.
///
/// # Errors
///
/// If a document is refused.
pub fn run(site: &mut Site, events: u64, report: &mut Report) -> anyhow::Result<()> {
    Report::part(&format!("{DOCUMENTS} documents of {events} events at once"));
    site.restart("ingest")?;
    let site = &*site;
    let before = site.size(FACTORY)? + site.size(CENTRE)?;
    let stop = Arc::new(AtomicBool::new(false));
    let (large, small) = std::thread::scope(|scope| {
        let small = [Speaker::Factory, Speaker::Centre].map(|speaker| {
            scope.spawn({
                let stop = Arc::clone(&stop);
                move || send_small(site, speaker, stop)
            })
        });
        let large = send_large(site, events);
        stop.store(true, Ordering::Relaxed);
        let small = small.map(|thread| {
            thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a small sender panicked")))
        });
        (large, small)
    });
    let large = large?;
    let [same, other] = small;
    let (same, other) = (same?, other?);
    let sent = DOCUMENTS * events + (same.latencies.len() + other.latencies.len()) as u64;
    let recorded = site.size(FACTORY)? + site.size(CENTRE)? - before;
    let peak = site.peak_megabytes("ingest")?;
    let lost = super::measure::float(sent.abs_diff(recorded));
    report.add(Row::new("memory", "most memory of ingest", "MB", vec![peak]).at_most(400.0));
    report.add(Row::new("memory", "events lost or doubled", "events", vec![lost]).at_most(0.0));
    for (name, sent) in [("the same ledger", &same), ("another ledger", &other)] {
        let slowest = sent.latencies.iter().copied().fold(f64::NAN, f64::max);
        let what = format!(
            "slowest answer to a small sender of {name}, of {} documents",
            sent.latencies.len()
        );
        report.add(Row::new("memory", what, "s", vec![slowest]).at_most(1.0));
    }
    report.add(Row::new(
        "memory",
        "until the last of the large documents was recorded",
        "s",
        vec![large.seconds],
    ));
    Ok(())
}

fn send_large(site: &Site, events: u64) -> anyhow::Result<Sent> {
    let sender = site.sender();
    let first = site.fresh(events * DOCUMENTS);
    let make = |number| {
        sender.request(&goods::sightings(Speaker::Factory, first + number * events, events))
    };
    let requests: Vec<_> = (0..DOCUMENTS).map(|number| std::iter::once(make(number))).collect();
    clients::run(sender.ingest, requests, &Expected::RECORDED)
}

/// Sends documents of one event, one after the other, until `stop` is set.
fn send_small(site: &Site, speaker: Speaker, stop: Arc<AtomicBool>) -> anyhow::Result<Sent> {
    let sender = site.sender();
    let make = |_| sender.request(&goods::sightings(speaker, site.fresh(1), 1));
    let until = Until { stop, ..Until::default() };
    clients::run_until(
        sender.ingest,
        clients::shared(1, u64::MAX, &make),
        &Expected::RECORDED,
        &until,
    )
}
