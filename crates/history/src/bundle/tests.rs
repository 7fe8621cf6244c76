//! Bundles from a real database: what is in them, what is hidden, and that they prove.

use std::sync::Arc;

use ::directory::setup::{PartyPlan, Setup};
use ledger::bundle::{Outcome, verify};
use ledger::directory::HolderKey;
use ledger::keys::{LedgerKeys, SystemRandom};
use ledger::policy::{DirectoryPin, Policy};
use sql::Transaction;
use sql::anchors::NewConfirmation;
use sql::testing::TestDb;

use super::*;
use crate::cache::Cache;
use crate::directory::{Writer, append, begin, effective_policy, load};
use crate::gather::gather;
use crate::testing::{
    CASE, EventDraft, FACTORY, ITEM, TestLedger, excursion_event, object_event, packing_event,
    rights,
};

const SITE: &str = "factory.example/packing";
const TILL: &str = "shop.example/till";
const HUB: &str = "hub.example/1";
const NEIGHBOUR: &str = "urn:epc:id:sgtin:4012345.011111.1";
const RECORDED: &str = "2026-11-22T00:00:00Z";
const BLOCK_TIME: &str = "2026-11-22T01:00:00Z";

/// Two sites and a hub.
struct Ledgers {
    db: TestDb,
    site: TestLedger,
    till: TestLedger,
    hub: TestLedger,
}

fn event(hour: u8, step: &str) -> EventDraft {
    object_event(&format!("2026-11-20T{hour:02}:00:00Z"), step).at(FACTORY)
}

impl Ledgers {
    async fn create(name: &str) -> Self {
        let db = TestDb::migrated(name).await;
        let site = TestLedger::create(&db, SITE, "site", "Factory").await;
        let till = TestLedger::create(&db, TILL, "site", "Shop").await;
        let hub = TestLedger::create(&db, HUB, "hub", "Hub").await;
        Self { db, site, till, hub }
    }

    fn policy(&self) -> Policy {
        let logs = self.site.policy_lines("log") + &self.till.policy_lines("log");
        (logs + &self.hub.policy_lines("hub")).parse().unwrap()
    }

    async fn gathered(&self) -> GatheredHistory {
        let now = "2026-11-22T08:00:00Z".parse().unwrap();
        let mut rights = rights();
        let own = rights.ledgers[SITE].clone();
        rights.ledgers.insert(TILL.to_owned(), own);
        let (cache, policy) = (Cache::new(64 << 20), Arc::new(self.policy()));
        let item = ITEM.parse().unwrap();
        gather(&self.db, &cache, &policy, &rights, now, &item).await.unwrap()
    }

    /// The bundle, which must prove under the policy.
    async fn bundle(&self) -> Bundle {
        let gathered = self.gathered().await;
        let bundle = build(&self.db, &gathered, Some(HUB), Disclosure::Whole, None).await.unwrap();
        let report = verify(&bundle.to_bytes(), &self.policy());
        assert_eq!(report.outcome, Outcome::Proved, "{report:?}");
        bundle
    }

    async fn anchored_at(&self) -> Option<Timestamp> {
        self.anchored().await.map(|anchored| anchored.at)
    }

    async fn anchored(&self) -> Option<Anchored> {
        anchored_at(&self.db, &self.gathered().await, Some(HUB)).await.unwrap()
    }
}

fn checkpoint_size(note: &str) -> &str {
    note.lines().nth(1).unwrap()
}

#[tokio::test]
async fn a_bundle_holds_each_ledgers_records_and_proves_them() {
    let ledgers = Ledgers::create("bundle_records").await;
    let events = [
        event(1, "commissioning").lot("L1", "2027-01-01"),
        packing_event("2026-11-20T02:00:00Z", "ADD", CASE, &[ITEM, NEIGHBOUR]),
        event(3, "storing").of(&[NEIGHBOUR]),
        event(4, "shipping").of(&[CASE]),
        excursion_event("2026-11-20T04:00:00Z", "2026-11-20T05:00:00Z", "9.2"),
    ];
    ledgers.site.append(&events, RECORDED).await;
    ledgers.till.append(&[event(6, "retail_selling")], RECORDED).await;
    let bundle = ledgers.bundle().await;
    assert_eq!((bundle.item.as_str(), &bundle.hub, &bundle.anchor), (ITEM, &None, &None));
    let held: Vec<(&str, Vec<(u64, Naming)>)> = bundle
        .histories
        .iter()
        .map(|history| {
            let records = history.records.iter().map(|r| (r.index, r.names.clone())).collect();
            (history.origin.as_str(), records)
        })
        .collect();
    let via_case = Naming::Container { of: CASE.to_owned() };
    assert_eq!(
        held,
        [
            (SITE, vec![(0, Naming::Item), (1, Naming::Item), (3, via_case)]),
            (TILL, vec![(0, Naming::Item)]),
        ]
    );
    let text = String::from_utf8(bundle.to_bytes()).unwrap();
    assert!(text.contains(ITEM) && text.contains(CASE));
    assert!(!text.contains(NEIGHBOUR), "what else was in the case is nobody's business");
}

#[tokio::test]
async fn the_hubs_entry_decides_which_checkpoint_is_shown() {
    let ledgers = Ledgers::create("bundle_hub").await;
    ledgers.site.append(&[event(1, "commissioning")], RECORDED).await;
    ledgers.hub.append_checkpoint_of(&ledgers.site, RECORDED).await;
    ledgers.site.append(&[event(2, "storing").of(&[NEIGHBOUR])], RECORDED).await;
    let bundle = ledgers.bundle().await;
    assert_eq!(checkpoint_size(&bundle.histories[0].checkpoint), "1");
    assert_eq!(bundle.histories[0].hub.as_ref().map(|entry| entry.index), Some(0));
    assert_eq!(bundle.hub.map(|hub| hub.origin).as_deref(), Some(HUB));
    // A record that the hub does not cover yet: the latest checkpoint, and no hub.
    ledgers.site.append(&[event(3, "inspecting")], RECORDED).await;
    let bundle = ledgers.bundle().await;
    assert_eq!(checkpoint_size(&bundle.histories[0].checkpoint), "3");
    assert_eq!((&bundle.histories[0].hub, &bundle.hub), (&None, &None));
}

#[tokio::test]
async fn without_a_hub_the_bundle_has_none() {
    let ledgers = Ledgers::create("bundle_no_hub").await;
    ledgers.site.append(&[event(1, "commissioning")], RECORDED).await;
    ledgers.hub.append_checkpoint_of(&ledgers.site, RECORDED).await;
    let gathered = ledgers.gathered().await;
    for origin in [None, Some("other.example/1")] {
        let bundle = build(&ledgers.db, &gathered, origin, Disclosure::Whole, None).await.unwrap();
        assert_eq!((&bundle.hub, &bundle.histories[0].hub), (&None, &None));
        assert_eq!(anchored_at(&ledgers.db, &gathered, origin).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_history_is_anchored_when_a_final_anchor_covers_all_of_it() {
    let ledgers = Ledgers::create("bundle_anchor").await;
    ledgers.site.append(&[event(1, "commissioning")], RECORDED).await;
    ledgers.hub.append_checkpoint_of(&ledgers.site, RECORDED).await;
    assert_eq!(ledgers.anchored_at().await, None);
    ledgers.hub.anchor(BLOCK_TIME).await;
    assert_eq!(ledgers.anchored_at().await, Some(BLOCK_TIME.parse().unwrap()));
    assert_eq!(ledgers.anchored().await.unwrap().confirmed, None);
    let anchor = sql::anchors::last_final(&ledgers.db, ledgers.hub.id).await.unwrap().unwrap();
    let said = [true, false].map(|agreed| NewConfirmation {
        endpoint_host: format!("{agreed}.example"),
        agreed,
        answer: "a block".into(),
    });
    let at = RECORDED.parse().unwrap();
    let stored = ledgers.db.run_tx("testing.confirmed", async |tx: &Transaction<'_>| {
        sql::anchors::insert_confirmations(tx, anchor.id, &said, at).await
    });
    stored.await.unwrap();
    let confirmed = ledgers.anchored().await.unwrap().confirmed;
    assert_eq!(confirmed, Some(Confirmed { asked: 2, agreed: 1, at }));
    let gathered = ledgers.gathered().await;
    let bundle = build(&ledgers.db, &gathered, Some(HUB), Disclosure::Whole, None).await.unwrap();
    let anchor = bundle.anchor.unwrap();
    assert_eq!((anchor.chain_id, anchor.contract, anchor.size), (1, [7; 20], 1));
    assert_eq!(anchor.hub_id, ledger::hub::hub_id(HUB));
    assert_eq!((anchor.block_hash.0, anchor.header, anchor.receipt), ([9; 32], vec![1], vec![3]));
    assert_eq!((anchor.transaction_index, anchor.proof), (2, vec![vec![4], vec![5]]));
    // Another ledger's record is in no hub yet, so the history as a whole is not anchored, and the bundle says so.
    ledgers.till.append(&[event(2, "retail_selling")], RECORDED).await;
    assert_eq!(ledgers.anchored_at().await, None);
    let bundle = ledgers.bundle().await;
    let in_hub: Vec<bool> = bundle.histories.iter().map(|one| one.hub.is_some()).collect();
    assert_eq!((in_hub, bundle.hub.is_some(), bundle.anchor), (vec![true, false], true, None));
    ledgers.hub.append_checkpoint_of(&ledgers.till, RECORDED).await;
    assert_eq!(ledgers.anchored_at().await, None);
    ledgers.hub.anchor(BLOCK_TIME).await;
    assert_eq!(ledgers.anchored_at().await, Some(BLOCK_TIME.parse().unwrap()));
}

#[tokio::test]
async fn a_record_that_does_not_count_is_in_no_bundle() {
    let ledgers = Ledgers::create("bundle_altered").await;
    ledgers.site.append(&[event(1, "commissioning"), event(2, "storing")], RECORDED).await;
    sql::testing::alter_record_as_owner(&ledgers.db, SITE, 1, "storing", "holding").await.unwrap();
    let bundle = ledgers.bundle().await;
    let indexes: Vec<u64> = bundle.histories[0].records.iter().map(|record| record.index).collect();
    assert_eq!(indexes, [0]);
}

#[tokio::test]
async fn a_consumers_bundle_shows_what_happened_and_where_and_proves_the_same_records() {
    let ledgers = Ledgers::create("bundle_consumer").await;
    let events = [
        event(1, "commissioning").lot("L1", "2027-01-01"),
        packing_event("2026-11-20T02:00:00Z", "ADD", CASE, &[ITEM, NEIGHBOUR]),
        event(4, "shipping").of(&[CASE]),
    ];
    ledgers.site.append(&events, RECORDED).await;
    let gathered = ledgers.gathered().await;
    let whole = ledgers.bundle().await;
    let bundle =
        build(&ledgers.db, &gathered, Some(HUB), Disclosure::Consumer, None).await.unwrap();
    let report = verify(&bundle.to_bytes(), &ledgers.policy());
    assert_eq!(report.outcome, Outcome::Proved, "{report:?}");
    assert_eq!(bundle.histories[0].history_root, whole.histories[0].history_root);
    let allowed: Vec<&str> = ledger::record::MANDATORY_FIELDS
        .iter()
        .chain(&["bizLocation", "parentID", "epcList", "childEPCs"])
        .copied()
        .collect();
    for record in &report.records {
        for (name, _) in &record.fields {
            assert!(allowed.contains(&name.as_str()), "{name} is shown");
        }
    }
    let first = &report.records[0];
    let shown: Vec<&str> = first.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert!(
        ["bizLocation", "bizStep", "eventTime", "type"].iter().all(|name| shown.contains(name))
    );
    assert!(first.hidden.iter().any(|name| name == "ilmd"), "{:?}", first.hidden);
    let text = String::from_utf8(bundle.to_bytes()).unwrap();
    assert!(text.contains("ilmd") && !text.contains("lotNumber") && !text.contains(NEIGHBOUR));
}

#[tokio::test]
async fn a_consumers_bundle_shows_sites_and_neither_doors_nor_quantities_nor_partners() {
    let ledgers = Ledgers::create("bundle_public").await;
    let quantity = r#"[{"epcClass":"urn:epc:class:lgtin:4012345.011111.L1","quantity":500}]"#;
    let references = r#"[{"type":"po","bizTransaction":"urn:example:po:4711"}]"#;
    let parties = r#"[{"type":"owning_party","destination":"urn:epc:id:pgln:4055555.00000"}]"#;
    let shelf = r#"{"id":"urn:epc:id:sgln:4012345.00001.shelf-7"}"#;
    let door = r#"{"id":"urn:epc:id:sgln:4012345.00001.door-3"}"#;
    let json = |text: &str| {
        ledger::json::parse(text.as_bytes(), &ledger::json::Limits::default()).unwrap()
    };
    let events = [
        event(1, "commissioning").lot("L1", "2027-01-01"),
        packing_event("2026-11-20T02:00:00Z", "ADD", CASE, &[ITEM, NEIGHBOUR])
            .at(FACTORY)
            .with("readPoint", json(door))
            .with("childQuantityList", json(quantity))
            .with("bizTransactionList", json(references))
            .with("destinationList", json(parties)),
        event(3, "storing").with("bizLocation", json(shelf)),
    ];
    ledgers.site.append(&events, RECORDED).await;
    let gathered = ledgers.gathered().await;
    let bundle = build(&ledgers.db, &gathered, None, Disclosure::Consumer, None).await.unwrap();
    assert_eq!(verify(&bundle.to_bytes(), &ledgers.policy()).outcome, Outcome::Proved);
    let text = String::from_utf8(bundle.to_bytes()).unwrap();
    assert!(text.contains(FACTORY), "the site is shown");
    // None of these can stand in a hash or signature by chance.
    for hidden in
        ["door-3", "shelf-7", "quantity\\\"", ":500", "po:4711", "4055555", NEIGHBOUR, "lotNumber"]
    {
        assert!(!text.contains(hidden), "{hidden} is shown: {text}");
    }
    let whole = build(&ledgers.db, &gathered, None, Disclosure::Whole, None).await.unwrap();
    let text = String::from_utf8(whole.to_bytes()).unwrap();
    for shown in ["door-3", "shelf-7", "4711", "4055555"] {
        assert!(text.contains(shown), "{shown} was recorded");
    }
}

/// Installs a directory in which the factory keeps both ledgers and issues the item; returns its keys and the pin.
async fn install(ledgers: &Ledgers) -> (LedgerKeys, DirectoryPin) {
    let keys = LedgerKeys::generate("who.example/1", &SystemRandom::new()).unwrap();
    let lin = HolderKey::generate("lin", &SystemRandom::new()).unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let pair = |ledger: &TestLedger| {
        let policy: Policy = ledger.policy_lines("log").parse().unwrap();
        let keys: Vec<_> = policy.logs.into_iter().map(|line| line.key).collect();
        ::directory::setup::keyset_of(&keys).unwrap()
    };
    let setup = Setup {
        directory: &keys,
        hub: Some(pair(&ledgers.hub)),
        chains: Vec::new(),
        next: Vec::new(),
        late_h: 72,
        parties: vec![PartyPlan {
            id: "factory".into(),
            name: "Factory".into(),
            pglns: vec!["urn:epc:id:pgln:4012345.00000".into()],
            sites: Vec::new(),
            admins: vec![&lin],
            ledgers: vec![pair(&ledgers.site), pair(&ledgers.till)],
            prefixes: vec!["4012345".into()],
            bridges: Vec::new(),
        }],
        at: at("2026-11-21T00:00:00Z"),
        from: at("2026-11-01T00:00:00Z"),
        until: at("2027-05-01T00:00:00Z"),
        state_until: at("2026-11-28T00:00:00Z"),
    };
    let entries = setup.entries(&SystemRandom::new()).unwrap();
    let pin = ::directory::setup::pin_of(&entries).unwrap();
    begin(&ledgers.db, &entries, writer(&keys, "2026-11-21T00:00:00Z")).await.unwrap();
    (keys, pin)
}

fn writer<'a>(keys: &'a LedgerKeys, at: &str) -> Writer<'a> {
    static RANDOM: std::sync::LazyLock<SystemRandom> = std::sync::LazyLock::new(SystemRandom::new);
    Writer {
        keys,
        rng: &*RANDOM,
        at: at.parse().unwrap(),
        state_until: "2026-11-29T00:00:00Z".parse().unwrap(),
    }
}

#[tokio::test]
async fn a_bundle_with_the_directory_is_proved_by_the_line_that_pins_it() {
    let ledgers = Ledgers::create("bundle_directory").await;
    let (keys, pin) = install(&ledgers).await;
    let policy = Policy { directory: Some(pin), ..Policy::default() };
    ledgers.site.append(&[event(1, "commissioning")], RECORDED).await;
    ledgers.till.append(&[event(6, "retail_selling")], RECORDED).await;
    let loaded = load(&ledgers.db, &policy).await.unwrap();
    let effective = Arc::new(effective_policy(&policy, Some(&loaded)));
    let cache = Cache::new(64 << 20);
    let now = "2026-11-22T08:00:00Z".parse().unwrap();
    let (item, rights) = (ITEM.parse().unwrap(), loaded.directory.rights());
    let gathered = gather(&ledgers.db, &cache, &effective, &rights, now, &item).await.unwrap();
    assert_eq!(gathered.history.counted().count(), 2, "the directory's keys are enough");
    let build = async |loaded: &Loaded| {
        build(&ledgers.db, &gathered, Some(HUB), Disclosure::Consumer, Some(loaded)).await.unwrap()
    };
    let bundle = build(&loaded).await;
    let report = verify(&bundle.to_bytes(), &policy);
    assert_eq!(report.outcome, Outcome::Proved, "{report:#?}");
    assert_eq!(bundle.directory.as_ref().unwrap().hub, None);

    // In the hub; then the directory grows, and the hub's checkpoint covers the older one only.
    for ledger in [ledgers.site.id, ledgers.till.id, loaded.ledger] {
        ledgers.hub.append_newest_of(ledger, RECORDED).await;
    }
    let in_hub = build(&loaded).await;
    assert_eq!(in_hub.directory.as_ref().unwrap().hub.as_ref().map(|hub| hub.index), Some(2));
    append(&ledgers.db, &loaded.directory, &[], writer(&keys, "2026-11-22T00:00:00Z"), None)
        .await
        .unwrap();
    let grown = load(&ledgers.db, &policy).await.unwrap();
    let older = build(&grown).await;
    assert_eq!(older.directory, in_hub.directory);
    for bundle in [in_hub, older] {
        let report = verify(&bundle.to_bytes(), &policy);
        assert_eq!(report.outcome, Outcome::Proved, "{report:#?}");
        assert!(report.checks.iter().any(|check| check.name == "directory in the hub"));
    }
    ledgers.hub.append_newest_of(loaded.ledger, RECORDED).await;
    let newest = build(&grown).await;
    assert_eq!(newest.directory.unwrap().hub.map(|hub| hub.index), Some(3));
}

#[tokio::test]
async fn without_a_directory_that_verifies_a_policy_that_pins_one_trusts_no_key() {
    let ledgers = Ledgers::create("bundle_effective").await;
    let (_, pin) = install(&ledgers).await;
    let plain = ledgers.policy();
    assert_eq!(effective_policy(&plain, None), plain);
    let policy = Policy { directory: Some(pin), ..plain };
    let nothing = effective_policy(&policy, None);
    assert!(nothing.logs.is_empty() && nothing.hub.is_empty(), "{nothing}");
    let loaded = load(&ledgers.db, &policy).await.unwrap();
    let effective = effective_policy(&policy, Some(&loaded));
    let names = |keys: &[ledger::policy::TrustedKey]| keys.len();
    assert_eq!((names(&effective.logs), names(&effective.hub)), (6, 2), "{effective}");
}

#[tokio::test]
async fn a_bundle_takes_as_many_queries_for_8_records_in_2_ledgers_as_for_one() {
    use sql::testing::statements;
    let ledgers = Ledgers::create("bundle_queries").await;
    ledgers.site.append(&[event(1, "commissioning"), event(1, "storing")], RECORDED).await;
    ledgers.hub.append_checkpoint_of(&ledgers.site, RECORDED).await;
    ledgers.hub.anchor(BLOCK_TIME).await;
    let count = async || {
        let gathered = ledgers.gathered().await;
        let before = statements();
        assert!(anchored_at(&ledgers.db, &gathered, Some(HUB)).await.unwrap().is_some());
        let between = statements();
        build(&ledgers.db, &gathered, Some(HUB), Disclosure::Whole, None).await.unwrap();
        (between - before, statements() - between)
    };
    assert_eq!(count().await, (3, 5));
    for hour in 2..8 {
        ledgers.site.append(&[event(hour, "storing")], RECORDED).await;
    }
    ledgers.till.append(&[event(9, "retail_selling")], RECORDED).await;
    for ledger in [&ledgers.site, &ledgers.till] {
        ledgers.hub.append_checkpoint_of(ledger, RECORDED).await;
    }
    ledgers.hub.anchor(BLOCK_TIME).await;
    assert_eq!(count().await, (3, 5));
}
