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
use reads::time_belief::{Belief, LATE, judge};
use reads::{Edge, MAX_READINGS, Read, SensorReading, Window, WindowError, code};

use crate::closing::Closing;
use crate::hearing::Hearing;
use crate::moment::Moment;
use crate::nearby::{self, Recent, Residents};
use crate::settings::{Preset, ReaderSettings, Settings};
use crate::settle::burst;
use crate::settle::presence::TagPresence;

/// Time beyond a reader's longest window for which its neighbours' reads are remembered: what is held over is
/// settled with the next one.
const KEPT: Duration = Duration::from_secs(40);

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
    /// What the reads' times are at least behind those of their arrival; none before the first that is not late.
    lag: Option<SignedDuration>,
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
            lag: None,
            last: None,
            since: now.up,
        }
    }

    /// Something happened that keeps the window open from `up` on, if nothing did before.
    pub fn begin(&mut self, up: Duration) {
        self.last.get_or_insert(up);
    }

    /// Whether no tag that passes was read for a while.
    fn is_quiet(&self, settings: &Settings, seen: Duration) -> bool {
        self.last.is_some_and(|last| seen.saturating_sub(last) >= settings.quiet)
    }

    fn is_due(&self, settings: &Settings, is_held: bool, seen: Duration, up: Duration) -> bool {
        let age = up.saturating_sub(self.since);
        let is_quiet = self.is_quiet(settings, seen);
        let has_sensors = !self.sensors.is_empty() && age >= settings.quiet;
        (is_quiet || self.raw.is_empty() && has_sensors) && !is_held
            || age >= settings.longest
            || self.sensors.len() >= MAX_READINGS
    }
}

/// The open windows of all readers of a bridge, and what is remembered between windows.
#[derive(Debug)]
pub struct Floor {
    readers: Vec<ReaderSettings>,
    /// How long another reader wants to know what this one read, by reader; none if no other does.
    watched: Vec<Option<SignedDuration>>,
    open: HashMap<usize, Open>,
    recent: HashMap<usize, Recent>,
    residents: HashMap<usize, Residents>,
    presence: BTreeMap<String, TagPresence>,
    /// When tags at rest were read last, time since the start; none for those not read since.
    rested: HashMap<String, Duration>,
    /// Whether each reader would be heard, in their order.
    hearings: Vec<Hearing>,
    /// Light barriers that are broken, by reader and input.
    broken: HashSet<(usize, u16)>,
    /// The last [`Open::lag`] of each reader.
    lags: HashMap<usize, SignedDuration>,
    /// The start.
    begun: Duration,
    /// Until when everything that came was taken.
    seen: Moment,
}

impl Floor {
    /// The floor of `readers`, with what was known of tags at rest, at the start.
    #[must_use]
    pub fn new(
        readers: Vec<ReaderSettings>,
        presence: BTreeMap<String, TagPresence>,
        now: Moment,
    ) -> Self {
        let kept_for = |reader: &ReaderSettings| {
            let wanting =
                readers.iter().filter(|other| other.settings.neighbours.contains(&reader.id));
            wanting.map(|other| other.settings.longest).max()
        };
        let watched = readers
            .iter()
            .map(|reader| kept_for(reader).and_then(|longest| (longest + KEPT).try_into().ok()))
            .collect();
        let hearing = |reader: &ReaderSettings| {
            let patience = Duration::from_secs(u64::from(reader.settings.presence.depart_s));
            let told = reader.silent_after.unwrap_or(patience);
            Hearing::new(patience, reader.is_behind_broker.then_some(told), now.up)
        };
        let hearings = readers.iter().map(hearing).collect();
        Self {
            readers,
            watched,
            open: HashMap::new(),
            recent: HashMap::new(),
            residents: HashMap::new(),
            presence,
            rested: HashMap::new(),
            hearings,
            broken: HashSet::new(),
            lags: HashMap::new(),
            begun: now.up,
            seen: now,
        }
    }

    /// The readers, in the order of their sources.
    #[must_use]
    pub fn readers(&self) -> &[ReaderSettings] {
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

    /// Something says that a reader does not read: silence says nothing of its tags any more, nor of its barriers.
    pub fn lose(&mut self, source: usize) {
        if let Some(hearing) = self.hearings.get_mut(source) {
            hearing.lose();
        }
        self.broken.retain(|(broken, _)| *broken != source);
    }

    /// Heeds what a finding says of a reader's reading: whatever keeps it from reading keeps its tags from being read.
    pub fn heed(&mut self, source: usize, code: &str, up: Duration) {
        match code {
            code::LOST
            | code::HELD
            | code::NO_ANTENNA
            | code::NO_ANSWER
            | code::REFUSED
            | code::HARDWARE => self.lose(source),
            code::BACK => self.hear(source, up),
            _ => {}
        }
    }

    /// A sign of life; true if the reader's silence had been told.
    pub fn live(&mut self, source: usize, up: Duration) -> bool {
        self.hearings.get_mut(source).is_some_and(|hearing| hearing.live(up))
    }

    /// A reader reads, or can again.
    pub fn hear(&mut self, source: usize, up: Duration) {
        if let Some(hearing) = self.hearings.get_mut(source) {
            hearing.hear(up);
        }
    }

    /// An antenna of a reader is gone or there again; a read by it says so too.
    pub fn antenna(&mut self, source: usize, port: u16, is_there: bool, up: Duration) {
        let Some(hearing) = self.hearings.get_mut(source) else { return };
        if is_there {
            hearing.there(port, up);
        } else {
            let is_used = self
                .readers
                .get(source)
                .is_some_and(|reader| reader.antenna_read_points.contains_key(&port));
            hearing.gone_from(port, is_used);
        }
    }

    /// The machine's clock was set: times before and after do not compare, so tags have time again to be read.
    pub fn clock_was_set(&mut self, up: Duration) {
        self.hearings.iter_mut().for_each(|hearing| hearing.wait(up));
        self.open.values_mut().for_each(|window| window.suspect_clock = true);
    }

    /// The readers behind a broker from which nothing has come for so long that somebody should know, with that
    /// time: those of which the configuration says so, and those at whose places tags rest.
    pub fn fallen_silent(&mut self) -> Vec<(usize, Duration)> {
        let is_missed = |(_, reader): &(usize, &ReaderSettings)| {
            reader.silent_after.is_some()
                || reader.settings.preset == Preset::Shelf
                    && self.presence.values().any(|tag| is_at(reader, tag))
        };
        let missed: Vec<usize> =
            self.readers.iter().enumerate().filter(is_missed).map(|(source, _)| source).collect();
        let up = self.seen.up;
        let silence = |source: usize| self.hearings.get_mut(source)?.fallen_silent(up);
        let mut silence = silence;
        missed.into_iter().filter_map(|source| Some((source, silence(source)?))).collect()
    }

    /// Takes an edge into the open window; true if it is one of a barrier that the reader's rules name.
    pub fn take_edge(&mut self, source: usize, edge: Edge, up: Duration) -> bool {
        let Some(reader) = self.readers.get(source) else { return false };
        let Some(window) = self.open.get_mut(&source) else { return false };
        if !reader.settings.is_barrier(edge.port) {
            return false;
        }
        window.edges.push(edge);
        window.last = Some(up);
        self.put_barrier(source, edge);
        true
    }

    /// Takes reads into the open window, each with the time that is believed, and gives them back so.
    pub fn take(&mut self, source: usize, reads: Vec<Read>, up: Duration) -> Vec<Read> {
        let Some(reader) = self.readers.get(source) else { return reads };
        let Some(window) = self.open.get_mut(&source) else { return reads };
        let watched = self.watched.get(source).copied().flatten();
        let stands_after = stands_after(reader);
        let passes = matches!(reader.settings.preset, Preset::Portal | Preset::Tunnel);
        let mut taken = reads;
        for read in &mut taken {
            if let Some(hearing) = self.hearings.get_mut(source) {
                hearing.there(read.antenna, up);
            }
            let arrived = read.at;
            judge_clock(read, window);
            let lag = arrived.duration_since(read.at);
            if lag <= LATE {
                let least = window.lag.map_or(lag, |least| least.min(lag));
                window.lag = Some(least);
                self.lags.insert(source, least);
            }
            let stands =
                passes && self.residents.entry(source).or_default().take(read, stands_after);
            if !stands {
                window.last = Some(up);
            }
            if let Some(keep) = watched {
                self.recent.entry(source).or_default().push(read, arrived, keep);
            }
            window.raw.push(read);
        }
        taken
    }

    /// Remembers the reads and edges of a window that was open at a crash, as if they had just been taken.
    pub fn restore(&mut self, source: usize, reads: &[Read], edges: &[Edge]) {
        let Some(reader) = self.readers.get(source) else { return };
        let (watched, stands_after) = (self.watched[source], stands_after(reader));
        for read in reads {
            self.residents.entry(source).or_default().take(read, stands_after);
            if let Some(keep) = watched {
                self.recent.entry(source).or_default().push(read, read.at, keep);
            }
        }
        for edge in edges {
            self.put_barrier(source, *edge);
        }
    }

    fn put_barrier(&mut self, source: usize, edge: Edge) {
        if edge.is_active {
            self.broken.insert((source, edge.port));
        } else {
            self.broken.remove(&(source, edge.port));
        }
    }

    /// Forgets the standing of tags that were not read for a while before `now`.
    pub fn forget(&mut self, now: Timestamp) {
        self.residents.values_mut().for_each(|residents| residents.forget(now));
    }

    /// The readers whose windows are to close, or all that have one, in order.
    #[must_use]
    pub fn due(&self, all: bool, up: Duration) -> Vec<usize> {
        let is_due = |(source, window): &(&usize, &Open)| {
            let settings = self.readers.get(**source).map(|reader| &reader.settings);
            let is_held = self.broken.iter().any(|(broken, _)| broken == *source);
            all || settings
                .is_none_or(|settings| window.is_due(settings, is_held, self.seen.up, up))
        };
        let mut due: Vec<usize> =
            self.open.iter().filter(is_due).map(|(source, _)| *source).collect();
        due.sort_unstable();
        due
    }

    /// The shelves without an open window from which tags departed while nothing was read.
    #[must_use]
    pub fn left_silently(&self) -> Vec<usize> {
        let is_left = |(source, reader): &(usize, &ReaderSettings)| {
            reader.settings.preset == Preset::Shelf
                && !self.open.contains_key(source)
                && self.departs(*source)
                && !self.silent_tags(*source, reader).is_empty()
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
        let is_shelf = reader.settings.preset == Preset::Shelf;
        // What rests is followed by strength, so neither neighbours nor standing say anything of it.
        let passing: &[Read] = if is_shelf { &[] } else { &reads };
        let neighbours = self.recent.iter().filter_map(|(other, recent)| {
            let name = self.readers.get(*other)?.id.as_str();
            reader.settings.neighbours.iter().any(|wanted| wanted == name).then_some((name, recent))
        });
        let mut presence = BTreeMap::new();
        if is_shelf {
            if self.departs(source) {
                presence = self.silent_tags(source, reader);
            }
            for read in &reads {
                let hex = hex::encode_upper(&read.epc);
                let known = self.presence.get(&hex).cloned().unwrap_or_default();
                presence.insert(hex, known);
            }
        }
        let lag = window.lag.or_else(|| self.lags.get(&source).copied()).unwrap_or_default();
        let residents = self.residents.get(&source);
        // Of a window that fell quiet, everything has passed.
        let is_quiet = window.is_quiet(&reader.settings, self.seen.up);
        let held = match residents {
            Some(residents) if !all && !is_quiet => {
                residents.passing(&reads, reader.settings.quiet, stands_after(reader))
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
            settings: reader.settings.clone(),
            suspect_clock: window.suspect_clock,
            late: window.late,
            gaps: Vec::new(),
            edges: window.edges,
            sensors: window.sensors,
            neighbour_reads: nearby::neighbour_reads(passing, lag, neighbours),
            residents: residents
                .map(|residents| residents.among(passing, stands_after(reader)))
                .unwrap_or_default(),
            held,
            presence,
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
        window.edges = burst::carried(closing, reads).copied().collect();
        Some(window)
    }

    /// Remembers where tags rest after a window that closed at `up`.
    pub fn follow(&mut self, presence: BTreeMap<String, TagPresence>, up: Duration) {
        for (epc, tag) in presence {
            if tag.last.is_none() {
                self.presence.remove(&epc);
                self.rested.remove(&epc);
            } else {
                self.rested.insert(epc.clone(), up);
                self.presence.insert(epc, tag);
            }
        }
    }

    /// Whether a silence at this reader says that a tag is gone.
    fn departs(&self, source: usize) -> bool {
        self.hearings.get(source).is_some_and(|hearing| hearing.is_telling(self.seen.up))
    }

    /// The tags at a reader's places that were silent for so long that they have departed.
    fn silent_tags(&self, source: usize, reader: &ReaderSettings) -> BTreeMap<String, TagPresence> {
        let patience = Duration::from_secs(u64::from(reader.settings.presence.depart_s));
        let gone: Vec<&String> = self
            .hearings
            .get(source)
            .into_iter()
            .flat_map(Hearing::gone)
            .map(|port| reader.antenna_read_points.get(port).unwrap_or(&reader.read_point))
            .collect();
        let is_silent = |(epc, tag): &(&String, &TagPresence)| {
            let rested = self.rested.get(*epc).copied().unwrap_or(self.begun);
            is_at(reader, tag)
                && self.seen.up.saturating_sub(rested) >= patience
                && !tag.place.as_ref().is_some_and(|place| gone.contains(&place))
        };
        let tags = self.presence.iter().filter(is_silent);
        tags.map(|(epc, tag)| (epc.clone(), tag.clone())).collect()
    }
}

/// Whether a tag rests at one of a reader's places, or nowhere yet.
fn is_at(reader: &ReaderSettings, tag: &TagPresence) -> bool {
    tag.place.as_ref().is_none_or(|place| {
        *place == reader.read_point || reader.antenna_read_points.values().any(|own| own == place)
    })
}

fn stands_after(reader: &ReaderSettings) -> SignedDuration {
    SignedDuration::from_secs(i64::from(reader.settings.resident_s))
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
mod tests;
