//! How large a bundle is: eight records in three large ledgers, as somebody who holds the item gets it.

use ledger::{
    Hash,
    bundle::{
        self, AnchorProof, Bundle, BundledRecord, HubEntry, HubProof, LedgerHistory, Naming,
        Outcome,
    },
    checkpoint::Checkpoint,
    hash, hub,
    json::{Json, object},
    keys::{LedgerKeys, SystemRandom},
    record::{Disclosure, Record},
    tree,
};

use crate::scene::{self, CASE, FACTORY, HUB, ITEM, SHOP, secret};

const CENTRE: &str = "centre.example/docks";
/// Leaves of each ledger: a million in all.
const LEAVES: u64 = 333_333;
/// What is asked for, without the directory's proof.
const MOST_BYTES: usize = 24 * 1000;

/// A record as a dock door makes it: `count` items, and what else the reader's site states and keeps.
fn record(step: &str, count: usize, parent: Option<&str>) -> Record {
    let items: Vec<Json> = (0..count).map(|n| Json::from(scene::item(n).as_str())).collect();
    let place = |uri: &str| object([("id", Json::from(uri))]);
    let party = object([
        ("name", Json::from("示例配送中心 · Example Distribution Centre")),
        ("pgln", Json::from("urn:epc:id:pgln:9521142.00000")),
    ]);
    let kind = if parent.is_some() { "AggregationEvent" } else { "ObjectEvent" };
    let list = if parent.is_some() { "childEPCs" } else { "epcList" };
    let mut json = object([
        ("action", Json::from("OBSERVE")),
        ("bizLocation", place("urn:epc:id:sgln:9521142.00001.0")),
        ("bizStep", Json::from(step)),
        ("bizTransactionList", Json::from("urn:epcglobal:cbv:bt:9521142000005:1")),
        ("chopmark:by", party),
        ("chopmark:capturedAt", Json::from("2026-11-22T22:56:53.549Z")),
        ("chopmark:eventID", Json::from("ni:///sha-256;00?ver=CBV2.0")),
        ("chopmark:evidence", Json::from("window")),
        ("chopmark:sourceSignature", Json::from("signature")),
        ("disposition", Json::from("in_progress")),
        ("eventTime", Json::from("2026-11-22T22:56:53.549+08:00")),
        ("eventTimeZoneOffset", Json::from("+08:00")),
        ("readPoint", place("urn:epc:id:sgln:9521142.00001.3")),
        ("type", Json::from(kind)),
        (list, Json::Array(items)),
    ]);
    if let Some(parent) = parent {
        json.set("parentID", Json::from(parent));
    }
    Record::from_json(json).unwrap()
}

/// The part of a ledger of which the records stand at `places`, all other leaves being of others.
fn history(keys: &LedgerKeys, origin: &str, records: &[(u64, Record)]) -> (LedgerHistory, String) {
    let mut leaves: Vec<Hash> = (0..LEAVES).map(|n| hash::leaf(&n.to_be_bytes())).collect();
    let shown = [ITEM.to_owned(), CASE.to_owned()];
    let what = Disclosure::Fields { plain: &["bizLocation", "parentID"], items: &shown };
    for (place, record) in records {
        leaves[usize::try_from(*place).unwrap()] = record.leaf_hash(&secret(origin, 0));
    }
    let checkpoint = Checkpoint { origin: origin.into(), size: LEAVES, root: tree::root(&leaves) };
    let note = keys.sign_checkpoint(&checkpoint, &SystemRandom::new()).unwrap();
    let bundled = records.iter().map(|(place, record)| BundledRecord {
        disclosed: record.disclose(&secret(origin, 0), &what),
        index: *place,
        path: tree::inclusion_path(*place, &leaves),
        names: Naming::Item,
    });
    let history = LedgerHistory::assemble(origin, bundled.collect(), note.clone(), None).unwrap();
    (history, note)
}

#[test]
fn eight_records_in_three_ledgers_of_a_million_records_take_less_than_24_kilobytes() {
    let centre = LedgerKeys::generate(CENTRE, &SystemRandom::new()).unwrap();
    let keys = [(CENTRE, &centre), (FACTORY, &scene::keys(FACTORY)), (SHOP, &scene::keys(SHOP))];
    // What happens to an item at one site happens within some thousand records of that site.
    let records = [
        vec![(90_000, record("receiving", 1700, None)), (92_000, record("shipping", 1700, None))],
        vec![
            (200_000, record("commissioning", 100, None)),
            (200_001, record("packing", 100, Some(CASE))),
            (204_100, record("storing", 1700, None)),
            (205_555, record("shipping", 1700, None)),
        ],
        vec![
            (300_000, record("receiving", 100, None)),
            (301_500, record("retail_selling", 2, None)),
        ],
    ];
    let parts = keys.iter().zip(&records);
    let mut parts: Vec<_> =
        parts.map(|((origin, keys), records)| history(keys, origin, records)).collect();
    // A hub of some thousand entries.
    let mut entries: Vec<Hash> = (0_u64..5000).map(|n| hash::leaf(&n.to_be_bytes())).collect();
    for (place, (_, note)) in parts.iter().enumerate() {
        entries[4000 + place] = hub::entry_leaf(note);
    }
    for (place, (history, _)) in parts.iter_mut().enumerate() {
        let index = 4000 + place as u64;
        history.hub = Some(HubEntry { index, path: tree::inclusion_path(index, &entries) });
    }
    let mut histories: Vec<LedgerHistory> = parts.into_iter().map(|(history, _)| history).collect();
    bundle::shorten_hub_paths(&mut histories);
    let published = Checkpoint { origin: HUB.into(), size: 5000, root: tree::root(&entries) };
    let checkpoint = scene::keys(HUB).sign_checkpoint(&published, &SystemRandom::new()).unwrap();
    let anchor: AnchorProof = scene::anchor(&published);
    let made = Bundle {
        item: ITEM.to_owned(),
        histories,
        hub: Some(HubProof { origin: HUB.to_owned(), checkpoint }),
        anchor: Some(anchor),
        directory: None,
    };
    let bytes = made.to_bytes();
    let mut policy = scene::policy();
    policy.logs.extend(scene::trusted(&centre));
    let report = bundle::verify(&bytes, &policy);
    assert_eq!(report.outcome, Outcome::Proved, "{report:#?}");
    println!("{} bytes", bytes.len());
    assert!(bytes.len() < MOST_BYTES, "{} bytes", bytes.len());
}
