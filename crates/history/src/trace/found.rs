//! What a trace found.

use jiff::Timestamp;

/// In which direction a trace goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From what it is made of, what was in it, to its lot.
    Back,
    /// To where it was put, what was made of it, the items of a lot.
    Forward,
    /// Both.
    Neighbourhood,
}

impl Direction {
    /// Reads `back`, `forward` or `neighbourhood`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "back" => Some(Self::Back),
            "forward" => Some(Self::Forward),
            "neighbourhood" => Some(Self::Neighbourhood),
            _ => None,
        }
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Back => "back",
            Self::Forward => "forward",
            Self::Neighbourhood => "neighbourhood",
        }
    }
}

/// How two things hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The first was in the second.
    Containment,
    /// The second was made of the first.
    Transformation,
    /// The first is the lot of the second.
    Lot,
}

impl Kind {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Containment => "containment",
            Self::Transformation => "transformation",
            Self::Lot => "lot",
        }
    }
}

/// From when to when; without an end, or a beginning, it is open there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub until: Timestamp,
}

impl Span {
    /// All times.
    pub const ALWAYS: Self = Self { from: Timestamp::MIN, until: Timestamp::MAX };

    /// Whether it has this time.
    pub(super) fn has(self, at: Timestamp) -> bool {
        (self.from..=self.until).contains(&at)
    }

    /// What both have in common.
    pub(super) fn common(self, other: Self) -> Option<Self> {
        let (from, until) = (self.from.max(other.from), self.until.min(other.until));
        (from <= until).then_some(Self { from, until })
    }

    /// The smallest span that has both.
    pub(super) fn hull(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), until: self.until.max(other.until) }
    }
}

/// An event that a line of a trace rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its place in the projection.
    pub position: u64,
    /// Origin of its ledger.
    pub origin: String,
    /// Its place there.
    pub index: u64,
    /// Its id.
    pub event_id: String,
    /// When it happened.
    pub at: Timestamp,
}

/// That two things hang together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What was put in, what something was made of, or a lot.
    pub from: String,
    /// The container, what was made, or an item of the lot.
    pub to: String,
    /// How.
    pub kind: Kind,
    /// In how many steps from the beginning it was found, from 1.
    pub depth: u32,
    /// For how long; of what was made, from when on.
    pub span: Span,
    /// Nobody says it of these two: what was made of all inputs is said of each.
    pub is_inferred: bool,
    /// The event that says it began: a place in [`Trace::sources`].
    pub begun_by: usize,
    /// The event that ended it.
    pub ended_by: Option<usize>,
}

/// Where a thing came from or went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trace {
    /// Lines in the order of depth, then of the events that say them.
    pub lines: Vec<Line>,
    /// The events that they rest on.
    pub sources: Vec<Source>,
    /// Things that were reached, without the first.
    pub things: u64,
    /// Events that move these things and that the reader may not see.
    pub hidden: u64,
    /// Rows of the projection that do not lead to their record.
    pub faults: u64,
    /// There is more than was looked at.
    pub is_cut: bool,
    /// Position of the newest event that was seen.
    pub head: u64,
    /// Generation of the projection.
    pub generation: u64,
}
