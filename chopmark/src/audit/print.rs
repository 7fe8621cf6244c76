//! The audit's outcome as text and as JSON.

use ledger::json::{Json, object};
use sql::erasures::Erasure;

use super::outcome::{AuditedLedger, State};
use super::rows::Earlier;
use crate::terminal::{self, Tone, out};

/// Prints the text: a line for each ledger, its findings below it, and at the end what to do.
pub fn text(audited: &[AuditedLedger]) {
    for one in audited {
        let summary = &one.summary;
        let records = if one.is_hub { "entries" } else { "records" };
        let (origin, count, checkpoints) = (&summary.origin, summary.records, summary.checkpoints);
        terminal::paint(
            tone(one.state()),
            one.state().word(),
            &format!("  {origin}  {count} {records}, {checkpoints} checkpoints"),
        );
        out!("        {}", coverage(one));
        if let Some(Earlier { size, at }) = one.earlier {
            out!(
                "        {records} below #{size} were recomputed by the audit that was begun at {at} and interrupted, not by this \
                 one: a change of their rows since then is not seen; findings of them are those of that audit"
            );
        }
        if !one.erased.is_empty() {
            out!("        {} erased, whose leaf hashes are taken from the tree:", one.erased.len());
        }
        for erasure in &one.erased {
            let (index, at, [first, second]) = (erasure.index, erasure.at, &erasure.by);
            out!("        #{index}: erased at {at} by {first} and {second}: {}", erasure.reason);
        }
        if let Some(problem) = one.continuity.problem() {
            out!("        {problem}");
        }
        if let Some(why) = one.without_key() {
            out!("        {why}");
        }
        for (what, count) in &one.holdings.findings {
            match count {
                0 | 1 => out!("        {what}"),
                count => out!("        {what}; {} more like this", count - 1),
            }
        }
        for finding in &summary.findings {
            match finding.index {
                Some(index) => out!("        #{index}: {}", finding.what),
                None => out!("        {}", finding.what),
            }
        }
        if summary.more_findings > 0 {
            out!("        and {} more", summary.more_findings);
        }
    }
    let worst = audited.iter().map(AuditedLedger::state).max().unwrap_or(State::Whole);
    if let Some(advice) = advice(worst) {
        out!("{advice}");
    }
}

fn tone(state: State) -> Tone {
    match state {
        State::Whole => Tone::Good,
        State::CannotTell => Tone::Doubt,
        State::Changed | State::RolledBack | State::Forked => Tone::Bad,
    }
}

/// How far the ledger is published, and how much of that agrees.
fn coverage(one: &AuditedLedger) -> String {
    let agreeing = one.holdings.agreeing;
    let waiting = one.waiting();
    match (one.is_hub, one.holdings.size, waiting) {
        (false, 0, _) => {
            "not in a hub yet: nothing outside of this ledger would show a rollback".into()
        }
        (true, 0, _) => "not anchored: no final anchor of this hub is stored".into(),
        (false, _, 0) => format!("{agreeing} entries of the hub agree with its checkpoints"),
        (true, _, 0) => format!("{agreeing} final anchors agree with its checkpoints"),
        (false, size, waiting) => format!(
            "{agreeing} entries of the hub agree with its checkpoints; the hub is behind: it ends at size {size}, \
             {waiting} records wait"
        ),
        (true, size, waiting) => format!(
            "{agreeing} final anchors agree with its checkpoints; not anchored: the last one has size {size}, \
             {waiting} entries wait"
        ),
    }
}

/// What to do about the worst that was found.
fn advice(worst: State) -> Option<&'static str> {
    match worst {
        State::Whole => None,
        State::CannotTell => Some(
            "nothing contradicts anything, but the policy lacks keys: give --policy the file with the line that `chopmark directory init` \
             printed, or with the keys of every ledger",
        ),
        State::Changed => Some(
            "rows were changed after they were signed: compare the records named above with a backup; the signed \
             checkpoints are what counts",
        ),
        State::RolledBack => Some(
            "a ledger has less than was published of it: stop its writer, keep this database as evidence, restore the \
             newest backup; what was lost is what the hub's entry covers beyond the records above",
        ),
        State::Forked => Some(
            "a ledger has another past than was published of it: stop its writer and keep this database as evidence; \
             table `forks` has the checkpoints that contradict one another",
        ),
    }
}

/// The JSON.
pub fn json(audited: &[AuditedLedger]) -> Json {
    object([("ledgers", Json::Array(audited.iter().map(ledger).collect()))])
}

fn ledger(one: &AuditedLedger) -> Json {
    let summary = &one.summary;
    let finding = |index: Option<u64>, what: &str| {
        object([("index", index.map_or(Json::Null, Json::from)), ("what", Json::from(what))])
    };
    let published = one.continuity.problem().into_iter().chain(one.without_key());
    let published = published.chain(one.holdings.findings.iter().map(|(what, _)| what.clone()));
    let mut findings: Vec<Json> = published.map(|what| finding(None, &what)).collect();
    findings.extend(summary.findings.iter().map(|found| finding(found.index, &found.what)));
    object([
        ("ledger", Json::from(summary.origin.as_str())),
        ("kind", Json::from(one.kind.as_str())),
        ("state", Json::from(one.state().code())),
        ("records", Json::from(summary.records)),
        ("checkpoints", Json::from(summary.checkpoints)),
        ("recomputed_from", Json::from(one.earlier.map_or(0, |earlier| earlier.size))),
        ("published_size", Json::from(one.holdings.size)),
        ("published_agreeing", Json::from(one.holdings.agreeing)),
        ("waiting", Json::from(one.waiting())),
        ("more_findings", Json::from(summary.more_findings)),
        ("findings", Json::Array(findings)),
        ("erased", Json::Array(one.erased.iter().map(erased).collect())),
    ])
}

fn erased(erasure: &Erasure) -> Json {
    let text = |text: &str| Json::from(text);
    object([
        ("index", Json::from(erasure.index)),
        ("at", text(&erasure.at.to_string())),
        ("by", Json::Array(erasure.by.iter().map(|by| text(by)).collect())),
        ("reason", text(&erasure.reason)),
        ("leaf", text(&erasure.leaf_hash.to_string())),
    ])
}
