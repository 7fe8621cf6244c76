//! Asks the installation what it has, one question at a time.

use std::collections::BTreeMap;

use anyhow::Context as _;
use ledger::json::Json;

use super::account::Recorded;
use crate::web;

/// Size of every ledger, by origin.
///
/// # Errors
///
/// If trace-api does not answer.
pub fn sizes(operator: &str) -> anyhow::Result<BTreeMap<String, u64>> {
    let answer = web::get_json(&format!("{operator}/ledgers"), &[])?;
    let ledgers = answer.get("ledgers").and_then(Json::as_array).context("no list of ledgers")?;
    let one = |ledger: &Json| {
        let origin = ledger.get("origin")?.as_str()?.to_owned();
        Some((origin, ledger.get("size")?.as_number()?.parse().ok()?))
    };
    ledgers.iter().map(|ledger| one(ledger).context("a ledger without origin or size")).collect()
}

/// Scans that trace-api has counted since it was started.
///
/// # Errors
///
/// If it does not answer.
pub fn scans(operator: &str) -> anyhow::Result<u64> {
    let answer = web::get(&format!("{operator}/metrics"), &[])?;
    anyhow::ensure!(answer.status == 200, "{operator}/metrics answered {}", answer.status);
    Ok(sum_of(&String::from_utf8_lossy(&answer.body), "trace_api_scans_total{"))
}

/// The sum of a counter over all its labels, in Prometheus' text format.
fn sum_of(text: &str, begin: &str) -> u64 {
    let lines = text.lines().filter(|line| line.starts_with(begin));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

/// What is wrong with one event of a document as the item's history has it; none if it is there once and whole.
///
/// - `uri`: what the event names: an item, or a container.
/// - `event`: which of the document's events.
///
/// # Errors
///
/// If trace-api does not answer.
pub fn fault_of(
    operator: &str,
    uri: &str,
    document: &Recorded,
    event: usize,
) -> anyhow::Result<Option<String>> {
    let Some(index) = document.indexes.get(event) else {
        return Ok(Some(format!("the answer gave no index of event {event}")));
    };
    let history = web::get(&format!("{operator}/items/{uri}/history"), &[])?;
    if history.status == 404 {
        return Ok(Some(format!("no record names {uri}")));
    }
    anyhow::ensure!(history.status == 200, "the history of {uri} answered {}", history.status);
    let history = ledger::json::parse(&history.body, &ledger::json::Limits::default())?;
    let records = history.get("records").and_then(Json::as_array).unwrap_or_default();
    Ok(compare(records, &document.ledger, *index, step_of(document))
        .map(|fault| format!("{uri}: {fault}")))
}

fn step_of(document: &Recorded) -> &'static str {
    use demo::traffic::Step::{Commissioning, Packing, Receiving, Shipping};
    match document.step {
        Commissioning => "commissioning",
        Packing => "packing",
        Shipping => "shipping",
        Receiving => "receiving",
    }
}

/// Whether exactly one record says this step of the item itself, at this index, and is whole.
fn compare(records: &[Json], ledger: &str, index: u64, step: &str) -> Option<String> {
    let is = |record: &Json, name: &str, value: &str| {
        record.get(name).and_then(Json::as_str) == Some(value)
    };
    let is_null =
        |record: &Json, name: &str| record.get(name).is_none_or(|value| *value == Json::Null);
    let own = records.iter().filter(|record| {
        let is_lot = record.get("lot").is_some_and(|value| *value == Json::Bool(true));
        is(record, "step", step) && is_null(record, "inferredVia") && !is_lot
    });
    let own: Vec<&Json> = own.collect();
    let [record] = own[..] else {
        return Some(format!("got {} records of {step}, expected one", own.len()));
    };
    let found = record.get("index").and_then(Json::as_number).unwrap_or("none");
    if found != index.to_string() || !is(record, "ledger", ledger) {
        return Some(format!("{step} is record {found}, expected record {index} of {ledger}"));
    }
    (!is_null(record, "broken")).then(|| format!("record {index} does not fit its ledger"))
}

#[cfg(test)]
mod tests {
    use ledger::json::{Limits, parse};

    use super::*;

    fn records(text: &str) -> Vec<Json> {
        parse(text.as_bytes(), &Limits::default()).unwrap().as_array().unwrap().to_vec()
    }

    #[test]
    fn a_record_that_is_missing_twice_there_elsewhere_or_broken_is_a_fault() {
        let good = r#"{"step":"packing","ledger":"l","index":7,"inferredVia":null,"lot":false,"broken":null}"#;
        let other = r#"{"step":"packing","ledger":"l","index":9,"inferredVia":"urn:x","lot":false,"broken":null}"#;
        let compare = |text: &str| compare(&records(text), "l", 7, "packing");
        assert_eq!(compare(&format!("[{good},{other}]")), None);
        for (text, words) in [
            ("[]".to_owned(), "got 0 records of packing, expected one"),
            (format!("[{good},{good}]"), "got 2 records"),
            (
                format!("[{}]", good.replace('7', "8")),
                "packing is record 8, expected record 7 of l",
            ),
            (format!("[{}]", good.replace("\"l\"", "\"m\"")), "expected record 7 of l"),
            (
                format!("[{}]", good.replace("\"broken\":null", "\"broken\":\"x\"")),
                "does not fit its ledger",
            ),
        ] {
            let fault = compare(&text).unwrap();
            assert!(fault.contains(words), "{fault}");
        }
    }

    #[test]
    fn a_counter_is_summed_over_its_labels() {
        let text = "# HELP x\ntrace_api_scans_total{role=\"consumer\"} 40\ntrace_api_scans_total{role=\"robot\"} 2\n\
                    trace_api_scans_totally{role=\"x\"} 9\n";
        assert_eq!(sum_of(text, "trace_api_scans_total{"), 42);
    }
}
