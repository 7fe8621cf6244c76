//! Verifies a bundle against a policy, with no network.
//!
//! The way through:
//!
//! ```text
//! form -> directory: whose keys count -> signatures of each checkpoint -> records are in it -> they name the item -> history root
//!          -> checkpoints are in the hub -> the hub was published -> list of what was not checked
//! ```
//!
//! What holds: a check that fails refutes, whatever the others find; a file that is no bundle states nothing, so it is not
//! refuted and never proved; whether a checkpoint is signed is decided by
//! [`Policy::open_checkpoint`] alone; a ledger without a key in the policy is never reported as checked.
//!
//! Not here: whether the block is on the chain (needs an endpoint; `chopmark verify --rpc`).
//!
//! Source: docs/formats/bundle-v2.md, "Verification".

use std::collections::{BTreeMap, HashSet};

use super::{
    anchor::check_anchor,
    authority::Authority,
    file::{Bundle, LedgerHistory, Naming, parse},
    report::{RecordSummary, Report},
};
use epc::written_key;

use crate::{
    Hash,
    checkpoint::Checkpoint,
    history, hub,
    json::Json,
    note::Note,
    policy::{OpenError, Policy},
    proof,
    record::names_in,
};

/// Most names of hidden fields in the report, and most characters of each.
const MAX_NAMES: usize = 20;
const MAX_EXCERPT: usize = 60;

/// What was expected of a file that is no bundle.
const WHOLE_BUNDLE: &str = "this is no whole bundle, so that nothing in it was checked; expected the file as it was downloaded, unchanged";

/// Checks a bundle's bytes against a policy.
///
/// - Cost: two signature checks for each ledger and the hub, one hash for each hash in the file.
///
/// # Source
///
/// docs/formats/bundle-v2.md.
#[must_use]
pub fn verify(bytes: &[u8], policy: &Policy) -> Report {
    let mut report = Report::new();
    let bundle = match parse(bytes) {
        Ok(bundle) => bundle,
        Err(error) if error.is_of_another_file() => {
            report.miss("form of the file", &format!("{error}; {WHOLE_BUNDLE}"));
            return report;
        }
        Err(error) => {
            report.fail("form of the file", &error.to_string());
            return report;
        }
    };
    report.item = Some(bundle.item.clone());
    report.pass("form of the file", "canonical JSON of the format that this verifier knows");

    let authority = Authority::establish(&bundle, policy, &mut report);
    let policy = &authority.policy;

    let hub = bundle.hub.as_ref().and_then(|hub| {
        let opened = policy.open_hub_checkpoint(&hub.origin, &hub.checkpoint);
        check_opened(&hub.origin, &hub.checkpoint, opened, &mut report)
    });
    let (mut disclosed, mut hub_path) = (Vec::new(), Vec::new());
    for history in &bundle.histories {
        if check_history(history, policy, &mut report, &mut disclosed) {
            check_in_hub(history, hub.as_ref(), &mut hub_path, &mut report);
        }
        if bundle.anchor.is_some() && history.hub.is_none() {
            let detail =
                "it is in no hub, but the bundle holds an anchor, which must cover all ledgers";
            report.fail(&format!("{} in the hub", history.origin), detail);
        }
    }
    check_naming(&bundle, &disclosed, &mut report);
    authority.check_in_hub(&bundle, hub.as_ref(), &mut report);
    authority.describe(&bundle, &mut report);
    match (&bundle.anchor, &bundle.hub) {
        (Some(anchor), Some(proof)) => {
            if let Some(hub) = &hub {
                check_anchor(anchor, &proof.origin, hub, policy, &mut report);
            }
        }
        (Some(_), None) => report.fail("anchor", "got an anchor without the hub that it publishes"),
        (None, _) => report.leave("anchor", "the bundle holds no anchor on a public chain"),
    }
    if bundle.hub.is_none() {
        report.leave("hub", "the bundle holds no checkpoint of a hub");
    }
    list_hidden(&mut report);
    list_unproved(policy, &mut report);
    report
}

/// Counts what the file has of its records without showing it.
fn list_hidden(report: &mut Report) {
    let names = report.records.iter().flat_map(|record| &record.hidden);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    let hidden: usize = counts.values().sum();
    let excerpt = |name: &str| name.chars().take(MAX_EXCERPT).collect::<String>();
    let by_name: Vec<_> = counts
        .iter()
        .take(MAX_NAMES)
        .map(|(name, count)| format!("{} {count}", excerpt(name)))
        .collect();
    let elements =
        report.records.iter().map(|record| record.elements_left_out).fold(0, u64::saturating_add);
    let records = report.records.len();
    let mut detail = format!(
        "of {records} records {hidden} fields are hidden and {elements} elements of lists are left out"
    );
    if hidden > 0 {
        let more = if counts.len() > MAX_NAMES { " and others" } else { "" };
        detail = format!("{detail}; hidden: {}{more}", by_name.join(", "));
    }
    report.leave("what the file does not show", &detail);
}

/// Lists what no bundle of this version can prove.
fn list_unproved(policy: &Policy, report: &mut Report) {
    let witnesses = "no independent witness has cosigned the checkpoints in this file";
    if policy.quorum.is_some() {
        report.miss("witnesses", &format!("the policy asks for a quorum, but {witnesses}"));
    } else {
        report.leave("witnesses", witnesses);
    }
    report.leave(
        "nothing was left out",
        "the records shown are in their ledgers; whether there are others about this item is not proved",
    );
    report.leave(
        "the events are true",
        "a signature proves who stated an event, not that it happened, nor that the object at hand is the item",
    );
}

/// The checkpoint of a ledger or hub, unless it is refuted.
///
/// Without any key of `origin` the outcome is no better than "cannot tell"; the paths are still checked against the
/// checkpoint, since a path that does not lead to the root refutes the file whoever signed.
fn check_opened(
    origin: &str,
    note: &str,
    opened: Result<Checkpoint, OpenError>,
    report: &mut Report,
) -> Option<Checkpoint> {
    let name = format!("checkpoint of {origin}");
    match opened {
        Ok(checkpoint) => {
            let size = checkpoint.size;
            report.pass(&name, &format!("size {size}, signed by the keys in force at that size"));
            Some(checkpoint)
        }
        Err(error @ OpenError::UnknownLedger { .. }) => {
            report.miss(&name, &error.to_string());
            let note = Note::parse(note).ok()?;
            Checkpoint::parse_body(&note.text).ok()
        }
        Err(error) => {
            report.fail(&name, &error.to_string());
            None
        }
    }
}

/// Whether the records are in their ledger, as far as can be told.
fn check_history(
    history: &LedgerHistory,
    policy: &Policy,
    report: &mut Report,
    disclosed: &mut Vec<Json>,
) -> bool {
    let origin = &history.origin;
    let opened = policy.open_checkpoint(origin, &history.checkpoint);
    let Some(checkpoint) = check_opened(origin, &history.checkpoint, opened, report) else {
        return false;
    };
    let name = format!("records in {origin}");
    match check_records(history, &checkpoint) {
        Ok((summaries, objects)) => {
            let count = summaries.len();
            report.pass(&name, &format!("{count} records lead to the checkpoint's root"));
            report.records.extend(summaries);
            disclosed.extend(objects);
            true
        }
        Err(problem) => {
            report.fail(&name, &problem);
            false
        }
    }
}

/// The ledger's checkpoint is in the hub.
///
/// - `path`: the whole path of the history before; that of this one afterwards.
fn check_in_hub(
    history: &LedgerHistory,
    hub: Option<&Checkpoint>,
    path: &mut Vec<Hash>,
    report: &mut Report,
) {
    let name = format!("{} in the hub", history.origin);
    match (&history.hub, hub) {
        (Some(entry), Some(hub)) => {
            let leaf = hub::entry_leaf(&history.checkpoint);
            let found = proof::whole_path(&entry.path, path, entry.index, hub.size);
            match found.and_then(|whole| {
                path.clone_from(&whole);
                proof::verify_inclusion(entry.index, &leaf, hub.size, &whole, &hub.root)
            }) {
                Ok(()) => report.pass(
                    &name,
                    &format!("its checkpoint is entry {} of {}", entry.index, hub.origin),
                ),
                Err(error) => report.fail(&name, &error.to_string()),
            }
        }
        (Some(_), None) => report
            .fail(&name, "there is no accepted checkpoint of the hub that its path could lead to"),
        (None, Some(_)) => {
            report.leave(&name, "the bundle holds no path from this ledger into the hub");
        }
        (None, None) => {}
    }
}

/// Computes the leaf hash of every record, follows its path to the root, and compares the history root.
fn check_records(
    ledger: &LedgerHistory,
    checkpoint: &Checkpoint,
) -> Result<(Vec<RecordSummary>, Vec<Json>), String> {
    let (mut summaries, mut objects, mut leaves) = (Vec::new(), Vec::new(), Vec::new());
    let (mut last, mut path_before) = (None, Vec::new());
    if ledger.records.is_empty() {
        return Err("got a history without records, expected at least one".into());
    }
    for record in &ledger.records {
        let index = record.index;
        let failed = |problem: String| format!("record {index}: {problem}");
        if last.is_some_and(|last| last >= index) {
            return Err(failed("got an index that is not above that of the record before".into()));
        }
        last = Some(index);
        let leaf = record.disclosed.leaf_hash().map_err(|error| failed(error.to_string()))?;
        if let Some(name) = record.disclosed.hidden_mandatory() {
            return Err(failed(format!("field `{name}` is hidden, expected its value")));
        }
        path_before = proof::whole_path(&record.path, &path_before, index, checkpoint.size)
            .map_err(|error| failed(error.to_string()))?;
        proof::verify_inclusion(index, &leaf, checkpoint.size, &path_before, &checkpoint.root)
            .map_err(|error| failed(error.to_string()))?;
        if record.names == Naming::Item {
            leaves.push(leaf);
        }
        let object = record.disclosed.to_object().map_err(|error| failed(error.to_string()))?;
        let fields = object.as_object().unwrap_or_default();
        summaries.push(RecordSummary {
            origin: ledger.origin.clone(),
            index,
            fields: fields.iter().map(|(name, value)| (name.clone(), value.canonical())).collect(),
            hidden: record.disclosed.hidden_names().map(str::to_owned).collect(),
            elements_left_out: record.disclosed.elements_left_out(),
        });
        objects.push(object);
    }
    let root = history::root(&leaves);
    if root != ledger.history_root {
        return Err(format!(
            "got history root {}, but the records give {root}",
            ledger.history_root
        ));
    }
    Ok((summaries, objects))
}

/// Every record must name the item, or a container that other records put the item into.
fn check_naming(bundle: &Bundle, disclosed: &[Json], report: &mut Report) {
    const NAME: &str = "records name the item";
    let records: Vec<_> = bundle.histories.iter().flat_map(|history| &history.records).collect();
    if records.len() != disclosed.len() {
        // The records of a ledger failed already and were not computed.
        return report.leave(NAME, "not checked, because other checks failed");
    }
    let containers = reachable_containers(&bundle.item, disclosed);
    let all_names: Vec<String> = disclosed.iter().flat_map(names_in).collect();
    let spelled: HashSet<&str> = all_names.iter().map(String::as_str).collect();
    for (record, object) in records.iter().zip(disclosed) {
        let named = match &record.names {
            Naming::Item => &bundle.item,
            Naming::Container { of } if containers.contains(&written_key(of)) => of,
            Naming::Container { of } => {
                let detail = format!("no record puts {} into {of}", bundle.item);
                return report.fail(NAME, &detail);
            }
        };
        let key = written_key(named);
        if !names_in(object).iter().any(|name| written_key(name) == key) {
            return report.fail(NAME, &format!("record {} does not name {named}", record.index));
        }
        // Else whoever passes the file on could spell the name otherwise, and it would still be proved.
        if *named != key && !spelled.contains(named.as_str()) {
            let detail =
                format!("no record shown spells a name as {named}, which is not its key {key}");
            return report.fail(NAME, &detail);
        }
    }
    if !records.iter().any(|record| record.names == Naming::Item) {
        return report.miss(NAME, "the bundle holds no record that names the item");
    }
    report.pass(NAME, "each names the item, or a container that the records put it into");
}

/// Keys of the item's containers, their containers, and so on: parents of the disclosed records whose children are the item
/// or a container, in any spelling.
fn reachable_containers(item: &str, disclosed: &[Json]) -> Vec<String> {
    let keys_of = |object: &Json| {
        let parent = object.get("parentID").and_then(Json::as_str).map(written_key);
        let children = object.get("childEPCs").and_then(Json::as_array).unwrap_or_default();
        let children: Vec<String> =
            children.iter().filter_map(Json::as_str).map(written_key).collect();
        parent.map(|parent| (parent, children))
    };
    let packings: Vec<(String, Vec<String>)> = disclosed.iter().filter_map(keys_of).collect();
    let mut inside = vec![written_key(item)];
    loop {
        let before = inside.len();
        for (parent, children) in &packings {
            let holds = children.iter().any(|child| inside.contains(child));
            if holds && !inside.contains(parent) {
                inside.push(parent.clone());
            }
        }
        if inside.len() == before {
            inside.remove(0);
            return inside;
        }
    }
}
