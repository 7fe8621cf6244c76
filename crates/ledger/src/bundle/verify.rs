//! Verifies a bundle against a policy, with no network.
//!
//! The way through:
//!
//! ```text
//! one form -> signatures of each checkpoint -> records are in it -> they name the item -> history root
//!          -> checkpoints are in the hub -> the hub was published -> what was not checked
//! ```
//!
//! What holds: a check that fails refutes, whatever the others say; a signature line must stand at its place and
//! verify, so that no line can be changed unseen; what the policy has no key for is never taken as checked.
//!
//! Not here: whether the block is on the chain (needs an endpoint; `chopmark verify --rpc`).
//!
//! Source: docs/formats/bundle-v1.md, "Verification".

use evm::proof::verify_receipt;

use super::{
    AnchorProof, Bundle, BundleError, HubProof, LedgerHistory, Naming, parse,
    report::{AnchorClaim, RecordSummary, Report},
};
use crate::{
    Hash,
    checkpoint::Checkpoint,
    history, hub,
    json::Json,
    keys::{Algorithm, VerifierKey},
    note::Note,
    policy::Policy,
    proof,
};

/// Bytes of the signatures of a checkpoint, in the order of its lines.
const LINES: [(Algorithm, usize); 2] = [(Algorithm::Ed25519, 64), (Algorithm::RsaPss3072, 384)];

/// Checks a bundle's bytes against a policy.
///
/// - Cost: two signature checks for each ledger and the hub, one hash for each hash in the file.
///
/// # Source
///
/// docs/formats/bundle-v1.md.
#[must_use]
pub fn verify(bytes: &[u8], policy: &Policy) -> Report {
    let mut report = Report::new();
    let bundle = match parse(bytes) {
        Ok(bundle) => bundle,
        Err(error) => {
            report.fail("form of the file", &BundleError::to_string(&error));
            return report;
        }
    };
    report.item = Some(bundle.item.clone());
    report.pass("form of the file", "a bundle in its one form, of the format this verifier knows");

    let hub = bundle.hub.as_ref().and_then(|hub| check_hub(hub, policy, &mut report));
    let mut shown = Vec::new();
    for history in &bundle.histories {
        check_history(history, hub.as_ref(), policy, &mut report, &mut shown);
    }
    check_naming(&bundle, &shown, &mut report);
    match (&bundle.anchor, &bundle.hub) {
        (Some(anchor), Some(proof)) => {
            if let Some(hub) = &hub {
                check_anchor(anchor, &proof.origin, hub, policy, &mut report);
            }
        }
        (Some(_), None) => report.fail("anchor", "an anchor without the hub that it publishes"),
        (None, _) => report.leave("anchor", "the bundle holds no anchor on a public chain"),
    }
    if bundle.hub.is_none() {
        report.leave("hub", "the bundle does not say that its ledgers are in a hub");
    }
    say_what_is_left(policy, &mut report);
    report
}

/// What no bundle of this version can show.
fn say_what_is_left(policy: &Policy, report: &mut Report) {
    let witnesses = "no independent witness has cosigned the checkpoints in this file";
    if policy.quorum.is_some() {
        report.miss("witnesses", &format!("the policy asks for a quorum, but {witnesses}"));
    } else {
        report.leave("witnesses", witnesses);
    }
    report.leave(
        "nothing was left out",
        "the records shown are in their ledgers; that there are no others about this item is not shown",
    );
    report.leave(
        "the events are true",
        "a signature shows who said something, not that it happened; nor that the object at hand is the item",
    );
}

/// A note's checkpoint, if it is signed by the two keys of `origin`.
fn check_note(
    text: &str,
    origin: &str,
    keys: &[VerifierKey],
    report: &mut Report,
) -> Option<Checkpoint> {
    let name = format!("checkpoint of {origin}");
    let parsed = Note::parse(text).map_err(|error| error.to_string()).and_then(|note| {
        let checkpoint = Checkpoint::parse_body(&note.text).map_err(|error| error.to_string())?;
        Ok((note, checkpoint))
    });
    let (note, checkpoint) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            report.fail(&name, &error);
            return None;
        }
    };
    if checkpoint.origin != origin {
        report.fail(&name, &format!("it is a checkpoint of `{}`", checkpoint.origin));
        return None;
    }
    if note.signatures.len() != LINES.len() {
        let count = note.signatures.len();
        report.fail(&name, &format!("{count} signature lines; {} would be right", LINES.len()));
        return None;
    }
    let mut fits = true;
    for (line, (algorithm, bytes)) in note.signatures.iter().zip(LINES) {
        if line.name != origin || line.bytes.len() != bytes {
            report.fail(&name, &format!("no {algorithm} line by {origin} at its place"));
            return None;
        }
        let mut known =
            keys.iter().filter(|key| key.name() == origin && key.algorithm() == algorithm);
        if known.clone().next().is_none() {
            report.miss(&name, &format!("the policy has no {algorithm} key of {origin}"));
        } else if !known.any(|key| {
            key.key_id() == line.key_id && key.verify(note.text.as_bytes(), &line.bytes).is_ok()
        }) {
            report.fail(&name, &format!("the {algorithm} line fits no key of the policy"));
            fits = false;
        } else {
            let size = checkpoint.size;
            report.pass(
                &name,
                &format!("size {size}, signed with the {algorithm} key of the policy"),
            );
        }
    }
    fits.then_some(checkpoint)
}

fn check_hub(hub: &HubProof, policy: &Policy, report: &mut Report) -> Option<Checkpoint> {
    check_note(&hub.checkpoint, &hub.origin, &policy.hub, report)
}

fn check_history(
    history: &LedgerHistory,
    hub: Option<&Checkpoint>,
    policy: &Policy,
    report: &mut Report,
    shown: &mut Vec<Json>,
) {
    let origin = &history.origin;
    let Some(checkpoint) = check_note(&history.checkpoint, origin, &policy.logs, report) else {
        return;
    };
    let name = format!("records in {origin}");
    match check_records(history, &checkpoint) {
        Ok((summaries, objects)) => {
            let count = summaries.len();
            report.pass(&name, &format!("{count} records lead to the checkpoint's root"));
            report.records.extend(summaries);
            shown.extend(objects);
        }
        Err(problem) => return report.fail(&name, &problem),
    }
    let name = format!("{origin} in the hub");
    match (&history.hub, hub) {
        (Some(entry), Some(hub)) => {
            let leaf = hub::entry_leaf(&history.checkpoint);
            match proof::verify_inclusion(entry.index, &leaf, hub.size, &entry.path, &hub.root) {
                Ok(()) => report.pass(
                    &name,
                    &format!("its checkpoint is entry {} of {}", entry.index, hub.origin),
                ),
                Err(error) => report.fail(&name, &error.to_string()),
            }
        }
        (Some(_), None) => report.fail(&name, "a path into a hub whose checkpoint is not shown"),
        (None, Some(_)) => report.leave(&name, "the bundle does not say that it is"),
        (None, None) => {}
    }
}

/// Computes every record from what is shown, leads it to the root, and compares the history root.
fn check_records(
    ledger: &LedgerHistory,
    checkpoint: &Checkpoint,
) -> Result<(Vec<RecordSummary>, Vec<Json>), String> {
    let (mut summaries, mut objects, mut leaves) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = None;
    for record in &ledger.records {
        let index = record.index;
        let failed = |problem: String| format!("record {index}: {problem}");
        if last.is_some_and(|last| last >= index) {
            return Err(failed("stands after a record that it should precede".into()));
        }
        last = Some(index);
        let leaf = record.disclosed.leaf_hash().map_err(|error| failed(error.to_string()))?;
        proof::verify_inclusion(index, &leaf, checkpoint.size, &record.path, &checkpoint.root)
            .map_err(|error| failed(error.to_string()))?;
        if record.names == Naming::Item {
            leaves.push(leaf);
        }
        let object = record.disclosed.shown().map_err(|error| failed(error.to_string()))?;
        let fields = object.as_object().unwrap_or_default();
        summaries.push(RecordSummary {
            origin: ledger.origin.clone(),
            index,
            fields: fields.iter().map(|(name, value)| (name.clone(), value.canonical())).collect(),
        });
        objects.push(object);
    }
    let root: Hash = history::root(&leaves);
    if root != ledger.history_root {
        return Err(format!("history root {}; the records give {root}", ledger.history_root));
    }
    Ok((summaries, objects))
}

/// Every record must name the item, or a container that other records lead the item into.
fn check_naming(bundle: &Bundle, shown: &[Json], report: &mut Report) {
    const NAME: &str = "records name the item";
    let records: Vec<_> = bundle.histories.iter().flat_map(|history| &history.records).collect();
    if records.len() != shown.len() {
        // A ledger's part failed already; its records were not computed.
        return report.leave(NAME, "not looked at, because other checks failed");
    }
    if !records.iter().any(|record| record.names == Naming::Item) {
        return report.miss(NAME, "the bundle holds no record that names the item");
    }
    let containers = reachable_containers(&bundle.item, shown);
    for (record, object) in records.into_iter().zip(shown) {
        let named = match &record.names {
            Naming::Item => &bundle.item,
            Naming::Container { of } if containers.contains(of) => of,
            Naming::Container { of } => {
                let detail = format!("no record puts {} into {of}", bundle.item);
                return report.fail(NAME, &detail);
            }
        };
        if !crate::record::names_in(object).contains(named) {
            return report.fail(NAME, &format!("record {} does not name {named}", record.index));
        }
    }
    report.pass(NAME, "each names the item, or a container that the records put it into");
}

/// The item's containers, their containers, and so on: parents of the shown records whose children are known.
fn reachable_containers(item: &str, shown: &[Json]) -> Vec<String> {
    let mut inside = vec![item.to_owned()];
    loop {
        let before = inside.len();
        for object in shown {
            let parent = object.get("parentID").and_then(Json::as_str);
            let children = object.get("childEPCs").and_then(Json::as_array).unwrap_or_default();
            let holds = children
                .iter()
                .filter_map(Json::as_str)
                .any(|child| inside.iter().any(|known| known == child));
            if let Some(parent) = parent
                && holds
                && !inside.iter().any(|known| known == parent)
            {
                inside.push(parent.to_owned());
            }
        }
        if inside.len() == before {
            inside.remove(0);
            return inside;
        }
    }
}

fn check_anchor(
    anchor: &AnchorProof,
    hub_origin: &str,
    hub: &Checkpoint,
    policy: &Policy,
    report: &mut Report,
) {
    const NAME: &str = "anchor";
    let chain_id = anchor.chain_id;
    let contract = hex::encode(anchor.contract);
    if policy.chains.is_empty() {
        report.miss(NAME, "the policy names no chain and contract");
    } else if !policy
        .chains
        .iter()
        .any(|chain| chain.chain_id == chain_id && chain.contract == anchor.contract)
    {
        return report
            .fail(NAME, &format!("the policy does not name 0x{contract} on chain {chain_id}"));
    }
    if anchor.hub_id != hub::hub_id(hub_origin) {
        return report.fail(NAME, &format!("it is an anchor of another hub than {hub_origin}"));
    }
    if anchor.size != hub.size {
        let sizes =
            format!("it publishes size {}, the hub's checkpoint has {}", anchor.size, hub.size);
        return report.fail(NAME, &sizes);
    }
    let found =
        verify_receipt(&anchor.header, anchor.transaction_index, &anchor.receipt, &anchor.proof);
    let (block, logs) = match found {
        Ok(found) => found,
        Err(error) => return report.fail(NAME, &error.to_string()),
    };
    let block_hash = Hash(block.hash);
    if block_hash != anchor.block_hash {
        return report.fail(NAME, &format!("the header's hash is {block_hash}"));
    }
    if !logs.has_anchored(&anchor.contract, &anchor.hub_id.0, &hub.root.0, hub.size) {
        return report
            .fail(NAME, "the receipt holds no event of the contract with this size and root");
    }
    report.pass(
        NAME,
        &format!(
            "the receipt of transaction {} in block {} publishes size {} and root of {hub_origin}",
            anchor.transaction_index, block.number, hub.size
        ),
    );
    report.leave(
        "the anchor's block",
        &format!("that block {block_hash} is on chain {chain_id} was not asked of any endpoint"),
    );
    report.anchor = Some(AnchorClaim {
        chain_id,
        contract: anchor.contract,
        block_hash,
        block_number: block.number,
        block_time: block.timestamp,
    });
}
