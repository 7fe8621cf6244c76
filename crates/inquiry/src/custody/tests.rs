//! Custody rows over a real ledger: how each is known, its signature, corrections, anchors, scope.

use access::{Role, Scope};
use history::testing::{
    CASE, CENTRE, EventDraft, FACTORY, ITEM, PALLET, SHOP, excursion_event, object_event,
    packing_event,
};
use ledger::json::{Json, object};

use super::*;
use crate::testing::{SITE, Scene, all, sight};

fn item() -> Epc {
    epc::identify(ITEM).unwrap()
}

fn stated(draft: EventDraft) -> EventDraft {
    draft.with("chopmark:evidence", object([("partner", Json::from("maker"))]))
}

/// From the factory to the shop; the shop's receiving was typed wrong and corrected.
fn journey() -> Vec<EventDraft> {
    let wrong = stated(object_event("2026-11-22T08:00:00+08:00", "receiving").of(&[CASE]).at(SHOP))
        .with("eventID", "urn:uuid:00000000-0000-4000-8000-000000000001".into());
    let right = stated(object_event("2026-11-22T09:00:00+08:00", "receiving").of(&[CASE]).at(SHOP))
        .with("eventID", "urn:uuid:00000000-0000-4000-8000-000000000002".into());
    let declaration = object([
        ("declarationTime", "2026-11-22T10:00:00+08:00".into()),
        ("reason", "incorrect_data".into()),
        (
            "correctiveEventIDs",
            Json::Array(vec!["urn:uuid:00000000-0000-4000-8000-000000000002".into()]),
        ),
    ]);
    vec![
        stated(object_event("2026-11-20T08:00:00+08:00", "commissioning"))
            .at(FACTORY)
            .disposition("active")
            .lot("L1", "2099-12-31")
            .sensed(),
        stated(packing_event("2026-11-20T09:00:00+08:00", "ADD", CASE, &[ITEM]).at(FACTORY))
            .sensed(),
        packing_event("2026-11-20T10:00:00+08:00", "ADD", PALLET, &[CASE]).at(FACTORY),
        stated(
            object_event("2026-11-20T11:00:00+08:00", "shipping").of(&[PALLET]).read_at(FACTORY),
        ),
        excursion_event("2026-11-21T02:00:00Z", "2026-11-21T02:10:00Z", "9.2").at(CENTRE),
        wrong.clone(),
        wrong.with("errorDeclaration", declaration),
        right,
    ]
}

async fn read(scene: &Scene, sight: &Sight) -> Custody {
    custody(&scene.reader(), sight, &item()).await.unwrap()
}

fn row(custody: &Custody, index: u64) -> &CustodyRow {
    custody.rows.iter().find(|row| row.index == index).unwrap_or_else(|| panic!("no row {index}"))
}

#[tokio::test]
async fn each_row_says_how_it_is_known_and_where_it_stands() {
    let scene = Scene::with("custody_rows", &journey()).await;
    let found = read(&scene, &all()).await;
    assert_eq!((found.item.as_str(), found.hidden, found.cut), (ITEM, 0, 0));
    for (index, known, signature) in [
        (0, Knowledge::Sensed, Signature::Valid),
        (1, Knowledge::Sensed, Signature::Valid),
        (2, Knowledge::Inferred, Signature::UnsignedImport),
        (3, Knowledge::Inferred, Signature::Valid),
        (4, Knowledge::Sensed, Signature::Valid),
        (7, Knowledge::Inferred, Signature::Valid),
    ] {
        let row = row(&found, index);
        assert_eq!((row.known, &row.signature), (known, &signature), "{index}");
        assert_eq!((&*row.origin, row.checkpoint, &*row.party), (SITE, 8, "Factory"));
        assert!(matches!(row.existed, Existed::InHub(_)), "{index}");
    }
    assert!(row(&found, 4).is_of_lot);
    assert_eq!(row(&found, 3).container.as_deref(), Some(PALLET));
    assert_eq!(found.lot.as_deref(), Some("L1"));
    assert_eq!(found.ledgers.len(), 1);
    assert_eq!((found.ledgers[0].size, &found.ledgers[0].fault), (8, &None));
}

#[tokio::test]
async fn a_corrected_row_stands_below_what_replaces_it_and_is_kept() {
    let scene = Scene::with("custody_corrected", &journey()).await;
    let found = read(&scene, &all()).await;
    let order: Vec<u64> = found.rows.iter().map(|row| row.index).collect();
    assert_eq!(order, [7, 5, 6, 4, 3, 2, 1, 0]);
    assert_eq!(row(&found, 5).mark, Some(Mark::Corrected));
    let index = |correction: &Option<Correction>| match correction {
        Some(
            Correction::DeclaredWrong(other)
            | Correction::Replaces(other)
            | Correction::Declares(other, _),
        ) => other.index,
        None => u64::MAX,
    };
    assert_eq!([5, 6, 7].map(|at| index(&row(&found, at).correction)), [6, 5, 5]);
    let reason = "incorrect_data".to_owned();
    assert!(
        matches!(&row(&found, 6).correction, Some(Correction::Declares(_, own)) if *own == reason)
    );
}

#[tokio::test]
async fn an_anchor_says_by_when_a_record_existed_and_a_later_record_waits() {
    let scene = Scene::with("custody_anchor", &journey()).await;
    scene.hub.anchor("2026-11-22T04:00:00Z").await;
    scene
        .site
        .append(
            &[object_event("2026-11-22T12:00:00+08:00", "storing").at(SHOP)],
            "2026-11-22T05:00:00Z",
        )
        .await;
    let found = read(&scene, &all()).await;
    let block = "2026-11-22T04:00:00Z".parse().unwrap();
    assert_eq!(row(&found, 0).existed, Existed::Anchored(block));
    assert_eq!(row(&found, 8).existed, Existed::Waiting);
}

#[tokio::test]
async fn an_altered_record_is_a_row_that_says_so() {
    let scene = Scene::with("custody_altered", &journey()).await;
    let altered = sql::testing::alter_record_as_owner(&scene.db, SITE, 3, "shipping", "shopping");
    altered.await.expect("altered");
    let found = read(&scene, &all()).await;
    let reason = "its text does not fit its hash".to_owned();
    assert_eq!(row(&found, 3).signature, Signature::Invalid(reason));
    assert_eq!(row(&found, 0).signature, Signature::Valid);
}

#[tokio::test]
async fn an_erased_record_is_a_row_that_says_when_and_why_and_a_gap() {
    let scene = Scene::with("custody_erased", &journey()).await;
    let before = read(&scene, &all()).await;
    scene.site.erase(3, "asked for", "2026-11-24T08:00:00Z").await;
    let found = read(&scene, &all()).await;
    assert_eq!(found.rows.len(), before.rows.len(), "never silently a shorter history");
    let erased = row(&found, 3);
    let Signature::Erased(tombstone) = &erased.signature else { panic!("{erased:?}") };
    assert_eq!((tombstone.day(), &*tombstone.reason), ("2026-11-24", "asked for"));
    assert_eq!(erased.leaf_hash, row(&before, 3).leaf_hash);
    assert!(matches!(found.gaps[0], Gap::Erased { index: 3, .. }), "{:?}", found.gaps);
    assert_eq!(row(&found, 0).signature, Signature::Valid);
}

#[tokio::test]
async fn a_key_that_was_ended_later_is_said_of_the_rows_of_its_time() {
    let mut scene = Scene::with("custody_key", &journey()).await;
    scene
        .site
        .append(
            &[object_event("2026-11-22T12:00:00+08:00", "storing").at(SHOP)],
            "2026-11-22T05:00:00Z",
        )
        .await;
    // The keys of the test sign at every size; the same ones are listed once more as ended at size 8.
    let own = scene.site.policy_lines("log");
    let ended = own.lines().map(|line| format!("{line} until 8\n{line} from 8\n"));
    let policy = ended.collect::<Vec<_>>().concat() + &scene.hub.policy_lines("hub");
    scene.policy = std::sync::Arc::new(policy.parse().unwrap());
    let found = read(&scene, &all()).await;
    assert_eq!(row(&found, 0).signature, Signature::KeyEndedLater(8));
    assert_eq!(row(&found, 8).signature, Signature::UnsignedImport);
}

#[tokio::test]
async fn what_a_reader_may_not_see_is_counted_and_no_gap_tells_of_it() {
    let scene = Scene::with("custody_scope", &journey()).await;
    let at_shop = sight(Role::Regulator, Scope::default().with_jurisdiction(SHOP).unwrap());
    let found = read(&scene, &at_shop).await;
    assert_eq!(found.hidden, 5);
    assert!(found.rows.iter().all(|row| row.place == SHOP), "{:?}", found.rows);
    assert!(found.gaps.is_empty() && found.state.is_none() && found.lot.is_none());
    let elsewhere = Scope::default().with_product("9521141").unwrap();
    let found = read(&scene, &sight(Role::BrandOwner, elsewhere)).await;
    assert_eq!((found.rows.len(), found.hidden, found.ledgers.len()), (0, 8, 0));
}
