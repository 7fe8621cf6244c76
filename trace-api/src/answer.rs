//! The JSON answers about items: the one place where enums become the codes of the API.
//!
//! What holds: members and codes are part of the API, so tests pin them; a record without a step, disposition or
//! place has an empty text there, never null.

use epcis::{BizStep, Disposition};
use history::bundle::Anchored;
use history::{History, HistoryEntry, Mark, Relation};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sql::anchors::Confirmed;

use crate::config::Config;
use crate::consumer;
use crate::lamps::Lamps;
use crate::language::Language;
use crate::naming::Naming;
use crate::notices::{hints, notices, other_lot, registered};
use crate::scan_result::ScanResult;
use crate::taps;
use crate::words::{self, Checked};

/// The answer to a scan, as the public sees it.
#[must_use]
pub fn scan(result: &ScanResult, config: &Config, language: Language) -> Value {
    let history = result.gathered.as_ref().map(|gathered| &gathered.history);
    let lamps = Lamps::of(result.reason.verdict(), result.tag, &result.state, history);
    let naming = Naming::of_public(config);
    let checked = history.map(Checked::of).unwrap_or_default().with_hints(result.hints.len());
    let heads = result.gathered.iter().flat_map(|gathered| gathered.ledgers.values());
    let recorded = heads.map(|head| head.checkpoint.recorded_at).max();
    let notices = history.map(|history| {
        let lot = other_lot(history, result.code.lot.as_deref(), language);
        let all = notices(history, &result.state, naming, language);
        lot.into_iter()
            .chain(registered(&result.registered, language))
            .chain(hints(&result.hints, language))
            .chain(all)
            .collect::<Vec<_>>()
    });
    let mut document = json!({
        "verdict": result.reason.verdict().code(),
        "reason": words::reason(&result.reason, checked, naming, language),
        "item": history.map(History::name),
        "lamps": {
            "record": lamps.record.state.code(),
            "tag": lamps.tag.state.code(),
            "journey": lamps.journey.state.code(),
        },
        "notices": notices.unwrap_or_default(),
        "timeline": history.map_or_else(|| json!([]), |history| consumer::timeline(history, config)),
        "cut": result.gathered.as_ref().map_or(0, |gathered| gathered.cut),
        "clocks": clocks(recorded, result.anchored.as_ref()),
    });
    if let Some(chip) = taps::code(result.tag) {
        document["chip"] = json!(chip);
    }
    if let Some(url) = result.recall_url(config) {
        document["recallUrl"] = json!(url);
    }
    document
}

/// When the records were committed, by when they existed, and how many endpoints of the chain confirmed that.
fn clocks(recorded: Option<Timestamp>, anchored: Option<&Anchored>) -> Value {
    let mut clocks = json!({ "recorded": time(recorded), "anchored": time(anchored.map(|anchored| anchored.at)) });
    if let Some(confirmed) = anchored.and_then(|anchored| anchored.confirmed) {
        let Confirmed { asked, agreed, at } = confirmed;
        clocks["endpoints"] = json!({ "asked": asked, "agreed": agreed, "at": at.to_string() });
    }
    clocks
}

/// A history, with all that is said about it, for the operator.
#[must_use]
pub fn history(history: &History, now: Timestamp, language: Language) -> Value {
    let records: Vec<Value> = history.entries.iter().map(record).collect();
    let state = history.state(now, &TimeZone::UTC);
    let gap = |gap| words::gap(gap, Naming::Whole, language, str::to_owned);
    json!({
        "item": history.name(),
        "records": records,
        "notices": notices(history, &state, Naming::Whole, language),
        "gaps": state.gaps.iter().map(gap).collect::<Vec<_>>(),
    })
}

/// One record of a history.
fn record(entry: &HistoryEntry) -> Value {
    json!({
        "at": entry.at.to_string(),
        "step": entry.step.as_ref().map_or("", BizStep::word),
        "disposition": entry.disposition.as_ref().map_or("", Disposition::word),
        "place": entry.place,
        "ledger": *entry.origin,
        "party": *entry.party,
        "index": entry.index,
        "sensed": entry.sensed,
        "inferredVia": container(entry),
        "lot": entry.relation == Relation::Lot,
        "broken": entry.fault.as_ref().map(ToString::to_string),
        "weight": entry.weight.code(),
        "mark": entry.mark.map(Mark::code),
    })
}

fn container(entry: &HistoryEntry) -> Option<&str> {
    match &entry.relation {
        Relation::Container(uri) => Some(uri),
        Relation::Item | Relation::Lot => None,
    }
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}
