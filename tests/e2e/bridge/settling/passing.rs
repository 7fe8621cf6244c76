//! Plays traffic through the windows of production, without clock and disk, and compares what comes out with
//! what happened.
//!
//! The way through: [`play`] hands reads and edges to a [`WindowTracker`] in steps of 20 ms, as the keeper takes them, and
//! settles the windows that are due; [`Score`] counts movement events against the truth.
//!
//! What holds: a passage is found by one event of its tag at its door in its direction, about its time; every
//! other event is wrong, a second one of the same passage as well.

use std::collections::BTreeMap;
use std::time::Duration;

use demo::simulators::radio::doors::{Beam, Passage};
use firmware_bridge::config::Reader;
use jiff::{SignedDuration, Timestamp};
use process::config::bridge::ReaderSection;
use reads::{Delivery, Direction, Edge, Read, passed};
use settling::moment::Moment;
use settling::settle;
use settling::tracker::{OpenWindow, WindowTracker};

/// How often the keeper looks at its windows.
const STEP: SignedDuration = SignedDuration::from_millis(20);
/// Reads without which nothing passed.
pub const MIN_READS: u32 = 5;

/// A reader as an operator writes it.
pub fn reader(text: &str) -> Reader {
    let text =
        format!("device = {{ r200 = {{ port = \"/dev/null\", region = \"europe\" }} }}\n{text}");
    let value: serde_json::Value = toml::from_str(&text).expect("a reader in TOML");
    let section: ReaderSection = serde_json::from_value(value).expect("a reader");
    Reader::from(&section)
}

/// The deliveries that the traffic comes to; reads and edges by reader.
pub fn play(
    readers: &[Reader],
    reads: &[Vec<Read>],
    edges: &[Vec<Edge>],
    ends: Timestamp,
) -> Vec<Delivery> {
    let begins = reads.iter().flatten().map(|read| read.at).min().unwrap_or(ends);
    let count = readers.len();
    let mut now = Moment { at: begins, up: Duration::ZERO };
    let readers = readers.iter().map(Reader::settling).collect();
    let mut tracker = WindowTracker::new(readers, BTreeMap::new(), now);
    let mut next = vec![(0, 0); count];
    let mut out = Vec::new();
    for step in 1_i64.. {
        let is_over = now.at >= ends;
        now.at = begins + STEP * i32::try_from(step).expect("less than a year");
        now.up = now.at.duration_since(begins).unsigned_abs();
        tracker.caught_up(now);
        if step % 50 == 0 {
            for source in tracker.shelves_with_departures() {
                tracker.open(source, OpenWindow::new(step, now));
            }
        }
        for (source, (read, edge)) in next.iter_mut().enumerate() {
            // Reads come in order of arrival; the times that a dialect makes of a count may differ a little.
            let came = reads[source][*read..].iter().take_while(|read| read.at <= now.at).count();
            let changed = edges.get(source).map_or(0, |edges| {
                edges[*edge..].iter().take_while(|edge| edge.at <= now.at).count()
            });
            if came + changed == 0 {
                continue;
            }
            if tracker.window(source).is_none() {
                tracker.open(source, OpenWindow::new(step, now));
            }
            tracker.reads_again(source, now.up);
            for edge in edges.get(source).into_iter().flatten().skip(*edge).take(changed) {
                tracker.add_edge(source, *edge, now.up);
            }
            tracker.add_reads(source, &reads[source][*read..*read + came], now.up);
            *read += came;
            *edge += changed;
        }
        for source in tracker.due(is_over, now.up) {
            let Some(window) = tracker.remove(source) else { continue };
            let digest = window.raw.digest().to_string();
            let closing =
                tracker.closing(source, window, is_over, now).expect("a window of our own");
            let (closing, reads) = closing.expect("a reader of ours");
            let came_to = settle::close(&closing, &reads, &digest);
            if let Some(carried) = WindowTracker::carry_over(&closing, &reads, now) {
                tracker.open(source, carried);
            }
            tracker.update_presence(came_to.presence, now.up);
            out.extend(came_to.deliveries);
        }
        if is_over {
            return out;
        }
    }
    out
}

/// The edges of the light barriers of each door: input 1 is the inner one, 2 the outer.
pub fn edges(beams: &[Beam], doors: usize) -> Vec<Vec<Edge>> {
    let of = |door| {
        let own = beams.iter().filter(move |beam| beam.door == door);
        own.map(|beam| Edge {
            port: if beam.is_inside { 1 } else { 2 },
            is_active: beam.is_broken,
            at: beam.at,
        })
        .collect()
    };
    (0..doors).map(of).collect()
}

/// Right, wrong and missed events.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// Passages with their event.
    pub right: usize,
    /// Passages without, and why, if that can be told.
    pub missed: usize,
    /// Events without a passage.
    pub wrong: usize,
    /// What was wrong or missed, how often.
    pub why: BTreeMap<String, usize>,
}

impl Score {
    /// Share of the events that are right.
    pub fn precision(&self) -> f64 {
        ratio(self.right, self.right + self.wrong)
    }

    /// Share of the passages that have their event.
    pub fn recall(&self) -> f64 {
        ratio(self.right, self.right + self.missed)
    }

    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        self.right += other.right;
        self.missed += other.missed;
        self.wrong += other.wrong;
        for (why, count) in &other.why {
            *self.why.entry(why.clone()).or_default() += count;
        }
    }

    fn note(&mut self, why: String) {
        *self.why.entry(why).or_default() += 1;
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    let number = |count| f64::from(u32::try_from(count).expect("few"));
    if whole == 0 { 1.0 } else { number(part) / number(whole) }
}

/// Compares the events of `deliveries` with the passages; `reader(n)` reads door n.
pub fn score(deliveries: &[Delivery], readers: &[Reader], passages: &[Passage]) -> Score {
    let mut score = Score::default();
    let mut found = vec![0_usize; passages.len()];
    let mut by_tag: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, passage) in passages.iter().enumerate() {
        by_tag.entry(hex::encode_upper(&passage.epc)).or_default().push(place);
    }
    let mut seen: BTreeMap<(usize, &str), Vec<&reads::Observation>> = BTreeMap::new();
    for delivery in deliveries {
        let door = readers.iter().position(|reader| reader.id == delivery.reader).expect("ours");
        for observation in &delivery.observations {
            seen.entry((door, &observation.epc_hex)).or_default().push(observation);
            let Some(direction) = passed(observation, MIN_READS) else { continue };
            let slack = SignedDuration::from_secs(3);
            let own = by_tag.get(&observation.epc_hex).map_or(&[][..], Vec::as_slice);
            let is_it = |place: &&usize| {
                let passage = &passages[**place];
                passage.door == door
                    && passage.direction == direction
                    && observation.first - slack <= passage.at
                    && passage.at <= observation.last + slack
            };
            match own.iter().find(is_it) {
                Some(place) if found[*place] == 0 => {
                    found[*place] += 1;
                    score.right += 1;
                }
                Some(_) => {
                    score.wrong += 1;
                    score.note("twice".to_owned());
                }
                None => {
                    score.wrong += 1;
                    let what = match own.first().map(|place| &passages[*place]) {
                        None => "of one that did not pass",
                        Some(passage) if passage.door != door => "at the other door",
                        Some(passage) if passage.direction != direction => "the other way",
                        Some(_) => "at another time",
                    };
                    let resident = if observation.resident { ", resident" } else { "" };
                    score.note(format!("wrong: {what}{resident}"));
                }
            }
        }
    }
    for (passage, found) in passages.iter().zip(found) {
        if found > 0 {
            continue;
        }
        score.missed += 1;
        let epc_hex = hex::encode_upper(&passage.epc);
        let own = seen.get(&(passage.door, epc_hex.as_str()));
        let why = own.map_or(&[][..], Vec::as_slice).iter().map(|observation| {
            let rival = observation.rival.as_ref().is_some_and(reads::Rival::is_nearer);
            let few = observation.count < MIN_READS;
            let other = observation.direction != Some(passage.direction)
                && observation.direction != Some(Direction::Unclear);
            let way = if other { "other way" } else { "right or unclear" };
            format!("rival {rival}, few {few}, {way}, resident {}", observation.resident)
        });
        let why: Vec<String> = why.collect();
        score.note(format!("missed: {}", why.last().cloned().unwrap_or_default()));
    }
    score
}
