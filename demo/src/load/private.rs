//! An installation of the load test's own: PostgreSQL, ingest and trace-api in one folder.
//!
//! The way through: keys and a directory of one party are made with the product's own commands, the configuration is
//! written as an operator would write it, and the processes are started.
//!
//! What holds: fsync is on; the directory licenses the goods, so that scans are judged as those of real goods are.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use super::installation::{Installation, Sender};
use crate::program::{self, new_ledger, new_token};
use crate::world::{World, free_address, prepare_folder, write_secret};

const ORIGIN: &str = "load.example/1";
const DIRECTORY: &str = "who.load.example/1";
const PREFIX: &str = "9521141";
const PLACE: &str = "urn:epc:id:sgln:9521141.00001.0";
/// File of the configuration.
const FILE: &str = "chopmark.toml";

/// Starts it in `folder`, which is emptied if an earlier run made it.
///
/// # Errors
///
/// If the folder holds something else, or a process does not start.
pub fn start(folder: &Path) -> anyhow::Result<Installation> {
    prepare_folder(folder)?;
    out!("starting PostgreSQL, ingest and trace-api in {} …", folder.display());
    let mut world = World::build(folder.to_owned())?;
    let (ingest, trace, operator) = (free_address()?, free_address()?, free_address()?);
    let database = world.cluster.url().to_owned();
    let (token, digest) = new_token()?;
    found_directory(folder, &database)?;
    let (secret, _) = new_token()?;
    write_secret(&folder.join("keys/scan.secret"), &secret)?;
    write_secret(&folder.join("keys/partner.token"), &token)?;
    fs::write(folder.join(FILE), config(&database, (ingest, trace, operator), &digest))?;
    start_ingest(&mut world, ingest)?;
    world.start("trace-api", FILE, "trace-api", operator)?;
    let sender = Sender { token, prefix: PREFIX.to_owned() };
    let policy = folder.join("policy.txt").display().to_string();
    let audit = ["audit", "--database", &database, "--policy", &policy].map(str::to_owned);
    Ok(Installation::private(world, (ingest, trace, operator), sender, audit.to_vec()))
}

/// Starts ingest, at first or again.
///
/// # Errors
///
/// If it does not answer.
pub fn start_ingest(world: &mut World, at: SocketAddr) -> anyhow::Result<()> {
    world.start("ingest", FILE, "ingest", at)
}

/// Makes keys and the directory, and writes `policy.txt`.
fn found_directory(folder: &Path, database: &str) -> anyhow::Result<()> {
    let run = |words: &str, more: &[&str]| {
        let words: Vec<&str> = words.split_whitespace().chain(more.iter().copied()).collect();
        program::output(folder, &words)
    };
    new_ledger(ORIGIN, &folder.join("keys/ledger.pem"))?;
    run("directory key load/admin --out keys/admin.pem", &[])?;
    let site = epc::thing_key(PLACE).split('/').nth(4).unwrap_or_default().to_owned();
    let init = format!(
        "directory init --origin {DIRECTORY} --keys keys/directory.pem --key keys/admin.pem --party load \
         --pgln urn:epc:id:pgln:{PREFIX}.00000 --site {site} --ledger keys/ledger.pem --prefix {PREFIX} --since-days 1"
    );
    let pin = run(&init, &["--name", "Load test", "--database", database])?;
    fs::write(folder.join("pin.txt"), pin)?;
    run("directory export --policy pin.txt --out exported --database", &[database])?;
    fs::copy(folder.join("exported/policy.txt"), folder.join("policy.txt"))?;
    Ok(())
}

fn config(
    database: &str,
    (ingest, trace, operator): (SocketAddr, SocketAddr, SocketAddr),
    digest: &str,
) -> String {
    format!(
        r#"# The load test's installation. Written by it, read by its processes.
[database]
url = "{database}"

[[ledger]]
origin = "{ORIGIN}"
party = {{ name = "Load test", pgln = "urn:epc:id:pgln:{PREFIX}.00000" }}
keys = "keys/ledger.pem"

[ingest]
listen = "{ingest}"
policy = "policy.txt"
# All senders have one address here.
bodies_per_address = 1000

[[partner]]
name = "load"
token_sha256 = "{digest}"
ledger = "{ORIGIN}"

[trace_api]
listen = "{trace}"
internal_listen = "{operator}"
public_url = "http://{trace}"
policy = "policy.txt"
scan_secret = "keys/scan.secret"
# The load test is its own proxy: it says from which address each phone asks.
trusted_proxies = ["127.0.0.1"]
requests_per_minute = 1000000
requests_per_second = 1000000

[log]
level = "warn"
"#
    )
}
