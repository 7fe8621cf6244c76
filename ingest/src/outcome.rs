//! The answer that a sender gets, and that the tables keep for whoever asks again.

use serde::{Deserialize, Serialize};

/// What a sender gets back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// `recorded` if at least one record was made, else `refused`, or `empty` for an empty window.
    pub outcome: String,
    /// Origin of the ledger.
    pub ledger: String,
    /// Size of the ledger afterwards; the checkpoint of this size covers the records.
    pub size: u64,
    /// Places of the records made.
    pub indexes: Vec<u64>,
    /// What was not taken, one entry per reason.
    pub refusals: Vec<RefusalAnswer>,
    /// Capture id, for documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<String>,
    /// Whether this answer was given before.
    #[serde(default, skip_serializing)]
    pub repeated: bool,
}

/// One reason for which something was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalAnswer {
    /// Machine word.
    pub code: String,
    /// Plain words.
    pub detail: String,
    /// How many things.
    pub count: u64,
}

impl Outcome {
    /// The stored answer, marked as one that was given before.
    ///
    /// # Errors
    ///
    /// [`sql::Error::Data`] if what is stored is no answer.
    pub fn again(text: &str) -> Result<Self, sql::Error> {
        let mut outcome: Self = serde_json::from_str(text)
            .map_err(|error| sql::Error::data(format!("stored outcome is not one: {error}")))?;
        outcome.repeated = true;
        Ok(outcome)
    }

    /// The answer as the tables keep it.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
