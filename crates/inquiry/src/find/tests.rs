//! Searches over a real projection: what each reading finds, pages, counts, scope, an altered record.

use access::{Role, Scope};
use history::testing::{
    CASE, CENTRE, EventDraft, FACTORY, ITEM, LOT, PALLET, SHOP, excursion_event, object_event,
    packing_event,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ledger::json::{Json, object};

use super::*;
use crate::reading::{Reading, Window, read};
use crate::testing::{Scene, all, sight};

const BY: &str = "urn:epc:id:pgln:4012345.00000";
const HASH: &str =
    "ni:///sha-256;df7bb3c352fef055578554f09f5e2aa41782150ced7bd0b8af24dd3ccb30ba69?ver=CBV2.0";

fn by(draft: EventDraft, pgln: &str) -> EventDraft {
    draft.with("chopmark:by", object([("pgln", Json::from(pgln))]))
}

fn pairs(member: &str, kind: &str, value: &str) -> Json {
    Json::Array(vec![object([("type", Json::from(kind)), (member, Json::from(value))])])
}

/// Six events, each with something of its own.
fn events() -> Vec<EventDraft> {
    let po = "urn:epcglobal:cbv:bt:4012345000016:4500018812";
    vec![
        by(
            object_event("2026-11-20T08:00:00Z", "commissioning")
                .at(FACTORY)
                .lot("L1", "2099-12-31")
                .with("eventID", "urn:uuid:404d95fc-9457-4a51-bd6a-0bba133845a8".into())
                .with("chopmark:eventID", object([("id", Json::from(HASH))])),
            BY,
        ),
        packing_event("2026-11-20T09:00:00Z", "ADD", CASE, &[ITEM]).read_at(FACTORY),
        packing_event("2026-11-20T10:00:00Z", "ADD", PALLET, &[CASE]),
        object_event("2026-11-20T11:00:00Z", "shipping")
            .of(&[PALLET])
            .with("bizTransactionList", pairs("bizTransaction", "po", po))
            .with(
                "destinationList",
                pairs("destination", "owning_party", "urn:epc:id:pgln:4055555.00000"),
            ),
        excursion_event("2026-11-21T02:00:00Z", "2026-11-21T02:10:00Z", "9.2").at(CENTRE),
        by(
            object_event("2026-11-22T08:00:00Z", "receiving").of(&[CASE]).at(SHOP),
            "urn:epc:id:pgln:4055555.00000",
        ),
    ]
}

async fn indexes(scene: &Scene, text: &str) -> Vec<u64> {
    let asked = read(text, &TimeZone::UTC).unwrap_or_else(|error| panic!("{text}: {error}"));
    let selection = Selection::of(&asked.readings[0], asked.window).unwrap();
    let found = find(&scene.db, &selection, &all(), None, 50).await.unwrap();
    assert_eq!(found.count, Some(Count::Exactly(found.rows.len() as u64)), "{text}");
    assert_eq!((found.broken, found.next), (0, None), "{text}");
    found.rows.iter().map(|row| row.index).collect()
}

#[tokio::test]
async fn each_key_finds_its_events_the_newest_first_and_no_others() {
    let scene = Scene::with("find_keys", &events()).await;
    for (text, expected) in [
        (ITEM, vec![1, 0]),
        ("https://brand.example/01/04012345111118/21/9876", vec![1, 0]),
        (CASE, vec![5, 2, 1]),
        (LOT, vec![4, 0]),
        ("04012345111118 lot L1", vec![4, 0]),
        ("lot:L1", vec![0]),
        ("gtin:4012345111118", vec![4, 1, 0]),
        (FACTORY, vec![1, 0]),
        ("place:4012345000023", vec![4]),
        ("party:4055555000001", vec![5, 3]),
        ("party:urn:epc:id:pgln:4012345.00000", vec![0]),
        ("document:4500018812", vec![3]),
        ("urn:epcglobal:cbv:bt:4012345000016:4500018812", vec![]),
        ("document:urn:epcglobal:cbv:bt:4012345000016:4500018812", vec![3]),
        ("urn:uuid:404D95FC-9457-4a51-bd6a-0bba133845a8", vec![0]),
        (HASH, vec![0]),
        ("2026-11-20", vec![3, 2, 1, 0]),
        ("from:2026-11-20T10:00:00Z until:2026-11-21T03:00:00Z", vec![4, 3, 2]),
        ("lot:L1 from:2026-11-21", vec![]),
    ] {
        assert_eq!(indexes(&scene, text).await, expected, "{text}");
    }
}

#[tokio::test]
async fn the_hash_of_an_event_without_an_id_finds_it_too() {
    let plain = object_event("2026-11-20T08:00:00Z", "storing").at(FACTORY);
    let scene = Scene::with("find_hash", &[plain]).await;
    let everything = Selection::of(&Reading::All, Window::default()).unwrap();
    let found = find(&scene.db, &everything, &all(), None, 9).await.unwrap();
    let id = found.rows[0].own.event_id.clone();
    assert!(id.starts_with("ni:///sha-256;"), "{id}");
    assert_eq!(indexes(&scene, &id).await, [0]);
}

#[tokio::test]
async fn what_a_reader_may_not_see_is_counted_and_nothing_more() {
    let scene = Scene::with("find_scope", &events()).await;
    let at_shop = sight(Role::Regulator, Scope::default().with_jurisdiction(SHOP).unwrap());
    let selection = Selection::of(&Reading::Item(epc::thing_key(CASE)), Window::default()).unwrap();
    let found = find(&scene.db, &selection, &at_shop, None, 50).await.unwrap();
    let shown: Vec<u64> = found.rows.iter().map(|row| row.index).collect();
    assert_eq!((shown, found.hidden), (vec![5], Count::Exactly(2)));
    assert_eq!(found.count, Some(Count::Exactly(1)));
    let late = sight(
        Role::Regulator,
        Scope::default().with_period(Some("2027-01-01T00:00:00Z".parse().unwrap()), None).unwrap(),
    );
    let found = find(&scene.db, &selection, &late, None, 50).await.unwrap();
    assert_eq!((found.rows.len(), found.hidden), (0, Count::Exactly(3)));
}

#[tokio::test]
async fn pages_have_every_event_once_and_counts_beyond_a_bound_say_at_least() {
    let drafts: Vec<EventDraft> = (0..1500)
        .map(|number| {
            let at = Timestamp::from_second(1_763_000_000 + number * 7919 % 1500).unwrap();
            let step = if number % 3 == 0 { "storing" } else { "picking" };
            object_event(&at.to_string(), step).at(FACTORY)
        })
        .collect();
    let scene = Scene::with("find_pages", &drafts).await;
    let selection = Selection::of(&Reading::Item(epc::thing_key(ITEM)), Window::default()).unwrap();
    let (mut seen, mut cursor, mut last) = (std::collections::BTreeSet::new(), None, None);
    loop {
        let page = find(&scene.db, &selection, &all(), cursor, 200).await.unwrap();
        if cursor.is_none() {
            assert!(matches!(page.count, Some(Count::AtLeast(512..=1499))), "{:?}", page.count);
        } else {
            assert_eq!(page.count, None);
        }
        for row in &page.rows {
            let key = (row.own.event.event_time(), row.position);
            assert!(last.is_none_or(|last| key < last), "not in order");
            last = Some(key);
            assert!(seen.insert(row.index), "{} twice", row.index);
        }
        let Some(next) = page.next else { break };
        assert_eq!(Cursor::parse(&next.to_string()), Some(next));
        cursor = Some(next);
    }
    assert_eq!(seen.len(), 1500);
    for wrong in ["", "1.2.3", "1.2.3.4.5", "a.1.1.1", "-1.0.0.0"] {
        assert_eq!(Cursor::parse(wrong), None, "{wrong}");
    }
}

#[tokio::test]
async fn an_altered_record_is_not_shown_and_is_counted_as_broken() {
    let scene = Scene::with("find_broken", &events()).await;
    let altered = sql::testing::alter_record_as_owner(
        &scene.db,
        crate::testing::SITE,
        3,
        "shipping",
        "shopping",
    );
    altered.await.expect("altered");
    let selection =
        Selection::of(&Reading::Item(epc::thing_key(PALLET)), Window::default()).unwrap();
    let found = find(&scene.db, &selection, &all(), None, 50).await.unwrap();
    let shown: Vec<u64> = found.rows.iter().map(|row| row.index).collect();
    assert_eq!((shown, found.broken), (vec![2], 1));
}

#[tokio::test]
async fn a_list_of_things_is_looked_up_at_once() {
    let scene = Scene::with("find_list", &events()).await;
    let things: Vec<String> =
        [ITEM, PALLET, "urn:epc:id:sgtin:4012345.011111.1", LOT].map(epc::thing_key).into();
    let looked = crate::pasted::look_up(&scene.db, &all(), &things).await.unwrap();
    let counts: Vec<(Count, Option<u64>)> = looked
        .things
        .iter()
        .map(|one| (one.events, one.newest.as_ref().map(|row| row.index)))
        .collect();
    assert_eq!(
        counts,
        [
            (Count::Exactly(2), Some(1)),
            (Count::Exactly(2), Some(3)),
            (Count::Exactly(0), None),
            (Count::Exactly(1), Some(4)),
        ]
    );
}
