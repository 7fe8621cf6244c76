//! What a cache may not change: a row that was altered is found out although everything was verified a moment ago; and how many
//! queries a history takes.

use ledger::Hash;
use ledger::checkpoint::Checkpoint;
use ledger::keys::SystemRandom;
use ledger::policy::OpenError;
use sql::Transaction;
use sql::testing::{TestDb, alter_record_as_owner, roll_back_as_owner, statements};

use super::*;
use crate::testing::{
    CASE, EventDraft, FACTORY, ITEM, TestLedger, object_event, packing_event, rights,
};

const SITE: &str = "factory.example/packing";
const HUB: &str = "hub.example/1";
const RECORDED: &str = "2026-11-22T00:00:00Z";
const NOW: &str = "2026-11-22T08:00:00Z";

fn event(hour: u8, step: &str) -> EventDraft {
    object_event(&format!("2026-11-20T{hour:02}:00:00Z"), step).at(FACTORY)
}

/// A ledger of the issuer with two records of the item, each in a commit of its own and both in the hub; and a cache that
/// has verified them.
struct Scene {
    db: TestDb,
    site: TestLedger,
    hub: TestLedger,
    cache: Cache,
    policy: Arc<Policy>,
}

impl Scene {
    async fn new(name: &str) -> Self {
        let db = TestDb::migrated(name).await;
        let site = TestLedger::create(&db, SITE, "site", "Factory").await;
        let hub = TestLedger::create(&db, HUB, "hub", "Hub").await;
        site.append(&[event(1, "commissioning")], RECORDED).await;
        site.append(&[event(2, "storing")], RECORDED).await;
        hub.append_checkpoint_of(&site, RECORDED).await;
        let policy = Arc::new(site.policy_lines("log").parse().unwrap());
        let scene = Self { db, site, hub, cache: Cache::new(64 << 20), policy };
        assert_eq!(scene.faults().await, [None, None]);
        scene
    }

    async fn gather(&self, cache: &Cache) -> GatheredHistory {
        let (now, item) = (NOW.parse().unwrap(), ITEM.parse().unwrap());
        gather(&self.db, cache, &self.policy, &rights(), now, &item).await.unwrap()
    }

    /// The faults of the records, with what the cache knows.
    async fn faults(&self) -> Vec<Option<Fault>> {
        faults(&self.gather(&self.cache).await)
    }

    /// The faults, which must be those that are found without a cache.
    async fn checked(&self) -> Vec<Option<Fault>> {
        let found = self.faults().await;
        assert_eq!(found, faults(&self.gather(&Cache::new(0)).await), "as without a cache");
        found
    }

    /// Alters rows as the owner of the tables could.
    async fn alter(&self, table: &str, sql: &str) {
        let switch = |how: &str| format!("alter table {table} {how} trigger user;");
        let all = format!("{} {sql}; {}", switch("disable"), switch("enable"));
        self.db.execute(&all).await.unwrap();
    }

    /// Queries of one history: with nothing verified before, and with all of it.
    async fn queries(&self) -> (u64, u64) {
        let cache = Cache::new(64 << 20);
        let mut counts = [0; 2];
        for count in &mut counts {
            let before = statements();
            self.gather(&cache).await;
            *count = statements() - before;
        }
        (counts[0], counts[1])
    }
}

fn faults(gathered: &GatheredHistory) -> Vec<Option<Fault>> {
    gathered.history.entries.iter().map(|entry| entry.fault.clone()).collect()
}

#[tokio::test]
async fn an_altered_record_is_found_out_by_a_warm_cache() {
    let scene = Scene::new("warm_record").await;
    alter_record_as_owner(&scene.db, SITE, 1, "storing", "holding").await.unwrap();
    assert_eq!(scene.checked().await, [None, Some(Fault::Text)]);
    alter_record_as_owner(&scene.db, SITE, 1, "holding", "storing").await.unwrap();
    assert_eq!(scene.checked().await, [None, None], "put right again");
    let set = "update record_chunks set secrets = set_byte(secrets, 0, 255) where first_leaf = 1";
    scene.alter("record_chunks", set).await;
    assert_eq!(scene.checked().await, [None, Some(Fault::Text)]);
}

#[tokio::test]
async fn an_altered_record_is_found_out_by_a_warm_cache_when_others_are_asked_for_at_the_same_moment()
 {
    let scene = Scene::new("warm_together").await;
    let other: Epc = "urn:epc:id:sgtin:4012345.011111.70".parse().unwrap();
    let uri = other.to_uri();
    scene.site.append(&[event(3, "commissioning").of(&[&uri])], RECORDED).await;
    scene.hub.append_checkpoint_of(&scene.site, RECORDED).await;
    let item: Epc = ITEM.parse().unwrap();
    let now = NOW.parse().unwrap();
    let rights = rights();
    let ask = async || {
        let items = [&item, &other].into_iter().cycle().take(24);
        let asked =
            items.map(|item| gather(&scene.db, &scene.cache, &scene.policy, &rights, now, item));
        let before = statements();
        let found = futures::future::join_all(asked).await;
        let found: Vec<_> = found.into_iter().map(|one| faults(&one.unwrap())).collect();
        (found, statements() - before)
    };
    let each =
        |pair: [Vec<Option<Fault>>; 2]| pair.into_iter().cycle().take(24).collect::<Vec<_>>();
    let whole = each([vec![None, None], vec![None]]);
    assert_eq!(ask().await.0, whole);
    let (found, asked) = ask().await;
    assert_eq!(found, whole);
    let (_, alone) = scene.queries().await;
    assert!(asked < 24 * alone / 2, "{asked} statements, {alone} alone");
    alter_record_as_owner(&scene.db, SITE, 1, "storing", "holding").await.unwrap();
    let altered = each([vec![None, Some(Fault::Text)], vec![None]]);
    assert_eq!(ask().await.0, altered);
    alter_record_as_owner(&scene.db, SITE, 1, "holding", "storing").await.unwrap();
    assert_eq!(ask().await.0, whole, "put right again");
}

#[tokio::test]
async fn a_text_that_changed_without_a_statement_is_found_out_when_it_is_read_again() {
    let scene = Scene::new("warm_below").await;
    let before = statements();
    assert_eq!(scene.faults().await, [None, None]);
    let warm = statements() - before;
    // No statement can do this, so the version that is remembered is made that of the altered row.
    alter_record_as_owner(&scene.db, SITE, 1, "storing", "holding").await.unwrap();
    let connection = scene.db.connection().await.unwrap();
    let keys = [sql::items::key(ITEM)];
    let found = sql::items::found(&connection, &keys, 9).await.unwrap().unwrap();
    let altered = found.iter().find(|hit| hit.index == 1).unwrap();
    scene.cache.pretend((altered.ledger, 1), altered.row.unwrap().version);
    let mut looks = 0;
    while scene.faults().await == [None, None] {
        looks += 1;
        assert!(looks < crate::cache::READ_AGAIN, "it is never read again");
    }
    assert_eq!(looks, crate::cache::READ_AGAIN - 1);
    assert_eq!(scene.faults().await, [None, Some(Fault::Text)]);
    alter_record_as_owner(&scene.db, SITE, 1, "holding", "storing").await.unwrap();
    assert_eq!(scene.faults().await, [None, None]);
    let before = statements();
    assert_eq!(scene.faults().await, [None, None]);
    assert_eq!(statements() - before, warm, "what was read again is known");
}

/// Where the hub has the item's records, and since when.
fn seals(gathered: &GatheredHistory) -> Vec<(Option<u64>, Timestamp)> {
    gathered.history.entries.iter().map(|entry| (entry.seal.place, entry.seal.at)).collect()
}

#[tokio::test]
async fn a_seal_that_was_pending_is_asked_for_again_when_a_hub_grew() {
    let scene = Scene::new("warm_pending").await;
    scene.site.append(&[event(3, "holding")], RECORDED).await;
    let pending = seals(&scene.gather(&scene.cache).await);
    assert_eq!(
        pending.iter().map(|(place, _)| *place).collect::<Vec<_>>(),
        [Some(0), Some(0), None]
    );
    let statements_of = async || {
        let before = statements();
        let found = seals(&scene.gather(&scene.cache).await);
        (found, statements() - before)
    };
    let (again, warm) = statements_of().await;
    assert_eq!(again, pending);
    let other = TestLedger::create(&scene.db, "other.example/x", "site", "Factory").await;
    other
        .append(&[event(4, "holding").of(&["urn:epc:id:sgtin:4012345.011111.71"])], RECORDED)
        .await;
    scene.hub.append_checkpoint_of(&other, RECORDED).await;
    assert_eq!(statements_of().await.0, pending, "the hub grew by another ledger");
    assert_eq!(statements_of().await, (pending, warm), "and not again");
    scene.hub.append_checkpoint_of(&scene.site, "2026-11-22T02:00:00Z").await;
    let sealed = statements_of().await.0;
    assert_eq!(sealed[2], (Some(2), "2026-11-22T02:00:00Z".parse().unwrap()));
    assert_eq!(sealed, seals(&scene.gather(&Cache::new(0)).await), "as without a cache");
    assert_eq!(statements_of().await, (sealed, warm));
}

#[tokio::test]
async fn a_seal_that_was_changed_is_shown_when_the_text_is_read_again() {
    let scene = Scene::new("warm_seal").await;
    let before = seals(&scene.gather(&scene.cache).await);
    let set = "update checkpoints set recorded_at = recorded_at + interval '1 hour' where ledger_id = \
               (select ledger_id from ledgers where kind = 'hub')";
    scene.alter("checkpoints", set).await;
    let altered = seals(&scene.gather(&Cache::new(0)).await);
    assert_ne!(altered, before);
    let mut looks = 0;
    while seals(&scene.gather(&scene.cache).await) == before {
        looks += 1;
        assert!(looks < crate::cache::READ_AGAIN, "it is never asked for again");
    }
    assert_eq!(seals(&scene.gather(&scene.cache).await), altered);
}

#[tokio::test]
async fn an_altered_record_of_a_full_container_is_found_out_by_a_warm_cache() {
    let scene = Scene::new("warm_large").await;
    let others: Vec<String> =
        (0..1700).map(|serial| format!("urn:epc:id:sgtin:4012345.011111.5{serial:05}")).collect();
    let mut all: Vec<&str> = others.iter().map(String::as_str).collect();
    all.push(ITEM);
    let packed = packing_event("2026-11-20T03:00:00Z", "ADD", CASE, &all).at(FACTORY);
    scene.site.append(&[packed], RECORDED).await;
    scene.hub.append_checkpoint_of(&scene.site, RECORDED).await;
    assert_eq!(scene.checked().await, [None, None, None]);
    let asked = |before| statements() - before;
    let before = statements();
    assert_eq!(scene.faults().await, [None, None, None]);
    let warm = asked(before);
    let change = async |from: &str, to: &str| {
        alter_record_as_owner(&scene.db, SITE, 2, from, to).await.unwrap();
    };
    // Another item in the same container, of which nothing of this item is told.
    change("011111.500007", "011111.70").await;
    let before = statements();
    assert_eq!(scene.checked().await, [None, None, Some(Fault::Text)]);
    assert!(asked(before) > warm, "the text was asked for");
    change("011111.70\"", "011111.500007\"").await;
    assert_eq!(scene.checked().await, [None, None, None], "put right again");
    let set = "update record_chunks set secrets = set_byte(secrets, 0, 255) where first_leaf = 2";
    scene.alter("record_chunks", set).await;
    assert_eq!(scene.checked().await, [None, None, Some(Fault::Text)]);
}

#[tokio::test]
async fn an_altered_leaf_hash_is_found_out_by_a_warm_cache() {
    let scene = Scene::new("warm_leaf").await;
    let set = format!(
        "update record_chunks set leaf_hashes = set_byte(leaf_hashes, 0, 255 - get_byte(leaf_hashes, 0)) \
         where first_leaf = 0 and ledger_id = {}",
        scene.site.id.0
    );
    scene.alter("record_chunks", &set).await;
    assert_eq!(scene.faults().await, [Some(Fault::Text), None]);
    // Without a cache the other record cannot be proved any more either: its path is gone, though it is what was signed.
    let cold = faults(&scene.gather(&Cache::new(0)).await);
    assert_eq!(cold, [Some(Fault::Text), Some(Fault::Tree)]);
}

#[tokio::test]
async fn a_record_in_the_place_of_another_one_is_found_out_by_a_warm_cache() {
    let scene = Scene::new("warm_swapped").await;
    let swap = "update record_chunks c set texts = o.texts, text_ends = o.text_ends, \
                secrets = o.secrets, leaf_hashes = o.leaf_hashes from record_chunks o \
                where o.ledger_id = c.ledger_id and o.first_leaf = 0 and c.first_leaf = 1";
    scene.alter("record_chunks", swap).await;
    assert_eq!(scene.faults().await, [None, Some(Fault::Tree)]);
    let cold = faults(&scene.gather(&Cache::new(0)).await);
    assert_eq!(cold, [Some(Fault::Tree), Some(Fault::Tree)]);
}

#[tokio::test]
async fn an_altered_checkpoint_is_found_out_by_a_warm_cache() {
    let scene = Scene::new("warm_checkpoint").await;
    let id = scene.site.id.0;
    let swap = format!(
        "update checkpoints c set note = o.note from checkpoints o \
         where o.ledger_id = {id} and o.size = 1 and c.ledger_id = {id} and c.size = 2"
    );
    scene.alter("checkpoints", &swap).await;
    let row = Some(Fault::CheckpointRow { size: 1 });
    assert_eq!(scene.checked().await, [row.clone(), row]);
    let cut = "update checkpoints set note = replace(note, '2', '3')";
    scene.alter("checkpoints", cut).await;
    for fault in scene.checked().await {
        assert!(matches!(fault, Some(Fault::Checkpoint(_))), "{fault:?}");
    }
}

#[tokio::test]
async fn keys_that_are_not_trusted_any_more_are_not_trusted_by_a_warm_cache() {
    let mut scene = Scene::new("warm_policy").await;
    scene.policy = Arc::default();
    let unknown = OpenError::UnknownLedger { origin: SITE.to_owned(), size: 2 };
    let fault = Some(Fault::Checkpoint(unknown));
    assert_eq!(scene.checked().await, [fault.clone(), fault]);
}

#[tokio::test]
async fn an_altered_index_leads_a_warm_cache_nowhere_else() {
    let scene = Scene::new("warm_index").await;
    let id = scene.site.id.0;
    scene.site.append(&[event(3, "storing").of(&[CASE])], RECORDED).await;
    let item = sql::items::key(ITEM);
    let insert = format!("insert into item_records values ({item}, {id}, 2)");
    scene.alter("item_records", &insert).await;
    assert_eq!(scene.checked().await, [None, None], "it does not name the item");
    let remove = "delete from item_records where leaf_index = 1";
    scene.alter("item_records", remove).await;
    assert_eq!(scene.checked().await, [None], "nothing comes from the cache alone");
}

#[tokio::test]
async fn a_rollback_is_found_out_by_a_warm_cache_also_without_the_row_that_tells_it() {
    let scene = Scene::new("warm_rolled_back").await;
    roll_back_as_owner(&scene.db, SITE, 1).await.unwrap();
    let shrunk = Fault::Shrunk { hub_size: 2, own_size: 1 };
    assert_eq!(scene.checked().await, [Some(shrunk)]);
    scene.alter("hub_entries", "delete from hub_entries").await;
    let found = scene.checked().await;
    assert!(matches!(&found[..], [Some(Fault::Forked(_))]), "{found:?}");
    // The hub is gone too: only the memory of what it held is left.
    roll_back_as_owner(&scene.db, HUB, 1).await.unwrap();
    let gone = format!("delete from record_chunks where ledger_id = {}", scene.hub.id.0);
    scene.alter("record_chunks", &gone).await;
    let head = format!("update ledger_heads set size = 0 where ledger_id = {}", scene.hub.id.0);
    scene.db.execute(&head).await.unwrap();
    assert_eq!(scene.faults().await, [Some(Fault::Shrunk { hub_size: 2, own_size: 1 })]);
    scene.site.append(&[event(2, "holding"), event(3, "holding")], RECORDED).await;
    for fault in scene.faults().await {
        assert!(matches!(fault, Some(Fault::Forked(_))), "another past grew: {fault:?}");
    }
}

#[tokio::test]
async fn a_size_that_only_a_row_claimed_is_forgotten_with_that_row() {
    let scene = Scene::new("warm_claimed").await;
    let other = TestLedger::create(&scene.db, "shop.example/till", "site", "Shop").await;
    other.append(&[event(3, "storing").of(&[CASE])], RECORDED).await;
    scene.hub.append_checkpoint_of(&other, RECORDED).await;
    let claim = |ledger: LedgerId, size: u64| {
        let id = ledger.0;
        format!("update hub_entries set ledger_id = {id}, ledger_size = {size} where hub_index = 1")
    };
    scene.alter("hub_entries", &claim(scene.site.id, 50)).await;
    let found = scene.checked().await;
    assert!(found.len() == 2 && found.iter().all(Option::is_some), "{found:?}");
    scene.alter("hub_entries", &claim(other.id, 1)).await;
    assert_eq!(scene.checked().await, [None, None], "nobody signed 50 records");
    assert_eq!(scene.cache.largest_in_hub(scene.site.id).map(|(size, _)| size), Some(2));
}

#[tokio::test]
async fn while_the_index_of_the_hub_lacks_a_row_ledgers_are_judged_once_and_not_for_each_scan() {
    let scene = Scene::new("warm_lacking").await;
    let other = TestLedger::create(&scene.db, "shop.example/till", "site", "Shop").await;
    other.append(&[event(3, "storing").of(&[CASE])], RECORDED).await;
    scene.hub.append_checkpoint_of(&other, RECORDED).await;
    let remove = format!("delete from hub_entries where ledger_id = {}", other.id.0);
    scene.alter("hub_entries", &remove).await;
    assert_eq!(scene.queries().await.1, 3, "as many as of a hub that is whole");
    assert_eq!(scene.checked().await, [None, None]);
    let hits = scene.cache.stats().ledgers.hits;
    assert_eq!(scene.checked().await, [None, None]);
    assert_eq!(scene.cache.stats().ledgers.hits, hits + 1);
    // What a missing row hides is found all the same, also when the entry was looked at before.
    scene.site.append(&[event(4, "storing")], RECORDED).await;
    scene.hub.append_checkpoint_of(&scene.site, RECORDED).await;
    assert_eq!(scene.checked().await, [None, None, None]);
    let hide = format!(
        "delete from hub_entries where ledger_id = {} and ledger_size = 3",
        scene.site.id.0
    );
    scene.alter("hub_entries", &hide).await;
    roll_back_as_owner(&scene.db, SITE, 2).await.unwrap();
    let [warm, cold] = [scene.faults().await, faults(&scene.gather(&Cache::new(0)).await)];
    assert_eq!(warm, vec![Some(Fault::Shrunk { hub_size: 3, own_size: 2 }); 2], "it was seen");
    assert!(cold.iter().all(|fault| matches!(fault, Some(Fault::Forked(_)))), "{cold:?}");
}

#[tokio::test]
async fn another_past_that_grew_is_found_out_by_a_warm_cache() {
    let scene = Scene::new("warm_forked").await;
    roll_back_as_owner(&scene.db, SITE, 1).await.unwrap();
    scene.site.append(&[event(2, "holding"), event(3, "holding")], RECORDED).await;
    let found = scene.checked().await;
    assert_eq!(found.len(), 3);
    for fault in found {
        assert!(matches!(fault, Some(Fault::Forked(_))), "{fault:?}");
    }
}

#[tokio::test]
async fn evidence_of_a_fork_is_seen_by_a_warm_cache() {
    let scene = Scene::new("warm_evidence").await;
    let root = Hash::from([7; 32]);
    let other = Checkpoint { origin: SITE.to_owned(), size: 2, root };
    let other = scene.site.keys.sign_checkpoint(&other, &SystemRandom::new()).unwrap();
    let stored = scene.db.run_tx("test.fork", async |tx: &Transaction<'_>| {
        sql::hub::insert_fork(tx, scene.site.id, "old", &other, "two pasts").await
    });
    stored.await.unwrap();
    let forked = Some(Fault::Forked("another root is signed for size 2".to_owned()));
    assert_eq!(scene.checked().await, [forked.clone(), forked]);
}

#[tokio::test]
async fn of_very_much_evidence_some_is_opened_and_the_rest_is_said() {
    let scene = Scene::new("warm_much_evidence").await;
    // The ledger extends all of it, or nobody signed it: each alone shows nothing.
    let own = sql::ledgers::latest_checkpoint(&scene.db, scene.site.id).await.unwrap().unwrap();
    let most = sql::ledgers::MOST_FORKS;
    let keep = |count: u32, first: u32| {
        format!(
            "insert into forks (ledger_id, old_note, new_note, reason, at) \
             select {}, 'note ' || n, '{}', 'two pasts', now() from generate_series({first}, {first} + {count} - 1) as n",
            scene.site.id.0, own.note
        )
    };
    scene.db.execute(&keep(most, 0)).await.unwrap();
    assert_eq!(scene.checked().await, [None, None]);
    scene.db.execute(&keep(3000, most)).await.unwrap();
    let unexamined = Some(Fault::Unexamined { kept: u64::from(most) + 3000, left: 3000 });
    assert_eq!(scene.checked().await, [unexamined.clone(), unexamined]);
    let connection = scene.db.connection().await.unwrap();
    let states = sql::ledgers::states(&connection, &[scene.site.id]).await.unwrap();
    assert!(states[0].evidence.len() <= 2 * most as usize, "{}", states[0].evidence.len());
}

#[tokio::test]
async fn what_was_proved_stays_proved_when_the_hashes_that_proved_it_are_altered() {
    let scene = Scene::new("warm_subtree").await;
    let others = vec![event(3, "storing").of(&[CASE]); 600];
    scene.site.append(&others, RECORDED).await;
    assert_eq!(scene.faults().await, [None, None]);
    let turn = "update subtree_hashes set hash = set_byte(hash, 0, 255 - get_byte(hash, 0))";
    scene.alter("subtree_hashes", turn).await;
    // The records are under the signed root, as was proved: that is so whatever the rows say now.
    assert_eq!(scene.faults().await, [None, None]);
    let cold = faults(&scene.gather(&Cache::new(0)).await);
    assert!(cold.len() == 2 && cold.iter().all(Option::is_some), "{cold:?}");
    // Under the next checkpoint they are proved anew.
    scene.alter("subtree_hashes", turn).await;
    scene.site.append(&[event(4, "storing").of(&[CASE])], RECORDED).await;
    scene.alter("subtree_hashes", turn).await;
    let found = scene.checked().await;
    assert!(found.len() == 2 && found.iter().all(Option::is_some), "{found:?}");
}

#[tokio::test]
async fn a_history_takes_as_many_queries_from_200_ledgers_as_from_one_and_for_8_records_as_for_2() {
    let scene = Scene::new("warm_queries").await;
    let (cold, warm) = scene.queries().await;
    assert_eq!((cold, warm), (8, 3));
    scene.site.append(&vec![event(3, "storing"); 6], RECORDED).await;
    assert_eq!(scene.queries().await, (cold, warm), "8 records");
    let id = scene.site.id.0;
    let copies = format!(
        "insert into ledgers (origin, kind, party, created_at)
           select 'copy.example/' || n, 'site', 'Copy', now() from generate_series(1, 200) as n;
         insert into ledger_heads select l.ledger_id, 8, h.root from ledgers l, ledger_heads h
           where origin like 'copy%' and h.ledger_id = {id};
         insert into checkpoints select l.ledger_id, c.size, c.root, c.note, c.recorded_at
           from ledgers l, checkpoints c where origin like 'copy%' and c.ledger_id = {id};
         insert into record_chunks select l.ledger_id, c.first_leaf, c.leaf_count, c.leaf_hashes,
             c.secrets, c.texts, c.text_ends
           from ledgers l, record_chunks c where origin like 'copy%' and c.ledger_id = {id}"
    );
    scene.db.execute(&copies).await.unwrap();
    assert_eq!(scene.queries().await, (cold, warm), "200 ledgers more");
    let item = sql::items::key(ITEM);
    let name = async |which: &str| {
        let named = format!(
            "insert into item_records select {item}, ledger_id, 0 from ledgers where {which}"
        );
        scene.db.execute(&named).await.unwrap();
        scene.queries().await
    };
    // Nobody signed a copy, so it is judged each time; what the hubs have of it does not matter any more.
    let with_one = name("origin = 'copy.example/1'").await;
    assert_eq!(with_one, (cold, warm + 1));
    let with_many = name("origin like 'copy.example/1%' and origin <> 'copy.example/1'").await;
    let found = scene.gather(&Cache::new(64 << 20)).await;
    assert_eq!((found.history.entries.len(), found.ledgers.len()), (8 + 111, 1 + 111));
    assert_eq!(with_many, with_one, "records in 112 ledgers");
}

#[tokio::test]
async fn what_is_kept_is_used_again_and_bounded() {
    let scene = Scene::new("warm_stats").await;
    let first = scene.cache.stats();
    assert_eq!((first.records.hits, first.records.misses), (0, 2));
    scene.faults().await;
    let second = scene.cache.stats();
    assert_eq!((second.records.hits, second.records.misses), (2, 2));
    assert_eq!((second.ledgers.hits, second.records.bytes), (1, first.records.bytes));
    assert!(second.records.bytes > 0 && second.records.bytes <= second.records.limit);
}

#[tokio::test]
async fn a_tile_that_the_cache_drops_meanwhile_makes_no_fault() {
    let scene = Scene::new("warm_evicted").await;
    scene.site.append(&vec![event(3, "storing").of(&[CASE]); 600], RECORDED).await;
    assert_eq!(scene.faults().await, [None, None]);
    let first = sql::ledgers::record_at(&scene.db, scene.site.id, 0).await.unwrap().unwrap();
    let leaf = (scene.site.id, 0, first.leaf_hash);
    let mut ledgers = KnownLedgers::new(&scene.db, &scene.cache, &scene.policy);
    let connection = scene.db.connection().await.unwrap();
    ledgers.take_hubs(sql::hub::heads(&connection).await.unwrap());
    let states = sql::ledgers::states(&connection, &[scene.site.id]).await.unwrap();
    let mut needs = Needs::default();
    needs.of_states(&mut ledgers, states);
    needs.of_leaf(&ledgers, leaf);
    scene.cache.forget_tiles();
    let got = needs.fetch(&scene.db).await.unwrap();
    ledgers.judge(&mut needs, &got).await.unwrap();
    assert_eq!(ledgers.fault_of(leaf, &got), Ok(None));
    // A cache with room for a few tiles.
    let small = Cache::new(2 << 20);
    for _ in 0..3 {
        assert_eq!(faults(&scene.gather(&small).await), [None, None]);
    }
}

#[tokio::test]
async fn rows_that_nobody_could_have_written_are_faults_and_no_errors() {
    let scene = Scene::new("warm_impossible").await;
    let unbound = "alter table record_chunks drop constraint record_chunks_texts, \
                   drop constraint record_chunks_hashes";
    scene.db.execute(unbound).await.unwrap();
    let (id, key) = (scene.site.id.0, sql::items::key(ITEM));
    let of_second = format!("where first_leaf = 1 and ledger_id = {id}");
    for (ends, fits) in [("-2147483648", false), ("null", false), ("2147483647", true)] {
        let set =
            format!("update record_chunks set text_ends = array[{ends}]::integer[] {of_second}");
        scene.alter("record_chunks", &set).await;
        let found = scene.checked().await;
        let bad = found.iter().filter(|fault| **fault == Some(Fault::Text)).count();
        assert_eq!((found.len(), bad), (2, usize::from(!fits)), "{ends}");
    }
    let places = format!(
        "insert into item_records values ({key}, {id}, -1), ({key}, {id}, 9223372036854775807)"
    );
    scene.db.execute(&places).await.unwrap();
    scene.alter("checkpoints", "update checkpoints set recorded_at = 'infinity'").await;
    assert_eq!(scene.checked().await, [None, None]);
    scene.alter("hub_entries", "update hub_entries set hub_index = -1").await;
    for cache in [&scene.cache, &Cache::new(0)] {
        let found = faults(&scene.gather(cache).await);
        assert!(found.len() == 2 && found.iter().all(Option::is_some), "{found:?}");
    }
    let cut = format!("update record_chunks set leaf_hashes = '\\x00' {of_second}");
    scene.alter("record_chunks", &cut).await;
    let second = sql::ledgers::record_at(&scene.db, scene.site.id, 1).await.unwrap().unwrap();
    assert_eq!(second.leaf_hash, Hash([0; 32]));
}
