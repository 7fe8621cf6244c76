//! How reliable movement events are: seeded radio traffic and recorded reads through the windows and
//! rules of production.
//!
//! The way through: `simulators::radio` makes the traffic of a seed, `passing` plays it and compares.
//!
//! What holds: rules were tuned on seeds from 1000 on, and are measured on seeds 101 to 120; the same build gives the
//! same figures every time. docs/performance.md has them; `-- --nocapture` prints them.

mod passing;

use std::collections::BTreeMap;

use demo::simulators::radio::doors::{self, Plan};
use demo::simulators::radio::shelf::{self, Step, Wiring};
use demo::simulators::radio::{self, belt};
use devices::reader::mercury::{self, Mercury, Region};
use devices::reader::{Dialect, FrameData};
use firmware_bridge::config::Reader;
use jiff::SignedDuration;
use reads::{Movement, MovementKind, Read};

use self::passing::{Score, play, reader, score};
use crate::recorded::{self, Counts};

/// The doors' readers.
fn doors(count: usize, rest: &str, has_neighbours: bool) -> Vec<Reader> {
    let one = |door: usize| {
        let others: Vec<String> =
            (0..count).filter(|other| *other != door).map(|o| format!("\"door-{o}\"")).collect();
        let neighbours = if has_neighbours { others.join(", ") } else { String::new() };
        reader(&format!(
            "id = \"door-{door}\"\nread_point = \"urn:epc:id:sgln:0614141.0000{door}.0\"\n\
             [settle]\npreset = \"portal\"\nneighbours = [{neighbours}]\n{rest}"
        ))
    };
    (0..count).map(one).collect()
}

const ANTENNAS: &str = "direction = { inside_antennas = [1, 2], outside_antennas = [3, 4] }";

fn portal(seeds: std::ops::Range<u64>, plan: &Plan, rest: &str, has_neighbours: bool) -> Score {
    let mut sum = Score::default();
    for seed in seeds {
        let traffic = doors::traffic(seed, plan);
        let readers = doors(plan.doors, rest, has_neighbours);
        let last = traffic.reads.iter().flatten().map(|read| read.at).max().expect("reads");
        let ends = last + SignedDuration::from_secs(5);
        let edges = passing::edges(&traffic.beams, plan.doors);
        let deliveries = play(&readers, &traffic.reads, &edges, ends);
        sum.add(&score(&deliveries, &readers, &traffic.passages));
    }
    sum
}

fn told(name: &str, score: &Score) {
    println!(
        "{name}: precision {:.4}, recall {:.4}, right {} wrong {} missed {}",
        score.precision(),
        score.recall(),
        score.right,
        score.wrong,
        score.missed
    );
    for (why, count) in &score.why {
        println!("  {count} {why}");
    }
}

/// A shelf's steps against the truth.
#[derive(Debug, Default)]
struct Steps {
    true_arrivals: usize,
    true_moves: usize,
    true_departures: usize,
    arrived: usize,
    arrived_elsewhere: usize,
    moved: usize,
    /// Moves beyond one for each real move.
    moved_twice: usize,
    /// Moves of a tag that nobody moved in that time.
    moved_alone: usize,
    departed: usize,
    /// Departures of a tag that is there, and arrivals that follow.
    departed_early: usize,
}

fn shelf(seeds: std::ops::Range<u64>, wiring: Wiring, hidden_s: f64) -> Steps {
    let mut sum = Steps::default();
    for seed in seeds {
        let traffic = shelf::traffic(seed, wiring, 20, hidden_s);
        let ends = radio::time(traffic.ends_s + 60.0);
        let deliveries = play(&shelves(wiring), &traffic.reads, &[], ends);
        let mut found: BTreeMap<&str, Vec<&Movement>> = BTreeMap::new();
        for movement in deliveries.iter().flat_map(|delivery| &delivery.movements) {
            found.entry(&movement.epc_hex).or_default().push(movement);
        }
        let mut truth: BTreeMap<String, Vec<&Step>> = BTreeMap::new();
        for step in &traffic.steps {
            truth.entry(hex::encode_upper(&step.epc)).or_default().push(step);
        }
        for (epc, steps) in &truth {
            let found = found.get(epc.as_str()).map_or(&[][..], Vec::as_slice);
            compare(steps, found, &mut sum);
        }
    }
    sum
}

/// Each found step belongs to the real one before it, or to one that comes within a second.
fn compare(steps: &[&Step], found: &[&Movement], sum: &mut Steps) {
    let mut of = vec![Vec::new(); steps.len()];
    for movement in found {
        let soon = movement.at + SignedDuration::from_secs(3);
        let last = steps.iter().rposition(|step| step.at <= soon).unwrap_or(0);
        of[last].push(*movement);
    }
    for (step, found) in steps.iter().zip(of) {
        let count =
            |kind: MovementKind| found.iter().filter(|movement| movement.kind == kind).count();
        let (arrived, moved) = (count(MovementKind::Arrived), count(MovementKind::Moved));
        let departed = count(MovementKind::Departed);
        match (step.from, step.to) {
            (None, Some(to)) => {
                sum.true_arrivals += 1;
                sum.arrived += arrived.min(1);
                let place = Some(place(to));
                let is_elsewhere = found.iter().any(|m| {
                    m.kind == MovementKind::Arrived && m.to.as_deref() != place.as_deref()
                });
                sum.arrived_elsewhere += usize::from(is_elsewhere);
                sum.moved_alone += moved;
                sum.departed_early += departed + arrived.saturating_sub(1);
            }
            (Some(_), Some(_)) => {
                sum.true_moves += 1;
                sum.moved += moved.min(1);
                sum.moved_twice += moved.saturating_sub(1);
                sum.departed_early += departed + arrived;
            }
            _ => {
                sum.true_departures += 1;
                sum.departed += departed.min(1);
                sum.departed_early += departed.saturating_sub(1);
                sum.moved_alone += moved;
            }
        }
    }
}

fn place(number: usize) -> String {
    format!("urn:epc:id:sgln:0614141.00009.{number}")
}

fn shelves(wiring: Wiring) -> Vec<Reader> {
    let one = |number: usize, rest: &str| {
        reader(&format!(
            "id = \"shelf-{number}\"\nread_point = \"{}\"\n{rest}\n[settle]\npreset = \"shelf\"",
            place(number)
        ))
    };
    match wiring {
        Wiring::TwoReaders => vec![one(0, ""), one(1, "")],
        Wiring::TwoAntennas => {
            vec![one(0, &format!("antenna_read_points = {{ 2 = \"{}\" }}", place(1)))]
        }
    }
}

/// Seeds on which nothing was tuned.
const SEEDS: std::ops::Range<u64> = 101..121;

#[test]
fn two_doors_three_metres_apart_are_right_in_99_of_100_movement_events() {
    let plan = Plan::default();
    let found = portal(SEEDS, &plan, ANTENNAS, true);
    told("two doors", &found);
    assert!(found.right + found.missed >= 20 * 200);
    assert!(found.precision() >= 0.99 && found.recall() >= 0.99);
    let alone = portal(101..106, &plan, ANTENNAS, false);
    told("without neighbours", &alone);
    assert!(alone.precision() < 0.7, "suppression brings something");
}

#[test]
fn doors_that_are_never_quiet_are_right_as_often() {
    let busy = portal(101..106, &Plan { headway_s: 16.0, ..Plan::default() }, ANTENNAS, true);
    told("a pallet every 16 s at each door", &busy);
    assert!(busy.precision() >= 0.98 && busy.recall() >= 0.98);
}

#[test]
fn pallets_that_stand_before_an_open_door_for_minutes_are_found_less_often() {
    let staged = portal(101..106, &Plan { staged_pct: 16, ..Plan::default() }, ANTENNAS, true);
    told("every sixth pallet stands near the door for minutes", &staged);
    assert!(staged.precision() >= 0.97 && staged.recall() >= 0.85);
}

#[test]
fn light_barriers_tell_the_direction_where_antennas_do_not() {
    let rule = "direction = { inside_barrier = 1, outside_barrier = 2 }";
    let found = portal(101..106, &Plan::default(), rule, true);
    told("light barriers only", &found);
    assert!(found.precision() >= 0.98 && found.recall() >= 0.98);
}

#[test]
fn boxes_on_a_belt_0_8_s_apart_are_one_observation_each() {
    let (mut boxes, mut once, mut again, mut missed) = (0, 0, 0, 0);
    for seed in SEEDS {
        let line = belt::boxes(seed, 100, 0.8, 1.0);
        let readers = vec![reader(
            "id = \"tunnel\"\nread_point = \"urn:epc:id:sgln:0614141.00007.0\"\n[settle]\n\
             preset = \"tunnel\"\nbarrier = 1",
        )];
        let ends = line.passed.last().unwrap().at + SignedDuration::from_secs(10);
        let edges = passing::edges(&line.beams, 1);
        let deliveries = play(&readers, &[line.reads], &edges, ends);
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for observation in deliveries.iter().flat_map(|delivery| &delivery.observations) {
            // What a window's end cuts off is less than a box.
            let is_box = observation.count >= passing::MIN_READS;
            *seen.entry(&observation.epc_hex).or_default() += usize::from(is_box);
        }
        for passed in &line.passed {
            boxes += 1;
            match seen.get(hex::encode_upper(&passed.epc).as_str()) {
                None | Some(0) => missed += 1,
                Some(1) => once += 1,
                Some(_) => again += 1,
            }
        }
    }
    println!("tunnel: {boxes} boxes, {once} once, {again} in two windows, {missed} missed");
    assert!(once * 1000 >= boxes * 995);
}

#[test]
fn a_count_with_a_handheld_finds_every_tag_once() {
    let (mut tags, mut found) = (0, 0);
    for seed in SEEDS {
        let line = belt::racks(seed, 200);
        let readers = vec![reader(
            "id = \"hand\"\nread_point = \"urn:epc:id:sgln:0614141.00008.0\"\n[settle]\n\
             preset = \"stocktake\"",
        )];
        let ends = line.passed.last().unwrap().at + SignedDuration::from_secs(40);
        let deliveries = play(&readers, &[line.reads], &[], ends);
        assert_eq!(deliveries.len(), 1, "one count is one window");
        tags += line.passed.len();
        found += deliveries[0].observations.len();
    }
    println!("stocktake: {found} of {tags} tags");
    assert!(found <= tags && found * 1000 >= tags * 998);
}

#[test]
fn a_tag_at_a_shelf_border_moves_once_for_each_real_move_and_never_by_itself() {
    for wiring in [Wiring::TwoReaders, Wiring::TwoAntennas] {
        let found = shelf(SEEDS, wiring, 3.0);
        println!("{wiring:?}: {found:?}");
        assert_eq!((found.moved_twice, found.moved_alone, found.departed_early), (0, 0, 0));
        assert_eq!((found.arrived, found.departed), (found.true_arrivals, found.true_departures));
        assert_eq!(found.arrived_elsewhere, 0);
        assert!(found.moved * 100 >= found.true_moves * 97);
    }
}

#[test]
fn a_tag_that_somebody_hides_for_20_s_does_not_depart() {
    let found = shelf(101..106, Wiring::TwoReaders, 20.0);
    println!("hidden for up to 20 s: {found:?}");
    assert_eq!((found.departed_early, found.departed), (0, found.true_departures));
    assert!(found.moved_alone + found.moved_twice <= 2);
}

/// Reads of an M6E Nano, through the dialect.
fn reads_of(frames: &[(f64, Vec<u8>)]) -> Vec<Read> {
    let settings =
        mercury::Settings { power_cdbm: 1000, region: Region::Europe, antennas: vec![1] };
    let mut dialect = Mercury::new(settings);
    dialect.open();
    let mut fed = FrameData::default();
    for (millis, frame) in frames {
        dialect.feed(frame, radio::time(millis / 1000.0), &mut fed);
    }
    fed.reads
}

/// Plays three standing tags through a portal and through a shelf.
fn check_three_that_stand(frames: &[(f64, Vec<u8>)], counts: Counts) {
    let reads = reads_of(frames);
    let first = reads.iter().map(|read| read.at).min().expect("reads");
    let last = reads.iter().map(|read| read.at).max().expect("reads");
    let portal = reader(
        "id = \"door\"\nread_point = \"urn:epc:id:sgln:0614141.00001.0\"\n[settle]\npreset = \"portal\"",
    );
    let deliveries =
        play(&[portal], std::slice::from_ref(&reads), &[], last + SignedDuration::from_secs(5));
    let mut by_tag: BTreeMap<&str, u64> = BTreeMap::new();
    for observation in deliveries.iter().flat_map(|delivery| &delivery.observations) {
        *by_tag.entry(&observation.epc_hex).or_default() += u64::from(observation.count);
    }
    assert_eq!(deliveries.len(), 1);
    assert_eq!(by_tag, counts.into());
    let ends = first + SignedDuration::from_secs(25);
    let deliveries = play(&shelves(Wiring::TwoReaders).split_off(1), &[reads], &[], ends);
    let movements = deliveries.iter().flat_map(|delivery| &delivery.movements);
    let kinds: Vec<MovementKind> = movements.map(|movement| movement.kind).collect();
    assert_eq!(kinds, [MovementKind::Arrived; 3]);
}

#[test]
fn three_tags_that_stand_are_three_observations_and_three_arrivals() {
    let (frames, counts) = recorded::timed();
    check_three_that_stand(&frames, counts);
}

#[test]
fn three_recorded_tags_that_stand_are_three_observations_and_three_arrivals() {
    let adds =
        "1,122 recorded reads of three tags that stand, through the rules of doors and shelves";
    let Some((frames, counts)) = recorded::recorded_timed(adds) else { return };
    check_three_that_stand(&frames, counts);
}
