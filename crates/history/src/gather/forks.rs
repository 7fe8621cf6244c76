//! What is kept of a ledger that showed two pasts, and what it does to the verdict of an item.

use ledger::Hash;
use ledger::checkpoint::Checkpoint;
use ledger::keys::SystemRandom;
use sql::testing::TestDb;
use sql::{Access, Transaction};

use super::*;
use crate::state::ClashKind;
use crate::testing::{FACTORY, ITEM, TestLedger, object_event, rights};
use crate::verdict::{Reason, TagCheck, Verdict, judge};

const SITE: &str = "factory.example/packing";
const TILL: &str = "shop.example/till";
const RECORDED: &str = "2026-11-22T00:00:00Z";
const NOW: &str = "2026-11-22T08:00:00Z";

/// A factory that issued the item, and a shop that it never was at and that says something about it.
struct Scene {
    db: TestDb,
    cache: Cache,
    factory: TestLedger,
    till: TestLedger,
}

impl Scene {
    async fn new(name: &str) -> Self {
        let db = TestDb::migrated(name).await;
        let event = |hour: u8, step: &str| {
            object_event(&format!("2026-11-20T{hour:02}:00:00Z"), step).at(FACTORY)
        };
        let factory = TestLedger::create(&db, SITE, "site", "Factory").await;
        let till = TestLedger::create(&db, TILL, "site", "Shop").await;
        factory.append(&[event(1, "commissioning")], RECORDED).await;
        factory.append(&[event(2, "storing")], RECORDED).await;
        till.append(&[event(3, "storing")], RECORDED).await;
        Self { db, cache: Cache::new(64 << 20), factory, till }
    }

    /// Stores notes as the hub does when it finds a fork.
    async fn keep(&self, ledger: &TestLedger, old: &str, new: &str) {
        let stored = self.db.run_tx("test.fork", async |tx: &Transaction<'_>| {
            sql::hub::insert_fork(tx, ledger.id, old, new, "two pasts").await
        });
        stored.await.unwrap();
    }

    /// The verdict as trace-api finds it, with its own rights.
    async fn reason(&self) -> Reason {
        let policy = self.factory.policy_lines("log") + &self.till.policy_lines("log");
        let (policy, now) = (Arc::new(policy.parse().unwrap()), NOW.parse().unwrap());
        let db = self.db.db_as(Access::TraceApi).await;
        let item = ITEM.parse().unwrap();
        let found = gather(&db, &self.cache, &policy, &rights(), now, &item).await.unwrap();
        judge(&found.history.state(now, &jiff::tz::TimeZone::UTC), TagCheck::NotChecked, &[])
    }

    async fn note_of(&self, ledger: &TestLedger) -> String {
        sql::ledgers::latest_checkpoint(&self.db, ledger.id).await.unwrap().unwrap().note
    }
}

/// A checkpoint of another tree, signed with the ledger's keys.
fn other_past(ledger: &TestLedger, size: u64) -> String {
    let root = Hash::from([7; 32]);
    let checkpoint = Checkpoint { origin: ledger.keys.origin().to_owned(), size, root };
    ledger.keys.sign_checkpoint(&checkpoint, &SystemRandom::new()).unwrap()
}

fn clash(reason: &Reason) -> Option<ClashKind> {
    match reason {
        Reason::Clash(clash) => Some(clash.kind),
        _ => None,
    }
}

#[tokio::test]
async fn two_pasts_of_the_issuers_ledger_are_a_conflict_even_after_the_hub_has_only_one_of_them() {
    let scene = Scene::new("fork_issuer").await;
    assert_eq!(scene.reason().await.verdict(), Verdict::Consistent);
    let own = scene.note_of(&scene.factory).await;
    scene.keep(&scene.factory, &own, &other_past(&scene.factory, 2)).await;
    let reason = scene.reason().await;
    assert_eq!(
        (reason.verdict(), clash(&reason)),
        (Verdict::Conflict, Some(ClashKind::LedgerForked))
    );
}

#[tokio::test]
async fn a_longer_past_that_was_signed_and_is_gone_is_a_conflict() {
    let scene = Scene::new("fork_longer").await;
    let own = scene.note_of(&scene.factory).await;
    scene.keep(&scene.factory, &other_past(&scene.factory, 9), &own).await;
    assert_eq!(clash(&scene.reason().await), Some(ClashKind::LedgerShrunk));
}

#[tokio::test]
async fn a_ledger_that_the_hub_holds_more_of_is_a_conflict() {
    let scene = Scene::new("fork_rolled_back").await;
    let hub = TestLedger::create(&scene.db, "hub.example/1", "hub", "Hub").await;
    hub.append_checkpoint_of(&scene.factory, RECORDED).await;
    sql::testing::roll_back_as_owner(&scene.db, SITE, 1).await.unwrap();
    assert_eq!(clash(&scene.reason().await), Some(ClashKind::LedgerShrunk));
    let inspecting = object_event("2026-11-20T04:00:00Z", "inspecting").at(FACTORY);
    scene.factory.append(&[inspecting], RECORDED).await;
    assert_eq!(clash(&scene.reason().await), Some(ClashKind::LedgerForked));
}

#[tokio::test]
async fn the_forked_ledger_of_a_party_that_has_nothing_to_do_with_the_item_changes_nothing() {
    let scene = Scene::new("fork_foreign").await;
    let own = scene.note_of(&scene.till).await;
    scene.keep(&scene.till, &own, &other_past(&scene.till, 1)).await;
    assert_eq!(scene.reason().await.verdict(), Verdict::Consistent);
}

#[tokio::test]
async fn notes_that_nobody_signed_or_that_the_ledger_extends_are_no_other_past() {
    let scene = Scene::new("fork_forged").await;
    let own = scene.note_of(&scene.factory).await;
    let foreign = TestLedger::create(&scene.db, "other.example/1", "site", "Other").await;
    let by_others_keys = other_past(&foreign, 2).replace("other.example/1", SITE);
    for (old, new) in [("old", "new"), (&*own, &*by_others_keys)] {
        scene.keep(&scene.factory, old, new).await;
    }
    let event = object_event("2026-11-20T05:00:00Z", "storing").at(FACTORY);
    scene.factory.append(&[event], RECORDED).await;
    // A backup was restored once, and the ledger has grown beyond both notes since.
    scene.keep(&scene.factory, &own, &scene.note_of(&scene.factory).await).await;
    assert_eq!(scene.reason().await.verdict(), Verdict::Consistent);
}

#[tokio::test]
async fn more_evidence_than_is_looked_at_is_no_conflict_but_cannot_be_told() {
    let scene = Scene::new("fork_made_up").await;
    let made_up = async |ledger: &TestLedger| {
        for number in 0..=sql::ledgers::MOST_FORKS {
            scene.keep(ledger, &format!("old {number}"), &format!("new {number}")).await;
        }
    };
    made_up(&scene.till).await;
    assert_eq!(scene.reason().await.verdict(), Verdict::Consistent, "of a ledger without a say");
    made_up(&scene.factory).await;
    let reason = scene.reason().await;
    assert_eq!(clash(&reason), None, "{reason:?}");
    assert_eq!(reason.verdict(), Verdict::Gap, "{reason:?}");
    // What was signed is a conflict, among whatever was made up beside it.
    let remove = format!(
        "alter table forks disable trigger user; delete from forks where ledger_id = {} and old_note >= 'old 2'; \
         alter table forks enable trigger user",
        scene.factory.id.0
    );
    scene.db.execute(&remove).await.unwrap();
    let own = scene.note_of(&scene.factory).await;
    scene.keep(&scene.factory, &own, &other_past(&scene.factory, 2)).await;
    assert_eq!(clash(&scene.reason().await), Some(ClashKind::LedgerForked));
}
