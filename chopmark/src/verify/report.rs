//! What reports of bundles and of foreign proofs have in common: exit status, words, the list of checks.
//!
//! Not here: what is checked ([`ledger::bundle`], [`ledger::foreign`]).

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use ledger::bundle::{CheckOutcome, Outcome, Report};
use ledger::json::{Json, object};

use crate::terminal::out;

pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("could not read {}", path.display()))
}

pub(super) fn status(outcome: Outcome) -> ExitCode {
    ExitCode::from(match outcome {
        Outcome::Proved => 0,
        Outcome::Refuted => 1,
        Outcome::CannotTell => 2,
    })
}

pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Proved => "PROVED",
        Outcome::Refuted => "REFUTED",
        Outcome::CannotTell => "CANNOT TELL",
    }
}

pub(super) fn print_checks(report: &Report) {
    for (title, wanted) in [
        ("failed", CheckOutcome::Failed),
        ("checked", CheckOutcome::Passed),
        ("not checked", CheckOutcome::NotChecked),
    ] {
        let checks: Vec<_> = report.checks.iter().filter(|check| check.outcome == wanted).collect();
        if !checks.is_empty() {
            out!("{title}:");
        }
        for check in checks {
            out!("  {}: {}", check.name, check.detail);
        }
    }
}

pub(super) fn outcome_to_json(outcome: Outcome) -> Json {
    Json::from(match outcome {
        Outcome::Proved => "proved",
        Outcome::Refuted => "refuted",
        Outcome::CannotTell => "cannot tell",
    })
}

pub(super) fn checks_to_json(report: &Report) -> Json {
    let text = |value: &str| Json::from(value);
    let checks = report
        .checks
        .iter()
        .map(|check| {
            let outcome = match check.outcome {
                CheckOutcome::Passed => "passed",
                CheckOutcome::Failed => "failed",
                CheckOutcome::NotChecked => "not checked",
            };
            object([
                ("name", text(&check.name)),
                ("outcome", text(outcome)),
                ("detail", text(&check.detail)),
            ])
        })
        .collect();
    Json::Array(checks)
}
