//! The installation that is attacked: a brand, a shop and a rival, each with a ledger, a hub that is anchored, a
//! directory, and the pages; all of it the real processes.
//!
//! The way through: [`Town::new`] writes the files an operator would write and starts the processes; [`Town::shared`]
//! is one for all tests that leave it whole. An attacker has one of these: a partner's token
//! ([`Town::state`]), a browser ([`Town::open`]), the database's owner ([`Town::psql`]), a file.
//!
//! What holds: every test uses serials of its own, so that tests can share a town; every wait has a deadline.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anchor::anvil::{Anvil, Mining};
use anchor::wallet::Wallet;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::keys::{SourceKey, SystemRandom};
use serde_json::{Value, json};
use sql::cluster::Cluster;
use tests::program::chopmark;
use tests::stage::{Process, fetch, get, post};
use tests::waiting::{free_address, wait_for};

use crate::events::{now, serial};

/// The brand's ledger, whose prefix is 9521141.
pub const BRAND: &str = "brand.example/line";
/// The shop's ledger.
pub const SHOP: &str = "shop.example/till";
/// The rival's ledger; the rival has the prefix 9521149.
pub const RIVAL: &str = "rival.example/shed";
/// The ledger of ledgers.
pub const HUB: &str = "hub.example/all";
/// The ledger that says who is who.
pub const DIRECTORY: &str = "who.example/directory";
/// Where the brand packs.
pub const BRAND_PLACE: &str = "urn:epc:id:sgln:9521141.00001.0";
/// The brand's read point.
pub const BRAND_DOOR: &str = "urn:epc:id:sgln:9521141.00001.1";
/// The brand's cold store.
pub const COLD_STORE: &str = "urn:epc:id:sgln:9521141.00001.7";
/// The shop.
pub const SHOP_PLACE: &str = "urn:epc:id:sgln:9521142.00001.0";
/// The rival's shed.
pub const RIVAL_PLACE: &str = "urn:epc:id:sgln:9521149.00001.0";
/// The brand's trade item.
pub const GTIN: &str = "09521141123454";

/// Who states something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Brand,
    Shop,
    Rival,
}

impl Who {
    const ALL: [Self; 3] = [Self::Brand, Self::Shop, Self::Rival];

    /// Its name in the directory and in file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brand => "brand",
            Self::Shop => "shop",
            Self::Rival => "rival",
        }
    }

    /// Its ledger.
    pub fn origin(self) -> &'static str {
        match self {
            Self::Brand => BRAND,
            Self::Shop => SHOP,
            Self::Rival => RIVAL,
        }
    }

    /// Its company prefix.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Brand => "9521141",
            Self::Shop => "9521142",
            Self::Rival => "9521149",
        }
    }

    /// Its place.
    pub fn place(self) -> &'static str {
        match self {
            Self::Brand => BRAND_PLACE,
            Self::Shop => SHOP_PLACE,
            Self::Rival => RIVAL_PLACE,
        }
    }

    fn token(self) -> String {
        format!("the token of {} in this test", self.name())
    }
}

/// The installation.
pub struct Town {
    pub folder: tempfile::TempDir,
    pub cluster: Cluster,
    pub chain: Anvil,
    pub ingest: SocketAddr,
    pub public: SocketAddr,
    pub internal: SocketAddr,
    pub bridge_key: SourceKey,
    anchor: SocketAddr,
    running: Vec<(&'static str, Process)>,
}

impl Town {
    /// One for all tests that leave it whole.
    pub fn shared() -> &'static Self {
        static TOWN: OnceLock<Town> = OnceLock::new();
        TOWN.get_or_init(Self::new)
    }

    /// Writes the files, starts everything.
    pub fn new() -> Self {
        let folder = tests::folder::temporary();
        let cluster =
            Cluster::start_anywhere(&folder.path().join("postgres")).unwrap_or_else(|error| {
                panic!("PostgreSQL 15 is needed; `make setup` gets it: {error}")
            });
        let chain = Anvil::start(Mining::EverySeconds(1))
            .unwrap_or_else(|error| panic!("anvil is needed; `make setup` gets it: {error}"));
        let bridge_key = SourceKey::generate(&SystemRandom::new()).expect("keys can be made");
        let mut town = Self {
            folder,
            cluster,
            chain,
            ingest: free_address(),
            public: free_address(),
            internal: free_address(),
            bridge_key,
            anchor: free_address(),
            running: Vec::new(),
        };
        town.write_files();
        town.start("ingest", town.ingest);
        town.start("trace-api", town.internal);
        town.start("anchor", town.anchor);
        town
    }

    /// A file of the installation.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that only its owner can use.
    pub fn put(&self, name: &str, text: &str) {
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.path(name));
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("the folder is ours");
    }

    fn write_files(&self) {
        let contract = self.deploy();
        std::thread::scope(|scope| {
            for (origin, name) in [
                (BRAND, "brand"),
                (SHOP, "shop"),
                (RIVAL, "rival"),
                (HUB, "hub"),
                (DIRECTORY, "who"),
            ] {
                let file = format!("{name}.pem");
                scope.spawn(move || {
                    self.command(&["keys", "ledger", "--origin", origin, "--out", &file]);
                });
            }
        });
        self.put("scan.secret", "a secret of this test, longer than sixteen bytes");
        self.put("rules.toml", &rules());
        self.put("chopmark.toml", &self.configuration(&contract));
        self.found_directory(&contract);
    }

    /// Deploys the contract with a new publisher's key.
    fn deploy(&self) -> String {
        let wallet = Wallet::create(&self.path("publisher.key"), &SystemRandom::new())
            .expect("the folder is ours");
        self.chain.fund(wallet.address()).expect("the chain is ours");
        let patience = std::time::Duration::from_secs(30);
        let deployed = anchor::deploy::deploy(&self.chain.rpc(), &wallet, patience);
        deployed.expect("the contract is deployed").contract.to_string()
    }

    /// Installs the directory: an office that keeps it, and the three parties, the brand with two people.
    fn found_directory(&self, contract: &str) {
        for holder in ["office/an", "brand/lin", "brand/wu", "shop/zhao", "rival/qian"] {
            let name = holder.split('/').nth(1).unwrap_or_default();
            self.command(&["directory", "key", holder, "--out", &format!("{name}.holder")]);
        }
        for (who, admins) in [
            (Who::Brand, &["lin.holder", "wu.holder"][..]),
            (Who::Shop, &["zhao.holder"]),
            (Who::Rival, &["qian.holder"]),
        ] {
            let (name, prefix) = (who.name(), who.prefix());
            let party = json!({
                "id": name,
                "name": name,
                "pgln": [format!("urn:epc:id:pgln:{prefix}.00000")],
                "sites": [epc::thing_key(who.place()).split('/').nth(4)],
                "admins": admins,
                "ledgers": [format!("{name}.pem")],
                "prefixes": [prefix],
                "bridges": [],
            });
            self.put(&format!("{name}.party.json"), &party.to_string());
        }
        let chain = format!("31337:{contract}");
        let pin = self.command(&[
            "directory",
            "init",
            "--database",
            self.cluster.url(),
            "--origin",
            DIRECTORY,
            "--keys",
            "who.pem",
            "--key",
            "an.holder",
            "--hub",
            "hub.pem",
            "--chain",
            &chain,
            "--party",
            "office",
            "--name",
            "office",
            "--since-days",
            "365",
            "--days",
            "30",
            "--more",
            "brand.party.json",
            "--more",
            "shop.party.json",
            "--more",
            "rival.party.json",
        ]);
        self.put("pin.txt", &pin);
        self.command(&[
            "directory",
            "export",
            "--database",
            self.cluster.url(),
            "--policy",
            "pin.txt",
            "--out",
            "exported",
        ]);
        fs::copy(self.path("exported/policy.txt"), self.path("policy.txt"))
            .expect("it was written");
    }

    /// Standard output of a command that must succeed.
    pub fn command(&self, words: &[&str]) -> String {
        let output = Command::new(chopmark())
            .args(words)
            .current_dir(self.folder.path())
            .output()
            .expect("chopmark starts");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn configuration(&self, contract: &str) -> String {
        let mut text = format!("[database]\nurl = \"{}\"\n", self.cluster.url());
        for who in Who::ALL {
            let (name, origin, prefix) = (who.name(), who.origin(), who.prefix());
            write!(
                text,
                "[[ledger]]\norigin = \"{origin}\"\nkeys = \"{name}.pem\"\n\
                 party = {{ name = \"{name}\", pgln = \"urn:epc:id:pgln:{prefix}.00000\" }}\n"
            )
            .expect("a string grows");
            if who == Who::Brand {
                text += "rules = \"rules.toml\"\n";
            }
        }
        write!(
            text,
            "[[ledger]]\norigin = \"{HUB}\"\nkind = \"hub\"\nkeys = \"hub.pem\"\n\
             party = {{ name = \"hub\", pgln = \"urn:epc:id:pgln:9521140.00000\" }}\n\
             [ingest]\nlisten = \"{}\"\npolicy = \"policy.txt\"\n[[bridge]]\nid = \"b1\"\n\
             public_key = \"{}\"\nledger = \"{BRAND}\"\n\
             read_points = [\"{BRAND_DOOR}\", \"{COLD_STORE}\"]\n",
            self.ingest,
            self.bridge_key.public_base64()
        )
        .expect("a string grows");
        for who in Who::ALL {
            write!(
                text,
                "[[partner]]\nname = \"{}\"\ntoken_sha256 = \"{}\"\nledger = \"{}\"\n",
                who.name(),
                ledger::hash::sha256(who.token().as_bytes()),
                who.origin()
            )
            .expect("a string grows");
        }
        text + &format!(
            "[anchor]\nledger = \"{HUB}\"\nrpc = [\"{}\"]\nchain_id = 31337\n\
             contract = \"{contract}\"\nkey = \"publisher.key\"\npolicy = \"policy.txt\"\n\
             listen = \"{}\"\nepoch_seconds = 1\nconfirmations = 1\npoll_ms = 100\n\
             [trace_api]\nlisten = \"{}\"\ninternal_listen = \"{}\"\n\
             public_url = \"http://{}\"\npolicy = \"policy.txt\"\nscan_secret = \"scan.secret\"\n\
             trusted_proxies = [\"127.0.0.1\"]\nhub = \"{HUB}\"\n\
             show_parties = true\nrequests_per_minute = 100000\nrequests_per_second = 1000\n",
            self.chain.url(),
            self.anchor,
            self.public,
            self.internal,
            self.public,
        )
    }

    /// Starts a role and waits until it is ready.
    pub fn start(&mut self, role: &'static str, listen: SocketAddr) {
        let mut process = self.up(role);
        let url = format!("http://{listen}/healthz");
        wait_for(&format!("{role} is up"), || {
            assert!(process.is_running(), "{role} ended:\n{}", process.tail());
            get(&url).0 == 200
        });
        self.running.push((role, process));
    }

    /// Starts a role, whatever comes of it.
    pub fn up(&self, role: &str) -> Process {
        let log = self.path(&format!("{role}.log"));
        Process::up(&self.path("chopmark.toml"), role, log, &[])
    }

    /// What a role logged.
    pub fn log(&self, role: &str) -> String {
        fs::read_to_string(self.path(&format!("{role}.log"))).unwrap_or_default()
    }

    /// Stops a role.
    pub fn stop(&mut self, role: &str) {
        self.running.retain(|(name, _)| *name != role);
    }

    /// Runs `chopmark` in the installation's folder; gives exit status and output.
    pub fn chopmark(&self, words: &[&str]) -> (Option<i32>, String) {
        tests::stage::run(self.folder.path(), words, &[])
    }

    /// Runs SQL as the owner of the tables, with the tool that every owner has.
    pub fn psql(&self, sql: &str) -> String {
        let bin = sql::cluster::find_binaries().expect("the cluster runs").bin;
        let output = Command::new(bin.join("psql"))
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--command", sql, self.cluster.url()])
            .output()
            .expect("psql starts");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}\n{sql}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Posts a document of these events as a partner; gives status and answer.
    pub fn capture(&self, who: Who, events: &[Value], more: Value) -> (u16, String) {
        let mut document = json!({
            "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
            "type": "EPCISDocument",
            "schemaVersion": "2.0",
            "creationDate": now(),
            "epcisBody": { "eventList": events },
        });
        if let (Value::Object(document), Value::Object(more)) = (&mut document, more) {
            document.extend(more);
        }
        let token = format!("Bearer {}", who.token());
        let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json")];
        let body = document.to_string();
        post(&format!("http://{}/capture", self.ingest), &headers, body.as_bytes())
    }

    /// States events, which must be recorded; they are in the hub when this returns.
    pub fn state(&self, who: Who, events: &[Value]) {
        let (status, text) = self.capture(who, events, Value::Null);
        assert_eq!(status, 202, "{text}");
        self.wait_for_hub(who.origin());
    }

    /// States an event that two people of the party approved; it is in the hub when this returns.
    pub fn recall(&self, who: Who, event: &Value) {
        let file = format!("{}.event.json", serial());
        self.put(&file, &event.to_string());
        let approve = |holder: &str| {
            let words =
                ["directory", "approve-event", "--key", holder, "--ledger", who.origin(), &file];
            self.command(&words)
        };
        let notes = [approve("lin.holder"), approve("wu.holder")];
        let (status, text) =
            self.capture(who, std::slice::from_ref(event), json!({ "chopmark:approvals": notes }));
        assert_eq!(status, 202, "{text}");
        self.wait_for_hub(who.origin());
    }

    /// Removes the newest records of a ledger, as the owner of the tables could.
    pub fn roll_back(&self, origin: &str, size: u64) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
        runtime.block_on(async {
            let db = sql::Db::connect(&sql::Settings::new(self.cluster.url())).await;
            let db = db.expect("the database answers");
            sql::testing::roll_back_as_owner(&db, origin, size).await.expect("it is the owner");
        });
    }

    /// Records of a ledger.
    pub fn size(&self, origin: &str) -> u64 {
        let sql = format!(
            "select size from ledger_heads join ledgers using (ledger_id) where origin = '{origin}'"
        );
        self.psql(&sql).parse().expect("a number")
    }

    /// Mebibytes of memory that a role's process holds.
    pub fn resident_mib(&self, role: &str) -> u64 {
        let process = self.running.iter().find(|(name, _)| *name == role).expect("it runs");
        let status = fs::read_to_string(format!("/proc/{}/status", process.1.id()));
        let status = status.expect("the kernel tells");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
        let kib: u64 = line.split_whitespace().nth(1).and_then(|it| it.parse().ok()).expect("kB");
        kib / 1024
    }

    /// Waits until the hub has the latest checkpoint of a ledger.
    pub fn wait_for_hub(&self, origin: &str) {
        let sql = format!(
            "select coalesce(max(h.ledger_size), -1) >= max(d.size) from ledgers l \
             join ledger_heads d using (ledger_id) left join hub_entries h using (ledger_id) \
             where l.origin = '{origin}'"
        );
        wait_for(&format!("the hub has {origin}"), || self.psql(&sql) == "t");
    }

    /// Opens a page as JSON, as a robot that is no scan.
    pub fn look(&self, serial: &str) -> Value {
        self.open(serial, &[("User-Agent", "monitor")])
    }

    /// Opens a page as JSON with these headers.
    pub fn open(&self, serial: &str, headers: &[(&str, &str)]) -> Value {
        let url = format!("http://{}/01/{GTIN}/21/{serial}", self.public);
        let (status, text) = fetch(&url, &[headers, &[("Accept", "application/json")]].concat());
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The verdict on an item of the brand.
    pub fn verdict(&self, serial: &str) -> String {
        self.look(serial)["verdict"].as_str().unwrap_or_default().to_owned()
    }

    /// Exit status and output of `chopmark audit`.
    pub fn audit(&self) -> (Option<i32>, String) {
        self.chopmark(&["audit", "--policy", "policy.txt"])
    }

    /// Signs a delivery for `ledger` and posts it; gives status and answer.
    pub fn deliver(&self, ledger: &str, boot: u64, seq: u64, body: &[u8]) -> (u16, String) {
        let signed = reads::signing_bytes(ledger, "b1", boot, seq, body);
        let signature = STANDARD.encode(self.bridge_key.sign(&signed));
        let (boot, seq) = (boot.to_string(), seq.to_string());
        let headers = [
            ("Content-Type", "application/json"),
            ("Chopmark-Bridge", "b1"),
            ("Chopmark-Boot", boot.as_str()),
            ("Chopmark-Sequence", seq.as_str()),
            ("Chopmark-Signature", signature.as_str()),
        ];
        post(&format!("http://{}/observations", self.ingest), &headers, body)
    }
}

/// The brand's rules: what is seen at its door is stored; its cold store has a limit.
fn rules() -> String {
    format!(
        "version = \"1\"\nlocation = \"{BRAND_PLACE}\"\n[[rule]]\nid = \"door\"\n\
         read_point = \"{BRAND_DOOR}\"\n\
         concludes.observe = {{ things = {{ scheme = \"sgtin\" }}, step = \"storing\" }}\n\
         [[rule]]\nid = \"store\"\nread_point = \"{COLD_STORE}\"\n\
         concludes.excursion = {{ quantity = \"temperature\", max = \"8.0\", allowed_s = 2.0, \
         lots = [\"urn:epc:class:lgtin:9521141.012345.LCOLD\"] }}\n"
    )
}
