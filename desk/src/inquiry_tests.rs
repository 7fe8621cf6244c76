//! What an inspector finds, opens and does, what is recorded of it, and what is not shown.

use access::ApiKey;
use history::master::{DESCRIPTION, NAME};
use history::named::{LATITUDE, LONGITUDE};
use history::testing::{
    CASE, CENTRE, EventDraft, FACTORY, ITEM, SHOP, excursion_event, object_event, packing_event,
};
use ledger::json::{Json, object};
use sql::master::{NewValue, Statement};

use crate::testing::{Ask, Browser, SITE, Scene};

const ITEM_PAGE: &str =
    "/item?thing=urn%3Aepc%3Aid%3Asgtin%3A4012345.011111.9876&why=recall%20seven";

fn journey() -> Vec<EventDraft> {
    let document = object([
        ("type", "po".into()),
        ("bizTransaction", "urn:epcglobal:cbv:bt:4012345000016:4500018812".into()),
    ]);
    vec![
        object_event("2026-11-20T08:00:00.000+08:00", "commissioning")
            .at(FACTORY)
            .disposition("active")
            .lot("L1", "2099-12-31")
            .sensed(),
        packing_event("2026-11-20T09:00:00.000+08:00", "ADD", CASE, &[ITEM]).at(FACTORY).sensed(),
        object_event("2026-11-20T11:00:00.000+08:00", "shipping")
            .of(&[CASE])
            .at(FACTORY)
            .with("bizTransactionList", Json::Array(vec![document])),
        excursion_event("2026-11-21T02:00:00.000Z", "2026-11-21T02:10:00.000Z", "9.2").at(CENTRE),
        object_event("2026-11-22T08:00:00.000+08:00", "receiving").of(&[CASE]).at(SHOP),
        packing_event("2026-11-22T09:00:00.000+08:00", "DELETE", CASE, &[ITEM]).at(SHOP),
    ]
}

async fn inspector(scene: &Scene, number: u8, place: Option<&str>) -> (Browser, ApiKey) {
    let key = scene.key_for(number, "regulator", ("4012345", place)).await;
    let mut browser = Browser::default();
    browser.log_in(scene, &key).await;
    (browser, key)
}

#[actix_web::test]
async fn a_search_is_recorded_with_its_reason_before_it_is_answered() {
    let scene = Scene::with_records("desk_search", &journey()).await;
    let (mut browser, _) = inspector(&scene, 1, None).await;
    browser.get(&scene, "/search").await.assert(200, "name=\"why\"");
    let without = browser.get(&scene, "/search?q=document%3A4500018812").await;
    without.assert(200, "State a reason of 3 to 500 characters");
    assert!(!without.body.contains(SITE) && scene.reads().await.is_empty());
    let found = browser.get(&scene, "/search?q=document%3A4500018812&why=recall+seven").await;
    found.assert(200, "exactly 1 events");
    found.assert(200, SITE);
    let reads = scene.reads().await;
    assert_eq!(reads.len(), 1);
    let read = &reads[0];
    for (member, value) in [
        ("chopmark:subject", "food-authority/1"),
        ("chopmark:act", "query events"),
        ("chopmark:asked", "GET /search document:4500018812"),
        ("chopmark:reason", "recall seven"),
    ] {
        assert_eq!(read[member], value, "{read}");
    }
    assert_eq!((&read["chopmark:shown"], &read["chopmark:hidden"]), (&1.into(), &0.into()));
    assert_eq!(read["chopmark:projection"]["position"], 6);
}

#[actix_web::test]
async fn what_cannot_be_recorded_is_not_answered() {
    let scene = Scene::with_records("desk_unrecorded", &journey()).await;
    let (mut browser, _) = inspector(&scene, 1, None).await;
    scene.db.execute("revoke insert on ledgers from chopmark_desk").await.unwrap();
    for path in ["/search?q=lot%3AL1&why=recall+seven", ITEM_PAGE] {
        let answer = browser.get(&scene, path).await;
        assert_eq!(answer.status.as_u16(), 503, "{path}");
        assert!(!answer.body.contains(SITE), "{path}");
    }
}

#[actix_web::test]
async fn an_item_shows_its_custody_in_both_languages() {
    let scene = Scene::with_records("desk_item", &journey()).await;
    let (mut browser, _) = inspector(&scene, 1, None).await;
    let page = browser.get(&scene, ITEM_PAGE).await;
    for part in [
        "(01) 04012345111118 (21) 9876",
        "exactly 6 events",
        "2026-11-20 08:00 UTC+08",
        "Sensed",
        "checkpoint 6",
        "in the hub, waits for the anchor",
        "whole lot",
        "class=\"seal",
        "<time datetime=\"2026-11-20T00:00:00Z\">",
        "A signature shows who said it",
        "(0 witnesses)",
    ] {
        page.assert(200, part);
    }
    browser.get(&scene, "/language/zh?to=/").await;
    let page = browser.get(&scene, ITEM_PAGE).await;
    page.assert(200, "流转记录，最新的在前");
    page.assert(200, "设备读取");
    assert_eq!(scene.reads().await.len(), 2);
}

#[actix_web::test]
async fn each_result_says_signature_witnesses_and_anchor() {
    let scene = Scene::with_records("desk_standing", &journey()).await;
    let (mut browser, _) = inspector(&scene, 1, None).await;
    let search = "/search?q=lot%3AL1&why=recall+seven";
    let page = browser.get(&scene, search).await;
    for part in [
        "Signature, witnesses, anchor",
        "<span class=\"chip c-blue\"><span aria-hidden=\"true\">✓</span> valid</span>",
        "witnesses: none",
        "in the hub, waits for the anchor <span class=\"num w\">2026-11-22",
        "checkpoint 6",
    ] {
        page.assert(200, part);
    }
    let unsigned =
        "<span class=\"chip c-grey\"><span aria-hidden=\"true\">○</span> unsigned import";
    let shipped = "/search?q=document%3A4500018812&why=recall+seven";
    browser.get(&scene, shipped).await.assert(200, unsigned);
    browser.get(&scene, "/language/zh?to=/").await;
    let page = browser.get(&scene, search).await;
    for part in ["签名、见证与锚定", "独立见证：无", "有效"] {
        page.assert(200, part);
    }
    // Whoever owns the tables takes the newest checkpoint's signatures away.
    let spoil = "alter table checkpoints disable trigger user; update checkpoints set note = 'x' where ledger_id = \
                 (select ledger_id from ledgers where origin = 'factory.example/packing'); \
                 alter table checkpoints enable trigger user";
    scene.db.execute(spoil).await.unwrap();
    let page = browser.get(&scene, search).await;
    page.assert(200, "<span class=\"chip c-red\"><span aria-hidden=\"true\">✕</span> 与账本不符");
}

#[actix_web::test]
async fn what_is_out_of_scope_is_counted_and_not_named() {
    let scene = Scene::with_records("desk_scope", &journey()).await;
    let (mut browser, _) = inspector(&scene, 1, Some(SHOP)).await;
    let (mut elsewhere, _) = inspector(&scene, 2, Some("9999999")).await;
    let tree = "/tree?thing=urn%3Aepc%3Aclass%3Algtin%3A4012345.011111.L1&why=recall%20seven";
    for path in [ITEM_PAGE, "/search?q=gtin%3A4012345111118&why=recall+seven", tree] {
        let answer = elsewhere.get(&scene, path).await;
        answer.assert(200, "events hidden by scope");
        assert!(!answer.body.contains(SITE), "{path}");
        browser.get(&scene, path).await.assert(200, "hidden by scope");
    }
    let csrf = elsewhere.get(&scene, "/list").await.csrf();
    let list = [("csrf", &*csrf), ("list", ITEM), ("why", "recall seven")];
    let answer = elsewhere.post(&scene, "/list", &list).await;
    answer.assert(200, "events hidden by scope");
    assert!(!answer.body.contains("4012345000016"), "no place of it: {}", answer.body);
    let reads = scene.reads().await;
    assert!(reads.iter().all(|read| read["chopmark:hidden"].as_u64() > Some(0)), "{reads:?}");
}

#[actix_web::test]
async fn a_list_is_searched_with_an_error_for_each_line() {
    let scene = Scene::with_records("desk_list", &journey()).await;
    let (mut browser, _) = inspector(&scene, 1, None).await;
    let csrf = browser.get(&scene, "/list").await.csrf();
    let list = format!("{ITEM}\nnothing of the kind\n{CASE}\nurn:epc:id:sgtin:4012345.011111.1\n");
    let answer = browser
        .post(&scene, "/list", &[("csrf", &csrf), ("list", &list), ("why", "recall seven")])
        .await;
    answer.assert(200, "3 things; 1 lines could not be read");
    answer.assert(200, "Line 2: ");
    answer.assert(200, "exactly 3 events");
    answer.assert(200, "No event was found that you may see.");
    assert_eq!(scene.reads().await.len(), 1);
}

#[actix_web::test]
async fn a_tree_folds_without_script_and_leads_on() {
    let scene = Scene::with_records("desk_tree", &journey()).await;
    let (mut browser, _) = inspector(&scene, 1, None).await;
    let lot = "/tree?thing=urn%3Aepc%3Aclass%3Algtin%3A4012345.011111.L1&why=recall%20seven";
    let page = browser.get(&scene, lot).await;
    page.assert(200, "<details open>");
    page.assert(200, "(01) 04012345111118 (21) 9876");
    let opened = page.body.matches("<details").count();
    assert_eq!(opened, page.body.matches("</details>").count());
    assert_eq!(scene.reads().await[0]["chopmark:act"], "trace");
    browser
        .get(&scene, "/tree?thing=nonsense&why=recall+seven")
        .await
        .assert(400, "not understood");
}

#[actix_web::test]
async fn html_in_what_is_typed_and_recorded_is_text() {
    let evil = "<b onmouseover=1>\"'";
    let events = [object_event("2026-11-20T08:00:00Z", evil).at(FACTORY)];
    let scene = Scene::with_records("desk_html", &events).await;
    let (mut browser, _) = inspector(&scene, 1, None).await;
    let typed = "%3Cb%20onmouseover%3D1%3E%22%27";
    for path in [
        format!("/search?q={typed}&why={typed}"),
        ITEM_PAGE.to_owned(),
        format!("/item?thing={typed}&why={typed}"),
        format!("/list?why={typed}"),
        "/search?q=all%3A&from=2026-01-01&why=recall+seven".to_owned(),
    ] {
        let answer = browser.get(&scene, &path).await;
        assert!(answer.status.is_success(), "{path}");
        assert!(!answer.body.contains("<b onmouseover"), "{path}: {}", answer.body);
    }
}

#[actix_web::test]
async fn a_case_is_opened_worked_on_and_closed_to_strangers() {
    let scene = Scene::with_records("desk_case", &journey()).await;
    let (mut browser, _) = inspector(&scene, 1, None).await;
    let (mut other, _) = inspector(&scene, 2, None).await;
    let csrf = browser.get(&scene, "/cases").await.csrf();
    let form = [
        ("csrf", &*csrf),
        ("title", "Tea of lot L1"),
        ("subject", "lot:L1"),
        ("why", "recall seven"),
    ];
    let opened = browser.post(&scene, "/cases", &form).await;
    let path = opened.header("location").to_owned();
    assert_eq!(opened.status.as_u16(), 303, "{}", opened.body);
    browser.get(&scene, &path).await.assert(200, "Tea of lot L1");
    let frozen = [
        ("csrf", &*csrf),
        ("seen", "1"),
        ("act", "freeze"),
        ("text", "lot:L1"),
        ("why", "what is known"),
    ];
    assert_eq!(browser.post(&scene, &path, &frozen).await.status.as_u16(), 303);
    let page = browser.get(&scene, &path).await;
    page.assert(200, "Evidence frozen");
    page.assert(200, &format!("{SITE} 0 · "));
    let late = [
        ("csrf", &*csrf),
        ("seen", "1"),
        ("act", "note"),
        ("text", "too late"),
        ("why", "a second tab"),
    ];
    browser
        .post(&scene, &path, &late)
        .await
        .assert(200, "Somebody else acted on this case meanwhile");
    let ask = [
        ("csrf", &*csrf),
        ("seen", "2"),
        ("act", "ask"),
        ("party", "urn:epc:id:pgln:9521142.00000"),
        ("text", "Where is it?"),
        ("why", "to find it"),
    ];
    assert_eq!(browser.post(&scene, &path, &ask).await.status.as_u16(), 303);
    let close = [
        ("csrf", &*csrf),
        ("seen", "3"),
        ("act", "close"),
        ("text", "nothing"),
        ("why", "too early"),
    ];
    browser.post(&scene, &path, &close).await.assert(200, "act 3 waits");
    other.get(&scene, &path).await.assert(404, "<html");
    let theirs = other.get(&scene, "/cases").await;
    assert!(!theirs.body.contains("Tea of lot L1"));
    let forged = Ask::post(
        &path,
        &[
            ("csrf", &theirs.csrf()),
            ("seen", "3"),
            ("act", "note"),
            ("text", "mine now"),
            ("why", "none of mine"),
        ],
    );
    assert_eq!(other.send(&scene, forged).await.status.as_u16(), 404);
    let reads = scene.reads().await;
    let acts: Vec<&str> = reads
        .iter()
        .filter_map(|read| read["chopmark:asked"].as_str())
        .filter(|asked| asked.starts_with("POST"))
        .collect();
    assert_eq!(acts.len(), 3, "{acts:?}");
    assert!(acts[1].starts_with("POST /cases/1 freeze ") && acts[1].len() > 80, "{acts:?}");
}

#[actix_web::test]
async fn only_regulators_work_on_cases_and_a_search_is_kept_for_its_owner() {
    let scene = Scene::with_records("desk_kept", &journey()).await;
    let key = scene.key_for(3, "brand-owner", ("4012345", None)).await;
    let mut owner = Browser::default();
    owner.log_in(&scene, &key).await;
    owner.get(&scene, "/cases").await.assert(403, "<html");
    // Reads of this role are not recorded, so no reason is asked for.
    let page = owner.get(&scene, "/search?q=lot%3AL1").await;
    page.assert(200, "exactly 1 events");
    assert!(scene.reads().await.is_empty() && !page.body.contains("name=\"why\""));
    let csrf = page.csrf();
    let keep = [("csrf", &*csrf), ("name", "tea"), ("search", "lot:L1")];
    assert_eq!(owner.post(&scene, "/searches", &keep).await.header("location"), "/search");
    owner.get(&scene, "/search").await.assert(200, "href=\"/search?q=lot%3AL1\"");
    let (mut other, _) = inspector(&scene, 1, None).await;
    assert!(!other.get(&scene, "/search").await.body.contains("lot%3AL1"));
    owner.post(&scene, "/searches", &[("csrf", &csrf), ("name", "tea"), ("search", "")]).await;
    assert!(!owner.get(&scene, "/search").await.body.contains("lot%3AL1"));
}

/// Stores what somebody says of a place; `by` is empty for the operator.
async fn say(scene: &Scene, by: &str, place: &str, said: &[(&str, &str)]) {
    let value = |(attribute, value): &(&str, &str)| NewValue {
        kind: 2,
        key: epc::thing_key(place),
        element: place.to_owned(),
        vocabulary: String::new(),
        attribute: (*attribute).to_owned(),
        place: 0,
        language: String::new(),
        value: (*value).to_owned(),
    };
    let values: Vec<NewValue> = said.iter().map(value).collect();
    let document = ledger::Hash([1; 32]);
    let statement = Statement { by, document: &document, record: None, at: scene.now() };
    let store = async |tx: &sql::Transaction<'_>| sql::master::state(tx, &statement, &values).await;
    scene.db.run_tx_once("test.master", store).await.unwrap();
}

#[actix_web::test]
async fn places_have_names_and_positions_by_master_data_and_a_claim_is_marked_as_one() {
    let scene = Scene::with_records("desk_names", &journey()).await;
    let (mut browser, _) = inspector(&scene, 1, None).await;
    let page = browser.get(&scene, ITEM_PAGE).await;
    page.assert(200, "position not known");
    for part in ["class=\"map\"", "c-amber\">only claimed"] {
        assert!(!page.body.contains(part), "{part}");
    }

    let known = [(NAME, "Tea <works>"), (LATITUDE, "30.25"), (LONGITUDE, "120.17")];
    say(&scene, "", FACTORY, &known).await;
    let shop_party = epc::thing_key("urn:epc:id:pgln:4055555.00000");
    say(&scene, &shop_party, SHOP, &[(NAME, "Grand shop"), (LATITUDE, "1"), (LONGITUDE, "1")])
        .await;
    let page = browser.get(&scene, ITEM_PAGE).await;
    for part in [
        "Tea &#60;works&#62;<br><span class=\"mono mut\">(414) ",
        "Grand shop <span class=\"chip c-amber\">only claimed</span>",
        "30.25° N, 120.17° E",
        "<svg class=\"map\"",
        "href=\"/assets/outline.svg\"",
    ] {
        page.assert(200, part);
    }
    assert_eq!(
        page.body.matches("<circle class=\"pt\"").count(),
        1,
        "a claim puts nothing on the map"
    );
    let found = browser.get(&scene, "/search?q=document%3A4500018812&why=recall+seven").await;
    found.assert(200, "Tea &#60;works&#62;");
    let outline = browser.get(&scene, "/assets/outline.svg").await;
    outline.assert(200, "<path");
    assert_eq!(outline.header("content-type"), "image/svg+xml");
}

#[actix_web::test]
async fn a_tree_calls_things_by_the_name_of_their_product_and_marks_a_claim() {
    let scene = Scene::with_records("desk_tree_names", &journey()).await;
    let (mut browser, _) = inspector(&scene, 1, None).await;
    let tree = "/tree?thing=urn%3Aepc%3Aclass%3Algtin%3A4012345.011111.L1&why=recall%20seven";
    let product = "https://id.gs1.org/01/04012345111118";
    assert!(!browser.get(&scene, tree).await.body.contains("class=\"said\""));

    let shop_party = epc::thing_key("urn:epc:id:pgln:4055555.00000");
    say(&scene, &shop_party, product, &[(DESCRIPTION, "Grand tea")]).await;
    let claim =
        "<span class=\"said\">Grand tea <span class=\"chip c-amber\">only claimed</span></span>";
    browser.get(&scene, tree).await.assert(200, claim);
    say(&scene, "", product, &[(DESCRIPTION, "Tea <b>")]).await;
    let page = browser.get(&scene, tree).await;
    let name = "<span class=\"said\">Tea &#60;b&#62;</span>";
    assert_eq!(page.body.matches(name).count(), 2, "of the lot and of the item");
}

#[actix_web::test]
async fn lists_of_cases_and_exports_call_their_subjects_by_name_mark_a_claim_and_tell_no_name_beyond_limits()
 {
    let scene = Scene::with_records("desk_list_names", &journey()).await;
    let shop_party = epc::thing_key("urn:epc:id:pgln:4055555.00000");
    say(&scene, &shop_party, "https://id.gs1.org/01/04012345111118", &[(DESCRIPTION, "Grand tea")])
        .await;
    say(&scene, "", FACTORY, &[(NAME, "Tea <works>")]).await;
    let (mut all, _) = inspector(&scene, 1, None).await;
    let (mut elsewhere, _) = inspector(&scene, 2, Some("9999999")).await;
    let claim =
        "<span class=\"said\">Grand tea <span class=\"chip c-amber\">only claimed</span></span>";
    let name = "<span class=\"said\">Tea &#60;works&#62;</span>";
    let place = format!("place:{FACTORY}");
    for (number, browser) in [(1, &mut all), (2, &mut elsewhere)] {
        let csrf = browser.get(&scene, "/cases").await.csrf();
        for (title, subject) in
            [("Warm tea", "lot:(01) 04012345111118 (10) L1"), ("Hot works", &*place), ("Odd", "??")]
        {
            let form =
                [("csrf", &*csrf), ("title", title), ("subject", subject), ("why", "call seven")];
            let opened = browser.post(&scene, "/cases", &form).await;
            assert!([200, 303].contains(&opened.status.as_u16()), "{}", opened.body);
        }
        for (at, search) in
            [("1", "product:https://id.gs1.org/01/04012345111118"), ("2", &*place), ("3", "all:")]
        {
            let row = format!(
                "insert into export_jobs values (md5('{number}{at}'), 'food-authority/{number}', '2026-11-23T07:0{at}:00Z', '{search}', \
                   'recall seven', 'events-csv', false, 'en', 'failed', 'infinity', 0, null, 0, 'x', '2026-11-23T08:00:00Z', null, null, null)"
            );
            scene.db.execute(&row).await.unwrap();
        }
    }
    for path in ["/cases", "/exports"] {
        let page = all.get(&scene, path).await;
        page.assert(200, claim);
        page.assert(200, name);
        let page = elsewhere.get(&scene, path).await;
        page.assert(200, claim);
        assert!(!page.body.contains("works&#62;"), "the name of a place beyond limits");
    }
    let chinese = elsewhere.get(&scene, "/language/zh?to=%2Fcases").await;
    assert_eq!(chinese.status.as_u16(), 303);
    elsewhere.get(&scene, "/cases").await.assert(200, "名称仅为单方主张");
}

#[actix_web::test]
async fn what_was_erased_is_said_by_the_search_and_the_custody_in_both_languages() {
    let scene = Scene::with_records("desk_erased", &journey()).await;
    let (mut browser, _) = inspector(&scene, 1, None).await;
    let search = "/search?q=urn%3Aepc%3Aid%3Asgtin%3A4012345.011111.9876&why=recall+seven";
    browser.get(&scene, search).await.assert(200, "exactly 3 events");
    let site = sql::ledgers::find(&scene.db, SITE).await.unwrap().unwrap();
    history::testing::erase(&scene.db, site.id, 1, ("asked for", "2026-11-24T08:00:00Z")).await;
    let found = browser.get(&scene, search).await;
    found.assert(200, "exactly 2 events");
    found.assert(200, "the content of a record was erased on 2026-11-24: asked for");
    browser.get(&scene, "/language/zh?to=/").await;
    let chinese = browser.get(&scene, search).await;
    chinese.assert(200, "一条记录的内容已于 2026-11-24 删除：asked for");
}
