//! What the page says of the public anchor, and of a ledger that is shorter than what was published of it.

use sql::Transaction;
use sql::anchors::NewConfirmation;

use super::*;

/// Checks that `openapi.json` describes every member of `value`, and that it has those that it must have.
fn assert_described(schema: &str, value: &Value) {
    let text = include_str!("../../../../pages/openapi.json");
    let document: Value = serde_json::from_str(text).unwrap();
    let schema = &document["components"]["schemas"][schema];
    for member in value.as_object().unwrap().keys() {
        assert!(schema["properties"][member].is_object(), "{member} is not described");
    }
    for member in schema["required"].as_array().unwrap() {
        assert!(value.get(member.as_str().unwrap()).is_some(), "{member} is missing: {value}");
    }
}

/// Stores a final anchor of the hub's head, which two of three endpoints confirmed.
async fn anchor(scene: &Scene) {
    let id = scene.hub.anchor("2026-11-22T03:00:00Z").await;
    let said = [("a", true), ("b", false), ("c", true)].map(|(name, agreed)| NewConfirmation {
        endpoint_host: format!("{name}.example"),
        agreed,
        answer: "a block".into(),
    });
    let at = "2026-11-22T04:00:00Z".parse().unwrap();
    let stored = scene.db.run_tx("test.confirmations", async |tx: &Transaction<'_>| {
        sql::anchors::insert_confirmations(tx, id, &said, at).await
    });
    stored.await.unwrap();
}

#[actix_web::test]
async fn the_page_says_how_many_endpoints_of_the_chain_confirm_the_anchor() {
    let scene = Scene::journey("scan_endpoints").await;
    anchor(&scene).await;
    for (language, text) in [
        ("en", "2026-11-22 03:00 UTC</time> (public chain, 2 of 3 endpoints confirm it)"),
        ("zh", "2026-11-22 03:00 UTC</time> (公链锚定，询问 3 个节点，2 个确认)"),
    ] {
        let answer = page(&scene, language).await;
        assert!(answer.body.contains(text), "{}", answer.body);
    }
    let answer = scene.get(&path(), &[JSON]).await.json();
    assert_eq!(
        answer["clocks"]["endpoints"],
        json!({ "asked": 3, "agreed": 2, "at": "2026-11-22T04:00:00Z" })
    );
    assert_described("Scan", &answer);
    assert_described("Clocks", &answer["clocks"]);
    assert_described("Step", &answer["timeline"][0]);
}

#[actix_web::test]
async fn nothing_of_a_ledger_that_was_rolled_back_is_shown_as_sound() {
    let scene = Scene::journey("scan_rolled_back").await;
    scene.site.append(&[sale(11)], "2026-11-22T03:00:00Z").await;
    scene.hub.append_checkpoint_of(&scene.site, "2026-11-22T03:01:00Z").await;
    sql::testing::roll_back_as_owner(&scene.db, SITE, 11).await.unwrap();

    let answer = scene.get(&path(), &[JSON]).await.json();

    assert_ne!(answer["verdict"], "CONSISTENT", "{answer}");
    assert_eq!(answer["lamps"]["record"], "broken", "{answer}");
    let timeline = answer["timeline"].as_array().unwrap();
    // What it says about containers does not count either, so only the records that name the item are listed.
    assert_eq!(timeline.len(), 4);
    assert!(timeline.iter().all(|step| step["broken"] == true), "{answer}");
    let history = scene.get_as_operator(&format!("/items/{ITEM}/history")).await.json();
    assert_eq!(
        history["records"][0]["broken"],
        "its ledger was rolled back: the hub holds its checkpoint of size 12, it has 11 records"
    );
}
