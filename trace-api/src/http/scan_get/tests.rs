//! Scans as people send them: verdicts, pages, JSON, limits.

mod enumerate;
mod hostile_text;
mod pages;
mod price;
mod published;
mod resold;
mod sensors;
mod spelled;

use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use history::testing::{CASE, FACTORY, GTIN, ITEM, SERIAL, SHOP, object_event};
use serde_json::{Value, json};

use crate::state::Audience;
use crate::testing::{
    Answer, JSON, SITE, Scene, ask, commissioning, config, get, journey, names, sale, state,
    state_without_database,
};

const SHANGHAI: (&str, &str) = ("X-Place", "%E4%B8%8A%E6%B5%B7;31.23;121.47;20");
const CHENGDU: (&str, &str) = ("X-Place", "Chengdu;30.57;104.07;20");

fn path() -> String {
    format!("/01/{GTIN}/21/{SERIAL}")
}

async fn scan(scene: &Scene) -> Value {
    scene.get(&path(), &[JSON]).await.json()
}

/// A scan from another network, with more headers.
async fn scan_from(scene: &Scene, address: &str, more: &[(&str, &str)]) -> Value {
    let headers = [&[JSON, ("X-Forwarded-For", address)], more].concat();
    scene.get(&path(), &headers).await.json()
}

async fn alter(scene: &Scene, index: u64, from: &str, to: &str) {
    sql::testing::alter_record_as_owner(&scene.db, SITE, index, from, to).await.unwrap();
}

/// A scene whose proxy reports places.
async fn scene_with_places(name: &str, events: &[history::testing::EventDraft]) -> Scene {
    let scene = Scene::with(name, events).await;
    scene.with_config(|config| config.place_header = Some("x-place".into()))
}

/// A step of the timeline, with what is the same in most of them left out.
fn step(day: &str, step: &str, is_in_hangzhou: bool, sensed: bool, inferred: bool) -> Value {
    let place = is_in_hangzhou.then(|| json!({ "zh": "杭州", "en": "Hangzhou" }));
    json!({
        "day": format!("2026-11-{day}"), "step": step, "place": place, "party": null, "sensed": sensed,
        "inferred": inferred, "lot": step == "sensor_reporting", "broken": false, "weight": "counts",
        "mark": null,
    })
}

#[actix_web::test]
async fn the_members_and_codes_of_an_answer_are_part_of_the_api() {
    let scene = Scene::journey("scan_members").await;
    let answer = scene.get(&format!("{}?lang=en", path()), &[JSON]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    let begin = format!(
        "{{\"clocks\":{{\"anchored\":null,\"recorded\":\"2026-11-22T03:30:00Z\"}},\"cut\":0,\"item\":\"{ITEM}\",\
         \"lamps\":{{\"journey\":\"warn\",\"record\":\"ok\",\"tag\":\"unchecked\"}},\"notices\":["
    );
    assert!(answer.body.starts_with(&begin), "{}", answer.body);
    assert!(answer.body.ends_with("],\"verdict\":\"CONDITION\"}"), "{}", answer.body);
    assert_eq!(
        answer.json(),
        json!({
            "verdict": "CONDITION",
            "reason": "A sensor recorded a value beyond its limit",
            "item": ITEM,
            "cut": 0,
            "lamps": { "record": "ok", "tag": "unchecked", "journey": "warn" },
            "notices": [
                "The sensor recorded a temperature above the limit: 9.2 °C, 2026-11-21",
                "Expires on 2099-12-31",
            ],
            "clocks": { "recorded": "2026-11-22T03:30:00Z", "anchored": null },
            "timeline": [
                step("20", "commissioning", true, true, false),
                step("20", "packing", true, true, false),
                step("20", "packing", true, false, true),
                step("20", "shipping", true, false, true),
                step("21", "receiving", false, true, true),
                step("21", "unpacking", false, false, true),
                step("21", "sensor_reporting", false, true, false),
                step("21", "shipping", false, false, true),
                step("22", "receiving", false, false, true),
                step("22", "unpacking", false, false, false),
                step("22", "stocking_shelves", false, false, false),
            ],
        })
    );
}

#[actix_web::test]
async fn a_recall_comes_before_everything_else() {
    let scene = Scene::journey("scan_recalled").await;
    let recall = object_event("2026-11-22T13:00:00.000+08:00", "holding")
        .disposition("urn:epcglobal:cbv:disp:recalled");
    scene.site.append(&[sale(11), recall], "2026-11-22T05:00:00Z").await;
    let answer = scan(&scene).await;
    assert_eq!(answer["verdict"], "RECALLED");
    assert_eq!(answer["reason"], "Recorded as recalled");
}

#[actix_web::test]
async fn a_recalled_items_page_leads_to_what_the_issuer_says_about_it() {
    let recall = object_event("2026-11-22T02:00:00Z", "holding").disposition("recalled");
    let scene = Scene::with("scan_recall_link", &[commissioning(), recall]).await;
    let link = "<a class=\"next\" href=\"https://factory.example/recall?lot=1&#38;x=2\">Read what the brand says";
    let body = page(&scene, "en").await.body;
    assert!(body.contains(link), "{body}");
    assert!(body.contains("<span class=\"mk\">says: recalled</span>"), "{body}");
    assert_eq!(scan(&scene).await["recallUrl"], "https://factory.example/recall?lot=1&x=2");
    let without = scene.with_config(|config| config.names = Arc::new(names(None)));
    let body = page(&without, "en").await.body;
    assert!(body.contains("<p class=\"hint\">Contact the seller or the brand</p>"), "{body}");
    assert!(body.contains("&#38;lang=en\">Tell the brand"), "{body}");
    assert_eq!(scan(&without).await["recallUrl"], Value::Null);
    let sound = Scene::with("scan_no_recall_link", &[commissioning()]).await;
    assert!(!page(&sound, "en").await.body.contains("/recall"));
}

#[actix_web::test]
async fn a_calm_answer_says_how_much_was_checked() {
    let scene = Scene::with("scan_checked", &[commissioning()]).await;
    assert_eq!(scan(&scene).await["reason"], "1 step by 1 company checked, no anomaly found");
    let storing = object_event("2026-11-20T18:00:00.000+08:00", "storing").at(FACTORY);
    scene.site.append(&[storing], "2026-11-22T04:00:00Z").await;
    let chinese = page(&scene, "zh").await.body;
    let line = "<p class=\"why\">已核对 1 家企业的 2 个环节，未发现异常</p>";
    assert!(chinese.contains(line), "{chinese}");
}

#[actix_web::test]
async fn an_item_is_expired_by_the_clock_that_was_passed_in() {
    let events = [commissioning().lot("L1", "2026-11-23")];
    let scene = Scene::with("scan_expired", &events).await;
    assert_eq!(scan(&scene).await["verdict"], "CONSISTENT");
    scene.state.clock.advance(std::time::Duration::from_hours(16));
    assert_eq!(scan(&scene).await["verdict"], "CONSISTENT");
    scene.state.clock.advance(std::time::Duration::from_secs(1));
    let answer = scan(&scene).await;
    assert_eq!(answer["verdict"], "EXPIRED");
    assert_eq!(answer["reason"], "The expiry date is past");
}

#[actix_web::test]
async fn a_missing_step_is_a_gap_that_the_page_names() {
    let scene = Scene::with("scan_gap", &[commissioning(), unannounced_receiving()]).await;
    let answer = scan(&scene).await;
    assert_eq!(answer["verdict"], "GAP");
    assert_eq!(answer["lamps"]["journey"], "warn");
    let page = scene.get(&format!("{}?lang=en", path()), &[]).await;
    assert!(page.body.contains("<div class=\"gapbox\">Missing: shipping from Hangzhou</div>"));
}

/// A receiving in the shop that nothing was shipped for.
fn unannounced_receiving() -> history::testing::EventDraft {
    object_event("2026-11-21T08:00:00.000+08:00", "receiving").at(SHOP)
}

#[actix_web::test]
async fn an_altered_record_does_not_count_and_is_named() {
    let scene = Scene::journey("scan_altered").await;
    alter(&scene, 4, "receiving", "returning").await;
    let answer = scan(&scene).await;
    assert_eq!(answer["verdict"], "GAP");
    assert_eq!(answer["lamps"]["record"], "broken");
    assert_eq!(answer["timeline"][4]["broken"], true);
    let notice = "A stored record no longer fits its signed ledger and does not count";
    assert_eq!(answer["notices"][0], notice);
    let whole = scene.get_as_operator(&format!("/items/{ITEM}/history")).await.json();
    assert_eq!(whole["notices"][0], format!("{notice}: {SITE} #4"));
    assert_eq!(whole["gaps"][0], format!("Disputed: record {SITE}#4 does not fit its ledger"));
    alter(&scene, 0, "commissioning", "decommissioning").await;
    let answer = scan(&scene).await;
    assert_eq!(answer["verdict"], "REJECTED");
    assert_eq!(answer["reason"], "The record of origin does not fit its signed ledger");
}

#[actix_web::test]
async fn a_code_that_was_announced_and_never_applied_is_rejected() {
    let shipped = object_event("2026-11-20T11:00:00.000+08:00", "shipping").at(FACTORY);
    let scene = Scene::with("scan_never_applied", &[shipped]).await;
    let answer = scan(&scene).await;
    assert_eq!(answer["verdict"], "REJECTED");
    assert_eq!(answer["reason"], "This serial number was never applied to a product");
}

const NO_RECORD: &str = "There is no record of this serial number";
const NO_ISSUER: &str = "Nobody in the directory is licensed to issue under this key";
const MALFORMED: &str =
    "The code is malformed: it is not 14 digits, or the last of them, the check digit, is wrong";

#[actix_web::test]
async fn unknown_and_malformed_codes_get_answers_of_one_shape() {
    let scene = Scene::journey("scan_unknown").await;
    for (gtin, serial, verdict, reason) in [
        (GTIN, "none", "REJECTED", NO_RECORD),
        (GTIN, "n[ne", "REJECTED", NO_RECORD),
        ("x", "none", "NOT_COVERED", MALFORMED),
        ("04012345111119", "none", "NOT_COVERED", MALFORMED),
        ("09521141123454", SERIAL, "NOT_COVERED", NO_ISSUER),
    ] {
        let answer = scene.get(&format!("/01/{gtin}/21/{serial}"), &[JSON]).await;
        assert_eq!(answer.status, 200, "{gtin} {serial}");
        let lamp = if verdict == "REJECTED" { "broken" } else { "unchecked" };
        let expected = json!({
            "verdict": verdict, "reason": reason, "item": null, "cut": 0,
            "lamps": { "record": lamp, "tag": "unchecked", "journey": "unchecked" },
            "notices": [], "timeline": [], "clocks": { "recorded": null, "anchored": null },
        });
        assert_eq!(answer.json(), expected, "{gtin} {serial}");
    }
    // Their pages differ in the code that was asked for, and in the reason, which anybody can tell from a GTIN and the
    // directory; the name of a configured product is no secret.
    let mut pages = Vec::new();
    let mut prices = Vec::new();
    for (number, (gtin, serial)) in
        [(GTIN, "n0ne"), (GTIN, "n[ne"), ("09521141123454", "n0ne"), ("0123456789012x", "n0ne")]
            .into_iter()
            .enumerate()
    {
        let from = format!("198.51.{number}.1");
        let before = (sql::testing::statements(), sql::testing::connections());
        let path = format!("/01/{gtin}/21/{serial}?lang=en");
        let page = scene.get(&path, &[("X-Forwarded-For", &from)]).await;
        let (statements, connections) = (sql::testing::statements(), sql::testing::connections());
        prices.push((statements - before.0, connections - before.1));
        let own = serial.replace('[', "%5B");
        let plain = |text: String| text.replace(gtin, "GTIN").replace(&own, "SERIAL");
        let headers = page.headers.iter().map(|(name, value)| format!("{name}: {value:?}"));
        let headers: Vec<_> = headers.map(plain).collect();
        pages.push((
            page.status,
            headers,
            page.body
                .replace(gtin, "GTIN")
                .replace(serial, "SERIAL")
                .replace(&own, "SERIAL")
                .replace(NO_ISSUER, "REASON")
                .replace(MALFORMED, "REASON"),
        ));
    }
    assert!(pages[0] == pages[1] && pages[2] == pages[3], "{pages:?}");
    assert!(prices[0].0 > 3 && prices.iter().all(|price| *price == prices[0]), "{prices:?}");
    let page = scene.get(&format!("/01/{GTIN}/21/none?lang=en"), &[]).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<main id=\"main\" data-code=\"REJECTED\">"));
    assert!(!page.body.contains("/bundle"), "there is nothing to save or to verify");
}

#[actix_web::test]
async fn qualifiers_in_their_order_change_nothing_and_others_have_no_page() {
    let scene = Scene::journey("scan_lot").await;
    let plain = scan(&scene).await;
    for path in [
        format!("/01/{GTIN}/10/L1/21/{SERIAL}"),
        format!("/01/{GTIN}/22/2A/10/L1/21/{SERIAL}"),
        format!("/01/{GTIN}/21/{SERIAL}/235/XYZ"),
        format!("/01/{GTIN}/21/{SERIAL}?17=991231&other=gs1:pip"),
    ] {
        assert_eq!(scene.get(&path, &[JSON]).await.json(), plain, "{path}");
    }
    for path in [
        format!("/01/{GTIN}/21/{SERIAL}/10/L9"),
        format!("/01/{GTIN}/21/{SERIAL}/21/{SERIAL}"),
        format!("/01/{GTIN}/99/1/21/{SERIAL}"),
        format!("/01/{GTIN}/21"),
    ] {
        let answer = scene.get(&path, &[JSON]).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
    }
}

#[actix_web::test]
async fn a_product_without_a_serial_is_explained_without_the_database() {
    let state = state_without_database().await;
    for (path, words) in [
        (
            format!("/01/{GTIN}?lang=en"),
            ["<h1 id=\"v\">Bamboo spring tea</h1>", "names a product and no single item"],
        ),
        (format!("/01/{GTIN}/10/L1?lang=zh"), ["<h1 id=\"v\">春竹茶</h1>", "不指明单件物品"]),
        (
            "/01/09521141123454?lang=en".into(),
            ["<h1 id=\"v\">GTIN 09521141123454</h1>", "serial number"],
        ),
    ] {
        let page = get(&state, &path, &[("Accept", "text/html")]).await;
        assert_eq!(page.status, 200, "{path}");
        for part in words {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
    }
    let detail = "this code names a product and no single item; expected /01/GTIN/21/SERIAL";
    let answer = get(&state, &format!("/01/{GTIN}"), &[JSON]).await;
    answer.assert_problem(404, "not-found", detail);
}

#[actix_web::test]
async fn a_head_request_a_reload_and_the_other_language_are_no_second_scan() {
    let scene = Scene::with("scan_once", &[commissioning()]).await;
    let count = async || sql::scans::of_item(&scene.db, ITEM).await.unwrap().len();
    let head = ask(&scene.state, Audience::Public, &Method::HEAD, &path(), &[]).await;
    assert_eq!((head.status.as_u16(), count().await), (200, 0));
    for query in ["", "?lang=zh", "?lang=en", ""] {
        scene.get(&format!("{}{query}", path()), &[]).await;
        scene.state.clock.advance(std::time::Duration::from_mins(1));
        assert_eq!(count().await, 1, "{query}");
    }
    // The parameter hides no scan: a printed code could carry it.
    scene.get(&format!("{}?lang=zh", path()), &[("X-Forwarded-For", "203.0.113.7")]).await;
    assert_eq!(count().await, 2);
    scene.state.clock.advance(std::time::Duration::from_mins(10));
    scene.get(&path(), &[]).await;
    assert_eq!(count().await, 3, "ten minutes later it is another one");
}

#[actix_web::test]
async fn a_code_that_is_too_long_is_refused_without_the_database() {
    let state = state_without_database().await;
    let long = "9".repeat(4096);
    for path in [format!("/01/{GTIN}/21/{long}"), format!("/01/{long}/21/1")] {
        let answer = get(&state, &path, &[]).await;
        let length = if path.starts_with("/01/0") { 4110 } else { 4097 };
        answer.assert_problem(
            400,
            "malformed",
            &format!(
                "got a code of {length} characters, expected a GTIN of 14 digits and a serial of at most 20 \
                 characters"
            ),
        );
    }
}

#[actix_web::test]
async fn who_guesses_codes_is_refused_before_the_database_is_asked_and_nobody_else_is() {
    let scene = Scene::journey("scan_limit").await;
    let unknown = format!("/01/{GTIN}/21/none");
    let from = |address| [JSON, ("X-Forwarded-For", address)];
    for _ in 0..scene.state.config().rates.unknown_per_minute {
        assert_eq!(scene.get(&path(), &from("203.0.113.7")).await.status, 200, "costs nothing");
        assert_eq!(scene.get(&unknown, &from("203.0.113.7")).await.status, 200);
    }
    let before = sql::testing::statements();
    for refused_path in [&unknown, &path(), &format!("/01/x/21/{SERIAL}")] {
        let refused = scene.get(refused_path, &from("203.0.113.7")).await;
        let detail = "too many requests from your network; retry in a minute";
        refused.assert_problem(429, "too-many", detail);
        assert_eq!(refused.header("retry-after"), "60");
    }
    assert_eq!(sql::testing::statements(), before, "no statement was run");
    assert_eq!(scene.get(&path(), &from("203.0.113.8")).await.status, 200, "another address");
    let html = [("Accept", "text/html"), ("X-Forwarded-For", "203.0.113.7")];
    let page = scene.get(&unknown, &html).await;
    assert!(page.body.contains("<h1 id=\"v\">Too many requests</h1>"), "{}", page.body);
    scene.state.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(scene.get(&path(), &from("203.0.113.7")).await.status, 200, "a minute later");
}

#[actix_web::test]
async fn without_a_database_no_verdict_is_given() {
    let state = state_without_database().await;
    let answer = get(&state, &path(), &[JSON]).await;
    answer.assert_problem(503, "unavailable", "this cannot be checked at the moment; retry later");
    for (language, title) in [("zh", "现在无法查验"), ("en", "Cannot check now")] {
        let page = get(&state, &format!("{}?lang={language}", path()), &[]).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(["1", "2", "3", "4", "5"].contains(&page.header("retry-after")));
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.body.contains(&format!("<h1 id=\"v\">{title}</h1>")), "{}", page.body);
        assert!(!page.body.contains("data-code"), "{}", page.body);
    }
}

#[actix_web::test]
async fn two_phones_in_two_cities_within_the_hour_are_a_conflict_and_robots_are_not() {
    let scene = scene_with_places("scan_places", &[commissioning()]).await;
    let shanghai = scan_from(&scene, "203.0.113.8", &[SHANGHAI]).await;
    assert_eq!(shanghai["verdict"], "CONSISTENT");
    scene.state.clock.advance(std::time::Duration::from_mins(40));
    let robot = [CHENGDU, ("User-Agent", "curl/8.5")];
    assert_eq!(scan_from(&scene, "198.51.100.9", &robot).await["verdict"], "CONSISTENT");
    let chengdu = scan_from(&scene, "198.51.100.9", &[CHENGDU]).await;
    assert_eq!(chengdu["verdict"], "CONFLICT");
    assert_eq!(
        chengdu["reason"],
        "Two different phones scanned the same code too far apart for the time between"
    );
}

#[actix_web::test]
async fn many_networks_after_the_sale_are_a_conflict() {
    let scene = Scene::with("scan_networks", &[commissioning(), sale(11)]).await;
    let mut verdicts = Vec::new();
    for host in [10, 20, 30, 40, 50, 60, 70, 80, 81, 90] {
        let address = format!("203.0.{}.{host}", host / 10);
        verdicts.push(scan_from(&scene, &address, &[]).await["verdict"].clone());
    }
    assert_eq!(verdicts, [&["SOLD"; 9][..], &["CONFLICT"]].concat());
}

#[actix_web::test]
async fn every_scan_is_stored_with_its_verdict_and_without_an_address() {
    let scene = scene_with_places("scan_stored", &[commissioning()]).await;
    scan_from(&scene, "203.0.113.8", &[SHANGHAI]).await;
    scan_from(&scene, "203.0.113.9", &[("User-Agent", "curl/8.5")]).await;
    scene.get(&format!("/01/{GTIN}/21/none"), &[JSON]).await;
    let stored = sql::scans::of_item(&scene.db, ITEM).await.unwrap();
    let mut found: Vec<(&str, &str, Option<&str>)> = stored
        .iter()
        .map(|scan| {
            let place = scan.place.as_ref().map(|place| place.name.as_str());
            (scan.role.as_str(), scan.verdict.as_str(), place)
        })
        .collect();
    found.sort_unstable();
    assert_eq!(found, [("consumer", "CONSISTENT", Some("上海")), ("robot", "CONSISTENT", None)]);
    let unknown = format!("https://id.gs1.org/01/{GTIN}/21/none");
    let stored = sql::scans::of_item(&scene.db, &unknown).await.unwrap();
    assert_eq!((stored.len(), stored[0].verdict.as_str()), (1, "REJECTED"));
}

/// The lines of the ledger's keys, with bounds.
fn bounded(lines: &str, bounds: &str) -> String {
    lines.lines().map(|line| format!("{line}{bounds}\n")).collect::<Vec<_>>().concat()
}

#[actix_web::test]
async fn an_item_stays_consistent_while_its_ledgers_keys_are_rotated() {
    let mut scene = Scene::with("scan_rotation", &[commissioning()]).await;
    let old = scene.site.policy_lines("log");
    scene.site.rotate_keys();
    let new = scene.site.policy_lines("log");
    let storing = object_event("2026-11-20T18:00:00.000+08:00", "storing").at(FACTORY);
    scene.site.append(&[storing], "2026-11-22T03:00:00Z").await;
    for (what, policy, verdict) in [
        (
            "each pair up to its bound",
            bounded(&old, " until 2") + &bounded(&new, " from 2"),
            "CONSISTENT",
        ),
        ("both pairs, without bounds", old.clone() + &new, "CONSISTENT"),
        ("the old pair alone", old.clone(), "REJECTED"),
        ("the new pair from a later size on", bounded(&new, " from 3"), "REJECTED"),
    ] {
        let state = state(scene.db.db(), config(policy));
        let answer = get(&state, &path(), &[JSON]).await.json();
        assert_eq!(answer["verdict"], verdict, "{what}: {answer}");
        let is_consistent = verdict == "CONSISTENT";
        let lamp = if is_consistent { "ok" } else { "broken" };
        assert_eq!(answer["lamps"]["record"], lamp, "{what}");
        if is_consistent {
            let bundle = get(&state, &format!("/items/{ITEM}/bundle"), &[]).await.body;
            let report = ledger::bundle::verify(bundle.as_bytes(), &state.config().policy);
            assert_eq!(report.outcome, ledger::bundle::Outcome::Proved, "{what}: {report:?}");
        }
    }
}

async fn page(scene: &Scene, language: &str) -> Answer {
    scene.get(&path(), &[("Accept", "text/html"), ("Accept-Language", language)]).await
}

#[actix_web::test]
async fn a_page_is_complete_in_both_languages() {
    let scene = Scene::with("scan_page", &[journey(), vec![sale(11)]].concat()).await;
    scan_from(&scene, "203.0.113.8", &[]).await;
    let chinese = page(&scene, "zh-CN,zh;q=0.9").await;
    let english = page(&scene, "en").await;
    for (answer, parts) in [
        (
            &chinese,
            [
                "<html lang=\"zh-Hans\">",
                "<h1 id=\"v\">已于 2026 年 11 月 22 日售出</h1>",
                "<p class=\"why\">其他人也扫过此码。</p>",
                "<p class=\"b\">春竹</p><p class=\"n\">春竹茶</p>",
                "盒盖有竹叶压纹",
                "你扫过 1 次。流通环节由读写器记录 3 次，商店售出 1 次。其他人扫过 1 次。",
                "<b>赋码生产</b> · 杭州<br><time datetime=\"2026-11-20\">2026 年 11 月 20 日</time> <span class=\"by\">· 一家企业</span>",
                "随箱推断",
                "1 家企业签名。本服务不公开企业名称",
                "等待公链锚定",
                "<p>有效期至 2099-12-31</p>",
            ],
        ),
        (
            &english,
            [
                "<html lang=\"en\">",
                "<h1 id=\"v\">Sold on 22 November 2026</h1>",
                "<p class=\"why\">Others have scanned this code too.</p>",
                "<p class=\"b\">Spring Bamboo</p><p class=\"n\">Bamboo spring tea</p>",
                "a bamboo leaf embossed on the lid",
                "You scanned it once. Readers recorded it 3 times on the way, a shop sold it once. Others scanned it once.",
                "<b>Made and coded</b> · Hangzhou<br><time datetime=\"2026-11-20\">20 November 2026</time> <span class=\"by\">· a company</span>",
                "inferred from its container",
                "Signed by 1 company. This service does not show their names",
                "waiting for the public anchor",
                "<p>Expires on 2099-12-31</p>",
            ],
        ),
    ] {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("vary"), "Accept, Accept-Language, Accept-Encoding");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.body.contains("Bamboo Spring"), "parties are not named");
        assert!(!answer.body.contains("<symbol"), "a seal would name a party");
        for part in parts {
            assert!(answer.body.contains(part), "{part}: {}", answer.body);
        }
        for part in [
            "<main id=\"main\" data-code=\"SOLD\">",
            "id=\"check\"",
            "id=\"result\"",
            "/items/urn%3Aepc%3Aid%3Asgtin%3A4012345%2E011111%2E9876/bundle",
            "https://trace.example/01/04012345111118/21/9876",
            "href=\"/report?code=https%3A%2F%2Fid%2Egs1%2Eorg%2F01%2F04012345111118%2F21%2F9876",
            "2026-11-23 08:00 UTC",
        ] {
            assert!(answer.body.contains(part), "{part}: {}", answer.body);
        }
    }
}

/// A ledger whose party the directory knows, and that has no rights to the item.
async fn shop_says(scene: &Scene, events: &[history::testing::EventDraft]) -> serde_json::Value {
    let till =
        history::testing::TestLedger::create(&scene.db, "shop.example/till", "site", "Shop").await;
    till.append(events, "2026-11-22T03:00:00Z").await;
    let policy = scene.site.policy_lines("log") + &till.policy_lines("log");
    let state = state(scene.db.db(), config(policy));
    let page = get(&state, &format!("{}?lang=en", path()), &[]).await.body;
    let answer = get(&state, &path(), &[JSON]).await.json();
    let notice = answer["notices"][0].as_str().unwrap_or_default().to_owned();
    assert!(page.contains(&notice), "{page}");
    answer
}

#[actix_web::test]
async fn a_shop_that_is_not_entitled_recalls_nothing_and_what_it_says_is_shown_on_top() {
    let scene = Scene::with("scan_foreign_recall", &[commissioning()]).await;
    let recall = object_event("2026-11-22T01:00:00Z", "holding").disposition("recalled");
    let answer = shop_says(&scene, &[recall]).await;
    assert_eq!(answer["verdict"], "CONSISTENT");
    assert_eq!(
        answer["notices"][0],
        "A company that is not entitled says: recalled. This does not decide."
    );
    assert_eq!(answer["timeline"][1]["weight"], "listed");
}

#[actix_web::test]
async fn a_foreign_party_that_commissions_a_brands_serial_issues_nothing() {
    let scene = Scene::with("scan_foreign_issue", &[commissioning().of(&[CASE])]).await;
    let answer = shop_says(&scene, &[commissioning()]).await;
    assert_eq!(answer["verdict"], "REJECTED");
    let reason = "Only parties that may not issue this code say that it was issued";
    assert_eq!(answer["reason"], reason);
}

#[actix_web::test]
async fn without_a_directory_the_origin_is_only_claimed() {
    let scene = Scene::with("scan_no_directory", &[commissioning()]).await.without_directory();
    let answer = scan(&scene).await;
    assert_eq!(answer["verdict"], "GAP");
    let page = page(&scene, "en").await.body;
    assert!(
        page.contains("<p class=\"hint\">Origin stated by a company; there is no directory</p>"),
        "{page}"
    );
    assert!(page.contains("only claimed"), "{page}");
}
