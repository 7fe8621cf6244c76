//! What a row of results says of its record: the same as the custody of its item does, with as many queries for many rows as for one.

use access::Sight;
use history::testing::{CASE, EventDraft, FACTORY, ITEM, SHOP, object_event};
use ledger::json::{Json, object};
use sql::testing::statements;

use super::*;
use crate::custody::custody;
use crate::find::{MOST_ROWS, find};
use crate::reading::{Reading, Window};
use crate::selection::Selection;
use crate::testing::{SITE, Scene, all};

/// An event that rests on a document.
fn stated(hour: u8, step: &str) -> EventDraft {
    let evidence = object([("partner", Json::from("maker"))]);
    object_event(&format!("2026-11-20T{hour:02}:00:00Z"), step)
        .at(FACTORY)
        .with("chopmark:evidence", evidence)
}

async fn rows(scene: &Scene, sight: &Sight) -> Vec<Row> {
    let window = Window { from: None, until: None };
    let selection = Selection::of(&Reading::All, window).unwrap();
    find(&scene.db, &selection, sight, None, MOST_ROWS).await.unwrap().rows
}

/// By index: what is known of each row.
async fn known(scene: &Scene) -> HashMap<u64, Standing> {
    let rows = rows(scene, &all()).await;
    let rows: Vec<&Row> = rows.iter().collect();
    let found = standings(&scene.reader(), &rows).await.unwrap();
    rows.iter().map(|row| row.index).zip(found).collect()
}

#[tokio::test]
async fn a_row_says_what_the_custody_of_its_item_says() {
    let events = [
        stated(1, "commissioning"),
        object_event("2026-11-20T02:00:00Z", "storing").at(FACTORY),
        stated(3, "shipping"),
    ];
    let scene = Scene::with("standing_custody", &events).await;
    scene.hub.anchor("2026-11-22T04:00:00Z").await;
    let later = [stated(4, "storing")];
    scene.site.append(&later, "2026-11-22T05:00:00Z").await;
    scene.project().await;
    let known = known(&scene).await;
    let item = epc::identify(ITEM).unwrap();
    let custody = custody(&scene.reader(), &all(), &item).await.unwrap();
    assert_eq!((known.len(), custody.rows.len()), (4, 4));
    for row in &custody.rows {
        let own = &known[&row.index];
        assert_eq!(
            (&own.signature, own.existed, own.checkpoint),
            (&row.signature, row.existed, row.checkpoint),
            "{}",
            row.index
        );
        assert_eq!(own.witnesses, 0);
    }
    let signature = |index: u64| known[&index].signature.clone();
    assert_eq!((signature(0), signature(1)), (Signature::Valid, Signature::UnsignedImport));
    let block = "2026-11-22T04:00:00Z".parse().unwrap();
    assert_eq!(known[&0].existed, Existed::Anchored(block));
    assert_eq!(known[&3].existed, Existed::Waiting);
}

#[tokio::test]
async fn a_record_that_was_replaced_with_its_leaf_hash_does_not_fit_and_the_others_do() {
    let scene =
        Scene::with("standing_altered", &[stated(1, "commissioning"), stated(2, "storing")]).await;
    let rows = rows(&scene, &all()).await;
    let mut forged: Vec<Row> = rows.clone();
    let place = forged.iter().position(|row| row.index == 1).unwrap();
    forged[place].leaf_hash = ledger::hash::leaf(b"another record");
    let forged: Vec<&Row> = forged.iter().collect();
    let found = standings(&scene.reader(), &forged).await.unwrap();
    for (row, standing) in forged.iter().zip(found) {
        let is_invalid = matches!(standing.signature, Signature::Invalid(_));
        assert_eq!(is_invalid, row.index == 1, "{standing:?}");
        assert_eq!(standing.witnesses, 0);
    }
}

#[tokio::test]
async fn a_key_that_was_ended_later_and_a_ledger_without_keys_are_said_of_their_rows() {
    let mut scene = Scene::with("standing_key", &[stated(1, "commissioning")]).await;
    scene.site.append(&[stated(2, "storing")], "2026-11-22T05:00:00Z").await;
    scene.project().await;
    let own = scene.site.policy_lines("log");
    let ended = own.lines().map(|line| format!("{line} until 1\n{line} from 1\n"));
    let hub = scene.hub.policy_lines("hub");
    let policy = ended.collect::<Vec<_>>().concat() + &hub;
    scene.policy = std::sync::Arc::new(policy.parse().unwrap());
    // The first checkpoint that covers the first record has its size, at which the new keys are in force.
    assert_eq!(known(&scene).await[&0].signature, Signature::Valid);
    let ended = own.lines().map(|line| format!("{line} until 2\n{line} from 2\n"));
    scene.policy =
        std::sync::Arc::new((ended.collect::<Vec<_>>().concat() + &hub).parse().unwrap());
    let found = known(&scene).await;
    assert_eq!(found[&0].signature, Signature::KeyEndedLater(2));
    assert_eq!(found[&1].signature, Signature::Valid);
    scene.policy = std::sync::Arc::new(hub.parse().unwrap());
    let found = known(&scene).await;
    assert!(matches!(found[&0].signature, Signature::Invalid(_)), "{found:?}");
}

#[tokio::test]
async fn a_page_takes_as_many_queries_for_200_rows_of_two_ledgers_as_for_one_row() {
    let scene = Scene::with("standing_queries", &[stated(1, "commissioning")]).await;
    scene.hub.anchor("2026-11-22T04:00:00Z").await;
    let count = async || {
        let rows = rows(&scene, &all()).await;
        let rows: Vec<&Row> = rows.iter().collect();
        let mut counts = [0; 2];
        for count in &mut counts {
            let before = statements();
            standings(&scene.reader(), &rows).await.unwrap();
            *count = statements() - before;
        }
        (rows.len(), counts)
    };
    let (one, _) = count().await;
    let (_, warm) = count().await;
    let many: Vec<EventDraft> = (0..150).map(|_| stated(5, "storing").of(&[CASE])).collect();
    scene.site.append(&many, "2026-11-22T05:00:00Z").await;
    let other =
        history::testing::TestLedger::create(&scene.db, "shop.example/1", "site", "Shop").await;
    let at_shop: Vec<EventDraft> = (0..60).map(|_| stated(6, "receiving").at(SHOP)).collect();
    other.append(&at_shop, "2026-11-22T05:30:00Z").await;
    scene.hub.append_checkpoint_of(&scene.site, "2026-11-22T05:31:00Z").await;
    scene.hub.append_checkpoint_of(&other, "2026-11-22T05:32:00Z").await;
    scene.project().await;
    let (rows, of_many) = count().await;
    assert_eq!((one, rows), (1, MOST_ROWS));
    assert!(of_many.iter().max() <= Some(&9), "{warm:?} {of_many:?}");
    // Of the ledger that nobody signed for, each look judges anew; rows do not matter.
    let of_site = rows_of(&scene, SITE).await;
    let few: Vec<&Row> = of_site.iter().take(1).collect();
    let all: Vec<&Row> = of_site.iter().collect();
    let mut spent = Vec::new();
    for rows in [&few, &all, &few, &all] {
        let before = statements();
        standings(&scene.reader(), rows).await.unwrap();
        spent.push(statements() - before);
    }
    assert_eq!(spent[2], spent[3], "{spent:?}");
    assert!(spent[3] <= 6, "{spent:?}");
}

async fn rows_of(scene: &Scene, origin: &str) -> Vec<Row> {
    rows(scene, &all()).await.into_iter().filter(|row| row.origin == origin).collect()
}
