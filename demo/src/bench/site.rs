//! An installation to measure: a private PostgreSQL, the processes of production, three parties in a directory, as many
//! further ledgers as are asked for, a local chain if it is asked for.
//!
//! The way through: [`Site::build`] makes keys, directory and configuration as an operator would, and starts ingest and
//! trace-api; [`Site::fill`] records containers of items over HTTP; [`Site::restart`] gives cold caches.
//!
//! What holds: everything is recorded by ingest over HTTP, nothing is written into tables by us.
//!
//! Not here: documents ([`super::goods`]), sending ([`super::clients`]).

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use ledger::json::{Json, object};

use super::clients::{self, Expected, Sender};
use super::goods::{self, CENTRE_PLACE, Document, FACTORY_PLACE, SHOP_PLACE, Speaker};
use super::process;
use crate::program::{self, new_ledger, new_token};
use crate::web;
use crate::world::{World, free_address, prepare_folder};

/// Origin of the factory's ledger.
pub const FACTORY: &str = "factory.example/packing";
/// The centre's.
pub const CENTRE: &str = "centre.example/docks";
/// The shop's.
pub const SHOP: &str = "shop.example/till";
const DIRECTORY: &str = "who.example/directory";
const HUB: &str = "hub.example/checkpoints";
/// Further ledgers that one ingest writes at the same time: each holds a connection to PostgreSQL.
const AT_ONCE: usize = 40;
/// Longest time until nothing waits to be projected.
const PATIENCE: Duration = Duration::from_mins(30);
/// Connections over which an installation is filled.
const FILLERS: usize = 6;
/// Containers whose journeys are stated in one document for each step.
const CONTAINERS_AT_ONCE: u64 = 4;

/// What to build.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plan {
    /// Ledgers beside those of factory, centre and shop; they never hold anything of these.
    pub further_ledgers: usize,
    /// Whether there is a local chain, on which the hub can be anchored ([`Site::anchor`]).
    pub anchored: bool,
}

/// Where the processes listen.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Ingest.
    pub ingest: SocketAddr,
    /// Trace-api, for the public.
    pub public: SocketAddr,
    /// Trace-api, for its operator.
    pub operator: SocketAddr,
    /// The anchor worker.
    anchor: SocketAddr,
}

/// A running installation.
pub struct Site {
    /// Its folder, database and processes.
    pub world: World,
    /// Where they listen.
    pub addresses: Addresses,
    tokens: [String; 3],
    further: Vec<Further>,
    runtime: tokio::runtime::Runtime,
    db: sql::Db,
    /// Stopped when it is dropped.
    chain: Option<anchor::anvil::Anvil>,
    containers: u64,
    singles: AtomicU64,
}

/// A ledger that is there only to be there.
#[derive(Debug, Clone)]
struct Further {
    origin: String,
    keys: String,
    token: String,
    digest: String,
}

/// A party of the directory beside the factory.
struct Party {
    id: &'static str,
    prefix: &'static str,
    place: &'static str,
}

const OTHERS: [Party; 3] = [
    Party { id: "centre", prefix: "9521142", place: CENTRE_PLACE },
    Party { id: "shop", prefix: "9521143", place: SHOP_PLACE },
    Party { id: "further", prefix: "9521144", place: "urn:epc:id:sgln:9521144.00001.0" },
];

/// The 13 digits of a location's GLN.
fn gln(sgln: &str) -> String {
    epc::thing_key(sgln).split('/').nth(4).unwrap_or_default().to_owned()
}

impl Site {
    /// Builds and starts it in `folder`, which is emptied.
    ///
    /// # Errors
    ///
    /// If something needed is missing or does not start.
    pub fn build(folder: &Path, plan: Plan) -> anyhow::Result<Self> {
        prepare_folder(folder)?;
        let world = World::build(folder.to_owned())?;
        world.watch_database()?;
        let further = make_keys(folder, plan.further_ledgers)?;
        let chain = plan.anchored.then(|| start_chain(folder)).transpose()?;
        let contract = chain.as_ref().map(|(_, contract)| contract.as_str());
        found_directory(folder, world.cluster.url(), contract, &further)?;
        let addresses = Addresses {
            ingest: free_address()?,
            public: free_address()?,
            operator: free_address()?,
            anchor: free_address()?,
        };
        let made = [new_token()?, new_token()?, new_token()?];
        let digests = made.each_ref().map(|(_, digest)| digest.as_str());
        let chain_at = chain.as_ref().map(|(anvil, contract)| (anvil.url(), contract.as_str()));
        let text = configuration(world.cluster.url(), addresses, digests, chain_at);
        fs::write(folder.join("chopmark.toml"), &text)?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let mut settings = sql::Settings::new(world.cluster.url());
        settings.connections = 4;
        let db = runtime.block_on(sql::Db::connect(&settings))?;
        let mut site = Self {
            world,
            addresses,
            tokens: made.map(|(token, _)| token),
            further,
            runtime,
            db,
            chain: chain.map(|(anvil, _)| anvil),
            containers: 0,
            singles: AtomicU64::new(0),
        };
        site.start("ingest")?;
        site.start("trace-api")?;
        Ok(site)
    }

    fn start(&mut self, name: &'static str) -> anyhow::Result<()> {
        let ready = match name {
            "ingest" => self.addresses.ingest,
            "anchor" => self.addresses.anchor,
            _ => self.addresses.operator,
        };
        self.world.start(name, "chopmark.toml", name, ready)
    }

    /// Stops a process and starts it again, with nothing in its memory.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn restart(&mut self, name: &'static str) -> anyhow::Result<()> {
        self.world.stop(name)?;
        self.start(name)
    }

    /// Publishes all checkpoints on the local chain, and waits until the bundle of single thing `number` says so; false
    /// if there is no chain.
    ///
    /// # Errors
    ///
    /// If it is not anchored within two minutes.
    pub fn anchor(&mut self, number: u64) -> anyhow::Result<bool> {
        if self.chain.is_none() {
            return Ok(false);
        }
        self.start("anchor")?;
        let deadline = Instant::now() + Duration::from_mins(2);
        let url =
            format!("http://{}/items/{}/bundle", self.addresses.public, goods::single(number));
        loop {
            let answer = web::get(&url, &[("X-Forwarded-For", "203.0.113.8")])?;
            let bundle: serde_json::Value =
                serde_json::from_slice(&answer.body).unwrap_or_default();
            if bundle.get("anchor").is_some_and(serde_json::Value::is_object) {
                break;
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "no anchor is in the bundle: {}",
                String::from_utf8_lossy(&answer.body).chars().take(300).collect::<String>()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
        self.world.stop("anchor")?;
        Ok(true)
    }

    /// Waits for something that the database is asked, as its owner.
    pub fn wait<T>(&self, work: impl AsyncFnOnce(&sql::Db) -> T) -> T {
        self.runtime.block_on(work(&self.db))
    }

    /// Records in a ledger.
    ///
    /// # Errors
    ///
    /// If the database does not answer.
    pub fn size(&self, origin: &str) -> anyhow::Result<u64> {
        self.wait(async |db| {
            let ledger = sql::ledgers::find(db, origin).await?;
            let ledger = ledger.with_context(|| format!("there is no ledger {origin}"))?;
            Ok(sql::ledgers::head(db, ledger.id).await?.size)
        })
    }

    /// Who sends documents to ingest.
    #[must_use]
    pub fn sender(&self) -> Sender {
        Sender { ingest: self.addresses.ingest, tokens: self.tokens.clone() }
    }

    /// Numbers for `count` single things that nothing was stated about before.
    pub fn fresh(&self, count: u64) -> u64 {
        self.singles.fetch_add(count, Ordering::Relaxed)
    }

    /// Items that were filled in so far.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.containers * goods::PER_CONTAINER
    }

    /// Records the journeys of containers until there are at least `items` items; gives the items a second that came
    /// in, each with eight records.
    ///
    /// # Errors
    ///
    /// If a document is refused.
    pub fn fill(&mut self, items: u64) -> anyhow::Result<f64> {
        let first = self.containers;
        let last = items.div_ceil(goods::PER_CONTAINER).max(first);
        if last == first {
            return Ok(f64::NAN);
        }
        let next = AtomicU64::new(first);
        let sender = self.sender();
        let journeys = || {
            let claim = || {
                let from = next.fetch_add(CONTAINERS_AT_ONCE, Ordering::Relaxed);
                (from < last).then(|| from..(from + CONTAINERS_AT_ONCE).min(last))
            };
            std::iter::from_fn(claim)
                .flat_map(|range: Range<u64>| goods::documents(range))
                .map(|document| sender.request(&document))
        };
        let sources: Vec<_> = (0..FILLERS).map(|_| journeys()).collect();
        let sent = clients::run(self.addresses.ingest, sources, &Expected::RECORDED)?;
        self.containers = last;
        Ok(super::measure::float((last - first) * goods::PER_CONTAINER) / sent.seconds)
    }

    /// Waits until nothing waits to be projected; gives the most records that did.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub fn settled(&self) -> anyhow::Result<u64> {
        let (begun, mut most) = (Instant::now(), 0);
        loop {
            let lag = self.wait(async |db| sql::events::lag(db).await)?;
            most = most.max(lag.records);
            if lag.records == 0 {
                return Ok(most);
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "{} records still wait", lag.records);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until nothing is left to be done of what was recorded: until all is projected, and PostgreSQL has cleaned up and taken statistics,
    /// which it does by itself within minutes. Measures of rest begin with it.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub fn rest(&self) -> anyhow::Result<()> {
        self.settled()?;
        Ok(self.wait(sql::floors::clean_up)?)
    }

    /// States documents one after the other.
    ///
    /// # Errors
    ///
    /// If one is refused.
    pub fn state(&self, documents: &[Document]) -> anyhow::Result<()> {
        let sender = self.sender();
        let requests = documents.iter().map(|document| sender.request(document));
        clients::run(self.addresses.ingest, vec![requests], &Expected::RECORDED).map(drop)
    }

    /// Records `events` events in each further ledger, some ledgers at a time.
    ///
    /// # Errors
    ///
    /// If a process does not start or a document is refused.
    pub fn fill_further(&mut self, events: u64) -> anyhow::Result<()> {
        let address = free_address()?;
        for group in self.further.clone().chunks(AT_ONCE) {
            let mut text = format!(
                "[database]\nurl = \"{}\"\n[ingest]\nlisten = \"{address}\"\n",
                self.world.cluster.url()
            );
            for Further { origin, keys, digest, .. } in group {
                write!(text,
                    "[[ledger]]\norigin = \"{origin}\"\nparty = {{ name = \"Further\", pgln = \"urn:epc:id:pgln:9521144.00000\" }}\n\
                     keys = \"{keys}\"\n[[partner]]\nname = \"{origin}\"\ntoken_sha256 = \"{digest}\"\nledger = \"{origin}\"\n"
                ).ok();
            }
            fs::write(self.world.folder.join("further.toml"), text)?;
            self.world.start("further", "further.toml", "ingest", address)?;
            let first = self.fresh(events);
            let requests = group.iter().map(|one| {
                let tokens = std::array::from_fn(|_| one.token.clone());
                let sender = Sender { ingest: address, tokens };
                sender.request(&goods::sightings(Speaker::Shop, first, events))
            });
            clients::run(address, vec![requests], &Expected::RECORDED)?;
            self.world.stop("further")?;
        }
        Ok(())
    }

    /// The most memory that a process held since it started, in megabytes.
    ///
    /// # Errors
    ///
    /// If it does not run.
    pub fn peak_megabytes(&self, name: &str) -> anyhow::Result<f64> {
        process::peak_megabytes(
            self.world.pid(name).with_context(|| format!("{name} does not run"))?,
        )
    }
}

/// Makes the keys of all ledgers, on as many threads as there are cores; gives the further ones.
fn make_keys(folder: &Path, further: usize) -> anyhow::Result<Vec<Further>> {
    let own = [
        (FACTORY, "factory"),
        (CENTRE, "centre"),
        (SHOP, "shop"),
        (HUB, "hub"),
        (DIRECTORY, "directory"),
    ];
    let own = own.map(|(origin, name)| (origin.to_owned(), format!("keys/{name}.pem")));
    let more: Vec<Further> = (0..further)
        .map(|number| {
            let (token, digest) = new_token()?;
            let origin = format!("further.example/{number}");
            Ok(Further { origin, keys: format!("keys/further-{number}.pem"), token, digest })
        })
        .collect::<anyhow::Result<_>>()?;
    let all: Vec<(String, PathBuf)> = own
        .into_iter()
        .chain(more.iter().map(|one| (one.origin.clone(), one.keys.clone())))
        .map(|(origin, file)| (origin, folder.join(file)))
        .collect();
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores)
            .map(|core| {
                let own = all.iter().skip(core).step_by(cores);
                scope.spawn(move || {
                    own.clone().try_for_each(|(origin, file)| new_ledger(origin, file).map(drop))
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("making keys panicked")))
        })
    })?;
    Ok(more)
}

/// Starts the local chain and deploys the contract; gives the contract's address.
fn start_chain(folder: &Path) -> anyhow::Result<(anchor::anvil::Anvil, String)> {
    let anvil = anchor::anvil::Anvil::start(anchor::anvil::Mining::EverySeconds(1))?;
    let random = ledger::keys::SystemRandom::new();
    let wallet = anchor::wallet::Wallet::create(&folder.join("keys/publisher.key"), &random)?;
    anvil.fund(wallet.address())?;
    let deployed = anchor::deploy::deploy(&anvil.rpc(), &wallet, Duration::from_secs(30))?;
    Ok((anvil, deployed.contract.to_string()))
}

/// Installs the directory and writes `policy.txt`.
fn found_directory(
    folder: &Path,
    database: &str,
    contract: Option<&str>,
    further: &[Further],
) -> anyhow::Result<()> {
    let text = |value: &str| Json::from(value);
    let one = |value: String| Json::Array(vec![Json::from(value)]);
    program::output(
        folder,
        &["directory", "key", "factory/admin", "--out", "keys/factory-admin.pem"],
    )?;
    let mut words: Vec<String> =
        ["directory", "init", "--database", database, "--origin", DIRECTORY]
            .map(str::to_owned)
            .to_vec();
    for party in OTHERS {
        let Party { id, prefix, place } = party;
        let admin = format!("{id}-admin.pem");
        program::output(
            folder,
            &["directory", "key", &format!("{id}/admin"), "--out", &format!("keys/{admin}")],
        )?;
        let ledgers = if id == "further" {
            further.iter().map(|one| text(one.keys.trim_start_matches("keys/"))).collect()
        } else {
            vec![Json::from(format!("{id}.pem"))]
        };
        let described = object([
            ("id", text(id)),
            ("name", text(id)),
            ("pgln", one(format!("urn:epc:id:pgln:{prefix}.00000"))),
            ("sites", one(gln(place))),
            ("admins", one(admin)),
            ("ledgers", Json::Array(ledgers)),
            ("prefixes", one(prefix.to_owned())),
            ("bridges", Json::Array(Vec::new())),
        ]);
        fs::write(folder.join(format!("keys/{id}.party.json")), described.canonical())?;
        words.extend(["--more".to_owned(), format!("keys/{id}.party.json")]);
    }
    if let Some(contract) = contract {
        words.extend(["--chain".to_owned(), format!("31337:{contract}")]);
    }
    words.extend(["--site".to_owned(), gln(FACTORY_PLACE)]);
    let rest = "--keys keys/directory.pem --key keys/factory-admin.pem --hub keys/hub.pem --party factory --name Factory \
                --pgln urn:epc:id:pgln:9521141.00000 --ledger keys/factory.pem --prefix 9521141 --since-days 1";
    words.extend(rest.split_whitespace().map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    fs::write(folder.join("pin.txt"), program::output(folder, &words)?)?;
    let words =
        ["directory", "export", "--policy", "pin.txt", "--out", "exported", "--database", database];
    program::output(folder, &words)?;
    fs::copy(folder.join("exported/policy.txt"), folder.join("policy.txt"))?;
    let (secret, _) = new_token()?;
    let secret_file = folder.join("keys/scan.secret");
    fs::write(&secret_file, secret)?;
    fs::set_permissions(&secret_file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}

/// The configuration file. Limits are above what the bench asks.
fn configuration(
    database: &str,
    addresses: Addresses,
    digests: [&str; 3],
    chain: Option<(&str, &str)>,
) -> String {
    let Addresses { ingest, public, operator, anchor } = addresses;
    let mut text = format!("[database]\nurl = \"{database}\"\n");
    for ((origin, name, prefix), digest) in
        [(FACTORY, "factory", 1), (CENTRE, "centre", 2), (SHOP, "shop", 3)].into_iter().zip(digests)
    {
        write!(text,
            "[[ledger]]\norigin = \"{origin}\"\nparty = {{ name = \"{name}\", pgln = \"urn:epc:id:pgln:952114{prefix}.00000\" }}\n\
             keys = \"keys/{name}.pem\"\n[[partner]]\nname = \"{name}\"\ntoken_sha256 = \"{digest}\"\nledger = \"{origin}\"\n"
        ).ok();
    }
    write!(text,
        "[[ledger]]\norigin = \"{HUB}\"\nkind = \"hub\"\nparty = {{ name = \"Hub\", pgln = \"urn:epc:id:pgln:9521140.00000\" }}\n\
         keys = \"keys/hub.pem\"\n[ingest]\nlisten = \"{ingest}\"\npolicy = \"policy.txt\"\nbodies_per_address = 1000\n\
         [trace_api]\nlisten = \"{public}\"\ninternal_listen = \"{operator}\"\npublic_url = \"http://{public}\"\n\
         policy = \"policy.txt\"\nscan_secret = \"keys/scan.secret\"\ntrusted_proxies = [\"127.0.0.1\"]\n\
         requests_per_minute = 1000000\nunknown_per_minute = 1000000\nrequests_per_second = 1000000\nhub = \"{HUB}\"\n"
    ).ok();
    if let Some((rpc, contract)) = chain {
        write!(text,
            "[anchor]\nledger = \"{HUB}\"\nrpc = [\"{rpc}\"]\nchain_id = 31337\ncontract = \"{contract}\"\n\
             key = \"keys/publisher.key\"\npolicy = \"policy.txt\"\nlisten = \"{anchor}\"\nepoch_seconds = 1\n\
             confirmations = 2\npoll_ms = 200\n"
        ).ok();
    }
    text.push_str("[log]\nlevel = \"warn\"\n");
    text
}
