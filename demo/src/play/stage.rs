//! The stage of the demo: what was started, and what the demo asks of it from outside.
//!
//! The way through: [`Stage::set`] starts database, chain, broker, devices and the first processes; the other methods
//! ask the running processes over HTTP, as anyone can, or run `chopmark` as a person would.
//!
//! Not here: what happens on it ([`super::scene`]).

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use demo::simulators::r200::{Faults, R200};
use demo::simulators::xy_md02::XyMd02;
use ledger::json::Json;

use super::files::{Addresses, NAMES_FILE, Tokens, Wiring, write};
use super::site::{FACTORY, Goods, scan_path};
use super::stop;
use super::voice::Voice;
use crate::world::{World, prepare_folder};
use crate::{program, web};

/// The seed of everything that looks random.
pub const SEED: u64 = 952;
/// Name of the copy of the database that the attacks are played on.
pub const COPY: &str = "attacked";
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(90);
/// What a phone sends as its User-Agent.
pub const BROWSER: &str =
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140 Mobile Safari/537.36";

/// Everything that was started.
pub struct Stage {
    /// Prints what happens and counts checks.
    pub voice: Voice,
    /// Folder, database and processes.
    pub world: World,
    /// Where the processes listen.
    pub addresses: Addresses,
    /// Where the processes listen that run on the copy of the database.
    pub copy: Addresses,
    /// Tokens of the partners.
    pub tokens: Tokens,
    /// What is made, shipped and sold.
    pub goods: Goods,
    /// The reader of the packing station.
    pub station: R200,
    /// The sensor of the cold store.
    pub sensor: XyMd02,
    /// The broker of the dock door's reader.
    pub broker: SocketAddr,
    /// The local chain.
    pub anvil: anchor::anvil::Anvil,
}

/// Waits for `condition`, polling every few milliseconds.
///
/// # Errors
///
/// If it does not hold in time, the demo is asked to stop, or `condition` fails.
pub fn wait_for(
    what: &str,
    mut condition: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        stop::check()?;
        if condition()? {
            return Ok(());
        }
        anyhow::ensure!(
            Instant::now() < deadline,
            "timed out after {} s waiting until {what}",
            PATIENCE.as_secs()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Starts the local chain and deploys the contract with a new publisher's key; gives the contract's address.
fn start_chain(folder: &Path) -> anyhow::Result<(anchor::anvil::Anvil, String)> {
    let anvil = anchor::anvil::Anvil::start(anchor::anvil::Mining::EverySeconds(1))?;
    let random = ledger::keys::SystemRandom::new();
    let wallet = anchor::wallet::Wallet::create(&folder.join("keys/publisher.key"), &random)?;
    anvil.fund(wallet.address())?;
    let deployed = anchor::deploy::deploy(&anvil.rpc(), &wallet, Duration::from_secs(30))?;
    Ok((anvil, deployed.contract.to_string()))
}

/// The EPC banks of tags.
///
/// # Errors
///
/// Never in practice: every tag of the demo can be encoded.
pub fn banks(tags: &[epc::TagEpc]) -> anyhow::Result<Vec<Vec<u8>>> {
    tags.iter().map(|tag| tag.encode().map_err(anyhow::Error::from)).collect()
}

impl Stage {
    /// Starts everything.
    ///
    /// # Errors
    ///
    /// If something is missing or does not start.
    pub fn set(voice: Voice, folder: &Path) -> anyhow::Result<Self> {
        let lang = voice.lang;
        let step = voice.step("0", &lang.stage())?;
        prepare_folder(folder)?;
        let goods = Goods::seeded(SEED)?;
        voice.doing(&lang.starts_database())?;
        let mut world = World::build(folder.to_owned())?;
        voice.doing(&lang.starts_chain())?;
        let (anvil, contract) = start_chain(folder)?;
        let broker = demo::simulators::broker::start().map_err(|error| anyhow::anyhow!(error))?;
        let faults = Faults { garbage_every: 97, bad_checksum_every: 0, in_pieces: true };
        let station = R200::start(SEED, faults)?;
        let sensor = XyMd02::start(45)?;
        let (addresses, copy) = (Addresses::free()?, Addresses::free()?);
        voice.doing(&lang.makes_keys())?;
        let wiring = Wiring {
            addresses,
            copy_addresses: copy,
            database: world.cluster.url(),
            copy_database: &world.cluster.url_of(COPY, sql::Access::Owner),
            rpc: anvil.url(),
            contract: &contract,
            station: &station.path,
            sensor: &sensor.path,
            broker,
        };
        let tokens = write(folder, &wiring)?;
        let import = ["master", "import", NAMES_FILE, "--config", "chopmark.toml"];
        program::output(folder, &import)?;
        voice.doing(&lang.starts_processes())?;
        world.start("ingest", "chopmark.toml", "ingest", addresses.ingest)?;
        world.start("trace-api", "chopmark.toml", "trace-api", addresses.operator)?;
        world.start("factory-bridge", "factory-bridge.toml", "bridge", addresses.factory_bridge)?;
        drop(step);
        voice.say(&lang.simulated());
        voice.say(&lang.real());
        Ok(Self { voice, world, addresses, copy, tokens, goods, station, sensor, broker, anvil })
    }

    /// A URL of trace-api for its operator.
    pub fn operator(&self, path: &str) -> String {
        format!("http://{}{path}", self.addresses.operator)
    }

    /// A URL of trace-api for the public.
    pub fn trace(&self, path: &str) -> String {
        format!("http://{}{path}", self.addresses.trace)
    }

    /// Size of a ledger.
    ///
    /// # Errors
    ///
    /// If trace-api does not answer.
    pub fn size(&self, origin: &str) -> anyhow::Result<u64> {
        let answer = web::get_json(&self.operator("/ledgers"), &[])?;
        let ledgers = answer.get("ledgers").and_then(Json::as_array).unwrap_or_default();
        let found =
            ledgers.iter().find(|one| one.get("origin").and_then(Json::as_str) == Some(origin));
        let size = found.and_then(|one| one.get("size")?.as_number()?.parse().ok());
        Ok(size.unwrap_or(0))
    }

    /// Posts a document to ingest as the partner with this token.
    ///
    /// # Errors
    ///
    /// If it is not accepted.
    pub fn capture(&self, token: &str, document: &Json) -> anyhow::Result<Json> {
        web::capture(&format!("http://{}/capture", self.addresses.ingest), token, document)
    }

    /// Holds tags in the reader's field until each was read three times, takes them out, and waits until the
    /// factory's ledger has `size` records.
    ///
    /// # Errors
    ///
    /// If that takes too long.
    pub fn in_field(&self, tags: Vec<Vec<u8>>, size: u64) -> anyhow::Result<()> {
        self.station.set_field(tags);
        wait_for("every tag was read three times", || Ok(self.station.rounds() >= 3))?;
        self.station.set_field(Vec::new());
        wait_for("the window is in the ledger", || Ok(self.size(FACTORY)? >= size))
    }

    /// The records of an item, as the operator can ask for them.
    ///
    /// # Errors
    ///
    /// If trace-api does not answer with them.
    pub fn history(&self, uri: &str) -> anyhow::Result<Vec<Json>> {
        let answer = web::get_json(&self.operator(&format!("/items/{uri}/history")), &[])?;
        Ok(answer.get("records").and_then(Json::as_array).unwrap_or_default().to_vec())
    }

    /// The receipts that are recorded.
    ///
    /// # Errors
    ///
    /// If trace-api does not answer with them.
    pub fn receipts(&self) -> anyhow::Result<Vec<Json>> {
        let answer = web::get_json(&self.operator("/deliveries"), &[])?;
        Ok(answer.get("deliveries").and_then(Json::as_array).unwrap_or_default().to_vec())
    }

    /// Whether the distribution centre's bridge has a connection to a reader.
    ///
    /// # Errors
    ///
    /// If its metrics are not served.
    pub fn is_connected(&self, reader: &str) -> anyhow::Result<bool> {
        let url = format!("http://{}/metrics", self.addresses.centre_bridge);
        let text = String::from_utf8(web::get(&url, &[])?.body)?;
        Ok(text.contains(&format!("bridge_connected_readers{{reader=\"{reader}\"}} 1")))
    }

    /// Scans an item with a phone at this address and place.
    ///
    /// # Errors
    ///
    /// If trace-api does not answer.
    pub fn scan(&self, item: &epc::Epc, address: &str, place: &str) -> anyhow::Result<Json> {
        let headers =
            [("User-Agent", BROWSER), ("X-Forwarded-For", address), ("Chopmark-Place", place)];
        web::get_json(&self.trace(&scan_path(item)), &headers)
    }

    /// What the copy of the database makes trace-api answer for an item.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    pub fn scan_copy(&self, item: &epc::Epc) -> anyhow::Result<Json> {
        web::get_json(&self.trace_copy(&scan_path(item)), &[("User-Agent", BROWSER)])
    }

    /// A URL of the trace-api that runs on the copy of the database.
    pub fn trace_copy(&self, path: &str) -> String {
        format!("http://{}{path}", self.copy.trace)
    }

    /// Runs `chopmark` in the demo's folder; gives exit status and output.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn chopmark(&self, words: &[&str]) -> anyhow::Result<(i32, String)> {
        program::run(&self.world.folder, words)
    }
}
