//! Proofs of other transparency logs: C2SP tlog-proof and Sigsum.
//!
//! What holds: the keys and the number of witnesses come from the policy file; without one, and without the data, the
//! outcome is cannot tell.
//!
//! Not here: the checks ([`ledger::foreign`]).

use std::process::ExitCode;

use anyhow::Context as _;
use ledger::Hash;
use ledger::foreign::{self, Claim, ForeignReport, Kind, Trust};
use ledger::json::{Json, object};
use ledger::keys::PlainKey;
use ledger::text::escaped;

use super::arguments::Arguments;
use super::report::{checks_to_json, outcome_to_json, print_checks, print_verdict, status};
use crate::{input, terminal};

/// Whether an argument was given that only a proof of another log has.
pub(super) fn is_asked_for(arguments: &Arguments) -> bool {
    arguments.data.is_some()
        || arguments.digest.is_some()
        || arguments.leaf.is_some()
        || !arguments.submitter.is_empty()
}

/// Verifies such a proof; exit status 0 proved, 1 refuted, 2 cannot tell.
///
/// # Errors
///
/// If a file cannot be read, the policy is not usable or an argument is malformed.
pub(super) fn run(kind: Kind, bytes: &[u8], arguments: &Arguments) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        arguments.rpc.is_empty(),
        "--rpc: got a proof of another log, expected a bundle, which alone can have an anchor on a chain"
    );
    let submitters = arguments.submitter.iter().map(|text| {
        text.parse::<PlainKey>().with_context(|| format!("--submitter: got `{}`", escaped(text)))
    });
    let submitters = submitters.collect::<Result<Vec<_>, _>>()?;
    anyhow::ensure!(
        submitters.is_empty() || kind == Kind::Sigsum,
        "--submitter: got a tlog-proof, whose entries nobody signs; expected a Sigsum proof"
    );
    let trust = match &arguments.policy {
        None => None,
        Some(path) => {
            let parsed = input::text(path)?.parse::<Trust>();
            Some(parsed.with_context(|| format!("{} is not a usable policy", input::name(path)))?)
        }
    };
    let data = arguments.data.as_deref().map(input::bytes).transpose()?;
    let claim = match (&data, &arguments.digest, &arguments.leaf) {
        (Some(data), _, _) => Claim::Data { data, submitters: &submitters },
        (None, Some(digest), _) => {
            Claim::Digest { digest: hash("--digest", digest)?, submitters: &submitters }
        }
        (None, None, Some(leaf)) => Claim::Leaf(hash("--leaf", leaf)?),
        (None, None, None) => Claim::Nothing,
    };
    let found = foreign::verify(kind, bytes, trust.as_ref(), &claim);
    if arguments.json {
        terminal::json(&to_json(&found).canonical());
    } else {
        print(&found);
    }
    Ok(status(found.report.outcome))
}

fn hash(name: &str, text: &str) -> anyhow::Result<Hash> {
    text.to_ascii_lowercase()
        .parse()
        .with_context(|| format!("{name}: got `{}`, expected 64 hex digits", escaped(text)))
}

fn print(found: &ForeignReport) {
    let entry = found.entry.as_ref().map_or_else(
        || "(no entry could be read)".to_owned(),
        |entry| {
            let origin: String = entry.origin.chars().take(90).collect();
            format!("entry {} of {}", entry.index, escaped(&origin))
        },
    );
    print_verdict(found.report.outcome, &entry);
    print_checks(&found.report);
}

fn to_json(found: &ForeignReport) -> Json {
    let entry = found.entry.as_ref().map_or(Json::Null, |entry| {
        object([
            ("origin", Json::from(entry.origin.as_str())),
            ("index", Json::from(entry.index)),
            ("size", Json::from(entry.size)),
        ])
    });
    object([
        ("outcome", outcome_to_json(found.report.outcome)),
        ("proof", Json::from(found.kind.name())),
        ("entry", entry),
        ("checks", checks_to_json(&found.report)),
    ])
}
