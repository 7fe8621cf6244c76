//! Searches of the desk: the first page of what each kind of key finds, as an inspector waits for it.
//!
//! What holds: a search goes the whole way of the desk below its pages: what was typed is read, the projection asked, each event recomputed from
//! its ledger, the rest counted; from a million events on each kind must be answered within [`MOST_MS`].

use std::time::Instant;

use access::{Act, Decision, Grant, Identity, Means, Role, Scope, Sight, decide};
use anyhow::Context as _;
use inquiry::{Found, Selection, find, read};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::goods;
use super::measure::{Row, quantile};
use super::report::Report;
use super::site::Site;

/// Milliseconds within which a search must be answered where there are many events.
const MOST_MS: f64 = 100.0;
/// Events from which on that holds.
const MANY: u64 = 1_000_000;
/// Searches of one kind in a round.
const TIMES: u64 = 50;
/// Events of a page, as the desk shows them.
const PAGE: usize = 50;

/// Measures them.
///
/// # Errors
///
/// If a search finds nothing.
pub fn keys(site: &Site, rounds: usize, report: &mut Report) -> anyhow::Result<()> {
    site.state(&[goods::ordered(site.fresh(1))])?;
    site.settled()?;
    Report::part("Searches of the desk");
    let events = site.wait(async |db| sql::events::lag(db).await)?.position;
    let sight = everything()?;
    for (kind, texts) in searches(site, &sight)? {
        let mut slowest = Vec::new();
        for _ in 0..rounds.max(1) {
            let mut times = Vec::new();
            for text in &texts {
                let begun = Instant::now();
                first_page(site, &sight, text)?;
                times.push(begun.elapsed().as_secs_f64() * 1000.0);
            }
            slowest.push(quantile(&times, 0.99));
        }
        let row = Row::new("events", format!("search by {kind}, first page, p99"), "ms", slowest);
        report.add(if events >= MANY { row.at_most(MOST_MS) } else { row });
    }
    Ok(())
}

/// What somebody sees who sees everything.
fn everything() -> anyhow::Result<Sight> {
    let grants = vec![Grant::new(Role::Operator, Scope::default(), None)?];
    let identity = Identity { subject: "bench".to_owned(), means: Means::Session, grants };
    match decide(Some(&identity), Act::QueryEvents, Timestamp::now()) {
        Decision::Allowed(sight) => Ok(sight),
        Decision::Refused { why, .. } => anyhow::bail!("{why}"),
    }
}

/// What is typed, by kind of key.
fn searches(site: &Site, sight: &Sight) -> anyhow::Result<Vec<(&'static str, Vec<String>)>> {
    let item = |number: u64| goods::item(number * 7919 % site.items().max(1));
    let one = first_page(site, sight, &goods::item(0))?;
    let own = &one.rows.first().context("the first item has no event")?.own;
    let day = own.event.event_time().strftime("%Y-%m-%d").to_string();
    let again = |text: String| vec![text; usize::try_from(TIMES).unwrap_or_default()];
    let mut searches = vec![
        ("item", (0..TIMES).map(item).collect()),
        ("lot", again("lot:B1".to_owned())),
        ("GTIN", again(format!("product:{}", epc::thing_key(goods::PRODUCT)))),
        ("place", again(format!("place:{}", epc::thing_key(goods::FACTORY_PLACE)))),
        ("document", again(format!("document:{}", goods::ORDER))),
        ("time", again(format!("all: from:{day} until:{day}"))),
        ("event hash", again(format!("hash:{}", own.event_hash))),
    ];
    // Of two parties: that of the newest events, and one whose events are behind all that the factory stated since.
    let newest = first_page(site, sight, "all:")?;
    for (kind, rows) in [("party", &newest.rows), ("party, whose events are older", &one.rows)] {
        let own = &rows.first().context("a page without a row")?.own;
        anyhow::ensure!(!own.stated_by.is_empty(), "an event of {kind} says not who stated it");
        searches.push((kind, again(format!("party:{}", epc::thing_key(&own.stated_by)))));
    }
    Ok(searches)
}

/// The first page of what a text finds.
fn first_page(site: &Site, sight: &Sight, text: &str) -> anyhow::Result<Found> {
    let asked = read(text, &TimeZone::UTC).with_context(|| format!("search `{text}`"))?;
    let reading = asked.readings.first().context("nothing to search")?;
    let selection = Selection::of(reading, asked.window)?;
    let found = site.wait(async |db| find(db, &selection, sight, None, PAGE).await)?;
    anyhow::ensure!(!found.rows.is_empty(), "the search `{text}` found nothing");
    Ok(found)
}
