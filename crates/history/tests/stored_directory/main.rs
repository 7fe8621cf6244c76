//! The directory of a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail at that line")]

use std::sync::Arc;

use directory::Rights;
use directory::setup::{
    BridgePlan, PartyPlan, Setup, draft_of, keyset_of, party_record, pin_of, sign,
};
use history::directory::{DirectoryCache, LoadError, Writer, append, begin, load};
use jiff::Timestamp;
use ledger::checkpoint::Checkpoint;
use ledger::directory::HolderKey;
use ledger::json::{Json, object};
use ledger::keys::{LedgerKeys, SystemRandom};
use ledger::policy::Policy;
use sql::Access;
use sql::testing::TestDb;

const ORIGIN: &str = "who.example/1";

struct Scene {
    db: TestDb,
    keys: LedgerKeys,
    holder: HolderKey,
    policy: Policy,
}

fn now() -> Timestamp {
    "2026-11-10T12:00:00Z".parse().unwrap()
}

fn later(days: i64) -> Timestamp {
    now() + jiff::SignedDuration::from_hours(24 * days)
}

impl Scene {
    async fn new(name: &str) -> Self {
        let db = TestDb::migrated(name).await;
        let rng = SystemRandom::new();
        let keys = LedgerKeys::generate(ORIGIN, &rng).unwrap();
        let site = LedgerKeys::generate("brand.example/1", &rng).unwrap();
        let holder = HolderKey::generate("lin", &rng).unwrap();
        let brand = PartyPlan {
            ledgers: keyset_of(&site.verifier_keys()).into_iter().collect(),
            prefixes: vec!["952114112".into()],
            bridges: vec![BridgePlan {
                name: "dock".into(),
                key: "A".repeat(43) + "=",
                ledger: "brand.example/1".into(),
                read_points: vec!["urn:epc:id:sgln:9521141.01234.0".into()],
            }],
            ..party("brand", &holder)
        };
        let setup = Setup {
            directory: &keys,
            hub: None,
            chains: Vec::new(),
            next: Vec::new(),
            late_h: 72,
            parties: vec![brand],
            at: now(),
            from: now(),
            until: later(300),
            state_until: later(7),
        };
        let entries = setup.entries(&rng).unwrap();
        let policy = Policy { directory: Some(pin_of(&entries).unwrap()), ..Policy::default() };
        let scene = Self { db, keys, holder, policy };
        begin(&scene.db, &entries, scene.writer(&rng)).await.unwrap();
        scene
    }

    fn writer<'a>(&'a self, rng: &'a SystemRandom) -> Writer<'a> {
        Writer { keys: &self.keys, rng, at: now(), state_until: later(7) }
    }

    /// Admits a party.
    async fn admit(&self, id: &str) {
        let loaded = load(&self.db, &self.policy).await.unwrap();
        let record = party_record(&party(id, &self.holder));
        let mut record = record;
        let own = HolderKey::generate(id, &SystemRandom::new()).unwrap();
        let admin =
            object([("holder", Json::from(id)), ("vkey", Json::from(own.verifier().to_string()))]);
        record.set("admins", Json::Array(vec![admin]));
        let note = sign(&record, &[&self.holder, &own]);
        let rng = SystemRandom::new();
        append(&self.db, &loaded.directory, &[note], self.writer(&rng), None).await.unwrap();
    }
}

fn party<'a>(id: &str, holder: &'a HolderKey) -> PartyPlan<'a> {
    PartyPlan {
        id: id.into(),
        name: id.into(),
        pglns: Vec::new(),
        sites: Vec::new(),
        admins: vec![holder],
        ledgers: Vec::new(),
        prefixes: Vec::new(),
        bridges: Vec::new(),
    }
}

#[tokio::test]
async fn of_many_that_come_before_it_is_there_one_loads_the_directory() {
    let scene = Scene::new("directory_at_once").await;
    let queries = async |askers: usize| {
        let cache = DirectoryCache::new(scene.policy.clone());
        let before = sql::testing::statements();
        let all = (0..askers).map(|_| cache.current(&scene.db));
        for current in futures::future::join_all(all).await {
            assert_eq!((current.problem.as_deref(), current.loaded.is_some()), (None, true));
        }
        sql::testing::statements() - before
    };
    let one = queries(1).await;
    // Each looks for the ledger, and at its head together with whoever asks meanwhile.
    let eight = queries(8).await;
    assert!(
        (one + 7..=one + 7 * 2).contains(&eight),
        "{one} statements for one, {eight} for eight"
    );
}

#[tokio::test]
async fn of_many_that_wait_for_a_directory_that_cannot_be_read_one_tries_and_all_are_told() {
    let scene = Scene::new("directory_unreadable").await;
    let cache = DirectoryCache::new(scene.policy.clone());
    let queries = async |askers: usize| {
        let before = sql::testing::statements();
        let all = (0..askers).map(|_| cache.current(&scene.db));
        for current in futures::future::join_all(all).await {
            assert!(current.problem.is_some() && current.loaded.is_none());
        }
        sql::testing::statements() - before
    };
    scene.db.execute("alter table checkpoints rename to elsewhere").await.unwrap();
    let one = queries(1).await;
    // Each looks for the ledger, and at its head together with whoever asks meanwhile.
    let eight = queries(8).await;
    assert!(
        (one + 7..=one + 7 * 2).contains(&eight),
        "{one} statements for one, {eight} for eight"
    );
    // Whoever comes later tries again.
    assert_eq!(queries(1).await, one);
    scene.db.execute("alter table elsewhere rename to checkpoints").await.unwrap();
    assert_eq!(cache.current(&scene.db).await.problem, None);
}

#[tokio::test]
async fn each_process_reads_the_rights_that_the_owner_wrote_and_sees_it_grow() {
    let scene = Scene::new("directory_rights").await;
    let cache = DirectoryCache::new(scene.policy.clone());
    for access in [Access::Ingest, Access::Anchor, Access::TraceApi] {
        let db = scene.db.db_as(access).await;
        let rights = cache.rights(&db).await;
        let licensee = rights.licensee("952114112345", now()).map(|licence| &*licence.party);
        assert_eq!(licensee, Some("brand"), "{access:?}");
        let fresh = load(&db, &scene.policy).await.unwrap();
        assert_eq!(fresh.directory.rights(), *rights, "{access:?}");
    }
    let before = cache.current(&scene.db).await;
    assert!(Arc::ptr_eq(&before.rights, &cache.rights(&scene.db).await), "read once");
    scene.admit("shop").await;
    let after = cache.current(&scene.db).await;
    assert!(after.problem.is_none() && after.rights.parties.contains_key("shop"));
    let whole = load(&scene.db, &scene.policy).await.unwrap();
    let grown = &after.loaded.unwrap().directory;
    assert_eq!(*grown, whole.directory, "grown or loaded at once");
    assert!(!whole.directory.subjects().is_empty());
    assert_eq!(*grown, whole.directory, "whatever one of them was asked for");
}

#[tokio::test]
async fn directories_of_sizes_that_are_asked_for_in_turn_are_read_once_each() {
    let scene = Scene::new("directory_older").await;
    // A directory ends with a state record: after its beginning, and after each party.
    for id in ["a", "b", "c", "d", "e"] {
        scene.admit(id).await;
    }
    let loaded = load(&scene.db, &scene.policy).await.unwrap();
    let pin = scene.policy.directory.as_ref().unwrap();
    // Statements that asking for these sizes takes.
    let asked = async |sizes: &[u64]| {
        let before = sql::testing::statements();
        for size in sizes {
            assert_eq!(loaded.at(&scene.db, pin, *size).await.unwrap().size(), *size);
        }
        sql::testing::statements() - before
    };
    let once = asked(&[6]).await;
    assert_eq!(asked(&[8, 10]).await, 2 * once);
    assert_eq!(asked(&[6, 10, 8, 6]).await, 0, "each was read once");
    // Of many sizes, those that were used last are kept.
    assert_eq!(asked(&[12, 14]).await, 2 * once);
    assert_eq!(asked(&[8, 6, 12, 14]).await, 0);
    assert_eq!(asked(&[10]).await, once);
}

#[tokio::test]
async fn without_a_pin_nobody_has_a_right_and_nothing_is_wrong() {
    let scene = Scene::new("directory_unpinned").await;
    let current = DirectoryCache::new(Policy::default()).current(&scene.db).await;
    assert_eq!(*current.rights, Rights::default());
    assert_eq!(current.problem, None);
    assert!(matches!(load(&scene.db, &Policy::default()).await, Err(LoadError::NotPinned)));
}

#[tokio::test]
async fn a_directory_that_was_altered_gives_no_rights_and_says_why() {
    let scene = Scene::new("directory_altered").await;
    let cache = DirectoryCache::new(scene.policy.clone());
    assert!(cache.rights(&scene.db).await.has_directory);
    sql::testing::alter_record_as_owner(
        &scene.db,
        ORIGIN,
        3,
        "\"party\":\"brand\"",
        "\"party\":\"shop\"",
    )
    .await
    .unwrap();
    scene
        .db
        .execute("update ledger_heads set root = decode(repeat('00', 32), 'hex')")
        .await
        .unwrap();
    let fresh = DirectoryCache::new(scene.policy.clone()).current(&scene.db).await;
    assert_eq!(*fresh.rights, Rights::default());
    let problem = fresh.problem.unwrap();
    assert!(problem.contains("entry 3 of the directory"), "{problem}");
}

#[tokio::test]
async fn a_directory_that_shrank_or_was_replaced_gives_no_rights_to_who_saw_it() {
    let scene = Scene::new("directory_rolled_back").await;
    let cache = DirectoryCache::new(scene.policy.clone());
    scene.admit("shop").await;
    assert!(cache.rights(&scene.db).await.parties.contains_key("shop"));
    for statement in [
        "alter table record_chunks disable trigger all; delete from record_chunks where first_leaf > 2",
        "alter table checkpoints disable trigger all; delete from checkpoints where size > 6",
        "update ledger_heads set size = 6, root = (select root from checkpoints where size = 6)",
    ] {
        scene.db.execute(statement).await.unwrap();
    }
    // The rolled-back ledger is sound in itself: only who saw more can tell.
    load(&scene.db, &scene.policy).await.unwrap();
    let current = cache.current(&scene.db).await;
    assert_eq!(*current.rights, Rights::default());
    let problem = current.problem.unwrap();
    assert!(problem.contains("had 8 entries and now has 6"), "{problem}");
    scene.admit("till").await;
    let current = cache.current(&scene.db).await;
    assert!(
        !current.rights.has_directory,
        "another ledger of the same size: {:?}",
        current.problem
    );
}

#[tokio::test]
async fn a_checkpoint_by_other_keys_is_not_the_directorys() {
    let scene = Scene::new("directory_other_keys").await;
    let loaded = load(&scene.db, &scene.policy).await.unwrap();
    let rng = SystemRandom::new();
    let stranger = LedgerKeys::generate(ORIGIN, &rng).unwrap();
    let writer = Writer { keys: &stranger, ..scene.writer(&rng) };
    let refused = append(&scene.db, &loaded.directory, &[], writer, None).await.unwrap_err();
    assert!(refused.to_string().contains("expected a signature of `who.example/1`"), "{refused}");
    let checkpoint = Checkpoint {
        origin: ORIGIN.into(),
        size: loaded.checkpoint.size,
        root: loaded.checkpoint.root,
    };
    let note = stranger.sign_checkpoint(&checkpoint, &rng).unwrap();
    let change = format!(
        "alter table checkpoints disable trigger all; update checkpoints set note = '{note}'"
    );
    scene.db.execute(&change).await.unwrap();
    assert!(matches!(load(&scene.db, &scene.policy).await, Err(LoadError::Checkpoint(_))));
}

#[tokio::test]
async fn of_two_who_append_one_is_refused_and_a_bad_record_writes_nothing() {
    let scene = Scene::new("directory_two_writers").await;
    let loaded = load(&scene.db, &scene.policy).await.unwrap();
    scene.admit("shop").await;
    let rng = SystemRandom::new();
    let stale = append(&scene.db, &loaded.directory, &[], scene.writer(&rng), None).await;
    assert!(matches!(stale, Err(LoadError::Rewritten { before: 6, now: 8 })), "{stale:?}");
    let loaded = load(&scene.db, &scene.policy).await.unwrap();
    let prefix = object([
        ("digits", Json::from("9521")),
        ("party", Json::from("shop")),
        ("grade", Json::from("C")),
        ("from", Json::from("2026-11-01T00:00:00Z")),
        ("until", Json::from("2027-01-01T00:00:00Z")),
    ]);
    let overlapping = sign(&draft_of("prefix", "prefix/9521", None, &prefix), &[&scene.holder]);
    let refused =
        append(&scene.db, &loaded.directory, &[overlapping], scene.writer(&rng), None).await;
    assert!(matches!(refused, Err(LoadError::Record(_))), "{refused:?}");
    assert_eq!(load(&scene.db, &scene.policy).await.unwrap().directory, loaded.directory);
}
