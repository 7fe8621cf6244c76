//! How the reads of one reader are settled: kind of place, times, directions, presence.
//!
//! What holds: plain values with their defaults; [`Settings::check`] refuses combinations that cannot work.
//!
//! Not here: how they are written in the configuration file (`process`), how they are stored with a closed
//! window ([`crate::stored`]).
//!
//! Source: docs/decisions/0015-settling.md.

use std::collections::BTreeMap;
use std::time::Duration;

/// One reader, as far as settling needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderSettings {
    /// Name of the reader, unique in its bridge.
    pub id: String,
    /// Where it reads, SGLN URI.
    pub read_point: String,
    /// Where single antennas read, if that is elsewhere: SGLN URI by antenna.
    pub antenna_read_points: BTreeMap<u16, String>,
    /// When windows close and what is made of them.
    pub settings: Settings,
    /// Time without a message after which the reader is reported as lost, if one is configured.
    pub silent_after: Option<Duration>,
    /// Whether it publishes to a broker, so that its connection says nothing about the reader itself.
    pub is_behind_broker: bool,
}

impl ReaderSettings {
    /// A reader with one read point and a line of its own.
    #[must_use]
    pub fn new(id: &str, read_point: &str, settings: Settings) -> Self {
        Self {
            id: id.to_owned(),
            read_point: read_point.to_owned(),
            antenna_read_points: BTreeMap::new(),
            settings,
            silent_after: None,
            is_behind_broker: false,
        }
    }
}

/// What kind of place a read point is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Preset {
    /// Things pass, in bulk: a dock door.
    #[default]
    Portal,
    /// Things rest: a shelf, a bin, a cold store. Windows follow one another; what moved is delivered.
    Shelf,
    /// A person counts with a handheld: one long window.
    Stocktake,
    /// Things pass one after the other on a belt, mostly between light barriers.
    Tunnel,
}

impl Preset {
    /// Times without a read after which a window closes, and after which it closes in any case.
    #[must_use]
    pub fn times(self) -> (Duration, Duration) {
        let (quiet_ms, longest_ms) = match self {
            // Public captures of moving tags show gaps of up to 1.3 s, so less cuts one pass in two.
            Self::Portal => (1500, 60_000),
            Self::Shelf => (2000, 2000),
            Self::Stocktake => (10_000, 600_000),
            // Boxes on a belt follow one another within a second.
            Self::Tunnel => (300, 5000),
        };
        (Duration::from_millis(quiet_ms), Duration::from_millis(longest_ms))
    }
}

/// How the reads of a reader are settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What kind of place it is.
    pub preset: Preset,
    /// Time without a read after which a window closes.
    pub quiet: Duration,
    /// Time after which a window closes in any case.
    pub longest: Duration,
    /// How directions are determined; none if they are not.
    pub direction: Option<DirectionRule>,
    /// Input of a light barrier that opens and closes windows.
    pub barrier: Option<u16>,
    /// Names of readers near enough to read what passes here.
    pub neighbours: Vec<String>,
    /// Seconds of steady reading after which a tag is a resident and no longer keeps windows open.
    pub resident_s: u32,
    /// How presence is decided, for shelves.
    pub presence: PresenceRule,
}

/// Default of [`Settings::resident_s`]: a pallet that stops in the door takes 20 s.
pub const RESIDENT_S: u32 = 30;

impl Default for Settings {
    fn default() -> Self {
        Self::of(Preset::default())
    }
}

impl Settings {
    /// A preset with its times, and defaults for everything else.
    #[must_use]
    pub fn of(preset: Preset) -> Self {
        let (quiet, longest) = preset.times();
        Self {
            preset,
            quiet,
            longest,
            direction: None,
            barrier: None,
            neighbours: Vec::new(),
            resident_s: RESIDENT_S,
            presence: PresenceRule::default(),
        }
    }

    /// Whether an edge on `port` opens and closes windows.
    #[must_use]
    pub fn is_barrier(&self, port: u16) -> bool {
        self.barrier == Some(port)
            || self.direction.as_ref().is_some_and(|rule| rule.has_barrier(port))
    }

    /// Checks that the parts fit.
    ///
    /// # Errors
    ///
    /// What does not fit, and what is expected.
    pub fn check(&self) -> Result<(), String> {
        if let Some(rule) = &self.direction {
            rule.check()?;
        }
        if self.quiet.is_zero() || self.longest.is_zero() {
            return Err("quiet_ms and longest_ms: got 0, expected both above 0".into());
        }
        if self.presence.depart_s < 2 {
            return Err(
                "presence.depart_s: expected at least 2, because a present tag has gaps of 1.3 s"
                    .into(),
            );
        }
        if self.presence.memory_s < 10 {
            return Err("presence.memory_s: expected at least 10, because strengths are correlated for seconds".into());
        }
        Ok(())
    }
}

/// How a read point determines directions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectionRule {
    /// Antennas that look at the inside.
    pub inside_antennas: Vec<u16>,
    /// Antennas that look at the outside.
    pub outside_antennas: Vec<u16>,
    /// Input of the light barrier that is nearer to the inside.
    pub inside_barrier: Option<u16>,
    /// Input of the light barrier that is nearer to the outside.
    pub outside_barrier: Option<u16>,
}

impl DirectionRule {
    /// Checks that both sides are given and differ.
    ///
    /// # Errors
    ///
    /// What is missing.
    pub fn check(&self) -> Result<(), String> {
        let has_antennas = !self.inside_antennas.is_empty() || !self.outside_antennas.is_empty();
        let is_whole = !self.inside_antennas.is_empty() && !self.outside_antennas.is_empty();
        if has_antennas && !is_whole {
            return Err(
                "direction needs antennas on both sides: inside_antennas and outside_antennas"
                    .into(),
            );
        }
        if self.inside_antennas.iter().any(|antenna| self.outside_antennas.contains(antenna)) {
            return Err("an antenna is both inside and outside".into());
        }
        match (self.inside_barrier, self.outside_barrier) {
            (None, None) if !has_antennas => {
                Err("direction needs antennas or light barriers on both sides".into())
            }
            (Some(_), None) | (None, Some(_)) => {
                Err("direction needs two light barriers: inside_barrier and outside_barrier".into())
            }
            (Some(inside), Some(outside)) if inside == outside => {
                Err("inside_barrier and outside_barrier are the same input".into())
            }
            _ => Ok(()),
        }
    }

    /// Whether `port` is one of the barriers.
    #[must_use]
    pub fn has_barrier(&self, port: u16) -> bool {
        self.inside_barrier == Some(port) || self.outside_barrier == Some(port)
    }
}

/// How presence is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresenceRule {
    /// Reads within the memory before a tag has arrived.
    pub arrive_reads: u32,
    /// Hundredths of a dB by which another place must be stronger, however many reads there are.
    pub margin_cdb: i32,
    /// Seconds that reads are remembered for the comparison of places; half of them must speak for a move.
    pub memory_s: u32,
    /// Seconds without a read after which a tag has departed.
    pub depart_s: u32,
}

impl Default for PresenceRule {
    fn default() -> Self {
        // Gaps of 1.3 s are normal for a tag that is there, and a person who stands before a shelf hides it for
        // longer.
        Self { arrive_reads: 3, margin_cdb: 300, memory_s: 30, depart_s: 30 }
    }
}
