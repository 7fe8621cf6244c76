//! The outcome of one check, and how it is printed.

use crate::terminal::{Tone, out, paint};

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Ok,
    /// Not there, and not needed.
    Absent,
    /// Works, but somebody should look at it.
    Warning,
    /// Does not work.
    Failed,
}

/// The outcome of one check.
#[derive(Debug, Clone)]
pub struct Check {
    /// What was looked at.
    pub what: String,
    /// How it stands.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What to do.
    pub remedy: Option<String>,
}

impl Check {
    /// As it should be.
    pub fn ok(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), state: State::Ok, found: found.into(), remedy: None }
    }

    /// Not there, and not needed.
    pub fn absent(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), state: State::Absent, found: found.into(), remedy: None }
    }

    /// Something to look at.
    pub fn warning(
        what: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = Some(remedy.into());
        Self { what: what.into(), state: State::Warning, found: found.into(), remedy }
    }

    /// Something that does not work.
    pub fn failed(
        what: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = Some(remedy.into());
        Self { what: what.into(), state: State::Failed, found: found.into(), remedy }
    }

    /// Prints it: one line, and one below it with what to do.
    pub fn print(&self) {
        let (tone, mark) = match self.state {
            State::Ok => (Tone::Good, "ok     "),
            State::Absent => (Tone::Doubt, "absent "),
            State::Warning => (Tone::Doubt, "WARNING"),
            State::Failed => (Tone::Bad, "FAILED "),
        };
        paint(tone, mark, &format!("  {:<26} {}", self.what, self.found));
        if let Some(remedy) = &self.remedy {
            out!("         {:<26} do: {remedy}", "");
        }
    }

    /// As JSON.
    pub fn to_json(&self) -> serde_json::Value {
        let state = match self.state {
            State::Ok => "ok",
            State::Absent => "absent",
            State::Warning => "warning",
            State::Failed => "failed",
        };
        serde_json::json!({
            "check": self.what, "state": state, "found": self.found, "remedy": self.remedy,
        })
    }
}
