//! The answer that a sender gets, and that the tables keep for redeliveries.

use serde::{Deserialize, Serialize};

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
        Ok(outcome)
    }

    /// The answer as the tables keep it.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
