//! What the keeper does with windows on a real spool, whatever crashes, stalls or is full.

use std::sync::mpsc::sync_channel;

use jiff::Timestamp;
use reads::{Delivery, Read};
use settling::settle::presence::TagPresence;

use super::*;
use process::config::bridge::ReaderSection;

fn reader(section: serde_json::Value) -> Reader {
    let section: ReaderSection = serde_json::from_value(section).unwrap();
    Reader::from(&section)
}

fn settings(spool: PathBuf) -> KeeperSettings {
    settled_by(spool, &serde_json::json!({ "quiet_ms": 50, "longest_ms": 50 }))
}

fn settled_by(spool: PathBuf, settle: &serde_json::Value) -> KeeperSettings {
    let reader = reader(serde_json::json!({
        "id": "door",
        "read_point": "urn:epc:id:sgln:0614141.00001.0",
        "settle": settle,
        "device": { "r200": { "port": "/dev/null", "region": "europe" } },
    }));
    KeeperSettings {
        bridge: "bridge".to_owned(),
        spool,
        max_spool_bytes: 1 << 30,
        keep_windows: SignedDuration::from_hours(1),
        readers: vec![reader],
    }
}

fn open(settings: KeeperSettings, metrics: Metrics) -> Keeper {
    open_at(settings, metrics, &Clock::system())
}

fn open_at(settings: KeeperSettings, metrics: Metrics, clock: &Clock) -> Keeper {
    Keeper::open(settings, metrics, clock, &CrashPoints::none()).unwrap()
}

/// A read of the one tag, as a line hands it in.
fn read_now() -> Input {
    let read = Read {
        epc: [1].into(),
        tid: None,
        antenna: 1,
        rssi_cdbm: -5000,
        at: Timestamp::now(),
        reader_time: None,
        direction: None,
    };
    Input::of(0, DeviceData { reads: vec![read], ..DeviceData::default() })
}

fn deliveries(spool: &mut Spool) -> Vec<Delivery> {
    let mut out = Vec::new();
    while let Some(waiting) = spool.oldest().unwrap() {
        out.push(Delivery::parse(&waiting.body).unwrap());
        spool.forget(waiting.boot, waiting.seq).unwrap();
    }
    out
}

#[test]
fn a_tag_that_passes_over_several_windows_is_settled_once_with_all_its_reads() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spool.sqlite");
    let metrics = Metrics::new();
    let keeper = open(settings(file.clone()), metrics.clone());
    let (sender, inputs) = sync_channel(1);
    let thread = std::thread::spawn(move || keeper.run(&inputs, &AtomicBool::new(false)));
    // It is read all the time, over four times the length of a window.
    let begun = Instant::now();
    let mut sent = 0;
    while begun.elapsed() < Duration::from_millis(200) {
        sender.send(read_now()).unwrap();
        sent += 1;
    }
    drop(sender);
    thread.join().unwrap().unwrap();
    let mut spool = Spool::open(&file).unwrap();
    assert!(spool.open_windows().unwrap().is_empty());
    let deliveries = deliveries(&mut spool);
    assert!(metrics.windows.with_label_values(&["door"]).get() >= 2, "a window lasts 50 ms");
    let counts = deliveries.iter().flat_map(|one| &one.observations).map(|one| one.count);
    assert_eq!(counts.collect::<Vec<_>>(), [sent]);
}

#[test]
fn a_machine_that_stands_still_does_not_cut_a_pass_in_two() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spool.sqlite");
    let settle = serde_json::json!({ "quiet_ms": 50, "longest_ms": 60_000 });
    let settings = settled_by(file.clone(), &settle);
    let keeper = open(settings, Metrics::new());
    let (sender, inputs) = sync_channel(2);
    let (written, stalled) = sync_channel(0);
    let (_never, forever) = sync_channel::<()>(0);
    let first = Input {
        // As a disk does that takes four times as long as the window may be quiet.
        acknowledge: Some(Box::new(move || {
            written.send(()).unwrap();
            let _ = forever.recv_timeout(Duration::from_millis(200));
        })),
        ..read_now()
    };
    let thread = std::thread::spawn(move || keeper.run(&inputs, &AtomicBool::new(false)));
    sender.send(first).unwrap();
    stalled.recv().unwrap();
    sender.send(read_now()).unwrap();
    drop(sender);
    thread.join().unwrap().unwrap();
    let counts = deliveries(&mut Spool::open(&file).unwrap());
    let counts = counts.iter().flat_map(|one| &one.observations).map(|one| one.count);
    assert_eq!(counts.collect::<Vec<_>>(), [2]);
}

#[test]
fn a_full_spool_lets_no_tag_depart_whose_reads_it_drops() {
    let folder = tempfile::tempdir().unwrap();
    let settle = serde_json::json!({ "preset": "shelf", "quiet_ms": 50, "longest_ms": 50 });
    let mut settings = settled_by(folder.path().join("spool.sqlite"), &settle);
    settings.max_spool_bytes = 0;
    let mut keeper = open(settings, Metrics::new());
    let place = keeper.tracker.readers()[0].read_point.clone();
    let rests = TagPresence {
        place: Some(place),
        last: Some(Timestamp::now()),
        reads_by_place: std::collections::BTreeMap::new(),
    };
    keeper.tracker.update_presence([("01".to_owned(), rests)].into(), Duration::ZERO);
    let later = Moment { at: Timestamp::now(), up: Duration::from_hours(1) };
    keeper.tracker.caught_up(later);
    assert_eq!(keeper.tracker.shelves_with_departures(), [0], "else it would be gone by now");
    keeper.take(&[read_now()]).unwrap();
    drop(keeper.tracker.remove(0));
    assert_eq!(keeper.tracker.shelves_with_departures(), [0; 0]);
}

#[test]
fn room_is_made_until_the_spool_is_small_enough_or_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut keeper = open(settings(folder.path().join("spool.sqlite")), Metrics::new());
    let now = Timestamp::now();
    let mut batch = keeper.spool.begin().unwrap();
    for number in 0..600 {
        batch.dead_letter("door", &number.to_string(), &[b'x'; 4000], now).unwrap();
    }
    batch.commit().unwrap();
    let used = keeper.spool.used_bytes().unwrap();
    assert!(!keeper.forget_until(used - 400 * 4000).unwrap());
    assert_eq!(keeper.spool.dead_letters().unwrap().len(), 600 - 2 * 256);
    assert!(!keeper.forget_until(0).unwrap(), "room was made");
    assert!(keeper.spool.dead_letters().unwrap().is_empty());
    assert!(keeper.forget_until(0).unwrap(), "nothing was left");
}

#[test]
fn what_a_closing_window_held_back_survives_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spool.sqlite");
    let mut keeper = open(settings(file.clone()), Metrics::new());
    keeper.take(&[read_now()]).unwrap();
    keeper.close(&[0], false).unwrap();
    let held = keeper.tracker.window(0).is_some();
    drop(keeper);
    // A machine that stood still for 50 ms has let the window fall quiet; then all was settled at once.
    let mut spool = Spool::open(&file).unwrap();
    let settled = deliveries(&mut spool).iter().flat_map(|one| &one.observations).count();
    let open = spool.open_windows().unwrap();
    let kept: usize = open
        .iter()
        .map(|left| Window::parse(&spool.raw(left.window).unwrap()).unwrap().len())
        .sum();
    assert_eq!((settled, kept), if held { (0, 1) } else { (1, 0) });
}

#[test]
fn a_reader_behind_a_broker_that_publishes_nothing_is_told_once_and_its_return_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path().join("spool.sqlite"));
    settings.readers = vec![reader(serde_json::json!({
        "id": "door",
        "read_point": "urn:epc:id:sgln:0614141.00001.0",
        "silent_after_s": 60,
        "device": { "impinj-r700": { "broker": "localhost:1883", "topic": "door" } },
    }))];
    let mut keeper = open(settings, Metrics::new());
    let began = keeper.now();
    for up in [59, 60, 61] {
        let up = Duration::from_secs(up);
        let now = Moment { at: began.at + up, up };
        keeper.tracker.caught_up(now);
        keeper.check_silence_and_clock(now).unwrap();
    }
    let told = |keeper: &Keeper| -> Vec<(String, i64)> {
        let found = keeper.spool.findings(10).unwrap();
        found.into_iter().rev().map(|found| (found.code, found.count)).collect()
    };
    assert_eq!(told(&keeper), [("lost".to_owned(), 1)]);
    // A message without a read is a sign of life as well.
    let message =
        || Input { acknowledge: Some(Box::new(|| ())), ..Input::of(0, DeviceData::default()) };
    for _ in 0..2 {
        let mut group = vec![message()];
        keeper.note_messages(&mut group);
        keeper.take(&group).unwrap();
    }
    assert_eq!(told(&keeper).iter().filter(|(code, _)| code == "back").count(), 1);
}

#[test]
fn a_clock_that_is_set_is_told_of_every_reader_and_marks_what_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path().join("spool.sqlite"));
    let mut keeper = open(settings, Metrics::new());
    let now = keeper.now();
    keeper.tracker.open(0, OpenWindow::new(1, now));
    let hour = SignedDuration::from_hours(1);
    keeper.check_silence_and_clock(Moment { at: now.at + hour, ..now }).unwrap();
    let found = keeper.spool.findings(10).unwrap();
    assert_eq!((found.len(), found[0].code.as_str()), (1, code::CLOCK));
    assert!(keeper.tracker.window(0).unwrap().suspect_clock);
}

#[test]
fn windows_of_several_readers_that_close_together_have_deliveries_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spool.sqlite");
    let mut settings = settings(file.clone());
    let one = settings.readers[0].clone();
    settings.readers = vec![one.clone(), one.clone(), one];
    let metrics = Metrics::new();
    let mut keeper = open(settings, metrics.clone());
    let inputs: Vec<Input> = (0..3).map(|source| Input { source, ..read_now() }).collect();
    keeper.take(&inputs).unwrap();
    keeper.close_due(true).unwrap();
    assert!((0..3).all(|source| keeper.tracker.window(source).is_none()));
    let mut spool = Spool::open(&file).unwrap();
    let sent = deliveries(&mut spool);
    assert_eq!(sent.iter().map(|one| one.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(sent.iter().all(|one| one.observations.len() == 1));
    assert_eq!((spool.open_windows().unwrap().len(), metrics.observations.get()), (0, 3));
}

#[test]
fn windows_that_end_together_are_closed_some_in_each_commit() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spool.sqlite");
    let mut settings = settings(file.clone());
    let count = CLOSED_AT_ONCE + 6;
    settings.readers = vec![settings.readers[0].clone(); count];
    let mut keeper = open(settings, Metrics::new());
    let inputs: Vec<Input> = (0..count).map(|source| Input { source, ..read_now() }).collect();
    keeper.take(&inputs).unwrap();
    // The disk fails at the last window: what was closed before it stays closed.
    let last = keeper.tracker.window(count - 1).unwrap().window;
    let fail = format!(
        "create trigger fails before update of closed on windows when new.window = {last} \
         begin select raise(abort, 'the disk fails'); end"
    );
    rusqlite::Connection::open(&file).unwrap().execute_batch(&fail).unwrap();
    assert!(keeper.close_due(true).is_err());
    drop(keeper);
    let mut spool = Spool::open(&file).unwrap();
    assert_eq!(spool.open_windows().unwrap().len(), 6, "those of the commit that failed");
    assert_eq!(deliveries(&mut spool).len(), CLOSED_AT_ONCE);
}

#[test]
fn what_waits_of_all_lines_is_one_group_up_to_a_number_of_inputs_and_of_reads() {
    let (sender, inputs) = sync_channel(3 * GROUP);
    for number in 0..GROUP + 7 {
        sender.send(Input { source: number % 64, ..read_now() }).unwrap();
    }
    let (group, queue) = wait(&inputs);
    assert_eq!((group.len(), queue), (GROUP, Queue::More));
    assert!(group.iter().enumerate().all(|(place, input)| input.source == place % 64), "in order");
    assert_eq!(wait(&inputs).0.len(), 7);
    let many = vec![read_now().data.reads.remove(0); GROUP_READS / 2];
    for _ in 0..3 {
        sender
            .send(Input::of(0, DeviceData { reads: many.clone(), ..DeviceData::default() }))
            .unwrap();
    }
    assert_eq!(wait(&inputs).0.len(), 2);
}
