//! Bundles from a real database: what is in them, what is hidden, and that they prove.

use ledger::bundle::{Outcome, verify};
use ledger::policy::Policy;
use sql::Transaction;
use sql::anchors::{AnchorEvidence, NewAnchor, NewConfirmation};
use sql::testing::TestDb;

use super::*;
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
        gather(&self.db, &self.policy(), &rights, now, &ITEM.parse().unwrap()).await.unwrap()
    }

    /// The bundle, which must prove under the policy.
    async fn bundle(&self) -> Bundle {
        let gathered = self.gathered().await;
        let bundle = build(&self.db, &gathered, Some(HUB), Disclosure::Whole).await.unwrap();
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

    /// Stores a final anchor of the hub as it is now.
    async fn anchor(&self) {
        let head = sql::ledgers::head(&self.db, self.hub.id).await.unwrap();
        let new = NewAnchor {
            hub: self.hub.id,
            size: head.size,
            root: &head.root,
            chain_id: 31337,
            contract: &[7; 20],
        };
        let evidence = AnchorEvidence {
            block_number: 5,
            block_hash: [9; 32],
            block_time: BLOCK_TIME.parse().unwrap(),
            header: vec![1],
            transaction_index: 2,
            receipt: vec![3],
            proof: vec![vec![4], vec![5]],
        };
        let stored = self.db.run_tx("testing.anchor", async |tx: &Transaction<'_>| {
            let id = sql::anchors::insert(tx, &new).await?;
            sql::anchors::insert_proof(tx, id, &evidence).await
        });
        stored.await.unwrap();
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
        let bundle = build(&ledgers.db, &gathered, origin, Disclosure::Whole).await.unwrap();
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
    ledgers.anchor().await;
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
    let bundle = build(&ledgers.db, &gathered, Some(HUB), Disclosure::Whole).await.unwrap();
    let anchor = bundle.anchor.unwrap();
    assert_eq!((anchor.chain_id, anchor.contract, anchor.size), (31337, [7; 20], 1));
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
    ledgers.anchor().await;
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
    let bundle = build(&ledgers.db, &gathered, Some(HUB), Disclosure::Consumer).await.unwrap();
    let report = verify(&bundle.to_bytes(), &ledgers.policy());
    assert_eq!(report.outcome, Outcome::Proved, "{report:?}");
    assert_eq!(bundle.histories[0].history_root, whole.histories[0].history_root);
    let allowed: Vec<&str> = ledger::record::MANDATORY_FIELDS
        .iter()
        .chain(&["bizLocation", "readPoint", "parentID", "epcList", "childEPCs"])
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
    assert!(text.contains("ilmd") && !text.contains("L1") && !text.contains(NEIGHBOUR));
}
