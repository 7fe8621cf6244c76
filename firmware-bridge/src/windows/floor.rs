//! The open windows of all readers and what is remembered between them: which tags stand, what neighbours read,
//! where tags rest. What a window is and what is known when it closes is decided here.
//!
//! The way through: [`Floor::take`] puts reads into the open window; [`Floor::due`] names the windows that are to
//! close; [`Floor::remove`] and [`Floor::closing`] give what such a window is settled with; what that came to is
//! told with [`Floor::follow`].
//!
//! What holds: no clock and no disk; every time is a parameter. The same inputs at the same moments give the same
//! windows, so an evaluation that plays traffic through it decides as production does.
//!
//! Not here: what survives a crash (the keeper's spool), what a window comes to ([`crate::settle`]).
//!
//! Source: docs/decisions/0015-settling.md.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reads::{MAX_READINGS, Read, SensorReading, Window, WindowError};

use super::nearby::{self, Recent, Residents};
use crate::clock::{Belief, judge};
use crate::config::Reader;
use crate::reader::Edge;
use crate::settle::{self, Closing, Preset, Settle, Whereabouts};

/// A moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The time of day.
    pub at: Timestamp,
    /// Time since the start, which nobody can set.
    pub up: Duration,
}

/// An open window.
#[derive(Debug)]
pub struct Open {
    /// Its number in the spool.
    pub window: i64,
    /// When it opened.
    pub opened: Timestamp,
    /// Its reads, in order of arrival.
    pub raw: Window,
    /// Its sensor readings, in order of arrival.
    pub sensors: Vec<SensorReading>,
    /// Edges of light barriers, in order of arrival.
    pub edges: Vec<Edge>,
    /// Whether the reader's clock was not believed.
    pub suspect_clock: bool,
    /// Whether reads came late.
    pub late: bool,
    /// When a tag that passes was read last, or a barrier changed; none while only residents were read.
    last: Option<Duration>,
    since: Duration,
}

impl Open {
    /// A window that opens now.
    #[must_use]
    pub fn new(window: i64, now: Moment) -> Self {
        Self {
            window,
            opened: now.at,
            raw: Window::default(),
            sensors: Vec::new(),
            edges: Vec::new(),
            suspect_clock: false,
            late: false,
            last: None,
            since: now.up,
        }
    }

    /// Something happened that keeps the window open from `up` on, if nothing did before.
    pub fn begin(&mut self, up: Duration) {
        self.last.get_or_insert(up);
    }

    /// Whether a light barrier is broken now.
    fn is_held(&self, settle: &Settle) -> bool {
        let mut state: BTreeMap<u16, bool> = BTreeMap::new();
        for edge in self.edges.iter().filter(|edge| settle.is_barrier(edge.port)) {
            state.insert(edge.port, edge.is_active);
        }
        state.values().any(|is_active| *is_active)
    }

    /// Whether no tag that passes was read for a while.
    fn is_quiet(&self, settle: &Settle, seen: Duration) -> bool {
        self.last.is_some_and(|last| seen.saturating_sub(last) >= settle.quiet())
    }

    fn is_due(&self, settle: &Settle, seen: Duration, up: Duration) -> bool {
        let age = up.saturating_sub(self.since);
        let is_quiet = self.is_quiet(settle, seen);
        let has_sensors = !self.sensors.is_empty() && age >= settle.quiet();
        (is_quiet || self.raw.is_empty() && has_sensors) && !self.is_held(settle)
            || age >= settle.longest()
            || self.sensors.len() >= MAX_READINGS
    }
}

/// The open windows of all readers of a bridge, and what is remembered between windows.
#[derive(Debug)]
pub struct Floor {
    readers: Vec<Reader>,
    /// Whether another reader wants to know what this one read, by reader.
    watched: Vec<bool>,
    open: HashMap<usize, Open>,
    recent: HashMap<usize, Recent>,
    residents: HashMap<usize, Residents>,
    whereabouts: BTreeMap<String, Whereabouts>,
    /// Shelves whose line is lost: nothing departs from them.
    lost: HashSet<usize>,
    /// From when on departures are decided, by reader: after a start or a lost line, tags need time to be read.
    departures_from: HashMap<usize, Duration>,
    /// Until when everything that came was taken.
    seen: Moment,
}

impl Floor {
    /// The floor of `readers`, with what was known of tags at rest, at the start.
    #[must_use]
    pub fn new(
        readers: Vec<Reader>,
        whereabouts: BTreeMap<String, Whereabouts>,
        now: Moment,
    ) -> Self {
        let is_watched = |reader: &Reader| {
            readers.iter().any(|other| other.settle.neighbours.contains(&reader.id))
        };
        let watched = readers.iter().map(is_watched).collect();
        let graces = readers.iter().map(|reader| now.up + grace(reader)).enumerate().collect();
        Self {
            readers,
            watched,
            open: HashMap::new(),
            recent: HashMap::new(),
            residents: HashMap::new(),
            whereabouts,
            lost: HashSet::new(),
            departures_from: graces,
            seen: now,
        }
    }

    /// The readers, in the order of their sources.
    #[must_use]
    pub fn readers(&self) -> &[Reader] {
        &self.readers
    }

    /// The open window of a reader.
    #[must_use]
    pub fn window(&mut self, source: usize) -> Option<&mut Open> {
        self.open.get_mut(&source)
    }

    /// Puts an open window there, in place of one that was.
    pub fn open(&mut self, source: usize, window: Open) -> &mut Open {
        self.open.entry(source).insert_entry(window).into_mut()
    }

    /// Everything that came until `now` has been taken. Only until then does it mean something that nothing came: a
    /// machine or disk that stood still leaves reads waiting that are older than they look.
    pub fn seen(&mut self, now: Moment) {
        self.seen = now;
    }

    /// The line of a reader is lost: silence says nothing of its tags any more.
    pub fn lose(&mut self, source: usize) {
        self.lost.insert(source);
    }

    /// A reader brought something; if it was lost, its tags have time again to be read.
    pub fn hear(&mut self, source: usize, up: Duration) {
        if self.lost.remove(&source)
            && let Some(reader) = self.readers.get(source)
        {
            self.departures_from.insert(source, up + grace(reader));
        }
    }

    /// Takes an edge into the open window; true if it is one of a barrier that the reader's rules name.
    pub fn take_edge(&mut self, source: usize, edge: Edge, up: Duration) -> bool {
        let Some(reader) = self.readers.get(source) else { return false };
        let Some(window) = self.open.get_mut(&source) else { return false };
        if !reader.settle.is_barrier(edge.port) {
            return false;
        }
        window.edges.push(edge);
        window.last = Some(up);
        true
    }

    /// Takes reads into the open window, each with the time that is believed, and gives them back so.
    pub fn take(&mut self, source: usize, reads: Vec<Read>, up: Duration) -> Vec<Read> {
        let Some(reader) = self.readers.get(source) else { return reads };
        let Some(window) = self.open.get_mut(&source) else { return reads };
        let is_watched = self.watched.get(source).is_some_and(|is_watched| *is_watched);
        let stands_after = stands_after(reader);
        let passes = matches!(reader.settle.preset, Preset::Portal | Preset::Tunnel);
        let keep = SignedDuration::try_from(reader.settle.longest())
            .unwrap_or(SignedDuration::from_mins(10))
            + SignedDuration::from_secs(10);
        let mut taken = reads;
        for read in &mut taken {
            judge_clock(read, window);
            let stands =
                passes && self.residents.entry(source).or_default().take(read, stands_after);
            if !stands {
                window.last = Some(up);
            }
            if is_watched {
                self.recent.entry(source).or_default().push(read, keep);
            }
            window.raw.push(read);
        }
        taken
    }

    /// Forgets the standing of tags that were not read for a while before `now`.
    pub fn forget(&mut self, now: Timestamp) {
        self.residents.values_mut().for_each(|residents| residents.forget(now));
    }

    /// The readers whose windows are to close, or all that have one, in order.
    #[must_use]
    pub fn due(&self, all: bool, up: Duration) -> Vec<usize> {
        let is_due = |(source, window): &(&usize, &Open)| {
            let settle = self.readers.get(**source).map(|reader| &reader.settle);
            all || settle.is_none_or(|settle| window.is_due(settle, self.seen.up, up))
        };
        let mut due: Vec<usize> =
            self.open.iter().filter(is_due).map(|(source, _)| *source).collect();
        due.sort_unstable();
        due
    }

    /// The shelves without an open window from which tags departed while nothing was read.
    #[must_use]
    pub fn left_silently(&self) -> Vec<usize> {
        let is_left = |(source, reader): &(usize, &Reader)| {
            reader.settle.preset == Preset::Shelf
                && !self.open.contains_key(source)
                && self.departs(*source)
                && !self.silent_tags(reader).is_empty()
        };
        self.readers.iter().enumerate().filter(is_left).map(|(source, _)| source).collect()
    }

    /// Takes a reader's window away, to be settled.
    #[must_use]
    pub fn remove(&mut self, source: usize) -> Option<Open> {
        self.open.remove(&source)
    }

    /// A window's reads, and everything else that it is settled with. What the floor does not know is left to the
    /// caller: bridge, boot, place in the sequence, gaps.
    ///
    /// - `all`: nothing is open afterwards, so no tag waits for the next window.
    ///
    /// # Errors
    ///
    /// [`WindowError`] if the raw window is no window.
    pub fn closing(
        &self,
        source: usize,
        window: Open,
        all: bool,
        now: Moment,
    ) -> Result<Option<(Closing, Vec<Read>)>, WindowError> {
        let Some(reader) = self.readers.get(source) else { return Ok(None) };
        let closed = now.at.max(window.opened);
        let reads = Window::parse(window.raw.bytes())?;
        let is_shelf = reader.settle.preset == Preset::Shelf;
        let observations = if is_shelf { vec![] } else { settle::settle(&reads) };
        let neighbours = self.recent.iter().filter_map(|(other, recent)| {
            let name = self.readers.get(*other)?.id.as_str();
            reader.settle.neighbours.iter().any(|wanted| wanted == name).then_some((name, recent))
        });
        let mut whereabouts = BTreeMap::new();
        if is_shelf {
            if self.departs(source) {
                whereabouts = self.silent_tags(reader);
            }
            for read in &reads {
                let hex = hex::encode_upper(&read.epc);
                let known = self.whereabouts.get(&hex).cloned().unwrap_or_default();
                whereabouts.insert(hex, known);
            }
        }
        let residents = self.residents.get(&source);
        // Of a window that fell quiet, everything has passed.
        let is_quiet = window.is_quiet(&reader.settle, self.seen.up);
        let held = match residents {
            Some(residents) if !all && !is_quiet => {
                residents.passing(&reads, reader.settle.quiet(), stands_after(reader))
            }
            _ => BTreeSet::new(),
        };
        let closing = Closing {
            bridge: String::new(),
            boot: 0,
            seq: 0,
            reader: reader.id.clone(),
            read_point: reader.read_point.clone(),
            antenna_read_points: reader.antenna_read_points.clone(),
            opened: window.opened,
            closed,
            settle: reader.settle.clone(),
            suspect_clock: window.suspect_clock,
            late: window.late,
            gaps: Vec::new(),
            edges: window.edges,
            sensors: window.sensors,
            elsewhere: nearby::elsewhere(&observations, neighbours),
            residents: residents
                .map(|residents| residents.among(&observations, stands_after(reader)))
                .unwrap_or_default(),
            held,
            whereabouts,
        };
        Ok(Some((closing, reads)))
    }

    /// The window that takes up the tags which a closing one held back, with their reads; none if it held none.
    #[must_use]
    pub fn carried(closing: &Closing, reads: &[Read], now: Moment) -> Option<Open> {
        if closing.held.is_empty() {
            return None;
        }
        let mut window = Open::new(0, Moment { at: closing.closed, ..now });
        window.begin(now.up);
        (window.suspect_clock, window.late) = (closing.suspect_clock, closing.late);
        for read in reads {
            if closing.held.contains(&hex::encode_upper(&read.epc)) {
                window.raw.push(read);
            }
        }
        Some(window)
    }

    /// Remembers where tags rest after a window.
    pub fn follow(&mut self, whereabouts: BTreeMap<String, Whereabouts>) {
        for (epc, tag) in whereabouts {
            if tag.last.is_none() {
                self.whereabouts.remove(&epc);
            } else {
                self.whereabouts.insert(epc, tag);
            }
        }
    }

    /// Whether a silence at this reader says that a tag is gone: not while its line is lost, nor soon after.
    fn departs(&self, source: usize) -> bool {
        !self.lost.contains(&source)
            && self.departures_from.get(&source).is_none_or(|from| self.seen.up >= *from)
    }

    /// The tags at a reader's places that were silent for so long that they have departed.
    fn silent_tags(&self, reader: &Reader) -> BTreeMap<String, Whereabouts> {
        let silence = SignedDuration::from_secs(i64::from(reader.settle.presence.depart_s));
        let is_here = |tag: &Whereabouts| match &tag.place {
            Some(place) => {
                *place == reader.read_point
                    || reader.antenna_read_points.values().any(|p| p == place)
            }
            None => true,
        };
        let is_silent = |tag: &Whereabouts| {
            tag.last.is_some_and(|last| self.seen.at.duration_since(last) >= silence)
        };
        let tags = self.whereabouts.iter().filter(|(_, tag)| is_silent(tag) && is_here(tag));
        tags.map(|(epc, tag)| (epc.clone(), tag.clone())).collect()
    }
}

/// How long tags have, after a start or a lost line, to be read again before they are gone.
fn grace(reader: &Reader) -> Duration {
    Duration::from_secs(u64::from(reader.settle.presence.depart_s))
}

fn stands_after(reader: &Reader) -> SignedDuration {
    SignedDuration::from_secs(i64::from(reader.settle.resident_s))
}

/// Takes the reader's time where it is sane, else the time of arrival, and notes what was found.
fn judge_clock(read: &mut Read, window: &mut Open) {
    match judge(read.reader_time, read.at) {
        Belief::Untold => {}
        Belief::Suspect => window.suspect_clock = true,
        belief @ (Belief::Sane | Belief::Late) => {
            window.late |= belief == Belief::Late;
            read.at = read.reader_time.unwrap_or(read.at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floor() -> Floor {
        let reader = serde_json::json!({
            "id": "door",
            "read_point": "urn:epc:id:sgln:0614141.00001.0",
            "settle": { "preset": "portal" },
            "device": { "r200": { "port": "/dev/null", "region": "europe" } },
        });
        let reader = serde_json::from_value(reader).unwrap();
        Floor::new(vec![reader], BTreeMap::new(), at(0))
    }

    fn at(millis: u64) -> Moment {
        let up = Duration::from_millis(millis);
        let at = Timestamp::from_second(1_700_000_000).unwrap() + up;
        Moment { at, up }
    }

    /// Plays reads of tags (milliseconds, tag), and gives tags and counts of each window.
    fn windows(reads: &[(u64, u8)], ends: u64) -> Vec<Vec<(String, u32)>> {
        let mut floor = floor();
        let mut out = Vec::new();
        for millis in (0..=ends).step_by(20) {
            let now = at(millis);
            floor.seen(now);
            for (when, epc) in reads.iter().filter(|(when, _)| *when == millis) {
                if floor.window(0).is_none() {
                    floor.open(0, Open::new(1, now));
                }
                let read = Read {
                    epc: vec![*epc],
                    tid: None,
                    antenna: 1,
                    rssi_cdbm: -5000,
                    at: at(*when).at,
                    reader_time: None,
                };
                floor.take(0, vec![read], now.up);
            }
            for source in floor.due(millis == ends, now.up) {
                let window = floor.remove(source).unwrap();
                let (closing, reads) =
                    floor.closing(source, window, millis == ends, now).unwrap().unwrap();
                if let Some(carried) = Floor::carried(&closing, &reads, now) {
                    floor.open(source, carried);
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
}
