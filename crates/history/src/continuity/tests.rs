//! What the owner of a database can do to a ledger, to the hub's entries and to the hub, and what is said of it.

use sql::testing::{TestDb, roll_back_as_owner};

use super::*;
use crate::testing::{EventDraft, FACTORY, TestLedger, object_event};

const SITE: &str = "factory.example/packing";
const HUB: &str = "hub.example/1";
const RECORDED: &str = "2026-11-22T00:00:00Z";

fn events(step: &str, count: usize) -> Vec<EventDraft> {
    vec![object_event("2026-11-20T01:00:00Z", step).at(FACTORY); count]
}

struct Scene {
    db: TestDb,
    site: TestLedger,
    hub: TestLedger,
}

impl Scene {
    /// A ledger whose checkpoints of 2 and 4 records are entries of the hub.
    async fn new(name: &str) -> Self {
        let db = TestDb::migrated(name).await;
        let site = TestLedger::create(&db, SITE, "site", "Factory").await;
        let hub = TestLedger::create(&db, HUB, "hub", "Hub").await;
        for _ in 0..2 {
            site.append(&events("storing", 2), RECORDED).await;
            hub.append_checkpoint_of(&site, RECORDED).await;
        }
        Self { db, site, hub }
    }

    async fn of_ledger(&self) -> Compared {
        of_ledger(&self.db, self.site.id, SITE).await.unwrap()
    }

    /// Changes rows as the owner of the tables could.
    async fn alter(&self, table: &str, change: &str) {
        let sql = format!("alter table {table} disable trigger user; update {table} set {change}");
        self.db.execute(&sql).await.unwrap();
    }
}

#[tokio::test]
async fn a_ledger_fits_as_it_was_published_and_as_far_as_it_grew_since() {
    let scene = Scene::new("continuity_fits").await;
    let compared = scene.of_ledger().await;
    assert_eq!(compared.continuity, Continuity::Fits { hub_size: 4 });
    assert_eq!(compared.published_note, compared.own_note());
    scene.site.append(&events("storing", 300), RECORDED).await;
    let compared = scene.of_ledger().await;
    assert_eq!(compared.continuity, Continuity::Fits { hub_size: 4 });
    assert_eq!(compared.latest.unwrap().size, 304);
    assert_eq!(compared.continuity.problem(), None);
}

#[tokio::test]
async fn a_ledger_that_no_hub_knows_is_not_accused() {
    let scene = Scene::new("continuity_unknown").await;
    let empty = TestLedger::create(&scene.db, "new.example/1", "site", "New").await;
    let of_new = async || of_ledger(&scene.db, empty.id, "new.example/1").await.unwrap();
    assert_eq!(of_new().await.continuity, Continuity::NotInHubYet);
    assert_eq!(of_new().await.own_note(), "");
    empty.append(&events("storing", 1), RECORDED).await;
    assert_eq!(of_new().await.continuity, Continuity::NotInHubYet);
}

#[tokio::test]
async fn a_ledger_that_was_rolled_back_shrank() {
    let scene = Scene::new("continuity_shrunk").await;
    roll_back_as_owner(&scene.db, SITE, 2).await.unwrap();
    let compared = scene.of_ledger().await;
    assert_eq!(compared.continuity, Continuity::Shrunk { hub_size: 4, own_size: 2 });
    let stated = |note: &str| Checkpoint::parse_body(&Note::parse(note).unwrap().text).unwrap();
    assert_eq!(stated(&compared.published_note).size, 4);
    assert_eq!(stated(compared.own_note()).size, 2);

    // To nothing at all, or by its head alone.
    scene.db.execute("alter table checkpoints disable trigger user").await.unwrap();
    let id = scene.site.id.0;
    scene.db.execute(&format!("delete from checkpoints where ledger_id = {id}")).await.unwrap();
    let compared = scene.of_ledger().await;
    assert_eq!(compared.continuity, Continuity::Shrunk { hub_size: 4, own_size: 0 });
    assert_eq!(compared.own_note(), "");
}

#[tokio::test]
async fn a_head_that_was_set_back_alone_shrank() {
    let scene = Scene::new("continuity_head").await;
    let id = scene.site.id.0;
    scene
        .db
        .execute(&format!("update ledger_heads set size = 2 where ledger_id = {id}"))
        .await
        .unwrap();
    let shrunk = Continuity::Shrunk { hub_size: 4, own_size: 2 };
    assert_eq!(scene.of_ledger().await.continuity, shrunk);
}

#[tokio::test]
async fn a_ledger_that_grew_again_on_another_branch_is_forked_at_any_size() {
    let scene = Scene::new("continuity_forked").await;
    roll_back_as_owner(&scene.db, SITE, 2).await.unwrap();
    scene.site.append(&events("inspecting", 2), RECORDED).await;
    let reason = scene.of_ledger().await.continuity.problem().unwrap();
    assert_eq!(reason, "two different roots are signed for size 4");
    scene.site.append(&events("inspecting", 300), RECORDED).await;
    let compared = scene.of_ledger().await.continuity;
    let Continuity::Forked { hub_size: 4, own_size: 304, reason } = compared else {
        panic!("{compared:?}")
    };
    assert!(reason.starts_with("size 304 does not extend the size 4 that the hub has"), "{reason}");
}

#[tokio::test]
async fn missing_hashes_are_a_fork_and_not_an_error() {
    let scene = Scene::new("continuity_hashes").await;
    scene.site.append(&events("storing", 2), RECORDED).await;
    scene.db.execute("alter table record_chunks disable trigger user").await.unwrap();
    let id = scene.site.id.0;
    let delete = format!("delete from record_chunks where ledger_id = {id} and first_leaf = 4");
    scene.db.execute(&delete).await.unwrap();
    let reason = scene.of_ledger().await.continuity.problem().unwrap();
    assert!(reason.contains("is not stored"), "{reason}");
}

#[tokio::test]
async fn an_entry_of_the_hub_that_was_altered_hides_nothing() {
    for (name, table, change, expected) in [
        // The entry's text is made to state what the rolled-back ledger has.
        (
            "continuity_entry_text",
            "record_chunks",
            "(texts, text_ends) = (select convert_to(r.note, 'UTF8'), array[octet_length(r.note)] \
             from checkpoints r where r.size = 2 and r.ledger_id = 1) where ledger_id = 2 and first_leaf = 1",
            "entry 1 of the hub does not fit its hash",
        ),
        (
            "continuity_entry_index",
            "hub_entries",
            "ledger_size = 3 where hub_index = 1",
            "entry 1 of the hub states size 4 of `factory.example/packing`, its index 3 of \
             `factory.example/packing`",
        ),
        (
            "continuity_entry_gone",
            "hub_entries",
            "hub_index = 7 where hub_index = 1",
            "entry 1 of the hub is a checkpoint of `factory.example/packing`, the index of entries says otherwise",
        ),
    ] {
        let scene = Scene::new(name).await;
        assert_eq!((scene.site.id.0, scene.hub.id.0), (1, 2));
        scene.alter(table, change).await;
        let compared = scene.of_ledger().await.continuity;
        assert_eq!(compared.problem().as_deref(), Some(expected));
        assert!(matches!(compared, Continuity::Forked { .. }), "{compared:?}");
    }
}

#[tokio::test]
async fn a_row_removed_from_the_index_of_entries_hides_no_entry_and_accuses_no_other_ledger() {
    let scene = Scene::new("continuity_index").await;
    let other = TestLedger::create(&scene.db, "shop.example/till", "site", "Shop").await;
    other.append(&events("storing", 1), RECORDED).await;
    scene.hub.append_checkpoint_of(&other, RECORDED).await;
    roll_back_as_owner(&scene.db, SITE, 2).await.unwrap();
    let remove = |place: u64| {
        format!(
            "alter table hub_entries disable trigger user; delete from hub_entries where hub_index = {place}"
        )
    };
    let of_other = async || of_ledger(&scene.db, other.id, "shop.example/till").await.unwrap();
    for place in [1, 0] {
        scene.db.execute(&remove(place)).await.unwrap();
        let reason = scene.of_ledger().await.continuity.problem().unwrap();
        assert!(reason.starts_with("entry 1 of the hub is a checkpoint of `factory"), "{reason}");
        assert_eq!(of_other().await.continuity, Continuity::Fits { hub_size: 1 });
    }
}

#[tokio::test]
async fn a_ledger_that_was_created_again_under_its_name_is_forked() {
    let scene = Scene::new("continuity_again").await;
    scene.alter("ledgers", "origin = 'hidden' where kind = 'site'").await;
    let again = TestLedger::create(&scene.db, SITE, "site", "Factory").await;
    let compared = of_ledger(&scene.db, again.id, SITE).await.unwrap().continuity;
    assert!(matches!(compared, Continuity::Forked { own_size: 0, .. }), "{compared:?}");
}

#[tokio::test]
async fn a_hub_is_compared_with_its_last_final_anchor() {
    let scene = Scene::new("continuity_hub").await;
    let of_hub = async || of_hub(&scene.db, scene.hub.id, HUB).await.unwrap();
    assert_eq!(of_hub().await.continuity, Continuity::NotInHubYet);
    scene.hub.anchor(RECORDED).await;
    assert_eq!(of_hub().await.continuity, Continuity::Fits { hub_size: 2 });
    roll_back_as_owner(&scene.db, HUB, 1).await.unwrap();
    let compared = of_hub().await;
    assert_eq!(compared.continuity, Continuity::Shrunk { hub_size: 2, own_size: 1 });
    assert!(compared.published_note.starts_with("hub.example/1\n2\n"), "{compared:?}");
}

#[tokio::test]
async fn the_roles_that_ask_have_the_rights_to() {
    let scene = Scene::new("continuity_rights").await;
    for access in [sql::Access::Ingest, sql::Access::Anchor, sql::Access::TraceApi] {
        let db = scene.db.db_as(access).await;
        let compared = of_ledger(&db, scene.site.id, SITE).await.unwrap();
        assert_eq!(compared.continuity, Continuity::Fits { hub_size: 4 }, "{access:?}");
    }
}
