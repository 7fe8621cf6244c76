//! `chopmark verify`: proves or refutes a bundle without the server that made it.
//!
//! The way through: [`ledger::bundle::verify`] makes the report; with `--rpc` the chain's answer about the anchor's
//! block is added; the report is printed as text or JSON.
//!
//! What holds: no network is used unless `--rpc` names an endpoint; the trust roots come from the policy file, never
//! from the bundle; what was not checked is printed as well as what was.
//!
//! Not here: the checks themselves ([`ledger::bundle`]), asking the chain ([`anchor::check_on_chain`]).

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use ledger::bundle::{self, CheckOutcome, Outcome, Report};
use ledger::json::{Json, object};

use crate::policy_file;
use crate::terminal::out;

/// What to verify, and whom to trust.
#[derive(clap::Args)]
pub struct Arguments {
    /// The bundle file
    bundle: PathBuf,
    /// The policy file: the keys and the contract that you trust
    #[arg(long)]
    policy: PathBuf,
    /// A JSON-RPC endpoint of the chain, to check that the anchor's block is on it
    #[arg(long, value_name = "URL")]
    rpc: Option<String>,
    /// Blocks on top of the anchor's block before it counts as final
    #[arg(long, default_value_t = 1)]
    confirmations: u64,
    /// Prints the report as JSON
    #[arg(long)]
    json: bool,
}

/// Verifies; exit status 0 proved, 1 refuted, 2 cannot tell.
///
/// # Errors
///
/// If a file cannot be read or the policy file is not usable.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let bytes = std::fs::read(&arguments.bundle)
        .with_context(|| format!("could not read {}", arguments.bundle.display()))?;
    let policy = policy_file::read(&arguments.policy)?;
    let mut report = bundle::verify(&bytes, &policy);
    if let Some(url) = &arguments.rpc {
        check_chain(&mut report, url, arguments.confirmations);
    }
    if arguments.json {
        out!("{}", to_json(&report).canonical());
    } else {
        print(&report);
    }
    Ok(ExitCode::from(match report.outcome {
        Outcome::Proved => 0,
        Outcome::Refuted => 1,
        Outcome::CannotTell => 2,
    }))
}

/// Asks the chain for the anchor's block and adds its answer to the report.
fn check_chain(report: &mut Report, url: &str, confirmations: u64) {
    const NAME: &str = "the anchor's block is on the chain";
    let Some(claim) = report.anchor.clone() else {
        report.add_check(NAME, CheckOutcome::NotChecked, "the bundle holds no anchor");
        return;
    };
    match anchor::check_on_chain(
        &[url.to_owned()],
        &claim,
        confirmations,
        &process::Clock::system(),
    ) {
        Ok(answer) if answer.is_final() => {
            report.add_check(NAME, CheckOutcome::Passed, &answer.to_string());
        }
        Ok(answer) if answer.contradicts() => {
            report.add_check(NAME, CheckOutcome::Failed, &answer.to_string());
            report.outcome = Outcome::Refuted;
        }
        Ok(answer) => {
            report.add_check(NAME, CheckOutcome::NotChecked, &answer.to_string());
            lower(report);
        }
        Err(error) => {
            report.add_check(NAME, CheckOutcome::NotChecked, &format!("{error}"));
            lower(report);
        }
    }
}

/// The chain was requested and gave no answer: proved becomes cannot tell.
fn lower(report: &mut Report) {
    if report.outcome == Outcome::Proved {
        report.outcome = Outcome::CannotTell;
    }
}

fn print(report: &Report) {
    let word = match report.outcome {
        Outcome::Proved => "PROVED",
        Outcome::Refuted => "REFUTED",
        Outcome::CannotTell => "CANNOT TELL",
    };
    out!("{word}  {}", report.item.as_deref().unwrap_or("(no item could be read)"));
    for record in &report.records {
        let field = |name: &str| {
            record.fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
        };
        out!(
            "  {}  {}  {}  #{}",
            field("eventTime").trim_matches('"'),
            field("bizStep")
                .trim_matches('"')
                .trim_start_matches("https://ref.gs1.org/cbv/BizStep-"),
            record.origin,
            record.index
        );
    }
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

fn to_json(report: &Report) -> Json {
    let text = |value: &str| Json::from(value);
    let outcome = match report.outcome {
        Outcome::Proved => "proved",
        Outcome::Refuted => "refuted",
        Outcome::CannotTell => "cannot tell",
    };
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
    let records = report
        .records
        .iter()
        .map(|record| {
            let fields = record.fields.iter().map(|(name, value)| (name.clone(), text(value)));
            object([
                ("origin", text(&record.origin)),
                ("index", Json::from(record.index)),
                ("fields", object(fields)),
            ])
        })
        .collect();
    object([
        ("outcome", text(outcome)),
        ("item", report.item.as_deref().map_or(Json::Null, text)),
        ("checks", Json::Array(checks)),
        ("records", Json::Array(records)),
    ])
}
