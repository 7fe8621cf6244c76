//! Hints: stored for the issuer, told to the person who scans, and without effect on the verdict.

use actix_web::http::Method;
use history::testing::{CASE, CENTRE, FACTORY, object_event, packing_event};

use super::*;
use crate::state::Audience;
use crate::testing::{Answer, ask};

const OTHER_LAST_DIGIT: &str = "04012345111119";
const FRANCE: (&str, &str) = ("X-Place", "Paris;48.85;2.35;20;FR");
const CHINA: (&str, &str) = ("X-Place", "Shanghai;31.23;121.47;20;CN");

/// The item in a case that was shipped and received, and nobody unpacked.
fn packed() -> Vec<history::testing::EventDraft> {
    vec![
        commissioning(),
        packing_event("2026-11-20T09:00:00.000+08:00", "ADD", CASE, &[ITEM]).at(FACTORY),
        object_event("2026-11-20T11:00:00.000+08:00", "shipping").of(&[CASE]).at(FACTORY),
        object_event("2026-11-21T08:00:00.000+08:00", "receiving").of(&[CASE]).at(CENTRE),
    ]
}

async fn scan(scene: &Scene, gtin: &str, headers: &[(&str, &str)]) -> Value {
    let path = format!("/01/{gtin}/21/{SERIAL}?lang=en");
    scene.get(&path, &[&[JSON], headers].concat()).await.json()
}

fn tells(answer: &Value, words: &str) -> bool {
    answer["notices"].as_array().unwrap().iter().any(|notice| {
        let text = notice.as_str().unwrap();
        text.contains(words) && text.ends_with("This does not decide.")
    })
}

async fn rules(scene: &Scene) -> Vec<String> {
    stored(scene).await.into_iter().map(|finding| finding.rule).collect()
}

async fn page(scene: &Scene, language: &str) -> Answer {
    scene.get(&format!("/01/{GTIN}/21/{SERIAL}?lang={language}"), &[]).await
}

#[actix_web::test]
async fn an_item_that_nobody_unpacked_is_a_hint_and_the_same_verdict() {
    let scene = Scene::with("hint_sealed", &packed()).await;
    let robot = scan(&scene, GTIN, &[("User-Agent", "curl/8.5")]).await;
    let head = format!("/01/{GTIN}/21/{SERIAL}");
    ask(&scene.state, Audience::Public, &Method::HEAD, &head, &[]).await;
    assert!(!tells(&robot, "packed") && rules(&scene).await.is_empty(), "{robot}");
    let answer = scan(&scene, GTIN, &[]).await;
    assert!(tells(&answer, "packed in a shipping container since 2026-11-20"), "{answer}");
    assert_eq!(answer["verdict"], robot["verdict"]);
    assert_eq!(robot["reason"], "4 steps by 1 company checked, no anomaly found");
    assert_eq!(answer["reason"], "4 steps by 1 company checked, one hint: see “Good to know”");
    scan(&scene, GTIN, &[("X-Forwarded-For", "198.51.100.9")]).await;
    assert_eq!(rules(&scene).await, ["sealed_elsewhere"], "stored once");
    let evidence: Value = serde_json::from_str(&stored(&scene).await[0].evidence).unwrap();
    assert_eq!(evidence["container"], epc::thing_key(CASE));
    assert_eq!(evidence["since"], "2026-11-20T01:00:00Z");
    assert!(page(&scene, "en").await.body.contains("nobody recorded that it was unpacked"));
    assert!(page(&scene, "zh").await.body.contains("没有拆箱记录"));
}

#[actix_web::test]
async fn a_recorded_unpacking_a_sale_and_a_gift_box_are_no_hint() {
    let unpacked = packing_event("2026-11-21T09:00:00.000+08:00", "DELETE", CASE, &[ITEM]);
    let gift_box = "urn:epc:id:sgtin:4012345.011112.1";
    let boxed = packing_event("2026-11-20T09:00:00.000+08:00", "ADD", gift_box, &[ITEM]);
    for (name, events) in [
        ("hint_unpacked", [packed(), vec![unpacked.at(CENTRE)]].concat()),
        ("hint_sold", [packed(), vec![sale(11)]].concat()),
        ("hint_box", vec![commissioning(), boxed.at(FACTORY)]),
    ] {
        let scene = Scene::with(name, &events).await;
        let answer = scan(&scene, GTIN, &[]).await;
        assert!(!tells(&answer, "packed") && rules(&scene).await.is_empty(), "{name}: {answer}");
    }
}

#[actix_web::test]
async fn the_issuers_answer_ends_a_hint_until_the_item_is_packed_again() {
    let key = new_key();
    let scene = Scene::with("hint_resolved", &packed()).await;
    let (scene, rights) = with_issuer(scene, &key);
    scan(&scene, GTIN, &[]).await;
    let id = stored(&scene).await[0].id;
    scene.state.clock.advance(Duration::from_mins(20));
    let now = scene.state.clock.now();
    let answered = note(id, "the shop does not record unpacking", &key);
    resolve(&scene.db, &rights, &answered, now).await.unwrap();
    assert!(!tells(&scan(&scene, GTIN, &[]).await, "packed"));
    let again = [
        packing_event("2026-11-23T08:30:00.000Z", "DELETE", CASE, &[ITEM]).at(CENTRE),
        packing_event("2026-11-23T08:40:00.000Z", "ADD", CASE, &[ITEM]).at(CENTRE),
    ];
    scene.site.append(&again, "2026-11-23T08:41:00Z").await;
    scene.state.clock.advance(Duration::from_hours(1));
    assert!(tells(&scan(&scene, GTIN, &[]).await, "since 2026-11-23"));
    assert_eq!(rules(&scene).await, ["sealed_elsewhere"; 2]);
}

#[actix_web::test]
async fn a_wrong_check_digit_before_a_serial_in_use_is_told_and_shows_nothing_of_the_item() {
    let scene = Scene::with("hint_digit", &[commissioning()]).await;
    let robot = scan(&scene, OTHER_LAST_DIGIT, &[("User-Agent", "curl/8.5")]).await;
    assert!(robot["reason"].as_str().unwrap().starts_with("The code is malformed"), "{robot}");
    let answer = scan(&scene, OTHER_LAST_DIGIT, &[]).await;
    assert_eq!((&answer["verdict"], &answer["item"]), (&json!("NOT_COVERED"), &Value::Null));
    let reason = answer["reason"].as_str().unwrap();
    assert!(reason.starts_with("The check digit of this code is wrong"), "{reason}");
    assert_eq!(answer["timeline"], json!([]));
    assert_eq!(rules(&scene).await, ["broken_code"]);
    assert_eq!(stored(&scene).await[0].item, ITEM);
    let of_item = sql::scans::of_item(&scene.db, ITEM).await.unwrap();
    assert!(of_item.is_empty(), "a scan of another code is none of the item: {of_item:?}");
    let unknown = format!("/01/{OTHER_LAST_DIGIT}/21/other");
    let unknown = scene.get(&unknown, &[JSON]).await.json();
    assert_eq!(unknown["reason"], robot["reason"], "nobody has this serial");
    let right = scan(&scene, GTIN, &[]).await;
    assert_eq!(right["verdict"], "CONSISTENT", "a hint decides nothing about the item");
}

#[actix_web::test]
async fn a_scan_outside_of_the_products_markets_is_a_hint_until_it_is_sold() {
    let scene = Scene::with("hint_market", &[commissioning()]).await;
    let scene = scene.with_config(|config| {
        config.place_header = Some("x-place".into());
        let product = config.names.product(GTIN).cloned().unwrap();
        let product = crate::names::Product { markets: vec!["CN".into()], ..product };
        config.names =
            std::sync::Arc::new(Names::new(vec![product], crate::places::Places::default()));
    });
    for (place, is_told) in
        [(CHINA, false), (("X-Place", "Paris;48.85;2.35;20"), false), (FRANCE, true)]
    {
        let address = if is_told { "198.51.100.9" } else { "203.0.113.8" };
        let answer = scan(&scene, GTIN, &[place, ("X-Forwarded-For", address)]).await;
        assert_eq!(tells(&answer, "for sale in: CN; this scan comes from FR"), is_told, "{answer}");
        // Far away for another rule, a day later.
        scene.state.clock.advance(Duration::from_hours(24));
    }
    assert_eq!(rules(&scene).await, ["other_market"]);
    scene.site.append(&[sale(11)], "2026-11-22T03:00:00Z").await;
    assert!(
        !tells(&scan(&scene, GTIN, &[FRANCE]).await, "for sale in"),
        "who bought it may travel"
    );
}

#[actix_web::test]
async fn what_the_commissioning_says_of_markets_comes_before_the_configuration() {
    let ilmd = object([("brand:markets", Json::Array(vec!["FR".into(), "<script>".into()]))]);
    let scene = Scene::with("hint_event", &[commissioning().with("ilmd", ilmd)]).await;
    let scene = scene.with_config(|config| config.place_header = Some("x-place".into()));
    let answer = scan(&scene, GTIN, &[FRANCE]).await;
    assert!(!tells(&answer, "for sale in"), "{answer}");
    scene.state.clock.advance(Duration::from_hours(24));
    let elsewhere = scan(&scene, GTIN, &[CHINA, ("X-Forwarded-For", "198.51.100.9")]).await;
    assert!(tells(&elsewhere, "for sale in: FR; this scan comes from CN"), "{elsewhere}");
    let claimed = scan(&scene, GTIN, &[("X-Place", "Paris;48.85;2.35;20;DE")]).await;
    assert!(tells(&claimed, "comes from DE"), "the proxy's word counts: {claimed}");
}

#[actix_web::test]
async fn a_voided_serial_is_rejected_and_the_reason_says_that_it_was_voided() {
    let voided = object_event("2026-11-21T08:00:00Z", "https://chopmark.org/voc/BizStep-voiding");
    let scene = Scene::with("hint_voided", &[commissioning(), voided]).await;
    let answer = scan(&scene, GTIN, &[]).await;
    let expected = ("REJECTED", "This serial number was voided");
    assert_eq!((&answer["verdict"], &answer["reason"]), (&expected.0.into(), &expected.1.into()));
    assert!(rules(&scene).await.is_empty());
}
