//! What a closing window comes to: how many deliveries, of what, with which times.

use jiff::Timestamp;
use reads::{Edge, MAX_READINGS, SensorKind, SensorReading};

use super::*;
use crate::settings::Settings;
use crate::settle::burst::carried;

const BEGIN: i64 = 1_800_000_000_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(BEGIN + millis).unwrap()
}

fn read(millis: i64, epc: &[u8]) -> Read {
    Read {
        epc: epc.into(),
        tid: None,
        antenna: 1,
        rssi_cdbm: -5000,
        at: at(millis),
        reader_time: Some(at(millis)),
        direction: None,
    }
}

fn edge(millis: i64, is_active: bool) -> Edge {
    Edge { port: 1, is_active, at: at(millis) }
}

/// A portal's window that closes at `closed` milliseconds.
fn closing(closed: i64) -> Closing {
    let read_point = "urn:epc:id:sgln:0614141.00001.0";
    Closing {
        bridge: "dock".into(),
        boot: 3,
        seq: 7,
        settings: Settings { barrier: Some(1), ..Settings::default() },
        ..Closing::of_reads("door", read_point, at(0), at(closed))
    }
}

/// The deliveries, each as ingest takes it.
fn deliveries(closing: &Closing, reads: &[Read]) -> Vec<Delivery> {
    let digest = "0".repeat(64);
    let made = close(closing, reads, &digest).deliveries;
    made.iter().map(|delivery| Delivery::parse(&delivery.to_bytes()).unwrap()).collect()
}

#[test]
fn the_direction_that_a_reader_states_is_delivered_where_the_read_point_has_no_rule() {
    use reads::Direction::{In, Out, Unclear};
    let stating = |epc: u8, direction| Read { direction, ..read(0, &[epc]) };
    let reads = [
        stating(1, None),
        stating(1, Some(In)),
        stating(2, Some(Out)),
        stating(3, Some(Unclear)),
        stating(4, None),
    ];
    let made = deliveries(&closing(0), &reads);
    let told: Vec<_> = made[0].observations.iter().map(|one| one.direction).collect();
    assert_eq!(told, [Some(In), Some(Out), Some(Unclear), None]);
    let silent = [read(0, &[1])];
    assert_eq!(deliveries(&closing(0), &silent)[0].observations[0].direction, None);
}

#[test]
fn more_readings_than_a_delivery_takes_become_several_and_none_is_lost() {
    let reading = |n: usize| SensorReading {
        sensor: format!("cold-{n}"),
        kind: SensorKind::Temperature,
        value: "4.5".into(),
        unit: SensorKind::Temperature.unit().into(),
        at: at(0),
        timeless: false,
        stale: false,
        reported: None,
    };
    let count = MAX_READINGS + 300;
    let closing = Closing { sensors: (0..count).map(reading).collect(), ..closing(0) };
    let made = deliveries(&closing, &[]);
    assert!(made.len() >= 2);
    let sensors: Vec<_> = made.iter().flat_map(|one| &one.sensors).cloned().collect();
    assert_eq!(sensors, closing.sensors);
    assert_eq!(
        made.iter().map(|one| one.seq).collect::<Vec<_>>(),
        (7..).take(made.len()).collect::<Vec<_>>()
    );
}

#[test]
fn more_bytes_than_a_delivery_takes_become_several() {
    // 9,000 tags with long banks, each read by four antennas.
    let mut reads = Vec::new();
    for tag in 0..9000_u16 {
        let mut epc = vec![0x5A; 60];
        epc.extend(tag.to_be_bytes());
        for antenna in 1..=4 {
            reads.push(Read { antenna, tid: Some(vec![0xE2; 62].into()), ..read(0, &epc) });
        }
    }
    let made = deliveries(&closing(0), &reads);
    assert!(made.len() >= 2);
    assert_eq!(made.iter().map(|one| one.observations.len()).sum::<usize>(), 9000);
}

#[test]
fn passages_that_a_reader_buffered_for_hours_stay_apart() {
    let hour = 3_600_000;
    let mut reads = Vec::new();
    for pass in [0, hour, 2 * hour] {
        reads.extend((0..6).map(|n| read(pass + n * 200, &[1])));
    }
    let mut closing = Closing { late: true, ..closing(2 * hour + 2500) };
    closing.opened = at(2 * hour);
    let made = deliveries(&closing, &reads);
    let passes: Vec<_> = made
        .iter()
        .map(|one| {
            (one.seq, one.opened, one.closed, one.late, one.reads, one.observations[0].count)
        })
        .collect();
    let pass = |seq: u64, begins: i64, late: bool| (seq, at(begins), at(begins + 1000), late, 6, 6);
    assert_eq!(passes, [pass(7, 0, true), pass(8, hour, true), pass(9, 2 * hour, false)]);
    // A person who counts with a handheld that was out of range has counted once.
    closing.settings.preset = Preset::Stocktake;
    assert_eq!(deliveries(&closing, &reads).len(), 1);
}

#[test]
fn a_barrier_that_is_only_freed_says_nothing_and_neither_does_one_whose_tags_are_held_over() {
    let mut window = closing(5000);
    window.edges = vec![edge(0, false)];
    assert_eq!(deliveries(&window, &[]), []);
    window.edges = vec![edge(1000, true)];
    let made = deliveries(&window, &[]);
    assert!(made.len() == 1 && made[0].by_barrier, "something passed and nothing was readable");
    // The box that broke it is still there, and goes into the next window with its edge.
    let reads = [read(1500, &[1]), read(4900, &[1])];
    window.held = BTreeSet::from(["01".to_owned()]);
    assert_eq!(deliveries(&window, &reads), []);
    assert_eq!(carried(&window, &reads).copied().collect::<Vec<_>>(), window.edges);
    // One that went before it has gone.
    window.edges.insert(0, edge(-9000, true));
    let made = deliveries(&window, &reads);
    assert!(made.len() == 1 && made[0].by_barrier);
    assert_eq!(carried(&window, &reads).count(), 1);
}

#[test]
fn gaps_are_told_even_of_a_window_without_reads() {
    let window = Closing { gaps: vec!["12 reads".into()], ..closing(0) };
    let made = deliveries(&window, &[]);
    assert_eq!(made.iter().map(|one| &one.gaps).collect::<Vec<_>>(), [&window.gaps]);
}
