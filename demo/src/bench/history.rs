//! The history of an item: its records in full with their proofs, and as a list, at sixteen connections; and a peer's query
//! for full events, if one was measured.
//!
//! What holds: the route that gives full records is the operator's bundle, with everything that proves them; the list gives
//! what became of the item. A peer's figures come from its own script and are of the same run.
//!
//! Not here: installing a peer (`scripts/bench-peer.sh`).

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use demo::traffic::{Request, Target};

use super::clients::{self, Expected, Until};
use super::goods;
use super::measure::Row;
use super::phones::{CONNECTIONS, Phones, ROUND};
use super::report::Report;
use super::site::Site;

/// What a peer did.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its name and version.
    name: String,
    /// Events captured a second, in documents of 1,000 events of two items.
    captured: f64,
    /// Histories of an item of three events a second.
    histories: f64,
}

/// Installs and measures the peer, by the script beside the sources.
///
/// # Errors
///
/// If the script is not there or fails; with what it said.
pub fn measure_peer() -> anyhow::Result<Peer> {
    let script = Path::new("scripts/bench-peer.sh");
    anyhow::ensure!(script.is_file(), "{} is not below the current folder", script.display());
    let output = Command::new(script).output().context("could not start the peer's script")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or_default();
    anyhow::ensure!(
        output.status.success(),
        "the peer's script ended with {}: {last}",
        output.status
    );
    let found: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("the peer's script printed no JSON")?;
    let number = |name: &str| {
        found
            .get(name)
            .and_then(serde_json::Value::as_f64)
            .with_context(|| format!("the peer has no `{name}`"))
    };
    let name = found.get("peer").and_then(serde_json::Value::as_str).unwrap_or("a peer").to_owned();
    Ok(Peer { name, captured: number("captured")?, histories: number("histories")? })
}

/// Measures both routes.
///
/// - `count`: items in a round.
///
/// # Errors
///
/// If an item has no history.
pub fn run(
    site: &Site,
    (rounds, count): (usize, u64),
    peer: Option<&Peer>,
    report: &mut Report,
) -> anyhow::Result<()> {
    Report::part(&format!("History of an item at {} items, 16 connections", site.items()));
    let phones = Phones::new(site, 0);
    let target = Target::from(site.addresses.operator);
    for (route, what, text) in [
        ("bundle", "full records with their proofs", "chopmark.org/bundle@v2"),
        ("history", "list of what became of it", "\"commissioning\""),
    ] {
        let mut rates = Vec::new();
        for round in 0..rounds.max(1) {
            let picked = phones.picked(round, count);
            let make = |place: u64| {
                let number =
                    usize::try_from(place).ok().and_then(|place| picked.get(place).copied());
                let item = goods::item(number.unwrap_or_default());
                Request::get(&target, &format!("/items/{item}/{route}"), &[])
            };
            let sources = clients::shared(CONNECTIONS, picked.len() as u64, &make);
            let until = Until { lasting: ROUND, ..Until::default() };
            let sent = clients::run_until(target.address, sources, &Expected::with(text), &until)?;
            rates.push(sent.rate());
        }
        let row = Row::new(
            "history",
            format!("history of an item, {what}"),
            "histories/s",
            rates.clone(),
        );
        report.add(match peer {
            Some(peer) => row
                .against(format!("{}: query by EPC", peer.name), vec![peer.histories; rates.len()])
                .ratio_at_least(100.0),
            None => row,
        });
    }
    match peer {
        Some(peer) => {
            let name = format!("{}: 1,000 events of 2 items a document, 16 connections", peer.name);
            report.add(Row::new("history", name, "events/s", vec![peer.captured]));
        }
        None => report.missing(
            "history against a peer",
            "asked is 100 times the peer's query by EPC; `--peer` installs and measures the peer",
        ),
    }
    Ok(())
}
