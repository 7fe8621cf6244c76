//! A site with a bridge and nobody that takes its deliveries: what arrives is looked for in the spool's outbox.
//!
//! The way through: [`Site::new`] writes the TOML of a site; [`Site::start`] runs the bridge on it, in this process
//! and as production does; [`Site::outbox`] takes the deliveries out one after the other, as ingest would.
//!
//! What holds: every wait ends by what it waits for, or fails with what was found instead.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use firmware_bridge::config::resolve;
use firmware_bridge::spool::{KeptFinding, Spool};
use ledger::keys::{SourceKey, SystemRandom};
use process::config::Installation;
use reads::{Delivery, SensorReading};
use tokio::sync::watch;

use crate::waiting::{free_address, wait_at_most};

/// Longest wait for anything that a bridge does.
pub const LIMIT: Duration = Duration::from_secs(30);
/// Where every reader is.
pub const PLACE: &str = "urn:epc:id:sgln:9521142.00001.3";

/// A site.
pub struct Site {
    folder: tempfile::TempDir,
    /// Where health and metrics are served.
    pub listen: SocketAddr,
}

/// A bridge that runs.
pub struct Running {
    shutdown: watch::Sender<bool>,
    thread: Option<JoinHandle<Result<(), firmware_bridge::Error>>>,
}

/// What was taken out of the outbox.
pub struct Outbox {
    spool: Spool,
    /// All of it, in order.
    pub deliveries: Vec<Delivery>,
}

/// Waits for a condition; panics with `what` after [`LIMIT`].
pub fn wait_for(what: &str, condition: impl FnMut() -> bool) {
    wait_at_most(LIMIT, what, condition);
}

/// A reader of the site's file.
///
/// - `device`: `device.r200.port = "…"` and other lines.
pub fn reader(id: &str, device: &str) -> String {
    format!(
        "[[firmware_bridge.reader]]\nid = \"{id}\"\nread_point = \"{PLACE}\"\n\
         settle = {{ preset = \"stocktake\", quiet_ms = 300, longest_ms = 1000 }}\n{device}\n"
    )
}

impl Site {
    /// A site with these readers.
    pub fn new(readers: &str) -> Self {
        let folder = crate::folder::temporary();
        let key = SourceKey::generate(&SystemRandom::new()).expect("keys can be made");
        keystore::private::create(&folder.path().join("bridge.pem"), &key.to_pem())
            .expect("the folder is ours");
        let site = Self { folder, listen: free_address() };
        site.configure("", readers);
        site
    }

    /// Writes the site's file anew.
    ///
    /// - `settings`: more lines for the bridge itself.
    pub fn configure(&self, settings: &str, readers: &str) {
        let text = format!(
            "[firmware_bridge]\nid = \"b1\"\nkey = \"bridge.pem\"\nlisten = \"{}\"\n\
             ingest_url = \"http://{}\"\nledger = \"site.example/1\"\n{settings}\n{readers}",
            self.listen,
            free_address(),
        );
        fs::write(self.path("site.toml"), text).expect("the folder is ours");
    }

    /// A file of the site's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the bridge.
    pub fn start(&self) -> Running {
        let config = Installation::read(&self.path("site.toml"))
            .and_then(|installation| resolve(&installation))
            .unwrap_or_else(|problems| panic!("{problems}"));
        let (shutdown, stopped) = watch::channel(false);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
            runtime.block_on(firmware_bridge::run(config, process::Context::system(stopped)))
        });
        let running = Running { shutdown, thread: Some(thread) };
        let (path, listen) = (self.path("spool.sqlite"), self.listen);
        wait_for("the bridge is up", || {
            assert!(running.is_running(), "the bridge ended at once");
            path.exists() && std::net::TcpStream::connect(listen).is_ok()
        });
        running
    }

    /// The spool, to look at.
    pub fn spool(&self) -> Spool {
        Spool::look(&self.path("spool.sqlite")).expect("the bridge made it")
    }

    /// The outbox, to take deliveries from.
    pub fn outbox(&self) -> Outbox {
        let spool = Spool::open(&self.path("spool.sqlite")).expect("the bridge made it");
        Outbox { spool, deliveries: Vec::new() }
    }

    /// Everything found so far, oldest first.
    pub fn findings(&self) -> Vec<KeptFinding> {
        let mut found = self.spool().findings(1000).expect("the spool can be read");
        found.reverse();
        found
    }

    /// Waits for a finding of this reader with this code whose text holds `words`.
    pub fn wait_for_finding(&self, source: &str, code: &str, words: &str) -> KeptFinding {
        let deadline = Instant::now() + LIMIT;
        loop {
            let found = self.findings();
            let is_it = |found: &&KeptFinding| {
                found.source == source && found.code == code && found.text.contains(words)
            };
            if let Some(it) = found.iter().find(is_it) {
                return it.clone();
            }
            assert!(
                Instant::now() < deadline,
                "{source} has no finding {code} with `{words}`: {found:#?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The value of a setting.
    pub fn setting(&self, source: &str, name: &str) -> Option<String> {
        let all = self.spool().settings().expect("the spool can be read");
        all.into_iter().find(|(s, n, _)| (s.as_str(), n.as_str()) == (source, name)).map(|s| s.2)
    }
}

impl Running {
    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Stops it, and fails if it ended badly.
    pub fn stop(mut self) {
        self.shutdown.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join().expect("the bridge does not panic");
            ended.unwrap_or_else(|error| panic!("the bridge ended with: {error}"));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.send_replace(true);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

impl Outbox {
    /// Takes what is there.
    pub fn take(&mut self) {
        while let Some(waiting) = self.spool.oldest().expect("the spool can be read") {
            self.deliveries.push(Delivery::parse(&waiting.body).expect("what ingest takes"));
            self.spool.forget(waiting.boot, waiting.seq).expect("the spool can be written");
        }
    }

    /// EPC banks observed by a reader, upper-case hex.
    pub fn epcs(&self, reader: &str) -> BTreeSet<String> {
        let own = self.deliveries.iter().filter(|delivery| delivery.reader == reader);
        own.flat_map(|delivery| &delivery.observations).map(|one| one.epc_hex.clone()).collect()
    }

    /// What a reader's sensors measured, in order.
    pub fn readings(&self, reader: &str) -> Vec<&SensorReading> {
        let own = self.deliveries.iter().filter(|delivery| delivery.reader == reader);
        own.flat_map(|delivery| &delivery.sensors).collect()
    }

    /// Raw reads in a reader's windows.
    pub fn reads(&self, reader: &str) -> u64 {
        let own = self.deliveries.iter().filter(|delivery| delivery.reader == reader);
        own.map(|delivery| delivery.reads).sum()
    }

    /// What a reader's windows say is missing.
    pub fn gaps(&self, reader: &str) -> Vec<&str> {
        let own = self.deliveries.iter().filter(|delivery| delivery.reader == reader);
        own.flat_map(|delivery| &delivery.gaps).map(String::as_str).collect()
    }
}

/// EPC banks of 96 bits that no other reader has.
pub fn tags(reader: u8, count: u8) -> Vec<Vec<u8>> {
    (0..count)
        .map(|n| vec![0x30, 0x74, 0x25, 0x7B, 0xF7, reader, 0x4E, 0xFF, 0, 0xBB, 0, n])
        .collect()
}

/// Banks as upper-case hex.
pub fn hex_of(banks: &[Vec<u8>]) -> BTreeSet<String> {
    banks.iter().map(hex::encode_upper).collect()
}
