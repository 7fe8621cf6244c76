//! The way of docs/backup.md with real processes: capture, backup, more captures, the machine is lost, restore into an empty folder, nothing
//! is signed, catch up from a newer copy, sign, audit.

use std::fs;
use std::path::Path;

use tests::stage::{ORIGIN, Process, Stage, TOKEN, get, post, run};
use tests::waiting::{free_address, wait_for};

/// A document with one event about an item of its own.
fn capture(stage: &Stage, number: u64) -> (u16, String) {
    let document = format!(
        r#"{{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"EPCISDocument",
        "schemaVersion":"2.0","creationDate":"2026-11-20T00:00:00Z","epcisBody":{{"eventList":[{{"type":"ObjectEvent",
        "action":"OBSERVE","eventTime":"2026-11-20T00:00:00.000Z","eventTimeZoneOffset":"+00:00",
        "epcList":["urn:epc:id:sgtin:9521141.012345.{number}"],"bizStep":"storing"}}]}}}}"#
    );
    let url = format!("http://{}/capture", stage.ingest);
    post(&url, &[("Authorization", &format!("Bearer {TOKEN}"))], document.as_bytes())
}

/// The newest checkpoint that the ledger of a database has signed.
fn checkpoint(url: &str) -> (u64, String) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    runtime.block_on(async {
        let db = sql::Db::connect(&sql::Settings::new(url)).await.expect("the url is right");
        let row = sql::ledgers::find(&db, ORIGIN).await.expect("it answers").expect("a ledger");
        let latest = sql::ledgers::latest_checkpoint(&db, row.id).await.expect("it answers");
        let latest = latest.expect("a checkpoint");
        (latest.size, latest.note)
    })
}

/// An empty machine: a folder with nothing but a configuration that has a private database of its own.
fn empty_machine(stage: &Stage) -> tempfile::TempDir {
    let folder = tests::folder::temporary();
    let text = fs::read_to_string(stage.folder.path().join("chopmark.toml")).expect("the stage's");
    let embedded = text.replace(&format!("url = \"{}\"", stage.cluster.url()), "embedded = true");
    assert_ne!(text, embedded);
    fs::write(folder.path().join("chopmark.toml"), embedded).expect("the folder is ours");
    folder
}

fn start(machine: &Path, stage: &Stage) -> Process {
    let process =
        Process::up(&machine.join("chopmark.toml"), "ingest", machine.join("ingest.log"), &[]);
    wait_for("ingest listens", || get(&format!("http://{}/healthz", stage.ingest)).0 == 200);
    process
}

/// The bundles of these items, as trace-api gives them to anybody, are proved without a server.
fn check_bundles(machine: &Path, items: &[&str]) {
    let (public, operator) = (free_address(), free_address());
    let text = fs::read_to_string(machine.join("chopmark.toml")).expect("it is ours");
    let own = format!(
        "[trace_api]\nlisten = \"{public}\"\ninternal_listen = \"{operator}\"\npublic_url = \"http://{public}\"\n\
         policy = \"policy.txt\"\nscan_secret = \"scan.secret\"\n"
    );
    let file = machine.join("with-trace-api.toml");
    fs::write(&file, text + &own).expect("it is ours");
    keystore::private::create(&machine.join("scan.secret"), "sixteen bytes or more").expect("ours");
    let mut process = Process::up(&file, "trace-api", machine.join("trace-api.log"), &[]);
    wait_for("trace-api is ready", || get(&format!("http://{operator}/readyz")).0 == 200);
    for item in items {
        let (status, bundle) = get(&format!("http://{public}/items/{item}/bundle"));
        assert_eq!(status, 200, "{item}: {bundle}");
        fs::write(machine.join("item.bundle"), bundle).expect("it is ours");
        let words = ["verify", "item.bundle", "--policy", "policy.txt"];
        let (status, text) = run(machine, &words, &[]);
        assert!(status == Some(0) && text.contains("PROVED"), "{item}: {text}");
    }
    assert!(process.stop().success(), "{}", process.tail());
}

#[test]
fn a_lost_machine_is_restored_signs_nothing_until_caught_up_and_then_extends_what_was_given_out() {
    let stage = Stage::new(None);
    keystore::private::create(&stage.folder.path().join("backup.pass"), "a long passphrase\n")
        .expect("ours");
    let backups = tests::folder::temporary();
    let to = backups.path().join("backups").to_string_lossy().into_owned();
    let pass = stage.folder.path().join("backup.pass").to_string_lossy().into_owned();
    let mut ingest = stage.start_ingest();
    for number in 0..3 {
        assert_eq!(capture(&stage, number).0, 202);
    }
    // Secrets are not copied in the clear by accident.
    let (status, text) = stage.chopmark(&["backup", "--to", &to]);
    assert!(
        status == Some(2) && text.contains("ledger.pem") && text.contains("--passphrase-file"),
        "{text}"
    );
    let backup = ["backup", "--to", &to, "--passphrase-file", &pass, "--keep", "3"];
    let (status, text) = stage.chopmark(&backup);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains(&format!("{ORIGIN}  3 records")), "{text}");
    let restore = ["restore", "--from", &to, "--passphrase-file", &pass, "--policy", "policy.txt"];
    let (status, text) = stage.chopmark(&[&restore[..], &["--rehearse"]].concat());
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("whole  ") && text.contains("the rehearsal succeeded"), "{text}");

    // Two more records are acknowledged, and somebody keeps the checkpoint. Then the machine is lost.
    assert_eq!((capture(&stage, 3).0, capture(&stage, 4).0), (202, 202));
    let (size, seen) = checkpoint(stage.cluster.url());
    assert_eq!(size, 5);
    ingest.kill();

    let machine = empty_machine(&stage);
    let at = machine.path();
    fs::write(at.join("seen.txt"), &seen).expect("the folder is ours");
    fs::copy(stage.folder.path().join("policy.txt"), at.join("policy.txt"))
        .expect("the folder is ours");
    let (status, text) = run(at, &restore, &[]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("held      ledger") && at.join("ledger.pem").exists(), "{text}");
    let (status, text) = run(at, &restore, &[]);
    assert!(
        status == Some(2) && text.contains(&format!("the database has ledgers: got `{ORIGIN}`")),
        "{text}"
    );

    let mut restored = start(at, &stage);
    let ready = get(&format!("http://{}/readyz", stage.ingest));
    assert!(ready.0 == 503 && ready.1.contains("is held at 3 records"), "{ready:?}");
    let answer = capture(&stage, 5);
    assert!(answer.0 == 503 && answer.1.contains("urn:chopmark:problem:held"), "{answer:?}");
    let metrics = get(&format!("http://{}/metrics", stage.ingest)).1;
    assert!(metrics.contains(&format!("ingest_held_ledger{{origin=\"{ORIGIN}\"}} 1")), "{metrics}");

    // What somebody saw is newer, so nothing that a person accepts lets it sign.
    let seen = ["--policy", "policy.txt", "--seen", "seen.txt"];
    let (status, text) = run(at, &[&["restore", "check"][..], &seen].concat(), &[]);
    assert!(status == Some(1) && text.contains("the ledger shrank from 5 to 3 records"), "{text}");
    let accept = ["restore", "release", "--ledger", ORIGIN, "--accept-loss", "the disk failed"];
    let (status, text) = run(at, &[&accept[..], &seen].concat(), &[]);
    assert!(status == Some(1) && text.contains("NOT released"), "{text}");
    restored.kill();
    let mut again = start(at, &stage);
    assert_eq!(capture(&stage, 5).0, 503, "a restart does not end it");
    assert!(again.stop().success(), "{}", again.tail());

    // The disk of the old machine is found: its ledgers are closed and go on, whole, on the new one.
    let (status, text) = stage.chopmark(&[&backup[..], &["--last"]].concat());
    assert_eq!(status, Some(0), "{text}");
    let newer = empty_machine(&stage);
    let at = newer.path();
    fs::copy(stage.folder.path().join("policy.txt"), at.join("policy.txt"))
        .expect("the folder is ours");
    let (status, text) = run(at, &restore, &[]);
    assert!(status == Some(0) && !text.contains("held      "), "{text}");
    let mut ingest = start(at, &stage);
    assert_eq!(capture(&stage, 5).0, 202);
    assert!(ingest.stop().success(), "{}", ingest.tail());
    let (status, text) = run(at, &["audit", "--policy", "policy.txt"], &[]);
    assert!(status == Some(0) && text.contains("6 records"), "{text}");
    check_bundles(at, &["urn:epc:id:sgtin:9521141.012345.0", "urn:epc:id:sgtin:9521141.012345.5"]);
    // What was given out before the loss is extended by what is signed now.
    fs::write(at.join("seen.txt"), fs::read(machine.path().join("seen.txt")).expect("ours"))
        .expect("ours");
    let (status, text) = run(at, &["restore", "hold", "--made-at", "2026-11-20T02:00:00Z"], &[]);
    assert!(status == Some(0) && text.contains("1 ledgers are held"), "{text}");
    let (status, text) = run(at, &[&["restore", "check"][..], &seen].concat(), &[]);
    assert!(
        status == Some(0) && text.contains("signed for size 5, which the ledger extends"),
        "{text}"
    );
    // The closed one signs no more, so that there are not two.
    let mut old = start(stage.folder.path(), &stage);
    let answer = capture(&stage, 6);
    assert!(answer.0 == 503 && answer.1.contains("closed"), "{answer:?}");
    assert!(old.stop().success());
}

#[test]
fn a_backup_with_a_changed_byte_is_not_restored_and_an_accepted_loss_is_recorded() {
    let stage = Stage::new(None);
    let backups = tests::folder::temporary();
    let to = backups.path().join("backups");
    let mut ingest = stage.start_ingest();
    assert_eq!(capture(&stage, 0).0, 202);
    assert!(ingest.stop().success());
    let place = to.to_string_lossy().into_owned();
    // A file that was asked for is not left out in silence.
    let backup = ["backup", "--to", &place, "--plain-keys"];
    let (status, text) = stage.chopmark(&[&backup[..], &["--also", "who.pem"]].concat());
    assert!(status == Some(2) && text.contains("--also who.pem: expected a file that"), "{text}");
    assert!(!to.exists(), "no backup without it");
    let (status, text) = stage.chopmark(&backup);
    assert_eq!(status, Some(0), "{text}");
    assert!(
        fs::read_to_string(to.join("backup.prom"))
            .expect("written")
            .contains("chopmark_backup_made_timestamp_seconds ")
    );
    let backup = fs::read_dir(&to).expect("ours").flatten().find(|entry| entry.path().is_dir());
    let toc = backup.expect("a backup").path().join("database").join("toc.dat");
    let whole = fs::read(&toc).expect("a copy");
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    fs::write(&toc, changed).expect("ours");
    let machine = empty_machine(&stage);
    let at = machine.path();
    fs::copy(stage.folder.path().join("policy.txt"), at.join("policy.txt"))
        .expect("the folder is ours");
    let restore = ["restore", "--from", &place, "--policy", "policy.txt"];
    let (status, text) = run(at, &restore, &[]);
    assert!(
        status == Some(2) && text.contains("nothing was restored") && text.contains("toc.dat"),
        "{text}"
    );
    assert!(!at.join("postgres").exists() && !at.join("ledger.pem").exists());

    fs::write(&toc, whole).expect("ours");
    // Nobody authenticates the manifest of a backup in the clear: it cannot choose where its files go.
    let manifest = toc.parent().and_then(Path::parent).expect("a backup").join("manifest.json");
    let listed = fs::read_to_string(&manifest).expect("ours");
    let escaped = backups.path().join("escaped");
    let led_out = listed.replace("\"ledger.pem\"", &format!("\"{}\"", escaped.display()));
    assert_ne!(led_out, listed);
    fs::write(&manifest, led_out).expect("ours");
    let (status, text) = run(at, &restore, &[]);
    assert!(status == Some(2) && text.contains("is not authenticated"), "{text}");
    assert!(!escaped.exists() && !at.join("ledger.pem").exists());
    // The database of that attempt is unfinished: the same command with the whole backup begins again.
    fs::write(&manifest, listed).expect("ours");
    let (status, text) = run(at, &["migrate"], &[]);
    assert!(status == Some(2) && text.contains("was restored in part"), "{text}");
    let (status, text) = run(at, &restore, &[]);
    assert_eq!(status, Some(0), "{text}");
    let (_, text) = run(at, &["doctor", "--config", "chopmark.toml"], &[]);
    assert!(text.contains("is held at 1 records") || text.contains("does not run"), "{text}");
    let accept =
        ["restore", "release", "--ledger", ORIGIN, "--accept-loss", "nothing was sent since"];
    let (status, text) = run(at, &accept, &[]);
    assert!(status == Some(0) && text.contains("goes on at 1 records"), "{text}");
    let mut ingest = start(at, &stage);
    assert_eq!(capture(&stage, 1).0, 202);
    assert!(ingest.stop().success(), "{}", ingest.tail());
    let (status, text) = run(at, &["restore", "check"], &[]);
    assert!(status == Some(0) && text.contains("no ledger is held"), "{text}");
}
