//! `chopmark verify`: proves or refutes a bundle, an evidence pack or a signed export without the server that made it, or a proof of another transparency log.
//!
//! The way through: the first bytes say what the file is; a proof of another log goes to [`foreign`], an evidence pack to [`pack`], the signature of an export to [`signature`]. Of a bundle
//! [`ledger::bundle::verify`] makes the report; with `--rpc` the answers of the endpoints about the
//! anchor's block are added, with every question that was asked; the report is printed as text or JSON.
//!
//! What holds: no network is used unless `--rpc` names an endpoint; the trust roots come from the policy file, never
//! from the bundle; what was not checked is printed in one list, beside what was; an anchor without an endpoint asked is
//! in that list.
//!
//! Not here: the checks themselves ([`ledger::bundle`]), asking the chain ([`anchor::check_on_chain`]).

mod arguments;
mod foreign;
mod pack;
mod report;
mod signature;

use std::process::ExitCode;

use anchor::quorum::{EndpointAnswer, default_quorum};
use anchor::rpc::{UrlError, check_url, host_of};
use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use ledger::bundle::{self, CheckOutcome, Outcome, Report, TODAY};
use ledger::foreign::Kind;
use ledger::json::{Json, Limits, object};
use ledger::policy::Policy;
use process::Clock;

pub use self::arguments::Arguments;
use self::report::{checks_to_json, outcome_to_json, print_checks, print_verdict, status};
use crate::terminal::{self, out};
use crate::{input, policy_file};

/// How far the time of a block may be before an event, or in the future: time zones that were set wrong are no lie.
const TIME_SLACK: SignedDuration = SignedDuration::from_hours(24);

/// Verifies; exit status 0 proved, 1 refuted, 2 cannot tell.
///
/// # Errors
///
/// If a file cannot be read or the policy file is not usable.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let quorum = endpoints(arguments)?;
    let inputs = arguments.standard_inputs();
    anyhow::ensure!(
        inputs <= 1,
        "got `-` for {inputs} files, expected it for one: standard input can be read once"
    );
    if pack::is_one(&arguments.file)? {
        return pack::run(arguments);
    }
    let bytes = input::bytes(&arguments.file)?;
    if let Some(kind) = Kind::of(&bytes) {
        return foreign::run(kind, &bytes, arguments);
    }
    if export::signature::is_one(&bytes) {
        return signature::run(&bytes, arguments);
    }
    anyhow::ensure!(
        !foreign::is_asked_for(arguments),
        "--data, --digest, --leaf and --submitter are of proofs of other logs; {} begins as none does, \
         expected `c2sp.org/tlog-proof@v1` or `version=`",
        input::name(&arguments.file)
    );
    let policy = match &arguments.policy {
        Some(path) => policy_file::read(path)?,
        None => Policy::default(),
    };
    let mut report = bundle::verify(&bytes, &policy);
    let clock = Clock::system();
    check_today(&mut report, clock.now());
    let asked = if arguments.rpc.is_empty() {
        Vec::new()
    } else {
        check_chain(&mut report, arguments, quorum, &clock)
    };
    if arguments.json {
        terminal::json(&to_json(&report, &asked).canonical());
    } else {
        print(&report);
        print_asked(&asked);
    }
    Ok(status(report.outcome))
}

/// The endpoints that were named, or why one of them is not used.
fn endpoints(arguments: &Arguments) -> anyhow::Result<usize> {
    for url in &arguments.rpc {
        check_url(url)
            .with_context(|| format!("--rpc {}: expected {}", host_of(url), UrlError::EXPECTED))?;
    }
    let count = arguments.rpc.len();
    for (place, url) in arguments.rpc.iter().enumerate() {
        let is_twice =
            arguments.rpc[..place].iter().any(|earlier| host_of(earlier) == host_of(url));
        anyhow::ensure!(
            !is_twice,
            "--rpc: got {} twice, expected each endpoint once",
            host_of(url)
        );
    }
    let quorum = arguments.rpc_quorum.unwrap_or_else(|| default_quorum(count));
    anyhow::ensure!(
        count == 0 || (1..=count).contains(&quorum),
        "--rpc-quorum: got {quorum}, expected 1 to {count}, the number of endpoints"
    );
    Ok(quorum)
}

/// Says whether the directory still tells what holds today: the verification has no clock.
fn check_today(report: &mut Report, now: Timestamp) {
    let Some(dates) = report.directory.clone() else { return };
    let is_past = |until: &str| until.parse::<Timestamp>().is_ok_and(|until| until <= now);
    report.checks.retain(|check| check.name != TODAY);
    let (state, root) = (is_past(&dates.state_until), is_past(&dates.root_until));
    let detail = if state || root {
        let (what, until) = if state {
            ("directory", &dates.state_until)
        } else {
            ("directory's root", &dates.root_until)
        };
        format!(
            "as of {}; the {what} told what holds until {until}, which is past: what holds today cannot be told",
            dates.state_at
        )
    } else {
        format!(
            "as of {}; what was revoked since is not in the file, which tells what holds until {}",
            dates.state_at, dates.state_until
        )
    };
    report.add_check(TODAY, CheckOutcome::NotChecked, &detail);
}

/// Asks the endpoints for the anchor's block and adds their answers to the report; returns what each was asked and answered.
fn check_chain(
    report: &mut Report,
    arguments: &Arguments,
    quorum: usize,
    clock: &Clock,
) -> Vec<EndpointAnswer> {
    const NAME: &str = "the anchor's block is on the chain";
    let Some(claim) = report.anchor.clone() else {
        let detail = "the bundle holds no anchor that could be checked, so no endpoint was asked";
        report.add_check(NAME, CheckOutcome::NotChecked, detail);
        return Vec::new();
    };
    let confirmations = arguments.confirmations;
    let said = anchor::check_on_chain(&arguments.rpc, &claim, quorum, confirmations, clock);
    // An endpoint was asked now; what it said follows.
    for check in report.checks.iter_mut().filter(|check| check.name == "anchor") {
        check
            .detail
            .truncate(check.detail.find("; no endpoint was asked").unwrap_or(check.detail.len()));
    }
    let detail = said.to_string();
    if said.is_final() {
        report.add_check(NAME, CheckOutcome::Passed, &detail);
        check_time(report, claim.block_time, clock.now());
    } else if said.is_refuted() {
        report.add_check(NAME, CheckOutcome::Failed, &detail);
        report.outcome = Outcome::Refuted;
    } else {
        report.add_check(NAME, CheckOutcome::NotChecked, &detail);
        lower(report);
    }
    if said.asked() == 1 {
        let detail = "one endpoint was asked, and one alone can lie; name a second one with --rpc";
        report.add_check("a second endpoint", CheckOutcome::NotChecked, detail);
    }
    said.answers
}

/// Prints each question to an endpoint, and its answer in words.
fn print_asked(asked: &[EndpointAnswer]) {
    if !asked.is_empty() {
        out!("asked:");
    }
    for endpoint in asked {
        for exchange in &endpoint.exchanges {
            out!("  {}: {exchange}", endpoint.host);
        }
    }
}

/// Compares the block's time with the newest event of the bundle and with the present: an endpoint can invent a block, and a
/// block that is older than what it holds is invented, or the event's time is wrong.
fn check_time(report: &mut Report, block_time: u64, now: Timestamp) {
    const NAME: &str = "the time of the anchor's block";
    let time = i64::try_from(block_time).ok().and_then(|time| Timestamp::from_second(time).ok());
    let newest = report.records.iter().filter_map(|record| {
        let (_, value) = record.fields.iter().find(|(name, _)| name == "eventTime")?;
        value.trim_matches('"').parse::<Timestamp>().ok()
    });
    let newest = newest.max();
    let problem = match (time, newest) {
        (None, _) => format!("got {block_time} s since 1970, expected a time of the calendar"),
        (Some(time), _) if time > now.saturating_add(TIME_SLACK).unwrap_or(Timestamp::MAX) => {
            format!("the block is of {time}, and it is {now}")
        }
        (Some(time), Some(newest))
            if time.saturating_add(TIME_SLACK).unwrap_or(Timestamp::MAX) < newest =>
        {
            format!("the block is of {time}, before the event of {newest} that it is said to hold")
        }
        (Some(time), _) => {
            let detail = format!("the block is of {time}, not before the events that it holds");
            report.add_check(NAME, CheckOutcome::Passed, &detail);
            return;
        }
    };
    report.add_check(NAME, CheckOutcome::NotChecked, &problem);
    lower(report);
}

/// The chain was requested and gave no answer: proved becomes cannot tell.
fn lower(report: &mut Report) {
    if report.outcome == Outcome::Proved {
        report.outcome = Outcome::CannotTell;
    }
}

fn print(report: &Report) {
    print_verdict(report.outcome, report.item.as_deref().unwrap_or("(no item could be read)"));
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
    print_checks(report);
}

fn to_json(report: &Report, asked: &[EndpointAnswer]) -> Json {
    let text = |value: &str| Json::from(value);
    // The report has each field as the JSON text that was hashed.
    let field = |value: &str| {
        let parsed = ledger::json::parse(value.as_bytes(), &Limits::default());
        parsed.unwrap_or_else(|_| text(value))
    };
    let asked = asked.iter().flat_map(|endpoint| {
        endpoint.exchanges.iter().map(|exchange| {
            object([
                ("endpoint", text(&endpoint.host)),
                ("method", text(exchange.method)),
                ("about", text(&exchange.about)),
                ("answer", text(&exchange.answer)),
            ])
        })
    });
    let records = report
        .records
        .iter()
        .map(|record| {
            let fields = record.fields.iter().map(|(name, value)| (name.clone(), field(value)));
            object([
                ("origin", text(&record.origin)),
                ("index", Json::from(record.index)),
                ("fields", object(fields)),
            ])
        })
        .collect();
    object([
        ("outcome", outcome_to_json(report.outcome)),
        ("item", report.item.as_deref().map_or(Json::Null, text)),
        ("checks", checks_to_json(report)),
        ("records", Json::Array(records)),
        ("asked", Json::Array(asked.collect())),
    ])
}
