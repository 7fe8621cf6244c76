//! What a document was found to be, and the answers that follow: to a dry run, and to one that is refused as a whole.
//!
//! Not here: reading and checking (`capture.rs`, `long.rs`).

use serde_json::json;

use super::state::State;
use crate::config::Partner;
use crate::outcome::Outcome;
use crate::problem::{Problem, Violation};
use crate::statement::{ErrorBehaviour, WholeRefusal, whole_refusal};
use crate::terms::Faults;

/// Most violations in the answer to a dry run.
const MOST_LISTED: usize = 1000;

/// What a document is answered with.
pub(super) enum Answer {
    /// What a dry run found.
    Checked(serde_json::Value),
    Recorded(Outcome),
}

/// What the events of a document were found to be.
pub(super) struct Checked {
    pub digest: ledger::Hash,
    /// How many events it has; 0 if it is no document.
    pub events: usize,
    pub faults: Faults,
}

impl Checked {
    /// Whether anything of the document can be recorded.
    pub fn is_recordable(&self, behaviour: ErrorBehaviour) -> bool {
        match behaviour {
            ErrorBehaviour::Rollback => self.faults.is_empty(),
            ErrorBehaviour::Proceed => self.faults.events() < self.events,
        }
    }
}

/// What a dry run answers.
pub(super) async fn checked(
    state: &State,
    partner: &Partner,
    behaviour: ErrorBehaviour,
    read: &Checked,
) -> Result<serde_json::Value, Problem> {
    let id = read.digest.to_string();
    let before = sql::captures::find(&state.db, &partner.name, &id).await?;
    let first = read.faults.first().flat_map(|fault| &fault.violations);
    let violations: Vec<Violation> = first.take(MOST_LISTED).map(Violation::from).collect();
    let is_recordable = read.is_recordable(behaviour);
    Ok(json!({
        "dryRun": true,
        "outcome": if is_recordable { "would be recorded" } else { "would be refused" },
        "wouldBeRecorded": is_recordable,
        "recordedBefore": before.is_some(),
        "captureErrorBehaviour": behaviour.word(),
        "events": read.events,
        "refusedEvents": if read.events == 0 { 0 } else { read.faults.events() },
        "violationsInAll": read.faults.violations(),
        "violations": violations,
    }))
}

/// Stores the refusal of a whole document, and gives the answer to it.
pub(super) async fn refuse_whole(
    state: &State,
    partner: &str,
    faults: &Faults,
    bytes: &[u8],
) -> Problem {
    let refusal = whole_refusal(faults);
    let WholeRefusal { code, detail, count, .. } = &refusal;
    match state.refuse(partner, "capture", code, (detail, *count), bytes).await {
        Ok(()) => refusal.to_problem(),
        Err(problem) => problem,
    }
}
