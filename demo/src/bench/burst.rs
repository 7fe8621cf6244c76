//! A pallet at a dock door: 1,700 items read 20 times in three seconds, from the end of the window to the record.
//!
//! The way through: a simulated R700 on a broker, a bridge and an ingest as processes of their own, a private PostgreSQL. The bridge
//! writes down when it closed the window; from then on it is measured until the record can be seen under a signed checkpoint.
//!
//! What holds: the record names exactly the items that passed; memory is what the kernel counted as the most of each process.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use demo::simulators::impinj_r700::R700;
use firmware_bridge::spool::Spool;
use jiff::Timestamp;

use super::door::Door;
use super::goods;
use super::measure::Row;
use super::process::peak_megabytes;
use super::report::Report;
use crate::web;
use crate::world::{World, free_address, prepare_folder};

/// Items on the pallet.
const ITEMS: u64 = 1_700;
/// The ledger.
const LEDGER: &str = "bench.example/door";
/// The door.
const DOOR: &str = "urn:epc:id:sgln:9521142.00001.3";
/// Topic of the reader.
const TOPIC: &str = "door/tags";
/// Longest wait for a record.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs it `rounds` times.
///
/// # Errors
///
/// If a process does not start, or the record does not come or names other items.
pub fn run(folder: &Path, rounds: usize, report: &mut Report) -> anyhow::Result<()> {
    Report::part("Burst: 1,700 items, 20 reads each, in three seconds");
    prepare_folder(folder)?;
    let mut world = World::build(folder.to_owned())?;
    world.watch_database()?;
    let (ingest, bridge) = (free_address()?, free_address()?);
    let broker = demo::simulators::broker::start().map_err(|error| anyhow::anyhow!(error))?;
    write_files(folder, world.cluster.url(), &[ingest, bridge, broker])?;
    world.start("ingest", "chopmark.toml", "ingest", ingest)?;
    world.start("bridge", "bridge.toml", "bridge", bridge)?;
    wait_until_connected(bridge)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let db = runtime.block_on(sql::Db::connect(&sql::Settings::new(world.cluster.url())))?;
    let mut reader =
        R700::connect(broker, TOPIC, "bench").map_err(|error| anyhow::anyhow!(error))?;
    let mut seconds = Vec::new();
    for round in 0..rounds.max(1) as u64 {
        let first = round * ITEMS;
        let banks = (first..first + ITEMS).map(bank).collect::<anyhow::Result<Vec<_>>>()?;
        reader.pass(&banks, &[], 7 + round).map_err(|error| anyhow::anyhow!(error))?;
        let recorded = runtime.block_on(wait_for_record(&db, round))?;
        seconds.push(recorded.duration_since(closed_at(folder)?).as_secs_f64());
    }
    report.add(
        Row::new("burst", "window closed to record under a signed checkpoint", "s", seconds)
            .at_most(1.0),
    );
    for name in ["bridge", "ingest"] {
        let peak = peak_megabytes(world.pid(name).context("it was just started")?)?;
        report.add(
            Row::new("burst", format!("most memory of the {name}"), "MB", vec![peak])
                .at_most(200.0),
        );
    }
    Ok(())
}

/// The EPC bank of item `number`.
fn bank(number: u64) -> anyhow::Result<Vec<u8>> {
    let serial = goods::item(number);
    let serial = serial.rsplit('.').next().unwrap_or_default();
    let tag =
        epc::TagEpc::from_tag_uri(&format!("urn:epc:tag:sgtin-96:1.9521141.012345.{serial}"))?;
    Ok(tag.encode()?)
}

fn wait_until_connected(bridge: std::net::SocketAddr) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let url = format!("http://{bridge}/metrics");
    while !String::from_utf8_lossy(&web::get(&url, &[])?.body)
        .contains("bridge_connected_readers{reader=\"door\"} 1")
    {
        anyhow::ensure!(Instant::now() < deadline, "the bridge does not listen to the broker");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Waits until the ledger holds record `index`; gives the time at which it was seen.
async fn wait_for_record(db: &sql::Db, index: u64) -> anyhow::Result<Timestamp> {
    let deadline = Instant::now() + PATIENCE;
    let ledger = loop {
        if let Some(ledger) = sql::ledgers::find(db, LEDGER).await? {
            break ledger;
        }
        anyhow::ensure!(Instant::now() < deadline, "there is no ledger {LEDGER}");
    };
    loop {
        let checkpoint = sql::ledgers::latest_checkpoint(db, ledger.id).await?;
        let seen = Timestamp::now();
        if checkpoint.is_some_and(|checkpoint| checkpoint.size > index) {
            let record = sql::ledgers::record_at(db, ledger.id, index).await?;
            let record = record.context("the checkpoint covers a record that is not there")?;
            let items = record.text.matches("sgtin:").count();
            anyhow::ensure!(
                items as u64 == ITEMS,
                "the record names {items} items, expected {ITEMS}"
            );
            return Ok(seen);
        }
        anyhow::ensure!(Instant::now() < deadline, "record {index} does not come");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// When the bridge closed its last window.
fn closed_at(folder: &Path) -> anyhow::Result<Timestamp> {
    let windows = Spool::look(&folder.join("spool.sqlite"))?.last_windows(1)?;
    let (_, _, closed, _) = windows.first().context("the bridge has closed no window")?;
    closed.parse().with_context(|| format!("the window was closed at `{closed}`"))
}

/// Writes keys, rules and configuration.
fn write_files(
    folder: &Path,
    database: &str,
    [ingest, bridge, broker]: &[std::net::SocketAddr; 3],
) -> anyhow::Result<()> {
    let readers = format!(
        "[[firmware_bridge.reader]]\nid = \"door\"\nread_point = \"{DOOR}\"\n\
         settle = {{ quiet_ms = 1500, longest_ms = 60000 }}\n\
         device.impinj-r700 = {{ broker = \"{broker}\", topic = \"{TOPIC}\" }}\n"
    );
    let door = Door {
        ledger: LEDGER,
        bridge: "door",
        read_point: DOOR,
        database,
        ingest: *ingest,
        listen: *bridge,
    };
    door.write(folder, &readers)
}
