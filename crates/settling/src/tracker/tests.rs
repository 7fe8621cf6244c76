//! Windows, tags at rest and neighbours, on a clock that the test moves.

use super::*;
use crate::settle;

const PLACE: &str = "urn:epc:id:sgln:0614141.00001.0";

fn tracker() -> WindowTracker {
    let reader = ReaderSettings::new("door", PLACE, Settings::default());
    WindowTracker::new(vec![reader], BTreeMap::new(), at(0))
}

fn at(millis: u64) -> Moment {
    let up = Duration::from_millis(millis);
    let at = Timestamp::from_second(1_700_000_000).unwrap() + up;
    Moment { at, up }
}

/// Plays reads of tags (milliseconds, tag), and gives tags and counts of each window.
fn windows(reads: &[(u64, u8)], ends: u64) -> Vec<Vec<(String, u32)>> {
    let mut tracker = tracker();
    let mut out = Vec::new();
    for millis in (0..=ends).step_by(20) {
        let now = at(millis);
        tracker.caught_up(now);
        for (when, epc) in reads.iter().filter(|(when, _)| *when == millis) {
            if tracker.window(0).is_none() {
                tracker.open(0, OpenWindow::new(1, now));
            }
            let read = Read {
                epc: [*epc].into(),
                tid: None,
                antenna: 1,
                rssi_cdbm: -5000,
                at: at(*when).at,
                reader_time: None,
                direction: None,
            };
            tracker.add_reads(0, &[read], now.up);
        }
        for source in tracker.due(millis == ends, now.up) {
            let window = tracker.remove(source).unwrap();
            let (closing, reads) =
                tracker.closing(source, window, millis == ends, now).unwrap().unwrap();
            if let Some(carried) = WindowTracker::carry_over(&closing, &reads, now) {
                tracker.open(source, carried);
            }
            let deliveries = settle::close(&closing, &reads, "").deliveries;
            let observations = deliveries.into_iter().flat_map(|one| one.observations);
            out.push(observations.map(|one| (one.epc_hex, one.count)).collect());
        }
    }
    out
}

#[test]
fn a_window_that_falls_quiet_settles_all_that_was_in_it_at_once() {
    let reads = [(0, 1), (500, 2), (1000, 1)];
    let found = windows(&reads, 10_000);
    assert_eq!(found, [[("01".to_owned(), 2), ("02".to_owned(), 1)]]);
}

#[test]
fn a_tag_that_passes_while_its_window_lasted_long_enough_is_settled_once_and_whole() {
    // One tag after the other for 100 s; 20 s each, 1 s apart, the next before the last is gone.
    let reads: Vec<(u64, u8)> = (0..6_u8)
        .flat_map(|tag| (0..20).map(move |n| (u64::from(tag) * 18_000 + n * 1000, tag)))
        .collect();
    let found = windows(&reads, 120_000);
    assert!(found.len() >= 2, "60 s is as long as a window lasts: {found:?}");
    let mut tags: Vec<(String, u32)> = found.into_iter().flatten().collect();
    tags.sort();
    let whole: Vec<(String, u32)> = (0..6).map(|tag| (format!("{tag:02X}"), 20)).collect();
    assert_eq!(tags, whole);
}

/// A shelf with one tag at rest, of a device, and the two.
fn shelf(is_behind_broker: bool) -> WindowTracker {
    let reader = ReaderSettings {
        antenna_read_points: [(2, "urn:epc:id:sgln:0614141.00001.2".to_owned())].into(),
        is_behind_broker,
        ..ReaderSettings::new("shelf", PLACE, Settings::of(Preset::Shelf))
    };
    let mut tracker = WindowTracker::new(vec![reader], BTreeMap::new(), at(0));
    let rests = |place: &str| TagPresence {
        place: Some(place.to_owned()),
        last: Some(at(0).at),
        reads_by_place: BTreeMap::new(),
    };
    let tags = [
        ("01".to_owned(), rests("urn:epc:id:sgln:0614141.00001.0")),
        ("02".to_owned(), rests("urn:epc:id:sgln:0614141.00001.2")),
    ];
    tracker.update_presence(tags.into(), Duration::ZERO);
    tracker
}

/// The tags that would depart.
fn departing(tracker: &WindowTracker) -> Vec<String> {
    if tracker.shelves_with_departures().is_empty() {
        return Vec::new();
    }
    tracker.departed_tags(0, &tracker.readers[0]).into_keys().collect()
}

#[test]
fn no_setting_of_the_clock_lets_a_tag_depart_or_keeps_it() {
    let mut tracker = shelf(false);
    let day = SignedDuration::from_hours(24);
    tracker.caught_up(Moment { at: at(29_000).at + day, ..at(29_000) });
    assert!(departing(&tracker).is_empty());
    tracker.caught_up(Moment { at: at(30_000).at - day, ..at(30_000) });
    assert_eq!(departing(&tracker), ["01", "02"]);
    tracker.clock_was_set(Duration::from_secs(30));
    assert!(departing(&tracker).is_empty(), "they have time to be read by the new clock");
    tracker.caught_up(at(60_000));
    assert_eq!(departing(&tracker), ["01", "02"]);
}

#[test]
fn a_reader_that_does_not_read_lets_no_tag_depart_until_it_reads_again() {
    let mut tracker = shelf(false);
    tracker.stops_reading(0);
    tracker.caught_up(at(3_600_000));
    assert!(departing(&tracker).is_empty());
    tracker.reads_again(0, at(3_600_000).up);
    tracker.caught_up(at(3_629_000));
    assert!(departing(&tracker).is_empty());
    tracker.caught_up(at(3_630_000));
    assert_eq!(departing(&tracker), ["01", "02"]);
}

#[test]
fn the_tags_of_an_antenna_that_is_gone_stay_while_those_of_others_depart() {
    let mut tracker = shelf(false);
    tracker.antenna(0, 2, false, at(1000).up);
    tracker.caught_up(at(40_000));
    assert_eq!(departing(&tracker), ["01"]);
    tracker.antenna(0, 2, true, at(40_000).up);
    assert!(departing(&tracker).is_empty());
    tracker.caught_up(at(70_000));
    assert_eq!(departing(&tracker), ["01", "02"]);
}

#[test]
fn a_reader_behind_a_broker_that_publishes_nothing_is_missed_and_keeps_its_tags() {
    let mut tracker = shelf(true);
    tracker.caught_up(at(29_000));
    assert_eq!(tracker.newly_silent(), []);
    tracker.caught_up(at(40_000));
    assert_eq!(tracker.newly_silent(), [(0, Duration::from_secs(40))]);
    assert!(departing(&tracker).is_empty());
    assert!(tracker.message_arrived(0, at(41_000).up), "its silence was told");
    tracker.caught_up(at(41_000));
    assert!(departing(&tracker).is_empty());
    for millis in (42_000..72_000).step_by(1000) {
        tracker.message_arrived(0, at(millis).up);
    }
    tracker.caught_up(at(72_000));
    assert_eq!(departing(&tracker), ["01", "02"]);
}

/// Two doors that are neighbours, the clock of the second one 10 s slow; the tag is stronger at the first.
#[test]
fn the_nearer_door_is_found_however_wrong_a_readers_clock() {
    let door = |id: &str, other: &str| {
        let settings = Settings { neighbours: vec![other.to_owned()], ..Settings::default() };
        ReaderSettings::new(id, PLACE, settings)
    };
    let readers = vec![door("one", "two"), door("two", "one")];
    let mut tracker = WindowTracker::new(readers, BTreeMap::new(), at(0));
    for (source, rssi_cdbm, slow) in [(0, -4000, 0), (1, -6000, 10)] {
        tracker.open(source, OpenWindow::new(1, at(0)));
        let reads = (0..10).map(|n| {
            let arrived = at(n * 100).at;
            Read {
                epc: [1].into(),
                tid: None,
                antenna: 1,
                rssi_cdbm,
                at: arrived,
                reader_time: Some(arrived - SignedDuration::from_secs(slow)),
                direction: None,
            }
        });
        tracker.add_reads(source, &reads.collect::<Vec<_>>(), at(900).up);
    }
    for (source, other, top) in [(0, "two", -6000), (1, "one", -4000)] {
        let window = tracker.remove(source).unwrap();
        let (closing, _) = tracker.closing(source, window, true, at(3000)).unwrap().unwrap();
        let neighbour = &closing.neighbour_reads["01"];
        assert_eq!((neighbour.reader.as_str(), neighbour.rssi_top_cdbm), (other, top));
    }
}

#[test]
fn a_restored_window_knows_its_neighbours_and_its_barriers() {
    let door = |id: &str, other: &str| {
        let neighbours = vec![other.to_owned()];
        let settings = Settings { neighbours, barrier: Some(1), ..Settings::default() };
        ReaderSettings::new(id, PLACE, settings)
    };
    let mut tracker =
        WindowTracker::new(vec![door("one", "two"), door("two", "one")], BTreeMap::new(), at(0));
    let read = Read {
        epc: [1].into(),
        tid: None,
        antenna: 1,
        rssi_cdbm: -4000,
        at: at(0).at,
        reader_time: None,
        direction: None,
    };
    let edge = Edge { port: 1, is_active: true, at: at(0).at };
    for source in [0, 1] {
        tracker.restore(source, std::slice::from_ref(&read), &[edge]);
        let window = tracker.open(source, OpenWindow::new(1, at(0)));
        window.raw.push(&read);
        window.begin(at(0).up);
    }
    tracker.caught_up(at(50_000));
    assert_eq!(tracker.due(false, at(50_000).up), [0; 0], "both barriers are broken");
    let window = tracker.remove(0).unwrap();
    let (closing, _) = tracker.closing(0, window, true, at(50_000)).unwrap().unwrap();
    assert_eq!(closing.neighbour_reads["01"].reader, "two");
}
