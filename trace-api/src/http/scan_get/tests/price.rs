//! What a verdict costs: statements and connections, however often an item was scanned and however many ask at once.

use super::*;

/// Statements and connections of one request.
async fn price(scene: &Scene, headers: &[(&str, &str)]) -> (u64, u64) {
    let before = (sql::testing::statements(), sql::testing::connections());
    let answer = scene.get(&path(), &[&[JSON], headers].concat()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let after = (sql::testing::statements(), sql::testing::connections());
    (after.0 - before.0, after.1 - before.1)
}

#[actix_web::test]
async fn a_verdict_costs_the_same_however_often_and_by_whomever_the_item_was_scanned() {
    let scene = scene_with_places("price_scans", &[commissioning(), sale(11)]).await;
    price(&scene, &[SHANGHAI]).await;
    let second = price(&scene, &[SHANGHAI, ("X-Forwarded-For", "203.0.113.8")]).await;
    // Fewer than after which the text of a known record is read again: that costs a statement more.
    for browser in 0..20 {
        let agent = format!("Mozilla/5.0 (Linux; Android 14) Mobile {browser}");
        let place = if browser % 2 == 0 { SHANGHAI } else { ("X-Other", "") };
        price(&scene, &[place, ("User-Agent", &agent), ("X-Forwarded-For", "203.0.113.8")]).await;
    }
    for (what, headers) in [
        ("with a place", [SHANGHAI, ("X-Forwarded-For", "203.0.114.1")]),
        ("without", [("X-Other", ""), ("X-Forwarded-For", "203.0.114.2")]),
        ("a robot", [("User-Agent", "curl/8.5"), ("X-Forwarded-For", "203.0.114.3")]),
        ("again", [SHANGHAI, ("X-Forwarded-For", "203.0.114.1")]),
    ] {
        assert_eq!(price(&scene, &headers).await, second, "{what}");
    }
    let before = sql::testing::statements();
    let page = scene.get(&path(), &[("X-Forwarded-For", "203.0.113.8")]).await;
    assert!(page.body.contains("Others scanned it 22 times."), "{}", page.body);
    assert_eq!(sql::testing::statements() - before, second.0, "a page costs what JSON costs");
}

#[actix_web::test]
async fn scans_at_the_same_time_share_the_statements_that_look_and_that_store_them() {
    let scene = Scene::with("price_group", &[commissioning()]).await;
    let (alone, _) = price(&scene, &[]).await;
    let before = sql::testing::statements();
    let ask = async |number: u8| {
        let from = format!("198.51.{number}.1");
        scene.get(&path(), &[JSON, ("X-Forwarded-For", &from)]).await.status
    };
    let answers = tokio::join!(ask(0), ask(1), ask(2), ask(3), ask(4), ask(5), ask(6), ask(7));
    assert_eq!(answers.0, 200);
    let together = sql::testing::statements() - before;
    assert!(together < 8 * alone / 2, "{together}, alone {alone}");
    assert_eq!(sql::scans::of_item(&scene.db, ITEM).await.unwrap().len(), 9);
    let groups = scene.state.metrics.scan_group.get_sample_count();
    assert!(groups < 9, "{groups} groups");
}

#[actix_web::test]
async fn verdicts_of_the_same_moment_are_what_each_is_alone_and_one_that_cannot_be_looked_up_fails_alone()
 {
    let other = "urn:epc:id:sgtin:4012345.011111.70";
    let sold = sale(11).of(&[other]);
    let made = commissioning().of(&[other]);
    let scene = Scene::with("price_poisoned", &[commissioning(), made, sold]).await;
    let paths = [path(), format!("/01/{GTIN}/21/70"), format!("/01/{GTIN}/21/n0ne")];
    let mut alone = Vec::new();
    for path in &paths {
        alone.push(scene.get(path, &[JSON, ("X-Forwarded-For", "198.51.7.1")]).await.json());
    }
    let verdicts: Vec<&Value> = alone.iter().map(|answer| &answer["verdict"]).collect();
    assert!(verdicts[0] != verdicts[1] && verdicts[1] != verdicts[2], "{verdicts:?}");
    let all = async || {
        let asked = paths.iter().cycle().take(18).enumerate().map(async |(number, path)| {
            let from = format!("198.51.{number}.2");
            scene.get(path, &[JSON, ("X-Forwarded-For", &from)]).await
        });
        futures::future::join_all(asked).await
    };
    for (answer, alone) in all().await.iter().zip(alone.iter().cycle()) {
        let answer = answer.json();
        for member in ["verdict", "reason", "item", "timeline", "lamps", "notices"] {
            assert_eq!(answer[member], alone[member], "{member}");
        }
    }
    let key = sql::items::key(other);
    let spoil = format!("update scan_totals set consumers = -1 where item_key = {key}");
    scene.db.execute(&spoil).await.unwrap();
    for (answer, (path, alone)) in all().await.iter().zip(paths.iter().zip(&alone).cycle()) {
        if path.ends_with("/70") {
            assert_eq!(answer.status, 500, "{}", answer.body);
            assert!(!answer.body.contains("verdict"), "{}", answer.body);
        } else {
            assert_eq!(answer.json()["verdict"], alone["verdict"], "{path}");
        }
    }
}

#[actix_web::test]
async fn a_full_queue_refuses_before_the_database_is_asked_and_gives_back_what_was_admitted() {
    let scene = Scene::with("price_full", &[commissioning()]).await;
    let slots: Vec<_> = std::iter::from_fn(|| scene.state.scans.slot().ok()).collect();
    assert_eq!(slots.len(), 1024);
    let before = (sql::testing::statements(), sql::testing::connections());
    let mut seconds = std::collections::BTreeSet::new();
    // More than a source may ask for unknown codes: a refusal that is not its fault costs it nothing.
    for _ in 0..2 * scene.state.config().rates.unknown_per_minute {
        let refused = scene.get(&path(), &[JSON]).await;
        let detail = "this cannot be checked at the moment; retry later";
        refused.assert_problem(503, "unavailable", detail);
        seconds.insert(refused.header("retry-after").to_owned());
    }
    let page = scene.get(&path(), &[("Accept", "text/html")]).await;
    assert!(page.status == 503 && seconds.contains(page.header("retry-after")));
    // They come back one after the other.
    assert_eq!(seconds.into_iter().collect::<Vec<_>>(), ["1", "2", "3", "4", "5"]);
    assert_eq!((sql::testing::statements(), sql::testing::connections()), before);
    let head = ask(&scene.state, Audience::Public, &Method::HEAD, &path(), &[]).await;
    assert_eq!(head.status, 200, "it is no scan");
    drop(slots);
    assert_eq!(scene.get(&path(), &[JSON]).await.status, 200);
    let full = scene.state.metrics.unstored_scans.with_label_values(&["full"]).get();
    assert_eq!(full, 62, "one was this test's own");
}
