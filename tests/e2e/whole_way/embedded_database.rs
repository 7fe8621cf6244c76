//! The private PostgreSQL of `chopmark up`, killed while documents and scans come in, and damaged.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sql::cluster::Cluster;
use tests::stage::{Process, Stage, TOKEN, get, post};
use tests::waiting::{free_address, wait_for};

/// GTIN of the items that the document states.
const GTIN: &str = "09521141123454";

/// An installation in one process, with its own PostgreSQL.
struct Scene {
    stage: Stage,
    scans: SocketAddr,
    operator: SocketAddr,
}

impl Scene {
    fn new() -> Self {
        let mut stage = Stage::new(None);
        // The stage's server makes way for one that `up` runs, in the same folder.
        stage.cluster.release();
        let (scans, operator) = (free_address(), free_address());
        let file = stage.folder.path().join("chopmark.toml");
        let text = fs::read_to_string(&file).expect("the stage wrote it");
        let own = format!("url = \"{}\"", stage.cluster.url());
        assert!(text.contains(&own), "{text}");
        let more = format!(
            "[trace_api]\nlisten = \"{scans}\"\ninternal_listen = \"{operator}\"\npublic_url = \"http://{scans}\"\n\
             policy = \"policy.txt\"\nscan_secret = \"scan.secret\"\nrequests_per_minute = 1000000\n"
        );
        fs::write(&file, text.replace(&own, "embedded = true") + &more).expect("it is ours");
        keystore::private::create(
            &stage.folder.path().join("scan.secret"),
            "sixteen bytes or more",
        )
        .expect("the folder is ours");
        Self { stage, scans, operator }
    }

    fn start(&self) -> Process {
        let process = self.stage.start("chopmark.toml", "", None);
        self.wait_until_ready();
        process
    }

    fn wait_until_ready(&self) {
        for address in [self.stage.ingest, self.operator] {
            wait_for("it is ready", || get(&format!("http://{address}/readyz")).0 == 200);
        }
    }

    fn data(&self) -> PathBuf {
        self.stage.folder.path().join("postgres/data")
    }

    fn kill_postgres(&self) {
        kill(server_of(&self.data()).expect("PostgreSQL runs"));
    }

    /// Sends a document with one event until it is recorded or `is_over`; gives whether it was acknowledged.
    fn record(&self, serial: u64, is_over: &AtomicBool) -> bool {
        let url = format!("http://{}/capture", self.stage.ingest);
        let head = [("Authorization", &*format!("Bearer {TOKEN}"))];
        while !is_over.load(Ordering::Relaxed) {
            match post(&url, &head, &document(serial)) {
                (202, _) => return true,
                (0 | 503, _) => {}
                (status, text) => panic!("{status}: {text}"),
            }
        }
        false
    }
}

fn item(serial: u64) -> String {
    format!("urn:epc:id:sgtin:9521141.012345.{serial}")
}

fn document(serial: u64) -> Vec<u8> {
    let item = item(serial);
    format!(
        r#"{{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"EPCISDocument",
        "schemaVersion":"2.0","creationDate":"2026-11-20T00:00:00Z","epcisBody":{{"eventList":[{{"type":"ObjectEvent",
        "action":"OBSERVE","eventTime":"2026-11-20T00:00:00.000Z","eventTimeZoneOffset":"+00:00",
        "epcList":["{item}"],"bizStep":"storing"}}]}}}}"#
    )
    .into_bytes()
}

/// The process that runs a data folder.
fn server_of(data: &Path) -> Option<i32> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    text.lines().next()?.parse().ok()
}

fn kill(process: i32) {
    let process = nix::unistd::Pid::from_raw(process);
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGKILL).expect("it is ours");
}

#[test]
fn documents_and_scans_go_on_after_postgres_was_killed_and_nothing_acknowledged_is_lost() {
    let scene = Scene::new();
    let mut process = scene.start();
    let (is_over, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let (serials, shown) = (AtomicU64::new(0), AtomicU64::new(0));
    let acknowledged_now = || acknowledged.lock().expect("no sender failed").len();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let serial = serials.fetch_add(1, Ordering::Relaxed);
                    if scene.record(serial, &is_over) {
                        acknowledged.lock().expect("no sender failed").push(serial);
                    }
                }
            });
        }
        scope.spawn(|| {
            let url = format!("http://{}/01/{GTIN}/21/0", scene.scans);
            while !is_over.load(Ordering::Relaxed) {
                shown.fetch_add(u64::from(get(&url).0 == 200), Ordering::Relaxed);
            }
        });
        for kills in 1..=3 {
            let (before, scans) = (acknowledged_now(), shown.load(Ordering::Relaxed));
            wait_for("documents and scans go on", || {
                acknowledged_now() > before + 20 && shown.load(Ordering::Relaxed) > scans + 20
            });
            scene.kill_postgres();
            wait_for("the restart is counted by both roles", || {
                [scene.stage.ingest, scene.operator].iter().all(|address| {
                    let (_, text) = get(&format!("http://{address}/metrics"));
                    text.contains(&format!("\ndatabase_restarts_total {kills}\n"))
                })
            });
        }
        let (before, scans) = (acknowledged_now(), shown.load(Ordering::Relaxed));
        wait_for("documents and scans go on after the last one", || {
            acknowledged_now() > before + 20 && shown.load(Ordering::Relaxed) > scans + 20
        });
        is_over.store(true, Ordering::Relaxed);
    });
    // While the process runs: the command uses its PostgreSQL, and leaves it running.
    scene.stage.check_whole_ledger();
    scene.wait_until_ready();
    assert!(process.stop().success(), "{}", process.tail());
    let cluster = Cluster::start_or_join(&scene.stage.folder.path().join("postgres"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let named = scene.stage.named_at(cluster.expect("nobody runs it now").url(), &runtime);
    for serial in acknowledged.into_inner().expect("no sender failed") {
        assert_eq!(named.get(&item(serial)), Some(&1), "{serial} was acknowledged");
    }
}

#[test]
fn a_signal_to_stop_is_followed_while_postgres_recovers_however_long_that_would_take() {
    let scene = Scene::new();
    assert!(scene.start().stop().success(), "the first start makes the database");
    // A recovery that waits for an archive which never answers.
    let conf = scene.data().join("postgresql.conf");
    let text = fs::read_to_string(&conf).expect("the cluster has one");
    fs::write(&conf, text + "\nrestore_command = 'touch archive-was-asked; sleep 600; false'\n")
        .expect("it is ours");
    fs::write(scene.data().join("recovery.signal"), "").expect("it is ours");
    let mut process = scene.stage.start("chopmark.toml", "", None);
    wait_for("PostgreSQL recovers", || scene.data().join("archive-was-asked").exists());
    let server = server_of(&scene.data()).expect("PostgreSQL runs");
    let asked = Instant::now();
    process.terminate();
    let status = process.wait();
    assert!(status.success(), "{status}: {}", process.tail());
    assert!(asked.elapsed() < Duration::from_secs(30), "{:?}", asked.elapsed());
    assert!(process.tail().contains("asked to stop before everything had started"));
    assert!(!Path::new(&format!("/proc/{server}")).exists(), "PostgreSQL was left running");
}

#[test]
fn a_database_that_cannot_start_again_ends_the_process_with_its_words_and_what_to_do() {
    let scene = Scene::new();
    let mut process = scene.start();
    fs::remove_file(scene.data().join("global/pg_control")).expect("the cluster has one");
    scene.kill_postgres();
    let killed = Instant::now();
    let status = process.wait();
    assert_eq!(status.code(), Some(2), "{}", process.tail());
    assert!(killed.elapsed() < Duration::from_mins(1), "{:?}", killed.elapsed());
    let text = fs::read_to_string(scene.stage.folder.path().join(".log")).expect("its log");
    for words in ["PostgreSQL does not start", "pg_control", "What to do: ", "chopmark restore"] {
        assert!(text.contains(words), "`{words}` is not in:\n{text}");
    }
    // The file of the killed one stays; its process does not.
    let left = server_of(&scene.data()).filter(|pid| Path::new(&format!("/proc/{pid}")).exists());
    assert_eq!(left, None, "a PostgreSQL was left running");
}
