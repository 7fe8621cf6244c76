//! The answer that a sender gets, and that the tables keep for redeliveries.
//!
//! What holds: a sender gets each index; the tables keep runs of them, so that the answer to a document of tens of
//! thousands of events takes a few lines there.

use serde::{Deserialize, Serialize};

use crate::statement::ErrorBehaviour;

/// From more indexes than these on, the tables keep runs.
const MOST_SINGLE: usize = 32;
/// Most indexes of one answer.
const MOST_INDEXES: u64 = 1_000_000;

/// What a sender gets back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// `recorded` if at least one record was made, else `refused`, or `empty` for an empty window.
    pub outcome: String,
    /// Origin of the ledger.
    pub ledger: String,
    /// Size of the ledger afterwards; the first checkpoint of at least this size covers the records.
    pub size: u64,
    /// Indexes of the records made.
    pub indexes: Vec<u64>,
    /// The same in the tables, where there are many: first index and number of each run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    runs: Vec<(u64, u64)>,
    /// What was refused, one entry per reason.
    pub refusals: Vec<RefusalAnswer>,
    /// For documents: `rollback` if it was taken whole or not at all, `proceed` if event by event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behaviour: Option<String>,
    /// What a sender should know of what was recorded, as sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Capture id, for documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<String>,
    /// Whether this answer was given before.
    #[serde(default, skip_serializing)]
    pub repeated: bool,
}

/// One reason for which something was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalAnswer {
    /// Machine-readable code.
    pub code: String,
    /// The reason for people.
    pub detail: String,
    /// How many observations, movements, readings or events.
    pub count: u64,
}

impl Outcome {
    /// An outcome with nothing in it yet, for the ledger of that origin.
    #[must_use]
    pub fn empty(origin: &str) -> Self {
        Self {
            outcome: String::new(),
            ledger: origin.to_owned(),
            size: 0,
            indexes: Vec::new(),
            runs: Vec::new(),
            refusals: Vec::new(),
            behaviour: None,
            notes: Vec::new(),
            capture: None,
            repeated: false,
        }
    }

    /// The stored answer, marked as one that was given before.
    ///
    /// # Errors
    ///
    /// [`sql::Error::Data`] if the stored text is not an answer.
    pub fn again(text: &str) -> Result<Self, sql::Error> {
        let mut outcome: Self = serde_json::from_str(text).map_err(|error| {
            sql::Error::data(format!("stored outcome cannot be parsed: {error}"))
        })?;
        outcome.repeated = true;
        for (first, count) in std::mem::take(&mut outcome.runs) {
            let end = first.checked_add(count);
            let end = end.filter(|_| count <= MOST_INDEXES - outcome.indexes.len() as u64);
            let end = end.ok_or_else(|| {
                sql::Error::data(format!(
                    "stored outcome: got a run of {count} indexes from {first} on, expected at most {MOST_INDEXES} in all"
                ))
            })?;
            outcome.indexes.extend(first..end);
        }
        Ok(outcome)
    }

    /// Adds what became of further events of the same document.
    pub(crate) fn add(&mut self, more: Self) {
        let Self { outcome, size, indexes, refusals, behaviour, notes, capture, .. } = more;
        (self.outcome, self.size) = (outcome, size);
        self.capture = capture;
        // Of attempts with different ones, the one under which events may have been left out.
        if self.behaviour.as_deref() != Some(ErrorBehaviour::Proceed.word()) {
            self.behaviour = behaviour;
        }
        self.indexes.extend(indexes);
        self.refusals.extend(refusals);
        self.notes.extend(notes);
    }

    /// The answer as the tables keep it.
    #[must_use]
    pub fn to_text(&self) -> String {
        if self.indexes.len() <= MOST_SINGLE {
            return serde_json::to_string(self).unwrap_or_default();
        }
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for index in &self.indexes {
            match runs.last_mut() {
                Some((first, count)) if *first + *count == *index => *count += 1,
                _ => runs.push((*index, 1)),
            }
        }
        let stored = Self {
            outcome: self.outcome.clone(),
            ledger: self.ledger.clone(),
            indexes: Vec::new(),
            runs,
            refusals: self.refusals.clone(),
            behaviour: self.behaviour.clone(),
            notes: self.notes.clone(),
            capture: self.capture.clone(),
            ..*self
        };
        serde_json::to_string(&stored).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_back_from_the_tables_with_every_index_and_many_take_no_room_there() {
        let wide: Vec<u64> = (5..40_000).chain(50_000..70_000).collect();
        for indexes in [vec![], vec![7], vec![9, 8, 3], wide.clone()] {
            let outcome = Outcome { indexes, ..Outcome::empty("site.example/1") };
            let again = Outcome::again(&outcome.to_text()).unwrap();
            assert_eq!(again, Outcome { repeated: true, ..outcome });
        }
        let outcome = Outcome { indexes: wide, ..Outcome::empty("site.example/1") };
        assert!(outcome.to_text().len() < 200, "{}", outcome.to_text());
    }

    #[test]
    fn a_run_in_the_tables_that_no_document_can_have_is_refused() {
        let stored = |runs: &str| {
            let text = r#"{"outcome":"recorded","ledger":"x","size":1,"indexes":[],"runs":RUNS,"refusals":[]}"#;
            Outcome::again(&text.replace("RUNS", runs))
        };
        assert_eq!(stored("[[3,2]]").unwrap().indexes, [3, 4]);
        for runs in
            ["[[0,18446744073709551615]]", "[[18446744073709551615,2]]", "[[0,900000],[0,900000]]"]
        {
            assert!(stored(runs).is_err(), "{runs}");
        }
    }
}
