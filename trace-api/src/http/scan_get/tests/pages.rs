//! The verdict page: every verdict in both languages, its next step, its size, seals, the timeline.

use std::collections::HashSet;

use actix_web::test::TestRequest;
use history::named::{LATITUDE, LONGITUDE};
use history::testing::{CENTRE, FACTORY, ITEM, SHOP, object_event};
use history::{
    ChipFault, Conflict, Gap, NotIssued, Reason, RecordRef, TagCheck, Verdict, Withdrawal,
};

use sql::master::{NewValue, StoredValue};

use super::*;
use crate::config::Config;
use crate::http::scan_get::{check, read_item};
use crate::language::Language;
use crate::master::names::stated;
use crate::names::Stated;
use crate::page::{self, PageView};
use crate::scan::ScanRequest;

/// Most bytes of a page as it is sent, to whoever takes it compressed and to whoever does not.
const MOST_BYTES: usize = 40 * 1024;

/// A reason for each verdict.
fn reasons() -> Vec<Reason> {
    let record = || RecordRef { origin: SITE.into(), index: 0, party: "Bamboo Spring".into() };
    vec![
        Reason::NotCovered,
        Reason::Withdrawn(Withdrawal::Recalled),
        Reason::Withdrawn(Withdrawal::Stolen),
        Reason::Withdrawn(Withdrawal::Expired),
        Reason::NotIssued(NotIssued::Unknown),
        Reason::ChipFailed(ChipFault::Used),
        Reason::SealOpened,
        Reason::Conflict(Conflict::TwoPlaces { speed_kmh: 1000.0 }),
        Reason::Sold("2026-11-22T03:00:00Z".parse().unwrap()),
        Reason::Gap(Gap::Receiving { at: SHOP.to_owned() }),
        Reason::Condition(record()),
        Reason::NothingFound,
        Reason::ChipPassed,
    ]
}

/// Between two texts.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let rest = text.split_once(begin).unwrap_or_else(|| panic!("no {begin} in {text}")).1;
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} after {begin}")).0
}

#[actix_web::test]
async fn every_verdict_has_one_next_step_that_leads_somewhere_and_fits_the_first_answer() {
    let scene = Scene::with("pages_all", &[journey(), vec![sale(11)]].concat()).await;
    let scene = scene.with_config(|config| config.show_parties = true);
    let code = read_item(&path()).unwrap().unwrap();
    let config = scene.state.config();
    let mut seen = HashSet::new();
    for with_contact in [true, false] {
        let mut config = Config::clone(&config);
        if !with_contact {
            config.takes_reports = false;
            config.report_contact = None;
            config.names = Arc::new(names(None));
        }
        for reason in reasons() {
            let request = TestRequest::default().to_http_request();
            let scan = ScanRequest::of(&request, &config, scene.state.clock.now());
            let mut result = check(&scene.state, scan, &code, false, None).await.unwrap();
            let verdict = reason.verdict();
            seen.insert(verdict.code());
            result.tag = match &reason {
                Reason::ChipFailed(fault) => TagCheck::Failed(*fault),
                Reason::SealOpened => TagCheck::Opened,
                Reason::ChipPassed => TagCheck::Passed,
                _ => TagCheck::NotChecked,
            };
            result.reason = reason;
            if matches!(verdict, Verdict::NotCovered | Verdict::Rejected) {
                result.gathered = None;
            }
            for language in [Language::Chinese, Language::English] {
                let view = PageView { result: &result, code: &code, config: &config, language };
                let page = page::item(&view).unwrap();
                assert!(page.contains(&format!("data-code=\"{}\"", verdict.code())));
                let is_green = page.contains("band green") || page.contains("lt chip");
                assert_eq!(is_green, verdict == Verdict::Strong, "only a verified chip is green");
                assert_eq!(page.matches("class=\"next\"").count(), 1, "{page}");
                let target = between(&page, "class=\"next\" href=\"", "\"");
                let is_away = target.starts_with("https://") || target.starts_with("/report?code=");
                let part = target.strip_prefix('#').map(|id| format!(" id=\"{id}\""));
                let is_there = part.is_some_and(|part| page.contains(&part));
                assert!(is_away || is_there, "{verdict:?}: {target} leads nowhere");
                assert!(with_contact || is_there, "{verdict:?}: {target} is not configured");
                let sent = crate::compressed::fast(page.as_bytes()).len();
                assert!(
                    sent <= MOST_BYTES && page.len() <= MOST_BYTES,
                    "{verdict:?}: {sent} of {}",
                    page.len()
                );
                assert!(
                    page.contains("class=\"limit\""),
                    "what it does not prove is on every page"
                );
            }
        }
    }
    assert_eq!(seen.len(), Verdict::ALL.len());
}

#[actix_web::test]
async fn a_page_is_sent_compressed_to_who_takes_that_and_whole_to_others() {
    let scene = Scene::journey("pages_compressed").await;
    let plain = scene.get(&path(), &[("Accept", "text/html")]).await;
    let small = scene.get(&path(), &[("Accept", "text/html"), ("Accept-Encoding", "br")]).await;
    assert_eq!((plain.header("content-encoding"), small.header("content-encoding")), ("", "br"));
    assert!(plain.body.starts_with("<!doctype html>"));
    assert!(small.bytes * 2 < plain.bytes, "{} of {}", small.bytes, plain.bytes);
    assert!(small.bytes <= MOST_BYTES, "{} bytes", small.bytes);
    let json = scene.get(&path(), &[JSON, ("Accept-Encoding", "br")]).await;
    assert_eq!(json.header("content-encoding"), "");
}

#[actix_web::test]
async fn a_seal_stands_beside_the_name_of_who_spoke_and_nowhere_without_it() {
    let scene = Scene::journey("pages_seals").await;
    let hidden = page(&scene, "en").await.body;
    assert!(!hidden.contains("<symbol") && !hidden.contains("class=\"seal\""), "{hidden}");
    let scene = scene.with_config(|config| config.show_parties = true);
    let shown = page(&scene, "en").await.body;
    // The directory of the tests has a key for this party.
    let seal = ledger::chop_seal::ChopSeal::of_key(b"Factory");
    assert!(shown.contains(&format!("d=\"{}\"", seal.glyph)), "{shown}");
    let who = between(&shown, "<ul class=\"who\">", "</ul>");
    assert!(who.contains("href=\"#s0\"") && who.contains("<b>Factory</b>"), "{who}");
    assert!(
        who.contains("Issued this code. Signed 11 steps, 20 November 2026 to 22 November 2026.")
    );
    let digits: String = ledger::hash::sha256(b"Factory").to_string().chars().take(4).collect();
    assert!(who.contains(&format!("<code>{digits} ")), "{who}");
    for text in shown.split("class=\"seal\"").skip(1) {
        assert!(text.starts_with(" width") && text[..80].contains("aria-hidden=\"true\""));
        assert!(text.split("</li>").next().unwrap().contains("Factory"), "a seal without a name");
    }
}

#[actix_web::test]
async fn the_newest_steps_come_first_and_equal_ones_are_shown_once() {
    let storing = |hour: u8| {
        object_event(&format!("2026-11-20T{hour:02}:00:00.000+08:00"), "storing").at(FACTORY)
    };
    let events = [commissioning(), storing(9), storing(10), storing(11)];
    let scene = Scene::with("pages_merged", &events).await;
    let body = page(&scene, "en").await.body;
    let timeline = between(&body, "<ol class=\"tl bare\"", "</ol>");
    assert_eq!(timeline.matches("<li").count(), 2, "{timeline}");
    assert!(timeline.contains("3 equal records"), "{timeline}");
    let place = |text: &str| timeline.find(text).unwrap_or_else(|| panic!("{text}: {timeline}"));
    assert!(place("3 equal records") < place("Made and coded"));
}

#[actix_web::test]
async fn calm_older_steps_are_folded_and_what_asks_for_care_is_not() {
    let step = |hour: u8, step: &str| {
        object_event(&format!("2026-11-20T{hour:02}:00:00.000+08:00"), step).at(FACTORY)
    };
    let mut events = vec![
        commissioning(),
        step(9, "storing"),
        step(10, "inspecting"),
        step(11, "holding"),
        step(12, "picking"),
        step(13, "staging_outbound"),
    ];
    let scene = Scene::with("pages_fold", &events).await;
    let body = page(&scene, "en").await.body;
    let (shown, folded) = body.split_once("<details class=\"fold\">").expect("a closed fold");
    assert!(folded.contains("3 earlier steps") && folded.contains("Made and coded"));
    assert!(!shown.contains("Made and coded"));
    // A claim among the older ones opens the fold.
    events[1] = step(9, "storing").disposition("recalled");
    let scene = Scene::with("pages_fold_open", &events).await;
    let body = page(&scene, "en").await.body;
    assert!(body.contains("<details class=\"fold\" open>"), "{body}");
}

/// Names the cities of factory and shop.
fn in_two_cities(config: &mut Config) {
    let city = |sgln: &str, zh: &str, en: &str| crate::places::PlaceName {
        sgln: sgln.into(),
        name_zh: zh.into(),
        name_en: en.into(),
        city_zh: zh.into(),
        city_en: en.into(),
    };
    let places = vec![city(FACTORY, "杭州", "Hangzhou"), city(SHOP, "南京", "Nanjing")];
    let places = crate::places::Places::new(places);
    config.names = Arc::new(crate::names::Names::new(Vec::new(), places));
}

#[actix_web::test]
async fn a_gap_is_drawn_between_the_steps_that_it_divides_and_cuts_the_way() {
    let received = object_event("2026-11-21T08:00:00.000+08:00", "receiving").at(SHOP);
    let scene = Scene::with("pages_gap", &[commissioning(), received]).await;
    let scene = scene.with_config(in_two_cities);
    let body = page(&scene, "en").await.body;
    let timeline = between(&body, "<ol class=\"tl bare\"", "</ol>");
    let place = |text: &str| timeline.find(text).unwrap_or_else(|| panic!("{text}: {timeline}"));
    let gap = place("Missing: shipping from Hangzhou");
    assert!(place("Received") < gap && gap < place("Made and coded"), "{timeline}");
    let way = between(&body, "<ol class=\"rt\"", "</ol>");
    assert!(way.find("Hangzhou") < way.find("class=\"cut\""), "{way}");
    assert!(way.find("class=\"cut\"") < way.find("Nanjing"), "{way}");
}

#[actix_web::test]
async fn a_day_is_that_of_the_place_where_it_happened() {
    // Already the 22nd in Beijing, still the 21st in London.
    let late = object_event("2026-11-22T02:00:00.000+08:00", "storing")
        .at(FACTORY)
        .with("eventTimeZoneOffset", "+08:00".into());
    let scene = Scene::with("pages_day", &[commissioning(), late]).await;
    let body = page(&scene, "en").await.body;
    assert!(body.contains("<time datetime=\"2026-11-22\">22 November 2026</time>"), "{body}");
    assert!(!body.contains("21 November 2026"), "{body}");
}

#[actix_web::test]
async fn a_script_in_any_text_that_a_partner_or_a_code_brings_stays_text() {
    let script = "<script>alert(1)</script>";
    let events = [commissioning().lot(script, "2099-12-31"), {
        object_event("2026-11-20T18:00:00.000+08:00", script).at(CENTRE).disposition(script)
    }];
    let scene = Scene::with("pages_script", &events).await;
    for body in [
        page(&scene, "en").await.body,
        scene.get(&format!("{}?lang=%3Cscript%3E", path()), &[]).await.body,
    ] {
        assert!(body.contains(ITEM.rsplit('.').next().unwrap()));
        assert!(!body.contains("<script>"), "{body}");
    }
}

#[actix_web::test]
async fn what_a_code_says_is_escaped_in_the_page() {
    let scene = Scene::journey("scan_escape").await;
    let answer = scene.get(&format!("/01/{GTIN}/21/%3Cscript%3Ex"), &[]).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.body.contains("<script>x"), "{}", answer.body);
}

/// Master data that say where a place is.
fn positions(of: &[(&str, &str, &str)]) -> Arc<Stated> {
    let value = |place: &str, attribute: &str, value: &str| StoredValue {
        value: NewValue {
            kind: 2,
            key: epc::thing_key(place),
            element: place.to_owned(),
            vocabulary: String::new(),
            attribute: attribute.to_owned(),
            place: 0,
            language: String::new(),
            value: value.to_owned(),
        },
        by: String::new(),
        document: ledger::Hash([0; 32]),
        record: None,
        since: "2026-11-01T00:00:00Z".parse().unwrap(),
        ended_at: None,
        id: 1,
    };
    let values: Vec<StoredValue> = of
        .iter()
        .flat_map(|(place, north, east)| {
            [value(place, LATITUDE, north), value(place, LONGITUDE, east)]
        })
        .collect();
    let now = "2026-11-23T00:00:00Z".parse().unwrap();
    Arc::new(stated(&directory::Rights::default(), &values, now))
}

#[actix_web::test]
async fn the_journey_is_on_a_map_no_finer_than_cities_and_what_is_unknown_is_said() {
    let received = object_event("2026-11-21T08:00:00.000+08:00", "receiving").at(SHOP);
    let scene = Scene::with("pages_map", &[commissioning(), received]).await;
    let scene = scene.with_config(in_two_cities);
    let shown = async || page(&scene, "en").await;
    let page = shown().await;
    assert!(!page.body.contains("class=\"map\""), "nobody says where anything is");
    scene.state.tell(positions(&[(FACTORY, "30.2741", "120.1551")]));
    let page = shown().await;
    for part in [
        "<svg class=\"map\"",
        "30.3° N, 120.2° E",
        "position not known",
        "outline.svg",
        "Outline: Natural Earth",
    ] {
        assert!(page.body.contains(part), "`{part}` is not in {}", page.body);
    }
    for exact in ["30.27", "120.15"] {
        assert!(!page.body.contains(exact), "{exact}");
    }
    assert_eq!(page.body.matches("<circle class=\"pt\"").count(), 1);
    scene.state.tell(positions(&[(FACTORY, "30.2741", "120.1551"), (SHOP, "31.2", "121.5")]));
    let page = shown().await;
    assert_eq!(page.body.matches("<circle class=\"pt\"").count(), 2);
    assert!(page.body.len() <= MOST_BYTES, "{} bytes", page.body.len());
}
