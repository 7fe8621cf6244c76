//! Exports: the spreadsheet of FSMA 204 of all events, and how much memory it takes.
//!
//! What holds: `chopmark export` runs as an operator runs it; its memory is the most that the kernel counted for its process; the floor is to read
//! the same records from their ledgers over one connection, and nothing else.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::measure::{Row, alternate, float};
use super::process::peak_megabytes;
use super::report::Report;
use super::site::Site;
use crate::program;

/// Time between two looks at the memory of a process, which only grows.
const LOOK: Duration = Duration::from_millis(20);
/// Most rounds: each reads every record twice.
const MOST_ROUNDS: usize = 3;
/// A million rows must be written in so many seconds.
const MOST_SECONDS: f64 = 60.0;
/// Rows from which on that holds.
const MANY: u64 = 1_000_000;

/// Measures it.
///
/// # Errors
///
/// If an export fails.
pub fn fsma(site: &Site, rounds: usize, report: &mut Report) -> anyhow::Result<()> {
    site.settled()?;
    Report::part("Exports");
    let (mut memory, mut rows) = (Vec::new(), 0);
    let (floors, seconds) = alternate(
        rounds.min(MOST_ROUNDS),
        |_| {
            let begun = Instant::now();
            read_all(site)?;
            Ok(begun.elapsed().as_secs_f64())
        },
        |_| {
            let begun = Instant::now();
            let (peak, written) = export(site)?;
            memory.push(peak);
            rows = written;
            Ok(begun.elapsed().as_secs_f64())
        },
    )?;
    let what = format!("spreadsheet of FSMA 204, {rows} rows");
    let row = Row::new("events", what, "s", seconds);
    let row = row.against("reading the records of all sites, one connection", floors);
    report.add(if rows >= MANY { row.at_most(MOST_SECONDS) } else { row });
    report.add(Row::new("events", "most memory of that export", "MB", memory).at_most(300.0));
    Ok(())
}

/// Reads every record of every site.
fn read_all(site: &Site) -> anyhow::Result<()> {
    site.wait(async |db| {
        for ledger in sql::ledgers::list_ledgers(db).await? {
            if ledger.kind == "site" {
                sql::ledgers::for_each_record(db, ledger.id, async |_| Ok(())).await?;
            }
        }
        Ok(())
    })
}

/// Exports all events; gives the most memory in megabytes, and the rows.
fn export(site: &Site) -> anyhow::Result<(f64, u64)> {
    let folder = &site.world.folder;
    let words = [
        "export",
        "--format",
        "fsma204-csv",
        "--out",
        "export.csv",
        "--force",
        "--policy",
        "policy.txt",
    ];
    let mut child = Command::new(program::path()?)
        .args(words)
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()
        .context("could not start chopmark")?;
    let mut peak = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        // It may have ended meanwhile.
        peak = peak_megabytes(child.id()).unwrap_or(peak);
        std::thread::sleep(LOOK);
    };
    anyhow::ensure!(status.success(), "`chopmark {}` ended with {status}", words.join(" "));
    let manifest = std::fs::read(folder.join("export.csv.manifest.json"))?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest)?;
    let rows = manifest["counts"]["rows"].as_u64().context("the manifest has no rows")?;
    anyhow::ensure!(float(rows) > 0.0, "the export has no rows");
    Ok((peak, rows))
}
