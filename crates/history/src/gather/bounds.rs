//! Which records of containers belong to an item, and what large or altered records of others do to it.

use ledger::json::{Json, object};
use sql::testing::{TestDb, alter_record_as_owner};

use super::*;
use crate::testing::{
    CASE, EventDraft, FACTORY, ITEM, PALLET, TestLedger, object_event, packing_event, rights,
};
use crate::verdict::{TagCheck, Verdict, judge};

const SITE: &str = "factory.example/packing";
const TILL: &str = "shop.example/till";
const STRANGER: &str = "stranger.example/1";
const RECORDED: &str = "2026-11-22T00:00:00Z";
const NOW: &str = "2026-11-22T08:00:00Z";

fn event(hour: u8, step: &str) -> EventDraft {
    object_event(&format!("2026-11-20T{hour:02}:00:00Z"), step).at(FACTORY)
}

fn pack(hour: u8, container: &str, content: &str) -> EventDraft {
    let at = format!("2026-11-20T{hour:02}:00:00Z");
    packing_event(&at, "ADD", container, &[content]).at(FACTORY)
}

/// An event with a text of so many bytes.
fn large(event: EventDraft, bytes: usize) -> EventDraft {
    event.with("note", "x".repeat(bytes).as_str().into())
}

/// A factory that issued the item, a shop and a stranger.
struct Scene {
    db: TestDb,
    factory: TestLedger,
    till: TestLedger,
    stranger: TestLedger,
}

impl Scene {
    async fn new(name: &str) -> Self {
        let db = TestDb::migrated(name).await;
        let ledger = async |origin| TestLedger::create(&db, origin, "site", "Somebody").await;
        let [factory, till, stranger] =
            [ledger(SITE).await, ledger(TILL).await, ledger(STRANGER).await];
        factory.append(&[event(1, "commissioning")], RECORDED).await;
        Self { db, factory, till, stranger }
    }

    async fn gather(&self) -> GatheredHistory {
        let ledgers = [&self.factory, &self.till, &self.stranger];
        let policy: String = ledgers.iter().map(|ledger| ledger.policy_lines("log")).collect();
        let (policy, now) = (Arc::new(policy.parse().unwrap()), NOW.parse().unwrap());
        let (cache, item) = (Cache::new(64 << 20), ITEM.parse().unwrap());
        let found = gather(&self.db, &cache, &policy, &rights(), now, &item).await.unwrap();
        // What is known takes as much room as what is not.
        let again = gather(&self.db, &cache, &policy, &rights(), now, &item).await.unwrap();
        assert_eq!(format!("{:?}", again.history), format!("{:?}", found.history));
        assert_eq!(again.cut, found.cut);
        found
    }
}

fn verdict(gathered: &GatheredHistory) -> Verdict {
    let state = gathered.history.state(NOW.parse().unwrap(), &jiff::tz::TimeZone::UTC);
    judge(&state, TagCheck::NotChecked, &[]).verdict()
}

/// The relations of the records of one ledger, in the order of time.
fn relations(gathered: &GatheredHistory, origin: &str) -> Vec<(u64, Relation)> {
    let entries = gathered.history.entries.iter().filter(|entry| &*entry.origin == origin);
    entries.map(|entry| (entry.index, entry.relation.clone())).collect()
}

#[tokio::test]
async fn a_record_that_names_a_former_and_a_later_container_belongs_to_the_later_one() {
    let scene = Scene::new("bounds_both").await;
    let to = object([
        ("type", "possessing_party".into()),
        ("destination", "urn:epc:id:pgln:4055555.00000".into()),
    ]);
    let shipping = event(3, "shipping").of(&[CASE]).with("destinationList", Json::Array(vec![to]));
    scene.factory.append(&[pack(2, CASE, ITEM), shipping], RECORDED).await;
    // Only the receiving of the case, found because the item is in it, says that the shop may pack.
    let theft = event(7, "holding").of(&[CASE, PALLET]).disposition("stolen");
    let receiving = event(4, "receiving").of(&[CASE]);
    scene.till.append(&[receiving, pack(6, PALLET, ITEM), theft], RECORDED).await;
    let found = scene.gather().await;
    let via = |uri: &str| Relation::Container(uri.to_owned());
    let expected = [(0, via(CASE)), (1, Relation::Item), (2, via(PALLET))];
    assert_eq!(relations(&found, TILL), expected);
    assert_eq!((verdict(&found), found.cut), (Verdict::Stolen, 0));
}

#[tokio::test]
async fn short_texts_of_strangers_take_room_too_however_deep_containers_are_nested() {
    let scene = Scene::new("bounds_nested").await;
    scene.factory.append(&[pack(2, CASE, ITEM), pack(2, PALLET, CASE)], RECORDED).await;
    for container in [CASE, PALLET] {
        let short = large(event(3, "storing").of(&[container]), 15_000);
        scene.stranger.append(&vec![short; 130], RECORDED).await;
    }
    let found = scene.gather().await;
    let read = relations(&found, STRANGER).len();
    assert!(read * 15_000 <= 2 << 20, "{read} records");
    assert_eq!(read + found.cut, 2 * 130, "the rest is said");
    assert_eq!(verdict(&found), Verdict::Consistent);
}

#[tokio::test]
async fn a_large_record_of_an_outsider_about_a_class_is_no_gap_of_every_item_of_it() {
    let scene = Scene::new("bounds_class").await;
    let about = |uri: &str| large(event(3, "storing").of(&[uri]), 2_200_000);
    scene.till.append(&[about("urn:epc:idpat:sgtin:401234.0511111.*")], RECORDED).await;
    let found = scene.gather().await;
    assert_eq!((verdict(&found), found.cut), (Verdict::Consistent, 1), "an outsider's");
    // Of the item itself it may be a receiving, which would matter.
    scene.till.append(&[about(ITEM)], RECORDED).await;
    let found = scene.gather().await;
    assert_eq!((verdict(&found), found.cut), (Verdict::Gap, 2));
}

#[tokio::test]
async fn an_altered_time_moves_no_record_of_a_container_out_of_the_history() {
    for (name, is_in_hub) in [("bounds_time_pending", false), ("bounds_time", true)] {
        let scene = Scene::new(name).await;
        let recall = event(3, "holding").of(&[CASE]).disposition("recalled");
        let unpacked = packing_event("2026-11-20T04:00:00Z", "DELETE", CASE, &[ITEM]).at(FACTORY);
        scene.factory.append(&[pack(2, CASE, ITEM), recall, unpacked], RECORDED).await;
        if is_in_hub {
            let hub = TestLedger::create(&scene.db, "hub.example/1", "hub", "Hub").await;
            hub.append_checkpoint_of(&scene.factory, RECORDED).await;
        }
        assert_eq!(verdict(&scene.gather().await), Verdict::Recalled);
        let mut before = "2026-11-20T03:00:00Z";
        for other in ["2020-11-20T03:00:00Z", "2036-11-20T03:00:00Z"] {
            alter_record_as_owner(&scene.db, SITE, 2, before, other).await.unwrap();
            before = other;
            let found = scene.gather().await;
            let disputed: Vec<u64> = found.history.disputed().map(|entry| entry.index).collect();
            assert_eq!((disputed, verdict(&found)), (vec![2], Verdict::Gap), "{name} {other}");
        }
    }
}
