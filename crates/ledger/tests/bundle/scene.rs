//! A small world with fixed keys and secrets: a factory, a shop, the hub and a block with the anchor.

use std::{fs, path::PathBuf};

use evm::{
    abi,
    block::{MemberKind, encode_header},
    keccak256,
    proof::receipt_trie_proof,
    receipt::{Log, Outcome, Receipt},
    registry,
};
use ledger::{
    Hash,
    bundle::{AnchorProof, Bundle, BundledRecord, HubEntry, HubProof, LedgerHistory, Naming},
    checkpoint::Checkpoint,
    hash, hub,
    json::{Json, object},
    keys::{LedgerKeys, SystemRandom},
    policy::{ChainRoot, Policy, TrustedKey},
    record::{Disclosure, Record, Secret},
    tree,
};

pub const ITEM: &str = "urn:epc:id:sgtin:4012345.011122.1";
pub const CASE: &str = "urn:epc:id:sscc:4012345.1111111111";
pub const PALLET: &str = "urn:epc:id:sscc:4012345.2222222222";
pub const FACTORY: &str = "factory.example/line-1";
pub const SHOP: &str = "shop.example/till-1";
pub const HUB: &str = "hub.example";
pub const CONTRACT: [u8; 20] = [0x5f; 20];
pub const CHAIN_ID: u64 = 31337;

pub fn golden(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", name].iter().collect()
}

pub fn is_update() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// The test keys of a ledger, made once and kept beside the golden files.
pub fn keys(origin: &str) -> LedgerKeys {
    load_keys(origin, origin.split('.').next().unwrap())
}

/// The pair that follows that of the factory.
pub fn new_keys() -> LedgerKeys {
    load_keys(FACTORY, "factory-2")
}

fn load_keys(origin: &str, file: &str) -> LedgerKeys {
    let path = golden(&format!("keys/{file}.pem"));
    if is_update() && !path.exists() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let made = LedgerKeys::generate(origin, &SystemRandom::new()).unwrap();
        fs::write(&path, made.to_pem_file()).unwrap();
    }
    LedgerKeys::from_pem_file(&fs::read_to_string(path).unwrap()).unwrap()
}

pub fn policy() -> Policy {
    Policy {
        logs: [FACTORY, SHOP].iter().flat_map(|origin| trusted(&keys(origin))).collect(),
        hub: trusted(&keys(HUB)),
        chains: vec![ChainRoot { chain_id: CHAIN_ID, contract: CONTRACT }],
        ..Policy::default()
    }
}

/// The policy after the factory exchanged its Ed25519 key from size 4 to below size 5 and its RSA key at size 4: at
/// size 4 both Ed25519 keys are in force.
pub fn rotated_policy() -> Policy {
    let pairs = [(keys(FACTORY), ["until 5", "until 4"]), (new_keys(), ["from 4", "from 4"])];
    let logs = pairs
        .iter()
        .flat_map(|(keys, windows)| keys.verifier_keys().into_iter().zip(windows))
        .map(|(key, window)| format!("log {key} {window}\n"));
    let hub_keys = keys(HUB).verifier_keys();
    let hub = hub_keys.iter().map(|key| format!("hub {key} from 2 until 6\n"));
    logs.chain(hub).collect::<Vec<_>>().concat().parse().unwrap()
}

/// Both keys of a pair, in force at every size.
pub fn trusted(keys: &LedgerKeys) -> Vec<TrustedKey> {
    keys.verifier_keys().into_iter().map(TrustedKey::from).collect()
}

pub fn secret(origin: &str, index: usize) -> Secret {
    hash::sha256(format!("{origin} {index}").as_bytes()).0[..16].try_into().unwrap()
}

pub fn item(serial: usize) -> String {
    format!("urn:epc:id:sgtin:4012345.011122.{serial}")
}

fn event(kind: &str, step: &str, members: Vec<(&str, Json)>) -> Record {
    let mut json = object([
        ("type", Json::from(kind)),
        ("eventTime", Json::from("2026-03-02T08:15:00.000+08:00")),
        ("bizStep", Json::from(step)),
        ("chopmark:by", Json::from("urn:epc:id:pgln:4012345.00001")),
    ]);
    for (name, value) in members {
        json.set(name, value);
    }
    Record::from_json(json).unwrap()
}

fn uris(uris: &[String]) -> Json {
    Json::Array(uris.iter().map(|uri| Json::from(uri.as_str())).collect())
}

/// One ledger with its rows and its checkpoint.
pub struct Ledger {
    pub origin: &'static str,
    pub records: Vec<Record>,
    pub leaves: Vec<Hash>,
    pub checkpoint: Checkpoint,
    pub note: String,
}

impl Ledger {
    pub fn new(origin: &'static str, records: Vec<Record>) -> Self {
        let leaves: Vec<_> = records
            .iter()
            .enumerate()
            .map(|(index, record)| record.leaf_hash(&secret(origin, index)))
            .collect();
        let checkpoint = Checkpoint {
            origin: origin.to_owned(),
            size: leaves.len() as u64,
            root: tree::root(&leaves),
        };
        let note = keys(origin).sign_checkpoint(&checkpoint, &SystemRandom::new()).unwrap();
        Self { origin, records, leaves, checkpoint, note }
    }

    fn history(
        &self,
        wanted: &[(usize, Naming)],
        what: &Disclosure<'_>,
        entry: HubEntry,
    ) -> LedgerHistory {
        let records = wanted
            .iter()
            .map(|(index, names)| BundledRecord {
                disclosed: self.records[*index].disclose(&secret(self.origin, *index), what),
                index: *index as u64,
                path: tree::inclusion_path(*index as u64, &self.leaves),
                names: names.clone(),
            })
            .collect();
        LedgerHistory::assemble(self.origin, records, self.note.clone(), Some(entry)).unwrap()
    }
}

pub fn factory(count: usize) -> Ledger {
    let items: Vec<_> = (0..count).map(item).collect();
    let ilmd = object([("cbvmda:lotNumber", Json::from("L-17"))]);
    let add = Json::from("ADD");
    Ledger::new(
        FACTORY,
        vec![
            event(
                "ObjectEvent",
                "commissioning",
                vec![("epcList", uris(&items)), ("ilmd", ilmd), ("action", add.clone())],
            ),
            event("ObjectEvent", "inspecting", vec![("epcList", uris(&[item(count + 1)]))]),
            event(
                "AggregationEvent",
                "packing",
                vec![
                    ("parentID", Json::from(CASE)),
                    ("childEPCs", uris(&items)),
                    ("action", add.clone()),
                ],
            ),
            event(
                "AggregationEvent",
                "packing",
                vec![
                    ("parentID", Json::from(PALLET)),
                    (
                        "childEPCs",
                        uris(&[CASE.into(), "urn:epc:id:sscc:4012345.1111111112".into()]),
                    ),
                    ("action", add),
                ],
            ),
            event("ObjectEvent", "shipping", vec![("epcList", uris(&[PALLET.into()]))]),
        ],
    )
}

pub fn shop() -> Ledger {
    Ledger::new(
        SHOP,
        vec![
            event("ObjectEvent", "receiving", vec![("epcList", uris(&[CASE.into()]))]),
            event("ObjectEvent", "retail_selling", vec![("epcList", uris(&[ITEM.into()]))]),
        ],
    )
}

/// The whole proof of [`ITEM`], one of `count` items.
pub fn bundle(count: usize, what: &Disclosure<'_>) -> Bundle {
    bundle_beside(count, what, "a later entry")
}

/// The same with `note` as entry 3 of the hub.
pub fn bundle_beside(count: usize, what: &Disclosure<'_>, note: &str) -> Bundle {
    let (factory, shop) = (factory(count), shop());
    let entries: Vec<_> = ["an older entry", &factory.note, &shop.note, note, "and one more"]
        .iter()
        .map(|note| hub::entry_leaf(note))
        .collect();
    let published =
        Checkpoint { origin: HUB.into(), size: entries.len() as u64, root: tree::root(&entries) };
    let checkpoint = keys(HUB).sign_checkpoint(&published, &SystemRandom::new()).unwrap();
    let entry = |index| HubEntry { index, path: tree::inclusion_path(index, &entries) };
    let container = |of: &str| Naming::Container { of: of.to_owned() };
    let mut histories = vec![
        factory.history(
            &[(0, Naming::Item), (2, Naming::Item), (3, container(CASE)), (4, container(PALLET))],
            what,
            entry(1),
        ),
        shop.history(&[(0, container(CASE)), (1, Naming::Item)], what, entry(2)),
    ];
    ledger::bundle::shorten_hub_paths(&mut histories);
    Bundle {
        item: ITEM.to_owned(),
        histories,
        hub: Some(HubProof { origin: HUB.to_owned(), checkpoint }),
        anchor: Some(anchor(&published)),
        directory: None,
    }
}

/// What of a record is shown to someone who holds the item.
pub fn shown() -> Vec<String> {
    vec![ITEM.to_owned(), CASE.to_owned(), PALLET.to_owned()]
}

/// A receipt of type 2 with one event, as EIP-1559 transactions have it.
fn receipt(status: u8, published: &Checkpoint) -> Vec<u8> {
    let log = Log {
        address: CONTRACT,
        topics: vec![registry::anchored_topic(), hub::hub_id(HUB).0, published.root.0],
        data: abi::word(published.size).to_vec(),
    };
    let receipt = Receipt {
        kind: Some(2),
        outcome: Outcome::Status(vec![status]),
        cumulative_gas: vec![0x5f, 0x50],
        bloom: [0; 256],
        logs: vec![log],
    };
    receipt.encode()
}

/// A header of 16 members: number 1234, time 2026-03-02 00:16:40 UTC.
fn header(receipts_root: [u8; 32]) -> Vec<u8> {
    let mut members = vec![(MemberKind::Bytes, vec![7; 32]); 16];
    members[5].1 = receipts_root.to_vec();
    members[8] = (MemberKind::Number, vec![0x04, 0xd2]);
    members[11] = (MemberKind::Number, 1_772_410_600_u32.to_be_bytes().to_vec());
    encode_header(&members)
}

pub fn anchor(published: &Checkpoint) -> AnchorProof {
    let failed = receipt(0, published);
    let receipts = [failed.clone(), receipt(1, published), failed];
    let (root, proof) = receipt_trie_proof(&receipts, 1);
    let header = header(root);
    AnchorProof {
        chain_id: CHAIN_ID,
        contract: CONTRACT,
        hub_id: hub::hub_id(HUB),
        size: published.size,
        block_hash: Hash(keccak256(&header)),
        header,
        transaction_index: 1,
        receipt: receipts[1].clone(),
        proof,
    }
}
