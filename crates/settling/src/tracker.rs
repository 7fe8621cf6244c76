//! The open windows of all readers, and what is remembered between windows: which tags are residents, what
//! neighbours read, where tags rest. What a window is and what is known when it closes is decided here.
//!
//! The way through: [`WindowTracker::add_reads`] puts reads into the open window; [`WindowTracker::due`] names the
//! windows that are to close; [`WindowTracker::remove`] and [`WindowTracker::closing`] give what such a window is
//! settled with; the result goes back in through [`WindowTracker::update_presence`].
//!
//! What holds: no clock and no disk; every time is a parameter. The same inputs at the same moments give the same
//! windows, so an evaluation that plays traffic through it decides as production does.
//!
//! Not here: what survives a crash (the spool of `firmware-bridge`), what a window is settled into
//! ([`crate::settle`]).
//!
//! Source: docs/decisions/0015-settling.md.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reads::time_belief::{Belief, LATE, judge};
use reads::{Bank, Edge, MAX_READINGS, Read, SensorReading, Window, WindowError, code};

use crate::availability::Availability;
use crate::closing::Closing;
use crate::moment::Moment;
use crate::nearby::{self, RecentReads, Residents};
use crate::settings::{Preset, ReaderSettings, Settings};
use crate::settle::burst;
use crate::settle::presence::TagPresence;

/// Time beyond a reader's longest window for which its neighbours' reads are remembered: reads that are held over
/// are settled with the next window.
const KEPT: Duration = Duration::from_secs(40);

/// An open window.
#[derive(Debug)]
pub struct OpenWindow {
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
    /// Whether reads arrived late.
    pub late: bool,
    /// Least delay between a read's time and its arrival; none before the first read that is not late.
    lag: Option<SignedDuration>,
    /// When a passing tag was last read, or a barrier changed; none while only residents were read.
    last: Option<Duration>,
    /// When it opened, time since the start.
    since: Duration,
}

impl OpenWindow {
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

    /// Counts the window as active from `up` on, unless it was active before.
    pub fn begin(&mut self, up: Duration) {
        self.last.get_or_insert(up);
    }

    /// Whether no passing tag was read for the configured time.
    fn is_quiet(&self, settings: &Settings, caught_up: Duration) -> bool {
        self.last.is_some_and(|last| caught_up.saturating_sub(last) >= settings.quiet)
    }

    fn is_due(
        &self,
        settings: &Settings,
        is_held: bool,
        caught_up: Duration,
        up: Duration,
    ) -> bool {
        let age = up.saturating_sub(self.since);
        let is_quiet = self.is_quiet(settings, caught_up);
        let has_sensors = !self.sensors.is_empty() && age >= settings.quiet;
        (is_quiet || self.raw.is_empty() && has_sensors) && !is_held
            || age >= settings.longest
            || self.sensors.len() >= MAX_READINGS
    }
}

/// The open windows of all readers of a bridge, and what is remembered between windows.
#[derive(Debug)]
pub struct WindowTracker {
    readers: Vec<ReaderSettings>,
    /// How long each reader's reads are kept for its neighbours; none if no other reader names it as one.
    watched: Vec<Option<SignedDuration>>,
    open: HashMap<usize, OpenWindow>,
    recent: HashMap<usize, RecentReads>,
    residents: HashMap<usize, Residents>,
    presence: BTreeMap<String, TagPresence>,
    /// When each tag at rest was last read, time since the start; no entry for those not read since.
    rested: HashMap<String, Duration>,
    /// Whether each reader is able to read, in their order.
    availabilities: Vec<Availability>,
    /// Light barriers that are broken, by reader and input.
    broken: HashSet<(usize, u16)>,
    /// The last [`OpenWindow::lag`] of each reader.
    lags: HashMap<usize, SignedDuration>,
    /// The start.
    begun: Duration,
    /// Until when everything that arrived was added.
    caught_up: Moment,
}

impl WindowTracker {
    /// A tracker of `readers` at the start, with the presence of tags known from before.
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
        let availability = |reader: &ReaderSettings| {
            let patience = Duration::from_secs(u64::from(reader.settings.presence.depart_s));
            let report_after = reader.silent_after.unwrap_or(patience);
            Availability::new(patience, reader.is_behind_broker.then_some(report_after), now.up)
        };
        let availabilities = readers.iter().map(availability).collect();
        Self {
            readers,
            watched,
            open: HashMap::new(),
            recent: HashMap::new(),
            residents: HashMap::new(),
            presence,
            rested: HashMap::new(),
            availabilities,
            broken: HashSet::new(),
            lags: HashMap::new(),
            begun: now.up,
            caught_up: now,
        }
    }

    /// The readers, in the order of their sources.
    #[must_use]
    pub fn readers(&self) -> &[ReaderSettings] {
        &self.readers
    }

    /// The open window of a reader.
    #[must_use]
    pub fn window(&mut self, source: usize) -> Option<&mut OpenWindow> {
        self.open.get_mut(&source)
    }

    /// Sets a reader's open window, replacing the one it had.
    pub fn open(&mut self, source: usize, window: OpenWindow) -> &mut OpenWindow {
        self.open.entry(source).insert_entry(window).into_mut()
    }

    /// Everything that arrived until `now` has been added. Silence counts only until then: after a stall of the
    /// machine or its disk, reads still wait that are older than they look.
    pub fn caught_up(&mut self, now: Moment) {
        self.caught_up = now;
    }

    /// A reader does not read: missing reads no longer count as departures, and the state of its barriers is unknown.
    pub fn stops_reading(&mut self, source: usize) {
        if let Some(availability) = self.availabilities.get_mut(source) {
            availability.stopped_reading();
        }
        self.broken.retain(|(broken, _)| *broken != source);
    }

    /// Applies what a finding says about a reader's ability to read.
    pub fn apply_finding(&mut self, source: usize, code: &str, up: Duration) {
        match code {
            code::LOST
            | code::HELD
            | code::NO_ANTENNA
            | code::NO_ANSWER
            | code::REFUSED
            | code::HARDWARE => self.stops_reading(source),
            code::BACK => self.reads_again(source, up),
            _ => {}
        }
    }

    /// A message arrived from a reader. True if its silence was reported before.
    pub fn message_arrived(&mut self, source: usize, up: Duration) -> bool {
        self.availabilities
            .get_mut(source)
            .is_some_and(|availability| availability.message_arrived(up))
    }

    /// A reader reads, or is able to again.
    pub fn reads_again(&mut self, source: usize, up: Duration) {
        if let Some(availability) = self.availabilities.get_mut(source) {
            availability.reads_again(up);
        }
    }

    /// An antenna of a reader was disconnected or connected; a read by it counts as connected too.
    pub fn antenna(&mut self, source: usize, port: u16, is_there: bool, up: Duration) {
        let Some(availability) = self.availabilities.get_mut(source) else { return };
        if is_there {
            availability.antenna_found(port, up);
        } else {
            let is_configured = self
                .readers
                .get(source)
                .is_some_and(|reader| reader.antenna_read_points.contains_key(&port));
            availability.antenna_missing(port, is_configured);
        }
    }

    /// The machine's clock was set: times before and after are not comparable, so tags get time to be read again.
    pub fn clock_was_set(&mut self, up: Duration) {
        self.availabilities.iter_mut().for_each(|availability| availability.wait_for_reads(up));
        self.open.values_mut().for_each(|window| window.suspect_clock = true);
    }

    /// The readers behind a broker that have just been silent for long enough to be reported, with that time: those
    /// with a configured limit, and those at whose places tags rest.
    pub fn newly_silent(&mut self) -> Vec<(usize, Duration)> {
        let is_missed = |(_, reader): &(usize, &ReaderSettings)| {
            reader.silent_after.is_some()
                || reader.settings.preset == Preset::Shelf
                    && self.presence.values().any(|tag| is_at(reader, tag))
        };
        let missed: Vec<usize> =
            self.readers.iter().enumerate().filter(is_missed).map(|(source, _)| source).collect();
        let up = self.caught_up.up;
        let mut silence = |source: usize| self.availabilities.get_mut(source)?.newly_silent(up);
        missed.into_iter().filter_map(|source| Some((source, silence(source)?))).collect()
    }

    /// Adds an edge to the open window. True if it is of a barrier that the reader's settings name.
    pub fn add_edge(&mut self, source: usize, edge: Edge, up: Duration) -> bool {
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

    /// Adds reads to the open window, each with the time that is believed. Gives the bytes that they are in the raw
    /// window; none if there is no open window.
    pub fn add_reads(&mut self, source: usize, reads: &[Read], up: Duration) -> &[u8] {
        let Some(reader) = self.readers.get(source) else { return &[] };
        let Some(window) = self.open.get_mut(&source) else { return &[] };
        let before = window.raw.bytes().len();
        let resident_after = resident_after(reader);
        let passes = matches!(reader.settings.preset, Preset::Portal | Preset::Tunnel);
        let mut residents = passes.then(|| self.residents.entry(source).or_default());
        let watched = self.watched.get(source).copied().flatten();
        let mut recent = watched.map(|keep| (keep, self.recent.entry(source).or_default()));
        let mut availability = self.availabilities.get_mut(source);
        let mut last_antenna = None;
        for read in reads {
            if last_antenna.replace(read.antenna) != Some(read.antenna)
                && let Some(availability) = &mut availability
            {
                availability.antenna_found(read.antenna, up);
            }
            let at = judge_clock(read, window);
            let lag = read.at.duration_since(at);
            if lag <= LATE {
                let least = window.lag.map_or(lag, |least| least.min(lag));
                window.lag = Some(least);
            }
            let is_resident = residents
                .as_mut()
                .is_some_and(|residents| residents.add(&read.epc, at, resident_after));
            if !is_resident {
                window.last = Some(up);
            }
            if let Some((keep, recent)) = &mut recent {
                recent.push(read, at, read.at, *keep);
            }
            window.raw.push_at(read, at);
        }
        if let Some(lag) = window.lag {
            self.lags.insert(source, lag);
        }
        &window.raw.bytes()[before..]
    }

    /// Remembers the reads and edges of a window that was open at a crash, as if they had just been added.
    pub fn restore(&mut self, source: usize, reads: &[Read], edges: &[Edge]) {
        let Some(reader) = self.readers.get(source) else { return };
        let (watched, resident_after) = (self.watched[source], resident_after(reader));
        for read in reads {
            self.residents.entry(source).or_default().add(&read.epc, read.at, resident_after);
            if let Some(keep) = watched {
                self.recent.entry(source).or_default().push(read, read.at, read.at, keep);
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

    /// Forgets how long tags were read that have not been read for a while before `now`.
    pub fn forget_residents(&mut self, now: Timestamp) {
        self.residents.values_mut().for_each(|residents| residents.forget_paused(now));
    }

    /// The readers whose windows are to close, in order; with `all`, every reader that has one.
    #[must_use]
    pub fn due(&self, all: bool, up: Duration) -> Vec<usize> {
        let is_due = |(source, window): &(&usize, &OpenWindow)| {
            let settings = self.readers.get(**source).map(|reader| &reader.settings);
            let is_held = self.broken.iter().any(|(broken, _)| broken == *source);
            all || settings
                .is_none_or(|settings| window.is_due(settings, is_held, self.caught_up.up, up))
        };
        let mut due: Vec<usize> =
            self.open.iter().filter(is_due).map(|(source, _)| *source).collect();
        due.sort_unstable();
        due
    }

    /// The shelves without an open window from which tags departed while nothing was read there.
    #[must_use]
    pub fn shelves_with_departures(&self) -> Vec<usize> {
        let is_left = |(source, reader): &(usize, &ReaderSettings)| {
            reader.settings.preset == Preset::Shelf
                && !self.open.contains_key(source)
                && self.absence_counts(*source)
                && !self.departed_tags(*source, reader).is_empty()
        };
        self.readers.iter().enumerate().filter(is_left).map(|(source, _)| source).collect()
    }

    /// Removes a reader's window, so that it can be settled.
    #[must_use]
    pub fn remove(&mut self, source: usize) -> Option<OpenWindow> {
        self.open.remove(&source)
    }

    /// A window's reads, and everything else that it is settled with. What the tracker does not know is left to
    /// the caller: bridge, boot, sequence number, gaps.
    ///
    /// - `all`: nothing is open afterwards, so no tag waits for the next window.
    ///
    /// # Errors
    ///
    /// [`WindowError`] if the raw window is no window.
    pub fn closing(
        &self,
        source: usize,
        window: OpenWindow,
        all: bool,
        now: Moment,
    ) -> Result<Option<(Closing, Vec<Read>)>, WindowError> {
        let Some(reader) = self.readers.get(source) else { return Ok(None) };
        let closed = now.at.max(window.opened);
        let reads = Window::parse(window.raw.bytes())?;
        let is_shelf = reader.settings.preset == Preset::Shelf;
        // Tags at rest are located by signal strength, so neighbours and residents do not matter for them.
        let passing: &[Read] = if is_shelf { &[] } else { &reads };
        let neighbours = self.recent.iter().filter_map(|(other, recent)| {
            let name = self.readers.get(*other)?.id.as_str();
            reader.settings.neighbours.iter().any(|wanted| wanted == name).then_some((name, recent))
        });
        let lag = window.lag.or_else(|| self.lags.get(&source).copied()).unwrap_or_default();
        let residents = self.residents.get(&source);
        // Once a window is quiet, every tag in it has passed.
        let is_quiet = window.is_quiet(&reader.settings, self.caught_up.up);
        let held = match residents {
            Some(residents) if !all && !is_quiet => {
                residents.passing(&reads, reader.settings.quiet, resident_after(reader))
            }
            _ => BTreeSet::new(),
        };
        let presence =
            if is_shelf { self.presence_before(source, reader, &reads) } else { BTreeMap::new() };
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
                .map(|residents| residents.among(passing, resident_after(reader)))
                .unwrap_or_default(),
            held,
            presence,
        };
        Ok(Some((closing, reads)))
    }

    /// Presence before a shelf's window, of the tags in it and of those that were not read for too long.
    fn presence_before(
        &self,
        source: usize,
        reader: &ReaderSettings,
        reads: &[Read],
    ) -> BTreeMap<String, TagPresence> {
        let mut presence = BTreeMap::new();
        if self.absence_counts(source) {
            presence = self.departed_tags(source, reader);
        }
        let epcs: HashSet<&Bank> = reads.iter().map(|read| &read.epc).collect();
        for epc in epcs {
            let hex = hex::encode_upper(epc);
            let tag = self.presence.get(&hex).cloned().unwrap_or_default();
            presence.insert(hex, tag);
        }
        presence
    }

    /// The window that continues with the tags that a closing window held over, with their reads; none if it held
    /// over none.
    #[must_use]
    pub fn carry_over(closing: &Closing, reads: &[Read], now: Moment) -> Option<OpenWindow> {
        if closing.held.is_empty() {
            return None;
        }
        let mut window = OpenWindow::new(0, Moment { at: closing.closed, ..now });
        window.begin(now.up);
        (window.suspect_clock, window.late) = (closing.suspect_clock, closing.late);
        let held = closing.held_banks();
        for read in reads.iter().filter(|read| held.contains(read.epc.as_slice())) {
            window.raw.push(read);
        }
        window.edges = burst::carried(closing, reads).copied().collect();
        Some(window)
    }

    /// Stores where tags rest after a window that closed at `up`.
    pub fn update_presence(&mut self, presence: BTreeMap<String, TagPresence>, up: Duration) {
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

    /// Whether a missing read at this reader counts as the absence of a tag.
    fn absence_counts(&self, source: usize) -> bool {
        self.availabilities
            .get(source)
            .is_some_and(|availability| availability.absence_counts(self.caught_up.up))
    }

    /// The tags at a reader's places that were not read for so long that they have departed.
    fn departed_tags(
        &self,
        source: usize,
        reader: &ReaderSettings,
    ) -> BTreeMap<String, TagPresence> {
        let patience = Duration::from_secs(u64::from(reader.settings.presence.depart_s));
        let gone: Vec<&String> = self
            .availabilities
            .get(source)
            .into_iter()
            .flat_map(Availability::missing_antennas)
            .map(|port| reader.antenna_read_points.get(port).unwrap_or(&reader.read_point))
            .collect();
        let is_silent = |(epc, tag): &(&String, &TagPresence)| {
            let rested = self.rested.get(*epc).copied().unwrap_or(self.begun);
            is_at(reader, tag)
                && self.caught_up.up.saturating_sub(rested) >= patience
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

fn resident_after(reader: &ReaderSettings) -> SignedDuration {
    SignedDuration::from_secs(i64::from(reader.settings.resident_s))
}

/// The reader's time where it is plausible, else the time of arrival; marks the window accordingly.
fn judge_clock(read: &Read, window: &mut OpenWindow) -> Timestamp {
    match judge(read.reader_time, read.at) {
        Belief::Missing => read.at,
        Belief::Implausible => {
            window.suspect_clock = true;
            read.at
        }
        belief @ (Belief::Plausible | Belief::Late) => {
            window.late |= belief == Belief::Late;
            read.reader_time.unwrap_or(read.at)
        }
    }
}

#[cfg(test)]
mod tests;
