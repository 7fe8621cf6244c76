//! What a partner's document states, event by event, on its way from the request to the record.
//!
//! The way through: [`crate::document`] gives the events; [`StatedEvent::check`] and [`StatedEvent::record`] say of each event whether it
//! can be recorded; [`whole_refusal`] is the answer to a document that is refused as a whole.
//!
//! What holds: pure but for the clock in the terms; the same checks run for a dry run, when a document is prepared, and
//! again only if the directory's rights change before its batch is sequenced.
//!
//! Source: EPCIS 2.0 section 12.3 (capture interface).

use epcis::{Event, Violation};
use jiff::Timestamp;
use ledger::record::Record;

use crate::compose::{Party, Source, compose};
use crate::problem::{self, Problem};
use crate::terms::{Fault, Faults, TOO_MANY_EVENTS, Terms};

/// Most violations in one answer.
const MOST_LISTED: usize = 100;

/// What happens to a document of which some events are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorBehaviour {
    /// None of its events is recorded.
    #[default]
    Rollback,
    /// Those that can be are recorded.
    Proceed,
}

impl ErrorBehaviour {
    /// The word of the header `GS1-Capture-Error-Behaviour`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Proceed => "proceed",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Rollback, Self::Proceed].into_iter().find(|known| known.word() == word)
    }
}

/// One event of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedEvent {
    /// JSON pointer to it in its document.
    pub pointer: String,
    /// The line of the XML in which it starts; none of JSON.
    pub line: Option<u32>,
    /// The event, or why it is none.
    pub event: Result<Event, Fault>,
    /// Approvals of it, signed notes.
    pub approvals: Vec<String>,
}

impl StatedEvent {
    /// Checks that the event can be recorded, as far as can be said without making its record.
    ///
    /// # Errors
    ///
    /// [`Fault`].
    pub fn check(&self, terms: &Terms) -> Result<&Event, Fault> {
        let event = self.event.as_ref().map_err(Clone::clone)?;
        terms.check(event, &self.pointer).map(|()| event).map_err(|fault| fault.in_line(self.line))
    }

    /// Checks the event and makes its record.
    ///
    /// # Errors
    ///
    /// [`Fault`].
    pub fn record(
        self,
        terms: &Terms,
        by: &Party,
        at: Timestamp,
        (partner, document_sha256): (&str, &str),
    ) -> Result<Record, Fault> {
        self.check(terms)?;
        let event = self.event?;
        let id = event.event_id().unwrap_or("an event").chars().take(80).collect();
        let source = Source::Stated { partner, document_sha256, approvals: &self.approvals };
        compose(event, by, at, &source).map_err(|error| {
            let violation = Violation {
                pointer: self.pointer,
                value: id,
                problem: error.to_string(),
                expected: "an event that can be recorded".to_owned(),
            };
            Fault { code: "not-a-record", violations: vec![violation] }.in_line(self.line)
        })
    }
}

/// Why a document is refused as a whole.
#[derive(Debug)]
pub struct WholeRefusal {
    /// Code of the first fault.
    pub code: &'static str,
    /// The reason for people.
    pub detail: String,
    /// How many events are refused, at least 1.
    pub count: u64,
    violations: Vec<problem::Violation>,
}

impl WholeRefusal {
    /// The answer to the sender.
    #[must_use]
    pub fn to_problem(&self) -> Problem {
        if self.code == TOO_MANY_EVENTS {
            return Problem::TooManyEvents(self.detail.clone());
        }
        Problem::Malformed { detail: self.detail.clone(), violations: self.violations.clone() }
    }
}

/// The refusal of a whole document for its `faults`.
#[must_use]
pub fn whole_refusal(faults: &Faults) -> WholeRefusal {
    let all = faults.violations();
    let violations: Vec<problem::Violation> = faults
        .first()
        .flat_map(|fault| &fault.violations)
        .take(MOST_LISTED)
        .map(problem::Violation::from)
        .collect();
    let first = violations.first().map(sentence).unwrap_or_default();
    let more = match all.saturating_sub(1) {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    WholeRefusal {
        code: faults.first().next().map_or("malformed", |fault| fault.code),
        detail: format!("not a document that can be recorded: {first}{more}"),
        count: faults.events().max(1) as u64,
        violations,
    }
}

/// The first violation of a fault as a sentence.
#[must_use]
pub fn detail_of(fault: &Fault) -> String {
    let first = fault.violations.first().map(problem::Violation::from);
    first.as_ref().map(sentence).unwrap_or_default()
}

fn sentence(violation: &problem::Violation) -> String {
    let problem::Violation { pointer, value, problem, expected } = violation;
    // A pointer to the whole document is empty, and so is the value where there is no JSON.
    match (pointer.as_str(), value.as_str()) {
        ("", "") => format!("the document: {problem}, expected {expected}"),
        ("", _) => format!("the document: {problem}, got `{value}`, expected {expected}"),
        (_, "") => format!("{pointer}: {problem}, got an empty text, expected {expected}"),
        _ => format!("{pointer}: {problem}, got `{value}`, expected {expected}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_of_a_violation_has_no_empty_place_and_no_empty_value() {
        for (pointer, value, said) in [
            ("", "", "the document: wrong, expected another"),
            ("", "x", "the document: wrong, got `x`, expected another"),
            ("/type", "", "/type: wrong, got an empty text, expected another"),
            ("/type", "x", "/type: wrong, got `x`, expected another"),
        ] {
            let text = str::to_owned;
            let violation = problem::Violation {
                pointer: text(pointer),
                value: text(value),
                problem: text("wrong"),
                expected: text("another"),
            };
            assert_eq!(sentence(&violation), said);
        }
    }
}
