//! Hidden codes from the page of an item on, and what somebody may try with them.

use std::sync::Arc;

use access::hidden_code::HiddenCodeKey;
use futures::future::join_all;

use crate::names::{Names, Product};
use crate::places::Places;
use crate::testing::{Answer, JSON, Scene, encoded, names, post_form};
use history::testing::GTIN;

const HTML: (&str, &str) = ("Accept", "text/html");
const OWN: (&str, &str) = ("Sec-Fetch-Site", "same-origin");
const ITEM: &str = "https://id.gs1.org/01/04012345111118/21/9876";

fn key() -> HiddenCodeKey {
    HiddenCodeKey::read("0123456789abcdef0123456789abcdef").expect("a key of the test")
}

async fn scene(name: &str) -> Scene {
    let product = names(None).product(GTIN).cloned().expect("the product of the tests");
    let product = Product { code_key: Some(key()), ..product };
    let scene = Scene::journey(name).await;
    scene
        .with_config(|config| config.names = Arc::new(Names::new(vec![product], Places::default())))
}

async fn post(scene: &Scene, body: String, headers: &[(&str, &str)]) -> Answer {
    post_form(&scene.state, "/code?lang=en", body, headers).await
}

/// Enters a code as a phone at this address does.
async fn enter(scene: &Scene, item: &str, code: &str, from: &str) -> Answer {
    let headers = [HTML, OWN, ("X-Forwarded-For", from), ("User-Agent", "Phone")];
    post(scene, encoded(&[("item", item), ("code", code)]), &headers).await
}

#[actix_web::test]
async fn the_first_who_enters_a_code_is_told_so_and_everybody_later_the_day() {
    let scene = scene("code_first").await;
    let path = "/01/04012345111118/21/9876?lang=en";
    let before = scene.get(path, &[HTML]).await.body;
    let (_, rest) = before.split_once("href=\"/code?").expect("the page leads to the field");
    let link = format!("/code?{}", rest.split('"').next().unwrap().replace("&#38;", "&"));
    let field = scene.get(&link, &[HTML]).await;
    assert!(field.body.contains(&format!("value=\"{ITEM}\"")), "{}", field.body);
    assert_eq!((field.header("set-cookie"), field.header("referrer-policy")), ("", "same-origin"));
    let verdict = async || scene.get(path, &[JSON]).await.json();
    let verdict_before = verdict().await["verdict"].clone();
    let code = key().code(ITEM);
    let first = enter(&scene, ITEM, &code.to_lowercase(), "203.0.113.7").await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert!(first.body.contains("used for the first time") && first.body.contains("band blue"));
    let again = enter(&scene, ITEM, &code, "203.0.113.9").await;
    assert!(again.body.contains("You used this code on 23 November 2026"), "{}", again.body);
    let other = enter(&scene, "(01)04012345111118(21)9876", &code, "198.51.100.7").await;
    assert_eq!(other.status, 422, "an element string is no link");
    let other =
        enter(&scene, "https://copy.example/01/04012345111118/21/9876", &code, "198.51.100.7")
            .await;
    assert!(other.body.contains("used before, on 23 November 2026"), "{}", other.body);
    assert!(other.body.contains("band amber") && other.body.contains("contact the seller"));
    let page = scene.get(path, &[HTML]).await.body;
    assert!(page.contains("was used for the first time on 23 November 2026"), "{page}");
    let after = verdict().await;
    assert_eq!(after["verdict"], verdict_before, "a used code is a notice and no verdict");
    let notices = after["notices"].to_string();
    assert!(notices.contains("隐藏码") || notices.contains("scratch layer"), "{notices}");
    let count =
        |outcome: &str| scene.state.metrics.hidden_codes.with_label_values(&[outcome]).get();
    assert_eq!(["first", "again", "used", "wrong"].map(count), [1, 1, 1, 1]);
}

#[actix_web::test]
async fn of_two_phones_at_once_one_is_first_and_the_other_is_told_the_day() {
    let scene = scene("code_at_once").await;
    let code = key().code(ITEM);
    let phones: Vec<String> = (0..8).map(|network| format!("198.51.{network}.7")).collect();
    let entered = phones.iter().map(|phone| enter(&scene, ITEM, &code, phone));
    let answers = join_all(entered).await;
    let firsts = answers
        .iter()
        .filter(|answer| answer.body.contains("This code was used for the first time"));
    assert_eq!(firsts.count(), 1);
    let used = answers.iter().filter(|answer| answer.body.contains("used before, on"));
    assert_eq!(used.count(), 7);
}

#[actix_web::test]
async fn a_wrong_code_another_items_code_and_an_item_without_codes_get_one_answer_and_cost_the_same()
 {
    let scene = scene("code_wrong").await;
    let other = "https://id.gs1.org/01/04012345111118/21/1";
    let without = "https://id.gs1.org/01/09521141123454/21/1";
    let code = key().code(other);
    let wrong = enter(&scene, ITEM, &code, "203.0.113.7").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("This is not the code of this item"), "{}", wrong.body);
    let body = |answer: &Answer, item: &str| answer.body.replace(item, "ITEM");
    for item in [without, "urn:x", "<script>alert(1)</script>"] {
        let answer = enter(&scene, item, &code, "203.0.113.7").await;
        assert_eq!(answer.status, 422, "{item}");
        assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
        if !item.contains('<') {
            assert_eq!(body(&answer, item), body(&wrong, ITEM), "{item}");
        }
    }
    let mistyped = enter(&scene, ITEM, "0000-0000-001", "203.0.113.7").await;
    assert!(mistyped.body.contains("typing error"), "{}", mistyped.body);
    let mut statuses = Vec::new();
    for _ in 0..60 {
        statuses.push(enter(&scene, ITEM, &code, "192.0.2.7").await.status.as_u16());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 30, "{statuses:?}");
    let right = enter(&scene, ITEM, &key().code(ITEM), "192.0.2.7").await;
    assert_eq!(right.status, 429, "who guessed has used up the allowance for the right one too");
    assert_eq!(sql::code_uses::first(&scene.db.db(), ITEM).await.expect("asked"), None);
}

#[actix_web::test]
async fn a_form_of_another_sites_page_uses_no_code_up() {
    let scene = scene("code_other_site").await;
    let body = format!("item={ITEM}&code={}", key().code(ITEM));
    for header in
        [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example"), ("Origin", "null")]
    {
        let answer = post(&scene, body.clone(), &[header]).await;
        assert_eq!(answer.status, 403, "{header:?}: {}", answer.body);
        let page = post(&scene, body.clone(), &[HTML, header]).await;
        assert_eq!(page.status, 403, "{header:?}: {}", page.body);
        assert!(page.body.contains("It came from a page of another site"), "{}", page.body);
        assert!(page.body.contains("href=\"/code?lang=en\""), "{}", page.body);
    }
    for malformed in ["", "item=x", "code=x", &format!("item={}&code=x", "x".repeat(501))] {
        assert_eq!(post(&scene, malformed.to_owned(), &[OWN]).await.status, 400, "{malformed}");
    }
    assert_eq!(sql::code_uses::first(&scene.db.db(), ITEM).await.expect("asked"), None);
    assert_eq!(post(&scene, body, &[OWN]).await.status, 200);
}
