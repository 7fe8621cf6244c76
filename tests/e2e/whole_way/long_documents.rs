//! Documents of many commits: ingest killed between them, and six of the largest at once beside small ones.
//!
//! What holds: every event is in the ledger exactly once, and the ledger is whole; the memory of the process is bounded.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tests::stage::{Process, Stage, TOKEN, post};
use tests::waiting::{wait_at_most, wait_for};

/// Events of the largest documents.
const MANY: u64 = 60_000;
/// Longest wait for a document, where six processes share two cores.
const LONGEST: Duration = Duration::from_mins(15);
/// Most memory that ingest may ever hold, in KiB.
const MOST_KIB: u64 = 400 * 1024;

/// An item of the document `number`.
fn item(number: u64, place: u64) -> String {
    format!("urn:epc:id:sgtin:9521141.012345.{}", number * 1_000_000 + place)
}

/// The document `number` with `count` events, each about an item of its own.
pub fn document(number: u64, count: u64) -> Vec<u8> {
    let mut text = String::from(
        r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"EPCISDocument",
        "schemaVersion":"2.0","creationDate":"2026-11-20T00:00:00Z","epcisBody":{"eventList":["#,
    );
    for place in 0..count {
        let separator = if place == 0 { "" } else { "," };
        write!(
            text,
            r#"{separator}{{"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-11-20T00:00:00.000Z","eventTimeZoneOffset":"+00:00","epcList":["{}"],"bizStep":"storing"}}"#,
            item(number, place)
        )
        .expect("a text takes everything");
    }
    text += "]}}";
    text.into_bytes()
}

/// Sends a document once; gives the status, or 0 if nobody answers.
fn send(stage: &Stage, document: &[u8]) -> (u16, serde_json::Value) {
    let url = format!("http://{}/capture", stage.ingest);
    let (status, body) = post(&url, &[("Authorization", &format!("Bearer {TOKEN}"))], document);
    (status, serde_json::from_str(&body).unwrap_or_default())
}

/// Sends a document until it is recorded, as a sender does that is asked to try again; gives the indexes of its records.
fn send_until_recorded(stage: &Stage, document: &[u8]) -> BTreeSet<u64> {
    let mut indexes = BTreeSet::new();
    wait_at_most(LONGEST, "the document is recorded", || {
        let (status, answer) = send(stage, document);
        assert!([0, 202, 503].contains(&status), "{status}: {answer}");
        let found = answer["indexes"].as_array().cloned().unwrap_or_default();
        indexes = found.iter().filter_map(serde_json::Value::as_u64).collect();
        status == 202
    });
    indexes
}

/// Most memory that the process has held so far, in KiB.
fn peak_of(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()));
    let status = status.expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
fn ingest_killed_between_the_parts_of_a_document_loses_nothing_and_doubles_nothing() {
    const COUNT: u64 = 9_000;
    for place in ["ingest.before_commit:2", "ingest.after_commit:2", "ingest.after_commit:4"] {
        let stage = Stage::new(None);
        let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
        drop(stage.start_ingest());
        let mut ingest = stage.start("chopmark.toml", "ingest", Some(place));
        let document = document(1, COUNT);
        wait_for("it is killed", || {
            send(&stage, &document);
            !ingest.is_running()
        });
        let before = stage.named(&runtime).len() as u64;
        assert!((1..COUNT).contains(&before), "{place}: {before} events before the end");
        let mut ingest = stage.start_ingest();
        let indexes = send_until_recorded(&stage, &document);
        assert_eq!(indexes, (0..COUNT).collect(), "{place}: the answer names every record");
        let named = stage.named(&runtime);
        for serial in 0..COUNT {
            assert_eq!(named.get(&item(1, serial)), Some(&1), "{place}: event {serial}");
        }
        stage.check_whole_ledger();
        assert!(ingest.stop().success(), "{}", ingest.tail());
    }
}

#[test]
fn six_documents_of_60_000_events_at_once_are_recorded_in_bounded_memory_and_small_ones_beside_them()
 {
    let stage = Stage::new(None);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let mut ingest = stage.start_ingest();
    let (is_over, small, beside) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let long: Vec<BTreeSet<u64>> = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let number = 100 + small.load(Ordering::SeqCst);
                send_until_recorded(&stage, &document(number, 1));
                small.fetch_add(1, Ordering::SeqCst);
                if !is_over.load(Ordering::SeqCst) {
                    beside.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        let all: Vec<_> = (0..6)
            .map(|number| {
                let stage = &stage;
                scope.spawn(move || {
                    let document = document(number, MANY);
                    send_until_recorded(stage, &document)
                })
            })
            .collect();
        let all = all.into_iter().map(|one| one.join().expect("it is recorded")).collect();
        is_over.store(true, Ordering::SeqCst);
        all
    });

    let peak = peak_of(&ingest);
    assert!(peak < MOST_KIB, "ingest held {peak} KiB, expected less than {MOST_KIB}");
    assert!(beside.load(Ordering::SeqCst) > 6, "small documents were answered meanwhile");
    let places: BTreeSet<u64> = long.iter().flatten().copied().collect();
    assert_eq!(places.len() as u64, 6 * MANY, "each event has a place of its own");
    let named = stage.named(&runtime);
    let once = |number: u64, place: u64| named.get(&item(number, place)) == Some(&1);
    for number in 0..6 {
        assert!((0..MANY).all(|place| once(number, place)), "document {number}");
    }
    let small = small.load(Ordering::SeqCst);
    assert!((0..small).all(|number| once(100 + number, 0)), "the small ones");
    assert_eq!(named.len() as u64, 6 * MANY + small, "and nothing else");
    stage.check_whole_ledger();
    assert!(ingest.stop().success(), "{}", ingest.tail());
}
