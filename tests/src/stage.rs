//! An installation for end-to-end tests: a private database, keys, files and processes, as an operator would set them
//! up.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use ledger::keys::{LedgerKeys, SourceKey, SystemRandom};
use sql::cluster::Cluster;

use crate::program::chopmark;
use crate::waiting::{PATIENCE, free_address, wait_for};

/// The ledger of the stage's one site.
pub const ORIGIN: &str = "test.example/door";
/// Its read point.
pub const DOOR: &str = "urn:epc:id:sgln:9521142.00001.3";
/// The partner's token.
pub const TOKEN: &str = "a token that only this test knows";

/// A stage.
pub struct Stage {
    /// Its folder.
    pub folder: tempfile::TempDir,
    /// Its database.
    pub cluster: Cluster,
    /// Where ingest listens.
    pub ingest: SocketAddr,
    /// Where the bridge serves health and metrics.
    pub bridge: SocketAddr,
    /// The bridge's key.
    pub key: SourceKey,
    /// What every process of the stage finds in its environment besides the test's own.
    pub environment: Vec<(String, PathBuf)>,
}

/// A process that is killed when it is dropped.
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Process {
    /// Starts `chopmark up` with a configuration file, for a role, or for all of them (`""`); what it prints goes to the end
    /// of `log`.
    ///
    /// - `more`: what it finds in its environment besides the test's own.
    ///
    /// # Panics
    /// If the log cannot be written or the program does not start.
    pub fn up(file: &Path, role: &str, log: PathBuf, more: &[(String, PathBuf)]) -> Self {
        let out = fs::OpenOptions::new().create(true).append(true).open(&log);
        let out = out.expect("the folder is ours");
        let child = Command::new(chopmark())
            .args(["up", "--until-stdin-ends"])
            .args(if role.is_empty() { vec![] } else { vec!["--role", role] })
            .arg("--config")
            .arg(file)
            .envs(more.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(out.try_clone().expect("a file can be cloned"))
            .stderr(out)
            .spawn();
        Self { child: child.expect("chopmark starts"), log }
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("the child can be asked") {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.tail());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks it to stop and waits for its end.
    pub fn stop(&mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        self.wait()
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Sends it SIGTERM, as a service manager does.
    pub fn terminate(&self) {
        let id = i32::try_from(self.id()).expect("an id of a process");
        let id = nix::unistd::Pid::from_raw(id);
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).expect("it is ours");
    }

    /// Its number in the operating system.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("the child can be asked").is_none()
    }

    /// Its log.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The end of its log.
    pub fn tail(&self) -> String {
        let text = self.log();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

/// Runs `chopmark` in a folder and gives its status and output.
///
/// - `more`: what it finds in its environment besides the test's own.
///
/// # Panics
/// If the program does not start.
pub fn run(folder: &Path, words: &[&str], more: &[(String, PathBuf)]) -> (Option<i32>, String) {
    let output = Command::new(chopmark())
        .args(words)
        .envs(more.iter().cloned())
        .current_dir(folder)
        .output()
        .expect("chopmark starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_mins(1)))
        .http_status_as_error(false)
        .build()
        .into()
}

/// Status and body of a GET; status 0 if nobody answers.
pub fn get(url: &str) -> (u16, String) {
    fetch(url, &[])
}

/// Status and body of a GET with headers; status 0 if nobody answers.
pub fn fetch(url: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = agent().get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    match request.call() {
        Ok(mut answer) => {
            (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap_or_default())
        }
        Err(_) => (0, String::new()),
    }
}

/// Status and body of a POST.
pub fn post(url: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
    let mut request = agent().post(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    match request.send(body) {
        Ok(mut answer) => {
            (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap_or_default())
        }
        Err(_) => (0, String::new()),
    }
}

/// A delivery of the bridge `b1` in which nothing was seen, of a window that opens and closes at `now`.
pub fn empty_delivery(
    (boot, seq): (u64, u64),
    read_point: &str,
    now: jiff::Timestamp,
) -> reads::Delivery {
    reads::Delivery {
        contract: reads::CONTRACT.into(),
        bridge: "b1".into(),
        boot,
        seq,
        reader: "r".into(),
        read_point: read_point.into(),
        opened: now,
        closed: now,
        reads: 1,
        window_digest: "0".repeat(64),
        suspect_clock: false,
        late: false,
        gaps: vec![],
        by_barrier: false,
        observations: vec![],
        sensors: vec![],
        movements: vec![],
    }
}

impl Stage {
    /// Makes a stage whose bridge has one R700 on `broker`, and whose rule records everything that is seen.
    pub fn new(broker: Option<SocketAddr>) -> Self {
        let folder = crate::folder::temporary();
        let cluster =
            Cluster::start_anywhere(&folder.path().join("postgres")).unwrap_or_else(|error| {
                panic!("PostgreSQL 15 is needed; `make setup` gets it: {error}")
            });
        let keys = LedgerKeys::generate(ORIGIN, &SystemRandom::new()).expect("keys can be made");
        let key = SourceKey::generate(&SystemRandom::new()).expect("keys can be made");
        let policy: Vec<String> =
            keys.verifier_keys().iter().map(|key| format!("log {key}")).collect();
        let (ingest, bridge) = (free_address(), free_address());
        let put = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("the folder is ours");
        };
        let keep = |name: &str, text: &str| {
            keystore::private::create(&folder.path().join(name), text).expect("the folder is ours");
        };
        keep("ledger.pem", &keys.to_pem_file());
        keep("bridge.pem", &key.to_pem());
        put("policy.txt", &policy.join("\n"));
        put(
            "rules.toml",
            &format!(
                "version = \"1\"\nlocation = \"urn:epc:id:sgln:9521142.00001.0\"\n[[rule]]\nid = \"door\"\n\
                 read_point = \"{DOOR}\"\nconcludes.observe = {{ things = {{ scheme = \"sgtin\" }}, step = \"storing\" }}\n"
            ),
        );
        let token = ledger::hash::sha256(TOKEN.as_bytes());
        put(
            "chopmark.toml",
            &format!(
                "[database]\nurl = \"{}\"\n[[ledger]]\norigin = \"{ORIGIN}\"\n\
                 party = {{ name = \"Test\", pgln = \"urn:epc:id:pgln:9521142.00000\" }}\nkeys = \"ledger.pem\"\n\
                 rules = \"rules.toml\"\n[ingest]\nlisten = \"{ingest}\"\n[[bridge]]\nid = \"b1\"\n\
                 public_key = \"{}\"\nledger = \"{ORIGIN}\"\n[[partner]]\nname = \"erp\"\n\
                 token_sha256 = \"{token}\"\nledger = \"{ORIGIN}\"\n",
                cluster.url(),
                key.public_base64()
            ),
        );
        let broker = broker.map_or_else(String::new, |broker| {
            format!(
                "[[firmware_bridge.reader]]\nid = \"door-3\"\nread_point = \"{DOOR}\"\n\
                 settle = {{ quiet_ms = 300, longest_ms = 60000 }}\n\
                 device.impinj-r700 = {{ broker = \"{broker}\", topic = \"tags\" }}\n"
            )
        });
        put(
            "bridge.toml",
            &format!(
                "[firmware_bridge]\nid = \"b1\"\nkey = \"bridge.pem\"\ningest_url = \"http://{ingest}\"\n\
                 ledger = \"{ORIGIN}\"\nlisten = \"{bridge}\"\n{broker}"
            ),
        );
        Self { folder, cluster, ingest, bridge, key, environment: Vec::new() }
    }

    /// Starts `chopmark up` for a role; `crash` names the place at which it is to kill itself.
    pub fn start(&self, file: &str, role: &str, crash: Option<&str>) -> Process {
        let log = self.folder.path().join(format!("{role}.log"));
        let place = crash.map(|place| ("CHOPMARK_CRASH_AT".to_owned(), PathBuf::from(place)));
        let more: Vec<_> = self.environment.iter().cloned().chain(place).collect();
        Process::up(&self.folder.path().join(file), role, log, &more)
    }

    /// Starts ingest and waits until it is ready.
    pub fn start_ingest(&self) -> Process {
        let mut process = self.start("chopmark.toml", "ingest", None);
        wait_for("ingest is ready", || {
            assert!(process.is_running(), "ingest ended:\n{}", process.tail());
            get(&format!("http://{}/readyz", self.ingest)).0 == 200
        });
        process
    }

    /// Runs `chopmark` and gives its status and output.
    pub fn chopmark(&self, words: &[&str]) -> (Option<i32>, String) {
        run(self.folder.path(), words, &self.environment)
    }

    /// Fails unless every ledger is whole.
    pub fn check_whole_ledger(&self) {
        let (status, text) = self.chopmark(&["audit", "--policy", "policy.txt"]);
        assert_eq!(status, Some(0), "audit:\n{text}");
    }

    /// A database handle of the test's own.
    pub fn db(&self, runtime: &tokio::runtime::Runtime) -> sql::Db {
        runtime
            .block_on(sql::Db::connect(&sql::Settings::new(self.cluster.url())))
            .expect("the url is right")
    }

    /// How often each thing is named in the ledger.
    pub fn named(
        &self,
        runtime: &tokio::runtime::Runtime,
    ) -> std::collections::HashMap<String, u32> {
        self.named_at(self.cluster.url(), runtime)
    }

    /// As [`Self::named`], in another database.
    pub fn named_at(
        &self,
        url: &str,
        runtime: &tokio::runtime::Runtime,
    ) -> std::collections::HashMap<String, u32> {
        let db = runtime.block_on(sql::Db::connect(&sql::Settings::new(url)));
        let db = db.expect("the url is right");
        let mut named = std::collections::HashMap::new();
        runtime
            .block_on(async {
                let Some(row) = sql::ledgers::find(&db, ORIGIN).await? else { return Ok(()) };
                sql::ledgers::for_each_record(&db, row.id, async |stored| {
                    let record = ledger::record::Record::parse(&stored.text)
                        .map_err(|error| sql::Error::data(error.to_string()))?;
                    for name in record.names() {
                        *named.entry(name).or_insert(0) += 1;
                    }
                    Ok(())
                })
                .await
            })
            .unwrap_or_else(|error: sql::Error| panic!("the ledger cannot be read: {error}"));
        named
    }
}

/// The bytes of an item's tag.
pub fn tag(serial: u64) -> (String, Vec<u8>) {
    let tag = epc::TagEpc::from_tag_uri(&format!("urn:epc:tag:sgtin-96:1.9521141.012345.{serial}"))
        .expect("a valid tag");
    (tag.epc.to_uri(), tag.encode().expect("a valid tag"))
}

/// Reads a file of the folder.
pub fn read(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
