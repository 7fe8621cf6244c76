//! What ingest demands of every event that a partner states: times that are not in the future, things whose keys can be
//! read, company prefixes that are split as they are licensed.
//!
//! The way through: [`Terms::check`] is asked when a document is prepared for the ledger's writer, and again only if the
//! directory's rights have changed before its batch is sequenced.
//!
//! What holds: the rights come through one channel; until somebody sends the directory's, nobody is licensed, and then
//! no split is wrong.
//!
//! Not here: who may say what of a thing (`history`), the form of an event (`epcis`).
//!
//! Sources: EPCIS 2.0 section 7; TDS 2.3 section 6.3; docs/decisions/0026-what-a-capture-is-checked-for.md.

use std::collections::BTreeMap;
use std::sync::Arc;

use directory::Rights;
use epcis::{Event, Violation};
use jiff::{SignedDuration, Timestamp};
use process::Clock;
use tokio::sync::watch;

use crate::split::{self, check_split, licensed_prefix};

/// How far after the clock of ingest a time may lie: clocks of bridges and partners differ.
pub const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// The latest time that is accepted at `now`.
#[must_use]
pub fn latest(now: Timestamp) -> Timestamp {
    now.checked_add(AHEAD).unwrap_or(Timestamp::MAX)
}

/// The rights that the directory gives, as last read from it.
pub type CurrentRights = watch::Receiver<Arc<Rights>>;

/// What is wrong with an event, and under which code that is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Machine-readable code; the list is in docs/operations.md.
    pub code: &'static str,
    /// At least one, with pointers from the document on.
    pub violations: Vec<Violation>,
}

/// Code of a document that has too many events.
pub const TOO_MANY_EVENTS: &str = "too-many-events";

impl Fault {
    /// With the line of the XML in which the event starts, if it came as XML.
    #[must_use]
    pub fn in_line(mut self, line: Option<u32>) -> Self {
        if let Some(line) = line {
            for violation in &mut self.violations {
                violation.problem = format!("event in line {line}: {}", violation.problem);
            }
        }
        self
    }
}

/// Most faults that are kept whole, and most violations of them; at least one of each fault.
const MOST_KEPT: usize = 1000;

/// What is wrong with the events of a document: the first faults, and how many there are in all, so that no document
/// takes memory for each of its events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    kept: BTreeMap<usize, Fault>,
    kept_violations: usize,
    events: usize,
    violations: usize,
}

impl Faults {
    /// Adds the fault of the event at `place`; in the order of places.
    pub fn add(&mut self, place: usize, mut fault: Fault) {
        self.events += 1;
        self.violations += fault.violations.len();
        if self.kept.len() < MOST_KEPT {
            let room = MOST_KEPT.saturating_sub(self.kept_violations).max(1);
            if fault.violations.len() > room {
                fault.violations.truncate(room);
                fault.violations.shrink_to_fit();
            }
            self.kept_violations += fault.violations.len();
            self.kept.insert(place, fault);
        }
    }

    /// How many events are wrong.
    #[must_use]
    pub fn events(&self) -> usize {
        self.events
    }

    /// How many violations they have in all.
    #[must_use]
    pub fn violations(&self) -> usize {
        self.violations
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events == 0
    }

    /// The fault of the event at `place`; none if it has none, or it was not kept.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&Fault> {
        self.kept.get(&place)
    }

    /// The first of them.
    pub fn first(&self) -> impl Iterator<Item = &Fault> {
        self.kept.values()
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        let mut faults = Self::default();
        faults.add(0, fault);
        faults
    }
}

/// What is demanded of stated events. Clones share clock and rights.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The time.
    pub clock: Clock,
    /// The rights of the directory.
    pub rights: CurrentRights,
    /// Whether a thing must be under a licensed prefix.
    pub require_licence: bool,
}

impl Terms {
    /// The terms as they are now, whatever changes later.
    #[must_use]
    pub fn of_this_moment(&self) -> Self {
        Self {
            clock: Clock::manual(self.clock.now()),
            rights: watch::channel(Arc::clone(&self.rights.borrow())).1,
            require_licence: self.require_licence,
        }
    }

    /// Checks an event.
    ///
    /// - `pointer`: JSON pointer to the event in its document.
    ///
    /// # Errors
    ///
    /// [`Fault`]: all that is wrong for the first reason that applies.
    pub fn check(&self, event: &Event, pointer: &str) -> Result<(), Fault> {
        let fault = |code, mut violations: Vec<Violation>| {
            for violation in &mut violations {
                violation.pointer.insert_str(0, pointer);
            }
            if violations.is_empty() { Ok(()) } else { Err(Fault { code, violations }) }
        };
        fault("future-time", event.times_after(latest(self.clock.now())))?;
        let rights = Arc::clone(&self.rights.borrow());
        let at = event.event_time();
        let named = split::named(event);
        let unreadable = named.iter().filter_map(|name| {
            let error = epc::check_uri(name.uri).err()?;
            Some(Violation {
                pointer: name.pointer(),
                value: name.uri.chars().take(80).collect(),
                problem: "is meant to have a GS1 key and has none that can be read".to_owned(),
                expected: expected_by(error),
            })
        });
        fault("unreadable-key", unreadable.collect())?;
        let licensed: Vec<Option<&str>> =
            named.iter().map(|name| licensed_prefix(name.uri, &rights, at)).collect();
        let named = || named.iter().zip(&licensed);
        let wrong = named().filter_map(|(name, licensed)| {
            let found = check_split(name.uri, *licensed).err()?;
            Some(Violation {
                pointer: name.pointer(),
                value: found.got,
                problem: "its company prefix has another length than the licensed one".to_owned(),
                expected: found.right,
            })
        });
        fault("prefix-split", wrong.collect())?;
        if !self.require_licence {
            return Ok(());
        }
        let unlicensed = named().filter(|(name, licensed)| name.is_thing && licensed.is_none());
        let unlicensed = unlicensed.map(|(name, _)| Violation {
            pointer: name.pointer(),
            value: name.uri.chars().take(80).collect(),
            problem: "is under no licensed company prefix".to_owned(),
            expected: "a GS1 key under a prefix that the directory licenses at the event's time"
                .to_owned(),
        });
        fault("no-licence", unlicensed.collect())
    }
}

/// What was expected in place of a URI that is refused: the right link, where it is known, else what is wrong in it.
fn expected_by(error: epc::EpcError) -> String {
    match error {
        epc::EpcError::Spelling { right, .. } => right,
        other => format!(
            "such as urn:epc:id:sgtin:PREFIX.REFERENCE.SERIAL or https://HOST/01/GTIN/21/SERIAL ({other})"
        ),
    }
}

#[cfg(test)]
mod tests;
