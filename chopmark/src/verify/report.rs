//! What reports of bundles and of foreign proofs have in common: exit status, verdict, the list of checks.
//!
//! Not here: what is checked ([`ledger::bundle`], [`ledger::foreign`]).

use std::process::ExitCode;

use ledger::bundle::{CheckOutcome, Outcome, Report};
use ledger::json::{Json, object};

use crate::language::Lang;
use crate::terminal::{self, Tone, out};
use crate::words;

pub(super) fn status(outcome: Outcome) -> ExitCode {
    ExitCode::from(match outcome {
        Outcome::Proved => 0,
        Outcome::Refuted => 1,
        Outcome::CannotTell => 2,
    })
}

/// Prints a report with the checks below the verdict, or as JSON; gives its exit status.
///
/// - `kind`, `name`: member of the JSON that names what was verified, and its name for people.
pub(super) fn print_report(is_json: bool, (kind, name): (&str, &str), report: &Report) -> ExitCode {
    if is_json {
        let json = object([
            ("outcome", outcome_to_json(report.outcome)),
            (kind, report.item.as_deref().map_or(Json::Null, Json::from)),
            ("checks", checks_to_json(report)),
        ]);
        terminal::json(&json.canonical());
    } else {
        print_verdict(report.outcome, name);
        print_checks(report);
    }
    status(report.outcome)
}

/// Prints the line with the verdict, in its colour; in Chinese with the word that the page has for it.
///
/// - `about`: what it is the verdict of.
pub(super) fn print_verdict(outcome: Outcome, about: &str) {
    let (tone, word) = match outcome {
        Outcome::Proved => (Tone::Good, words::PROVED),
        Outcome::Refuted => (Tone::Bad, words::REFUTED),
        Outcome::CannotTell => (Tone::Doubt, words::CANNOT_TELL),
    };
    let word = Lang::of_environment().of(word);
    terminal::paint(tone, word, &format!("  {about}"));
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
